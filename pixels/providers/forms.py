"""The base classes of the two forms that each provider has: credentials, and the options of a pixel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django import forms
from django.utils.translation import gettext_lazy as _

from .fields import EventsField, keep_choice, no_control_characters
from .values import AdAccountRef, Text


class ConnectionForm(forms.Form):
    """Credentials and the first ad account. Subclasses add fields for the credentials and label the ad account.

    A provider with several ways to sign in lists them in `ways`, each with its fields, which are all declared as
    required. It also has a choice field `way` (required=False) whose first value is the usual way. The fields of the
    other ways are neither checked nor stored.
    """

    ad_account = forms.CharField(max_length=64)
    ad_account_fields: ClassVar[tuple[str, ...]] = ("ad_account", "ad_account_code")
    ways: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @property
    def show_when(self) -> dict[str, str]:
        """field -> "way=value": the page shows the field only while that way is chosen."""
        return {name: f"way={way}" for way, names in self.ways.items() for name in names}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.ways:
            data["way"] = data.get("way") or next(iter(self.ways))
            chosen = self.ways.get(data["way"], ())
            for name in {name for names in self.ways.values() for name in names} - set(chosen):
                self.errors.pop(name, None)
                data.pop(name, None)
        if data.get("ad_account_code") and not data.get("ad_account") and "ad_account" not in self.errors:
            self.add_error("ad_account", _("Give its id as well, or leave both empty."))
        return data

    def credentials(self) -> dict[str, str]:
        return {k: v for k, v in self.cleaned_data.items() if k not in self.ad_account_fields}

    def ad_account_ref(self) -> AdAccountRef | None:
        """The ad account that was typed; None if it is to be picked from the provider's list later."""
        data = self.cleaned_data
        if not data["ad_account"]:
            return None
        return AdAccountRef(id=data["ad_account"], code=data.get("ad_account_code") or None)

    def refs(self) -> list[AdAccountRef]:
        ref = self.ad_account_ref()
        return [ref] if ref else []


class PixelForm(forms.Form):
    """The event checklist and the options of one provider. Name, website and uniqueness are checked elsewhere.

    `advanced`: fields shown under "Advanced". `per_pixel`: options of which each pixel of a batch has its own value;
    `Provider.reference_option` is filled in with that pixel's reference. `show_when`: fields that apply only while
    another field has a certain value.
    """

    advanced: ClassVar[tuple[str, ...]] = ()
    advanced_hint: ClassVar[Text] = ""  # what lies under "Advanced", in a few words
    per_pixel: ClassVar[tuple[str, ...]] = ()
    fixed: ClassVar[Mapping[str, Text]] = {}  # field that no update can change -> reason, as a sentence
    secret_options: ClassVar[frozenset[str]] = frozenset()  # fields that are stored encrypted and never shown
    show_when: ClassVar[Mapping[str, str]] = {}  # field -> "other_field=value"
    events: forms.Field

    @classmethod
    def for_pixel(
        cls, events: tuple[str, ...], options: Mapping[str, Any], data: Mapping[str, Any] | None = None
    ) -> Self:
        """The form for an existing pixel. Its values stay choices even if this version does not know them."""
        initial = cls.initial_for(events, options)
        form = cls(data, initial=initial)
        for name, form_field in form.fields.items():
            if name in cls.fixed:
                form_field.disabled, form_field.help_text = True, str(cls.fixed[name])
            if isinstance(form_field, EventsField):
                form_field.keep(events)
            elif isinstance(form_field, forms.ChoiceField):
                keep_choice(form_field, initial.get(name))
        return form

    def clean_name(self, name: str) -> str:
        """Check the name against the provider's own limits. Raises ValidationError."""
        no_control_characters(name)
        return name

    def options(self) -> dict[str, Any]:
        """All cleaned fields but events and secrets, normalised as in RemotePixel.options. JSON values only."""
        raise NotImplementedError

    def secrets(self) -> dict[str, str]:
        """The secret options that were filled in. An empty field leaves the stored value as it is."""
        return {name: self.cleaned_data[name] for name in sorted(self.secret_options) if self.cleaned_data.get(name)}

    @classmethod
    def initial_for(cls, events: tuple[str, ...], options: Mapping[str, Any]) -> dict[str, Any]:
        """The form's initial values for an existing pixel: the inverse of `options()`. Never raises."""
        raise NotImplementedError
