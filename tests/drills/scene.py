"""A team with a connection to each provider, its pixels, and their outcome."""

from __future__ import annotations

import secrets
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import redis
from django.conf import settings
from django.db import Error, connections

from accounts.models import Membership, Role, Team, User
from pixels.models import Connection, Operation, Pixel
from tests.crash import product
from tests.crash.oracle import Verdict, verdict
from tests.crash.points import FINDING, PROVIDERS
from tests.crash.product import Outbox
from tests.pixels.conftest import Sandbox

from .findings import Findings
from .people import Visitor
from .stage import Stage, until

TEAM, EMAIL = "drill", "alice@shop.example"
READY = 120.0  # seconds until the connections are tested and read for the first time, on a busy machine
QUEUE = "celery"


@dataclass(frozen=True)
class Judgement:
    """How many pixels came to which end, and a line about each that should not have."""

    ends: Counter[str]
    wrong: list[str]

    @property
    def lost(self) -> int:
        return self.ends[Verdict.LOST] + self.ends[Verdict.DENIED]

    @property
    def twice(self) -> int:
        return self.ends[Verdict.SILENT] + self.ends[Verdict.REPORTED]

    @property
    def stuck(self) -> int:
        return self.ends[Verdict.STUCK]

    @property
    def unknown(self) -> int:
        return self.ends[Verdict.UNKNOWN]

    def __str__(self) -> str:
        text = f"{self.ends[Verdict.RESOLVED]} live, {self.unknown} unknown (Easyflow), {self.stuck} stuck"
        return "; ".join([f"{text}; {self.lost} lost, {self.twice} twice", *self.wrong[:3]])


