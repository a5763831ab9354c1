from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

from django.db.models import Func, IntegerField, OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Activity, Role
from pixels.models import Connection, Pixel, SyncRun
from pixels.models.state import State, queries

# What needs a person, worst first: key of the list's state filter, words for one and for many.
NEEDS = {
    "unknown": ("may or may not exist at the provider", "may or may not exist at the provider", "question-mark"),
    "failed": ("could not be created, changed or deleted", "could not be created, changed or deleted", "x"),
    "duplicate": ("is held more than once at the provider", "are held more than once at the provider", "copy"),
    "drifted": ("differs at the provider", "differ at the provider", "arrows-diff"),
    "gone": ("was deleted at the provider", "were deleted at the provider", "trash-x"),
    "absent": ("was not in the last list", "were not in the last list", "eye-off"),
}
COUNTED = ("live", "waiting", *NEEDS)


@require_safe
@team_view(Role.VIEWER)
def overview(request: TeamRequest) -> HttpResponse:
    """What needs you first, then what is current, then what happened; the same few queries however many pixels."""
    runs = SyncRun.objects.filter(connection=OuterRef("pk")).order_by("-created_at", "-id")
    rows = Connection.objects.for_team(request.team).prefetch_related("ad_accounts")
    rows = rows.annotate(last_run=Subquery(runs.values("state")[:1]), **_numbers()).order_by("created_at", "pk")
    connections: list[Any] = list(rows)  # with the numbers
    counts = {key: sum(getattr(one, f"{key}_count") for one in connections) for key in COUNTED}
    counts["total"] = sum(one.pixel_count for one in connections)
    in_use = [connection for connection in connections if not connection.disconnected_at]
    needs = [
        {"state": key, "count": counts[key], "words": one if counts[key] == 1 else many, "icon": icon}
        for key, (one, many, icon) in NEEDS.items()
        if counts[key]
    ]
    context = {
        "counts": counts,
        "needs": needs,
        "stopped": [one for one in in_use if one.last_run == SyncRun.State.STOPPED],
        "refused": [one for one in in_use if one.test == Connection.Test.REFUSED or one.paused_at],
        "down": [one for one in in_use if one.is_down],
        "connections": in_use,
        "activities": Activity.objects.filter(team=request.team).select_related("actor")[:8],
        "sandbox_page": bool(in_use) and all(connection.is_sandbox for connection in in_use),
    }
    return render(request, "pixels/overview.html", context)


def _numbers() -> dict[str, Any]:
    """Of each connection, how many pixels it has and how many of them in which state: each number from one stretch of
    the index that begins with the connection, so that no pixel is looked into."""
    kept = Pixel.objects.filter(connection=OuterRef("pk"), archived_at=None).order_by()
    number = Func(template="COUNT(*)", output_field=IntegerField())  # Count() would group, and take twice as long
    found = {"pixel_count": [kept.current()]}
    found |= {f"{key}_count": [kept.filter(kind) for kind in queries(State(key))] for key in COUNTED}
    return {name: reduce(add, (Subquery(one.values(number=number)) for one in parts)) for name, parts in found.items()}
