"""The form for a pixel that exists: only what differs is sent."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from pixels import rules
from pixels.models import Pixel
from pixels.models.operation import fingerprint


class NameForm(forms.Form):
    name = rules.NameField()
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
        self.ticked = [provider_event for provider_event in self.vocabulary if provider_event.value in ticked]

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
                None, _("Somebody changed this pixel while you were editing. Compare the values and save again.")
            )
        events, options = self.options.cleaned_data["events"], self.options.options()
        for error in [
            *rules.name_errors(self.provider, self.name.cleaned_data["name"]),
            *rules.events_errors(self.provider, events),
            *rules.taken_by_another(self.pixel, options),
        ]:
            form = self.options if error.field in self.options.fields else self.name
            form.add_error(error.field or None, error.sentence)

    def changes(self) -> dict[str, Any]:
        """The fields that were changed here, in the shape of an update operation's payload. A field in which only the
        provider's value differs is not among them: people decide about it on the pixel's page."""
        after = {
            "name": self.name.cleaned_data["name"],
            "events": self.options.cleaned_data["events"],
            **self.options.options(),
        }
        before, same = self.pixel.local_values, self.provider.comparable
        open_to_change = {key: value for key, value in after.items() if key not in self.options.fixed}
        return {key: value for key, value in open_to_change.items() if same(key, before.get(key)) != same(key, value)}
