"""Judges the outcome: the sandbox's objects against our row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .points import FINDING, Point

MISSING = "missing"  # the lifecycle of a row that does not exist


@dataclass(frozen=True, kw_only=True)
class Row:
    """What our side says of one pixel."""

    lifecycle: str
    remote_status: str = "not_seen"
    remote_id: str = ""
    name: str = ""
    open: str = ""  # the state and the attempt of its open operation
    last: str = ""  # how its last operation stands
    sentence: str = ""
    looks_again: bool = False  # whether a duplicate check is still to come

    @property
    def is_final(self) -> bool:
        return not self.open and self.lifecycle in ("live", "failed", "unknown", "deleted", MISSING)

    @property
    def is_reported(self) -> bool:
        return self.remote_status == "duplicate"

    def __str__(self) -> str:
        said = f" ({self.sentence})" if self.sentence else ""
        return f"{self.lifecycle}/{self.remote_status}/{self.remote_id or '-'}, {self.open or self.last}{said}"


class Verdict(StrEnum):
    RESOLVED = "resolved"
    REPORTED = "reported"  # more than one object, and the row says so
    UNKNOWN = "unknown"  # a person has to look
    SILENT = "silent duplicate"
    LOST = "lost"  # the row says that it is there, or that nothing is to be done, and it is not there
    DENIED = "failed, but exists"
    STUCK = "stuck"  # neither final nor on its way to it within the bound
    BROKEN = "not run"  # the suite itself failed: what was to happen did not


@dataclass(frozen=True, kw_only=True)
class Outcome:
    point: str
    provider: str
    kind: str  # of the stack
    way: str  # "outbox" or "naive"
    verdict: Verdict
    allowed: bool
    made: int  # objects at the provider in the end
    sent: int  # requests for it
    seconds: float  # from the promise until the row was final
    detail: str


def verdict(row: Row, objects: list[dict[str, Any]], *, kind: str = "create", name: str = "") -> Verdict:
    """`name`: the one that it has after an update."""
    ids = {str(held["id"]) for held in objects}
    if not row.is_final:
        return Verdict.SILENT if len(ids) > 1 and not row.is_reported else Verdict.STUCK
    if len(ids) > 1:
        return Verdict.REPORTED if row.is_reported else Verdict.SILENT
    if kind == "delete":
        return _deleted(row, bool(ids))
    if row.lifecycle == "unknown":
        return Verdict.UNKNOWN
    if not ids:
        return Verdict.LOST
    if row.lifecycle == "failed":
        return Verdict.DENIED
    if row.lifecycle != "live" or row.remote_id not in ids:
        return Verdict.LOST
    if kind == "update":
        return _updated(row, objects[0]["name"] == name, name)
    return Verdict.RESOLVED


def _updated(row: Row, done: bool, name: str) -> Verdict:
    if row.last == "done":
        return Verdict.RESOLVED if done and row.name == name else Verdict.LOST
    return Verdict.DENIED if done else Verdict.LOST


def _deleted(row: Row, there: bool) -> Verdict:
    if row.lifecycle == "deleted":
        return Verdict.LOST if there else Verdict.RESOLVED
    return Verdict.LOST if there else Verdict.DENIED


MOST_SENT = 4  # requests for one create; more would be a storm


def is_allowed(found: Verdict, point: Point, provider: str) -> bool:
    """Whether the suite may end well with it."""
    if found == Verdict.UNKNOWN:
        return provider not in FINDING and point.may_be_unknown
    if found == Verdict.REPORTED:
        return provider in point.reported
    return found == Verdict.RESOLVED


def broken(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if not outcome.allowed]
