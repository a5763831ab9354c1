"""A short id for each request: in the response, in every log line, and on error pages for people to quote."""

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
        # The id is always made here: one sent by the client could be used to forge or split log lines.
        request_id = secrets.token_hex(6)
        request.request_id = request_id  # type: ignore[attr-defined]
        _current.set(request_id)
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


def _forget(**signal: Any) -> None:
    # Done by a signal and not at the end of the middleware, since Django logs "Not Found" and the like later than that.
    _current.set(OUTSIDE)


request_finished.connect(_forget)


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = _current.get()
        return True
