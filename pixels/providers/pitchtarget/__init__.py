"""PitchTarget: create and list Facebook's offsite conversion pixels; nothing can be changed or deleted."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..answer import Answer, object_id
from ..base import AdAccountRef, Page, Provider, RemotePixel, Tag, TagSubject
from ..errors import BadAnswer, NotFound
from .forms import PitchTargetConnectionForm, PitchTargetPixelForm
from .tags import code_tag
from .vocabulary import OUTLOOK, VOCABULARY

# As in its documents of April 2014; those of May 2014 say /offsite_pixels.
PATH = "/offsitepixels"

NO_CHANGING = "PitchTarget's documents describe no way to change a pixel."


class PitchTarget(Provider):
    slug = "pitchtarget"
    label = "PitchTarget"
    live_url = "https://api.pitchtarget.com"
    ad_account_label = "Ad account"
    capabilities = frozenset(
        {"create", "list", "read", "find", "check_credentials", "one_event_per_pixel", "name_unique"}
    )
    missing = {
        "update": NO_CHANGING,
        "activate": NO_CHANGING,
        "delete": "PitchTarget's documents describe no way to delete a pixel.",
        "ad_accounts": "PixelHub does not read PitchTarget's list of ad accounts yet.",
        "last_fired": "PitchTarget does not say when a pixel was last seen.",
        "changed_since": "PitchTarget always lists all pixels of an ad account.",
    }
    outlook = OUTLOOK
    vocabulary = VOCABULARY
    connection_form = PitchTargetConnectionForm
    secret_fields = frozenset({"token"})
    pixel_form = PitchTargetPixelForm

    def check_credentials(self, ad_account: AdAccountRef) -> None:
        self._list(ad_account)

    def create_pixel(
        self,
        ad_account: AdAccountRef,
        name: str,
        events: tuple[str, ...],
        options: Mapping[str, Any],
        reference: str,
    ) -> RemotePixel:
        (tag,) = events
        answer = self.http.call(
            "write",
            "POST",
            PATH,
            headers=self._headers(),
            form={"fb_ad_account_id": ad_account.id, "name": name, "tag": tag},
        )
        body = _body(answer)
        remote_id = _created_id(body)
        if remote_id is None:
            raise answer.unusable()
        return RemotePixel(remote_id=remote_id, raw=body)

    def list_pixels(self, ad_account: AdAccountRef, changed_since: datetime | None = None) -> Iterator[Page]:
        """The whole list as one page; it has no paging and no filter by time."""
        yield Page(pixels=tuple(self._list(ad_account)))

    def read_pixel(self, ad_account: AdAccountRef, remote_id: str) -> RemotePixel:
        for pixel in self._list(ad_account):
            if pixel.remote_id == remote_id:
                return pixel
        raise NotFound("PitchTarget does not list this pixel any more.")

    def find_pixels(self, ad_account: AdAccountRef, reference: str, name: str) -> list[RemotePixel]:
        return [pixel for pixel in self._list(ad_account) if pixel.name == name]

    @classmethod
    def tags(cls, subject: TagSubject) -> list[Tag]:
        tag = code_tag(subject)
        return [tag] if tag else []

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"OAuth {self.credential('token')}"}

    def _list(self, ad_account: AdAccountRef) -> list[RemotePixel]:
        answer = self.http.call(
            "read", "GET", PATH, headers=self._headers(), params={"fb_ad_account_id": ad_account.id}
        )
        body = _body(answer)
        if not isinstance(body, list):
            raise answer.unusable()
        return [_remote_pixel(answer, item) for item in body]


def _body(answer: Answer) -> Any:
    """The JSON of a positive answer; otherwise the error that the answer stands for."""
    if answer.ok:
        return answer.json()
    try:
        words = _words(answer.json())
    except BadAnswer:
        words = None  # no error is documented, so it may as well be HTML
    raise answer.fault("the token", words)


def _words(body: Any) -> str:
    """The texts of an error of unknown form: {"errors": {"name": ["is taken"]}} reads "name is taken"."""
    if isinstance(body, dict):
        silent = ("error", "errors", "message", "base")
        return "; ".join(_words(value) if key in silent else f"{key} {_words(value)}" for key, value in body.items())
    if isinstance(body, list):
        return ", ".join(_words(item) for item in body)
    return str(body)


def _created_id(body: Any) -> str | None:
    """From {"id": "…"}, or {"id": {"id": "…"}} as in its later documents."""
    value = body.get("id") if isinstance(body, dict) else None
    return object_id(value.get("id") if isinstance(value, dict) else value)


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
        state=status,
        events=(tag.upper(),) if tag else None,  # sent in upper case, listed in lower case
        options={},
        snippet=snippet,
        raw={key: value for key, value in item.items() if key != "creator"},  # a person's name, of no use here
    )
