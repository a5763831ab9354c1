"""The error pages, named as handlers in urls.py (csrf_failure in the settings), and the icon."""

import sys
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static

RETRY_AFTER = "5"  # seconds


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    away = _is_away(sys.exception())
    # Rendered without the request, so that no context processor reads the database, which may be what failed.
    page = render_to_string("503.html" if away else "500.html", {"request_id": request.request_id})  # type: ignore[attr-defined]
    if away:
        return HttpResponse(page, status=503, headers={"Retry-After": RETRY_AFTER})
    return HttpResponse(page, status=500)


def _is_away(error: BaseException | None) -> bool:
    """Whether the error says that the database does not answer, is full or too busy."""
    # Also the driver's own errors: Django does not translate those of a cursor that is closed after its last row.
    driver: Any = connection.Database  # type: ignore[attr-defined]
    return isinstance(error, (OperationalError, InterfaceError, driver.OperationalError, driver.InterfaceError))


@login_not_required
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers request it on pages that name no icon: the admin's, and answers that are not HTML."""
    return redirect(static("favicon.svg"))
