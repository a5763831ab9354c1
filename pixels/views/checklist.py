"""The event checklist as the template draws it: the provider's vocabulary in groups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pixels.providers.values import ProviderEvent


@dataclass(frozen=True)
class Group:
    name: str
    rows: list[tuple[ProviderEvent, bool]]


def groups(words: Iterable[ProviderEvent], ticked: Iterable[ProviderEvent]) -> list[Group]:
    chosen = {word.value for word in ticked}
    found: dict[str, list[tuple[ProviderEvent, bool]]] = {}
    for word in words:
        found.setdefault(word.group, []).append((word, word.value in chosen))
    return [Group(name, rows) for name, rows in found.items()]
