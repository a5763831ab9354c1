"""Changes that are sent to the provider, sent again, or cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.activity import record
from accounts.models import User
from pixels import rules
from pixels.actions import Action, last_operation
from pixels.models import Operation, Pixel
from pixels.models.pixel_secrets import keep_secrets
from pixels.outbox.cancel import cancel as cancel_operation
from pixels.violations import RuleViolation

from .promise import begin, start


@transaction.atomic
def change_pixel(
    pixel: Pixel, actor: User, changes: Mapping[str, Any], secrets: Mapping[str, str] | None = None
) -> None:
    """Send the values that changed. Our row takes them when the provider has accepted them."""
    secrets = secrets or {}
    begin(pixel, Action.EDIT)
    rules.require(rules.change_errors(pixel, changes, secrets))
    start(pixel, actor, Operation.Kind.UPDATE, dict(changes), sorted(secrets))
    keep_secrets(pixel, secrets)
    fields = sorted([*changes, *secrets])
    record(pixel.team, actor, "pixel.change_asked", pixel, provider=pixel.connection.provider, fields=fields)


@transaction.atomic
def set_state(pixel: Pixel, actor: User, *, active: bool) -> None:
    if not begin(pixel, Action.ACTIVATE if active else Action.DEACTIVATE):
        return
    start(pixel, actor, Operation.Kind.UPDATE, pixel.provider_class.activation(active))
    record(pixel.team, actor, "pixel.activation_asked" if active else "pixel.deactivation_asked", pixel)


@transaction.atomic
def delete_pixel(pixel: Pixel, actor: User) -> None:
    """Delete the pixel at the provider. To hide the row only, use archive_pixel."""
    begin(pixel, Action.DELETE)
    start(pixel, actor, Operation.Kind.DELETE, {})
    record(pixel.team, actor, "pixel.delete_asked", pixel)


@transaction.atomic
def retry(pixel: Pixel, actor: User | None) -> None:
    """Send again what was definitely refused, never what is unconfirmed."""
    begin(pixel, Action.RETRY)
    last = last_operation(pixel)
    assert last is not None
    start(pixel, actor, Operation.Kind(last.kind), last.payload, last.secrets)
    record(pixel.team, actor, "pixel.retried", pixel)


@transaction.atomic
def cancel(pixel: Pixel, actor: User) -> None:
    """Cancel the pixel's open operation, if it has certainly not been sent."""
    begin(pixel, Action.CANCEL)
    last = last_operation(pixel)
    if last is None or not cancel_operation(last):  # a worker may claim it meanwhile, as claims need no lock
        raise RuleViolation("too_late_to_cancel")
    record(pixel.team, actor, "pixel.change_cancelled", pixel)
