"""Numbers for people: medians with their range, ratios inside a repetition."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from .pulls import FLOOR, Sample


@dataclass(frozen=True)
class Spread:
    values: tuple[float, ...]

    @property
    def middle(self) -> float:
        return median(self.values)

    def shown(self, digits: int = 2, factor: float = 1) -> str:
        low, middle, high = (one * factor for one in (min(self.values), self.middle, max(self.values)))
        if len(self.values) == 1:
            return f"{middle:.{digits}f}"
        return f"{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _seconds(sample: Sample) -> float:
    return sample.measured.seconds


class Samples:
    """What was measured of one size on one database."""

    def __init__(self, samples: Iterable[Sample], size: int, database: str) -> None:
        self._samples = [one for one in samples if (one.size, one.database) == (size, database)]

    def of(self, scenario: str, contender: str) -> list[Sample]:
        return [one for one in self._samples if (one.scenario, one.contender) == (scenario, contender)]

    def spread(self, scenario: str, contender: str, what: Callable[[Sample], float]) -> Spread | None:
        found = tuple(what(one) for one in self.of(scenario, contender))
        return Spread(found) if found else None

    def seconds(self, scenario: str, contender: str) -> Spread | None:
        return self.spread(scenario, contender, _seconds)

    def ratio(
        self, scenario: str, contender: str, to: str = FLOOR, what: Callable[[Sample], float] = _seconds
    ) -> Spread | None:
        """How much longer it took than another one in the same repetition."""
        others = {one.repetition: what(one) for one in self.of(scenario, to)}
        found = [what(one) / others[one.repetition] for one in self.of(scenario, contender) if one.repetition in others]
        return Spread(tuple(found)) if found else None

    @property
    def contenders(self) -> list[tuple[str, str]]:
        """Scenario and contender, in the order in which they first came."""
        return list(dict.fromkeys((one.scenario, one.contender) for one in self._samples))
