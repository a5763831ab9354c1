from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role, Team
from pixels.forms.filters import PixelFilterForm
from pixels.models import Connection, Pixel

from .pages import LongPaginator
from .refresh import page_or_news

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
    ("name", "Name"),
    ("provider", "Provider"),
    ("website", "Website"),
    ("state", "State"),
    ("created", "Created"),
]


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
    under_way = [pixel for pixel in page if pixel.is_pending and not pixel.stands_still]
    context = {
        "page_obj": page,
        "filters": filters,
        "columns": [_column(filters.order, key, label) for key, label in COLUMNS],
        "is_busy": bool(under_way),
        "every": FOLLOW if any(pixel.connection.is_usable for pixel in under_way) else LINGER,
        "has_connections": bool(page) or Connection.objects.for_team(request.team).exists(),
        "has_sandbox": any(pixel.connection.is_sandbox for pixel in page),
        "sandbox_page": bool(page) and all(pixel.connection.is_sandbox for pixel in page),
    }
    news = [(pixel.pk, pixel.lifecycle, pixel.remote_status, pixel.updated_at) for pixel in page]
    return page_or_news(request, "pixels/pixel_list.html", "pixels/pixel_table.html", context, *news)


def _column(sort: str, key: str, label: str) -> dict[str, str]:
    """The head of a column: a click sorts by it, a second one the other way round."""
    direction = {key: "ascending", f"-{key}": "descending"}.get(sort, "")
    return {"label": label, "direction": direction, "sort": f"-{key}" if direction == "ascending" else key}


def _number(team: Team) -> int:
    """How many pixels a team has: by connection, because the shortest index begins with it."""
    return Pixel.objects.filter(connection__in=Connection.objects.for_team(team)).current().count()
