"""One point at one provider, from the create to the outcome."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from accounts.models import Team, User
from pixels.models import Connection
from tests.pixels.conftest import Sandbox
from tests.stack import ROOT

from . import commands, naive, product
from .oracle import MOST_SENT, Outcome, Row, Verdict, is_allowed, verdict
from .orders import Orders
from .points import Point
from .stack import CrashStack

STEP = 0.2  # seconds between two looks at a row
HAPPENS = 30.0  # seconds within which what was arranged must have happened, on a busy machine
LATE = 6.0  # and a late answer is recorded
READY = 90.0  # and a connection is tested and pulled for the first time
FIRST_CLAIM = "in_flight 1"  # the stopped process' own

STOPPED = threading.Semaphore(2)  # so that there are workers left to take over


class Subject(Protocol):
    """What is tested: the product, or the naive version."""

    way: str

    def create(self, connection: Connection, plans: dict[UUID, str]) -> None: ...
    def row(self, pixel_id: UUID) -> Row: ...


class NotRun(Exception):
    """What was arranged did not happen, so the suite says nothing about the product here."""


@dataclass
class Lane:
    """A connection with a sandbox of its own, in which one scenario runs at a time."""

    stack: CrashStack
    index: int  # of the stand-in
    provider: str
    team: Team
    actor: User
    connection: Connection = field(init=False)

    def __post_init__(self) -> None:
        self.sandbox = Sandbox(self.stack.urls[self.index])
        self.connect()

    def connect(self) -> None:
        """Also in place of a connection on which something is stuck."""
        self.connection = product.connect(self.team, self.actor, self.provider)
        self.orders = Orders.of(self.stack.orders, self.connection.pk)
        self.orders.open(self.sandbox.url)

    def clear(self) -> None:
        self.orders.withdraw()
        self.sandbox.ask("DELETE", "faults")

    def held(self, name: str) -> list[dict[str, Any]]:
        return [held for held in self.sandbox.held(self.provider) if str(held["name"]).startswith(name)]


def wait(until: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            return False
        time.sleep(STEP)
    return True


class Scenario:
    def __init__(self, lane: Lane, point: Point, subject: Subject, *, kind: str, rng: random.Random) -> None:
        self.lane, self.subject, self.kind, self.rng = lane, subject, kind, rng
        self.point = point.for_naive() if subject.way == "naive" else point
        forgotten = subject.way == "naive" and point.special in ("dies", "lost")
        self.bound = naive.FORGOTTEN if forgotten else commands.BOUND
        self.pixel_id = uuid.uuid4()
        self.name = f"{point.name} {self.pixel_id.hex[:8]}"
        self.new_name = f"{self.name} changed"

    def play(self) -> Outcome:
        self.promise()
        return self.judge()

    def promise(self, *, ready: bool = True) -> None:
        """Everything up to what is to happen. `ready`: not before the lane is."""
        self._promised = self._settled_at = time.monotonic()
        self._sent = self._asked()
        self._not_run: NotRun | None = None
        self.lane.clear()
        try:
            if ready and not wait(lambda: not product.busy(self.lane.connection), READY):
                raise NotRun(f"the connection is busy: {product.busy(self.lane.connection)}")
            if self.point.kind != "create":
                self._make_live()
            self._sent = self._asked()
            with STOPPED if self.point.resume else nullcontext():
                self._arrange()
                time.sleep(self.rng.random() * STEP)
                self._start()
                if self.point.resume:
                    self._resume()
        except NotRun as error:
            self._not_run = error

    def judge(self) -> Outcome:
        found, detail = Verdict.BROKEN, ""
        try:
            if self._not_run:
                raise self._not_run
            self._settled()
            self._check_that_it_happened()
            objects = self._last_look()
            row = self.subject.row(self.pixel_id)
            found, detail = verdict(row, objects, kind=self.point.kind, name=self.new_name), str(row)
        except NotRun as error:
            detail = f"{error}; {self.subject.row(self.pixel_id)}"
        self._leave(found)
        sent = self._asked() - self._sent
        return Outcome(
            point=self.point.name,
            provider=self.lane.provider,
            kind=self.kind,
            way=self.subject.way,
            verdict=found,
            allowed=is_allowed(found, self.point, self.lane.provider) and sent <= MOST_SENT,
            made=len(self.lane.held(self.name)),
            sent=sent,
            seconds=round(self._settled_at - self._promised, 1),
            detail=detail,
        )

    # Steps

    def _make_live(self) -> None:
        self.subject.create(self.lane.connection, {self.pixel_id: self.name})
        if self._settled().lifecycle != "live":
            raise NotRun("the pixel to be changed did not go live")

    def _arrange(self) -> None:
        faults = [{"provider": self.lane.provider, **fault} for fault in self.point.faults]
        if faults:
            self.lane.sandbox.ask("POST", "faults", json=faults)
        if self.point.special == "expired":
            self.lane.sandbox.ask("POST", "expire")
        self.lane.orders.give(*self.point.orders)

    def _start(self) -> None:
        self._promised = time.monotonic()
        match self.point.kind, self.point.special:
            case "create", "dies":
                self._promise_and_die()
            case "create", "refused":
                with self.lane.stack.refused(self.lane.index):
                    self.subject.create(self.lane.connection, {self.pixel_id: self.name})
                    self._tried_in_vain()
            case "create", _:
                self.subject.create(self.lane.connection, {self.pixel_id: self.name})
                if self.subject.way == "naive" and self._is_for_two():
                    naive.Naive().notify(self.lane.connection, self.pixel_id)  # as a message that comes twice
            case "update", _:
                product.Outbox().change(self.pixel_id, self.new_name)
            case "delete", _:
                product.Outbox().delete(self.pixel_id)

    def _tried_in_vain(self) -> None:
        if self.subject.way == "naive":  # notes nothing of it
            time.sleep(1)
        elif not wait(lambda: bool(self.subject.row(self.pixel_id).sentence), HAPPENS):
            raise NotRun("nobody tried while nobody listened")

    def _promise_and_die(self) -> None:
        """In a process of its own, which is killed where the message would be published."""
        arguments = [self.subject.way, str(self.lane.connection.pk), str(self.pixel_id), self.name]
        command = [*commands.PYTHON, "tests.crash.promise", *arguments]
        ended = subprocess.run(command, cwd=ROOT, env=self.lane.stack.env, capture_output=True, timeout=60)
        if ended.returncode != -signal.SIGKILL:
            raise NotRun(f"the promising process ended with {ended.returncode}")

    def _resume(self) -> None:
        """Let the stopped process go on, late."""
        if not wait(lambda: bool(self.lane.orders.taken()), HAPPENS):
            raise NotRun("nobody was stopped")
        # Against what it was at the start: on a busy machine another has been quicker than this look.
        so_far = {
            "taken": lambda: self.subject.row(self.pixel_id).open != FIRST_CLAIM,
            "sending": lambda: self._asked() > self._sent,
            "sent": lambda: self.subject.row(self.pixel_id).lifecycle == "live",
        }
        had_by_another = wait(so_far[self.point.resume], self.bound)
        sent = self._asked()
        if not self._continue():
            raise NotRun("the stopped process was ended")
        if not had_by_another:
            raise NotRun("no other worker had it")
        # A row that was final already may still get its id from the late answer.
        wait(lambda: self._asked() > sent and self.subject.row(self.pixel_id).lifecycle == "live", LATE)

    def _settled(self) -> Row:
        wait(lambda: self.subject.row(self.pixel_id).is_final, self.bound)
        self._settled_at = time.monotonic()
        return self.subject.row(self.pixel_id)

    def _check_that_it_happened(self) -> None:
        """The row may be final before its task is."""
        if not wait(lambda: not self._missing(), HAPPENS):
            raise NotRun(f"nothing came past {', '.join(self._missing())}")

    def _missing(self) -> list[str]:
        orders = [path.name for path in self.lane.orders.waiting()]
        return orders + [fault["fault"] for fault in self._faults()["faults"] if fault["used"] == 0]

    def _last_look(self) -> list[dict[str, Any]]:
        """What is there when nothing comes late any more, and when whoever looks once more has looked."""
        wait(lambda: self._faults()["late"] == 0, 2 * commands.BEYOND_QUIET_TIME)
        if len(self.lane.held(self.name)) > 1:
            wait(self._is_reported_or_given_up, commands.LATE_CHECKS_OVER)
        return self.lane.held(self.name)

    def _leave(self, found: Verdict) -> None:
        """The lane as the next one wants it."""
        self._continue()
        self.lane.clear()
        if found in (Verdict.STUCK, Verdict.BROKEN) and self.subject.way == "outbox":
            self.lane.connect()

    def _continue(self) -> bool:
        """What was stopped goes on; whether it is still there to do so."""
        stopped = [taken.process for taken in self.lane.orders.taken() if taken.order.act == "stop"]
        try:
            for process in stopped:
                os.kill(process, signal.SIGCONT)
        except ProcessLookupError:
            return False
        return bool(stopped)

    # Questions

    def _faults(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.lane.sandbox.ask("GET", "faults")
        return answer

    def _asked(self) -> int:
        return self.lane.sandbox.asked(self.lane.provider, self.point.kind)

    def _is_reported_or_given_up(self) -> bool:
        row = self.subject.row(self.pixel_id)
        return row.is_reported or not row.looks_again

    def _is_for_two(self) -> bool:
        return sum(order.act == "together" for order in self.point.orders) == 2
