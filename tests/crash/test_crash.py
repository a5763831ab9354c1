"""Every crash point at every provider, once, with real processes that are really killed.

The whole suite, with each point several times and with chaos: `python -m tests.crash`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import pytest

from tests.stack import KINDS, require

from .oracle import Outcome, Verdict
from .points import FAST, FAST_NAIVE, FINDING
from .work import Work, carry_out

pytestmark = pytest.mark.services

SEED = 1
SECONDS = 400.0  # within which one kind must be done; usually a minute
CASES = [(kind, point.name, provider) for kind in KINDS for point in FAST[kind] for provider in point.providers]


@pytest.fixture
def outcome(request: pytest.FixtureRequest, kind: str) -> Any:
    """A function that gives the outcome of a point at a provider. All scenarios run together, at the first call."""
    require(*KINDS[kind])
    tests = [item.callspec.params for item in request.session.items if item.path == request.path]
    points = {test["point"] for test in tests if test["kind"] == kind and "point" in test}
    naive = any("point" not in test for test in tests)
    found, failures = _carried_out(kind, frozenset(points), naive)

    def of(point: str, provider: str, way: str = "outbox") -> Outcome:
        for one in found:
            if (one.point, one.provider, one.way) == (point, provider, way):
                return one
        raise AssertionError(f"{point} was not played at {provider}: " + "\n".join(failures))

    return of


@functools.cache
def _carried_out(kind: str, points: Iterable[str], naive: bool) -> tuple[list[Outcome], list[str]]:
    names = tuple(point.name for point in FAST[kind] if point.name in points)
    work = Work(kind=kind, seed=SEED, points=names, naive=FAST_NAIVE[kind] if naive else ())
    run = carry_out(work, seconds=SECONDS)
    return [Outcome(**{**one, "verdict": Verdict(one["verdict"])}) for one in run["outcomes"]], run["failures"]


@pytest.mark.parametrize(("kind", "point", "provider"), CASES)
def test_nothing_twice_and_nothing_lost(outcome: Any, kind: str, point: str, provider: str) -> None:
    came = outcome(point, provider)
    assert came.allowed, f"{came.verdict}: {came.made} made, {came.sent} sent; {came.detail}"


@pytest.mark.parametrize("kind", list(KINDS))
def test_sending_before_recording_is_caught(outcome: Any, kind: str) -> None:
    """The same points and the same judge, with a Celery task as many people write it: this suite finds its faults."""
    twice = [outcome("cp7, child", provider, "naive").verdict for provider in ("easyflow", "xandr")]
    if kind == "postgres":
        twice.append(outcome("cp12 refused", "xandr", "naive").verdict)
    assert set(twice) == {Verdict.SILENT}
    if kind == "postgres":
        assert outcome("502 after", "pitchtarget", "naive").verdict == Verdict.DENIED
        for provider in ("easyflow", *FINDING):
            assert outcome("cp1", provider, "naive").verdict == Verdict.STUCK
