"""What docs/benchmarks.md says."""

from __future__ import annotations

import os
import platform
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path

from tests.stack import ROOT

from . import creates, web
from .figures import Spread, percentile
from .goals import Goal, Value, goals
from .pulls import DOWNLOAD, FAR, FIRST, FLOOR, OURS, PAUSING, Sample
from .results import Results

PACKAGES = ("Django", "psycopg", "requests", "dlt", "SQLAlchemy", "orjson")

INTRO = """# Benchmarks

`make bench` writes this page and measures all of it again in one run. Absolute times depend on the machine; the ratios
are what counts.

- **Floor**: the least code that reads the list and merges it. It uses `http.client` on a kept connection, `orjson`, one
  transaction and a hash for each object, and writes only what differs (SQLite: one `executemany` upsert; PostgreSQL:
  `COPY` to a temporary table and one merge). Every ratio is to the floor of the same database. The floor has no
  incremental pull: it always reads the whole list.
- **dlt**: its REST source into the same database, merging by id. It is tuned: nested parts stay JSON, primary keys are
  made.
- All read the project's own sandbox, which runs in a process of its own on the same machine. **Download only** is the
  sandbox's share of each time.
- Each run is a fresh process. Time and CPU leave out its start (interpreter, imports), which has the last column. No
  CPU figure includes PostgreSQL's server. In each repetition the contenders take turns, and each ratio is taken inside
  one repetition. The tables show medians with their range; nothing is discarded.
- Rows written: as SQLite counts them for a connection, or PostgreSQL's server for its tables. In brackets are those of
  pixels and their snippets, where there are others: a pull keeps its cursor and its counts in a row of its own.

dlt has schema evolution and many destinations, which PixelHub has not. PixelHub keeps deletions, drift and history,
which dlt does not.
"""


def text(results: Results) -> str:
    parts = [INTRO, *_where(results), *_goals(results)]
    for size in reversed(results.sizes):
        parts += _pulls(results, size)
    parts += [*_web(results), *_creates(results)]
    if results.failures:
        parts += ["## Could not be measured\n", *(f"- {failure}" for failure in results.failures), ""]
    return "\n".join(parts).rstrip() + "\n"


def _where(results: Results) -> Iterator[str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    yield f"Machine: {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, {system}. Date: {date.today()}{_commit()}."
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    yield _prose(f"Versions: Python {platform.python_version()}, {', '.join([*results.versions, packages])}.")


def _commit() -> str:
    git = ["git", "-C", str(ROOT)]
    found = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    if found.returncode:
        return ""
    changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=False).stdout
    return f", at {found.stdout.strip()}" + (" with changes" if changed else "")


