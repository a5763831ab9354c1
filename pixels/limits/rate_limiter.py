"""The rate limiter before each request: one for each user of a provider, shared by all workers through a database row.

Within the provider's window, PixelHub makes no more calls than it allows itself (Provider.limits), and fewer once the
provider has answered "too many". The calls are shared among owners (connections, and purposes such as a pull): an owner
that wants less than an equal share gets all it wants, and those that were refused share the rest equally. A small part
is reserved for owners that call seldom.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import math
import secrets
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction

from pixels.limits import clock
from pixels.models import Connection, RateLimit
from pixels.providers.errors import NotSent, Throttled, Waiting
from pixels.providers.protocols import CallKind
from pixels.providers.secret import Secret
from pixels.providers.values import Limits

log = logging.getLogger(__name__)

MARGIN = 0.1  # seconds added to the provider's window, since requests take different times to arrive
RESERVED = 20  # one call in so many is reserved for owners that call seldom
LONGEST_WAIT = 3600.0  # seconds; the longest wait that a provider can ask for
DEFAULT_WAIT = 60.0  # seconds to wait where the provider names no time
GRANTED_AHEAD = 10  # calls granted at once where only concurrent requests are limited, to save writes
BUSY_WAIT = 1.0  # seconds to wait while as many requests are under way as are allowed

Entry = list[Any]
NUMBER = (int, float)
CALL, ON_THE_WAY = (NUMBER, str), (NUMBER, str, int)  # the types of the parts of an entry


class LeaseTooShort(NotSent):
    """The claim would end before the answer can come. PixelHub itself was slow; this says nothing about the
    provider."""


class UserRateLimiter:
    """The rate limiter of one provider object (providers/protocols.py), kept in one row.

    A provider object makes its requests one after the other, or a few at a time, so when it asks for the next, its
    earlier ones have ended.
    """

    def __init__(self, key: str, limits: Limits, owner: str, label: str, lease_until: datetime | None) -> None:
        self.asked: CallKind | None = None  # the kind of the latest call that was allowed
        self._key = key
        self._limits = limits
        self._owner = owner
        self._label = label
        self._lease_until = lease_until
        self._mark = secrets.token_hex(4)
        self._holds = 0  # requests that may be under way

    def __call__(self, call: CallKind, wanted: int = 1) -> int:
        """Ask for `wanted` calls that are made now. Returns how many may be made.

        The result may be more than `wanted` where calls are not counted, so that not each of many calls has to ask.
        Raises Waiting, or LeaseTooShort where the claim would end before the answer can come.
        """
        if self._lease_until and clock.now() + timedelta(seconds=settings.CALL_DEADLINE) > self._lease_until:
            raise LeaseTooShort("limits.held_up")
        if not wanted:
            return 0  # an earlier call has asked for it, so it is counted
        limit = self._limits.writes if call == "write" else self._limits.reads
        granted = self._without_a_row(wanted) if limit is None and not self._limits.at_once else None
        if granted is None:
            with self._row() as (row, now):
                self._look(row, now)
                granted = self._take(row, call, limit, wanted, now)
        self.asked = call
        return granted

    def throttled(self, error: Throttled) -> None:
        """The provider answered "too many": nobody calls until the time that it names, and fewer calls are allowed
        afterwards."""
        wait = min(error.retry_after or DEFAULT_WAIT, LONGEST_WAIT)
        with self._row() as (row, now):
            row.blocked_until = _moment(max(_blocked(row, now), now + wait))
            kind = f"{self.asked or 'read'}s"
            limit = self._limits.writes if self.asked == "write" else self._limits.reads
            if limit is not None:
                used = len(self._in_window(getattr(row, kind), now))
                allowed = getattr(row, f"{kind}_allowed") or limit
                # The provider allows less than we counted, or other clients use it too, whose calls are not counted
                # here.
                setattr(row, f"{kind}_allowed", min(allowed, max(1, allowed // 2, used - 1)))
                row.adjusted_at = _moment(now)

    def release(self) -> None:
        """Note that the last request has ended."""
        if self._holds:
            # without the database, its entry ends by its own time
            with suppress(DatabaseError), self._row() as (row, _):
                row.on_the_way = [entry for entry in _sound(row.on_the_way, ON_THE_WAY) if entry[1] != self._mark]
            self._holds = 0

    def _without_a_row(self, wanted: int) -> int | None:
        """Where no calls are counted, check only whether the provider has asked us to wait."""
        row = RateLimit.objects.filter(pk=self._key, blocked_until__isnull=False).first()
        if row is not None:
            self._look(row, clock.now().timestamp())
        return wanted

    @contextmanager
    def _row(self) -> Iterator[tuple[RateLimit, float]]:
        """The row, locked, and the time in seconds; the row is saved at the end."""
        with transaction.atomic():
            row = RateLimit.objects.select_for_update().filter(pk=self._key).first()
            if row is None:
                # Another worker may insert it at the same moment.
                RateLimit.objects.bulk_create([RateLimit(key=self._key)], ignore_conflicts=True)
                row = RateLimit.objects.select_for_update().get(pk=self._key)
            refused: Waiting | None = None
            try:
                yield row, clock.now().timestamp()
            except Waiting as error:
                refused = error  # raised after the row is saved, which now says who has to wait
            row.save()
        if refused:
            raise refused

    def _look(self, row: RateLimit, now: float) -> None:
        if until := _blocked(row, now):
            raise Waiting("provider.throttled", provider=self._label, retry_after=until - now)

    def _take(self, row: RateLimit, call: CallKind, limit: int | None, wanted: int, now: float) -> int:
        others = _sound(row.on_the_way, ON_THE_WAY)
        others = [entry for entry in others if now < entry[0] <= now + 2 * settings.CALL_DEADLINE]
        others = [entry for entry in others if entry[1] != self._mark]
        slots = min(wanted, settings.PULL_CONNECTIONS)
        if self._limits.at_once:
            slots = min(slots, self._limits.at_once - sum(entry[2] for entry in others))
            if slots < 1:
                raise Waiting("limits.crowded", provider=self._label, retry_after=BUSY_WAIT)
        granted = slots
        if limit is not None:
            granted = self._spend(row, f"{call}s", limit, slots, now)
        elif slots == wanted:
            granted = max(wanted, GRANTED_AHEAD)
        if self._limits.at_once:
            self._holds = max(self._holds, slots)  # with calls granted ahead, earlier requests may not have ended yet
            row.on_the_way = [*others, [now + settings.CALL_DEADLINE, self._mark, self._holds]]
        return granted

    def _spend(self, row: RateLimit, kind: str, limit: int, wanted: int, now: float) -> int:
        allowed = self._allowed(row, kind, limit, now)
        used = self._in_window(getattr(row, kind), now)
        refused = self._in_window(getattr(row, f"{kind}_refused"), now)
        room = _room(used, self._owner, allowed, {entry[1] for entry in refused})
        if room < 1:
            others = [entry for entry in refused if entry[1] != self._owner]
            setattr(row, f"{kind}_refused", [*others, [now, self._owner]])
            own = [entry for entry in used if entry[1] == self._owner]
            # If this owner's share is used up, wait for its own oldest call to leave the window; if all is used up, for
            # any.
            oldest = min(entry[0] for entry in (used if len(used) >= allowed or not own else own))
            raise Waiting(
                "limits.writes" if kind == "writes" else "limits.reads",
                provider=self._label,
                count=allowed,
                seconds=self._limits.window,
                retry_after=max(oldest + self._limits.window + MARGIN - now, 0.01),
            )
        granted = min(wanted, room)
        setattr(row, kind, [*used, *([now, self._owner] for _ in range(granted))])
        return granted

    def _in_window(self, entries: Any, now: float) -> list[Entry]:
        """The calls within the window, also those a little in the future: another worker's clock may be ahead, and
        without counting its calls we would exceed the limit."""
        since, until = now - self._limits.window - MARGIN, now + self._limits.window
        return [entry for entry in _sound(entries, CALL) if since < entry[0] <= until]

    def _allowed(self, row: RateLimit, kind: str, limit: int, now: float) -> int:
        """How many calls are allowed now. After "too many" the number grows by a tenth of the limit in each window."""
        lowered = getattr(row, f"{kind}_allowed")
        if lowered is None or lowered >= limit:
            return limit
        since = now - row.adjusted_at.timestamp() if row.adjusted_at else self._limits.window
        if since >= self._limits.window or since < -self._limits.window:
            lowered = min(limit, lowered + math.ceil(limit / 10))
            setattr(row, f"{kind}_allowed", None if lowered >= limit else lowered)
            row.adjusted_at = _moment(now)
        return max(1, int(lowered))


def _room(used: list[Entry], owner: str, allowed: int, refused: Collection[str]) -> int:
    """How many more calls this owner may make now.

    `used`: the calls in the window. `refused`: owners that were refused in it.
    """
    calls = Counter(entry[1] for entry in used)
    reserved = max(1, allowed // RESERVED) if allowed > 1 else 0
    sharing = {*refused, owner}
    others = sum(number for one, number in calls.items() if one not in sharing)
    share = (allowed - reserved - others) // len(sharing)
    return min(allowed - len(used), max(share, reserved, 1) - calls[owner])


def rate_limiter_for(
    connection: Connection,
    credentials: Mapping[str, str | Secret],
    purpose: str = "",
    lease_until: datetime | None = None,
) -> UserRateLimiter:
    """The rate limiter of this connection's user. A `purpose` has a share of its own: a long pull leaves room for
    people's changes."""
    provider = connection.provider_class
    owner = f"{connection.pk.hex[:12]}{purpose}"
    return UserRateLimiter(_key(connection, credentials), provider.limits(), owner, provider.label, lease_until)


