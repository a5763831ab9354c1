from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role, Team
from pixelhub.components import Empty
from pixelhub.templatetags import ui
from pixels.forms.filters import PixelFilterForm
from pixels.models import Connection, Pixel
from pixels.models.badge import Badge

from .pages import LongPaginator
from .refresh import page_or_news

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

PER_PAGE = 50
FOLLOW, LINGER = "2s", "10s"  # between two looks at what is under way; seldom where its connection is paused
# What a row shows, and what its badge is made of.
SHOWN = [
    *(
        "name",
        "remote_id",
        "remote_state",
        "options",
        "lifecycle",
        "remote_status",
        "error_code",
        "archived_at",
        "checked_at",
        "created_at",
        "updated_at",
    ),
    *(f"connection__{name}" for name in ("provider", "environment", "paused_at", "disconnected_at")),
    *("ad_account__listed_at", "website__name"),
]
COLUMNS = [
    ("name", gettext_lazy("Name")),
    ("provider", gettext_lazy("Provider")),
    ("website", gettext_lazy("Website")),
    ("state", gettext_lazy("State")),
    ("created", gettext_lazy("Created")),
]


@dataclass(frozen=True)
class Row:
    """A pixel in the table. What is HTML already is drawn once for all rows that show the same."""

    url: str
    name: str
    mark: str
    provider: str
    website: str
    chip: str
    created: str
    remote_id: str
    short_id: str
    copy_id: str
    copy_label: str
    last_checked: str


@require_safe
@team_view(Role.VIEWER)
def pixel_list(request: TeamRequest) -> HttpResponse:
    filters = PixelFilterForm(request.team, request.GET)
    pixels = Pixel.objects.for_team(request.team)
    # Not through the team: SQLite would take that for the shorter way. What is found is the team's.
    rows = Pixel.objects.select_related("connection", "ad_account", "website").only(*SHOWN)
    found = filters.apply(pixels)
    total = None if filters.is_active else _number(request.team)
    pages = LongPaginator(found, rows, PER_PAGE, total=total, costly=filters.is_costly)
    page = pages.get_page(request.GET.get("page"))
    under_way = [pixel for pixel in page if pixel.is_pending and not pixel.is_blocked]
    context = {
        "page_obj": page,
        "rows": _rows(request.team, page),
        "empty": None if page else _empty(request, filters),
        "filters": filters,
        "columns": [_column(filters.order, key, label) for key, label in COLUMNS],
        "is_busy": bool(under_way),
        "every": FOLLOW if any(pixel.connection.is_usable for pixel in under_way) else LINGER,
        "sandbox_page": bool(page) and all(pixel.connection.is_sandbox for pixel in page),
    }
    news = [(pixel.pk, pixel.lifecycle, pixel.remote_status, pixel.updated_at) for pixel in page]
    return page_or_news(request, "pixels/pixel_list.html", "pixels/pixel_table.html", context, *news)


def _rows(team: Team, pixels: Iterable[Pixel]) -> list[Row]:
    list_url = reverse("pixel_list", args=[team.slug])
    copy_label, none = gettext("Copy remote id of {pixel}"), gettext("none")
    mark, ago, chip, provider = cache(ui.mark), cache(ui.ago), cache(_chip), cache(_provider)
    return [
        Row(
            url=f"{list_url}{pixel.pk}/",
            name=pixel.name,
            mark=mark(pixel.provider_class.label),
            provider=provider(pixel.provider_class.label, pixel.connection.is_sandbox),
            website=str(pixel.website) if pixel.website else format_html('<span class="muted">{}</span>', none),
            chip=chip(pixel.badge),
            created=ago(pixel.created_at),
            remote_id=pixel.remote_id,
            short_id=Truncator(pixel.remote_id).chars(16),
            copy_id=f"copy-{pixel.pk.hex}",
            copy_label=copy_label.format(pixel=pixel.name),
            last_checked=ago(pixel.last_checked),
        )
        for pixel in pixels
    ]


def _chip(badge: Badge) -> str:
    return render_to_string("components/chip.html", {"badge": badge})


def _provider(label: str, is_sandbox: bool) -> str:
    if not is_sandbox:
        return label
    return format_html('{} <span class="badge-sandbox">{}</span>', label, gettext("Sandbox"))


def _empty(request: TeamRequest, filters: PixelFilterForm) -> Empty:
    slug, membership = request.team.slug, request.membership
    if filters.is_active:
        return Empty(
            gettext("No pixel matches"),
            filters.described,
            reverse("pixel_list", args=[slug]),
            gettext("Clear filters"),
            icon="search",
        )
    if membership.can_manage and not Connection.objects.for_team(request.team).exists():
        return Empty(
            gettext("Connect a provider first"),
            gettext("Pixels are created at a provider, with the credentials of a connection."),
            reverse("connection_new", args=[slug]),
            gettext("Add connection"),
            icon="plug",
        )
    if membership.can_edit:
        return Empty(
            gettext("No pixels yet"),
            gettext("Tick what happens on the website; PixelHub creates the pixels and hands you the code to paste."),
            reverse("pixel_new", args=[slug]),
            gettext("New pixel"),
            icon="grid-dots",
        )
    return Empty(gettext("No pixels yet"), gettext("Editors of this team can create them."), icon="grid-dots")


def _column(sort: str, key: str, label: _StrOrPromise) -> dict[str, _StrOrPromise]:
    """The head of a column: a click sorts by it, a second one the other way round."""
    direction = {key: "ascending", f"-{key}": "descending"}.get(sort, "")
    return {"label": label, "direction": direction, "sort": f"-{key}" if direction == "ascending" else key}


def _number(team: Team) -> int:
    """How many pixels a team has: by connection, because the shortest index begins with it."""
    return Pixel.objects.filter(connection__in=Connection.objects.for_team(team)).current().count()
