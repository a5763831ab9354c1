"""Fields whose choices depend on who asks, with their own types: `form.fields` knows them as plain fields only."""

from typing import Any, cast

from django import forms


def choice(form: forms.BaseForm, name: str) -> forms.ChoiceField:
    return cast(forms.ChoiceField, form.fields[name])


def choice_of_rows(form: forms.BaseForm, name: str) -> forms.ModelChoiceField:
    return cast(forms.ModelChoiceField, form.fields[name])


def choices_of(form: forms.BaseForm, name: str) -> list[tuple[Any, str]]:
    """Value and label of each choice of a field without groups."""
    return list(cast(Any, form.fields[name]).choices)
