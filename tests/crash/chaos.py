"""Chaos: pixels are created in bulk at all providers while workers and the scheduler are killed, the broker is
emptied and restarted, and the database crashes. Afterwards every pixel must exist once, or be unknown where nobody
can be asked."""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter
from typing import Any
from uuid import UUID

from django.core.cache import caches
from django.db import Error, connections

from accounts.models import Team, User
from pixels.models import Connection
from tests.pixels.conftest import Sandbox

from . import product
from .oracle import Verdict, verdict
from .orders import Orders
from .points import FINDING, PROVIDERS
from .product import Outbox
from .scenario import wait
from .stack import CrashStack
from .work import say

LASTS = 30.0  # seconds in which the pixels are promised
CONCURRENCY = 2
SLOW = 0.5  # seconds after the effect of a create, before its answer: more of what is killed was just being sent
BESIDE = 3  # connections of each provider: the changes of one are sent one after the other
BULK = 12  # pixels of the largest form
SETTLED = 180.0


class Chaos:
    def __init__(self, stack: CrashStack, team: Team, actor: User, *, pixels: int, rng: random.Random) -> None:
        self.stack, self.pixels = stack, pixels
        # One for each thread: what one draws does not depend on how quick the other is.
        self.rng, self.strikes = random.Random(rng.random()), random.Random(rng.random())
        self.struck: Counter[str] = Counter()
        self.names: dict[str, dict[UUID, str]] = {provider: {} for provider in PROVIDERS}
        self.sandbox = Sandbox(stack.urls[0])
        self.sandbox.ask("POST", "reset")
        slow = [{"provider": p, "operation": "create", "fault": "delay_after", "count": None} for p in PROVIDERS]
        self.sandbox.ask("POST", "faults", json=[{**rule, "seconds": SLOW} for rule in slow])
        self.connections = [self._connect(team, actor, provider) for provider in PROVIDERS * BESIDE]
        stack.stop_workers()
        stack.concurrency = CONCURRENCY
        stack.start_workers()
        self.started = time.monotonic()
        self.next = self.started + 1
        self.found: dict[str, Any] = {"problems": ["not judged"]}
        self.disasters = ["broker emptied", "broker restarted", "scheduler killed", "database crashed"]
        self.strikes.shuffle(self.disasters)

    def promise(self) -> None:
        left, bulks = self.pixels, max(1, 2 * self.pixels // BULK)
        while left > 0:
            number = min(left, self.rng.randint(1, BULK))
            left -= number
            connection = self.rng.choice(self.connections)
            plans = {pixel_id: f"Chaos {pixel_id.hex}" for pixel_id in (uuid.uuid4() for _ in range(number))}
            self.names[connection.provider] |= plans
            self._insist(connection, plans)
            time.sleep(LASTS / bulks * 2 * self.rng.random())
        # No disaster is left out because the promises were made quickly.
        wait(lambda: not self.disasters, LASTS)

    def strike(self) -> None:
        """Kill or break something at random moments."""
        now = time.monotonic()
        if now < self.next:
            return
        self.next = now + self.strikes.uniform(1, 3)
        name = self.strikes.choice(self.stack.worker_names)
        if self.strikes.random() < 0.5:
            self._did("child killed")
            self.stack.kill_child(name)
        else:
            self._did("worker killed")
            self.stack.kill(name)
        gone = now - self.started
        if self.disasters and gone > LASTS / 5 * (5 - len(self.disasters)):
            self._disaster(self.disasters.pop())

    def judge(self) -> None:
        """Compare rows and objects, once everything has had its time to end."""
        subject = Outbox()
        deadline = time.monotonic() + SETTLED
        for names in self.names.values():
            for pixel_id in names:
                wait(lambda one=pixel_id: subject.row(one).is_final, max(0, deadline - time.monotonic()))
        found: dict[str, Counter[str]] = {}
        problems = []
        for provider, names in self.names.items():
            held: dict[str, list[dict[str, Any]]] = {}
            for one in self.sandbox.held(provider):
                held.setdefault(str(one["name"]), []).append(one)
            found[provider] = Counter()
            for pixel_id, name in names.items():
                row = subject.row(pixel_id)
                said = verdict(row, held.get(name, []))
                found[provider][said.value] += 1
                unknown = said == Verdict.UNKNOWN and provider not in FINDING
                if said != Verdict.RESOLVED and not unknown:
                    problems.append(f"{provider}, {said}: {row}")
        unknown, most = sum(found[p][Verdict.UNKNOWN] for p in PROVIDERS), self._most_unknown()
        if unknown > most:
            problems.append(f"{unknown} are unknown, and at most {most} were interrupted")
        self.found = {
            "verdicts": {provider: dict(counts) for provider, counts in found.items()},
            "struck": dict(self.struck),
            "problems": problems,
            "seconds": round(time.monotonic() - self.started, 1),
        }

    def _most_unknown(self) -> int:
        """Creates that may have been under way when something was killed."""
        at_once = CONCURRENCY * len(self.stack.worker_names)
        struck = self.struck
        return struck["child killed"] + CONCURRENCY * struck["worker killed"] + at_once * struck["database crashed"]

    def _disaster(self, name: str) -> None:
        match name:
            case "broker emptied":
                caches["broker"].clear()
            case "broker restarted":
                self.stack.restart_broker()
            case "scheduler killed":
                self.stack.kill("scheduler")
            case "database crashed":
                if not self.stack.crash_database():
                    return
        self._did(name)

    def _did(self, name: str) -> None:
        self.struck[name] += 1
        say(f"chaos: {name}")

    def _connect(self, team: Team, actor: User, provider: str) -> Connection:
        connection = product.connect(team, actor, provider)
        Orders.of(self.stack.orders, connection.pk).open(self.sandbox.url)
        return connection

    def _insist(self, connection: Connection, plans: dict[UUID, str]) -> None:
        """As a person who sends the form again when the page fails: the same pixels by their ids."""
        for _ in range(30):
            try:
                Outbox().create(connection, plans)
                return
            except Error:
                connections.close_all()
                time.sleep(0.5)
        raise RuntimeError("the database did not come back")
