"""What goes into a provider and what comes out: frozen values, the same for every provider."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

Capability = Literal[
    # what it can do: one method each
    "create", "list", "read", "update", "activate", "delete", "find", "ad_accounts", "last_fired", "changed_since",
    "check_credentials",
    # what is true of it
    "one_event_per_pixel", "name_unique",
]  # fmt: skip


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
class ProviderEvent:
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
    events: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LifecycleNotice:
    """How long this provider's pixels have to live, with the source of that knowledge."""

    status: Literal["active", "legacy", "closing"]
    sentence: str
    source: str
    as_of: str


@dataclass(frozen=True, kw_only=True)
class TagContext:
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
