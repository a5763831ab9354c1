"""Random sequences of all that can happen to pixels: people's actions, dying workers, faults, changes at the provider.

Database and sandbox are real; only the time is simulated. `make test` runs a few dozen sequences, always the same;
`make proof` some hundred. To run more, and new ones each time:

    STATE_MACHINE=10000 .venv/bin/pytest -n 0 tests/pixels/outbox/test_state_machine.py

That many for all four cases together, about a second each. A failure is printed as the shortest sequence that fails.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Team, User
from pixels.sandbox.server import SandboxServer
from tests.cells import examples
from tests.pixels.actions import ACTIONS
from tests.pixels.contract import CASES, LIST_ON, slug_of
from tests.pixels.moving_clock import installed
from tests.pixels.sequences.invariants import Invariants
from tests.pixels.sequences.product_side import CRASH_POINTS, FALLS_ASLEEP, GAPS, ProductSide
from tests.pixels.sequences.provider_side import ProviderSide

SEQUENCES = int(os.environ.get("STATE_MACHINE", "0")) or examples(0, 400)
PROFILE = settings(
    max_examples=(SEQUENCES or 24) // len(CASES),
    derandomize=not SEQUENCES,
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
MOST_PIXELS = 4
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("drop", {"effect": False}),
    ("drop", {"effect": True}),
    ("status", {"code": 500, "effect": False}),
    ("status", {"code": 500, "effect": True}),
    ("status", {"code": 403, "body": "html"}),
    ("throttled", {"seconds": 90}),
    ("truncated_json", {}),
    ("session_expired", {}),
    ("late_effect", {"seconds": 3600}),
    ("late_effect", {"seconds": 3600}),
    ("redirect", {"effect": True}),
    ("echo", {"code": 422}),
]
BETWEEN = ["another", "wake", "synced", "disconnected", "reconnected", "arrives"]
# What leads on, by the pixel's lifecycle; anything at all is asked for as well, and mostly refused.
LEADS_ON = {
    "live": ["change", "off", "on", "delete", "resend", "adopt"],
    "queued": ["cancel"],
    "updating": ["cancel"],
    "deleting": ["cancel"],
    "draft": ["retry"],
    "failed": ["retry", "archive"],
    "unknown": ["exists", "archive"],
}
WRITES = {"easyflow": ["create", "update"], "pitchtarget": ["create"], "xandr": ["create", "update", "delete"]}


class Sequence(RuleBasedStateMachine):
    product: ClassVar[ProductSide]

    def __init__(self) -> None:
        super().__init__()
        self.database = transaction.atomic()
        self.database.__enter__()
        self.product.reset()
        self.checks = Invariants(self.product)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:  # else the sequence has failed already
                self.checks.settle()
                self.checks.assert_settled()
        finally:
            transaction.set_rollback(True)
            self.database.__exit__(None, None, None)

    @initialize(with_reference=st.booleans(), namesake=st.booleans(), pushed=st.booleans())
    def begin(self, with_reference: bool, namesake: bool, pushed: bool) -> None:
        """A pixel that usually exists already, and one that is still to be created."""
        self.product.create(with_reference=True)
        if pushed:
            self.product.push()
        if namesake:
            self.product.remote.make(f"pixel-{len(self.product.tags)}")
        self.product.create(with_reference=with_reference)

    # People

    @precondition(lambda self: len(self.product.tags) < MOST_PIXELS)
    @rule(with_reference=st.booleans(), fault=st.none() | st.sampled_from(FAULTS))
    def create(self, with_reference: bool, fault: tuple[str, dict[str, Any]] | None) -> None:
        self.product.create(with_reference=with_reference)
        if fault:
            self.product.remote.fault(fault[0], "create", **fault[1])
            self.product.push()

    @rule(number=st.integers(0, MOST_PIXELS - 1), name=st.sampled_from(list(ACTIONS)))
    def ask(self, number: int, name: str) -> None:
        rows = self.product.pixels()
        self.product.ask(rows[number % len(rows)], name)

    @rule(number=st.integers(0, MOST_PIXELS - 1), choice=st.integers(0, 5), pushed=st.booleans())
    def ask_what_leads_on(self, number: int, choice: int, pushed: bool) -> None:
        rows = self.product.pixels()
        pixel = rows[number % len(rows)]
        if names := LEADS_ON.get(pixel.lifecycle):
            self.product.ask(pixel, names[choice % len(names)])
            if pushed:
                self.product.push()

    @rule(what=st.sampled_from(["right", "right", "right", "wrong", "disconnected", "tested"]))
    def credentials(self, what: str) -> None:
        self.product.credentials(what)

    @precondition(lambda self: self.product.provider.can("list"))
    @rule(full=st.booleans())
    def sync(self, full: bool) -> None:
        self.product.ask_for_sync(full=full)
        self.product.pull()

    # Workers and time

    @rule(seconds=st.sampled_from([0, 5, 70, 70, 200, 200, 1000, 4000, 90_000]))
    def time_goes_by(self, seconds: int) -> None:
        self.product.clock.pass_by(seconds)
        self.product.dispatch()

    @rule(step=st.sampled_from([*CRASH_POINTS, FALLS_ASLEEP]), seconds=st.sampled_from([0, 70]))
    def a_worker_is_stopped(self, step: str, seconds: int) -> None:
        self.product.stop_at(step)
        self.product.clock.pass_by(seconds)
        self.product.push()

    @rule(step=st.sampled_from(GAPS), what=st.sampled_from(BETWEEN), seconds=st.sampled_from([0, 70]))
    def something_comes_between(self, step: str, what: str, seconds: int) -> None:
        self.product.meanwhile(step, getattr(self.product, what))
        self.product.clock.pass_by(seconds)
        self.product.push()

    @precondition(lambda self: self.product.sleeping)
    @rule()
    def who_slept_wakes(self) -> None:
        self.product.wake()

    # The provider

    @rule(
        fault=st.sampled_from(FAULTS),
        any_call=st.sampled_from([False, False, True]),
        count=st.sampled_from([1, 1, 2, 6]),
        data=st.data(),
    )
    def fault(self, fault: tuple[str, dict[str, Any]], any_call: bool, count: int, data: st.DataObject) -> None:
        writes = WRITES[self.product.remote.slug]
        operation = "*" if any_call else data.draw(st.sampled_from(writes))
        name, given = fault
        self.product.remote.fault(name, operation, count=count, **given)
        self.product.push()

    @precondition(lambda self: self.product.remote.on_the_way)
    @rule()
    def it_arrives_late(self) -> None:
        self.product.remote.arrive()

    @rule(number=st.integers(0, MOST_PIXELS - 1), renames=st.booleans())
    def somebody_else(self, number: int, renames: bool) -> None:
        self.product.somebody_else(number, renames=renames)

    @invariant()
    def holds(self) -> None:
        self.checks.look()


@pytest.fixture
def quiet() -> Iterator[None]:
    """Switch off the log, which would hold thousands of lines that nobody reads."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("case", CASES)
def test_whatever_happens_nothing_is_made_twice_lost_or_stuck(
    case: str,
    sandbox_server: SandboxServer,
    team: Team,
    alice: User,
    bob: User,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    quiet: None,
) -> None:
    settings.SANDBOX_URL = sandbox_server.url
    settings.EASYFLOW_LIST = case == LIST_ON
    remote = ProviderSide(sandbox_server, slug_of(case), list_on=case == LIST_ON, monkeypatch=monkeypatch)
    Sequence.product = ProductSide(remote, installed(monkeypatch), team, alice, bob, monkeypatch)
    run_state_machine_as_test(Sequence, settings=PROFILE)
