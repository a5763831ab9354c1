"""The scenarios of one run, in parallel lanes, and then chaos."""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from django.core.cache import caches
from django.db import connections

from accounts.models import Membership, Role, Team, User

from . import chaos
from .naive import Naive
from .oracle import Outcome
from .points import LANES, POINTS, PROVIDERS, Point
from .product import Outbox
from .scenario import Lane, Scenario, Subject
from .stack import CrashStack
from .work import Work, say

SUBJECTS: tuple[Subject, ...] = (Outbox(), Naive())


class Run:
    def __init__(self, stack: CrashStack, work: Work) -> None:
        self.stack, self.work = stack, work
        self.rng = random.Random(work.seed)
        self.team = Team.objects.create(name="Crash", slug="crash")
        self.alice = User.objects.create_user("alice@shop.example", name="Alice")
        Membership.objects.create(team=self.team, user=self.alice, role=Role.OWNER)
        self.outcomes: list[Outcome] = []
        self.storms: list[dict[str, Any]] = []
        self.failures: list[str] = []  # of the suite itself

    def whole(self) -> dict[str, Any]:
        started = time.monotonic()
        lanes = [Lane(self.stack, 1 + index, provider, self.team, self.alice) for index, provider in enumerate(LANES)]
        self._lost_messages(lanes)
        self.stack.start_workers()
        # One after the other: what the naive version waits for lies in a worker's memory, and it must not pay for
        # the workers that the other scenarios kill.
        for subject in SUBJECTS:
            todo = {provider: self._todo(provider, subject) for provider in PROVIDERS}
            self._beside_each_other([partial(self._play, lane, subject, todo[lane.provider]) for lane in lanes])
        seconds = time.monotonic() - started
        for _ in range(self.work.chaos_runs):
            self._guarded(self._chaos)
        return {
            "kind": self.work.kind,
            "outcomes": [asdict(outcome) for outcome in self.outcomes],
            "chaos": self.storms,
            "failures": self.failures,
            "replaced": self.stack.replaced,
            "seconds": round(seconds, 1),
        }

    def _wanted(self, provider: str, subject: Subject) -> list[Point]:
        names = self.work.points if subject.way == "outbox" else self.work.naive
        wanted = [point for point in POINTS if provider in point.providers and point.name in names]
        return [point for point in wanted if point.naive or subject.way == "outbox"] * self.work.repeat

    def _todo(self, provider: str, subject: Subject) -> deque[Point]:
        """The scenarios for this provider, in the order of the seed."""
        todo = [point for point in self._wanted(provider, subject) if point.special != "lost"]
        self.rng.shuffle(todo)
        return deque(todo)

    def _play(self, lane: Lane, subject: Subject, todo: deque[Point]) -> None:
        while todo:
            try:
                point = todo.popleft()
            except IndexError:  # another lane took the last one
                return
            self._note(self._scenario(lane, point, subject).play())

    def _scenario(self, lane: Lane, point: Point, subject: Subject) -> Scenario:
        return Scenario(lane, point, subject, kind=self.work.kind, rng=random.Random(self.rng.random()))

    def _lost_messages(self, lanes: list[Lane]) -> None:
        """cp2: messages are published while no worker takes them, and the broker is emptied. So it comes first."""
        scenarios = [
            self._scenario(lane, point, subject)
            for lane in lanes[: len(PROVIDERS)]
            for subject in SUBJECTS
            for point in self._wanted(lane.provider, subject)
            if point.special == "lost"
        ]
        for one in scenarios:
            one.promise(ready=False)
        caches["broker"].clear()  # the whole server
        self.stack.start_workers()
        self._beside_each_other([partial(self._judge, one) for one in scenarios])

    def _judge(self, scenario: Scenario) -> None:
        self._note(scenario.judge())

    def _chaos(self) -> None:
        storm = chaos.Chaos(self.stack, self.team, self.alice, pixels=self.work.chaos_pixels, rng=self.rng)
        self._beside_each_other([storm.promise], meanwhile=storm.strike)
        self._beside_each_other([storm.judge])
        self.storms.append(storm.found)
        say(f"{self.work.kind:8} chaos: {storm.found}")

    def _note(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        mark = "" if outcome.allowed else "<<< "
        say(
            f"{outcome.kind:8} {outcome.way:6} {outcome.point:20} {outcome.provider:11} {outcome.verdict:18}"
            f" {outcome.seconds:5.1f} s  {mark}{outcome.detail}"
        )

    def _beside_each_other(
        self, jobs: Sequence[Callable[[], object]], meanwhile: Callable[[], object] = lambda: None
    ) -> None:
        """Each in a thread of its own; this one replaces the processes that were killed, and does `meanwhile`."""
        threads = [threading.Thread(target=self._guarded, args=(job,), daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.stack.tend()
            meanwhile()
            time.sleep(0.05)

    def _guarded(self, job: Callable[[], object]) -> None:
        try:
            job()
        except Exception:
            self.failures.append(traceback.format_exc())
            say(self.failures[-1])
        finally:
            connections.close_all()
