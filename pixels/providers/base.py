"""The interface every provider fills: HTTP, forms and tags; no models, no teams, no tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from django import forms
from django.conf import settings

from .errors import NotFound, NotSupported
from .fields import UNKNOWN
from .forms import ConnectionForm, PixelForm
from .protocols import CallKind, RateLimiter, Tokens
from .secret import Secret
from .transport.http import Http
from .values import (
    AdAccountRef,
    Capability,
    LifecycleNotice,
    Limits,
    Page,
    Preset,
    ProviderEvent,
    RemotePixel,
    Tag,
    TagContext,
)


class Provider:
    """One per connection. Defaults raise NotSupported; `capabilities` says which methods are overridden."""

    do_not_call_in_templates = True  # templates read facts from the class; Django would make an instance of it
    slug: ClassVar[str]
    label: ClassVar[str]
    live_url: ClassVar[str]  # without a slash at its end
    ad_account_label: ClassVar[str]
    capabilities: ClassVar[frozenset[Capability]]
    missing: ClassVar[Mapping[str, str]] = {}  # capability it lacks -> the reason, as a sentence for the user
    lifecycle_notice: ClassVar[LifecycleNotice]
    vocabulary: ClassVar[tuple[ProviderEvent, ...]]
    presets: ClassVar[tuple[Preset, ...]] = ()
    connection_form: ClassVar[type[ConnectionForm]]
    secret_fields: ClassVar[frozenset[str]]  # credentials that are never shown; the rest may be
    password_fields: ClassVar[frozenset[str]] = frozenset()  # secrets of which not even the last four are shown
    user_fields: ClassVar[tuple[str, ...]] = ()  # credentials that name the user whose calls are counted; () all
    pixel_form: ClassVar[type[PixelForm]]
    tag_form: ClassVar[type[forms.Form] | None] = None
    reference_option: ClassVar[str | None] = None  # the option that our reference pre-fills
    delete_note: ClassVar[str] = ""  # what to know before deleting a pixel, as a sentence

    def __init__(
        self,
        credentials: Mapping[str, str | Secret],
        base_url: str,
        rate_limiter: RateLimiter,
        tokens: Tokens,
    ) -> None:
        self.credentials = credentials
        self.tokens = tokens
        # Of several ways to sign in, only the chosen one's fields are there.
        secrets = tuple(Secret(self.credential(name)) for name in sorted(self.secret_fields) if name in credentials)
        # The host is no secret; it is hidden all the same, since words that repeat it are of no use to anybody.
        self.http = Http(self.label, base_url.rstrip("/"), rate_limiter, (*secrets, Secret(urlsplit(base_url).netloc)))

    def credential(self, field_name: str) -> str:
        """A credential in the clear; call it only where the request is built."""
        value = self.credentials[field_name]
        return value.reveal() if isinstance(value, Secret) else value

    @classmethod
    def base_url(cls) -> str:
        """The address of the live API: the setting <SLUG>_URL (conf.py) if it is set, otherwise `live_url`."""
        return getattr(settings, f"{cls.slug.upper()}_URL") or cls.live_url

    @classmethod
    def can(cls, capability: Capability) -> bool:
        return capability in cls.capabilities

    @classmethod
    def limits(cls) -> Limits:
        """What all connections of one user of this provider may ask of it together."""
        return Limits()

    def reserve(self, call: CallKind) -> None:
        """Ask the rate limiter for the call that follows; raises what the rate limiter raises."""
        self.http.reserve(call)

    def sign_in(self) -> None:
        """Make sure of a session, where there are sessions, so that the call that follows is one request."""

    def check_credentials(self, ad_account: AdAccountRef | None) -> str:
        """A cheap read that fails as BadCredentials when they are wrong; a sentence worth knowing, or none.

        `ad_account`: one to try them on, where there is one already and the provider needs one.
        """
        raise self._not_supported("check_credentials")

    def list_ad_accounts(self) -> list[AdAccountRef]:
        """All that these credentials reach, complete or an error."""
        raise self._not_supported("ad_accounts")

    def order_last_fired(self, ad_account: AdAccountRef) -> str:
        """Have a report of last fires made; its id (at most 64 characters) for `last_fired`."""
        raise self._not_supported("last_fired")

    def last_fired(self, ad_account: AdAccountRef, report_id: str) -> Mapping[str, datetime | None] | None:
        """When each pixel last fired, by remote id; None for one that never did. Those not told of are absent.

        None as a whole: the report is not ready yet.
        """
        raise self._not_supported("last_fired")

    def create_pixel(
        self, ad_account: AdAccountRef, name: str, events: tuple[str, ...], options: Mapping[str, Any], reference: str
    ) -> RemotePixel:
        """One call, never repeated here. The answer may know no more than the id.

        The values of secret options are `Secret`s.
        """
        raise self._not_supported("create")

    def read_pixel(self, ad_account: AdAccountRef, remote_id: str) -> RemotePixel:
        """One pixel by id, however this provider finds it; NotFound only after a complete, positive answer."""
        raise self._not_supported("read")

    def read_pixels(
        self, ad_account: AdAccountRef, remote_ids: Iterable[str]
    ) -> Iterator[tuple[str, RemotePixel | None]]:
        """Each of these by its id; None for one that the provider positively does not have."""
        for remote_id in remote_ids:
            try:
                yield remote_id, self.read_pixel(ad_account, remote_id)
            except NotFound:
                yield remote_id, None

    def find_pixels(
        self, ad_account: AdAccountRef, reference: str, name: str, since: datetime | None = None
    ) -> list[RemotePixel]:
        """The pixels that carry this reference (or, where only names are unique, this name).

        `since`: those that were made earlier may be left out, where that makes the search shorter.
        """
        raise self._not_supported("find")

    def list_pixels(
        self, ad_account: AdAccountRef, changed_since: datetime | None = None, after: str | None = None
    ) -> Iterator[Page]:
        """Whole pages in a stable order.

        `changed_since`: only pixels that changed since, by the provider's clock, where it can `changed_since`.
        `after`: go on there (`Page.after` of the page before).
        """
        raise self._not_supported("list")

    def update_pixel(self, ad_account: AdAccountRef, remote_id: str, changes: Mapping[str, Any]) -> RemotePixel:
        """`changes`: "name", "events", options and secret options (as `Secret`s), only what differs."""
        raise self._not_supported("update")

    def delete_pixel(self, ad_account: AdAccountRef, remote_id: str) -> None:
        """Final; a pixel that is not there any more counts as deleted."""
        raise self._not_supported("delete")

    @classmethod
    def tags(cls, subject: TagContext) -> list[Tag]:
        """The snippet formats of this pixel, in the order to show them; empty while a needed part is missing.

        Never raises: events and options are stored ones, perhaps of another version.
        """
        raise NotImplementedError

    @classmethod
    def activation(cls, active: bool) -> dict[str, Any]:
        """The changes of an update that switches a pixel on or off."""
        raise cls._not_supported("activate")

    @classmethod
    def is_active(cls, options: Mapping[str, Any]) -> bool:
        """Whether a pixel with these options is switched on, as it is where nothing says otherwise."""
        return True

    @classmethod
    def comparable(cls, field_name: str, value: Any) -> Any:
        """A value in the form in which two sides are compared; override where a provider has synonyms."""
        return value

    @classmethod
    def provider_event(cls, value: str) -> ProviderEvent | None:
        """The vocabulary entry of a value; None for one this version does not know."""
        return next((word for word in cls.vocabulary if word.value == value), None)

    @classmethod
    def provider_event_for(cls, event: str) -> tuple[ProviderEvent | None, Literal["exact", "close", "none"], str]:
        """This provider's word for an event of the catalogue, how well it fits, and a sentence where it does not."""
        fits = [word for word in cls.vocabulary if word.event == event and word.grade != "none"]
        if fits:
            best = min(fits, key=lambda word: word.grade != "exact")
            return best, best.grade, best.note
        near = next((word for word in cls.vocabulary if event in word.near), None)
        return (near, "close", near.near[event]) if near else (None, "none", "")

    @classmethod
    def unknown_events(cls, values: Iterable[str]) -> list[ProviderEvent]:
        """Entries for the values that the vocabulary lacks, so that a checklist can show them all the same."""
        return [
            ProviderEvent(value=value, label=value, sentence=UNKNOWN, event="custom", grade="none")
            for value in dict.fromkeys(values)
            if cls.provider_event(value) is None
        ]

    @classmethod
    def _not_supported(cls, capability: str) -> NotSupported:
        return NotSupported(cls.missing.get(capability) or f"{cls.label} cannot do this.")
