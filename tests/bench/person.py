"""Somebody who is signed in, over a kept connection: sends what a browser sends, and measures the time of the
answer."""

from __future__ import annotations

import http.client
import re
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

FRESH = 1.0  # seconds a kept connection is trusted; the web server closes idle ones soon after
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    location: str
    seconds: float


class Person:
    def __init__(self, port: int) -> None:
        self._port = port
        self._web: http.client.HTTPConnection | None = None
        self._last = 0.0
        self._cookies: dict[str, str] = {}
        self._token = ""

    def sign_in(self, email: str, password: str) -> None:
        self.get("/accounts/login/")
        answer = self.post("/accounts/login/", {"login": email, "password": password})
        if answer.status != 302:
            raise RuntimeError(f"signing in answered {answer.status}")

    def get(self, path: str, *, refresh: bool = False) -> Answer:
        """`refresh`: as the page itself asks for its news."""
        return self._ask("GET", path, None, {"HX-Request": "true"} if refresh else {})

    def post(self, path: str, fields: dict[str, str]) -> Answer:
        body = urlencode({"csrfmiddlewaretoken": self._token, **fields})
        return self._ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        if self._web is None or time.monotonic() - self._last > FRESH:
            if self._web is not None:
                self._web.close()
            self._web = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            self._web.connect()
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        started = time.perf_counter()
        self._web.request(method, path, body, {"Cookie": cookies, **headers})
        answer = self._web.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - started
        self._last = time.monotonic()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        text = content.decode()
        if found := TOKEN.search(text):
            self._token = found[1]
        location = urlsplit(answer.headers.get("Location", ""))
        return Answer(answer.status, text, location.path, seconds)


class _Fields(HTMLParser):
    """What a browser would send of one form, if nobody touched it."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._form_id, self._inside = form_id, False
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._inside = said.get("id") == self._form_id
        if not self._inside:
            return
        name, value = said.get("name", ""), said.get("value", "")
        if tag == "input" and name and (said.get("type") not in ("checkbox", "radio") or "checked" in said):
            self.found[name] = value
        elif tag in ("select", "textarea"):
            self._select, self._area = (name, "") if tag == "select" else ("", name)
            self.found.setdefault(name, "")
        elif tag == "option" and self._select and ("selected" in said or not self.found[self._select]):
            self.found[self._select] = value

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "form":
            self._inside = False


def fields(page: str, form_id: str) -> dict[str, str]:
    reader = _Fields(form_id)
    reader.feed(page)
    if not reader.found:
        raise RuntimeError(f"the page has no form {form_id}")
    return reader.found


# -- The product's pages -------------------------------------------------------------------------------------------


def pixels(team: str, query: str = "") -> str:
    return f"/t/{team}/pixels/{query}"


def websites(team: str) -> str:
    """Of a team without any: the layout around nothing."""
    return f"/t/{team}/websites/"


def website(team: str, number: int) -> str:
    return f"/t/{team}/websites/{number}/"


def new_pixel(team: str) -> str:
    return f"/t/{team}/pixels/new/"


NEW_PIXEL_FORM = "pixel-new"
REFRESH = re.compile(r'id="pixel-live" hx-get="([^"]+)" hx-trigger="every (\d+)(m?)s"')
LIVE = re.compile(r'role="status">.{0,300}?\bLive\b', re.DOTALL)
LAST_PAGE = 1_000_000  # a page after the last shows the last
