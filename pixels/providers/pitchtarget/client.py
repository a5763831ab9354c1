"""PitchTarget: create, list and read Facebook's offsite conversion pixels; nothing can be changed or deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from ..base import Provider
from ..coerce import object_id
from ..errors import NotFound
from ..secret import Secret
from ..transport.response import Answer
from ..values import AdAccountRef, Page, Remark, RemotePixel, Tag, TagContext
from .ad_accounts import read_ad_accounts
from .forms import PitchTargetConnectionForm, PitchTargetPixelForm
from .messages import SENTENCES
from .session import PasswordSession, Session, TokenSession, read
from .tags import code_tag
from .vocabulary import LIFECYCLE_NOTICE, VOCABULARY

# inferred: Rails gives the same answer for a missing record and for an unknown path.
NO_SUCH_RECORD_OR_PATH = 404

NO_CHANGING = _("PitchTarget's documents describe no way to change a pixel.")


class PitchTarget(Provider):
    slug = "pitchtarget"
    label = "PitchTarget"
    live_url = "https://api.pitchtarget.com"
    ad_account_label = _("Ad account")
    capabilities = frozenset(
        {"create", "list", "read", "find", "ad_accounts", "check_credentials", "one_event_per_pixel", "name_unique"}
    )
    missing = {
        "update": NO_CHANGING,
        "activate": NO_CHANGING,
        "delete": _("PitchTarget's documents describe no way to delete a pixel."),
        "last_fired": _("PitchTarget does not say when a pixel was last seen."),
        "changed_since": _("PitchTarget always lists all pixels of an ad account."),
    }
    sentences = SENTENCES
    lifecycle_notice = LIFECYCLE_NOTICE
    vocabulary = VOCABULARY
    connection_form = PitchTargetConnectionForm
    secret_fields = frozenset({"token", "password"})
    password_fields = frozenset({"password"})
    user_fields = ("username", "token")
    pixel_form = PitchTargetPixelForm

    def sign_in(self) -> None:
        self._session().sign_in()

    def check_credentials(self, ad_account: AdAccountRef | None) -> Remark:
        session = self._session()
        session.log_in_afresh()
        if ad_account:
            self._list(session, ad_account)
        else:
            read_ad_accounts(session)
        return Remark()

    def list_ad_accounts(self) -> list[AdAccountRef]:
        return read_ad_accounts(self._session())

    def create_pixel(
        self,
        ad_account: AdAccountRef,
        name: str,
        events: tuple[str, ...],
        options: Mapping[str, Any],
        reference: str,
    ) -> RemotePixel:
        (tag,) = events
        answer = self._session().call(
            "write",
            "POST",
            settings.PITCHTARGET_PATH,
            form={"fb_ad_account_id": ad_account.id, "name": name, "tag": tag},
        )
        body = read(answer)
        remote_id = _created_id(body)
        if remote_id is None:
            raise answer.unusable()
        return RemotePixel(remote_id=remote_id, raw=body)

    def list_pixels(
        self, ad_account: AdAccountRef, changed_since: datetime | None = None, after: str | None = None
    ) -> Iterator[Page]:
        """The whole list as one page, as the API has no paging and no filter by time."""
        yield Page.of(self._list(self._session(), ad_account))

    def read_pixel(self, ad_account: AdAccountRef, remote_id: str) -> RemotePixel:
        """Asked for by its own address. If that gives a 404, the whole list decides whether the pixel exists."""
        session = self._session()
        answer = session.call("read", "GET", f"{settings.PITCHTARGET_PATH}/{quote(remote_id, safe='')}")
        if answer.status != NO_SUCH_RECORD_OR_PATH:
            return _one(answer, read(answer), remote_id)
        for pixel in self._list(session, ad_account):
            if pixel.remote_id == remote_id:
                return pixel
        raise NotFound("pitchtarget.not_listed")

    def read_pixels(
        self, ad_account: AdAccountRef, remote_ids: Iterable[str]
    ) -> Iterator[tuple[str, RemotePixel | None]]:
        """All found by reading the list once, which decides in any case."""
        found = {pixel.remote_id: pixel for pixel in self._list(self._session(), ad_account)}
        for remote_id in remote_ids:
            yield remote_id, found.get(remote_id)

    def find_pixels(
        self, ad_account: AdAccountRef, reference: str, name: str, since: datetime | None = None
    ) -> list[RemotePixel]:
        """Found by name, which is unique in an ad account."""
        return [pixel for pixel in self._list(self._session(), ad_account) if pixel.name == name]

    @classmethod
    def tags(cls, subject: TagContext) -> list[Tag]:
        tag = code_tag(subject)
        return [tag] if tag else []

    def _session(self) -> Session:
        if "token" in self.credentials:
            return TokenSession(self.http, Secret(self.credential("token")))
        return PasswordSession(
            self.http,
            self.tokens,
            self.credential("username"),
            Secret(self.credential("password")),
            self.credential("client_id"),
        )

    def _list(self, session: Session, ad_account: AdAccountRef) -> list[RemotePixel]:
        answer = session.call("read", "GET", settings.PITCHTARGET_PATH, params={"fb_ad_account_id": ad_account.id})
        body = read(answer)
        if not isinstance(body, list):
            raise answer.unusable()
        return [_remote_pixel(answer, item) for item in body]


def _created_id(body: Any) -> str | None:
    """From {"id": "…"}, or {"id": {"id": "…"}} as in its documents from 2014-04-15 on."""
    value = body.get("id") if isinstance(body, dict) else None
    return object_id(value.get("id") if isinstance(value, dict) else value)


def _one(answer: Answer, body: Any, remote_id: str) -> RemotePixel:
    """The pixel that was asked for, from an object or a list of one. No document shows which; another id is refused."""
    item = body[0] if isinstance(body, list) and len(body) == 1 else body
    pixel = _remote_pixel(answer, item)
    if pixel.remote_id != remote_id:
        raise answer.unusable()
    return pixel


def _remote_pixel(answer: Answer, item: Any) -> RemotePixel:
    remote_id = object_id(item.get("id")) if isinstance(item, dict) else None
    if remote_id is None:
        raise answer.unusable()
    name, tag, status, snippet = (
        value if isinstance(value, str) else None
        for value in (item.get("name"), item.get("tag"), item.get("status"), item.get("js_pixel"))
    )
    return RemotePixel(
        remote_id=remote_id,
        name=name,
        state=status,  # the documents show "Inactive" only; there may be others
        events=(tag.upper(),) if tag else None,  # sent in upper case, listed in lower case
        options={},
        snippet=snippet,
        raw={key: value for key, value in item.items() if key != "creator"},  # a person's name, not needed here
    )
