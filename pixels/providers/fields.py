"""Fields for the providers' forms. Each field checks its own value, so that it can be used in any form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import reduce
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.utils.formats import number_format
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .values import ProviderEvent, Text

# All texts at the providers are single lines, so a control character can only have been pasted by accident.
no_control_characters = RegexValidator(
    re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"),
    _("Remove line breaks and control characters."),
    inverse_match=True,
)
UNKNOWN = _("Unknown to PixelHub")  # shown before a stored value that is not among this version's choices

digits_only = RegexValidator(re.compile(r"\A[0-9]+\Z"), _("Digits only."))
_number = lazy(number_format, str)  # as the reader's language writes it


class TextField(forms.CharField):
    """One line of text."""

    default_validators = [no_control_characters]


class WholeNumberField(forms.IntegerField):
    """A whole number between two limits. Error messages write the limits with thousands separators."""

    def __init__(self, *, min_value: int, max_value: int, **kwargs: Any) -> None:
        least, most = (_number(limit, force_grouping=True) for limit in (min_value, max_value))
        limits = format_lazy(_("A whole number from {least} to {most}."), least=least, most=most)
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)
        self.error_messages["invalid"] = limits
        for validator in self.validators:
            if isinstance(validator, MinValueValidator | MaxValueValidator):
                validator.message = limits


class KeyField(forms.CharField):
    """A key or token that is sent in a header: ASCII only. White space around it is removed."""

    default_validators = [
        RegexValidator(
            re.compile(r"\A[\x21-\x7e]*\Z"),
            _("Only letters, digits and signs without spaces: check what was pasted."),
        )
    ]

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"})
        super().__init__(**{"max_length": 512, "widget": widget, **kwargs})


class PasswordField(forms.CharField):
    """A password, unchanged: spaces at its beginning or end may be part of it."""

    default_validators = [no_control_characters]

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
        super().__init__(**{"max_length": 255, "strip": False, "widget": widget, **kwargs})


class SecretTextarea(forms.Textarea):
    """A text area that is always empty when a form is shown again."""

    def format_value(self, value: Any) -> str:
        return ""


class PrivateKeyField(forms.CharField):
    """An RSA private key in PEM form without a passphrase. Its line breaks are normalised."""

    MIN_BITS = 2048

    def __init__(self, **kwargs: Any) -> None:
        widget = SecretTextarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"})
        hint = format_lazy(
            _("RSA, {bits} bits or more, from -----BEGIN to -----END, without a passphrase."), bits=self.MIN_BITS
        )
        super().__init__(**{"max_length": 16384, "widget": widget, "help_text": hint, **kwargs})

    def clean(self, value: Any) -> str:
        pem = "\n".join(line.strip() for line in super().clean(value).splitlines() if line.strip())
        if pem:
            self._check(pem)
        return pem

    def _check(self, pem: str) -> None:
        if "PUBLIC KEY-----" in pem:
            raise ValidationError(_("This is the public key. Paste the private one."))
        if "ENCRYPTED" in pem:
            raise ValidationError(_("This key is protected by a passphrase. Paste it without one."))
        if not re.match(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n", pem) or not pem.endswith("PRIVATE KEY-----"):
            raise ValidationError(_("Paste the whole key, from -----BEGIN to -----END."))
        key = None
        with suppress(ValueError, TypeError, UnsupportedAlgorithm):
            key = load_pem_private_key(pem.encode(), password=None)
        if key is None:
            raise ValidationError(_("This private key cannot be read. Check that all of it was pasted."))
        if not isinstance(key, RSAPrivateKey):
            raise ValidationError(_("This is no RSA key."))
        if key.key_size < self.MIN_BITS:
            raise ValidationError(
                _("This key has %(bits)s bits; %(least)s are the least."),
                params={"bits": key.key_size, "least": self.MIN_BITS},
            )


class EventsField(forms.MultipleChoiceField):
    """The event checklist. A choice is labelled with the event's sentence and the provider's own word."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, vocabulary: tuple[ProviderEvent, ...], **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Events"))
        super().__init__(choices=lambda: _grouped(vocabulary), **kwargs)
        self.order = [word.value for word in vocabulary]
        self.error_messages["required"] = _("Tick at least one event.")

    def clean(self, value: Any) -> list[str]:
        """The ticked values, each once, in the vocabulary's order."""
        ticked = set(super().clean(value))
        return [word for word in self.order if word in ticked]

    def keep(self, stored: Iterable[str]) -> None:
        """Add the events that a pixel has already to the choices, if the vocabulary lacks them."""
        unknown = [word for word in dict.fromkeys(stored) if word not in self.order]
        self.choices = [*_choices(self), *((word, f"{UNKNOWN} {word}") for word in unknown)]
        self.order = [*self.order, *unknown]


def _grouped(vocabulary: Iterable[ProviderEvent]) -> list[Any]:
    """The checklist's choices in the language that is active now; those without a group come first."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for word in vocabulary:
        groups.setdefault(str(word.group), []).append((word.value, f"{word.sentence} {word.label}"))
    return [*groups.pop("", []), *groups.items()]


def keep_choice(field: forms.ChoiceField, stored: str | None) -> None:
    """Add the value that a pixel has already to the choices, so that saving the form does not replace it."""
    if stored and not field.valid_value(stored):
        field.choices = [*_choices(field), (stored, f"{UNKNOWN} {stored}")]
    elif not stored and field.required and not field.valid_value(""):
        field.choices = [("", _("Not said")), *_choices(field)]
        field.required = False


def _choices(field: forms.ChoiceField) -> list[Any]:
    return list(field.choices)  # type: ignore[arg-type]


def refuse_in_name(name: str, forbidden: tuple[str, ...], reason: Text) -> None:
    """Raises ValidationError if the name contains one of these strings."""
    found = [text for text in forbidden if text in name]
    if found:
        signs = reduce(lambda some, one: gettext("{some} and {one}").format(some=some, one=one), found)
        raise ValidationError(_("Remove %(signs)s: %(reason)s"), params={"signs": signs, "reason": reason})
