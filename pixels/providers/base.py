"""The interface every provider fills: HTTP, forms and tags; no models, no teams, no tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol, Self
from urllib.parse import urlsplit

from django import forms

from .errors import NotFound, NotSupported
from .fields import UNKNOWN, EventsField, keep_choice, no_control_characters
from .http import Http
from .secret import Secret

Capability = Literal[
    # what it can do: one method each
    "create", "list", "read", "update", "activate", "delete", "find", "ad_accounts", "last_fired", "changed_since",
    "check_credentials",
    # what is true of it
    "one_event_per_pixel", "name_unique",
]  # fmt: skip
Call = Literal["read", "write"]


class Gate(Protocol):
    """Asked before each request, and for several at once; says how many of them may leave now, at least one.

    Raises Throttled with the time to wait for. A request that has been let through counts, whatever becomes of it.
    None wanted: one that was let through before is about to leave, if it still may.
    """

    def __call__(self, call: Call, wanted: int = 1) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What PixelHub allows itself at a provider for one user of it; None: no limit."""

    reads: int | None = None  # calls in a window
    writes: int | None = None
    window: float = 60.0  # seconds
    at_once: int | None = None  # requests on the way at the same time


@dataclass(frozen=True, kw_only=True)
class AdAccountRef:
    """Where pixels live behind a connection: Easyflow owner, Facebook ad account, Xandr advertiser."""

    id: str
    code: str | None = None
    name: str = field(default="", compare=False)  # only where a list of ad accounts told it


@dataclass(frozen=True, kw_only=True)
class RemotePixel:
    """The provider's view of one pixel, normalised. What it did not say is None (or absent from `options`).

    `events` are the provider's own words as in its vocabulary; `options` has the keys of the provider's pixel form.
    """

    remote_id: str
    name: str | None = None
    state: str | None = None
    events: tuple[str, ...] | None = None
    options: Mapping[str, Any] | None = None
    snippet: str | None = None
    changed_at: datetime | None = None  # by the provider's clock
    raw: Mapping[str, Any] = field(default_factory=dict)


Read = Callable[[str, Mapping[str, Any]], RemotePixel]  # from an object's id and the object


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a list: its objects by id, as the provider said them, and how one of them is read.

    Most objects of most pages are as they were the last time, and need not be read. `total` is the size that the
    provider claims for the whole list (None: it claims nothing). `after` is the place at which `list_pixels` goes on
    with the next page; None where the list is read in one sitting.
    """

    objects: Mapping[str, Mapping[str, Any]]
    read: Read
    total: int | None = None
    after: str | None = None

    @classmethod
    def of(cls, pixels: Iterable[RemotePixel], total: int | None = None) -> Self:
        """A page of pixels that have all been read."""
        by_id = {pixel.remote_id: pixel for pixel in pixels}
        return cls(
            objects={remote_id: pixel.raw for remote_id, pixel in by_id.items()},
            read=lambda remote_id, raw: by_id[remote_id],
            total=total,
        )

    @property
    def pixels(self) -> tuple[RemotePixel, ...]:
        return tuple(self.read(remote_id, raw) for remote_id, raw in self.objects.items())


@dataclass(frozen=True, kw_only=True)
class Word:
    """A provider's word for an event of the catalogue (pixels/events.py).

    `event` and `grade` say what the word stands for. `near` names further events of the catalogue for which it is the
    nearest word this provider has (grade "close"), each with the sentence that says what is lost.
    """

    value: str  # as sent, stored and listed
    label: str  # as the provider prints it
    sentence: str  # what happens on the website, for the checklist
    event: str  # key of the catalogue
    grade: Literal["exact", "close", "none"]
    source: str = ""  # the document that has this word
    group: str = ""
    note: str = ""  # a warning worth reading before ticking
    near: Mapping[str, str] = field(default_factory=dict)  # event -> sentence


@dataclass(frozen=True, kw_only=True)
class Preset:
    label: str
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """How long this provider's pixels have to live, with the source of that knowledge."""

    status: Literal["active", "legacy", "closing"]
    sentence: str
    source: str
    as_of: str


