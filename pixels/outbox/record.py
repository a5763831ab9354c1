"""Writes the outcome of an operation, an answer or an error, under its claim.

Every change locks the connection (where needed), the pixel and the operation in this order, so that no two of them can
deadlock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.activity import record as record_activity
from pixels import snippets
from pixels.crash import crash_point
from pixels.limits import clock
from pixels.models import Connection, Operation, Pixel
from pixels.models.pixel_secrets import forget_secrets
from pixels.outbox import retry_policy
from pixels.outbox.cancel import cancel_held
from pixels.outbox.claim import held
from pixels.outbox.retry_policy import Counts, Fail, LookUp, Pause, Phase, Retry, Unknown
from pixels.outbox.unconfirmed import can_be_looked_up
from pixels.providers.errors import NotSent, ProviderError, Waiting
from pixels.providers.values import RemotePixel
from pixels.reconcile.compare import apply_remote, note_local_change
from pixels.reconcile.link import (
    is_complete,
    link_remote,
    locked,
    plan_duplicate_check,
    report_duplicate,
    resolve_unconfirmed,
)

State = Operation.State


def record(operation: Operation, remote: RemotePixel | None) -> Pixel | None:
    """Write the answer. Returns the pixel as it is now, or None if the claim was lost.

    `remote`: what the provider answered; None: it was deleted. Store the id of a created pixel even if the claim was
    lost. If another request has already brought an id, the provider holds two objects, and the pixel reports a
    duplicate.
    """
    with transaction.atomic():
        pixel = locked(operation.pixel_id)
        create = operation.kind == Operation.Kind.CREATE
        if not _finish(operation, Operation.State.DONE):
            if not create or remote is None:
                return None
            if pixel.remote_id and pixel.remote_id != remote.remote_id:
                report_duplicate(pixel, [remote.remote_id])
                return None
            if pixel.remote_id:
                return None
            resolve_unconfirmed(pixel)
        if create:
            plan_duplicate_check(pixel)
        if operation.secrets or remote is None:
            forget_secrets(pixel)
        if remote is None:
            pixel.lifecycle, pixel.remote_status = Pixel.Lifecycle.DELETED, Pixel.RemoteStatus.GONE
            pixel.remote_state = ""
        elif create:
            if not link_remote(pixel, remote):
                return pixel
        else:
            apply_changes(pixel, operation.payload)
            pixel.lifecycle = Pixel.Lifecycle.LIVE
            if is_complete(remote):
                apply_remote(pixel, remote)
        pixel.clear_error()
        pixel.checked_at = clock.now()
        pixel.save()
        if pixel.lifecycle == Pixel.Lifecycle.LIVE:
            snippets.issue(pixel)
        crash_point("cp12")
        return pixel


def link_found(operation: Operation, found: list[RemotePixel]) -> None:
    """Record the object that a look-up found. If there are several, link the one with the lowest id and report the
    others."""
    first, *others = sorted(found, key=lambda one: (len(one.remote_id), one.remote_id))
    pixel = record(operation, first)
    if pixel is None:
        return
    record_activity(pixel.team, None, "pixel.found", pixel, remote_id=first.remote_id)
    if others:
        report_duplicate(pixel, [one.remote_id for one in others])


def record_error(operation: Operation, phase: Phase, error: ProviderError) -> bool:
    """Carry out what the retry policy decides. Returns False if the connection's other operations have to wait as
    well."""
    if phase == Phase.PREPARE and error.maybe_done:
        # Only a question before the change got no answer; the change itself has not been sent.
        error = NotSent(error.message, provider_message=error.provider_message, status=error.status, **error.params)
    decision = retry_policy.decide(Operation.Kind(operation.kind), phase, error, _counts(operation))
    match decision:
        case Fail():
            # After a refused change the pixel is as before; after a refused create there is no pixel to go back to.
            after = Pixel.Lifecycle.LIVE if operation.pixel.remote_id else Pixel.Lifecycle.FAILED
            _close(operation, State.FAILED, after, error)
        case Unknown():
            _close(operation, State.UNKNOWN, Pixel.Lifecycle.UNKNOWN, error)
        case Retry(after, whole_connection=True):
            requeue(operation, decision, error)
            _delay_others(operation, after, error)
            return False
        case _:
            requeue(operation, decision, error)
    return True


def requeue(operation: Operation, decision: Retry | LookUp | Pause, error: ProviderError | None = None) -> None:
    """Let the operation wait again; or cancel it, if its connection was disconnected while a worker held it.

    An operation that waits for a look-up may have taken effect already, so it is not cancelled.
    """
    unconfirmed = isinstance(decision, LookUp) or (isinstance(decision, Pause) and operation.is_unconfirmed)
    may_be_done = isinstance(decision, Retry | LookUp) and decision.may_be_done
    with transaction.atomic():
        # A disconnect cannot see an operation that a worker holds. This lock waits for the disconnect, then reads its
        # result.
        Connection.objects.select_for_update(no_key=True).get(pk=operation.pixel.connection_id)
        pixel = locked(operation.pixel_id)
        if pixel.connection.disconnected_at and not unconfirmed:
            cancel_held(operation, pixel, may_be_done=may_be_done or operation.unconfirmed_count > 0)
            return
        wait = 0 if isinstance(decision, Pause) else decision.after
        back = held(operation).update(
            state=State.UNCONFIRMED if unconfirmed else State.PENDING,
            lease_until=None,
            unconfirmed_count=operation.unconfirmed_count + may_be_done,
            trying_since=_trying_since(operation, decision, error),
            not_before=clock.now() + timedelta(seconds=wait),
            **({} if unconfirmed else {"sent_at": None}),
            **_said(error),
        )
        if back:
            if operation.kind == Operation.Kind.CREATE:
                pixel.lifecycle = Pixel.Lifecycle.CHECKING if unconfirmed else Pixel.Lifecycle.QUEUED
            if isinstance(error, Waiting):
                pixel.clear_error()  # the operation itself says what it waits for
            elif error:
                pixel.set_error(error)
            pixel.save()


def apply_changes(pixel: Pixel, changes: dict[str, Any]) -> None:
    note_local_change(pixel, changes)
    options = dict(changes)
    pixel.name = options.pop("name", pixel.name)
    pixel.events = list(options.pop("events", pixel.events))
    pixel.options = {**pixel.options, **options}


def _counts(operation: Operation) -> Counts:
    since = operation.trying_since
    return Counts(
        attempt=operation.attempt,
        unconfirmed=operation.unconfirmed_count,
        failing_for=(clock.now() - since).total_seconds() if since else 0,
        can_look_up=can_be_looked_up(operation.pixel),
        name_is_unique=operation.pixel.provider_class.can("name_unique"),
    )


def _trying_since(
    operation: Operation, decision: Retry | LookUp | Pause, error: ProviderError | None
) -> datetime | None:
    """Since when the operation has failed without a break. Waiting for a limit or for credentials is not a failure."""
    if isinstance(decision, Pause):
        return None
    if error is None or isinstance(error, Waiting):
        return operation.trying_since
    return clock.now() if decision.may_be_done or operation.trying_since is None else operation.trying_since


def _delay_others(operation: Operation, seconds: float, error: ProviderError) -> None:
    """Let the connection's other operations wait as long, since the limit is the connection's."""
    until = clock.now() + timedelta(seconds=seconds)
    others = Operation.objects.open().filter(pixel__connection=operation.pixel.connection_id, state=State.PENDING)
    others.filter(Q(not_before=None) | Q(not_before__lt=until)).update(not_before=until, **_said(error))


def _finish(operation: Operation, state: Operation.State, error: ProviderError | None = None) -> bool:
    ended = held(operation).update(state=state, lease_until=None, finished_at=timezone.now(), **_said(error))
    return bool(ended)


def _close(operation: Operation, state: Operation.State, lifecycle: Pixel.Lifecycle, error: ProviderError) -> None:
    with transaction.atomic():
        pixel = locked(operation.pixel_id)
        if _finish(operation, state, error):
            pixel.lifecycle = lifecycle
            pixel.set_error(error)
            pixel.save()


def _said(error: ProviderError | None) -> dict[str, Any]:
    if error is None:
        return {"error_code": "", "error_message": "", "error_params": {}}
    return {"error_code": error.code, "error_message": error.message, "error_params": error.params}
