"""Faults of one call, at every provider and every kind of work: what becomes of rows and objects, then and later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pixels.models import Pixel
from pixels.providers.errors import BadAnswer, NoAnswer
from pixels.sandbox.faults import FAULTS as OF_THE_SANDBOX
from pixels.services import pixels
from tests.providers.fault_table.table import GOOD, Outcome
from tests.providers.fault_table.test_fault_table import DONE, MOST_REQUESTS, done_by

from .conftest import NEW, OLD, Desk
from .table import BY_ADDRESS, CASES, ECHO, FAULTS, OPERATIONS, End, Fault, end_of, row_of

REMOTE = {"easyflow": "unverifiable"}  # of a pixel that is there, elsewhere "in_sync"


def cases() -> Iterator[Any]:
    numbered = [(number, fault) for number, (_, faults) in FAULTS.items() for fault in faults]
    for number, fault in [*numbered, (0, ECHO)]:
        row = row_of(fault)
        for case in CASES:
            slug = "xandr" if case.startswith("xandr") else case.removesuffix("_list")
            if row.only and row.only != slug:
                continue
            for operation in OPERATIONS[case]:
                outcome, requests = row.expected(slug, operation)
                if case == "xandr_without_code" and outcome not in (NoAnswer, BadAnswer):
                    continue  # the code makes no difference
                words = ",".join(f"{key}={value}" for key, value in fault[1].items())
                yield pytest.param(
                    fault, case, operation, outcome, requests, id=f"{number}-{fault[0]}({words})-{case}-{operation}"
                )


@pytest.mark.parametrize(("fault", "case", "operation", "outcome", "requests"), list(cases()))
def test_what_becomes_of_it(
    fault: Fault,
    case: str,
    operation: str,
    outcome: Outcome,
    requests: int,
    desk: Callable[[str], Desk],
    hurry: Callable[[], None],
    settings: Any,
) -> None:
    at = desk(case)
    row = row_of(fault)
    times = 0 if fault[0] in BY_ADDRESS else done_by(fault[0], row, outcome, operation)
    end = end_of(outcome, case, operation, made=bool(times))
    more = int(requests == 3)  # logged in afresh, and asked again
    work = Listing(at) if operation == "list" else Writing(at, operation)
    asked, done = at.counted()
    at.meet(fault, operation)
    usual = settings.CALL_DEADLINE
    if row.slow:
        hurry()

    at.work()

    settings.CALL_DEADLINE = usual
    if times:
        at.bench.until(lambda: (at.counted()[1] - done)[DONE[operation]] >= times)
    asked_now, done_now = at.counted()
    assert (asked_now - asked).total() <= MOST_REQUESTS
    assert (done_now - done).total() == times
    assert (work.state(), at.is_paused()) == (end.after, end.paused)
    work.assert_after(end)
    at.work()  # nothing is due yet, or ever
    assert at.counted()[0] == asked_now
    if operation == "list":
        assert (asked_now - asked)["list"] == (0 if fault[0] in BY_ADDRESS else 1 + more)

    at.well_again()
    at.work_on()

    assert work.state() == end.settled
    assert not at.is_paused()
    if operation != "list":
        assert (at.counted()[0] - asked)[operation] == end.requests + more
    work.assert_settled(times, (at.counted()[1] - done)[DONE.get(operation, "")])


class Writing:
    """One promised change."""

    def __init__(self, at: Desk, operation: str) -> None:
        self.at, self.operation = at, operation
        if operation == "create":
            self.pixel = at.promise()
            return
        self.pixel = at.live()
        if operation == "update":
            pixels.change_pixel(self.pixel, at.alice, {"name": NEW})
        else:
            pixels.delete_pixel(self.pixel, at.alice)

    def state(self) -> str:
        return self.at.state(self.pixel)

    def assert_after(self, end: End) -> None:
        operation = self.pixel.operations.latest("created_at")
        told = self.pixel.error_sentence or operation.error_sentence
        assert bool(told) == (not end.after.endswith("/done"))
        assert operation.lease_until is None
        assert operation.maybe_sent == (operation.kind == "create" and end.after != "queued/pending") or not told
        assert self.pixel.name == (OLD if self.operation != "create" and not end.after.endswith("/done") else self.pixel.name)

    def assert_settled(self, times: int, done: int) -> None:
        """`times`: what the fault itself had done; `done`: all that was done."""
        state, held = self.state(), self.at.names()
        if self.operation == "create":
            there = {"live/done": 1, "unknown/unknown": times, "failed/failed": 0}[state]
            assert (len(held), done) == (there, there)
            remote = REMOTE.get(self.at.case, "in_sync") if state == "live/done" else "not_seen"
        elif self.operation == "update":
            name = NEW if state == "live/done" else OLD
            assert (held, self.pixel.name) == ([name], name)
            assert done == (0 if name == OLD else max(times, 1) if not self.repeated(times) else times + 1)
            remote = REMOTE.get(self.at.case, "in_sync")
        else:
            gone = state == "deleted/done"
            assert (held, done) == ([] if gone else [OLD], int(gone))
            remote = "gone" if gone else "in_sync"
        assert self.pixel.remote == remote
        assert (self.pixel.remote_id == "") == (state.split("/")[0] in ("failed", "unknown") and self.operation == "create")
        assert bool(self.pixel.error_sentence) == (not state.endswith("/done"))

    def repeated(self, times: int) -> bool:
        return self.pixel.operations.latest("created_at").doubts > 0 and times > 0


class Listing:
    """A sync of two pixels that are known."""

    def __init__(self, at: Desk) -> None:
        self.at = at
        at.bench.make(at.slug, OLD, NEW)
        assert at.sync().created == 2
        self.before = rows()
        from pixels.sync import runs

        self.run = runs.open_run(at.connection)

    def state(self) -> str:
        self.run.refresh_from_db()
        return self.run.state

    def assert_after(self, end: End) -> None:
        assert rows() == self.before, "something was concluded from half an answer"
        assert bool(self.run.error_sentence) == (end.after != "done")

    def assert_settled(self, times: int, done: int) -> None:
        assert not times and not done
        assert rows() == self.before


def rows() -> list[dict[str, Any]]:
    return list(Pixel.objects.order_by("pk").values())