class Scene:
    def __init__(self, stage: Stage, findings: Findings) -> None:
        self.stage, self.findings = stage, findings
        self.team = Team.objects.create(name="Drill", slug=TEAM)
        self.password = secrets.token_urlsafe(12)
        self.actor = User.objects.create_user(EMAIL, self.password, name="Alice")
        Membership.objects.create(team=self.team, user=self.actor, role=Role.OWNER)
        self.sandbox = Sandbox(stage.sandbox_url)
        self.promised: dict[str, list[str]] = {provider: [] for provider in PROVIDERS}
        self.connections: dict[str, Connection] = {
            provider: product.connect(self.team, self.actor, provider) for provider in PROVIDERS
        }
        if until(self._is_idle, READY) is None:
            raise RuntimeError(f"the connections are busy: {[product.busy(one) for one in self.connections.values()]}")
        self.visitor = self.somebody()

    def _is_idle(self) -> bool:
        return not any(product.busy(one) for one in self.connections.values())

    def somebody(self) -> Visitor:
        visitor = Visitor(self.stage.port)
        visitor.sign_in(EMAIL, self.password)
        return visitor

    @property
    def pages(self) -> Sequence[str]:
        """What people look at."""
        newest = Pixel.objects.order_by("-created_at").first()
        return [f"/t/{TEAM}/", f"/t/{TEAM}/pixels/", *([f"/t/{TEAM}/pixels/{newest.pk}/"] if newest else [])]

    # Promises

    def name(self, provider: str) -> str:
        """A new one, promised from now on."""
        name = f"Drill {provider} {uuid.uuid4().hex[:12]}"
        self.promised[provider].append(name)
        return name

    def bulk(self, number: int, providers: Iterable[str] = PROVIDERS) -> list[str]:
        """So many at each provider, by the service that the bulk form calls; their names."""
        made: list[str] = []
        for provider in providers:
            plans = {uuid.uuid4(): self.name(provider) for _ in range(number)}
            Outbox().create(self.connections[provider], plans)
            made += plans.values()
        return made

    def slow(self, operation: str, seconds: float, providers: Iterable[str] = PROVIDERS) -> None:
        """Let the provider answer later by so many seconds, after it has carried out the request."""
        rule = {"operation": operation, "fault": "delay_after", "seconds": seconds, "count": None}
        self.sandbox.ask("POST", "faults", json=[{"provider": provider, **rule} for provider in providers])

    def quick(self) -> None:
        self.sandbox.ask("DELETE", "faults")

    # The broker

    def messages(self) -> int:
        return int(self._broker().llen(QUEUE))  # type: ignore[arg-type]

    def queued(self) -> list[bytes]:
        found: list[bytes] = self._broker().lrange(QUEUE, 0, -1)  # type: ignore[assignment]
        return found

    def empty_broker(self) -> None:
        self._broker().flushall()

    def _broker(self) -> redis.Redis:
        return redis.Redis.from_url(settings.CACHES["broker"]["LOCATION"])

    # What came of it

    def rows(self, names: Iterable[str]) -> list[Pixel]:
        return list(Pixel.objects.filter(team=self.team, name__in=list(names)))

    def unclaimed(self, names: Iterable[str]) -> int:
        waiting = Operation.objects.open().filter(pixel__name__in=list(names), attempt=0)
        return waiting.count()

    def claimed(self) -> int:
        """Operations that somebody works at."""
        return Operation.objects.filter(state=Operation.State.IN_FLIGHT).count()

    def live(self, names: Iterable[str]) -> int:
        return Pixel.objects.filter(name__in=list(names), lifecycle=Pixel.Lifecycle.LIVE).count()

    def open(self) -> int:
        """Operations that nobody has ended; also while the database comes and goes."""
        try:
            return Operation.objects.open().count()
        except Error:
            connections.close_all()
            return -1

    def settle(self, seconds: float) -> float | None:
        """Wait until no operation is open."""
        return until(lambda: self.open() == 0, seconds * self.findings.leniency, step=0.3)

    def judge(self) -> Judgement:
        """Compare our rows of each name with the objects at the provider."""
        ends: Counter[str] = Counter()
        wrong: list[str] = []
        for provider, names in self.promised.items():
            held: dict[str, list[dict[str, Any]]] = {}
            for one in self.sandbox.held(provider):
                held.setdefault(str(one["name"]), []).append(one)
            rows: dict[str, list[Pixel]] = {}
            for pixel in self.rows(names):
                rows.setdefault(pixel.name, []).append(pixel)
            for name in names:
                found = self._verdict(rows.get(name, []), held.get(name, []))
                ends[found] += 1
                if found != Verdict.RESOLVED and (found != Verdict.UNKNOWN or provider in FINDING):
                    said = [str(Outbox().row(pixel.pk)) for pixel in rows.get(name, []) if pixel.operations.exists()]
                    wrong.append(f"{name}: {found}, {len(held.get(name, []))} there, {said}")
        return Judgement(ends, wrong)

    def _verdict(self, rows: list[Pixel], held: list[dict[str, Any]]) -> Verdict:
        if not rows:
            return Verdict.LOST
        if len(rows) > 1:
            return Verdict.SILENT
        return verdict(Outbox().row(rows[0].pk), held)

    def all_is_well(self, seconds: float, *, most_unknown: int) -> Judgement:
        """The last part of nearly each drill: everything ends, nothing is lost, nothing is there twice."""
        took = self.settle(seconds)
        judgement = self.judge()
        self.findings.within("each row in a final state", seconds, took)
        so = not judgement.wrong and judgement.unknown <= most_unknown
        self.findings.hold(f"0 lost, 0 twice, at most {most_unknown} unknown", so, str(judgement))
        ended = self.stage.ended()
        self.findings.hold("no process has ended over it", not ended, ", ".join(ended) or "all run")
        return judgement

    def insist(self, create: Any, seconds: float = 60) -> None:
        """As people do who send the form again while the database is away."""
        give_up = time.monotonic() + seconds
        while True:
            try:
                create()
                return
            except Error:
                connections.close_all()
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.3)
