"""Credentials come from the provider's own form; here is what every connection has."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pixels.models import Connection
from pixels.models.connection import provider_choices
from pixels.providers.base import Provider
from pixels.providers.forms import ConnectionForm

from .choices import choice

Environment = Connection.Environment


class ProviderForm(forms.Form):
    provider = forms.ChoiceField(
        label=_("Provider"), choices=lambda: [("", _("Choose a provider")), *provider_choices()]
    )


class EnvironmentForm(forms.Form):
    environment = forms.ChoiceField(label=_("Environment"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [Environment.SANDBOX, Environment.LIVE] if settings.SANDBOX_ENABLED else [Environment.LIVE]
        field = choice(self, "environment")
        field.choices = [(choice.value, choice.label) for choice in offered]
        field.initial = Environment.LIVE if settings.PRODUCTION else offered[0]
        if len(offered) > 1:
            field.help_text = _("The sandbox stands in for the provider: nothing you do there reaches it.")


def connection_form(provider: type[Provider], data: Any = None) -> ConnectionForm:
    """The provider's form; the first ad account may stay open where it can be picked from a list afterwards."""
    form = provider.connection_form(data)
    if provider.can("ad_accounts"):
        field = form.fields["ad_account"]
        field.required = False
        leave = gettext("Leave it empty to pick from {provider}’s list afterwards.").format(provider=provider.label)
        field.help_text = f"{field.help_text} {leave}".strip()
    return form


def credentials_form(connection: Connection, data: Any = None) -> ConnectionForm:
    """The provider's form without the ad account: for replacing credentials. What is no secret is filled in."""
    provider, credential = connection.provider_class, getattr(connection, "credential", None)
    shown = (
        {name: hint for name, hint in credential.hints.items() if name not in provider.secret_fields}
        if credential
        else {}
    )
    form = provider.connection_form(data, initial=shown)
    for name in form.ad_account_fields:
        form.fields.pop(name, None)
    return form
