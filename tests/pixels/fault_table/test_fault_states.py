"""Faults of one call, at every provider and for every kind of work: the rows and objects right after it and at the
end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pixels.messages import error_sentence
from pixels.models import Pixel
from pixels.providers.errors import BadAnswer, NoAnswer
from pixels.reconcile import runs
from pixels.services import pixels
from tests.pixels.fault_table.conftest import NEW, OLD, Desk
from tests.pixels.fault_table.table import BY_ADDRESS, CASES, ECHO, FAULTS, OPERATIONS, End, Fault, end_of, row_of
from tests.pixels.providers.fault_table.effects import DONE, MOST_REQUESTS, done_by
from tests.pixels.providers.fault_table.table import Outcome

ELSE_THE_SAME = ("easyflow_list", "xandr_without_code")  # whether it can be looked up matters after a doubt alone
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
                if case in ELSE_THE_SAME and operation == "create" and outcome not in (NoAnswer, BadAnswer):
                    continue
                words = ",".join(f"{key}={value}" for key, value in fault[1].items())
                yield pytest.param(
                    fault, case, operation, outcome, requests, id=f"{number}-{fault[0]}({words})-{case}-{operation}"
                )


@pytest.mark.table("fault")
@pytest.mark.table("case", "operation")
@pytest.mark.parametrize(("fault", "case", "operation", "outcome", "requests"), list(cases()))
def test_a_fault_ends_in_the_state_of_the_table(
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
    nobody_asked = fault[0] in BY_ADDRESS
    effects = 0 if nobody_asked else done_by(fault[0], row, outcome, operation)
    end = end_of(outcome, case, operation, made=bool(effects))
    replays = int(requests == 3)  # one log-in, and the same call again
    work = Listing(at) if operation == "list" else Writing(at, operation)
    asked, done = at.counted()
    at.meet(fault, operation)
    usual = settings.CALL_DEADLINE
    if row.slow:
        hurry()

    at.work()

    settings.CALL_DEADLINE = usual
    if effects:
        at.bench.until(lambda: (at.counted()[1] - done)[DONE[operation]] >= effects)
    asked_now, done_now = at.counted()
    assert (asked_now - asked).total() <= MOST_REQUESTS
    assert (asked_now - asked)[operation] == (0 if nobody_asked else 1 + replays)
    assert (done_now - done).total() == effects
    assert (work.state(), at.is_paused()) == (end.after, end.paused)
    work.assert_after(end)
    at.work()  # nothing is due, not yet or not ever
    assert at.counted()[0] == asked_now

    at.well_again()
    at.work_on()
    work.settle()

    assert (work.state(), at.is_paused()) == (end.settled, False)
    asked_now, done_now = at.counted()
    if operation != "list":
        assert (asked_now - asked)[operation] == end.requests + replays
    work.assert_settled(end, effects, (done_now - done)[DONE.get(operation, "")])


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
        lifecycle, state = end.after.split("/")
        operation = self.pixel.operations.latest("created_at")
        assert bool(error_sentence(self.pixel)) == bool(error_sentence(operation)) == (state != "done")
        assert operation.lease_until is None
        assert operation.sent_at or lifecycle != "checking"
        if self.operation != "create":
            assert self.pixel.name == (NEW if (self.operation, state) == ("update", "done") else OLD)

    def settle(self) -> None:
        """Let time pass; nothing else is needed."""

    def assert_settled(self, end: End, effects: int, done: int) -> None:
        """`effects`: changes carried out by the faulty call itself; `done`: all that were carried out."""
        lifecycle, state = end.settled.split("/")
        held, remote = self.at.names(), REMOTE.get(self.at.case, "in_sync")
        if self.operation == "create":
            there = {"live": 1, "unknown": effects, "failed": 0}[lifecycle]
            assert (len(held), done) == (there, there)
            remote = remote if lifecycle == "live" else "not_seen"
        elif self.operation == "update":
            name = NEW if state == "done" else OLD
            assert (held, self.pixel.name) == ([name], name)
            assert done == effects + (end.after != end.settled)
        elif lifecycle == "deleted":
            assert (held, done) == ([], 1)
            remote = "gone"
        else:
            assert (held, done) == ([OLD], 0)
        assert self.pixel.remote_status == remote
        assert bool(self.pixel.remote_id) == (lifecycle in ("live", "deleted"))
        assert bool(error_sentence(self.pixel)) == (state != "done")


class Listing:
    """A sync of two pixels that are known."""

    def __init__(self, at: Desk) -> None:
        self.at = at
        at.bench.make(at.slug, OLD, NEW)
        assert at.sync().created == 2
        self.before = rows()
        run = runs.open_run(at.connection)
        assert run
        self.run = run

    def state(self) -> str:
        self.run.refresh_from_db()
        return self.run.state

    def assert_after(self, end: End) -> None:
        assert rows() == self.before, "something was concluded from half an answer"
        assert bool(error_sentence(self.run)) == (end.after != "done")
        assert (self.run.not_before is not None) == (end.after == "queued")

    def settle(self) -> None:
        if self.state() != "done":
            self.run = self.at.sync()

    def assert_settled(self, end: End, effects: int, done: int) -> None:
        assert (effects, done) == (0, 0)
        assert (self.run.created, self.run.updated, self.run.missing) == (0, 0, 0)
        assert rows() == self.before


def rows() -> list[dict[str, Any]]:
    return list(Pixel.objects.order_by("pk").values())
