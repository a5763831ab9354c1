"""The one check of access: who may open a team's page.

Somebody who is not in the team gets the same 404 as for a team that does not exist. Somebody in it with too low a role
gets a 403. Views below /t/<slug:team_slug>/ are decorated with @team_view, and need no check of their own.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django_htmx.middleware import HtmxDetails

from .models import Membership, Role, Team, User


class TeamRequest(HttpRequest):
    """The request that a @team_view gets."""

    user: User
    team: Team
    membership: Membership
    htmx: HtmxDetails


def memberships(request: HttpRequest) -> list[Membership]:
    """The signed-in person's memberships, read once per request: for the access check and for the team switcher."""
    if not hasattr(request, "memberships"):
        user = getattr(request, "user", None)
        found = user.memberships.select_related("team") if user and user.is_authenticated else ()
        request.memberships = list(found)  # type: ignore[attr-defined]
    return cast(list[Membership], request.memberships)  # type: ignore[attr-defined]


def team_view(role: Role) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def checked(request: TeamRequest, team_slug: str, **kwargs: Any) -> HttpResponse:
            membership = next((m for m in memberships(request) if m.team.slug == team_slug), None)
            if membership is None:
                raise Http404
            membership.user = request.user
            request.team, request.membership = membership.team, membership
            if not membership.can(role):
                raise PermissionDenied
            return view(request, **kwargs)

        checked.required_role = role  # type: ignore[attr-defined]
        return checked

    return decorate
