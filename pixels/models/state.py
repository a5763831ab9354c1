"""The one state in which a pixel is shown. Chips, the list's filter and all counts read it from this table.

Every pixel is in exactly one state. It follows from five columns: archived_at, lifecycle, remote_status, error_code,
and, for the finer labels of some chips, the options.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .badge import Badge

if TYPE_CHECKING:
    from .pixel import Pixel


class Lifecycle(models.TextChoices):
    """What PixelHub is doing with the pixel."""

    DRAFT = "draft", _("Draft")
    QUEUED = "queued", _("Queued")
    CREATING = "creating", _("Creating")
    CHECKING = "checking", _("Checking")
    LIVE = "live", _("Live")
    UPDATING = "updating", _("Updating")
    DELETING = "deleting", _("Deleting")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")
    DELETED = "deleted", _("Deleted")


class RemoteStatus(models.TextChoices):
    """What was last seen of the pixel at the provider."""

    NOT_SEEN = "not_seen", _("Not seen yet")
    IN_SYNC = "in_sync", _("In sync")
    DRIFTED = "drifted", _("Drifted")
    ABSENT = "absent", _("Not in the last list")
    GONE = "gone", _("Gone")
    UNVERIFIABLE = "unverifiable", _("Cannot be read")
    DUPLICATE = "duplicate", _("Duplicate")


PENDING = (
    Lifecycle.QUEUED,
    Lifecycle.CREATING,
    Lifecycle.CHECKING,
    Lifecycle.UPDATING,
    Lifecycle.DELETING,
)


class State(models.TextChoices):
    """The states, in the order of the filter's choices."""

    LIVE = "live", _("Live")
    WAITING = "waiting", _("Under way")
    DRIFTED = "drifted", _("Drifted")
    ABSENT = "absent", _("Not in the last list")
    GONE = "gone", _("Gone")
    DUPLICATE = "duplicate", _("Held more than once")
    FAILED = "failed", _("Failed")
    DRAFT = "draft", _("Draft")
    UNKNOWN = "unknown", _("Unknown")
    DELETED = "deleted", _("Deleted")
    ARCHIVED = "archived", _("Archived")


@dataclass(frozen=True)
class IndexRange:
    """Pixels that lie together in the index `pixel_of_connection`: with these states, and with an error or without.

    Empty `remote_statuses`, or None for `has_error`, allow any value. A range names the values it includes, never those
    it excludes, since only then can the index find a few pixels among many.
    """

    lifecycles: tuple[Lifecycle, ...]
    remote_statuses: tuple[RemoteStatus, ...] = ()
    has_error: bool | None = None

    def holds(self, pixel: Pixel) -> bool:
        return (
            pixel.lifecycle in self.lifecycles
            and (not self.remote_statuses or pixel.remote_status in self.remote_statuses)
            and (self.has_error is None or bool(pixel.error_code) == self.has_error)
        )

    @property
    def query(self) -> Q:
        found = Q(archived_at=None, lifecycle__in=self.lifecycles)
        if self.remote_statuses:
            found &= Q(remote_status__in=self.remote_statuses)
        if self.has_error is not None:
            found &= Q(error_code__gt="") if self.has_error else Q(error_code="")
        return found


_LIVE = (Lifecycle.LIVE,)
_SOUND = (RemoteStatus.NOT_SEEN, RemoteStatus.IN_SYNC, RemoteStatus.UNVERIFIABLE)
# "Gone" and "held more than once" come before a failed change, and a failed change comes before a difference.
RANGES: dict[State, tuple[IndexRange, ...]] = {
    State.LIVE: (IndexRange(_LIVE, _SOUND, has_error=False),),
    State.WAITING: (IndexRange(PENDING),),
    State.DRIFTED: (IndexRange(_LIVE, (RemoteStatus.DRIFTED,), has_error=False),),
    State.ABSENT: (IndexRange(_LIVE, (RemoteStatus.ABSENT,), has_error=False),),
    State.GONE: (IndexRange(_LIVE, (RemoteStatus.GONE,)),),
    State.DUPLICATE: (IndexRange(_LIVE, (RemoteStatus.DUPLICATE,)),),
    State.FAILED: (
        IndexRange((Lifecycle.FAILED,)),
        IndexRange(_LIVE, (*_SOUND, RemoteStatus.DRIFTED, RemoteStatus.ABSENT), has_error=True),
    ),
    State.DRAFT: (IndexRange((Lifecycle.DRAFT,)),),
    State.UNKNOWN: (IndexRange((Lifecycle.UNKNOWN,)),),
    State.DELETED: (IndexRange((Lifecycle.DELETED,)),),
}
LOOKS: dict[State, tuple[str, str]] = {  # tint and icon of the chip
    State.LIVE: ("live", "check"),
    State.WAITING: ("waiting", "loader"),
    State.DRIFTED: ("needs", "arrows-diff"),
    State.ABSENT: ("needs", "eye-off"),
    State.GONE: ("failed", "trash-x"),
    State.DUPLICATE: ("failed", "copy"),
    State.FAILED: ("failed", "x"),
    State.DRAFT: ("waiting", "pencil"),
    State.UNKNOWN: ("unknown", "question-mark"),
    State.DELETED: ("waiting", "trash"),
    State.ARCHIVED: ("waiting", "archive"),
}


def state_of(pixel: Pixel) -> State:
    return State.ARCHIVED if pixel.archived_at else _unarchived(pixel)


def queries(state: State) -> list[Q]:
    """The conditions that find the pixels of a state. No pixel fulfils two of them."""
    if state == State.ARCHIVED:
        return [Q(archived_at__isnull=False)]
    return [range_.query for range_ in RANGES[state]]


def in_state(state: State) -> Q:
    return reduce(or_, queries(state))


def chip_of(pixel: Pixel) -> Badge:
    """The state as a chip, with a finer label where there is one, and the provider's own status beside it."""
    state = state_of(pixel)
    tone, icon = LOOKS[state]
    label, word = str(state.label), pixel.remote_state
    if state == State.ARCHIVED:
        word = str(_unarchived(pixel).label).lower()
    elif state == State.WAITING:
        label = pixel.get_lifecycle_display()
        if pixel.is_blocked:
            tone, icon, label = "needs", "player-pause", gettext("Waiting for the connection")
        elif pixel.lifecycle == Lifecycle.CHECKING:
            tone, icon = "unknown", "search"
    elif state == State.LIVE and not pixel.provider_class.is_active(pixel.options):
        tone, icon = "waiting", "player-pause"
    elif state == State.FAILED and pixel.lifecycle == Lifecycle.LIVE:
        icon, label = "alert-triangle", gettext("Change failed")
    return Badge(tone, icon, label, word)


def _unarchived(pixel: Pixel) -> State:
    return next(state for state, ranges in RANGES.items() if any(one.holds(pixel) for one in ranges))
