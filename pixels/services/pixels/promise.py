"""What every service on a pixel begins and ends with: lock the rows and decide; write the operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.models import User
from pixels.actions import Action, decide, last_operation
from pixels.models import Connection, Operation, Pixel
from pixels.models.operation import fingerprint
from pixels.outbox.enqueue import notify_worker
from pixels.violations import RuleViolation

WAITING_FOR = {
    Operation.Kind.CREATE: Pixel.Lifecycle.QUEUED,
    Operation.Kind.UPDATE: Pixel.Lifecycle.UPDATING,
    Operation.Kind.DELETE: Pixel.Lifecycle.DELETING,
}


def begin(pixel: Pixel, action: Action) -> bool:
    """Lock the connection and the pixel until this transaction ends, and read them as they are now.

    The locks are taken in the order in which workers take them. Raises RuleViolation if the action is not possible.
    Returns False if there is nothing left to do.
    """
    Connection.objects.select_for_update(no_key=True).get(pk=pixel.connection_id)
    rows = Pixel.objects.select_for_update(of=("self",)).select_related("connection", "ad_account", "team")
    pixel.refresh_from_db(from_queryset=rows)
    decision = decide(action, pixel, last_operation(pixel), None)
    if not decision and not decision.nothing_to_do:
        raise RuleViolation(decision.code, **decision.params)
    return bool(decision)


def promise(
    pixel: Pixel, actor: User | None, kind: Operation.Kind, payload: dict[str, Any], secrets: Sequence[str] = ()
) -> Operation:
    """Write an operation; a worker will send it. `secrets`: names of the options whose values are sealed in
    PixelSecrets."""
    return Operation.objects.create(
        team_id=pixel.team_id,
        pixel=pixel,
        kind=kind,
        payload=payload,
        secrets=list(secrets),
        fingerprint=fingerprint(payload),
        created_by=actor,
    )


def start(
    pixel: Pixel, actor: User | None, kind: Operation.Kind, payload: dict[str, Any], secrets: Sequence[str] = ()
) -> None:
    """Write an operation on an existing pixel, after `begin` has allowed it, and notify a worker."""
    promise(pixel, actor, kind, payload, secrets)
    pixel.lifecycle = WAITING_FOR[kind]
    pixel.clear_error()
    pixel.save()
    notify_worker(pixel.connection_id)
