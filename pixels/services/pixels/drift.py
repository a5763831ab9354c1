"""What a person decides about fields in which our values and the provider's differ."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from accounts.activity import record
from accounts.models import User
from pixels import snippets
from pixels.actions import Action
from pixels.models import Operation, Pixel
from pixels.reconcile import compare
from pixels.violations import RuleViolation

from .promise import begin, start


@transaction.atomic
def adopt_theirs(pixel: Pixel, actor: User, fields: Collection[str]) -> None:
    """Take the provider's values of these fields into our row; nothing is sent."""
    begin(pixel, Action.ADOPT_THEIRS)
    drifted = _drifted(pixel, fields)
    values = {name: (pixel.remote_values or {})[name] for name in drifted}
    if "name" in values:
        pixel.name = values.pop("name")[:255]
    if "events" in values:
        pixel.events = values.pop("events")
    pixel.options = {**pixel.options, **values}
    compare.compare(pixel)
    pixel.save()
    snippets.issue(pixel)
    record(pixel.team, actor, "pixel.theirs_adopted", pixel, provider=pixel.connection.provider, fields=drifted)


@transaction.atomic
def restore_ours(pixel: Pixel, actor: User, fields: Collection[str]) -> None:
    """Send our values of these fields again."""
    begin(pixel, Action.RESTORE_OURS)
    drifted = _drifted(pixel, fields)
    fixed = [name for name in drifted if name in pixel.provider_class.pixel_form.fixed]
    if fixed:
        raise RuleViolation("field_fixed", provider=pixel.provider_class.slug, field=fixed[0])
    start(pixel, actor, Operation.Kind.UPDATE, {name: pixel.local_values[name] for name in drifted})
    record(pixel.team, actor, "pixel.ours_asked", pixel, provider=pixel.connection.provider, fields=drifted)


@transaction.atomic
def ignore_drift(pixel: Pixel, actor: User, fields: Collection[str]) -> None:
    """Accept that these fields differ, so that they no longer count as drift."""
    begin(pixel, Action.IGNORE)
    drifted = _drifted(pixel, fields)
    pixel.ignored = sorted({*pixel.ignored, *drifted})
    compare.compare(pixel)
    pixel.save()
    record(pixel.team, actor, "pixel.drift_ignored", pixel, provider=pixel.connection.provider, fields=drifted)


@transaction.atomic
def watch_again(pixel: Pixel, actor: User, fields: Collection[str]) -> None:
    """Undo ignore_drift."""
    begin(pixel, Action.WATCH_AGAIN)
    watched = [name for name in pixel.ignored if name in fields]
    if not watched:
        raise RuleViolation("watched_already")
    pixel.ignored = [name for name in pixel.ignored if name not in fields]
    compare.compare(pixel)
    pixel.save()
    record(pixel.team, actor, "pixel.drift_watched", pixel, provider=pixel.connection.provider, fields=watched)


def _drifted(pixel: Pixel, fields: Collection[str]) -> list[str]:
    found = [name for name in pixel.drift if name in fields]
    if not found:
        raise RuleViolation("no_difference")
    return found
