"""The form for a pixel that exists: only what differs is sent."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from pixels.models import Pixel
from pixels.models.operation import fingerprint

from .new_pixel import FREES_ITS_NAME, NAME_LENGTH, no_control_characters


class NameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=NAME_LENGTH, validators=[no_control_characters])
    version = forms.CharField(widget=forms.HiddenInput, required=False)


class EditPixelForm:
    """Name and provider form as one. `version` says which values the editor looked at."""

    def __init__(self, pixel: Pixel, data: QueryDict | None = None) -> None:
        self.pixel, self.provider = pixel, pixel.provider_class
        self.version = fingerprint(pixel.local_values)
        self.name = NameForm(data, initial={"name": pixel.name, "version": self.version})
        self.options = self.provider.pixel_form.for_pixel(tuple(pixel.events), pixel.options, data)
        ticked = data.getlist("events") if data else pixel.events
        self.vocabulary = [*self.provider.vocabulary, *self.provider.unknown_events(pixel.events)]
        self.ticked = [word for word in self.vocabulary if word.value in ticked]

    def is_valid(self) -> bool:
        if not (self.name.is_valid() & self.options.is_valid()):
            return False
        self._check()
        return self.name.is_valid() and self.options.is_valid()

    def _check(self) -> None:
        if self.name.cleaned_data["version"] != self.version:
            data = cast(QueryDict, self.name.data).copy()
            data["version"] = self.version
            self.name.data = data
            self.name.add_error(
                None, "Somebody changed this pixel while you were editing. Compare the values and save again."
            )
        if self.provider.can("one_event_per_pixel") and len(self.options.cleaned_data["events"]) > 1:
            self.options.add_error("events", "A pixel here stands for one event.")
        try:
            self.options.clean_name(self.name.cleaned_data["name"])
        except ValidationError as error:
            self.name.add_error("name", error)
        others = Pixel.objects.filter(ad_account=self.pixel.ad_account).exclude(pk=self.pixel.pk)
        others = others.exclude(lifecycle__in=FREES_ITS_NAME)
        for option in self.options.per_pixel:
            value = self.options.cleaned_data.get(option)
            if value and others.filter(**{f"options__{option}": value}).exists():
                self.options.add_error(
                    option,
                    f"Another pixel in the ad account has this {str(self.options.fields[option].label).lower()}.",
                )

    def changes(self) -> dict[str, Any]:
        """What differs from the row, in the shape of an update operation's payload. Where the provider differs from the
        row as well, that is decided beside the difference, and nothing is sent unasked."""
        after = {
            "name": self.name.cleaned_data["name"],
            "events": self.options.cleaned_data["events"],
            **self.options.options(),
        }
        before, same = self.pixel.local_values, self.provider.comparable
        return {key: value for key, value in after.items() if same(key, before.get(key)) != same(key, value)}