def _key(connection: Connection, credentials: Mapping[str, str | Secret]) -> str:
    """The key of the row: the same for all connections, of any team, that speak as the same user of a provider."""
    names = connection.provider_class.user_fields or sorted(credentials)
    given = [credentials[name] for name in names if name in credentials]
    who = [value.reveal() if isinstance(value, Secret) else value for value in given]
    parts = "\0".join([connection.provider, connection.environment, *who])
    return hmac.new(settings.SECRET_KEY.encode(), parts.encode(), hashlib.sha256).hexdigest()


def _blocked(row: RateLimit, now: float) -> float:
    """When calls are allowed again, in seconds since 1970; 0 if they are, or if the time is too far ahead to be
    right."""
    until = row.blocked_until.timestamp() if row.blocked_until else 0
    return until if now < until <= now + LONGEST_WAIT + clock.MAX_SKEW else 0


def _sound(entries: Any, kinds: tuple[Any, ...]) -> list[Entry]:
    """The entries that PixelHub can have written; others, edited by hand, are dropped, so that they block nobody."""
    found = [entry for entry in entries if _is_sound(entry, kinds)] if isinstance(entries, list) else []
    if found != entries:
        log.warning("limiter: entries that make no sense were dropped")
    return found


def _is_sound(entry: Any, kinds: tuple[Any, ...]) -> bool:
    right = isinstance(entry, list) and len(entry) == len(kinds)
    return right and all(isinstance(part, kind) for part, kind in zip(entry, kinds, strict=True))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
