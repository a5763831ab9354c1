"""A limit to the size of requests."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


class BodyLimitMiddleware:
    """Answers 413 to a body larger than DATA_UPLOAD_MAX_MEMORY_SIZE, before reading any of it.

    Django's own limit does not count uploaded files. A body without a stated length (chunked) needs no limit: Django
    reads none of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0  # Django takes this as 0 and reads nothing
        if length > limit:
            # Rendered without the request, since context processors need its session, which does not exist yet.
            page = render_to_string("413.html", {"limit": limit, "request_id": request.request_id})  # type: ignore[attr-defined]
            return HttpResponse(page, status=413)
        return self.get_response(request)
