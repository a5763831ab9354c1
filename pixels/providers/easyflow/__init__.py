"""Easyflow: one call, POST /pixels. Its documents describe no way to read, change or delete a pixel."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from ..answer import Answer, object_id
from ..base import AdAccountRef, Provider, RemotePixel, Tag, TagSubject
from ..errors import BadAnswer
from ..shapes import known
from .forms import SHAPES, EasyflowConnectionForm, EasyflowPixelForm
from .tags import EasyflowTagForm, sdk_tag
from .vocabulary import OUTLOOK, PRESETS, VOCABULARY

CONVERSION_LABEL = "conversion-label"  # inside "metadata"
# Our option -> Easyflow's field.
FIELDS = {
    "platform": "platform",
    "code": "code",
    "description": "description",
    "external_reference": "externalReferenceId",
}

NO_READING = "Easyflow's documents describe no way to read pixels back."
NO_CHANGING = "Easyflow's documents describe no way to change a pixel."


class Easyflow(Provider):
    slug = "easyflow"
    label = "Easyflow"
    # AWS API Gateway; Easyflow documents no domain of its own.
    live_url = "https://9iq81tsdy4.execute-api.sa-east-1.amazonaws.com"
    ad_account_label = "Owner id"
    capabilities = frozenset({"create"})
    missing = {
        "list": NO_READING,
        "read": NO_READING,
        "find": NO_READING,
        "changed_since": NO_READING,
        "update": NO_CHANGING,
        "activate": NO_CHANGING,
        "delete": "Easyflow's documents describe no way to delete a pixel.",
        "ad_accounts": "Easyflow's documents describe no list of owners.",
        "last_fired": "Easyflow does not say when a pixel was last seen.",
        "check_credentials": "Easyflow has no call that tests a key without creating a pixel.",
    }
    outlook = OUTLOOK
    vocabulary = VOCABULARY
    presets = PRESETS
    connection_form = EasyflowConnectionForm
    secret_fields = frozenset({"api_key", "api_secret"})
    pixel_form = EasyflowPixelForm
    tag_form = EasyflowTagForm
    reference_option = "external_reference"

    def create_pixel(
        self,
        ad_account: AdAccountRef,
        name: str,
        events: tuple[str, ...],
        options: Mapping[str, Any],
        reference: str,
    ) -> RemotePixel:
        answer = self.http.call(
            "write",
            "POST",
            "/pixels",
            headers={"x-api-key": self.credential("api_key"), "x-api-secret": self.credential("api_secret")},
            json=_request(ad_account, name, events, options, reference),
        )
        pixel = _pixel(answer)
        remote_id = object_id(pixel.get("id"))
        if remote_id is None:
            raise answer.unusable()
        return _remote_pixel(remote_id, pixel)

    @classmethod
    def tags(cls, subject: TagSubject) -> list[Tag]:
        return [sdk_tag(subject)]


def _request(
    ad_account: AdAccountRef, name: str, events: tuple[str, ...], options: Mapping[str, Any], reference: str
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": name,
        "ownerId": ad_account.id,
        "externalReferenceId": options.get("external_reference") or reference,
        "platform": options["platform"],
        "events": list(events),
    }
    for key in ("code", "description"):
        if options.get(key):
            body[key] = options[key]
    if options.get("conversion_label"):
        body["metadata"] = {CONVERSION_LABEL: options["conversion_label"]}
    return body


def _pixel(answer: Answer) -> Mapping[str, Any]:
    """`data.pixel` of a positive answer; otherwise the error that the answer stands for."""
    try:
        body = answer.json()
    except BadAnswer:
        if answer.ok:
            raise
        body = None
    envelope = body if isinstance(body, dict) else {}
    said = envelope.get("statusCode")
    if answer.ok and isinstance(said, int) and 300 <= said <= 599:
        # The body repeats the status. (0 is tolerated: Easyflow's own example of a success shows it.)
        answer = replace(answer, status=said)
    if not answer.ok:
        # {"message", "error", "statusCode"}, or only {"message"} when AWS's gateway speaks (inferred).
        message = envelope.get("message")
        raise answer.fault("the API key or the API secret", message if isinstance(message, str) else None)
    data = envelope.get("data")
    pixel = data.get("pixel") if isinstance(data, dict) else None
    if not isinstance(pixel, dict):
        raise answer.unusable()
    return pixel


def _remote_pixel(remote_id: str, pixel: Mapping[str, Any]) -> RemotePixel:
    metadata = pixel.get("metadata")
    events = pixel.get("events")
    said = {ours: pixel[theirs] for ours, theirs in FIELDS.items() if theirs in pixel}
    if isinstance(metadata, dict) and CONVERSION_LABEL in metadata:
        said["conversion_label"] = metadata[CONVERSION_LABEL]
    options = known(said, SHAPES)
    return RemotePixel(
        remote_id=remote_id,
        name=_text(pixel.get("name")),
        state=_text(pixel.get("status")),
        events=tuple(events) if _are_texts(events) else None,
        options=options,
        raw=pixel,
    )


def _are_texts(values: Any) -> TypeGuard[list[str]]:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
