"""The outcomes as tables, and what they break."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from .oracle import Outcome, Verdict, broken

COLUMNS = (
    (Verdict.SILENT, "silent dup."),
    (Verdict.REPORTED, "reported"),
    (Verdict.LOST, "lost"),
    (Verdict.DENIED, "denied"),
    (Verdict.STUCK, "stuck"),
    (Verdict.UNKNOWN, "unknown"),
    (Verdict.RESOLVED, "resolved"),
    (Verdict.BROKEN, "not run"),
)
WIDTH = max(len(title) for _, title in COLUMNS)


def table(outcomes: Sequence[Outcome]) -> str:
    """One line for each point, provider and kind; the sums; beneath them the naive version's."""
    product = [one for one in outcomes if one.way == "outbox"]
    naive = [one for one in outcomes if one.way == "naive"]
    lines = [_head("point, provider, kind")]
    for key in dict.fromkeys(sorted((one.point, one.provider, one.kind) for one in product)):
        lines.append(_line(" · ".join(key), [o for o in product if (o.point, o.provider, o.kind) == key]))
    lines += ["", _head("in all")]
    for way, part in (("product", product), ("send, then record", naive)):
        for provider in sorted({one.provider for one in part}):
            lines.append(_line(f"{way} · {provider}", [one for one in part if one.provider == provider]))
        lines.append(_line(way, part))
    asked = [one for one in product if one.verdict != Verdict.BROKEN]
    unknown = sum(one.verdict == Verdict.UNKNOWN for one in asked)
    lines += ["", f"Handed to a person: {unknown} of {len(asked)}, {100 * unknown / max(1, len(asked)):.0f} %."]
    lines.append("denied: the row says failed, and it exists. not run: what was to happen did not.")
    return "\n".join(lines)


def problems(outcomes: Sequence[Outcome], runs: Iterable[dict[str, Any]], *, naive: bool) -> list[str]:
    """Which conditions are broken, one sentence each."""
    found = [
        f"{one.point} at {one.provider} on {one.kind}: {one.verdict}, {one.made} made, {one.sent} sent; {one.detail}"
        for one in broken(one for one in outcomes if one.way == "outbox")
    ]
    for run in runs:
        found += [f"the suite itself failed: {text}" for text in run["failures"]]
        found += [f"chaos: {text}" for storm in run["chaos"] for text in storm["problems"]]
    if naive and not any(one.verdict == Verdict.SILENT for one in outcomes if one.way == "naive"):
        found.append("send, then record made no duplicate: this suite would not notice one")
    return found


def _head(title: str) -> str:
    return f"{title:<48} {'runs':>5} " + " ".join(f"{title:>{WIDTH}}" for _, title in COLUMNS) + "  longest"


def _line(title: str, outcomes: Sequence[Outcome]) -> str:
    counts = Counter(one.verdict for one in outcomes)
    figures = " ".join(f"{counts[verdict] or '·':>{WIDTH}}" for verdict, _ in COLUMNS)
    longest = max((one.seconds for one in outcomes), default=0)
    return f"{title:<48} {len(outcomes):>5} {figures}  {longest:5.1f} s"
