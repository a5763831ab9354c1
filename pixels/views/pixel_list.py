from django.core.paginator import Paginator
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from pixels.forms.filters import PixelFilterForm
from pixels.models import Connection, Pixel

from .refresh import page_or_news

PER_PAGE = 50
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
    rows = Pixel.objects.for_team(request.team).select_related("connection", "ad_account", "website")
    page = Paginator(filters.apply(rows), PER_PAGE).get_page(request.GET.get("page"))
    pending = any(pixel.is_pending and pixel.connection.is_usable for pixel in page)
    context = {
        "page_obj": page,
        "filters": filters,
        "columns": [_column(filters.order, key, label) for key, label in COLUMNS],
        "is_busy": pending,
        "has_connections": bool(page) or Connection.objects.for_team(request.team).exists(),
        "has_sandbox": any(pixel.connection.is_sandbox for pixel in page),
        "sandbox_page": bool(page) and all(pixel.connection.is_sandbox for pixel in page),
    }
    news = [(pixel.pk, pixel.lifecycle, pixel.remote, pixel.updated_at) for pixel in page]
    return page_or_news(request, "pixels/pixel_list.html", "pixels/pixel_table.html", context, *news)


def _column(sort: str, key: str, label: str) -> dict[str, str]:
    """The head of a column: a click sorts by it, a second one the other way round."""
    direction = {key: "ascending", f"-{key}": "descending"}.get(sort, "")
    return {"label": label, "direction": direction, "sort": f"-{key}" if direction == "ascending" else key}
