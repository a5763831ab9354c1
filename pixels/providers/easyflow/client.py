"""Easyflow: POST /pixels and PATCH /pixels/{pixelId}. Its documents describe no way to read or delete a pixel.

How it lists pixels is inferred (listing.py), and off by default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.functional import classproperty
from django.utils.translation import gettext_lazy as _

from ..base import Provider
from ..errors import NotFound, NotSupported
from ..protocols import CallKind
from ..secret import Secret
from ..transport.response import Answer
from ..values import AdAccountRef, Capability, Page, Remark, RemotePixel, Tag, TagContext, Text
from . import listing
from .forms import EasyflowConnectionForm, EasyflowPixelForm
from .mapping import creation, envelope, pixel_in, remote_pixel, token_in, update
from .messages import ADVICE, SENTENCES
from .tags import EasyflowTagForm, sdk_tag
from .vocabulary import LIFECYCLE_NOTICE, PRESETS, VOCABULARY

ACTIVE, INACTIVE = "active", "inactive"

CAN: frozenset[Capability] = frozenset({"create", "update", "activate"})
CAN_WITH_LIST: frozenset[Capability] = frozenset({"list", "read", "find", "check_credentials"})
NO_READING = _("Easyflow's documents describe no way to read pixels back.")
MISSING: Mapping[str, Text] = {
    "delete": _("Easyflow's documents describe no way to delete a pixel."),
    "ad_accounts": _("Easyflow's documents describe no list of owners."),
    "last_fired": _("Easyflow does not say when a pixel was last seen."),
    "changed_since": _("Easyflow's documents describe no list of what has changed."),
}
MISSING_WITHOUT_LIST: Mapping[str, Text] = {
    "list": NO_READING,
    "read": NO_READING,
    "find": NO_READING,
    "check_credentials": _("Easyflow has no call that tests a key without creating a pixel."),
}


def lists_pixels() -> bool:
    """Whether the inferred list of pixels is used."""
    return bool(settings.EASYFLOW_LIST)


class Easyflow(Provider):
    slug = "easyflow"
    label = "Easyflow"
    # AWS API Gateway; Easyflow documents no domain of its own.
    live_url = "https://9iq81tsdy4.execute-api.sa-east-1.amazonaws.com"
    ad_account_label = _("Owner id")
    sentences = SENTENCES
    advice = ADVICE
    lifecycle_notice = LIFECYCLE_NOTICE
    vocabulary = VOCABULARY
    presets = PRESETS
    connection_form = EasyflowConnectionForm
    secret_fields = frozenset({"api_key", "api_secret"})
    user_fields = ("api_key",)
    pixel_form = EasyflowPixelForm
    tag_form = EasyflowTagForm
    reference_option = "external_reference"

    @classproperty
    def capabilities(cls) -> frozenset[Capability]:
        return CAN | CAN_WITH_LIST if lists_pixels() else CAN

    @classproperty
    def missing(cls) -> Mapping[str, Text]:
        return MISSING if lists_pixels() else {**MISSING, **MISSING_WITHOUT_LIST}

    def check_credentials(self, ad_account: AdAccountRef | None) -> Remark:
        self._needs_list("check_credentials")
        answer = self._ask_list({"limit": 1, "page": 1})
        if answer.status == 404:
            # The path is inferred, so a 404 does not tell whether the key is good.
            raise NotSupported("easyflow.list_unknown")
        envelope(answer)
        return Remark()

    def create_pixel(
        self,
        ad_account: AdAccountRef,
        name: str,
        events: tuple[str, ...],
        options: Mapping[str, Any],
        reference: str,
    ) -> RemotePixel:
        body = creation(ad_account, name, events, options, reference)
        answer = self._call("write", "POST", "/pixels", json=body, hide=token_in(options))
        pixel = remote_pixel(pixel_in(envelope(answer)) or {})
        if pixel is None:
            raise answer.unusable()
        return pixel

    def update_pixel(self, ad_account: AdAccountRef, remote_id: str, changes: Mapping[str, Any]) -> RemotePixel:
        """No document shows the answer, so any success is accepted. What is returned may hold the id only."""
        for name in EasyflowPixelForm.fixed:
            if name in changes:
                raise NotSupported("provider.field_fixed", provider=self.slug, field=name)
        path = f"/pixels/{quote(remote_id, safe='')}"
        answer = self._call("write", "PATCH", path, json=update(changes), hide=token_in(changes))
        said = pixel_in(envelope(answer, may_be_empty=True))
        pixel = remote_pixel({"id": remote_id, **said}) if said else RemotePixel(remote_id=remote_id)
        if pixel is None or pixel.remote_id != remote_id:
            raise answer.unusable()
        return pixel

    def list_pixels(
        self, ad_account: AdAccountRef, changed_since: datetime | None = None, after: str | None = None
    ) -> Iterator[Page]:
        self._needs_list("list")
        return listing.pages(self._ask_list, ad_account)

    def read_pixel(self, ad_account: AdAccountRef, remote_id: str) -> RemotePixel:
        """Found in the list, as no call that reads one pixel is known."""
        self._needs_list("read")
        for pixel in self._all(ad_account):
            if pixel.remote_id == remote_id:
                return pixel
        raise NotFound("easyflow.not_listed")

    def read_pixels(
        self, ad_account: AdAccountRef, remote_ids: Iterable[str]
    ) -> Iterator[tuple[str, RemotePixel | None]]:
        """All found by reading the list once."""
        self._needs_list("read")
        found = {pixel.remote_id: pixel for pixel in self._all(ad_account)}
        return ((remote_id, found.get(remote_id)) for remote_id in remote_ids)

    def find_pixels(
        self, ad_account: AdAccountRef, reference: str, name: str, since: datetime | None = None
    ) -> list[RemotePixel]:
        """Found by the external reference, as names need not be unique."""
        self._needs_list("find")
        return [p for p in self._all(ad_account) if (p.options or {}).get("external_reference") == reference]

    @classmethod
    def activation(cls, active: bool) -> dict[str, Any]:
        return {"status": ACTIVE if active else INACTIVE}

    @classmethod
    def is_active(cls, options: Mapping[str, Any]) -> bool:
        return options.get("status") != INACTIVE

    @classmethod
    def comparable(cls, field_name: str, value: Any) -> Any:
        return bool(value) if field_name == "enable_capi" else value

    @classmethod
    def tags(cls, subject: TagContext) -> list[Tag]:
        return [sdk_tag(subject)]

    def _needs_list(self, capability: Capability) -> None:
        if not lists_pixels():
            raise self._not_supported(capability)

    def _all(self, ad_account: AdAccountRef) -> Iterator[RemotePixel]:
        for page in listing.pages(self._ask_list, ad_account):
            yield from page.pixels

    def _ask_list(self, params: Mapping[str, int]) -> Answer:
        return self._call("read", "GET", listing.PATH, params=params)

    def _call(
        self,
        kind: CallKind,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        hide: tuple[Secret, ...] = (),
    ) -> Answer:
        headers = {"x-api-key": self.credential("api_key"), "x-api-secret": self.credential("api_secret")}
        return self.http.call(kind, method, path, headers=headers, params=params, json=json, hide=hide)
