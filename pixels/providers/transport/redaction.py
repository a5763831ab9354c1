"""Removes secrets from a provider's text, in any encoding in which the provider may repeat them.

A server that echoes a request may write a secret with JSON's escapes, URL-encoded, as HTML entities, or inside a text
in base64 or hexadecimal. So each character of a secret is looked for in each of these encodings, in any mixture, and
the whole secret in base64 and in hexadecimal.

Every repetition in the regular expressions is bounded, so the time grows linearly with the length of the text.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from html.entities import html5

from ..secret import DOTS, Secret

NEVER = "(?!)"  # a pattern that matches nothing
# White space in a quoted text may have been changed: lines are broken differently, or joined.
BLANKS = r"(?:\s|\+|\\{1,4}[nrt]|\\{1,4}(?:x|u00)[02][0-9ad]|%(?:25)?[02][0-9ad]|&#x?0{0,4}[0-9ad]{1,2};){0,12}"
BACKSLASH = r"(?:\\{1,4}(?:u00|x)5c|\\|%(?:25){0,3}5c|&(?:amp;){0,3}#(?:92|x5c);)"
SHORT = 4  # bytes; the base64 or hexadecimal of a shorter secret would be found in ordinary words
CODE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")
ENTITIES: dict[str, list[str]] = {}
for _name, _character in html5.items():
    if _name.endswith(";"):
        ENTITIES.setdefault(_character, []).append(_name)


def redact(text: str, secrets: tuple[Secret, ...]) -> str:
    """The text with each secret replaced by dots."""
    # Longest first: one secret may be the beginning of another.
    for secret in sorted(secrets, key=lambda secret: len(secret.reveal()), reverse=True):
        if secret:
            text = _redact_one(text, secret)
    return text


def _redact_one(text: str, secret: Secret) -> str:
    """If the secret is found in base64 or hexadecimal, replace the whole run: its neighbours encode parts of it."""
    kept, end = [], 0
    for found in _pattern(secret).finditer(text):
        start, stop = found.span()
        if start < end:
            continue
        if found["code"]:
            while start > end and text[start - 1] in CODE:
                start -= 1
            while stop < len(text) and text[stop] in CODE:
                stop += 1
        kept.append(text[end:start])
        end = stop
    return DOTS.join([*kept, text[end:]])


@lru_cache(maxsize=64)
def _pattern(secret: Secret) -> re.Pattern[str]:
    value = secret.reveal()
    raw = value.encode("utf-8", "surrogatepass")
    codes = [raw.hex(), *(_base64_core(raw, offset) for offset in range(3))] if len(raw) >= SHORT else []
    in_code = "|".join(_wrapped(code) for code in codes) or NEVER
    return re.compile(f"{_spelled(value) if value.strip() else NEVER}|(?P<code>{in_code})", re.IGNORECASE)


def _spelled(value: str) -> str:
    """A pattern for the whole secret in any mixture of encodings.

    A run of white space, or of backslashes, is one piece: several pieces that can match the same characters would take
    exponential time.
    """
    pieces = []
    for piece in re.findall(r"\s+|\\+|[^\s\\]", value):
        if piece.isspace():
            pieces.append(BLANKS)
        elif piece[0] == "\\":
            pieces.append(f"{BACKSLASH}{{{len(piece)},{4 * len(piece)}}}")
        else:
            pieces.append(_spellings(piece))
    return "".join(pieces)


def _base64_core(raw: bytes, offset: int) -> str:
    """Base64 of the secret if `offset` bytes of its first group of three precede it, without characters they affect."""
    whole = base64.b64encode(bytes(offset) + raw).decode().rstrip("=")
    first = (offset * 8 + 5) // 6
    last = (offset + len(raw)) * 8 // 6
    return whole[first:last]


def _wrapped(code: str) -> str:
    """A pattern for base64 (of either alphabet) or hexadecimal that may be broken into lines."""
    signs = {"+": f"(?:{_spellings('+')}|-)", "/": f"(?:{_spellings('/')}|_)"}
    return r"\s{0,2}".join(signs.get(sign, sign) for sign in code)


@lru_cache(maxsize=512)
def _spellings(character: str) -> str:
    """A pattern for one character in any encoding; used with IGNORECASE."""
    number = ord(character)
    units = character.encode("utf-16-be", "surrogatepass").hex()
    url = "".join(rf"%(?:25){{0,3}}{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    json = "".join(rf"\\{{1,4}}u{units[start : start + 4]}" for start in range(0, len(units), 4))
    entities = [rf"#0{{0,6}}{number};", rf"#x0{{0,6}}{number:x};", *ENTITIES.get(character, [])]
    found = [re.escape(character), url, json, rf"(?:&|\\{{1,4}}u0026)(?:amp;){{0,3}}(?:{'|'.join(entities)})"]
    if number < 256:
        found.append(rf"\\{{1,4}}x{number:02x}")
    if not character.isalnum():
        found.append(rf"\\{{1,4}}{re.escape(character)}")
    return f"(?:{'|'.join(found)})"
