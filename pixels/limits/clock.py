"""The database's clock, by which all workers count leases and waits.

A worker whose own clock is wrong, or is set while it runs, claims nothing too early and keeps nothing waiting too long.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.utils import timezone

READ_AGAIN_AFTER = 60.0  # seconds; in between, this process's monotonic clock is added to the last reading
PRECISE_ENOUGH = 0.005  # seconds that a reading may take; the result is uncertain by as much
READINGS = 5  # at most; a busy machine may pause this process in the middle of a reading
MAX_SKEW = 5.0  # seconds by which two workers' clocks may differ; a time this far ahead is still believed

_read: tuple[datetime, float] | None = None


def now() -> datetime:
    """The current time by the database's clock."""
    global _read
    if connection.vendor == "sqlite":
        return timezone.now()  # one machine, one clock
    if _read is None or time.monotonic() - _read[1] > READ_AGAIN_AFTER:
        _read = _ask_database()
    moment, at = _read
    return moment + timedelta(seconds=time.monotonic() - at)


def _ask_database() -> tuple[datetime, float]:
    """The database's time and this process's monotonic time (in seconds) at the same moment; the quickest of a few
    readings.

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
            if took < PRECISE_ENOUGH:
                break
    assert best is not None
    return best[1], best[2]


def passed(field: str, moment: datetime, longest: float) -> Q:
    """The time in this field is over, is not set, or cannot be right.

    A time cannot be right that lies more than `longest` seconds ahead: the clock that set it was wrong, or was set back
    since.
    """
    too_far = moment + timedelta(seconds=longest + MAX_SKEW)
    return Q(**{field: None}) | Q(**{f"{field}__lte": moment}) | Q(**{f"{field}__gt": too_far})
