"""A provider's answer, read as data that may be malformed or hostile."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

import orjson

from ..errors import BadAnswer, BadCredentials, Forbidden, ProviderError, Rejected, Throttled
from ..secret import Secret
from .redaction import redact

MAX_DEPTH = 50
MAX_MESSAGE = 200
MAX_TEXT = 20_000  # characters; removing HTML tags from a longer text can take minutes
DIGITS = bytes(ord("0") if chr(byte).isdigit() and byte < 128 else ord(" ") for byte in range(256))
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
UNREADABLE = object()
MAX_WAIT = 24 * 3600  # seconds; a longer Retry-After is taken for a mistake


@dataclass(frozen=True)
class Answer:
    label: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    hide: tuple[Secret, ...] = field(repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON, whatever its content type is. Raises BadAnswer."""
        body = _parse(self.content)
        if body is UNREADABLE:
            raise self.unusable()
        return body

    def unusable(self) -> BadAnswer:
        """The error for an answer that does not tell whether the call was carried out."""
        # The text of an error only: the body of a success is data, which may contain a token.
        said = "" if self.status < 400 else self.provider_message()
        facts: dict[str, Any] = {"status": self.status, "provider_message": said}
        if self.status >= 500:
            return BadAnswer("provider.failed", provider=self.label, http_status=self.status, **facts)
        if self._is_page:
            return BadAnswer("provider.web_page", provider=self.label, **facts)
        if not self.content:
            return BadAnswer("provider.nothing", provider=self.label, **facts)
        if not self.ok:
            return BadAnswer("provider.unclear", provider=self.label, http_status=self.status, **facts)
        return BadAnswer("provider.not_understood", provider=self.label, **facts)

    def fault(self, refused: str, said: str | None = None) -> ProviderError:
        """The error for this HTTP status. `refused`: the code of the message for a 401, which names the credential."""
        facts: dict[str, Any] = {
            "status": self.status,
            "provider_message": self.provider_message(said),
        }
        if self.status == 401:
            return BadCredentials(refused, **facts)
        if self.status == 403:
            return Forbidden("provider.forbidden", provider=self.label, **facts)
        if self.status == 429:
            return self.throttled(**facts)
        if 400 <= self.status < 500 and self.status != 408:
            return Rejected("provider.rejected", provider=self.label, **facts)
        return self.unusable()

    def throttled(self, **facts: Any) -> Throttled:
        return Throttled("provider.throttled", provider=self.label, retry_after=self._retry_after(), **facts)

    def provider_message(self, text: str | None = None) -> str:
        """The provider's own text for the user: without HTML tags, URLs and secrets, and shortened.

        `text`: a part of the parsed body; by default all texts in it.
        """
        # Redact before shortening: a secret that was cut would not be found.
        text = redact(self._texts() if text is None else text, self.hide)[:MAX_TEXT]
        text = re.sub(r"(?is)<(script|style)\b.*?(?:</\1>|\Z)|<!--.*?(?:-->|\Z)|<[^>]*>", " ", text)
        text = redact(html.unescape(text), self.hide)
        text = re.sub(r"(?i)\b[a-z][a-z0-9+.-]*://\S+", "…", text)
        text = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text).split())
        return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"

    def _texts(self) -> str:
        """All strings in the body's JSON, or the source of a web page; "" if the body is neither."""
        if self._is_page:
            return self.content.decode("utf-8", "replace")
        body = _parse(self.content)
        return "" if body is UNREADABLE else " ".join(_strings(body))

    @property
    def _is_page(self) -> bool:
        return self.content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")

    def _retry_after(self) -> float | None:
        """Retry-After in seconds, the longest if there are several; None if it is absent or makes no sense."""
        # A header that is sent twice arrives joined by a comma; a date contains a comma of its own.
        parts = re.split(r",\s*(?=\d+\s*(?:,|$)|[A-Za-z]{3},)", self.headers.get("Retry-After", ""), flags=re.ASCII)
        waits = [seconds for part in parts if (seconds := self._wait(part.strip())) is not None]
        return max((seconds for seconds in waits if 0 < seconds <= MAX_WAIT), default=None)

    def _wait(self, part: str) -> float | None:
        if re.fullmatch(r"\d{1,9}", part, re.ASCII):
            return float(part)
        date = _date(part)
        if date is None:
            return None
        # Relative to the provider's clock if the answer has a Date, as our clock may differ.
        return (date - (_date(self.headers.get("Date", "")) or datetime.now(UTC))).total_seconds()


def _date(header: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(header)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _parse(content: bytes) -> Any:
    """The parsed JSON, or UNREADABLE. Not an exception: those of the libraries contain the whole body."""
    if _is_plain(content):
        with suppress(orjson.JSONDecodeError):  # then the slower parser decides
            return orjson.loads(content)
    try:
        text = content.decode("utf-8-sig")
        return _clean(json.loads(text, parse_constant=_no_number, parse_float=_finite))
    except (ValueError, RecursionError):
        return UNREADABLE


def _strings(value: Any) -> Iterator[str]:
    """Every string in parsed JSON, except for keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _is_plain(content: bytes) -> bool:
    """Whether orjson, if it accepts this, gives the same result as the slower parser.

    It does if there is no NUL to replace, no integer of more than 64 bits, and no nesting deeper than MAX_DEPTH.
    """
    if rb"\u0000" in content or b"0" * 18 in content.translate(DIGITS):
        return False
    brackets = content.translate(None, delete=NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return True
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return not brackets


def _clean(value: Any, depth: int = 0) -> Any:
    """The same data with NUL and lone surrogates replaced, which no database column can hold."""
    if depth > MAX_DEPTH:
        raise ValueError
    if isinstance(value, str):
        return re.sub("[\x00\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, list):
        return [_clean(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_clean(key, depth): _clean(item, depth + 1) for key, item in value.items()}
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError  # NaN and Infinity are not part of JSON


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number
