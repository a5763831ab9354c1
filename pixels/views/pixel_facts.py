"""A pixel's values in words: the provider's form labels with what each field holds."""

from __future__ import annotations

from typing import Any

from pixels.models import Pixel, PixelSecrets

NOTHING = "—"


def facts(pixel: Pixel) -> list[tuple[str, str]]:
    """(label, value) of the options, in the order and words of the provider's form."""
    form_class = pixel.provider_class.pixel_form
    values = form_class.initial_for(tuple(pixel.events), pixel.options)
    shown = []
    secrets = PixelSecrets.objects.filter(pixel=pixel).first() if form_class.secret_options else None
    for name, field in form_class.base_fields.items():
        if secrets and name in secrets.names:
            shown.append((str(field.label), "set"))
        if name == "events" or values.get(name) in (None, "", []):
            continue
        choices = dict(getattr(field, "choices", None) or [])
        value = "Yes" if values[name] is True else choices.get(values[name], values[name])
        shown.append((str(field.label), str(value)))
    return shown


def drift_rows(pixel: Pixel) -> list[tuple[str, str, str]]:
    """(field, ours, theirs) of what differs."""
    if not pixel.drift or not pixel.theirs:
        return []
    fields = pixel.provider_class.pixel_form.base_fields
    rows = []
    for name in pixel.drift:
        label = "Name" if name == "name" else str(fields[name].label) if name in fields else name.replace("_", " ")
        rows.append(
            (
                label.capitalize(),
                _said(pixel, name, pixel.ours.get(name)),
                _said(pixel, name, pixel.theirs.get(name)),
            )
        )
    return rows


def _said(pixel: Pixel, name: str, value: Any) -> str:
    if value in (None, "", []):
        return NOTHING
    if name == "events":
        words = (pixel.provider_class.word(one) for one in value)
        return ", ".join(word.label if word else str(one) for word, one in zip(words, value, strict=True))
    if isinstance(value, list):
        return ", ".join(" ".join(map(str, one.values())) if isinstance(one, dict) else str(one) for one in value)
    return str(value)
