"""`make proof`: every cell of the large tables and many more examples, on SQLite and PostgreSQL; writes docs/proof.md.

    python -m tests.proof               everything: up to an hour on 2 cores
    python -m tests.proof --try FILE…   only these files, on SQLite; prints, and writes nothing

Cells that fail are added to tests/failed_cells.txt, so that every later run has them. The exit code is 1 where
something failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from tests import cells

DOCUMENT = cells.ROOT / "docs" / "proof.md"
PYTEST = [sys.executable, "-m", "pytest", "-q", "--proof"]
# Of what never asks a database one run is enough.
WITHOUT_DATABASE = ("providers", "sandbox", "snippets")
RUNS = {
    "SQLite": [*PYTEST, "-n", "3"],
    "PostgreSQL": [
        *(sys.executable, "-m", "tests.services"),
        *PYTEST,
        *("-n", "2", "-m", "not browser and not services", "tests/accounts", "tests/pixelhub", "tests/pixels"),
        *(f"--ignore=tests/pixels/{name}" for name in WITHOUT_DATABASE),
    ],
}
HEAD = """# Proof

`make proof` runs what is too much for each `make test`: every cell of the large tables (there a third, drawn by the
commit's hash), and Hypothesis with many more examples and longer series of sequences. This page is what it wrote last.
Real processes that are killed are in `make crash` ([decision 9](decisions/0009-proof-by-killing.md)), a broker,
database and disk that fail in `make drills` ([drills](drills.md)).
"""


@dataclass
class Case:
    """One test, or one cell of a table."""

    nodeid: str
    is_cell: bool
    outcome: str  # "passed", "failed" or "skipped"

    @property
    def table(self) -> str:
        return self.nodeid.partition("[")[0] if self.is_cell else ""


@dataclass
class Run:
    name: str
    cases: list[Case]
    seconds: float
    code: int


def cases_of(report: ElementTree.Element) -> Iterator[Case]:
    """From pytest's report in JUnit's format, whose class names are paths with dots."""
    for case in report.iter("testcase"):
        path = f"{case.get('classname', '').replace('.', '/')}.py"
        outcome = "passed"
        if case.find("failure") is not None or case.find("error") is not None:
            outcome = "failed"
        elif case.find("skipped") is not None:
            outcome = "skipped"
        yield Case(f"{path}::{case.get('name')}", case.find("properties/property[@name='table']") is not None, outcome)


def run(name: str, command: Sequence[str]) -> Run:
    with tempfile.TemporaryDirectory(prefix="pixelhub-proof-") as directory:
        report, started = Path(directory) / "report.xml", time.monotonic()
        code = subprocess.run([*command, f"--junitxml={report}"], cwd=cells.ROOT).returncode
        cases = list(cases_of(ElementTree.parse(report).getroot())) if report.exists() else []
        return Run(name, cases, time.monotonic() - started, code)


def lines(runs: Sequence[Run], commit: str) -> Iterator[str]:
    yield HEAD
    moment = datetime.now(UTC)
    yield f"Commit `{commit[:12]}`, {moment:%Y-%m-%d}, Python {sys.version.split()[0]}, {os.cpu_count()} cores."
    yield ""
    yield "| database | tests | passed | skipped | failed | minutes |"
    yield "|---|---|---|---|---|---|"
    for one in runs:
        counts = Counter(case.outcome for case in one.cases)
        figures = (len(one.cases), counts["passed"], counts["skipped"], counts["failed"])
        yield f"| {one.name} | {' | '.join(f'{number:,}' for number in figures)} | {one.seconds / 60:.1f} |"
    yield ""
    yield "The large tables, on SQLite:"
    yield ""
    tables = Counter(case.table for case in runs[0].cases if case.is_cell)
    bad = Counter(case.table for case in runs[0].cases if case.is_cell and case.outcome == "failed")
    for table, number in sorted(tables.items()):
        path, _, test = table.partition("::")
        yield f"- {test.removeprefix('test_').replace('_', ' ')}: {number:,} cells, {bad[table]} failed"
        yield f"  (`{path}`)"
    failed = [f"{one.name}: `{case.nodeid}`" for one in runs for case in one.cases if case.outcome == "failed"]
    if failed:
        yield ""
        yield "Failed:"
        yield ""
        yield from (f"- {text}"[:140] for text in failed)


def remember(runs: Sequence[Run], commit: str) -> None:
    """Add the cells that failed to the list of those that every run has."""
    text = cells.FAILED.read_text()
    known = set(cells.ever_failed(text))
    new = {case.nodeid: one.name for one in runs for case in one.cases if case.is_cell and case.outcome == "failed"}
    for nodeid, name in new.items():
        if nodeid not in known:
            text += f"# on {name}, at {commit[:12]}\n{nodeid}\n"
    cells.FAILED.write_text(text)


def main(arguments: Sequence[str]) -> int:
    commit, trying = cells.commit(), arguments[:1] == ["--try"]
    if trying:
        runs = [run("SQLite", [*RUNS["SQLite"], *arguments[1:]])]
    else:
        runs = [run(name, command) for name, command in RUNS.items()]
    text = "\n".join(lines(runs, commit)) + "\n"
    sys.stdout.write(text)
    if not trying:
        DOCUMENT.write_text(text)
        remember(runs, commit)
    return int(any(one.code for one in runs))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
