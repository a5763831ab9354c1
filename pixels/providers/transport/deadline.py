"""Connections that end every wait: a deadline over each call shuts its socket when its time is up.

No timeout of a socket does that: every byte that drips in, of the headers too, starts it anew. So a second handle of
the socket, taken before TLS wraps it, is shut from outside, and the reading side wakes.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from pixels.crash import crash_point


class Deadline:
    """Knows of one call whether its connection stood, and ends it when its time is up."""

    def __init__(self) -> None:
        self.connected = False  # nothing of a request leaves before
        self.expired = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def opened(self, sock: socket.socket) -> None:
        with self._lock:
            self._close()
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
            self._close()

    def _close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None

    @staticmethod
    def _shut(sock: socket.socket) -> None:
        with suppress(OSError):  # the other side was quicker
            sock.shutdown(socket.SHUT_RDWR)


_call = threading.local()  # the deadline of the call that this thread has under way


@contextmanager
def within(seconds: float) -> Iterator[Deadline]:
    """One call of this thread, of so many seconds at most."""
    _call.deadline = deadline = Deadline()
    timer = threading.Timer(seconds, deadline.expire)
    timer.daemon = True
    timer.start()
    try:
        yield deadline
    finally:
        timer.cancel()
        deadline.close()


@contextmanager
def connections(kept: int) -> Iterator[requests.Session]:
    """A session whose calls have a deadline; so many connections are kept from one call to the next."""
    with requests.Session() as session:
        session.trust_env = False  # no proxies and no .netrc from the environment
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # what was set is never sent back
        adapter = _Adapter(pool_connections=1, pool_maxsize=kept, max_retries=0)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        yield session


class _Adapter(HTTPAdapter):
    """Hands every connection to the deadline of the call that uses it; repeats nothing."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _bounded(HTTPConnectionPool),
            "https": _bounded(HTTPSConnectionPool),
        }


def _bounded(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    class Connection(pool.ConnectionCls):  # type: ignore[name-defined]
        bare: socket.socket | None = None  # as it was before TLS

        def _new_conn(self) -> socket.socket:
            sock = super()._new_conn()
            self.bare = sock.dup()
            _call.deadline.opened(sock)
            return sock

        def connect(self) -> None:
            super().connect()  # with https it ends after the handshake
            _call.deadline.connected = True

        def close(self) -> None:
            super().close()
            if self.bare:
                self.bare.close()
                self.bare = None

        def send(self, data: Any) -> None:
            super().send(data)
            crash_point("cp5")  # the headers have left, the body has not

    class Pool(pool):  # type: ignore[valid-type, misc]
        ConnectionCls = Connection

        def _get_conn(self, timeout: float | None = None) -> Any:
            connection = super()._get_conn(timeout)
            if connection.bare and connection.sock:  # kept from an earlier call
                _call.deadline.opened(connection.bare)
                _call.deadline.connected = True
            return connection

    return Pool
