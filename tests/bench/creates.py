"""Creates at Xandr through the whole product: one with an idle worker, and many under the provider's limit."""

from __future__ import annotations

import http.client
import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from tests.stack import Stack

from . import person
from .person import Person
from .sandbox import ADVERTISER, ADVERTISER_CODE, Sandbox
from .web import EMAIL, add_connection, inside

RATE, WINDOW = 60, 6  # writes in so many seconds: a tenth of the minute that it stands for
MANY = 500
IDEAL = MANY / RATE * WINDOW
OTHERS_AFTER = (12, 24, 36)  # seconds after which another team creates one pixel
OTHER_ADVERTISER, OTHER_CODE = 8, "adv-8"
ALONE, SHOWN = 40, 10


@dataclass(kw_only=True)
class Creates:
    database: str
    recorded: list[float]  # seconds from commit to record, without the calls
    calls: float  # the calls' own latency
    shown: list[float] = field(default_factory=list)  # from the click until the page shows it
    took: float = 0.0  # the many
    waits: list[float] = field(default_factory=list)  # of the other team
    refusals: int = 0  # answers of 429


def measure(kind: str, say: Callable[[str], None], alone: int = ALONE, many: int = MANY) -> Creates:
    budget = {"XANDR_WRITES": str(RATE), "XANDR_WINDOW": str(WINDOW)}
    with Sandbox(0) as sandbox:
        stack = Stack(kind, SANDBOX_URL=sandbox.url, **budget)
        try:
            stack.start()
            password = secrets.token_urlsafe(12)
            first, second = inside(
                stack, "join", email=EMAIL, password=password, teams=["First", "Second"], websites=0
            ).facts["teams"]
            mine = add_connection(stack, first, ADVERTISER, ADVERTISER_CODE)
            other = add_connection(stack, second, OTHER_ADVERTISER, OTHER_CODE)
            for added in (mine, other):
                inside(stack, "follow", **added)
            sandbox.switch(xandr_writes=RATE, xandr_window_seconds=WINDOW)
            seen = _alone(stack, sandbox, mine["connection"], alone)
            say(f"recorded after {median(seen.recorded) * 1000:.0f} ms, calls {seen.calls * 1000:.0f} ms")
            one = Person(stack.port)
            one.sign_in(EMAIL, password)
            seen.shown = [_shown(one, first, number) for number in range(SHOWN)]
            say(f"shown after {median(seen.shown):.2f} s")
            time.sleep(WINDOW)
            _many(seen, stack, sandbox, mine["connection"], other["connection"], many)
            say(f"{many} creates took {seen.took:.1f} s, others waited {max(seen.waits):.2f} s")
            return seen
        finally:
            stack.clear()


def _alone(stack: Stack, sandbox: Sandbox, connection: str, count: int) -> Creates:
    before = sandbox.counts()["requests"].get("xandr", {})
    # Slower than the budget, or its end would be measured.
    pause = 1.5 * WINDOW / RATE
    took = inside(stack, "record", connection=connection, count=count, pause=pause).facts["took"]
    after = sandbox.counts()["requests"]["xandr"]
    asked = {name: (number - before.get(name, 0)) / count for name, number in after.items()}
    time.sleep(WINDOW)
    latency = _latency(sandbox)
    calls = sum(number * latency.get(name, 0.0) for name, number in asked.items())
    database = "PostgreSQL" if "DATABASE_URL" in stack.env else "SQLite"
    return Creates(database=database, recorded=[one - calls for one in took], calls=calls)


def _latency(sandbox: Sandbox, count: int = 20) -> dict[str, float]:
    """How long the sandbox takes by itself for a create, and for looking one up by its code or in a list."""
    token = sandbox.token()
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port)

    def ask(method: str, query: str, body: str | None = None) -> float:
        started = time.perf_counter()
        connection.request(method, f"/xandr/pixel?{query}", body, {"Authorization": token})
        connection.getresponse().read()
        return time.perf_counter() - started

    creates = [
        ask("POST", f"advertiser_id={ADVERTISER}", json.dumps({"pixel": {"name": "Latency", "code": f"own-{number}"}}))
        for number in range(count)
    ]
    reads = [ask("GET", f"advertiser_code={ADVERTISER_CODE}&code=own-{number}") for number in range(count)]
    lists = [ask("GET", f"advertiser_id={ADVERTISER}") for _ in range(count)]
    return {"create": median(creates), "read": median(reads), "list": median(lists)}


def _shown(one: Person, team: str, number: int) -> float:
    """As a browser would see it: the form is sent, and the page it leads to asks for its news until it says Live."""
    time.sleep(1.5 * WINDOW / RATE)
    sent = person.fields(one.get(person.new_pixel(team)).text, person.NEW_PIXEL_FORM)
    clicked = time.perf_counter()
    answer = one.post(person.new_pixel(team), {**sent, "name": f"Shown {number}", "events": "7"})
    if answer.status != 302:
        raise RuntimeError(f"the form for a new pixel answered {answer.status}")
    page = one.get(answer.location)
    while not person.LIVE.search(page.text):
        refresh = person.REFRESH.search(page.text)
        if refresh is None or time.perf_counter() - clicked > 60:
            raise RuntimeError("the page neither says Live nor asks for its news")
        time.sleep(float(refresh[2]) / (1000 if refresh[3] else 1))
        news = one.get(refresh[1].replace("&amp;", "&"), refresh=True)
        page = news if news.status == 200 else page
    return time.perf_counter() - clicked


def _many(seen: Creates, stack: Stack, sandbox: Sandbox, connection: str, other: str, many: int) -> None:
    before = _refusals(sandbox)
    flood = inside(
        stack, "flood", connection=connection, other=other, count=many, others_after=list(OTHERS_AFTER)
    ).facts
    seen.took, seen.waits, seen.refusals = flood["took"], flood["waits"], _refusals(sandbox) - before


def _refusals(sandbox: Sandbox) -> int:
    answers = sandbox.counts()["answers"].get("xandr", {})
    return sum(number for answer, number in answers.items() if re.search(r" (429|503)$", answer))