def _prose(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _goals(results: Results) -> Iterator[str]:
    found = list(goals(results))
    if not found:
        return
    names = results.databases
    yield "## Goals\n"
    yield f"They have to hold at {results.large:,} pixels.\n"
    rows = [[goal.what, goal.wanted, *(_judged(goal.values.get(name)) for name in names)] for goal in found]
    yield _table(["what", "goal", *names], rows)
    small = [goal for goal in found if goal.small]
    if small:
        yield f"The same at {results.small:,} pixels, where it was measured:\n"
        yield _table(["what", *names], [[goal.what, *(_at_small(goal, name) for name in names)] for goal in small])


def _at_small(goal: Goal, name: str) -> str:
    return goal.small[name].shown if name in goal.small else ""


def _judged(value: Value | None) -> str:
    if value is None:
        return "–"
    return value.shown if value.met else f"**{value.shown}, missed**"


def _pulls(results: Results, size: int) -> Iterator[str]:
    for name in results.databases:
        seen = results.at(size, name)
        if not seen.contenders:
            continue
        yield f"## {size:,} pixels, {name}\n"
        rows = []
        for scenario, contender in seen.contenders:
            samples = seen.of(scenario, contender)
            compared = contender not in (FLOOR, DOWNLOAD)
            ratio = seen.ratio(scenario, contender) if compared else None
            cpu_ratio = seen.ratio(scenario, contender, what=_cpu) if compared else None
            rows.append(
                [
                    scenario,
                    contender,
                    _spread(samples, lambda one: one.measured.seconds).shown(),
                    ratio.shown() if ratio else "",
                    f"{_spread(samples, _cpu).middle:.2f}",
                    f"{cpu_ratio.middle:.2f}" if cpu_ratio else "",
                    f"{_spread(samples, lambda one: one.measured.peak).middle:.0f}",
                    f"{max(one.requests for one in samples):,}",
                    _rows_written(samples[-1]) if contender != DOWNLOAD else "",
                    f"{_spread(samples, lambda one: one.measured.start).middle:.2f}",
                ]
            )
        head = ["pull", "by", "s", "× floor", "CPU s", "× floor", "peak MB", "requests", "rows written", "start CPU s"]
        order = list(dict.fromkeys(scenario for scenario, _ in seen.contenders))
        yield _table(head, sorted(rows, key=lambda row: order.index(row[0])))
    if any(one.scenario == FAR for one in results.samples if one.size == size):
        yield "The 50 ms come before each page of the list; the floor and dlt read one page after the other.\n"


def _cpu(sample: Sample) -> float:
    return sample.measured.cpu


def _spread(samples: list[Sample], what: Callable[[Sample], float]) -> Spread:
    return Spread(tuple(what(one) for one in samples))


def _rows_written(sample: Sample) -> str:
    written = sample.written
    if written.pixels is None or written.pixels == written.all or sample.contender not in OURS:
        return f"{written.all:,}"
    return f"{written.all:,} ({written.pixels:,})"


def _web(results: Results) -> Iterator[str]:
    if not results.web:
        return
    yield "## While people work\n"
    yield _prose(
        f"The whole product, with a pull of {results.large:,} pixels by its worker. {web.WRITERS} people save something"
        f" every {web.EVERY * 1000:.0f} ms, {web.CALM:.0f} s before the pull, while it runs, and {web.AFTER:.0f} s"
        " after it: median, 95th percentile and longest in ms. On SQLite a pull pauses between pages; its ratio without"
        " any web traffic stands beside the one with it."
    )
    rows = []
    for seen in results.web:
        samples = results.at(results.large, seen.database)
        floor = samples.seconds(FIRST, FLOOR)
        pausing = samples.ratio(FIRST, PAUSING)
        times = [_times(values) for values in (seen.calm, seen.busy, seen.after)]
        trouble = [str(seen.locked), str(seen.refused)]
        ratio = f"{seen.pull / floor.middle:.2f}" if floor else ""
        alone = pausing.shown() if pausing else ""
        rows.append([seen.database, str(len(seen.busy)), *times, *trouble, f"{seen.pull:.1f}", ratio, alone])
    head = ["database", "writes", "before", "during", "after", "“locked”", "refused", "pull s", "× floor"]
    yield _table([*head, "without traffic, pausing"], rows)
    yield f"## Pages with {results.large:,} pixels in the team\n"
    yield _prose(
        "One person on a kept connection, each page once a round; ratios inside the round. The empty page is the list"
        " of websites of a team that has none. Queries include the session, the person and the teams."
    )
    rows = [
        [
            seen.database,
            page,
            *(_ms([one[page] for one in seen.pages], share, 1) for share in (0.5, 0.95)),
            web.ratio(seen, page, web.EMPTY).shown(1),
            str(seen.queries[page]),
        ]
        for seen in results.web
        for page in seen.queries
    ]
    yield _table(["database", "page", "p50 ms", "p95 ms", "× empty", "queries"], rows)


def _creates(results: Results) -> Iterator[str]:
    if not results.creates:
        return
    yield "## Creates\n"
    yield _prose(
        f"The whole product against the sandbox at {creates.RATE} writes in {creates.WINDOW} s: a tenth of a minute, so"
        " that nobody waits for nine. Recorded: from the commit of the promise to the provider's answer in the row,"
        " with an idle worker and the calls' own latency subtracted. Shown: from the click until the page says Live,"
        " asking as often as it does in a browser. Another team, which shares the provider's limit, creates one pixel"
        f" {', '.join(map(str, creates.OTHERS_AFTER))} s after the many."
    )
    rows = [
        [
            seen.database,
            *(_ms(seen.recorded, share) for share in (0.5, 0.95)),
            f"{seen.calls * 1000:.0f}",
            Spread(tuple(seen.shown)).shown(),
            f"{seen.took:.1f}",
            f"{seen.refusals}",
            " · ".join(f"{one:.2f}" for one in seen.waits),
        ]
        for seen in results.creates
    ]
    head = ["database", "recorded: p50 ms", "p95 ms", "calls ms", "shown s", f"{creates.MANY} creates s", "429"]
    yield _table([*head, "the other team waits s"], rows)


def _times(seconds: list[float]) -> str:
    return " · ".join(_ms(seconds, share) for share in (0.5, 0.95, 1)) if seconds else "–"


def _ms(seconds: list[float], share: float, digits: int = 0) -> str:
    return f"{percentile(seconds, share) * 1000:.{digits}f}"


def write(results: Results) -> Path:
    path = ROOT / "docs" / "benchmarks.md"
    path.write_text(text(results))
    return path
