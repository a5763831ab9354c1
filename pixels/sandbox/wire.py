"""Request and Response: all that the stand-ins know of HTTP. server.py makes requests and sends responses."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    at_once: int = 1  # requests that its API was answering when it came, itself included

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case, without a charset."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How an answer is sent. The defaults: at once, whole and with its length. Everything else is for faults."""

    more_headers: tuple[tuple[str, str], ...] = ()  # beside those of the same name
    head_seconds: float = 0  # after each byte of status line and headers
    body_seconds: float = 0
    cut_at: int | None = None  # so many bytes of the body come, though all are announced
    pieces: Iterator[bytes] | None = None  # instead of the body
    length: int | None = None  # of the pieces together; None: not announced
    dropped: bool = False  # nothing is sent at all
    reset: bool = False  # the connection is broken instead of closed


@dataclass(frozen=True, kw_only=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = field(default_factory=Delivery)


class BadJson(ValueError):
    """The bytes are not valid JSON."""


def read_json(body: bytes) -> Any:
    """JSON from UTF-8 bytes. NaN and infinities are refused: Python would take them, other readers not."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:  # a wrong encoding is a ValueError too
        raise BadJson(str(error)) from None


def write_json(value: Any) -> bytes:
    """Compact JSON in UTF-8; in ASCII where half a surrogate pair was sent, which UTF-8 cannot carry."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")


def json_response(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return json_bytes(write_json(value), status=status, headers=headers)


def json_bytes(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    all_headers = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return Response(status=status, body=body, headers=all_headers)


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("number too large")
    return number
