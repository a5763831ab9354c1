"""Frozen values that providers take and return, the same for every provider."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

# What people read: ours, which is translated when it is shown, or the provider's own words, which never are.
Text = str | Promise

Capability = Literal[
    # what the provider can do: one method each
    "create", "list", "read", "update", "activate", "delete", "find", "ad_accounts", "last_fired", "changed_since",
    "check_credentials",
    # facts about its pixels
    "one_event_per_pixel", "name_unique",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Limits:
    """PixelHub's own rate limits for one user of a provider. None: no limit."""

    reads: int | None = None  # calls in one window
    writes: int | None = None
    window: float = 60.0  # seconds
    at_once: int | None = None  # requests under way at the same time


@dataclass(frozen=True, kw_only=True)
class AdAccountRef:
    """What a provider groups pixels by: Easyflow's owner, Facebook's ad account, Xandr's advertiser."""

    id: str
    code: str | None = None
    name: str = field(default="", compare=False)  # known only from the provider's list of ad accounts


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A sentence for the user that is no error: a message code and parameters, as in errors.py; "": nothing to say."""

    message: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, message: str, **params: Any) -> Self:
        return cls(message=message, params=params)


@dataclass(frozen=True, kw_only=True)
class RemotePixel:
    """One pixel as the provider describes it, normalised. What it does not mention is None, or absent from `options`.

    `events` are values of the provider's vocabulary. `options` has the fields of the provider's pixel form as keys.
    """

    remote_id: str
    name: str | None = None
    state: str | None = None
    events: tuple[str, ...] | None = None
    options: Mapping[str, Any] | None = None
    snippet: str | None = None
    changed_at: datetime | None = None  # by the provider's clock
    raw: Mapping[str, Any] = field(default_factory=dict)


Read = Callable[[str, Mapping[str, Any]], RemotePixel]  # (id, object as the provider sent it) -> pixel


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a list: its objects by id, as the provider sent them, and the function that reads one of them.

    An object that has not changed since the last pull need not be read. `total` is how many objects the provider says
    the whole list has; None if it does not say. `after` is what `list_pixels` takes to begin with the next page; None
    if the list can only be read from its beginning.
    """

    objects: Mapping[str, Mapping[str, Any]]
    read: Read
    total: int | None = None
    after: str | None = None

    @classmethod
    def of(cls, pixels: Iterable[RemotePixel], total: int | None = None) -> Self:
        """A page of pixels that have been read already."""
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
class ProviderEvent:
    """A value of a provider's vocabulary, and the event of the catalogue (pixels/events.py) that it stands for.

    `grade` says how well the two agree. `near` holds further events of the catalogue for which the provider has nothing
    closer than this (grade "close"), each with a sentence on what is lost.
    """

    value: str  # as it is sent, stored and listed
    label: Text  # as the provider prints it; ours where the provider has no word
    sentence: Text  # what happens on the website, for the checklist
    event: str  # key of the catalogue
    grade: Literal["exact", "close", "none"]
    source: str = ""  # the document that names this value
    group: Text = ""
    note: Text = ""  # a warning, shown beside the tick box
    near: Mapping[str, Text] = field(default_factory=dict)  # event -> sentence


@dataclass(frozen=True, kw_only=True)
class Preset:
    label: Text
    events: tuple[str, ...]


STATUS_TITLES: Mapping[str, Text] = {
    "active": pgettext_lazy("how long pixels will work", "Active"),
    "legacy": pgettext_lazy("how long pixels will work", "Legacy"),
    "closing": pgettext_lazy("how long pixels will work", "Closing"),
}


@dataclass(frozen=True, kw_only=True)
class LifecycleNotice:
    """How long this provider's pixels will work, and where that is written."""

    status: Literal["active", "legacy", "closing"]
    sentence: Text
    source: str
    as_of: str

    @property
    def title(self) -> Text:
        """The status in a word."""
        return STATUS_TITLES[self.status]


@dataclass(frozen=True, kw_only=True)
class TagContext:
    """What a tag is made from. `values` are the cleaned fields of the provider's `tag_form`."""

    remote_id: str
    name: str
    events: tuple[str, ...]
    options: Mapping[str, Any]
    ad_account: AdAccountRef
    snippet: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tag:
    """One format of a snippet: the exact characters to paste, and the texts to show with them, in the language that is
    active when it is made. `body` is the same in every language."""

    slug: str
    title: str
    copy_label: str  # the button's accessible name: "Copy image tag"
    body: str
    where: str  # one sentence: where to place it
    warnings: tuple[str, ...] = ()
    to_fill_in: int = 0  # placeholders left in the body