@dataclass(frozen=True, kw_only=True)
class TagSubject:
    """What a tag is made from. `values` are the fields of the provider's tag_form."""

    remote_id: str
    name: str
    events: tuple[str, ...]
    options: Mapping[str, Any]
    ad_account: AdAccountRef
    snippet: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tag:
    """One format of a snippet: the exact characters to paste and what to say around them."""

    slug: str
    title: str
    copy_label: str  # the button's accessible name: "Copy image tag"
    body: str
    where: str  # one sentence: where to place it
    warnings: tuple[str, ...] = ()
    to_fill_in: int = 0  # placeholders left in the body


class Tokens(Protocol):
    """Keeps a session token for a connection, shared by all workers and encrypted at rest; given by sync."""

    def load(self) -> Secret | None: ...
    def save(self, token: Secret | None) -> None: ...
    def lock(self) -> AbstractContextManager[None]: ...


class ConnectionForm(forms.Form):
    """Credentials and the first ad account. Subclasses add credential fields and label the ad account's.

    A provider with several ways to sign in names them in `ways`, each with the fields that it takes (all of them
    declared as required), and has a choice field `way` (required=False) whose first value is the usual one. Fields of
    the ways not chosen are neither checked nor kept.
    """

    ad_account = forms.CharField(max_length=64)
    ad_account_fields: ClassVar[tuple[str, ...]] = ("ad_account", "ad_account_code")
    ways: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @property
    def show_when(self) -> dict[str, str]:
        """field -> "way=value": shown only while that way is chosen."""
        return {name: f"way={way}" for way, names in self.ways.items() for name in names}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.ways:
            data["way"] = data.get("way") or next(iter(self.ways))
            chosen = self.ways.get(data["way"], ())
            for name in {name for names in self.ways.values() for name in names} - set(chosen):
                self.errors.pop(name, None)
                data.pop(name, None)
        if data.get("ad_account_code") and not data.get("ad_account") and "ad_account" not in self.errors:
            self.add_error("ad_account", "Give its id as well, or leave both empty.")
        return data

    def credentials(self) -> dict[str, str]:
        return {k: v for k, v in self.cleaned_data.items() if k not in self.ad_account_fields}

    def ad_account_ref(self) -> AdAccountRef | None:
        """None where it was left open, to be picked from the provider's list."""
        data = self.cleaned_data
        if not data["ad_account"]:
            return None
        return AdAccountRef(id=data["ad_account"], code=data.get("ad_account_code") or None)

    def refs(self) -> list[AdAccountRef]:
        ref = self.ad_account_ref()
        return [ref] if ref else []


class PixelForm(forms.Form):
    """The event checklist and the options of one provider. Name, website and uniqueness are checked elsewhere.

    `advanced` names the fields shown under "Advanced"; `per_pixel` the options that each pixel of a batch has its own
    value of (pre-filled with that pixel's reference where `Provider.reference_option` says so); `show_when` the fields
    that mean something only beside a certain value of another.
    """

    advanced: ClassVar[tuple[str, ...]] = ()
    advanced_hint: ClassVar[str] = ""  # what is under "Advanced", in a few words
    per_pixel: ClassVar[tuple[str, ...]] = ()
    fixed: ClassVar[Mapping[str, str]] = {}  # field that no update can change -> why, as a sentence
    secret_options: ClassVar[frozenset[str]] = frozenset()  # fields that are kept sealed and never shown
    show_when: ClassVar[Mapping[str, str]] = {}  # field -> "other_field=value": shown only while that holds
    events: forms.Field

    @classmethod
    def for_pixel(
        cls, events: tuple[str, ...], options: Mapping[str, Any], data: Mapping[str, Any] | None = None
    ) -> Self:
        """The form of an existing pixel: a choice it already has stays one, also if this version does not know it."""
        initial = cls.initial_for(events, options)
        form = cls(data, initial=initial)
        for name, form_field in form.fields.items():
            if name in cls.fixed:
                form_field.disabled, form_field.help_text = True, cls.fixed[name]
            if isinstance(form_field, EventsField):
                form_field.keep(events)
            elif isinstance(form_field, forms.ChoiceField):
                keep_choice(form_field, initial.get(name))
        return form

    def clean_name(self, name: str) -> str:
        """The provider's own limits on a name; raises ValidationError."""
        no_control_characters(name)
        return name

    def options(self) -> dict[str, Any]:
        """The cleaned fields beyond events and secrets, normalised as in RemotePixel.options; JSON values only."""
        raise NotImplementedError

    def secrets(self) -> dict[str, str]:
        """The secret options that were filled in; a field left empty says nothing, so it changes nothing."""
        return {name: self.cleaned_data[name] for name in sorted(self.secret_options) if self.cleaned_data.get(name)}

    @classmethod
    def initial_for(cls, events: tuple[str, ...], options: Mapping[str, Any]) -> dict[str, Any]:
        """The initial values that show an existing pixel: the inverse of `options()`. Never raises."""
        raise NotImplementedError


