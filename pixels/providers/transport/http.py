"""Sends requests to providers; no other file does. It follows no redirect, repeats nothing, and bounds every wait.

A call goes to the provider's own address only, and a write always opens a new connection. A call returns an Answer,
whatever its status, or raises a ProviderError that says whether anything was sent. The libraries' exceptions contain
URLs and sometimes headers, so none of them leaves this file, not even as the context of a ProviderError.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import requests
import urllib3
from django.conf import settings

from ..errors import BadAnswer, NoAnswer, NotSent, ProviderError, Throttled
from ..protocols import CallKind, RateLimiter
from ..secret import Secret
from .deadline import Deadline, connections, within
from .response import Answer

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 10.0  # seconds between two pieces of an answer; settings.CALL_DEADLINE bounds the whole call
MAX_BYTES = 8 * 1024 * 1024  # of an answer's body, unpacked


class Http:
    """Calls one provider on behalf of one connection."""

    def __init__(self, label: str, base_url: str, rate_limiter: RateLimiter, hide: tuple[Secret, ...]) -> None:
        self._label = label
        self._base_url = base_url
        self._rate_limiter = rate_limiter
        self._hide = hide
        self._reserved: CallKind | None = None

    def reserve(self, kind: CallKind) -> None:
        """Take the rate limiter's permission for the next call before it is recorded that it may have been sent."""
        self._rate_limiter(kind)
        self._reserved = kind

    def call(
        self,
        kind: CallKind,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        text: str | None = None,
        hide: tuple[Secret, ...] = (),
    ) -> Answer:
        """Send one request, once, with one of `json`, `form` and `text` or none; `text` needs a Content-Type header.

        `hide`: further secrets to redact, beside the connection's own.
        """
        reserved, self._reserved = self._reserved == kind, None
        self._rate_limiter(kind, 0 if reserved else 1)
        body = {"json": json, "data": form if text is None else text.encode()}
        with connections(1) as session:
            return self._send(session, method, path, hide, headers=headers, params=params, **body)

    def calls(
        self,
        kind: CallKind,
        method: str,
        path: str,
        params: Sequence[Mapping[str, str | int]],
        *,
        headers: Mapping[str, str],
        hide: tuple[Secret, ...] = (),
    ) -> Generator[Answer, None, None]:
        """Send one request for each of `params`, without a body, and yield the answers in that order.

        settings.PULL_CONNECTIONS requests are under way at a time, over connections that are reused. The first error
        is raised, and the answers to later requests are dropped.
        """
        at_once = settings.PULL_CONNECTIONS
        let_through, slots = 0, at_once
        waiting: deque[Future[Answer]] = deque()
        with connections(at_once) as session, ThreadPoolExecutor(at_once) as senders:
            send = partial(self._send, session, method, path, hide, headers=headers)
            try:
                for position in range(len(params)):
                    # Not in the senders' threads: the rate limiter may use this thread's database connection.
                    slots = slots if waiting else at_once
                    while len(waiting) < slots and (ahead := position + len(waiting)) < len(params):
                        if not let_through:
                            try:
                                # Ask only for what is sent at once: it counts in the window in which it is sent.
                                let_through = self._rate_limiter(kind, min(len(params) - ahead, slots - len(waiting)))
                            except Throttled:
                                if waiting:
                                    break  # first yield what is under way
                                raise
                            slots = min(slots, len(waiting) + let_through)
                        let_through -= 1
                        waiting.append(senders.submit(send, params=params[ahead]))
                    yield waiting.popleft().result()
            finally:
                for sent in waiting:
                    sent.cancel()

    def _send(
        self, session: requests.Session, method: str, path: str, hide: tuple[Secret, ...], **request: Any
    ) -> Answer:
        request["headers"] = {"User-Agent": "PixelHub", "Accept": "application/json", **(request["headers"] or {})}
        started = time.monotonic()
        failure: ProviderError | None = None
        with within(settings.CALL_DEADLINE) as deadline:
            try:
                status, answered, content = self._exchange(session, method=method, url=self._base_url + path, **request)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                failure = self._failure(deadline, error)
            if deadline.expired and failure is None:
                # The deadline has shut the socket: a body without a Content-Length looks complete then.
                failure = self._failure(deadline)
        took = time.monotonic() - started
        if failure is not None:
            logger.warning("%s %s %s: %s after %.1f s", self._label, method, path, failure.code, took)
            raise failure
        logger.info("%s %s %s: %s after %.1f s", self._label, method, path, status, took)
        answer = Answer(self._label, status, answered, content, self._hide + hide)
        if 300 <= status < 400:
            # Not followed: the requests library would send x-api-key to any other host.
            raise BadAnswer("provider.redirect", provider=self._label, status=status)
        return answer

    def clean_text(self, text: str) -> str:
        """A text from an answer's data, redacted and shortened like the provider's messages in errors."""
        return Answer(self._label, 0, {}, b"", self._hide).provider_message(text)

    def _exchange(self, session: requests.Session, **request: Any) -> tuple[int, Mapping[str, str], bytes]:
        timeout = (CONNECT_TIMEOUT, READ_TIMEOUT)
        content = bytearray()
        with session.request(**request, timeout=timeout, stream=True, allow_redirects=False) as response:
            for piece in response.iter_content(64 * 1024):
                content += piece
                if len(content) > MAX_BYTES:
                    raise BadAnswer("provider.too_much", provider=self._label, status=response.status_code)
        return response.status_code, response.headers, bytes(content)

    def _failure(self, deadline: Deadline, error: Exception | None = None) -> ProviderError:
        if not deadline.connected:
            if isinstance(error, requests.exceptions.SSLError):
                return NotSent("provider.no_secure_connection", provider=self._label)
            return NotSent("provider.not_reachable", provider=self._label)
        if deadline.expired:
            return NoAnswer("provider.no_answer", provider=self._label, seconds=settings.CALL_DEADLINE)
        if _is_read_timeout(error):
            return NoAnswer("provider.no_answer", provider=self._label, seconds=READ_TIMEOUT)
        if isinstance(error, requests.exceptions.ContentDecodingError):
            return BadAnswer("provider.cannot_unpack", provider=self._label)
        return NoAnswer("provider.broke_off", provider=self._label)


def _is_read_timeout(error: Exception | None) -> bool:
    """Whether this is a timeout; while the body is read, the requests library wraps it in a ConnectionError."""
    return isinstance(error, requests.exceptions.ReadTimeout) or (
        error is not None and any(isinstance(arg, urllib3.exceptions.ReadTimeoutError) for arg in error.args)
    )
