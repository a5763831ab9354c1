"""A pixel's values in words: the provider's form labels with what each field holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from pixels.messages.fields import field_label
from pixels.models import Pixel, PixelSecrets
from pixels.models.badge import Badge
from pixels.reconcile import compare

NOTHING = "—"


def facts(pixel: Pixel) -> list[tuple[str, str]]:
    """(label, value) of the options, in the order and words of the provider's form."""
    form_class = pixel.provider_class.pixel_form
    values = form_class.initial_for(tuple(pixel.events), pixel.options)
    shown = []
    secrets = PixelSecrets.objects.filter(pixel=pixel).first() if form_class.secret_options else None
    for name, field in form_class.base_fields.items():
        if secrets and name in secrets.names:
            shown.append((str(field.label), _("set")))
        if name == "events" or values.get(name) in (None, "", []):
            continue
        choices = dict(getattr(field, "choices", None) or [])
        value = _("Yes") if values[name] is True else choices.get(values[name], values[name])
        shown.append((str(field.label), str(value)))
    return shown


@dataclass(frozen=True)
class Difference:
    """A field that both sides speak of and disagree on; three values, as one side may have moved or both."""

    name: str
    label: str
    base: str
    local: str
    remote: str
    moved: str  # remote | local | both
    badge: Badge
    cannot_restore: str  # why, as a sentence; "" where our value can be sent again


def differences(pixel: Pixel) -> list[Difference]:
    """What somebody should decide about."""
    return [_difference(pixel, name) for name in pixel.drift] if pixel.remote_values else []


def ignored(pixel: Pixel) -> list[Difference]:
    """What differs all the same, and somebody has said that it is well so."""
    if not pixel.ignored or not pixel.remote_values:
        return []
    return [_difference(pixel, name) for name in compare.differing(pixel, pixel.remote_values) if name in pixel.ignored]


def _difference(pixel: Pixel, name: str) -> Difference:
    provider = pixel.provider_class
    local = pixel.local_values.get(name)
    moved = compare.who_moved(pixel, name)
    return Difference(
        name=name,
        label=field_label(provider, name),
        base=_said(pixel, name, pixel.base_values.get(name, local)),
        local=_said(pixel, name, local),
        remote=_said(pixel, name, (pixel.remote_values or {}).get(name)),
        moved=moved,
        badge={
            "remote": Badge("needs", "arrows-diff", _("Changed at {provider}").format(provider=provider.label)),
            "local": Badge("needs", "pencil", _("Changed here, not taken over there")),
            "both": Badge("failed", "alert-triangle", _("Conflict: changed on both sides")),
        }[moved],
        cannot_restore=str(provider.pixel_form.fixed.get(name, "")),
    )


def _said(pixel: Pixel, name: str, value: Any) -> str:
    if value in (None, "", []):
        return NOTHING
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if name == "events":
        words = (pixel.provider_class.provider_event(one) for one in value)
        return ", ".join(str(word.label if word else one) for word, one in zip(words, value, strict=True))
    if isinstance(value, list):
        return "\n".join(" ".join(map(str, one.values())) if isinstance(one, dict) else str(one) for one in value)
    field = pixel.provider_class.pixel_form.base_fields.get(name)
    choices = dict(getattr(field, "choices", None) or []) if isinstance(value, str) else {}
    return str(choices.get(value, value))
