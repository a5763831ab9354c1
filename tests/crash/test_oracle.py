"""The judge of the crash suite: verdicts from the objects at the provider and our row."""

from __future__ import annotations

from typing import Any

import pytest

from .oracle import MISSING, Row, Verdict, is_allowed, verdict
from .points import POINTS

ONE, TWO = [{"id": 7, "name": "Purchase"}], [{"id": 7, "name": "Purchase"}, {"id": 8, "name": "Purchase"}]
LIVE = {"lifecycle": "live", "remote_id": "7", "last": "done"}


@pytest.mark.parametrize(
    ("row", "objects", "came"),
    [
        (LIVE, ONE, Verdict.RESOLVED),
        (LIVE, [], Verdict.LOST),
        (LIVE | {"remote_id": "9"}, ONE, Verdict.LOST),
        (LIVE, TWO, Verdict.SILENT),
        (LIVE | {"remote_status": "duplicate"}, TWO, Verdict.REPORTED),
        ({"lifecycle": "unknown"}, [], Verdict.UNKNOWN),
        ({"lifecycle": "unknown"}, ONE, Verdict.UNKNOWN),
        ({"lifecycle": "unknown"}, TWO, Verdict.SILENT),
        ({"lifecycle": "failed"}, [], Verdict.LOST),
        ({"lifecycle": "failed"}, ONE, Verdict.DENIED),
        ({"lifecycle": "creating", "open": "in_flight 1"}, ONE, Verdict.STUCK),
        ({"lifecycle": "creating", "open": "in_flight 1"}, TWO, Verdict.SILENT),
        ({"lifecycle": "queued"}, [], Verdict.STUCK),
        ({"lifecycle": MISSING}, [], Verdict.LOST),
        ({"lifecycle": MISSING}, ONE, Verdict.LOST),
    ],
)
def test_a_create(row: dict[str, Any], objects: list[dict[str, Any]], came: Verdict) -> None:
    assert verdict(Row(**row), objects) == came


@pytest.mark.parametrize(
    ("row", "there", "came"),
    [
        (LIVE | {"name": "Sale"}, "Sale", Verdict.RESOLVED),
        (LIVE | {"name": "Sale"}, "Purchase", Verdict.LOST),
        (LIVE | {"name": "Purchase", "last": "failed"}, "Sale", Verdict.DENIED),
        (LIVE | {"name": "Purchase", "last": "failed"}, "Purchase", Verdict.LOST),
    ],
)
def test_an_update_to_sale(row: dict[str, Any], there: str, came: Verdict) -> None:
    assert verdict(Row(**row), [{"id": 7, "name": there}], kind="update", name="Sale") == came


@pytest.mark.parametrize(
    ("lifecycle", "objects", "came"),
    [
        ("deleted", [], Verdict.RESOLVED),
        ("deleted", ONE, Verdict.LOST),
        ("live", ONE, Verdict.LOST),
        ("live", [], Verdict.DENIED),
    ],
)
def test_a_delete(lifecycle: str, objects: list[dict[str, Any]], came: Verdict) -> None:
    assert verdict(Row(**LIVE | {"lifecycle": lifecycle}), objects, kind="delete") == came


def test_unknown_is_allowed_only_where_nobody_can_be_asked() -> None:
    points = {point.name: point for point in POINTS}
    assert is_allowed(Verdict.UNKNOWN, points["cp6 lost"], "easyflow")
    assert not is_allowed(Verdict.UNKNOWN, points["cp6 lost"], "xandr")
    assert not is_allowed(Verdict.UNKNOWN, points["429"], "easyflow")
