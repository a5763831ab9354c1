"""Form fields of the providers' forms. The checks sit in the fields, so that a field can be used alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator

from .values import ProviderEvent

# Providers' texts are one line each; a control character is never typed, only pasted by accident.
no_control_characters = RegexValidator(
    re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"),
    "Remove line breaks and control characters.",
    inverse_match=True,
)
UNKNOWN = "Unknown to PixelHub"  # stands before a stored value that is no choice of this version

digits_only = RegexValidator(re.compile(r"\A[0-9]+\Z"), "Digits only.")


class TextField(forms.CharField):
    """One line of text."""

    default_validators = [no_control_characters]


class WholeNumberField(forms.IntegerField):
    """A whole number between two limits, said in numbers that can be read."""

    def __init__(self, *, min_value: int, max_value: int, **kwargs: Any) -> None:
        limits = f"A whole number from {min_value:,} to {max_value:,}."
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)
        self.error_messages["invalid"] = limits
        for validator in self.validators:
            if isinstance(validator, MinValueValidator | MaxValueValidator):
                validator.message = limits


class KeyField(forms.CharField):
    """A key or token as it goes into a header: plain ASCII, without the white space pasted around it."""

    default_validators = [
        RegexValidator(
            re.compile(r"\A[\x21-\x7e]*\Z"),
            "Only letters, digits and signs without spaces: check what was pasted.",
        )
    ]

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"})
        super().__init__(**{"max_length": 512, "widget": widget, **kwargs})


class PasswordField(forms.CharField):
    """A password, taken as typed: spaces at its ends may belong to it."""

    default_validators = [no_control_characters]

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
        super().__init__(**{"max_length": 255, "strip": False, "widget": widget, **kwargs})


class SecretTextarea(forms.Textarea):
    """A text area that never shows what was typed into it before."""

    def format_value(self, value: Any) -> str:
        return ""


class PrivateKeyField(forms.CharField):
    """An RSA private key as PEM, without a passphrase; normalised to its own lines."""

    MIN_BITS = 2048

    def __init__(self, **kwargs: Any) -> None:
        widget = SecretTextarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"})
        hint = f"RSA, {self.MIN_BITS} bits or more, from -----BEGIN to -----END, without a passphrase."
        super().__init__(**{"max_length": 16384, "widget": widget, "help_text": hint, **kwargs})

    def clean(self, value: Any) -> str:
        pem = "\n".join(line.strip() for line in super().clean(value).splitlines() if line.strip())
        if pem:
            self._check(pem)
        return pem

    def _check(self, pem: str) -> None:
        if "PUBLIC KEY-----" in pem:
            raise ValidationError("This is the public key. Paste the private one.")
        if "ENCRYPTED" in pem:
            raise ValidationError("This key is protected by a passphrase. Paste it without one.")
        if not re.match(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n", pem) or not pem.endswith("PRIVATE KEY-----"):
            raise ValidationError("Paste the whole key, from -----BEGIN to -----END.")
        key = None
        with suppress(ValueError, TypeError, UnsupportedAlgorithm):
            key = load_pem_private_key(pem.encode(), password=None)
        if key is None:
            raise ValidationError("This private key cannot be read. Check that all of it was pasted.")
        if not isinstance(key, RSAPrivateKey):
            raise ValidationError("This is no RSA key.")
        if key.key_size < self.MIN_BITS:
            raise ValidationError(f"This key has {key.key_size} bits; {self.MIN_BITS} are the least.")


class EventsField(forms.MultipleChoiceField):
    """The event checklist: each choice is named by its sentence and then the provider's own word."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, vocabulary: tuple[ProviderEvent, ...], **kwargs: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for word in vocabulary:
            groups.setdefault(word.group, []).append((word.value, f"{word.sentence} {word.label}"))
        ungrouped = groups.pop("", [])
        kwargs.setdefault("label", "Events")
        super().__init__(choices=[*ungrouped, *groups.items()], **kwargs)
        self.order = [word.value for word in vocabulary]
        self.error_messages["required"] = "Tick at least one event."

    def clean(self, value: Any) -> list[str]:
        """Each ticked word once, in the vocabulary's order."""
        ticked = set(super().clean(value))
        return [word for word in self.order if word in ticked]

    def keep(self, stored: Iterable[str]) -> None:
        """Makes words that a pixel already has choices, also those the vocabulary does not know."""
        unknown = [word for word in dict.fromkeys(stored) if word not in self.order]
        self.choices = [*_choices(self), *((word, f"{UNKNOWN} {word}") for word in unknown)]
        self.order = [*self.order, *unknown]


def keep_choice(field: forms.ChoiceField, stored: str | None) -> None:
    """Makes the value that a pixel already has a choice, so that saving the form does not replace it."""
    if stored and not field.valid_value(stored):
        field.choices = [*_choices(field), (stored, f"{UNKNOWN} {stored}")]
    elif not stored and field.required and not field.valid_value(""):
        field.choices = [("", "Not said"), *_choices(field)]
        field.required = False


def _choices(field: forms.ChoiceField) -> list[Any]:
    return list(field.choices)  # type: ignore[arg-type]


def refuse_in_name(name: str, forbidden: tuple[str, ...], reason: str) -> None:
    """Raises ValidationError when the name contains one of the strings."""
    found = [text for text in forbidden if text in name]
    if found:
        raise ValidationError(f"Remove {' and '.join(found)}: {reason}")
