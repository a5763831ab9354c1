from django import forms
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from pixels.models import Website

web_address = URLValidator(schemes=["http", "https"], message=_("Enter a web address, such as https://shop.example."))


class WebAddressField(forms.URLField):
    default_validators = [web_address]
    default_error_messages = {"invalid": web_address.message}


class WebsiteForm(forms.ModelForm):
    """The instance comes with its team, so that the name's uniqueness in the team is checked here."""

    url = WebAddressField(
        label=_("URL"),
        max_length=500,
        assume_scheme="https",
        help_text=_("The address of the site, such as https://shop.example."),
    )

    class Meta:
        model = Website
        fields = ("name", "url")
        labels = {"name": _("Name")}

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"team"}  # type: ignore[misc]
