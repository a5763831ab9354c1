from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from django.db.models import Func, IntegerField, OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_view
from accounts.activity import line
from accounts.models import Activity, Membership, Role, Team
from pixelhub.components import Banner, Empty
from pixels.messages import connection_sentence
from pixels.models import Connection, Pixel, SyncRun
from pixels.models.state import LOOKS, State, queries
from pixels.templatetags.times import at

# What needs a person, worst first.
NEEDS = (State.UNKNOWN, State.FAILED, State.DUPLICATE, State.DRIFTED, State.GONE, State.ABSENT)
COUNTED = (State.LIVE, State.WAITING, *NEEDS)


@dataclass(frozen=True)
class Need:
    """Something that waits for a person: a sentence with its link, after a chip or an icon alone."""

    sentence: SafeString
    icon: str
    tone: str = ""  # of the chip
    chip: str = ""


@dataclass(frozen=True)
class ConnectionRow:
    connection: Connection
    pixels: str


@require_safe
@team_view(Role.VIEWER)
def overview(request: TeamRequest) -> HttpResponse:
    """What needs you first, then what is current, then what happened; the same few queries however many pixels."""
    runs = SyncRun.objects.filter(connection=OuterRef("pk")).order_by("-created_at", "-id")
    rows = Connection.objects.for_team(request.team).prefetch_related("ad_accounts")
    rows = rows.annotate(last_run=Subquery(runs.values("state")[:1]), **_numbers()).order_by("created_at", "pk")
    connections: list[Any] = list(rows)  # with the numbers
    counts = {key: sum(getattr(one, f"{key}_count") for one in connections) for key in COUNTED}
    total = sum(one.pixel_count for one in connections)
    in_use = [connection for connection in connections if not connection.disconnected_at]
    needs = [*_of_connections(in_use, request.team), *_of_pixels(counts, request.team)] if in_use else []
    all_well = Banner("live", "check", sentences=(_("Nothing needs you."),))
    context = {
        "state": _state(counts, total) if total else request.team.name,
        "connections": [_connection(one) for one in in_use],
        "needs": needs,
        "all_well": all_well if in_use and total and not needs else None,
        "empty": _empty(request.membership, bool(in_use)) if not in_use or not total else None,
        "lines": [line(activity) for activity in Activity.objects.filter(team=request.team)[:8]],
        "sandbox_page": bool(in_use) and all(connection.is_sandbox for connection in in_use),
    }
    return render(request, "pixels/overview.html", context)


def _state(counts: dict[State, int], total: int) -> str:
    live, waiting = counts[State.LIVE], counts[State.WAITING]
    sentence = ngettext("{live} of {total} pixel live", "{live} of {total} pixels live", total)
    if waiting:
        sentence = ngettext(
            "{live} of {total} pixel live, {waiting} under way",
            "{live} of {total} pixels live, {waiting} under way",
            total,
        )
    return sentence.format(live=live, total=total, waiting=waiting)


def _connection(connection: Any) -> ConnectionRow:
    count = connection.pixel_count
    return ConnectionRow(connection, ngettext("{count} pixel", "{count} pixels", count).format(count=count))


def _of_connections(in_use: list[Any], team: Team) -> Iterator[Need]:
    for connection in in_use:
        if connection.paused_at:
            yield Need(_about(connection, team, "{reason}"), "player-pause", "needs", _("Paused"))
        elif connection.test == Connection.Test.REFUSED:
            yield Need(_about(connection, team, "{reason}"), "x", "failed", _("Refused"))
    for connection in in_use:
        if connection.is_down:
            text = _about(connection, team, _("has not answered since {time}; it is tried again by itself"))
            yield Need(text, "plug-x", "needs", _("Not reachable"))
    for connection in in_use:
        if connection.last_run == SyncRun.State.STOPPED:
            text = _about(connection, team, _("Many pixels are not in its list any more."))
            yield Need(text, "alert-triangle", "needs", _("Sync stopped"))


def _about(connection: Connection, team: Team, sentence: str) -> SafeString:
    """A link to the connection, and what to know about it."""
    text = format_html(
        sentence,
        reason=connection_sentence(connection),
        time=at(connection.down_since) if connection.down_since else "",
    )
    url = reverse("connection", args=[team.slug, connection.pk])
    return format_html('<a href="{}">{}</a> {}', url, connection, text)


def _of_pixels(counts: dict[State, int], team: Team) -> Iterator[Need]:
    list_url = reverse("pixel_list", args=[team.slug])
    for state in NEEDS:
        if count := counts[state]:
            text = format_html(_need(state, count), url=f"{list_url}?state={state}", count=count)
            _tone, icon = LOOKS[state]
            yield Need(text, icon)


def _need(state: State, count: int) -> str:
    sentences = {
        State.UNKNOWN: ngettext(
            '<a href="{url}">{count} pixel</a> may or may not exist at the provider',
            '<a href="{url}">{count} pixels</a> may or may not exist at the provider',
            count,
        ),
        State.FAILED: ngettext(
            '<a href="{url}">{count} pixel</a> could not be created, changed or deleted',
            '<a href="{url}">{count} pixels</a> could not be created, changed or deleted',
            count,
        ),
        State.DUPLICATE: ngettext(
            '<a href="{url}">{count} pixel</a> is held more than once at the provider',
            '<a href="{url}">{count} pixels</a> are held more than once at the provider',
            count,
        ),
        State.DRIFTED: ngettext(
            '<a href="{url}">{count} pixel</a> differs at the provider',
            '<a href="{url}">{count} pixels</a> differ at the provider',
            count,
        ),
        State.GONE: ngettext(
            '<a href="{url}">{count} pixel</a> was deleted at the provider',
            '<a href="{url}">{count} pixels</a> were deleted at the provider',
            count,
        ),
        State.ABSENT: ngettext(
            '<a href="{url}">{count} pixel</a> was not in the last list',
            '<a href="{url}">{count} pixels</a> were not in the last list',
            count,
        ),
    }
    return sentences[state]


def _empty(membership: Membership, has_connections: bool) -> Empty:
    slug = membership.team.slug
    if has_connections and membership.can_edit:
        return Empty(
            _("Create your first pixel"),
            _("Tick what happens on the website; PixelHub creates the pixels and hands you the code."),
            reverse("pixel_new", args=[slug]),
            _("New pixel"),
            icon="grid-dots",
        )
    if has_connections:
        return Empty(_("No pixels yet"), _("Editors of this team can create them."), icon="grid-dots")
    if membership.can_manage:
        return Empty(
            _("Connect your first provider"),
            _(
                "With the credentials of one provider here, you tick events and get pixels and the code to paste. "
                "The sandbox lets you try it without an account."
            ),
            reverse("connection_new", args=[slug]),
            _("Add connection"),
            icon="plug",
        )
    return Empty(
        _("No provider is connected yet"),
        _("An owner or admin of this team can add the first connection."),
        icon="plug",
    )


def _numbers() -> dict[str, Any]:
    """Of each connection, how many pixels it has and how many of them in which state: each number from one stretch of
    the index that begins with the connection, so that no pixel is looked into."""
    kept = Pixel.objects.filter(connection=OuterRef("pk"), archived_at=None).order_by()
    number = Func(template="COUNT(*)", output_field=IntegerField())  # Count() would group, and take twice as long
    found = {"pixel_count": [kept.current()]}
    found |= {f"{key}_count": [kept.filter(kind) for kind in queries(key)] for key in COUNTED}
    return {name: reduce(add, (Subquery(one.values(number=number)) for one in parts)) for name, parts in found.items()}
