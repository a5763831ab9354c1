"""What Easyflow asks for. It documents no lengths: the limits below are PixelHub's own."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from ..base import ConnectionForm, PixelForm
from ..fields import EventsField, KeyField, TextField
from ..shapes import Shape, known, text
from .vocabulary import VOCABULARY

PLATFORMS = (("google", "Google"), ("meta", "Meta"))


def _text(value: Any) -> str | None:
    return text(value) or None


def _platform(value: Any) -> str | None:
    return (text(value) or "").lower() or None  # documented in lower case only


SHAPES: dict[str, Shape] = {
    "platform": _platform,
    **dict.fromkeys(("conversion_label", "code", "description", "external_reference"), _text),
}


class EasyflowConnectionForm(ConnectionForm):
    api_key = KeyField(label="API key", help_text="From the integrations tab of your Easyflow panel.")
    api_secret = KeyField(label="API secret", help_text="From the same tab.")
    ad_account = TextField(label="Owner id", max_length=64, help_text="The owner that the pixels belong to.")

    field_order = ("api_key", "api_secret", "ad_account")


class EasyflowPixelForm(PixelForm):
    advanced: ClassVar[tuple[str, ...]] = ("description", "external_reference")
    advanced_hint = "Description, external reference"
    show_when: ClassVar[Mapping[str, str]] = {"conversion_label": "platform=google"}

    events = EventsField(VOCABULARY)
    platform = forms.ChoiceField(label="Platform", choices=(("", "Choose…"), *PLATFORMS))
    conversion_label = TextField(
        label="Conversion label",
        max_length=255,
        required=False,
        help_text="Required for Google: the part after the slash in AW-123456789/AbC-D_efG. "
        "All ticked events share it.",
    )
    code = TextField(
        label="Code",
        max_length=255,
        required=False,
        # Easyflow does not say what goes here; it is the one field that can carry it (inferred).
        help_text="Most likely the platform's own id, such as a Meta pixel id or AW-123456789.",
    )
    description = TextField(label="Description", max_length=1000, required=False)
    external_reference = TextField(
        label="External reference",
        max_length=255,
        help_text="Kept at Easyflow with the pixel. PixelHub's own reference is filled in.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("platform") == "google":
            if not data.get("conversion_label") and "conversion_label" not in self.errors:
                self.add_error("conversion_label", "Google pixels need a conversion label.")
        elif "platform" in data:
            self.errors.pop("conversion_label", None)  # the field is hidden then, and means nothing to Meta
            data["conversion_label"] = ""
        return data

    def options(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] or None for name in SHAPES}

    @classmethod
    def initial_for(cls, events: tuple[str, ...], options: Mapping[str, Any]) -> dict[str, Any]:
        options = known(options, SHAPES)
        return {"events": list(events), **{name: options.get(name) or "" for name in SHAPES}}