class Provider:
    """One per connection. Defaults raise NotSupported; `capabilities` says which methods are overridden."""

    do_not_call_in_templates = True  # templates read facts from the class; Django would make an instance of it
    slug: ClassVar[str]
    label: ClassVar[str]
    live_url: ClassVar[str]
    ad_account_label: ClassVar[str]
    capabilities: ClassVar[frozenset[Capability]]
    missing: ClassVar[Mapping[str, str]] = {}  # capability it lacks -> the reason, as a sentence for the user
    outlook: ClassVar[Outlook]
    vocabulary: ClassVar[tuple[Word, ...]]
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
        gate: Gate,
        tokens: Tokens,
    ) -> None:
        self.credentials = credentials
        self.tokens = tokens
        # Of several ways to sign in, only the chosen one's fields are there.
        secrets = tuple(Secret(self.credential(name)) for name in sorted(self.secret_fields) if name in credentials)
        # The host is no secret; it is hidden all the same, since words that repeat it are of no use to anybody.
        self.http = Http(self.label, base_url.rstrip("/"), gate, (*secrets, Secret(urlsplit(base_url).netloc)))

    def credential(self, field_name: str) -> str:
        """A credential in the clear; call it only where the request is built."""
        value = self.credentials[field_name]
        return value.reveal() if isinstance(value, Secret) else value

    @classmethod
    def can(cls, capability: Capability) -> bool:
        return capability in cls.capabilities

    @classmethod
    def limits(cls) -> Limits:
        """What all connections of one user of this provider may ask of it together."""
        return Limits()

    def reserve(self, call: Call) -> None:
        """Ask the gate for the call that follows; raises what the gate raises."""
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
    def tags(cls, subject: TagSubject) -> list[Tag]:
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
    def word(cls, value: str) -> Word | None:
        """The vocabulary entry of a value; None for one this version does not know."""
        return next((word for word in cls.vocabulary if word.value == value), None)

    @classmethod
    def word_for(cls, event: str) -> tuple[Word | None, Literal["exact", "close", "none"], str]:
        """This provider's word for an event of the catalogue, how well it fits, and a sentence where it does not."""
        fits = [word for word in cls.vocabulary if word.event == event and word.grade != "none"]
        if fits:
            best = min(fits, key=lambda word: word.grade != "exact")
            return best, best.grade, best.note
        near = next((word for word in cls.vocabulary if event in word.near), None)
        return (near, "close", near.near[event]) if near else (None, "none", "")

    @classmethod
    def unknown_words(cls, values: Iterable[str]) -> list[Word]:
        """Entries for the values that the vocabulary lacks, so that a checklist can show them all the same."""
        return [
            Word(value=value, label=value, sentence=UNKNOWN, event="custom", grade="none")
            for value in dict.fromkeys(values)
            if cls.word(value) is None
        ]

    @classmethod
    def _not_supported(cls, capability: str) -> NotSupported:
        return NotSupported(cls.missing.get(capability) or f"{cls.label} cannot do this.")
