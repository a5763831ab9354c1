"""What an error means for an operation. It is decided here only; other modules carry the decision out.

`decide` is pure: the same four arguments give the same answer, and it answers for each error that a provider's call can
raise. The table in docs/retry-policy.md is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.conf import settings

from pixels.models.operation import Operation
from pixels.providers.errors import BadCredentials, NotSupported, ProviderError, Rejected, Throttled, Waiting

GIVE_UP_AFTER = timedelta(hours=24).total_seconds()  # seconds of failing without a break
MAX_UNCONFIRMED = 5  # requests of one operation whose outcome nobody knows
FIRST_WAIT, LONGEST_BACKOFF = 5.0, 900.0  # seconds; each wait is twice the one before
THROTTLED_WAIT, LONGEST_WAIT = 60.0, 3600.0  # seconds; the first where the provider names no time

Kind = Operation.Kind


class Phase(StrEnum):
    """How far an attempt had come when the error was raised."""

    LOOK_UP = "look_up"  # a create that was sent before is searched for
    PREPARE = "prepare"  # before the request; a create that was sent before has just been found absent
    SEND = "send"  # the request may have left


@dataclass(frozen=True)
class Counts:
    """What is known of the operation when the error is raised."""

    attempt: int  # number of claims, with the present one
    unconfirmed: int  # requests sent before this one whose outcome nobody knows
    failing_for: float  # seconds since the first of the failures in a row; 0 at the first
    can_look_up: bool  # the provider can be searched for this pixel
    name_is_unique: bool  # the provider refuses a name that is taken


@dataclass(frozen=True)
class Retry:
    """Send it, or send it again, after so many seconds."""

    after: float
    may_be_done: bool = False  # this request may have taken effect; set only for changes that may be repeated
    whole_connection: bool = False  # the connection's other operations have to wait as well


@dataclass(frozen=True)
class LookUp:
    """Search for the pixel after so many seconds; send the create again only if it is not found."""

    after: float
    may_be_done: bool = False  # this request may have taken effect


@dataclass(frozen=True)
class Pause:
    """Wait in the present state until the connection's credentials work."""


@dataclass(frozen=True)
class Fail:
    """It was not carried out, and will not be."""


@dataclass(frozen=True)
class Unknown:
    """Whether the pixel was created cannot be found out any more: a person decides."""


Decision = Retry | LookUp | Pause | Fail | Unknown


def decide(kind: Kind, phase: Phase, error: ProviderError, counts: Counts) -> Decision:
    if isinstance(error, BadCredentials):
        return Pause()
    if kind == Kind.CREATE:
        if phase == Phase.LOOK_UP:
            return _look_up_failed(error, counts)
        if phase == Phase.SEND and (error.maybe_done or _may_be_our_own(error, counts)):
            return _sent_without_an_answer(counts)
        if error.retryable and counts.unconfirmed:
            return _look_up_failed(error, counts)  # at the next try, the last look-up is too old to rely on
    elif phase == Phase.SEND and error.maybe_done:
        # An update or a delete that is repeated has no further effect.
        again = counts.unconfirmed + 1 < MAX_UNCONFIRMED
        return Retry(_wait(error, counts), may_be_done=True) if again else Fail()
    if isinstance(error, Waiting):
        return Retry(_wait(error, counts), whole_connection=True)
    if error.retryable and counts.failing_for < GIVE_UP_AFTER:
        return Retry(_wait(error, counts))
    return Fail()


def _look_up_failed(error: ProviderError, counts: Counts) -> LookUp | Unknown:
    """What follows when a look-up fails: whether the earlier create took effect stays open, whatever this error is."""
    asks = counts.can_look_up and not isinstance(error, NotSupported)
    return LookUp(_wait(error, counts)) if asks and counts.failing_for < GIVE_UP_AFTER else Unknown()


def _sent_without_an_answer(counts: Counts) -> LookUp | Unknown:
    """Wait until a request that may still be under way has taken effect, then search."""
    if not counts.can_look_up or counts.unconfirmed + 1 >= MAX_UNCONFIRMED:
        return Unknown()
    return LookUp(settings.QUIET_TIME, may_be_done=True)


def _may_be_our_own(error: ProviderError, counts: Counts) -> bool:
    """Whether the name may be refused because an earlier request of this create took it after the look-up."""
    return isinstance(error, Rejected) and counts.name_is_unique and counts.unconfirmed > 0


def _wait(error: ProviderError, counts: Counts) -> float:
    if isinstance(error, Throttled):
        return min(error.retry_after or THROTTLED_WAIT, LONGEST_WAIT)
    return min(FIRST_WAIT * 2 ** min(counts.attempt - 1, 10), LONGEST_BACKOFF)
