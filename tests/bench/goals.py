"""What the figures have to be, and what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import creates, web
from .figures import Samples, percentile
from .pulls import (
    CHANGED,
    FAR,
    FAR_SECONDS,
    FIRST,
    PARALLEL,
    PRODUCT,
    PRODUCT_INCREMENTAL,
    RIVAL,
    UNCHANGED,
    Sample,
)
from .results import Results

CONNECTIONS = 4
MEMORY = 20  # MB
WRITTEN, REQUESTS = "Unchanged, full: pixel rows written", "Unchanged, incremental: requests"


@dataclass(frozen=True)
class Value:
    shown: str
    met: bool


@dataclass(frozen=True)
class Goal:
    """`values` by database; `small` are the same at the smaller size, where they are only shown.

    A condition is about being right, and has to hold on every machine; the others are about being quick.
    """

    what: str
    wanted: str
    values: dict[str, Value]
    small: dict[str, Value]
    is_condition: bool = False


Find = Callable[[Samples], Value | None]


def goals(results: Results) -> Iterator[Goal]:
    for what, wanted, find in _of_pulls():
        large = _found(results, results.large, find)
        small = {} if results.small == results.large else _found(results, results.small, find)
        if large or small:
            yield Goal(what, wanted, large, small, is_condition=what in (WRITTEN, REQUESTS))
    yield from _memory(results)
    yield from _far(results)
    for seen in (_of_web(results), _of_creates(results)):
        yield from seen


def missed(results: Results, *, conditions_only: bool = False) -> list[str]:
    return [
        f"{goal.what} on {name}: {value.shown}, wanted {goal.wanted}"
        for goal in goals(results)
        for name, value in goal.values.items()
        if not value.met and (goal.is_condition or not conditions_only)
    ]


def _of_pulls() -> list[tuple[str, str, Find]]:
    return [
        ("First pull", "≤ 2.5 × floor (aim 2.0)", lambda seen: _ratio(seen, FIRST, PRODUCT, 2.5)),
        ("First pull, beside dlt", "≥ 3.5 × as fast", _faster),
        ("Unchanged, full", "≤ 1.7 × floor", lambda seen: _ratio(seen, UNCHANGED, PRODUCT, 1.7)),
        (WRITTEN, "0", lambda seen: _most(seen, PRODUCT, _pixel_rows, 0, 0)),
        ("Unchanged, incremental", "≤ 0.2 × floor", lambda seen: _ratio(seen, UNCHANGED, PRODUCT_INCREMENTAL, 0.2)),
        (
            REQUESTS,
            "1 to 3",
            lambda seen: _most(seen, PRODUCT_INCREMENTAL, lambda one: one.requests, 1, 3),
        ),
        ("1 % changed, incremental", "≤ 0.3 × floor", lambda seen: _ratio(seen, CHANGED, PRODUCT_INCREMENTAL, 0.3)),
    ]


def _found(results: Results, size: int, find: Find) -> dict[str, Value]:
    values = {name: find(results.at(size, name)) for name in results.databases}
    return {name: value for name, value in values.items() if value is not None}


def _ratio(seen: Samples, scenario: str, contender: str, most: float) -> Value | None:
    ratio = seen.ratio(scenario, contender)
    return ratio and Value(ratio.shown(), ratio.middle <= most)


def _faster(seen: Samples) -> Value | None:
    ratio = seen.ratio(FIRST, RIVAL, to=PRODUCT)
    return ratio and Value(ratio.shown(1), ratio.middle >= 3.5)


def _pixel_rows(sample: Sample) -> int:
    return sample.written.all if sample.written.pixels is None else sample.written.pixels


def _most(seen: Samples, contender: str, what: Callable[[Sample], int], low: int, high: int) -> Value | None:
    found = [what(one) for one in seen.of(UNCHANGED, contender)]
    return Value(f"{max(found):,}", all(low <= one <= high for one in found)) if found else None


def _memory(results: Results) -> Iterator[Goal]:
    if results.small == results.large:
        return
    values = {}
    for name in results.databases:
        growth = []
        for scenario in (FIRST, UNCHANGED):
            peaks = [
                results.at(size, name).spread(scenario, PRODUCT, lambda one: one.measured.peak)
                for size in (results.small, results.large)
            ]
            if peaks[0] and peaks[1]:
                growth.append(peaks[1].middle - peaks[0].middle)
        if growth:
            values[name] = Value(f"{max(growth):.0f} MB", max(growth) <= MEMORY)
    if values:
        what = f"Peak memory of a full pull, from {results.small:,} pixels to {results.large:,}"
        yield Goal(what, f"≤ {MEMORY} MB more", values, {})


def _far(results: Results) -> Iterator[Goal]:
    ideal = results.small / 100 * FAR_SECONDS / CONNECTIONS
    values = {}
    for name in results.databases:
        seconds = results.at(results.small, name).seconds(FAR, PARALLEL)
        if seconds:
            values[name] = Value(f"{seconds.shown()} s", seconds.middle <= 1.5 * ideal)
    if values:
        what = f"{results.small:,} pixels, {FAR_SECONDS * 1000:.0f} ms a page, {CONNECTIONS} connections"
        yield Goal(what, f"≤ 1.5 × {ideal:.2f} s", values, {})


def _of_web(results: Results) -> Iterator[Goal]:
    if not results.web:
        return
    slow: dict[str, Value] = {}
    trouble: dict[str, Value] = {}
    for seen in results.web:
        if seen.database == "SQLite":
            p95 = percentile(seen.busy, 0.95)
            slow[seen.database] = Value(f"{p95 * 1000:.0f} ms", p95 <= 0.05)
            trouble[seen.database] = Value(f"{seen.locked}, {seen.refused}", seen.locked == seen.refused == 0)
    if slow:
        yield Goal("Web writes during a pull, pausing: p95", "≤ 50 ms", slow, {})
        yield Goal("Web writes during a pull, pausing: “locked”, refused", "0, 0", trouble, {}, is_condition=True)
    for page, label in ((web.FIRST, "List page"), (web.RARE, "Search, one hit"), (web.COMMON_WORD, "Search, many")):
        yield Goal(label, "≤ 5 × an empty page", _pages(results, page, web.EMPTY, 5), {})
    yield Goal("List page, the last", "≤ 1.3 × the first", _pages(results, web.LAST, web.FIRST, 1.3), {})
    most = {seen.database: max(seen.queries.values()) for seen in results.web}
    queries = {name: Value(str(n), n <= 8) for name, n in most.items()}
    yield Goal("List and search: queries", "≤ 8", queries, {}, is_condition=True)


def _pages(results: Results, page: str, to: str, most: float) -> dict[str, Value]:
    ratios = {seen.database: web.ratio(seen, page, to) for seen in results.web}
    return {name: Value(ratio.shown(1), ratio.middle <= most) for name, ratio in ratios.items()}


def _of_creates(results: Results) -> Iterator[Goal]:
    if not results.creates:
        return
    made = {seen.database: seen for seen in results.creates}

    def values(what: Callable[[creates.Creates], float], most: float, unit: str) -> dict[str, Value]:
        found = {name: what(seen) for name, seen in made.items()}
        return {name: Value(_with(unit, one), one <= most) for name, one in found.items()}

    yield Goal(
        f"{creates.MANY} creates at {creates.RATE} in {creates.WINDOW} s",
        f"≤ 1.05 × {creates.IDEAL:.0f} s",
        values(lambda seen: seen.took, 1.05 * creates.IDEAL, "s"),
        {},
    )
    yield Goal("… answers of 429", "≤ 1", values(lambda seen: seen.refusals, 1, ""), {}, is_condition=True)
    yield Goal("… another team's single create", "≤ 2 s", values(lambda seen: max(seen.waits), 2, "s"), {})
    middle, late = "From commit to recorded, idle: median", "From commit to recorded, idle: p95"
    yield Goal(middle, "≤ 60 ms", values(lambda seen: percentile(seen.recorded, 0.5), 0.06, "ms"), {})
    yield Goal(late, "≤ 250 ms", values(lambda seen: percentile(seen.recorded, 0.95), 0.25, "ms"), {})
    yield Goal("From the click to the page that shows it", "≤ 1 s", values(_shown, 1, "s"), {})


def _shown(seen: creates.Creates) -> float:
    return percentile(seen.shown, 0.5)


def _with(unit: str, value: float) -> str:
    return {"s": f"{value:.2f} s", "ms": f"{value * 1000:.0f} ms", "": f"{value:.0f}"}[unit]
