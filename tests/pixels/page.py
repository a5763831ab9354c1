"""A page as a browser reads it: the values that its forms would send, and the text behind its copy buttons."""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Self

SENDS_NOTHING = {"submit", "button", "image", "file", "reset"}


@dataclass
class Form:
    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)  # visible text -> name, of checkboxes and radios


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html
        self.forms: list[Form] = []
        self.scripts: dict[str, str] = {}
        self.texts: list[str] = []
        self._form: Form | None = None
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []
        self._textarea: str | None = None
        self._script: str | None = None
        self._buffer = ""
        self.feed(html)
        self.close()

    @classmethod
    def of(cls, response: Any) -> Self:
        return cls(response.content.decode())

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def form_with(self, name: str, method: str = "post") -> Form:
        """The one form that has a field of this name."""
        [found] = [form for form in self.forms if form.method == method and name in form.values]
        return found

    def data(self, script_id: str) -> Any:
        """What a copy button with this id would put on the clipboard."""
        return json.loads(self.scripts[script_id])

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        attrs = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._form = Form(attrs.get("action", ""), attrs.get("method", "get"))
            self.forms.append(self._form)
        elif tag == "script":
            self._script, self._buffer = attrs.get("id", ""), ""
        elif tag == "select":
            self._select, self._options = attrs.get("name"), []
        elif tag == "option":
            self._options.append((attrs.get("value", ""), "selected" in attrs))
        elif tag == "textarea":
            self._textarea, self._buffer = attrs.get("name"), ""
        elif tag == "input":
            self._input(attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "script" and self._script is not None:
            self.scripts[self._script] = self._buffer
            self._script = None
        elif tag == "select" and self._select:
            chosen = [value for value, selected in self._options if selected]
            self._put(self._select, *(chosen or [value for value, _ in self._options[:1]]))
            self._select = None
        elif tag == "textarea" and self._textarea:
            self._put(self._textarea, self._buffer.removeprefix("\n"))
            self._textarea = None

    def handle_data(self, data: str) -> None:
        self._buffer += data
        if self._script is None:
            self.texts.append(data)

    def _input(self, attrs: dict[str, str]) -> None:
        kind, name = attrs.get("type", "text"), attrs.get("name")
        if not name or kind in SENDS_NOTHING:
            return
        if kind in ("checkbox", "radio"):
            self._put(name, *([attrs.get("value", "on")] if "checked" in attrs else []))
        else:
            self._put(name, attrs.get("value", ""))

    def _put(self, name: str, *values: str) -> None:
        if self._form is not None:
            self._form.values.setdefault(name, []).extend(values)
