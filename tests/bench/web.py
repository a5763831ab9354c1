"""The whole product at work on a list of many pixels: what people feel while a pull writes, and afterwards."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.stack import Stack

from . import contender, person
from .contender import Measured
from .figures import Spread
from .person import Person
from .sandbox import ADVERTISER, ADVERTISER_CODE, COMMON, Sandbox

EMAIL = "bench@pixelhub.example"
WRITERS, EVERY = 2, 0.1  # people who save something, and how often each does
CALM, AFTER = 5.0, 15.0  # seconds of the same before the pull, and after it: the worker may have more to do
ROUNDS = 30
EMPTY, FIRST, LAST = "empty page", "list, first page", "list, last page"
RARE, COMMON_WORD = "search, one hit", "search, every seventh"


@dataclass(kw_only=True)
class Web:
    """What was seen on one kind of database."""

    database: str
    calm: list[float]  # seconds of each write before the pull
    busy: list[float]  # during it
    after: list[float]
    refused: int  # writes that were not answered as they should be
    locked: int  # how often the logs say that the database is locked
    pull: float
    pages: list[dict[str, float]] = field(default_factory=list)  # one dict a round
    queries: dict[str, int] = field(default_factory=dict)


def inside(stack: Stack, action: str, **order: Any) -> Measured:
    return contender.run("product_work", {**order, "action": action}, env=stack.env)


def add_connection(stack: Stack, team: str, advertiser: int, code: str) -> dict[str, Any]:
    return inside(stack, "add_connection", team=team, advertiser=advertiser, code=code, sync=True).facts


def measure(kind: str, sandbox: Sandbox, say: Callable[[str], None], rounds: int = ROUNDS) -> Web:
    stack = Stack(kind, SANDBOX_URL=sandbox.url, XANDR_READS="0", XANDR_WRITES="0")
    try:
        stack.start()
        password = secrets.token_urlsafe(12)
        joined = inside(stack, "join", email=EMAIL, password=password, teams=["Full", "Empty"], websites=WRITERS).facts
        full, empty = joined["teams"]
        people = [Person(stack.port) for _ in range(WRITERS)]
        for one in people:
            one.sign_in(EMAIL, password)
        writers = [_Writer(one, full, number) for one, number in zip(people, joined["websites"], strict=True)]
        for writer in writers:
            writer.start()
        time.sleep(CALM)
        run = inside(stack, "follow", **add_connection(stack, full, ADVERTISER, ADVERTISER_CODE)).facts
        time.sleep(AFTER)
        for writer in writers:
            writer.stop()
        if all(writer.refused == len(writer.took) for writer in writers):
            raise RuntimeError("no write was answered as it should be")
        if run["created"] != sandbox.size:
            raise RuntimeError(f"the worker's pull found {run}")
        took_all = [one for writer in writers for one in writer.took]
        seen = Web(
            database="SQLite" if kind == "sqlite" else "PostgreSQL",
            calm=[took for at, took in took_all if at < run["began"]],
            busy=[took for at, took in took_all if run["began"] <= at <= run["ended"]],
            after=[took for at, took in took_all if at > run["ended"]],
            refused=sum(writer.refused for writer in writers),
            locked=stack.logs().count("database is locked"),
            pull=run["ended"] - run["began"],
        )
        say(f"{len(seen.busy)} writes during a pull of {seen.pull:.1f} s")
        _pages(seen, stack, people[0], sandbox, full, empty, rounds)
        return seen
    finally:
        stack.clear()


def _pages(seen: Web, stack: Stack, one: Person, sandbox: Sandbox, full: str, empty: str, rounds: int) -> None:
    paths = {
        EMPTY: person.websites(empty),
        FIRST: person.pixels(full),
        LAST: person.pixels(full, f"?page={person.LAST_PAGE}"),
        RARE: person.pixels(full, f"?q={sandbox.pixel(sandbox.size // 2)['code']}"),
        COMMON_WORD: person.pixels(full, f"?q={COMMON}"),
    }
    for path in paths.values():
        one.get(path)
    names = list(paths)
    for number in range(rounds):
        start = number % len(names)
        seen.pages.append({name: _read(one, paths[name]) for name in [*names[start:], *names[:start]]})
    counted = inside(stack, "queries", email=EMAIL, paths=list(paths.values())).facts["queries"]
    seen.queries = {name: counted[path] for name, path in paths.items()}


def _read(one: Person, path: str) -> float:
    answer = one.get(path)
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    return answer.seconds


class _Writer(threading.Thread):
    """Saves a website at fixed times. Those that pass while an answer is awaited are left out: nobody saves twice."""

    def __init__(self, one: Person, team: str, number: int) -> None:
        super().__init__(daemon=True)
        self._person, self._path, self._number = one, person.website(team, number), number
        self._ended = threading.Event()
        self.took: list[tuple[float, float]] = []  # when, and how long
        self.refused = 0

    def run(self) -> None:
        self._person.get(self._path)
        started = time.monotonic()
        while not self._ended.wait(EVERY - (time.monotonic() - started) % EVERY):
            fields = {"name": f"Shop {self._number}", "url": f"https://shop.example/{len(self.took)}"}
            at = time.time()
            answer = self._person.post(self._path, fields)
            self.took.append((at, answer.seconds))
            self.refused += answer.status != 302

    def stop(self) -> None:
        self._ended.set()
        self.join(timeout=90)


def ratio(seen: Web, page: str, to: str) -> Spread:
    return Spread(tuple(one[page] / one[to] for one in seen.pages))
