"""The filter bar of the pixel list; everything is in the address, nothing is an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from pixels.events import EVENTS
from pixels.models import Connection, Pixel, Website
from pixels.models.connection import provider_choices
from pixels.models.pixel import PixelQuerySet
from pixels.models.state import State

from .choices import choice_of_rows, choices_of

# Databases differ in the order of capitals and of nothing; people should not see on which one they are.
NAME, WEBSITE = Lower("name"), Lower("website__name")
SORTS: dict[str, list[Any]] = {
    "name": [NAME.asc(), "pk"],
    "-name": [NAME.desc(), "pk"],
    "provider": ["connection__provider", NAME.asc(), "pk"],
    "-provider": ["-connection__provider", NAME.asc(), "pk"],
    "website": [WEBSITE.asc(nulls_last=True), NAME.asc(), "pk"],
    "-website": [WEBSITE.desc(nulls_last=True), NAME.asc(), "pk"],
    "state": ["lifecycle", "remote_status", NAME.asc(), "pk"],
    "-state": ["-lifecycle", "-remote_status", NAME.asc(), "pk"],
    "created": ["created_at", "pk"],
    "-created": ["-created_at", "-pk"],
}
LISTS = ("provider", "state", "website", "event")
ASKED = ("q", "provider", "state", "website", "event", "connection")


class PixelFilterForm(forms.Form):
    q = forms.CharField(label=_("Search"), required=False, max_length=255)
    provider = forms.ChoiceField(
        label=_("Provider"), required=False, choices=lambda: [("", _("Any provider")), *provider_choices()]
    )
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("Any state")), *State.choices])
    website = forms.ModelChoiceField(
        label=_("Website"), required=False, queryset=Website.objects.none(), empty_label=_("Any website")
    )
    event = forms.ChoiceField(
        label=_("Event"),
        required=False,
        choices=lambda: [("", _("Any event")), *((key, event.label) for key, event in EVENTS.items())],
    )
    connection = forms.ModelChoiceField(required=False, queryset=Connection.objects.none(), widget=forms.HiddenInput)
    sort = forms.ChoiceField(required=False, choices=[(key, key) for key in SORTS], widget=forms.HiddenInput)

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        choice_of_rows(self, "website").queryset = Website.objects.for_team(team)
        choice_of_rows(self, "connection").queryset = Connection.objects.for_team(team)

    def apply(self, pixels: PixelQuerySet) -> PixelQuerySet:
        """What the address asks for; a value that makes no sense filters nothing."""
        self.is_valid()
        asked = self.cleaned_data
        # SQLite looks at each condition in this order, so those that leave the fewest come first.
        if asked.get("q"):
            pixels = pixels.search(self.team, asked["q"])
        if asked.get("provider"):
            pixels = pixels.of_provider(self.team, asked["provider"])
        if asked.get("connection"):
            pixels = pixels.filter(connection=asked["connection"])
        if asked.get("website"):
            pixels = pixels.filter(website=asked["website"])
        if asked.get("event"):
            pixels = pixels.with_event(self.team, asked["event"])
        state = asked.get("state")
        if state:
            pixels = pixels.in_state(State(state))
        else:
            pixels = pixels.filter(archived_at=None).exclude(lifecycle=Pixel.Lifecycle.DELETED)
        return pixels.order_by(*SORTS[self.order])

    def selects(self) -> Iterator[tuple[str, str, list[tuple[str, str, bool]]]]:
        """Name, label and options (value, label, chosen) of each list. The page draws them itself: a widget has a
        template for each option, which takes longer than all rows of the table."""
        for name in LISTS:
            chosen = self.cleaned_data.get(name) or ""
            options = ((str(value), label) for value, label in choices_of(self, name))
            wanted = str(getattr(chosen, "pk", chosen))
            yield name, str(self.fields[name].label), [(value, label, value == wanted) for value, label in options]

    @property
    def order(self) -> str:
        return self.cleaned_data.get("sort") or "-created"

    @property
    def is_costly(self) -> bool:
        """Whether each pixel has to be looked into."""
        return bool(self.cleaned_data.get("q") or self.cleaned_data.get("event"))

    @property
    def is_active(self) -> bool:
        return any(self.cleaned_data.get(name) for name in ASKED)

    @property
    def described(self) -> str:
        """The filters in words, for "filtered away"."""
        said = self.cleaned_data
        parts = [gettext("“{text}”").format(text=said["q"]) if said.get("q") else ""]
        for name in ("provider", "state", "event"):
            parts.append(str(dict(choices_of(self, name)).get(said.get(name), "")) if said.get(name) else "")
        parts += [str(said[name]) if said.get(name) else "" for name in ("website", "connection")]
        return ", ".join(part for part in parts if part)
