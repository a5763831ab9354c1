"""All that one run has seen."""

from __future__ import annotations

from dataclasses import dataclass, field

from .creates import Creates
from .figures import Samples
from .pulls import Sample
from .web import Web


@dataclass
class Results:
    small: int  # pixels
    large: int  # and where the ratios have to hold; the same in a quick try
    samples: list[Sample] = field(default_factory=list)
    web: list[Web] = field(default_factory=list)
    creates: list[Creates] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)

    @property
    def sizes(self) -> list[int]:
        return sorted({self.small, self.large})

    @property
    def databases(self) -> list[str]:
        seen = [one.database for one in (*self.samples, *self.web, *self.creates)]
        return list(dict.fromkeys(seen))

    def at(self, size: int, database: str) -> Samples:
        return Samples(self.samples, size, database)
