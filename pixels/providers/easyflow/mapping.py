"""From our values to the bodies of Easyflow's requests, and from its answers to our values.

Sources: its pages "Create pixel" (POST /pixels; the older one, and a newer one with serverSideMetadata) and
PATCH /pixels/{pixelId}. Neither the answer to a PATCH nor anything of GET /pixels/list is shown in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from ..coerce import Shape, coerce, object_id, text
from ..errors import BadAnswer, Forbidden
from ..secret import Secret
from ..transport.response import Answer
from ..values import AdAccountRef, RemotePixel

CONVERSION_LABEL = "conversion-label"  # inside "metadata"
SERVER_SIDE = "serverSideMetadata"
CAPI_TOKEN, CAPI_SWITCH = "capi-access-token", "enable-capi-access-token"  # inside "serverSideMetadata"
CAPI_ON, CAPI_OFF = "true", "false"  # inferred: documented as a string, without its values
EMPTY = ""  # inferred: empties a text in a PATCH; the documents have texts only, no null

# Our option -> Easyflow's field.
FIELDS = {
    "platform": "platform",
    "code": "code",
    "description": "description",
    "external_reference": "externalReferenceId",
    "status": "status",
}
# The fields of PATCH beside serverSideMetadata. It has no ownerId, externalReferenceId or metadata.
CHANGEABLE = {"name": "name", "events": "events"} | {
    local_name: FIELDS[local_name] for local_name in ("description", "status", "platform", "code")
}


def _text(value: Any) -> str | None:
    return text(value) or None


def _lower(value: Any) -> str | None:
    return (text(value) or "").lower() or None  # documented in lower case only


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    found = {CAPI_ON: True, CAPI_OFF: False}.get((text(value) or "").lower())
    if found is None:
        raise ValueError
    return found


SHAPES: dict[str, Shape] = {
    "platform": _lower,
    **dict.fromkeys(("conversion_label", "code", "description", "external_reference"), _text),
    "status": _lower,
    "enable_capi": _switch,
}


def creation(
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
    if options.get("enable_capi") or token_in(options):
        body[SERVER_SIDE] = _server_side(options)
    return body


def update(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a PATCH, which holds the changed fields only."""
    body: dict[str, Any] = {}
    for local_name, remote_name in CHANGEABLE.items():
        if local_name in changes:
            value = changes[local_name]
            body[remote_name] = list(value) if local_name == "events" else EMPTY if value is None else value
    server_side = _server_side(changes)
    if server_side:
        body[SERVER_SIDE] = server_side
    return body


def token_in(values: Mapping[str, Any]) -> tuple[Secret, ...]:
    """The Conversions API token in options or changes, so that it can be redacted if the answer repeats it."""
    token = values.get("capi_access_token")
    return (token,) if isinstance(token, Secret) else ()


def _server_side(values: Mapping[str, Any]) -> dict[str, str]:
    said = {}
    for token in token_in(values):
        said[CAPI_TOKEN] = token.reveal()
    if values.get("enable_capi") is not None:
        said[CAPI_SWITCH] = CAPI_ON if values["enable_capi"] else CAPI_OFF
    return said


def envelope(answer: Answer, *, may_be_empty: bool = False) -> Mapping[str, Any]:
    """The JSON object of a success; otherwise raises the error that the answer stands for."""
    if answer.ok and may_be_empty and not answer.content.strip():
        return {}
    try:
        body = answer.json()
    except BadAnswer:
        if answer.ok:
            raise
        body = None
    found = body if isinstance(body, dict) else {}
    said = found.get("statusCode")
    if answer.ok and isinstance(said, int) and 300 <= said <= 599:
        # The body repeats the HTTP status. It may be 0, as in Easyflow's own example of a success.
        answer = replace(answer, status=said)
    if answer.ok and isinstance(body, dict):
        return body
    if answer.ok:
        raise answer.unusable()
    message = found.get("message")
    text = message if isinstance(message, str) else None
    if answer.status == 403 and "error" not in found and "statusCode" not in found:
        # Easyflow's own errors have all three keys. {"message": "Forbidden"} alone comes from the AWS gateway before it
        # (inferred), which says so both for a missing key and for an unknown path.
        said = answer.provider_message(text)
        raise Forbidden("easyflow.gateway_refused", provider_message=said, status=answer.status)
    raise answer.fault("easyflow.key_refused", text)


def pixel_in(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The object `data.pixel`; None if there is none."""
    data = body.get("data")
    pixel = data.get("pixel") if isinstance(data, dict) else None
    return pixel if isinstance(pixel, dict) else None


def remote_pixel(pixel: Mapping[str, Any]) -> RemotePixel | None:
    """The pixel in our values; None if it has no id."""
    remote_id = object_id(pixel.get("id"))
    if remote_id is None:
        return None
    metadata, server_side, events = pixel.get("metadata"), pixel.get(SERVER_SIDE), pixel.get("events")
    said = {local_name: pixel[remote_name] for local_name, remote_name in FIELDS.items() if remote_name in pixel}
    if isinstance(metadata, dict) and CONVERSION_LABEL in metadata:
        said["conversion_label"] = metadata[CONVERSION_LABEL]
    if isinstance(server_side, dict) and CAPI_SWITCH in server_side:
        said["enable_capi"] = server_side[CAPI_SWITCH]
    name, status = (value if isinstance(value, str) and value else None for value in map(pixel.get, ("name", "status")))
    return RemotePixel(
        remote_id=remote_id,
        name=name,
        state=status,
        events=tuple(events) if _are_texts(events) else None,
        options=coerce(said, SHAPES),
        # No document shows this in an answer. If it comes, its token is not stored.
        raw={key: value for key, value in pixel.items() if key != SERVER_SIDE},
    )


def _are_texts(values: Any) -> TypeGuard[list[str]]:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)
