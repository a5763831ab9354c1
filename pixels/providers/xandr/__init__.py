"""Xandr's Conversion Pixel Service."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from ..answer import object_id
from ..base import AdAccountRef, Page, Provider, RemotePixel, Tag, TagSubject
from ..errors import BadAnswer, NotFound, Refused
from ..secret import Secret
from .forms import XandrConnectionForm, XandrPixelForm
from .session import Session
from .tags import conversion_tags
from .vocabulary import OUTLOOK, VOCABULARY
from .wire import comparable, to_object, to_remote_pixel

MAX_TOTAL = 10**9  # more is a slip, and no integer column holds it
PAGE_SIZE = 100  # the default and the most; asking for more gives 100 without a word


class Xandr(Provider):
    slug = "xandr"
    label = "Xandr"
    live_url = "https://api.appnexus.com"
    ad_account_label = "Advertiser"
    capabilities = frozenset(
        {
            "create",
            "list",
            "read",
            "find",
            "update",
            "activate",
            "delete",
            "changed_since",
            "check_credentials",
            "one_event_per_pixel",
        }
    )
    missing = {
        "ad_accounts": "PixelHub does not read Xandr's list of advertisers yet.",
        "last_fired": "PixelHub does not read Xandr's report of last fires yet.",
    }
    outlook = OUTLOOK
    vocabulary = VOCABULARY
    connection_form = XandrConnectionForm
    secret_fields = frozenset({"password"})
    password_fields = frozenset({"password"})
    pixel_form = XandrPixelForm
    reference_option = "code"
    delete_note = "Xandr refuses while a line item uses the pixel."

    def check_credentials(self, ad_account: AdAccountRef) -> None:
        self._session().log_in_afresh()

    def create_pixel(
        self,
        ad_account: AdAccountRef,
        name: str,
        events: tuple[str, ...],
        options: Mapping[str, Any],
        reference: str,
    ) -> RemotePixel:
        fields = {"name": name, "events": events, **options}
        if not fields.get("piggyback_pixels"):
            fields.pop("piggyback_pixels", None)  # none is what a new pixel has anyway
        response = self._session().call("write", "POST", {"advertiser_id": ad_account.id}, to_object(fields))
        return self._written(response, object_id(response.get("id")))

    def read_pixel(self, ad_account: AdAccountRef, remote_id: str) -> RemotePixel:
        response = self._session().call("read", "GET", {"advertiser_id": ad_account.id, "id": remote_id})
        pixels = self._pixels(response, ad_account)
        for pixel in pixels:
            if pixel.remote_id == remote_id:
                return pixel
        if pixels or response.get("count"):
            raise _misfit()
        raise NotFound("Xandr says that this pixel does not exist.")

    def find_pixels(self, ad_account: AdAccountRef, reference: str, name: str) -> list[RemotePixel]:
        """By the pixel's code, which is the reference unless somebody chose another.

        Where the advertiser's own code is known, one call finds it. Its finding nothing proves nothing, as
        people mistype that code: only the whole list can tell that a pixel is not there.
        """
        if ad_account.code:
            pixels: list[RemotePixel] = []
            with suppress(NotFound, Refused):
                params = {"advertiser_code": ad_account.code, "code": reference}
                pixels = self._pixels(self._session().call("read", "GET", params), ad_account)
            if pixels and all(_code(pixel) == reference for pixel in pixels):
                return pixels
        found: dict[str, RemotePixel] = {}
        seen: set[str] = set()
        total: int | None = None
        for page in self.list_pixels(ad_account):
            seen |= {pixel.remote_id for pixel in page.pixels}
            found |= {pixel.remote_id: pixel for pixel in page.pixels if _code(pixel) == reference}
            total = page.total
        if total is not None and len(seen) < total:
            raise BadAnswer("Xandr's list is shorter than it says.")
        return list(found.values())

    def list_pixels(self, ad_account: AdAccountRef, changed_since: datetime | None = None) -> Iterator[Page]:
        params: dict[str, str | int] = {
            "advertiser_id": ad_account.id,
            "sort": "id.asc",
            "num_elements": PAGE_SIZE,
        }
        if changed_since is not None:
            params["min_last_modified"] = f"{changed_since.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        session = self._session()
        seen: set[str] = set()
        start = 0
        while True:
            response = session.call("read", "GET", {**params, "start_element": start})
            pixels = self._pixels(response, ad_account)
            total = _total(response)
            ids = {pixel.remote_id for pixel in pixels}
            if start == 0 or ids - seen:
                yield Page(pixels=tuple(pixels), total=total)
            if not ids - seen:
                return  # an empty page, or a service that does not heed the paging and repeats itself
            seen |= ids
            start += len(pixels)
            if total is not None and start >= total:
                return

    def update_pixel(self, ad_account: AdAccountRef, remote_id: str, changes: Mapping[str, Any]) -> RemotePixel:
        params = {"advertiser_id": ad_account.id, "id": remote_id}
        return self._written(self._session().call("write", "PUT", params, to_object(changes)), remote_id)

    def delete_pixel(self, ad_account: AdAccountRef, remote_id: str) -> None:
        """Final. A pixel that is not there any more counts as deleted."""
        with suppress(NotFound):
            self._session().call("write", "DELETE", {"advertiser_id": ad_account.id, "id": remote_id})

    @classmethod
    def tags(cls, subject: TagSubject) -> list[Tag]:
        return conversion_tags(subject)

    @classmethod
    def activation(cls, active: bool) -> dict[str, Any]:
        return {"state": "active" if active else "inactive"}

    @classmethod
    def is_active(cls, options: Mapping[str, Any]) -> bool:
        return options.get("state") != "inactive"

    @classmethod
    def comparable(cls, field_name: str, value: Any) -> Any:
        return comparable(field_name, value)

    def _session(self) -> Session:
        return Session(self.http, self.tokens, self.credential("username"), Secret(self.credential("password")))

    def _written(self, response: Mapping[str, Any], remote_id: str | None) -> RemotePixel:
        """The pixel after a POST or PUT: Xandr answers with the whole object, or with nothing but its id."""
        objects = [item for item in _objects(response) or [] if isinstance(item, dict)]
        for item in objects:
            if remote_id in (None, object_id(item.get("id"))) and (found := object_id(item.get("id"))):
                return to_remote_pixel(found, item)
        if remote_id is None:
            raise _misfit()
        return RemotePixel(remote_id=remote_id, raw={"id": remote_id})

    def _pixels(self, response: Mapping[str, Any], ad_account: AdAccountRef) -> list[RemotePixel]:
        """All objects of an answer to a GET; an answer with an odd one among them is not used at all."""
        objects = _objects(response)
        if objects is None:
            raise _misfit()
        pixels = []
        for item in objects:
            remote_id = object_id(item.get("id")) if isinstance(item, dict) else None
            if remote_id is None:
                raise _misfit()
            if object_id(item.get("advertiser_id")) not in (None, ad_account.id):
                raise BadAnswer("Xandr answered with a pixel of another advertiser.")
            pixels.append(to_remote_pixel(remote_id, item))
        return pixels


def _objects(response: Mapping[str, Any]) -> list[Any] | None:
    """The data, under the key that `output_term` names: "pixels" with a list or "pixel" with one object."""
    debug = response.get("dbg_info")
    term = debug.get("output_term") if isinstance(debug, dict) else None
    keys = [key for key in ("pixels", "pixel") if key in response]
    if not keys:
        return [] if response.get("count") == 0 else None
    data = response[term if term in keys else keys[0]]
    if data is None and response.get("count") == 0:
        return []
    return [data] if isinstance(data, dict) else data if isinstance(data, list) else None


def _total(response: Mapping[str, Any]) -> int | None:
    count = object_id(response.get("count"))
    if not count or not count.isdigit():
        return None
    if int(count) > MAX_TOTAL:
        raise _misfit()
    return int(count)


def _code(pixel: RemotePixel) -> Any:
    return (pixel.options or {}).get("code")


def _misfit() -> BadAnswer:
    return BadAnswer("Xandr answered with data that PixelHub does not understand.")
