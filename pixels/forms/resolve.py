"""A person has looked at the provider for a pixel whose answer got lost."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from pixels import rules


class ResolveForm(forms.Form):
    remote_id = forms.CharField(label=_("Its id"), error_messages={"required": _("Give the id that it has there.")})

    def clean_remote_id(self) -> str:
        remote_id = self.cleaned_data["remote_id"].strip()
        if errors := rules.remote_id_errors(remote_id):
            raise ValidationError([error.sentence for error in errors])
        return remote_id
