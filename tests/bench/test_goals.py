"""The bench judges by the ratio within each repetition, and names each goal that is missed."""

import pytest

from .contender import Measured
from .databases import Written
from .figures import Samples, Spread, percentile
from .goals import goals, missed
from .pulls import CHANGED, FIRST, FLOOR, PRODUCT, PRODUCT_INCREMENTAL, RIVAL, UNCHANGED, Sample
from .results import Results

SMALL, LARGE = 10, 100


def sample(scenario: str, contender: str, seconds: float, repetition: int = 0, **more: int) -> Sample:
    facts = {"size": LARGE, "requests": 1, "pixels": 0, "peak": 80, **more}
    return Sample(
        size=facts["size"],
        database="SQLite",
        scenario=scenario,
        contender=contender,
        repetition=repetition,
        measured=Measured(seconds=seconds, cpu=seconds, start=0.1, peak=facts["peak"], facts={}),
        requests=facts["requests"],
        written=Written(all=3, pixels=facts["pixels"]),
    )


def a_good_run() -> list[Sample]:
    return [
        sample(FIRST, FLOOR, 1.0),
        sample(FIRST, PRODUCT, 2.0),
        sample(FIRST, PRODUCT, 0.2, size=SMALL, peak=65),
        sample(FIRST, RIVAL, 10.0),
        sample(UNCHANGED, FLOOR, 1.0),
        sample(UNCHANGED, PRODUCT, 1.5),
        sample(UNCHANGED, PRODUCT_INCREMENTAL, 0.1),
        sample(CHANGED, FLOOR, 1.0),
        sample(CHANGED, PRODUCT_INCREMENTAL, 0.2),
    ]


def missed_of(samples: list[Sample]) -> list[str]:
    return [line.split(" on ")[0] for line in missed(Results(small=SMALL, large=LARGE, samples=samples))]


def test_slow_is_missed_and_wrong_fails() -> None:
    slow = Results(small=SMALL, large=LARGE, samples=[*a_good_run(), sample(FIRST, PRODUCT, 9.0)])
    assert missed(slow) and not missed(slow, conditions_only=True)
    wrong = Results(small=SMALL, large=LARGE, samples=[*a_good_run(), sample(UNCHANGED, PRODUCT, 1.5, pixels=1)])
    assert missed(wrong, conditions_only=True)


def test_a_good_run_misses_nothing_and_judges_every_goal_of_a_pull() -> None:
    results = Results(small=SMALL, large=LARGE, samples=a_good_run())
    assert missed(results) == []
    assert len([goal for goal in goals(results) if "SQLite" in goal.values]) == 8


@pytest.mark.parametrize(
    ("worse", "what"),
    [
        (sample(FIRST, PRODUCT, 2.6), "First pull"),
        (sample(FIRST, PRODUCT, 2.0, peak=86), "Peak memory of a full pull, from 10 pixels to 100"),
        (sample(FIRST, RIVAL, 6.9), "First pull, beside dlt"),
        (sample(UNCHANGED, PRODUCT, 1.8), "Unchanged, full"),
        (sample(UNCHANGED, PRODUCT, 1.5, pixels=1), "Unchanged, full: pixel rows written"),
        (sample(UNCHANGED, PRODUCT_INCREMENTAL, 0.3), "Unchanged, incremental"),
        (sample(UNCHANGED, PRODUCT_INCREMENTAL, 0.1, requests=4), "Unchanged, incremental: requests"),
        (sample(UNCHANGED, PRODUCT_INCREMENTAL, 0.1, requests=0), "Unchanged, incremental: requests"),
        (sample(CHANGED, PRODUCT_INCREMENTAL, 0.31), "1 % changed, incremental"),
    ],
)
def test_each_goal_can_be_missed(worse: Sample, what: str) -> None:
    key = (worse.scenario, worse.contender, worse.size)
    others = [one for one in a_good_run() if (one.scenario, one.contender, one.size) != key]
    assert missed_of([*others, worse]) == [what]


def test_a_goal_does_not_have_to_hold_at_the_smaller_size() -> None:
    slow = [sample(FIRST, FLOOR, 0.1, size=SMALL), sample(FIRST, PRODUCT, 9.0, size=SMALL, peak=65)]
    kept = [one for one in a_good_run() if one.size != SMALL]
    assert missed_of([*kept, *slow]) == []


def test_ratios_are_taken_inside_the_repetition() -> None:
    noisy = [sample(FIRST, FLOOR, 1.0), sample(FIRST, PRODUCT, 2.0)]
    noisy += [sample(FIRST, FLOOR, 10.0, 1), sample(FIRST, PRODUCT, 30.0, 1), sample(FIRST, PRODUCT, 1.0, 2)]
    ratio = Samples(noisy, LARGE, "SQLite").ratio(FIRST, PRODUCT)
    assert ratio and ratio.values == (2.0, 3.0)


def test_figures_say_their_median_and_their_range() -> None:
    assert Spread((3.0, 1.0, 2.0)).shown() == "2.00 (1.00–3.00)"
    assert Spread((0.5,)).shown(0, factor=1000) == "500"
    assert percentile([1.0, 4.0, 2.0, 3.0], 0.5) == 2.0
    assert percentile([float(n) for n in range(1, 101)], 0.95) == 95.0
