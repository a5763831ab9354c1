"""One short id per request: on the answer, in every log line, and on error pages for people to quote."""

import logging
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse

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


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = _current.get()
        return True
