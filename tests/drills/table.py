"""The table, one line for each thing that must hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .findings import Finding


@dataclass(frozen=True, kw_only=True)
class Played:
    """One drill on one kind of stack."""

    drill: str
    kind: str
    seconds: float
    findings: Sequence[Finding]


HEAD = ("drill", "stack", "must hold", "measured", "")


def table(played: Sequence[Played]) -> str:
    rows = [HEAD]
    for one in played:
        for number, finding in enumerate(one.findings):
            drill, kind = (one.drill, one.kind) if number == 0 else ("", "")
            rows.append((drill, kind, finding.must_hold, finding.measured, finding.result))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
