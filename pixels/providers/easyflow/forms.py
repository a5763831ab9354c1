"""Easyflow's two forms. Its documents give no lengths, so the limits below are PixelHub's own."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..coerce import coerce
from ..fields import EventsField, KeyField, TextField
from ..forms import ConnectionForm, PixelForm
from ..values import Text
from .mapping import SHAPES
from .vocabulary import PLATFORMS, VOCABULARY

TEXTS = ("platform", "conversion_label", "code", "description", "external_reference")
NO_LABEL_LATER = _("Easyflow takes a conversion label only when a pixel is created: make a new pixel for Google.")


class EasyflowConnectionForm(ConnectionForm):
    api_key = KeyField(label=_("API key"), help_text=_("From the integrations tab of your Easyflow panel."))
    api_secret = KeyField(label=_("API secret"), help_text=_("From the same tab."))
    ad_account = TextField(label=_("Owner id"), max_length=64, help_text=_("The owner that the pixels belong to."))

    field_order = ("api_key", "api_secret", "ad_account")


class EasyflowPixelForm(PixelForm):
    advanced: ClassVar[tuple[str, ...]] = ("description", "external_reference", "capi_access_token", "enable_capi")
    advanced_hint = _("Description, external reference, Meta's Conversions API")
    fixed: ClassVar[Mapping[str, Text]] = {
        "external_reference": _("The external reference cannot be changed at Easyflow once the pixel exists."),
        "conversion_label": _("The conversion label cannot be changed at Easyflow once the pixel exists."),
    }
    secret_options: ClassVar[frozenset[str]] = frozenset({"capi_access_token"})
    show_when: ClassVar[Mapping[str, str]] = {
        "conversion_label": "platform=google",
        "capi_access_token": "platform=meta",
        "enable_capi": "platform=meta",
    }

    events = EventsField(VOCABULARY)
    platform = forms.ChoiceField(
        label=_("Platform"), choices=(("", _("Choose…")), *((value, label) for value, label, _source in PLATFORMS))
    )
    conversion_label = TextField(
        label=_("Conversion label"),
        max_length=255,
        required=False,
        help_text=_(
            "Required for Google: the part after the slash in AW-123456789/AbC-D_efG. All ticked events share it."
        ),
    )
    code = TextField(
        label=pgettext_lazy("option of a pixel", "Code"),
        max_length=255,
        required=False,
        # inferred: Easyflow does not say what goes here, but no other field can hold the platform's own id.
        help_text=_("Most likely the platform's own id, such as a Meta pixel id, AW-123456789 or GTM-ABC123."),
    )
    description = TextField(label=_("Description"), max_length=1000, required=False)
    external_reference = TextField(
        label=_("External reference"),
        max_length=255,
        help_text=_("Kept at Easyflow with the pixel. PixelHub's own reference is filled in."),
    )
    capi_access_token = KeyField(
        label=_("Conversions API token"),
        required=False,
        help_text=_("Meta only. Kept sealed, sent to Easyflow, never shown again."),
    )
    enable_capi = forms.BooleanField(
        label=_("Send conversions through Meta's Conversions API"),
        required=False,
        help_text=_("Works with a token that Easyflow has got, now or before."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        locked = {name for name in self.fixed if self.fields[name].disabled}
        for name in locked:
            self.errors.pop(name, None)  # a fixed field cannot be corrected in this form
            data[name] = self.initial.get(name) or ""
        if data.get("platform") == "google":
            if not data.get("conversion_label") and "conversion_label" not in self.errors:
                self._miss_label(locked)
        elif "platform" in data and "conversion_label" not in locked:
            self.errors.pop("conversion_label", None)  # the field is hidden then, and applies to this platform only
            data["conversion_label"] = ""
        if data.get("platform") != "meta":
            self.errors.pop("capi_access_token", None)
            data["capi_access_token"], data["enable_capi"] = "", self.initial.get("enable_capi", False)
        return data

    def _miss_label(self, locked: set[str]) -> None:
        if "conversion_label" not in locked:
            self.add_error("conversion_label", _("Google pixels need a conversion label."))
        elif self.initial.get("platform") != "google":
            self.add_error("platform", NO_LABEL_LATER)

    def options(self) -> dict[str, Any]:
        options = {name: self.cleaned_data[name] or None for name in TEXTS}
        # Left out if it was never set, as in Easyflow's answers.
        if self.cleaned_data["enable_capi"] or "enable_capi" in self.initial:
            options["enable_capi"] = self.cleaned_data["enable_capi"]
        return options

    @classmethod
    def initial_for(cls, events: tuple[str, ...], options: Mapping[str, Any]) -> dict[str, Any]:
        options = coerce(options, SHAPES)
        shown = {"events": list(events), **{name: options.get(name) or "" for name in TEXTS}}
        return shown | ({"enable_capi": options["enable_capi"]} if "enable_capi" in options else {})
