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
APART = 5.0  # seconds by which the clocks of two workers may differ: what one has just set is not too far for another

_read: tuple[datetime, float] | None = None


def now() -> datetime:
    global _read
    if connection.vendor == "sqlite":
        return timezone.now()  # one machine, one clock
    if _read is None or time.monotonic() - _read[1] > READ_AGAIN_AFTER:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            _read = cursor.fetchone()[0].astimezone(UTC), time.monotonic()
    moment, at = _read
    return moment + timedelta(seconds=time.monotonic() - at)


def passed(field: str, moment: datetime, longest: float) -> Q:
    """The time in this field is over, or there is none, or it cannot be right: further away than anything waits, as
    when a clock was set back since."""
    too_far = moment + timedelta(seconds=longest + APART)
    return Q(**{field: None}) | Q(**{f"{field}__lte": moment}) | Q(**{f"{field}__gt": too_far})
