"""Xandr's times: "YYYY-MM-DD HH:MM:SS", in UTC."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any


def moment(value: Any) -> datetime | None:
    """None where it is no such time."""
    try:
        found = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None or found.tzinfo:
        return found
    return found.replace(tzinfo=UTC)


def text(moment: datetime) -> str:
    """Four digits for every year, which strftime does not give to those before 1000."""
    with suppress(OverflowError):  # beyond the calendar's ends by a few hours: as good without them
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
