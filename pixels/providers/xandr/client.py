"""Xandr's Conversion Pixel Service."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from ..base import Provider
from ..coerce import object_id
from ..errors import BadAnswer, NotFound, Rejected
from ..secret import Secret
from ..values import AdAccountRef, Limits, Page, Remark, RemotePixel, Tag, TagContext
from . import advertisers, envelope, lists, reports, users
from .envelope import Rows
from .forms import XandrConnectionForm, XandrPixelForm
from .line_items import with_line_items
from .login import KeyLogIn, LogIn, PasswordLogIn
from .mapping import comparable, time_text, to_object, to_remote_pixel
from .messages import ADVICE, SENTENCES
from .pixels import NAMES, PixelService, Which
from .session import Session
from .tags import conversion_tags
from .vocabulary import LIFECYCLE_NOTICE, VOCABULARY

# The documents' table of calls has a pixel's code together with the advertiser's code only. inferred: it follows from
# the page "API Semantics" that it also works with the advertiser's id. True: a pixel may be found by one such call.
CODE_BESIDE_ADVERTISER_ID = False
AT_ONCE = 15  # from the page "API best practices": Xandr refuses more requests at the same time


class Xandr(Provider):
    slug = "xandr"
    label = "Xandr"
    live_url = "https://api.appnexus.com"
    ad_account_label = _("Advertiser")
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
            "ad_accounts",
            "last_fired",
            "check_credentials",
            "one_event_per_pixel",
        }
    )
    sentences = SENTENCES
    advice = ADVICE
    lifecycle_notice = LIFECYCLE_NOTICE
    vocabulary = VOCABULARY
    connection_form = XandrConnectionForm
    secret_fields = frozenset({"password", "private_key"})
    password_fields = frozenset({"password", "private_key"})
    user_fields = ("username", "key_username")  # Xandr's limits are per user (page "API usage constraints")
    pixel_form = XandrPixelForm
    reference_option = "code"
    delete_note = _("Xandr refuses while a line item uses the pixel.")

    @classmethod
    def limits(cls) -> Limits:
        return Limits(
            reads=settings.XANDR_READS or None,
            writes=settings.XANDR_WRITES or None,
            window=settings.XANDR_WINDOW,
            at_once=AT_ONCE,
        )

    def sign_in(self) -> None:
        self._session().sign_in()

    def check_credentials(self, ad_account: AdAccountRef | None) -> Remark:
        """Log in anew and read the user: tells if the user may not make changes, or if the password expires soon."""
        session = self._session()
        session.log_in_afresh()
        return users.worth_knowing(users.current(session), by_password=not self._by_key())

    def list_ad_accounts(self) -> list[AdAccountRef]:
        return advertisers.all_of(self._session())

    def order_last_fired(self, ad_account: AdAccountRef) -> str:
        return reports.order(self._session(), ad_account.id)

    def last_fired(self, ad_account: AdAccountRef, report_id: str) -> Mapping[str, datetime | None] | None:
        return reports.fetch(self._session(), ad_account.id, report_id)

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
            fields.pop("piggyback_pixels", None)  # a new pixel has none anyway
        response = self._service().create(Which(advertiser_id=ad_account.id), to_object(fields))
        return _written(response, object_id(response.get("id")))

    def read_pixel(self, ad_account: AdAccountRef, remote_id: str) -> RemotePixel:
        rows, counts_any = self._service().particular(Which(advertiser_id=ad_account.id, id=remote_id))
        for pixel in _pixels(rows, ad_account):
            if pixel.remote_id == remote_id:
                return pixel
        if rows.by_id or counts_any:
            raise envelope.misfit()
        raise NotFound("xandr.no_such_pixel")

    def read_pixels(
        self, ad_account: AdAccountRef, remote_ids: Iterable[str]
    ) -> Iterator[tuple[str, RemotePixel | None]]:
        """Read in calls for a hundred pixels each."""
        wanted = list(remote_ids)
        found = self._service().by_ids(wanted, Which(advertiser_id=ad_account.id))
        pixels = {pixel.remote_id: pixel for pixel in _pixels(Rows(found, None), ad_account)}
        return ((remote_id, pixels.get(remote_id)) for remote_id in wanted)

    def find_pixels(
        self, ad_account: AdAccountRef, reference: str, name: str, since: datetime | None = None
    ) -> list[RemotePixel]:
        """Found by the pixel's code, which is the reference unless somebody chose another code.

        If the advertiser's code is known, one call may find the pixel. If it does not, that proves nothing, as the
        advertiser's code may be mistyped. Then the list of all pixels, or of those changed since then, decides.
        """
        service = self._service()
        which = _in_one_call(ad_account, reference)
        if which is not None:
            pixels: list[RemotePixel] = []
            with suppress(NotFound, Rejected):
                rows, _ = service.particular(which)
                pixels = _pixels(rows, ad_account)
            if pixels and all(_code(pixel) == reference for pixel in pixels):
                return pixels
        changed = {} if since is None else {"min_last_modified": time_text(since)}
        everything = service.all(Which(advertiser_id=ad_account.id, filters=changed))
        pixels = _pixels(Rows(everything, None), ad_account)
        return [pixel for pixel in pixels if _code(pixel) == reference]

    def list_pixels(
        self, ad_account: AdAccountRef, changed_since: datetime | None = None, after: str | None = None
    ) -> Iterator[Page]:
        changed = {} if changed_since is None else {"min_last_modified": time_text(changed_since)}
        claimed: int | None = None
        which = Which(advertiser_id=ad_account.id, filters=changed)
        for rows in self._service().pages(which, start=int(after or 0)):
            claimed = rows.total if claimed is None else max(claimed, rows.total or 0)
            if rows.repeated:
                lists.refuse_repetition(claimed)
            else:
                _only_its_own(rows, ad_account)
                yield Page(objects=rows.by_id, read=to_remote_pixel, total=rows.total, after=str(rows.end))

    def update_pixel(self, ad_account: AdAccountRef, remote_id: str, changes: Mapping[str, Any]) -> RemotePixel:
        which = Which(advertiser_id=ad_account.id, id=remote_id)
        return _written(self._service().modify(which, to_object(changes)), remote_id)

    def delete_pixel(self, ad_account: AdAccountRef, remote_id: str) -> None:
        refusal: Rejected
        try:
            self._service().delete(Which(advertiser_id=ad_account.id, id=remote_id))
            return
        except NotFound:
            return
        except Rejected as error:  # of any kind: no document shows how Xandr refuses to delete a pixel in use
            refusal = error
        raise with_line_items(refusal, self._session(), ad_account.id, remote_id)

    @classmethod
    def tags(cls, subject: TagContext) -> list[Tag]:
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

    def _by_key(self) -> bool:
        return "private_key" in self.credentials  # only the fields of the chosen way to sign in are stored

    def _session(self) -> Session:
        log_in: LogIn
        if self._by_key():
            key = Secret(self.credential("private_key"))
            log_in = KeyLogIn(self.credential("key_username"), self.credential("key_name"), key)
        else:
            log_in = PasswordLogIn(self.credential("username"), Secret(self.credential("password")))
        return Session(self.http, self.tokens, log_in)

    def _service(self) -> PixelService:
        return PixelService(self._session())


def _in_one_call(ad_account: AdAccountRef, reference: str) -> Which | None:
    if ad_account.code:
        return Which(advertiser_code=ad_account.code, code=reference)
    if CODE_BESIDE_ADVERTISER_ID:
        return Which(advertiser_id=ad_account.id, code=reference)
    return None


def _written(response: Mapping[str, Any], remote_id: str | None) -> RemotePixel:
    """The pixel in the answer to a POST or PUT, which holds the whole object, or its id only."""
    for item in envelope.objects(response, NAMES) or []:
        found = object_id(item.get("id")) if isinstance(item, dict) else None
        if found and remote_id in (None, found):
            return to_remote_pixel(found, item)
    if remote_id is None:
        raise envelope.misfit()
    return RemotePixel(remote_id=remote_id, raw={"id": remote_id})


def _only_its_own(rows: Rows, ad_account: AdAccountRef) -> None:
    """Raises BadAnswer if a pixel of another advertiser is among the rows."""
    for item in rows.by_id.values():
        if object_id(item.get("advertiser_id")) not in (None, ad_account.id):
            raise BadAnswer("xandr.other_advertiser")


def _pixels(rows: Rows, ad_account: AdAccountRef) -> list[RemotePixel]:
    _only_its_own(rows, ad_account)
    return [to_remote_pixel(remote_id, item) for remote_id, item in rows.by_id.items()]


def _code(pixel: RemotePixel) -> Any:
    return (pixel.options or {}).get("code")
