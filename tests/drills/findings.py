"""What must hold in a drill, and what was measured."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

OK, FAILED, SKIPPED = "ok", "FAILED", "SKIPPED"
MOST_LENIENT = 3.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    must_hold: str
    measured: str
    result: str


class Findings:
    """Of one drill. `leniency`: by how much its times may be longer, because others keep this machine busy."""

    def __init__(self, leniency: float = 1.0) -> None:
        self.leniency = leniency
        self._found: list[Finding] = []

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found)

    def hold(self, must_hold: str, so: bool, measured: str) -> None:
        self._found.append(Finding(must_hold=must_hold, measured=measured, result=OK if so else FAILED))

    def within(self, what: str, bound: float, seconds: float | None, more: str = "", *, strict: bool = False) -> None:
        """`seconds`: None where it never happened. `strict`: waits make most of it, and they are no longer here."""
        allowed = bound if strict else bound * self.leniency
        so = seconds is not None and seconds <= allowed
        measured = "never" if seconds is None else f"{seconds:.1f} s"
        if seconds is not None and bound < seconds <= allowed:
            measured += f" (busy machine: {allowed:.0f} s allowed)"
        self.hold(f"{what} ≤ {bound:.0f} s", so, f"{measured}{more}")


def leniency() -> float:
    """As this machine is now, before the drill adds its own work."""
    return min(max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), MOST_LENIENT)
