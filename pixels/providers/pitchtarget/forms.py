"""PitchTarget's two forms: how to sign in and an ad account; for a pixel, its name and its tag only."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from ..fields import EventsField, KeyField, PasswordField, TextField, digits_only, refuse_in_name
from ..forms import ConnectionForm, PixelForm
from .vocabulary import VOCABULARY


class PitchTargetConnectionForm(ConnectionForm):
    ways: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "token": ("token",),
        "password": ("username", "password", "client_id"),
    }

    way = forms.ChoiceField(
        label=_("Sign in with"),
        # Labels without the words "Token" and "Password", so that nobody takes them for the fields of those names.
        choices=(("token", _("The API access that you were given")), ("password", _("Your log-in at PitchTarget"))),
        widget=forms.RadioSelect,
        initial="token",
        required=False,
    )
    token = KeyField(label=_("Token"), help_text=_('The token alone, without the word "OAuth" before it.'))
    username = TextField(label=_("Username"), max_length=255, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    password = PasswordField(
        label=_("Password"), help_text=_("PixelHub draws a token with it, whenever one is needed.")
    )
    client_id = TextField(label=_("Client id"), max_length=255, help_text=_("PitchTarget's id of your application."))
    ad_account = TextField(
        label=_("Ad account"),
        max_length=64,
        validators=[digits_only],
        help_text=_('The Facebook id of the ad account: digits only, without "act_".'),
    )

    field_order = ("way", "token", "username", "password", "client_id", "ad_account")


class PitchTargetPixelForm(PixelForm):
    events = EventsField(VOCABULARY)

    def clean_name(self, name: str) -> str:
        name = super().clean_name(name)
        refuse_in_name(
            name, ("<", ">", "--"), _("PitchTarget writes the name into its code as it is, and that breaks it.")
        )
        return name

    def options(self) -> dict[str, Any]:
        return {}

    @classmethod
    def initial_for(cls, events: tuple[str, ...], options: Mapping[str, Any]) -> dict[str, Any]:
        return {"events": list(events)}
