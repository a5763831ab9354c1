"""The interface that each provider implements. It knows HTTP, forms and tags, but no models, teams or tasks."""

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
from .messages import Sentence
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
    Remark,
    RemotePixel,
    Tag,
    TagContext,
    Text,
)


class Provider:
    """Talks to a provider for one connection; facts about the provider are on the class.

    A method that a subclass does not override raises NotSupported. `capabilities` says which ones it overrides.
    """

    do_not_call_in_templates = True  # templates read the class; without this Django would call it
    slug: ClassVar[str]
    label: ClassVar[str]
    live_url: ClassVar[str]  # without a slash at its end
    ad_account_label: ClassVar[Text]
    capabilities: ClassVar[frozenset[Capability]]
    missing: ClassVar[Mapping[str, Text]] = {}  # missing capability -> reason, as a sentence for the user
    sentences: ClassVar[Mapping[str, Sentence]] = {}  # of its own errors: message code "<slug>.…" -> sentence
    advice: ClassVar[Mapping[str, Sentence]] = {}  # message code -> what a person can do about it
    lifecycle_notice: ClassVar[LifecycleNotice]
    vocabulary: ClassVar[tuple[ProviderEvent, ...]]
    presets: ClassVar[tuple[Preset, ...]] = ()
    connection_form: ClassVar[type[ConnectionForm]]
    secret_fields: ClassVar[frozenset[str]]  # credentials that are never shown in full
    password_fields: ClassVar[frozenset[str]] = frozenset()  # those of which nothing is shown
    user_fields: ClassVar[tuple[str, ...]] = ()  # credentials that say whose rate limit applies; (): all
    pixel_form: ClassVar[type[PixelForm]]
    tag_form: ClassVar[type[forms.Form] | None] = None
    reference_option: ClassVar[str | None] = None  # the pixel form's field that holds our reference
    delete_note: ClassVar[Text] = ""  # a sentence shown before a pixel is deleted

    def __init__(
        self,
        credentials: Mapping[str, str | Secret],
        base_url: str,
        rate_limiter: RateLimiter,
        tokens: Tokens,
    ) -> None:
        self.credentials = credentials
        self.tokens = tokens
        # `credentials` has the fields of the chosen way to sign in only.
        secrets = tuple(Secret(self.credential(name)) for name in sorted(self.secret_fields) if name in credentials)
        # The host is no secret, but in a message to the user it would only be noise.
        self.http = Http(self.label, base_url.rstrip("/"), rate_limiter, (*secrets, Secret(urlsplit(base_url).netloc)))

    def credential(self, field_name: str) -> str:
        """The credential as plain text. Call this only where the request is built."""
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
        """The rate limits that all connections of one of the provider's users share."""
        return Limits()

    def reserve(self, call: CallKind) -> None:
        """Take the rate limiter's permission for the next call in advance. Raises what the rate limiter raises."""
        self.http.reserve(call)

    def sign_in(self) -> None:
        """Log in, if the provider has sessions and none is open, so that the next call needs a single request."""

    def check_credentials(self, ad_account: AdAccountRef | None) -> Remark:
        """Try the credentials with a cheap read. Raises BadCredentials if they are wrong.

        Returns what the user should know of them, if anything. `ad_account`: any of the connection's, or None;
        some providers' cheapest read needs one.
        """
        raise self._not_supported("check_credentials")

    def list_ad_accounts(self) -> list[AdAccountRef]:
        """All ad accounts that these credentials reach. Raises ProviderError instead of returning a part."""
        raise self._not_supported("ad_accounts")

    def order_last_fired(self, ad_account: AdAccountRef) -> str:
        """Order a report of when pixels last fired. Returns its id (at most 64 characters), for `last_fired`."""
        raise self._not_supported("last_fired")

    def last_fired(self, ad_account: AdAccountRef, report_id: str) -> Mapping[str, datetime | None] | None:
        """When each pixel last fired, by remote id: None for one that never fired; no entry for one that the report
        does not mention.

        Returns None while the report is not ready.
        """
        raise self._not_supported("last_fired")

    def create_pixel(
        self, ad_account: AdAccountRef, name: str, events: tuple[str, ...], options: Mapping[str, Any], reference: str
    ) -> RemotePixel:
        """Create a pixel, with one call that is never repeated here. What is returned may hold the id only.

        In `options`, the values of secret options are `Secret`s.
        """
        raise self._not_supported("create")

    def read_pixel(self, ad_account: AdAccountRef, remote_id: str) -> RemotePixel:
        """One pixel by its id. Raises NotFound only if the provider definitely does not have it."""
        raise self._not_supported("read")

    def read_pixels(
        self, ad_account: AdAccountRef, remote_ids: Iterable[str]
    ) -> Iterator[tuple[str, RemotePixel | None]]:
        """Each of these ids with its pixel, or with None if the provider definitely does not have it."""
        for remote_id in remote_ids:
            try:
                yield remote_id, self.read_pixel(ad_account, remote_id)
            except NotFound:
                yield remote_id, None

    def find_pixels(
        self, ad_account: AdAccountRef, reference: str, name: str, since: datetime | None = None
    ) -> list[RemotePixel]:
        """The pixels that carry this reference or, at a provider without references, this name.

        `since`: pixels created before this may be left out, if that makes the search shorter.
        """
        raise self._not_supported("find")

    def list_pixels(
        self, ad_account: AdAccountRef, changed_since: datetime | None = None, after: str | None = None
    ) -> Iterator[Page]:
        """The ad account's pixels, page by page, in the same order each time.

        `changed_since`: only pixels changed after this, by the provider's clock; needs the capability of that name.
        `after`: begin behind the page that had this `Page.after`.
        """
        raise self._not_supported("list")

    def update_pixel(self, ad_account: AdAccountRef, remote_id: str, changes: Mapping[str, Any]) -> RemotePixel:
        """`changes` holds what differs only: "name", "events", options, and secret options as `Secret`s."""
        raise self._not_supported("update")

    def delete_pixel(self, ad_account: AdAccountRef, remote_id: str) -> None:
        """Delete for good. Returns normally if the pixel does not exist any more."""
        raise self._not_supported("delete")

    @classmethod
    def tags(cls, subject: TagContext) -> list[Tag]:
        """The snippet formats of this pixel, in the order to show them; none while something they need is missing.

        Never raises, whatever is stored: an older version may have stored events and options unknown to this one.
        """
        raise NotImplementedError

    @classmethod
    def activation(cls, active: bool) -> dict[str, Any]:
        """The `changes` for `update_pixel` that switch a pixel on or off."""
        raise cls._not_supported("activate")

    @classmethod
    def is_active(cls, options: Mapping[str, Any]) -> bool:
        """Whether a pixel with these options is switched on. If they do not say, it is."""
        return True

    @classmethod
    def comparable(cls, field_name: str, value: Any) -> Any:
        """A field's value for comparing two sides. Override it if several values mean the same at the provider."""
        return value

    @classmethod
    def provider_event(cls, value: str) -> ProviderEvent | None:
        """The vocabulary's entry for a value; None if there is none."""
        return next((word for word in cls.vocabulary if word.value == value), None)

    @classmethod
    def provider_event_for(cls, event: str) -> tuple[ProviderEvent | None, Literal["exact", "close", "none"], Text]:
        """The entry for an event of the catalogue, how well it fits, and a sentence on what is lost if it does not."""
        fits = [word for word in cls.vocabulary if word.event == event and word.grade != "none"]
        if fits:
            best = min(fits, key=lambda word: word.grade != "exact")
            return best, best.grade, best.note
        near = next((word for word in cls.vocabulary if event in word.near), None)
        return (near, "close", near.near[event]) if near else (None, "none", "")

    @classmethod
    def unknown_events(cls, values: Iterable[str]) -> list[ProviderEvent]:
        """Made-up entries for values that the vocabulary lacks, so that a checklist can show them too."""
        return [
            ProviderEvent(value=value, label=value, sentence=UNKNOWN, event="custom", grade="none")
            for value in dict.fromkeys(values)
            if cls.provider_event(value) is None
        ]

    @classmethod
    def _not_supported(cls, capability: str) -> NotSupported:
        return NotSupported("provider.not_supported", provider=cls.slug, capability=capability)
