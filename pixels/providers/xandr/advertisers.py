"""The advertisers of the member, to pick ad accounts from.

Source: https://learn.microsoft.com/en-us/xandr/digital-platform-api/advertiser-service (GET /advertiser)
"""

from __future__ import annotations

from ..values import AdAccountRef
from . import lists
from .session import Session

NAMES = ("advertisers", "advertiser")


def all_of(session: Session) -> list[AdAccountRef]:
    """Complete, or an error. Names come scrubbed: they go straight to a screen."""
    found = []
    for remote_id, item in lists.whole(session, "/advertiser", NAMES).items():
        code, name = item.get("code"), item.get("name")
        found.append(
            AdAccountRef(
                id=remote_id,
                code=code if isinstance(code, str) and code else None,
                name=session.clean_text(name) if isinstance(name, str) else "",
            )
        )
    return found
