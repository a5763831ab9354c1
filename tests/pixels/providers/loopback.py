"""A server on the loopback address that sends exactly the bytes of its script, at the script's pace."""

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Behaviour = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    target: str = ""  # path and query as they were sent

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), strict_parsing=True))


class Loopback:
    """Takes one answer from `script` for each request and repeats the last one; stores the requests that it
    received."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.script: list[Behaviour] = []
        self.received: list[Received] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._tls = tls
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(5)
            try:
                if self._tls:
                    connection = self._tls.wrap_socket(connection, server_side=True)
                self.received.append(_receive(connection))
                number = min(len(self.received), len(self.script)) - 1
                self.script[number](connection)
            except (OSError, ValueError):
                pass  # the caller hung up or spoke TLS
            finally:
                connection.close()


def _receive(connection: socket.socket) -> Received:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise ValueError
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    start, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    method, target, _ = start.split(" ")
    url = urlsplit(target)
    return Received(method, url.path, dict(parse_qsl(url.query)), headers, body, target)


def raw(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    head = {"Content-Length": str(len(body)), "Connection": "close", **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"HTTP/1.1 {status} Status\r\n{lines}\r\n".encode() + body


def says(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Behaviour:
    """An answer of JSON, or of bytes or text as they are."""
    data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return lambda connection: connection.sendall(raw(status, data, headers))


def silent(connection: socket.socket) -> None:
    connection.recv(1)  # returns when the caller gives up


def hangs_up(connection: socket.socket) -> None:
    pass


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def breaks_off(connection: socket.socket) -> None:
    connection.sendall(raw(200, b'{"id": "1"', {"Content-Length": "4000"}))


def drips(start: bytes, drop: bytes) -> Behaviour:
    """An answer that is never silent for long and takes longer than any test waits."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(start)
        for _ in range(300):
            connection.sendall(drop)
            time.sleep(0.05)

    return behave
