"""The filter bar of the pixel list; everything is in the address, nothing is an error."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models import Team
from pixels.events import EVENTS
from pixels.models import Connection, Pixel, Website
from pixels.models.connection import provider_choices
from pixels.models.pixel import PixelQuerySet

Lifecycle, Remote = Pixel.Lifecycle, Pixel.Remote
LIVE = Q(lifecycle__in=[Lifecycle.LIVE, Lifecycle.UPDATING, Lifecycle.DELETING])

STATES: dict[str, tuple[str, Q]] = {
    "live": (
        "Live",
        LIVE & Q(error_code="") & ~Q(remote__in=[Remote.DRIFTED, Remote.ABSENT, Remote.GONE, Remote.DUPLICATE]),
    ),
    "waiting": ("Under way", Q(lifecycle__in=Pixel.PENDING)),
    "drifted": ("Drifted", LIVE & Q(remote=Remote.DRIFTED)),
    "absent": ("Not in the last list", LIVE & Q(remote=Remote.ABSENT)),
    "gone": ("Gone", LIVE & Q(remote=Remote.GONE)),
    "duplicate": ("Held more than once", LIVE & Q(remote=Remote.DUPLICATE)),
    "failed": (
        "Failed",
        Q(lifecycle=Lifecycle.FAILED) | Q(lifecycle=Lifecycle.LIVE) & ~Q(error_code="") & ~Q(remote=Remote.DUPLICATE),
    ),
    "unknown": ("Unknown", Q(lifecycle=Lifecycle.UNKNOWN)),
    "deleted": ("Deleted", Q(lifecycle=Lifecycle.DELETED)),
    "archived": ("Archived", Q(archived_at__isnull=False)),
}
# Databases differ in the order of capitals and of nothing; people should not see on which one they are.
NAME, WEBSITE = Lower("name"), Lower("website__name")
SORTS: dict[str, list[Any]] = {
    "name": [NAME.asc()],
    "-name": [NAME.desc()],
    "provider": ["connection__provider", NAME.asc()],
    "-provider": ["-connection__provider", NAME.asc()],
    "website": [WEBSITE.asc(nulls_last=True), NAME.asc()],
    "-website": [WEBSITE.desc(nulls_last=True), NAME.asc()],
    "state": ["lifecycle", "remote", NAME.asc()],
    "-state": ["-lifecycle", "-remote", NAME.asc()],
    "created": ["created_at"],
    "-created": ["-created_at"],
}
ASKED = ("q", "provider", "state", "website", "event", "connection")


class PixelFilterForm(forms.Form):
    q = forms.CharField(label="Search", required=False, max_length=255)
    provider = forms.ChoiceField(required=False, choices=lambda: [("", "Any provider"), *provider_choices()])
    state = forms.ChoiceField(
        required=False, choices=[("", "Any state"), *((key, label) for key, (label, _) in STATES.items())]
    )
    website = forms.ModelChoiceField(required=False, queryset=Website.objects.none(), empty_label="Any website")
    event = forms.ChoiceField(
        required=False,
        choices=lambda: [("", "Any event"), *((key, event.label) for key, event in EVENTS.items())],
    )
    connection = forms.ModelChoiceField(required=False, queryset=Connection.objects.none(), widget=forms.HiddenInput)
    sort = forms.ChoiceField(required=False, choices=[(key, key) for key in SORTS], widget=forms.HiddenInput)

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["website"].queryset = Website.objects.for_team(team)
        self.fields["connection"].queryset = Connection.objects.for_team(team).prefetch_related("ad_accounts")
        for name in ("q", "provider", "state", "website", "event"):
            self.fields[name].widget.attrs["aria-label"] = self.fields[name].label or name.title()

    def apply(self, pixels: PixelQuerySet) -> PixelQuerySet:
        """What the address asks for; a value that makes no sense filters nothing."""
        self.is_valid()
        asked = self.cleaned_data
        state = asked.get("state")
        if state:
            pixels = pixels.filter(STATES[state][1])
        if state != "archived":
            pixels = pixels.filter(archived_at=None)
        if state not in ("archived", "deleted"):
            pixels = pixels.exclude(lifecycle=Lifecycle.DELETED)
        if asked.get("q"):
            pixels = pixels.search(asked["q"])
        if asked.get("provider"):
            pixels = pixels.filter(connection__provider=asked["provider"])
        if asked.get("connection"):
            pixels = pixels.filter(connection=asked["connection"])
        if asked.get("website"):
            pixels = pixels.filter(website=asked["website"])
        if asked.get("event"):
            pixels = pixels.with_event(asked["event"])
        return pixels.order_by(*SORTS[self.order], "pk")

    @property
    def order(self) -> str:
        return self.cleaned_data.get("sort") or "-created"

    @property
    def is_active(self) -> bool:
        return any(self.cleaned_data.get(name) for name in ASKED)

    @property
    def described(self) -> str:
        """The filters in words, for "filtered away"."""
        said = self.cleaned_data
        parts = [f"“{said['q']}”" if said.get("q") else ""]
        for name in ("provider", "state", "event"):
            parts.append(dict(self.fields[name].choices).get(said.get(name), "") if said.get(name) else "")
        parts += [str(said[name]) if said.get(name) else "" for name in ("website", "connection")]
        return ", ".join(part for part in parts if part)
