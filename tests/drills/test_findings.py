"""What the drills say of what they have measured."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.stack import ROOT

from .findings import FAILED, OK, Finding, Findings
from .registry import DRILLS
from .table import Played, table


@pytest.mark.parametrize(
    ("seconds", "leniency", "strict", "result"),
    [
        (2.9, 1.0, False, OK),
        (3.1, 1.0, False, FAILED),
        (5.0, 2.0, False, OK),
        (6.1, 2.0, False, FAILED),
        (5.0, 2.0, True, FAILED),
        (None, 3.0, False, FAILED),
    ],
)
def test_a_time_is_held_against_its_bound(seconds: float | None, leniency: float, strict: bool, result: str) -> None:
    findings = Findings(leniency)
    findings.within("a page is answered", 3, seconds, strict=strict)
    assert [finding.result for finding in findings] == [result]


def test_what_was_allowed_because_others_are_busy_is_said() -> None:
    findings = Findings(2.0)
    findings.within("a page is answered", 3, 5.0)
    assert [finding.measured for finding in findings] == ["5.0 s (busy machine: 6 s allowed)"]


def test_the_table_has_a_line_for_each_condition() -> None:
    broken = Finding(must_hold="reads go on", measured="3 × 503", result=FAILED)
    fine = Finding(must_hold="0 lost", measured="12 live", result=OK)
    text = table([Played(drill="disk full", kind="sqlite", seconds=1, findings=[broken, fine])])
    assert [line.split() for line in text.splitlines()[2:]] == [
        ["disk", "full", "sqlite", "reads", "go", "on", "3", "×", "503", "FAILED"],
        ["0", "lost", "12", "live", "ok"],
    ]


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.module)
def test_each_drill_can_be_played_and_is_explained(drill: object) -> None:
    assert find_spec(f"{__package__}.{drill.module}")  # type: ignore[attr-defined]
    assert f"**{drill.name}**" in (ROOT / "docs" / "drills.md").read_text()  # type: ignore[attr-defined]
