"""Facts about the user who logs in that are worth knowing before the first pixel is sent.

Source: https://learn.microsoft.com/en-us/xandr/digital-platform-api/user-service (GET /user?current)
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ..values import Remark
from . import envelope
from .mapping import moment
from .session import Session

SOON = timedelta(days=14)


def current(session: Session) -> dict[str, Any]:
    """The user's object; empty if the answer has none."""
    # Part of the path, as the document prints it, because it is a parameter without a value.
    objects = envelope.objects(session.call("read", "GET", "/user?current"), ("users", "user"))
    return objects[0] if objects and isinstance(objects[0], dict) else {}


def worth_knowing(user: dict[str, Any], *, by_password: bool) -> Remark:
    """What this user's object says that people should know.

    `by_password`: warn if the password expires soon. A key works after that too.
    """
    read_only = user.get("read_only") in (True, 1, "1", "true")
    expires = moment(user.get("password_expires_on")) if by_password else None
    if expires and timedelta() <= expires - datetime.now(UTC) <= SOON:
        date = f"{expires:%Y-%m-%d}"
        return Remark.of("xandr.read_only_and_expires" if read_only else "xandr.password_expires", date=date)
    return Remark.of("xandr.read_only") if read_only else Remark()
