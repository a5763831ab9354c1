"""Who is logged in: what is worth knowing before the first pixel is sent.

Source: https://learn.microsoft.com/en-us/xandr/digital-platform-api/user-service (GET /user?current)
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from . import envelope
from .session import Session
from .times import moment

SOON = timedelta(days=14)


def current(session: Session) -> dict[str, Any]:
    """The user object; empty where a positive answer holds none."""
    # In the path, as Xandr prints it: a parameter without a value.
    objects = envelope.objects(session.call("read", "GET", "/user?current"), ("users", "user"))
    return objects[0] if objects and isinstance(objects[0], dict) else {}


def worth_knowing(user: dict[str, Any], *, by_password: bool) -> str:
    """Sentences, or none. Keys go on when the password has run out, so it matters only to those who use one."""
    sentences = []
    if user.get("read_only") in (True, 1, "1", "true"):
        sentences.append("This user can look but not change: Xandr will refuse to create, change or delete pixels.")
    expires = moment(user.get("password_expires_on")) if by_password else None
    if expires and timedelta() <= expires - datetime.now(UTC) <= SOON:
        sentences.append(f"Its password expires on {expires:%Y-%m-%d}.")
    return " ".join(sentences)
