from typing import Any

from django.http import HttpRequest

from .access import memberships


def team(request: HttpRequest) -> dict[str, Any]:
    """The team that the page's frame shows: that of the address, otherwise (account page, errors) the person's first
    one."""
    mine = memberships(request)
    membership = getattr(request, "membership", None) or next(iter(mine), None)
    return {"team": membership and membership.team, "membership": membership, "memberships": mine}
