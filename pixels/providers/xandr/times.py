"""Xandr's times: "YYYY-MM-DD HH:MM:SS", in UTC."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any


def moment(value: Any) -> datetime | None:
    """The time in UTC; None if the value is not a time."""
    try:
        found = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None or found.tzinfo:
        return found
    return found.replace(tzinfo=UTC)


def text(moment: datetime) -> str:
    """The time as Xandr writes it. (strftime would write years before 1000 with fewer than four digits.)"""
    with suppress(OverflowError):  # in UTC it would lie outside of the calendar; a few hours do not matter there
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
