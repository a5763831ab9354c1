"""A limit to what anybody may send."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


class BodyLimitMiddleware:
    """Answers 413 to a body larger than DATA_UPLOAD_MAX_MEMORY_SIZE before a byte of it is read.

    Django's own limit leaves out uploaded files. A body without a stated length (chunked) needs no limit: Django reads
    none of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0  # as Django understands it: nothing is read
        if length > limit:
            # Rendered without the request: its session, which context processors ask for, is not there yet.
            page = render_to_string("413.html", {"limit": limit, "request_id": request.request_id})  # type: ignore[attr-defined]
            return HttpResponse(page, status=413)
        return self.get_response(request)
