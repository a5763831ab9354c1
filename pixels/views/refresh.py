"""Pages that follow work under way ask again every second or so, and get an answer only when there is news.

So a field somebody is typing in, an opened detail and the focus stay as they are until something has really changed.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

SEEN = "seen"


def page_or_news(request: HttpRequest, page: str, part: str, context: dict[str, Any], *facts: Any) -> HttpResponse:
    """The whole page; for a refresh its live part, or 204 while `facts` are those that the browser has seen."""
    seen = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
    if not request.htmx:  # type: ignore[attr-defined]
        return render(request, page, context | {SEEN: seen})
    if request.GET.get(SEEN) == seen:
        return HttpResponse(status=204)
    return render(request, part, context | {SEEN: seen})


def minutes_to(when: datetime | None) -> tuple[int, bool] | None:
    """A fact that changes whenever a relative time on the screen reads differently."""
    if when is None:
        return None
    seconds = int((when - timezone.now()).total_seconds())
    return seconds // 60, seconds < 45
