"""Adding ad accounts to a connection: picked from the provider's list, or typed where it has none."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from pixels.models import AvailableAdAccount, Connection
from pixels.providers.forms import ConnectionForm
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import AdAccountRef

from .choices import choice_of_rows

SHOWN = 100  # of a longer list a search shows the rest


def typed_form(provider: str, data: Any = None) -> ConnectionForm:
    """The provider's form without the credentials: for one more ad account."""
    form = PROVIDERS[provider].connection_form(data)
    for name in [name for name in form.fields if name not in form.ad_account_fields]:
        del form.fields[name]
    return form


class PickForm(forms.Form):
    pick = forms.ModelMultipleChoiceField(
        queryset=AvailableAdAccount.objects.none(),
        to_field_name="remote_id",  # the list may be read anew while somebody looks at it
        error_messages={
            "required": _("Pick at least one."),
            "invalid_choice": _("%(value)s is not in the list any more. Look again and pick."),
        },
    )

    def __init__(self, connection: Connection, data: Any = None) -> None:
        super().__init__(data)
        choice_of_rows(self, "pick").queryset = not_added(connection)

    def refs(self) -> list[AdAccountRef]:
        return [
            AdAccountRef(id=one.remote_id, code=one.code or None, name=one.name) for one in self.cleaned_data["pick"]
        ]


def not_added(connection: Connection, search: str = "") -> QuerySet[AvailableAdAccount]:
    rows = connection.available_ad_accounts.exclude(remote_id__in=connection.ad_accounts.values("remote_id"))
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(remote_id__icontains=search) | Q(code__icontains=search))
    return rows
