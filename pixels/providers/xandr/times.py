"""Xandr's times: "YYYY-MM-DD HH:MM:SS", in UTC."""

from __future__ import annotations

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
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
