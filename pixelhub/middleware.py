"""One short id per request: on the answer, in every log line, and on error pages for people to quote. And a limit
to what anybody may send.
"""

import logging
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

OUTSIDE = "-"
_current: ContextVar[str] = ContextVar("request_id", default=OUTSIDE)


class RequestIdMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Always our own: an id sent by the client could be used to forge or to split log lines.
        request_id = secrets.token_hex(6)
        request.request_id = request_id  # type: ignore[attr-defined]
        _current.set(request_id)
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


def _forget(**signal: Any) -> None:
    # Not at the end of the middleware: Django logs "Not Found" and the like only after that.
    _current.set(OUTSIDE)


request_finished.connect(_forget)


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


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = _current.get()
        return True
