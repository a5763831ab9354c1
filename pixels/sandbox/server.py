"""The sandbox as an HTTP/1.1 server with kept connections, on this machine only."""

import errno
import io
import logging
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from . import app
from .control import SEED_PATH, refusal
from .fault_rules import Faults
from .store import Store
from .wire import Delivery, Request, Response

logger = logging.getLogger(__name__)

MAX_BODY = 1024 * 1024
MAX_SEED = 16 * MAX_BODY  # thousands of objects in one call
MAX_DRAIN = 16 * MAX_BODY  # how much of a refused body is read away, so that the refusal arrives
IDLE_SECONDS = 60  # a kept connection, or a body that does not come


class CannotServe(Exception):
    """The server cannot start; the sentence is for the person who started it."""


class SandboxServer:
    """A sandbox that answers from `start()` (or in a `with`) until `stop()`; port 0 takes any free one."""

    def __init__(self, state_path: str | Path = ":memory:", *, host: str = "127.0.0.1", port: int = 0) -> None:
        if not app.is_loopback(host):
            raise CannotServe(f"The sandbox serves this machine only, and {host} is not a loopback address.")
        self.store = Store(state_path)
        try:
            self._http = _Server(host, port, self.store)
        except (OSError, OverflowError) as error:
            self.store.close()
            raise CannotServe(_why(error, host, port)) from None
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), name="sandbox", daemon=True)

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        host = str(self._http.server_address[0])
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Accept no more requests, cut the kept connections, close the state file. Twice does no harm."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()
        self._http.faults.stop()
        self._http.cut_connections()
        self.store.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(host: str, port: int, state_path: str | Path, *, xandr_2010: bool = False) -> SandboxServer:
    """A started sandbox. Raises CannotServe if the address is not a loopback one, or is taken."""
    server = SandboxServer(state_path, host=host, port=port)
    server.store.set_switch("xandr_2010", xandr_2010)
    return server.start()


def _why(error: Exception, host: str, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken, perhaps by another sandbox. Stop it, or choose another --port."
    return f"The sandbox cannot listen on {host}, port {port}: {error}."


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, store: Store) -> None:
        self.store = store
        self.faults = Faults(store)
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # without HTTPServer's look-up of the host's name, which may take seconds

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        with self._open_lock:
            for connection in self._open:
                with suppress(OSError):  # the other side was faster
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.info("connection lost")  # instead of a traceback: a client that goes away is no fault of ours


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "PixelHubSandbox"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = 256 * 1024  # head and body leave in one piece, also of a full page
    server: _Server

    def answer(self) -> None:
        problem = self._unreadable()
        if problem:
            request = self._request(b"")
            self._send(request, app.refuse(request, self.server.store, *problem), close=True)
            self._linger()
            return
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True  # the client went away, so there is nobody to answer
            return
        request = self._request(body)
        self._send(request, app.answer(request, self.server.store, self.server.faults))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = answer

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """For what is not HTTP, or too long: the base class calls this before there is a request."""
        request = Request(method=self.command or "-", path="-")
        self._send(request, refusal(int(code), message or "Not a request this server can read"), close=True)

    def handle_expect_100(self) -> bool:
        """Curl waits for this line before it sends a large body; unflushed it would stay in the buffer."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: `_send` writes the one line of a request."""

    def _request(self, body: bytes) -> Request:
        try:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100))
            path = parts.path
        except ValueError:
            path, query = "-", {}
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(method=self.command, path=path, query=query, headers=headers, body=body)

    def _unreadable(self) -> tuple[int, str] | None:
        """Why the body will not be read, as a status and a sentence."""
        if "Transfer-Encoding" in self.headers:
            return 411, "Send the body with a Content-Length"
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdecimal()):
            return 400, "Content-Length is not a number"
        most = MAX_SEED if self.path.partition("?")[0] == SEED_PATH else MAX_BODY
        if len(length) > 12 or int(length) > most:
            return 413, "request entity too large"
        return None

    def _linger(self) -> None:
        """Read the refused body away for a moment: closing on it would reset the answer before it is read."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1)
        left = MAX_DRAIN
        while left > 0:
            chunk = self.rfile.read1(64 * 1024)
            if not chunk:
                return
            left -= len(chunk)

    def _send(self, request: Request, response: Response, *, close: bool = False) -> None:
        delivery = response.delivery
        if delivery.dropped:
            self._hang_up(request, delivery)
            return
        length = len(response.body) if delivery.pieces is None else delivery.length
        self.send_response(response.status)
        for name, value in (*response.headers.items(), *delivery.more_headers):
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if close or length is None:
            self.send_header("Connection", "close")  # the base class sets close_connection on this
        if delivery.cut_at is not None:
            self.close_connection = True  # unannounced
        self._end_headers(delivery)
        if request.method != "HEAD":
            self._send_body(response)
        self.wfile.flush()
        self._log(request, str(response.status))

    def _end_headers(self, delivery: Delivery) -> None:
        if not delivery.head_seconds:
            self.end_headers()
            return
        real, self.wfile = self.wfile, io.BytesIO()  # the base class writes the whole head to wfile
        try:
            self.end_headers()
            head = self.wfile.getvalue()
        finally:
            self.wfile = real
        self._drip(head, delivery.head_seconds)

    def _send_body(self, response: Response) -> None:
        delivery = response.delivery
        if delivery.body_seconds:
            self._drip(response.body, delivery.body_seconds)
            return
        pieces: Iterator[bytes] = delivery.pieces or iter([response.body[: delivery.cut_at]])
        for piece in pieces:
            self.wfile.write(piece)

    def _drip(self, data: bytes, seconds: float) -> None:
        for number in range(len(data)):
            self.wfile.write(data[number : number + 1])
            self.wfile.flush()
            self.server.faults.pause(seconds)

    def _hang_up(self, request: Request, delivery: Delivery) -> None:
        self.close_connection = True
        self._log(request, "no answer")
        if delivery.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.close(self.connection.detach())  # at once: the server would end it in good order first

    def _log(self, request: Request, outcome: str) -> None:
        logger.info("%s %s %s", request.method, _printable(request.path), outcome)


def _printable(path: str) -> str:
    """The path on one line of a log, without its query."""
    return "".join(sign if sign.isprintable() else "?" for sign in path[:200])
