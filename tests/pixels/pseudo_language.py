"""A language in which every translated text stands between ⟦ and ⟧, and a reader that finds what does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.utils import translation
from django.utils.safestring import SafeData, mark_safe

OPEN, CLOSE = "⟦", "⟧"
# What is read out or shown of an element besides its text.
ATTRIBUTES = {"title", "aria-label", "placeholder", "alt", "data-label", "data-copied", "data-press-to-copy"}
BUTTONS = {"submit", "button", "reset"}
# Code, and data for scripts: written for machines.
MACHINES = {"script", "style", "code", "pre"}
LETTER = "mark"  # the class of the letter before a name
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def speak(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on each message of gettext comes out marked, Django's own as well."""
    functions: Any = translation._trans  # type: ignore[attr-defined]
    for name in ("gettext", "ngettext", "pgettext", "npgettext"):
        monkeypatch.setattr(functions, name, _marking(getattr(functions, name)))


def _marking(real: Callable[..., str]) -> Callable[..., str]:
    def marked(*args: Any) -> str:
        text = real(*args)
        if not text.strip():
            return text
        shown = f"{OPEN}{text}{CLOSE}"
        return mark_safe(shown) if isinstance(text, SafeData) else shown

    return marked


class Reader(HTMLParser):
    """Collects the texts of a page that stand outside the marks. A mark may open in one element and close in another:
    a sentence with a link is one message."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.depth = 0
        self.inside: list[str] = []
        self.bare: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self.inside.append(LETTER if LETTER in values.get("class", "").split() else tag)
        shown = ATTRIBUTES | ({"value"} if tag == "input" and values.get("type") in BUTTONS else set())
        for name in shown & values.keys():
            if not self.depth:
                self.bare += _outside(values[name])[0]

    def handle_endtag(self, tag: str) -> None:
        if self.inside and tag not in VOID:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        found, self.depth = _outside(data, self.depth)
        if not (MACHINES | {LETTER}) & set(self.inside):
            self.bare += found


def _outside(text: str, depth: int = 0) -> tuple[list[str], int]:
    """The pieces of a text outside the marks, and how many marks are open at its end."""
    found, piece = [], ""
    for sign in text:
        if sign == OPEN:
            depth += 1
        elif sign == CLOSE:
            depth -= 1
        elif not depth:
            piece += sign
            continue
        if piece.strip():
            found.append(" ".join(piece.split()))
        piece = ""
    if piece.strip():
        found.append(" ".join(piece.split()))
    return found, depth


def bare_texts(page: str) -> set[str]:
    return set(Reader(page).bare)


class Known:
    """Texts that may stand unmarked, also within longer ones, as whole words."""

    def __init__(self, texts: Iterable[str]) -> None:
        words = {" ".join(text.split()) for text in texts if has_words(text)}
        choices = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
        self.pattern = re.compile(rf"(?<!\w)(?:{choices})(?!\w)") if words else re.compile(r"(?!)")

    def cut_from(self, text: str) -> str:
        return self.pattern.sub("", text)


def has_words(text: str) -> bool:
    return re.search(r"[^\W\d_]", text) is not None
