from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pixels import rules
from pixels.models import Website


class WebAddressField(forms.URLField):
    default_validators = [rules.web_address]
    default_error_messages = {"invalid": rules.web_address.message}


class WebsiteForm(forms.ModelForm):
    """The instance comes with its team."""

    url = WebAddressField(
        label=_("URL"),
        max_length=rules.URL_LENGTH,
        assume_scheme="https",
        help_text=_("The address of the site, such as https://shop.example."),
    )

    class Meta:
        model = Website
        fields = ("name", "url")
        labels = {"name": _("Name")}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.is_bound and not self.errors:
            existing = None if self.instance._state.adding else self.instance
            for error in rules.website_errors(self.instance.team, data["name"], data["url"], website=existing):
                self.add_error(error.field or None, error.sentence)
        return data
