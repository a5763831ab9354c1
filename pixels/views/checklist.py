"""The event checklist as the template draws it: the provider's vocabulary in groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from pixels.providers.base import Provider
from pixels.providers.values import ProviderEvent


@dataclass(frozen=True)
class Group:
    """Events of one kind. `all_spoken` and `none_spoken`: what the group's two buttons are called."""

    name: str
    rows: list[tuple[ProviderEvent, bool]]  # (event, is ticked)
    all_spoken: str
    none_spoken: str


@dataclass(frozen=True)
class Checklist:
    groups: list[Group]
    presets: list[tuple[str, str]]  # (label, values to tick, separated by spaces)
    one_only: bool

    @property
    def input_type(self) -> str:
        return "radio" if self.one_only else "checkbox"

    @property
    def has_group_buttons(self) -> bool:
        return not self.one_only and len(self.groups) > 1


def checklist(
    provider: type[Provider],
    events: Iterable[ProviderEvent],
    ticked: Iterable[ProviderEvent],
    *,
    one_only: bool = False,
) -> Checklist:
    """`events`: what can be ticked, the provider's vocabulary or a part of it."""
    chosen = {event.value for event in ticked}
    found: dict[str, list[tuple[ProviderEvent, bool]]] = {}
    for event in events:
        found.setdefault(str(event.group), []).append((event, event.value in chosen))
    presets = [] if one_only else [(str(one.label), " ".join(one.events)) for one in provider.presets]
    return Checklist([_group(name, rows) for name, rows in found.items()], presets, one_only)


def _group(name: str, rows: Sequence[tuple[ProviderEvent, bool]]) -> Group:
    return Group(
        name or gettext("Events"),
        list(rows),
        gettext("All of {group}").format(group=name),
        gettext("None of {group}").format(group=name),
    )
