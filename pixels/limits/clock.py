"""The clock by which leases and waits are counted: the database's, which all workers share.

A machine whose own clock is wrong, or is set while PixelHub runs, claims nothing early and keeps nothing waiting.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.utils import timezone

READ_AGAIN_AFTER = 60.0  # seconds, which this process' own steady clock carries on
CLOSE_ENOUGH = 0.005  # seconds that a reading may take; the time that it gives is as uncertain as that
READINGS = 5  # tries until one is close enough; a busy machine may hold this process up in the middle of each
APART = 5.0  # seconds by which the clocks of two workers may differ: what one has just set is not too far for another

_read: tuple[datetime, float] | None = None


def now() -> datetime:
    global _read
    if connection.vendor == "sqlite":
        return timezone.now()  # one machine, one clock
    if _read is None or time.monotonic() - _read[1] > READ_AGAIN_AFTER:
        _read = _ask_database()
    moment, at = _read
    return moment + timedelta(seconds=time.monotonic() - at)


def _ask_database() -> tuple[datetime, float]:
    """The database's time, and this process' steady clock (in seconds) at that moment: the quickest of a few readings.

    The database answers at some moment between the question and the answer; the middle is the best guess.
    """
    best: tuple[float, datetime, float] | None = None
    with connection.cursor() as cursor:
        for _ in range(READINGS):
            asked = time.monotonic()
            cursor.execute("SELECT clock_timestamp()")
            moment = cursor.fetchone()[0].astimezone(UTC)
            took = time.monotonic() - asked
            if best is None or took < best[0]:
                best = took, moment, asked + took / 2
            if took < CLOSE_ENOUGH:
                break
    assert best is not None
    return best[1], best[2]


def passed(field: str, moment: datetime, longest: float) -> Q:
    """The time in this field is over, or there is none, or it cannot be right: further away than anything waits, as
    when a clock was set back since."""
    too_far = moment + timedelta(seconds=longest + APART)
    return Q(**{field: None}) | Q(**{f"{field}__lte": moment}) | Q(**{f"{field}__gt": too_far})
