"""The list of one connection, read and merged: for the first time, unchanged, and with one object in a hundred changed.

Inside each repetition the contenders take turns, and who begins changes; ratios are taken inside the repetition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from . import contender, product
from .contender import Measured
from .databases import Database, SQLite, Written, migrated
from .rival import DATASET
from .sandbox import ADVERTISER, ADVERTISER_CODE, Sandbox

FIRST, UNCHANGED, CHANGED = "first pull", "unchanged", "1 % changed"
FAR = "first pull, 50 ms"
FAR_SECONDS = 0.05
DOWNLOAD, FLOOR, RIVAL = "download only", "floor", "dlt"
PRODUCT, PAUSING = "PixelHub", "PixelHub, pausing"
PARALLEL = "PixelHub, 4 connections"
PRODUCT_INCREMENTAL, RIVAL_INCREMENTAL = "PixelHub, incremental", "dlt, incremental"

OURS = (PRODUCT, PAUSING, PARALLEL, PRODUCT_INCREMENTAL)


@dataclass(frozen=True, kw_only=True)
class Sample:
    size: int
    database: str
    scenario: str
    contender: str
    repetition: int
    measured: Measured
    requests: int
    written: Written


class Wrong(Exception):
    """A contender reported success, but its database shows otherwise."""


class Field:
    """The contenders of one size on one database."""

    def __init__(self, sandbox: Sandbox, database: Database, directory: Path, say: Callable[[str], None]) -> None:
        self._sandbox, self._database, self._directory, self._say = sandbox, database, directory, say
        self._token = sandbox.token()
        self._databases: dict[str, str] = {}
        self._homes: dict[str, Path] = {}
        self.samples: list[Sample] = []
        self._template = migrated(database, directory)
        self._inside("settle", self._template, {"advertiser": ADVERTISER, "code": ADVERTISER_CODE})
        database.close_template(self._template)
        self._renew(RIVAL_INCREMENTAL)  # one for all repetitions: its first load is not what is measured
        self._rival(RIVAL_INCREMENTAL)

    def repeat(self, number: int) -> None:
        for name in (FLOOR, PRODUCT, PAUSING, RIVAL):
            self._renew(name)
        pausing = [PAUSING] if isinstance(self._database, SQLite) else []
        self._round(number, FIRST, [DOWNLOAD, FLOOR, PRODUCT, *pausing, RIVAL])
        for name in (FLOOR, PRODUCT, RIVAL):
            self._holds(name, self._sandbox.size)
        self._database.count_pixels_apart(self._databases[PRODUCT])
        self._round(number, UNCHANGED, [FLOOR, PRODUCT, PRODUCT_INCREMENTAL, RIVAL, RIVAL_INCREMENTAL])
        mark = f"mark {number}"
        self._sandbox.change(mark)
        self._round(number, CHANGED, [FLOOR, PRODUCT_INCREMENTAL, RIVAL_INCREMENTAL])
        for name in (FLOOR, RIVAL_INCREMENTAL):
            self._holds(name, len(self._sandbox.share), f" WHERE name LIKE '%{mark}'")
        self._sandbox.change_back()

    def repeat_far_away(self, number: int) -> None:
        """With a provider that takes its time for every page; the others, who read one after the other, only once."""
        names = [PARALLEL] if number else [PARALLEL, FLOOR, RIVAL]
        for name in names:
            self._renew(name)
        self._sandbox.be_slow(FAR_SECONDS)
        try:
            self._round(number, FAR, names)
        finally:
            self._sandbox.be_quick()

    def _round(self, number: int, scenario: str, names: Sequence[str]) -> None:
        self._sandbox.asked_since()
        for name in _turned(names, number):
            database = self._databases[_owner(name)] if name != DOWNLOAD else ""
            before = self._database.before(database) if database else None
            measured = self._run(name, scenario)
            written = self._database.written(database, before, measured.facts) if database else Written(0)  # type: ignore[arg-type]
            requests = self._sandbox.asked_since()
            self.samples.append(
                Sample(
                    size=self._sandbox.size,
                    database=self._database.label,
                    scenario=scenario,
                    contender=name,
                    repetition=number,
                    measured=measured,
                    requests=requests,
                    written=written,
                )
            )
            self._say(f"{scenario:12} {name:22} {measured.seconds:7.2f} s, {requests} requests, {written.all} rows")

    def _run(self, name: str, scenario: str) -> Measured:
        if name in (DOWNLOAD, FLOOR):
            return self._floor(name)
        if name in (RIVAL, RIVAL_INCREMENTAL):
            return self._rival(name)
        found = self._product(name)
        kind, number = {
            FIRST: ("created", self._sandbox.size),
            FAR: ("created", self._sandbox.size),
            UNCHANGED: ("updated", 0),
            CHANGED: ("updated", len(self._sandbox.share)),
        }[scenario]
        if found.facts[kind] != number:
            raise Wrong(f"{name}, {scenario}: {found.facts}")
        return found

    def _order(self, name: str) -> dict[str, object]:
        sandbox = self._sandbox
        database = self._databases.get(name, "")
        seen = {"port": sandbox.port, "size": sandbox.size, "token": self._token}
        return {**seen, "advertiser": ADVERTISER, "database": database}

    def _floor(self, name: str) -> Measured:
        return contender.run("floor", {**self._order(name), "action": "download" if name == DOWNLOAD else "pull"})

    def _rival(self, name: str) -> Measured:
        home = self._homes[name]
        order = {**self._order(name), "directory": str(home), "incremental": name == RIVAL_INCREMENTAL}
        return contender.run("rival", order, env=contender.plain_environment(home))

    def _product(self, name: str) -> Measured:
        more = {PAUSING: {"PULL_PAUSE": ""}, PARALLEL: {"PULL_CONNECTIONS": "4"}}.get(name, {})
        return self._inside("pull", self._databases[_owner(name)], {"full": name != PRODUCT_INCREMENTAL}, more)

    def _inside(
        self, action: str, database: str, order: dict[str, object], more: Mapping[str, str] | None = None
    ) -> Measured:
        env = product.environment(database, self._sandbox.url, self._directory, more)
        return contender.run("product_work", {**order, "action": action}, env=env)

    def _renew(self, name: str) -> None:
        if name in self._databases:
            self._database.forget(self._databases[name])
        self._databases[name] = self._database.fresh(self._template if name in (PRODUCT, PAUSING, PARALLEL) else None)
        self._homes[name] = Path(mkdtemp(dir=self._directory))

    def _holds(self, name: str, expected: int, where: str = "") -> None:
        database = self._databases[name]
        sql = {FLOOR: "SELECT count(*) FROM pixel", PRODUCT: product.COUNT}.get(name)
        if sql is None and isinstance(self._database, SQLite):
            database, sql = database.replace(".sqlite3", f"__{DATASET}.sqlite3"), "SELECT count(*) FROM pixels"
        found = self._database.ask(database, (sql or f"SELECT count(*) FROM {DATASET}.pixels") + where)
        if found != expected:
            raise Wrong(f"{name} holds {found} of {expected} pixels")


def _owner(name: str) -> str:
    """Whose database it is: the product's incremental pull goes on with that of its full one."""
    return PRODUCT if name == PRODUCT_INCREMENTAL else name


def _turned(names: Sequence[str], number: int) -> list[str]:
    start = number % len(names)
    return [*names[start:], *names[:start]]
