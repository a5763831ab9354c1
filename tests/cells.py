"""Which cells of the large tables a run of the tests has: a slice that each commit draws anew, or all (`--proof`).

A test is a large table when it is marked so, with the arguments of its parametrize that make a kind of cell:

    @pytest.mark.table("fault", "provider")

Marked twice, it has two sorts of kinds, and one cell may stand for a kind of each sort.
Without `--proof` about a third of its cells run, drawn by the commit's hash, at least one of each kind, and every cell
of tests/failed_cells.txt. A cell that is named on the command line always runs. SLICE=<word> draws another slice.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FAILED = ROOT / "tests" / "failed_cells.txt"
ONE_IN = 3
WITHOUT_GIT = "no commit"


def in_proof() -> bool:
    return os.environ.get("PROOF") == "1"


def examples(usual: int, proof: int) -> int:
    """How many examples Hypothesis tries: few in each run, many in the proof."""
    return proof if in_proof() else usual


def commit() -> str:
    answer = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return answer.stdout.strip() if answer.returncode == 0 else WITHOUT_GIT


def ever_failed(text: str) -> list[str]:
    """The node ids of failed_cells.txt: one a line; a line that begins with # says why."""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def left_out(items: Iterable[pytest.Item], word: str, always: Iterable[str]) -> list[pytest.Item]:
    """The cells that a slice drawn by this word does not have."""
    out: list[pytest.Item] = []
    named, kinds = set(always), set()
    for item in sorted(items, key=lambda item: _number(word, item)):  # the order decides which cell stands for a kind
        marks = list(item.iter_markers("table"))
        if not marks:
            continue
        its = {(item.nodeid.partition("[")[0], mark.args, _values(item, mark.args)) for mark in marks}
        if its <= kinds and _number(word, item) % ONE_IN and item.nodeid not in named:
            out.append(item)
        kinds |= its
    return out


def _values(item: pytest.Item, names: Iterable[str]) -> tuple[str, ...]:
    """Raises UsageError for values whose text differs from process to process: each would draw another slice."""
    parameters = item.callspec.params  # type: ignore[attr-defined]
    values = tuple(repr(parameters[name]) for name in names)
    if any(" at 0x" in value for value in values):
        raise pytest.UsageError(f"{item.nodeid}: the kinds of a table need values that can be read")
    return values


def _number(word: str, item: pytest.Item) -> int:
    return int.from_bytes(sha256(f"{word} {item.nodeid}".encode()).digest()[:8], "big")
