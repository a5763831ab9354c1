"""Connections with a deadline for the whole call: when it is over, the call's socket is shut down.

A socket's own timeout cannot do this, as each byte that arrives restarts it. So a timer's thread shuts down a duplicate
of the socket, made before TLS wraps it, and the thread that reads wakes up with an error.
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
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from pixels.crash import crash_point


class Deadline:
    """The deadline of one call. `connected`: the connection was made, so bytes of the request may have been sent."""

    def __init__(self) -> None:
        self.connected = False
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
        with suppress(OSError):  # the other side has closed it already
            sock.shutdown(socket.SHUT_RDWR)


_call = threading.local()  # .deadline: that of the call under way in this thread


@contextmanager
def within(seconds: float) -> Iterator[Deadline]:
    """The context of one call in this thread, which ends after so many seconds at the latest."""
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
    """A session whose calls have a deadline. It keeps `kept` connections open from one call to the next."""
    with requests.Session() as session:
        session.trust_env = False  # no proxies and no .netrc from the environment
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # cookies are never sent back
        adapter = _Adapter(pool_connections=1, pool_maxsize=kept, max_retries=0)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        yield session


class _WithDeadline:
    """A connection that registers its socket with the deadline of the call that opens it."""

    bare: socket.socket | None = None  # a duplicate of the socket, without TLS

    def _new_conn(self) -> socket.socket:
        sock: socket.socket = super()._new_conn()  # type: ignore[misc]
        self.bare = sock.dup()
        _call.deadline.opened(sock)
        return sock

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]  # for https this includes the handshake
        _call.deadline.connected = True

    def close(self) -> None:
        super().close()  # type: ignore[misc]
        if self.bare:
            self.bare.close()
            self.bare = None

    def send(self, data: Any) -> None:
        super().send(data)  # type: ignore[misc]
        crash_point("cp5")  # the headers are sent, the body is not


class _ReusedWithDeadline:
    """A pool that registers a connection from an earlier call with the deadline of the call that uses it again."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        if connection.bare and connection.sock:
            _call.deadline.opened(connection.bare)
            _call.deadline.connected = True
        return connection


class _HttpConnection(_WithDeadline, HTTPConnection):
    pass


class _HttpsConnection(_WithDeadline, HTTPSConnection):
    pass


class _HttpPool(_ReusedWithDeadline, HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(_ReusedWithDeadline, HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
