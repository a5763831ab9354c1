"""The one place on the network: one request, no redirect, no repetition, and an end to every wait.

A call goes to the provider's own address only, on a connection of its own. What comes back is an Answer, of
any status; what goes wrong is a ProviderError that says whether anything was sent. The libraries' exceptions
hold URLs and sometimes headers, so none of them leaves this file, not even as the context of ours.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from pixels.crash import crash_point

from .answer import Answer
from .errors import BadAnswer, NoAnswer, NotSent, ProviderError
from .secret import Secret

if TYPE_CHECKING:
    from .base import Call, Gate

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 10.0  # between two pieces of an answer; settings.CALL_DEADLINE bounds the whole
MAX_BYTES = 8 * 1024 * 1024  # of the unpacked body


class Http:
    """Calls one provider on behalf of one connection."""

    def __init__(self, label: str, base_url: str, gate: Gate, hide: tuple[Secret, ...]) -> None:
        self._label = label
        self._base_url = base_url
        self._gate = gate
        self._hide = hide

    def call(
        self,
        kind: Call,
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
        """Sends one request, once, with at most one of the three bodies; `text` comes with its own Content-Type.

        `hide`: secrets beyond the connection's own that the answer may repeat.
        """
        self._gate(kind)
        started = time.monotonic()
        failure: ProviderError | None = None
        with _watch(settings.CALL_DEADLINE) as watch:
            try:
                status, answered, content = self._exchange(
                    watch,
                    method=method,
                    url=self._base_url + path,
                    headers={"User-Agent": "PixelHub", "Accept": "application/json", **(headers or {})},
                    params=params,
                    json=json,
                    data=form if text is None else text.encode(),
                )
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                failure = self._failure(watch, error)
            if watch.expired and failure is None:
                # A body without a stated length ends when the watch shuts the socket, and looks complete.
                failure = self._failure(watch)
        took = time.monotonic() - started
        if failure is not None:
            logger.warning("%s %s %s: %s after %.1f s", self._label, method, path, failure.code, took)
            raise failure
        logger.info("%s %s %s: %s after %.1f s", self._label, method, path, status, took)
        answer = Answer(self._label, status, answered, content, self._hide + hide)
        if 300 <= status < 400:
            # Never followed: requests would carry x-api-key to any other host.
            raise BadAnswer(f"{self._label} answered with an unexpected redirect.", status=status)
        return answer

    def words(self, text: str) -> str:
        """A text out of an answer's data, fit to be shown as errors show the provider's words."""
        return Answer(self._label, 0, {}, b"", self._hide).words(text)

    def _exchange(self, watch: _Watch, **request: Any) -> tuple[int, Mapping[str, str], bytes]:
        with requests.Session() as session:
            session.trust_env = False  # no proxies and no .netrc from the environment
            adapter = _Adapter(watch)
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            timeout = (CONNECT_TIMEOUT, READ_TIMEOUT)
            content = bytearray()
            with session.request(**request, timeout=timeout, stream=True, allow_redirects=False) as response:
                for piece in response.iter_content(64 * 1024):
                    content += piece
                    if len(content) > MAX_BYTES:
                        raise BadAnswer(
                            f"{self._label} sent more data than PixelHub accepts.", status=response.status_code
                        )
            return response.status_code, response.headers, bytes(content)

    def _failure(self, watch: _Watch, error: Exception | None = None) -> ProviderError:
        if not watch.connected:
            if isinstance(error, requests.exceptions.SSLError):
                return NotSent(f"No secure connection to {self._label} could be made.")
            return NotSent(f"{self._label} is not reachable.")
        if watch.expired:
            return NoAnswer(f"{self._label} did not answer within {settings.CALL_DEADLINE:g} seconds.")
        if _is_read_timeout(error):
            return NoAnswer(f"{self._label} did not answer within {READ_TIMEOUT:g} seconds.")
        if isinstance(error, requests.exceptions.ContentDecodingError):
            return BadAnswer(f"{self._label}'s answer cannot be unpacked.")
        return NoAnswer(f"{self._label} broke the connection off before its answer was complete.")


def _is_read_timeout(error: Exception | None) -> bool:
    """While the body is read, requests hides the timeout inside a ConnectionError."""
    return isinstance(error, requests.exceptions.ReadTimeout) or (
        error is not None and any(isinstance(arg, urllib3.exceptions.ReadTimeoutError) for arg in error.args)
    )


class _Watch:
    """Knows of one call whether its connection stood, and ends it when its time is up.

    No timeout of a socket does that: every byte that drips in, of the headers too, starts it anew. So a
    second handle of the socket, taken before TLS wraps it, is shut from outside, and the reading side wakes.
    """

    def __init__(self) -> None:
        self.connected = False  # nothing of a request leaves before
        self.expired = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def opened(self, sock: socket.socket) -> None:
        with self._lock:
            self._socket = sock.dup()
            if self.expired:
                self._shut(self._socket)

    def expire(self) -> None:
        with self._lock:
            self.expired = True
            if self._socket:
                self._shut(self._socket)

    def close(self) -> None:
        with self._lock:
            if self._socket:
                self._socket.close()
                self._socket = None

    @staticmethod
    def _shut(sock: socket.socket) -> None:
        with suppress(OSError):  # the other side was quicker
            sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def _watch(seconds: float) -> Iterator[_Watch]:
    watch = _Watch()
    timer = threading.Timer(seconds, watch.expire)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        watch.close()


class _Adapter(HTTPAdapter):
    """Hands every connection it opens to the watch; repeats nothing."""

    def __init__(self, watch: _Watch) -> None:
        self._watch = watch
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _watched(HTTPConnectionPool, self._watch),
            "https": _watched(HTTPSConnectionPool, self._watch),
        }


def _watched(pool: type[HTTPConnectionPool], watch: _Watch) -> type[HTTPConnectionPool]:
    class Connection(pool.ConnectionCls):  # type: ignore[name-defined]
        def _new_conn(self) -> socket.socket:
            sock = super()._new_conn()
            watch.opened(sock)
            return sock

        def connect(self) -> None:
            super().connect()  # with https it ends after the handshake
            watch.connected = True

        def send(self, data: Any) -> None:
            super().send(data)
            crash_point("cp5")  # the headers have left, the body has not

    return type("WatchedPool", (pool,), {"ConnectionCls": Connection})
