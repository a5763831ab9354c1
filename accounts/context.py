from typing import Any

from django.http import HttpRequest

from .access import memberships


def team(request: HttpRequest) -> dict[str, Any]:
    """The team whose frame is drawn: that of the address, else (account page, errors) the first one."""
    mine = memberships(request)
    membership = getattr(request, "membership", None) or next(iter(mine), None)
    return {"team": membership and membership.team, "membership": membership, "memberships": mine}
