"""The member's advertisers, which users pick their ad accounts from.

Source: https://learn.microsoft.com/en-us/xandr/digital-platform-api/advertiser-service (GET /advertiser)
"""

from __future__ import annotations

from ..values import AdAccountRef
from . import lists
from .session import Session

NAMES = ("advertisers", "advertiser")


def all_of(session: Session) -> list[AdAccountRef]:
    """All advertisers. Raises ProviderError instead of returning a part.

    Names are redacted and shortened, as they are shown on a page.
    """
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
