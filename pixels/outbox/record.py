"""What becomes of an operation: the answer, the error or the cancellation, written under its claim.

Every change locks the connection (where it does), the pixel and the operation, in this order, so that no two of them
can wait for each other.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.activity import record as record_activity
from pixels import snippets
from pixels.crash import crash_point
from pixels.limits import clock
from pixels.models import Connection, Operation, Pixel
from pixels.models.pixel_secrets import forget_secrets
from pixels.outbox.unconfirmed import can_be_looked_up
from pixels.providers.errors import BadCredentials, NotSupported, ProviderError, Rejected, Throttled, Waiting
from pixels.providers.values import RemotePixel
from pixels.reconcile.compare import note_local_change, see, values_of
from pixels.reconcile.link import link_remote, locked, report_duplicate, resolve_unconfirmed, said_everything

GIVE_UP_AFTER = timedelta(hours=24)  # of trying something that provably never left
MAX_UNCONFIRMED = 5  # of a change that is idempotent; a create has none
FIRST_WAIT, LONGEST_BACKOFF, THROTTLED_WAIT, LONGEST_WAIT = 5.0, 900.0, 60.0, 3600.0  # seconds


def mine(operation: Operation) -> QuerySet[Operation]:
    """The operation's row, as long as this claim holds."""
    return Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state=Operation.State.IN_FLIGHT)


def record(operation: Operation, remote: RemotePixel | None) -> Pixel | None:
    """Write the answer; the pixel as it is now, or None when the claim was lost.

    A create whose claim was lost is still glad of its id, whatever was concluded meanwhile; and where another request
    has brought one, there are two objects, of which a person is told.
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
            again_at = (
                clock.now() + timedelta(seconds=settings.DUPLICATE_CHECKS[0]) if settings.DUPLICATE_CHECKS else None
            )
            # By the row: whoever was overtaken knows of no other request than its own.
            twice = Operation.objects.filter(pk=operation.pk, sends__gt=1, unconfirmed_count__gt=0)
            twice.update(duplicate_check_at=again_at)
        if operation.secrets or remote is None:
            forget_secrets(pixel)
        if remote is None:
            pixel.lifecycle, pixel.remote_status, pixel.remote_state = (
                Pixel.Lifecycle.DELETED,
                Pixel.RemoteStatus.GONE,
                "",
            )
        elif create:
            if not link_remote(pixel, remote):
                return pixel
        else:
            _apply_changes(pixel, operation.payload)
            pixel.lifecycle = Pixel.Lifecycle.LIVE
            if said_everything(remote):
                see(pixel, remote)
        pixel.clear_error()
        pixel.checked_at = clock.now()
        pixel.save()
        if pixel.lifecycle == Pixel.Lifecycle.LIVE:
            snippets.issue(pixel)
        crash_point("cp12")
        return pixel


def record_error(operation: Operation, error: ProviderError) -> None:
    """A definite no ends it. What provably was not done waits and is tried again. An unconfirmed create is looked up,
    or it is unknown where nobody can be asked."""
    create = operation.kind == Operation.Kind.CREATE
    if isinstance(error, BadCredentials):
        again(operation, error, 0, unconfirmed=create and operation.maybe_sent)  # the connection is paused and holds it
    elif isinstance(error, Waiting) and create and operation.maybe_sent:
        # What waits is the look-up. A list that is longer than the limit allows would never be read to its end.
        if _tries_left(operation):
            again(operation, error, _wait(operation, error), unconfirmed=True)
        else:
            _close(operation, Operation.State.UNKNOWN, Pixel.Lifecycle.UNKNOWN, error)
    elif isinstance(error, Waiting):
        _wait_all(operation, error)
    elif create and (error.maybe_done or operation.maybe_sent or _is_taken_by_ours(operation, error)):
        _leave_unconfirmed(operation, error)
    elif error.retryable and (_doubts_left(operation) if error.maybe_done else _tries_left(operation)):
        again(operation, error, _wait(operation, error))
    else:
        # A refused change leaves the pixel as it was; only a refused create has nothing to fall back on.
        after = Pixel.Lifecycle.LIVE if operation.pixel.remote_id else Pixel.Lifecycle.FAILED
        _close(operation, Operation.State.FAILED, after, error)


def _is_taken_by_ours(operation: Operation, error: ProviderError) -> bool:
    """After an unconfirmed create, its name may be refused because that create took it."""
    unique = operation.pixel.provider_class.can("name_unique")
    return (
        unique
        and operation.unconfirmed_count > 0
        and isinstance(error, Rejected)
        and operation.unconfirmed_count < MAX_UNCONFIRMED
    )


def _leave_unconfirmed(operation: Operation, error: ProviderError) -> None:
    looking = operation.maybe_sent  # then it was unconfirmed before, and only the look-up failed
    over = not looking and operation.unconfirmed_count + 1 >= MAX_UNCONFIRMED
    over = over or (looking and not _tries_left(operation))
    if over or not can_be_looked_up(operation.pixel) or isinstance(error, NotSupported):
        _close(operation, Operation.State.UNKNOWN, Pixel.Lifecycle.UNKNOWN, error)
    else:
        again(operation, error, _wait(operation, error) if looking else settings.QUIET_TIME, unconfirmed=True)


def _wait(operation: Operation, error: ProviderError) -> float:
    if isinstance(error, Throttled):
        return min(error.retry_after or THROTTLED_WAIT, LONGEST_WAIT)
    return min(FIRST_WAIT * 2 ** min(operation.attempt - 1, 10), LONGEST_BACKOFF)


def _wait_all(operation: Operation, error: Waiting) -> None:
    """A limit is reached: this one waits, and whatever else is due of its connection need not be tried."""
    wait = _wait(operation, error)
    again(operation, error, wait)
    until = clock.now() + timedelta(seconds=wait)
    same = Operation.objects.open().filter(pixel__connection=operation.pixel.connection_id)
    same = same.filter(state=Operation.State.PENDING)
    same = same.filter(Q(not_before=None) | Q(not_before__lt=until), maybe_sent=False)
    same.update(not_before=until, **_said(error))


def again(operation: Operation, error: ProviderError | None, wait: float, *, unconfirmed: bool = False) -> None:
    """Back to waiting; or cancelled, when the connection was disconnected while a worker held the operation.

    `unconfirmed`: what waits is the look-up of a create that may have been sent; so it can't be cancelled.
    """
    newly_unconfirmed = not operation.maybe_sent and (unconfirmed or (error is not None and error.maybe_done))
    with transaction.atomic():
        # Somebody who is disconnecting does not see what a worker holds: this waits, and sees that.
        connections = Connection.objects.select_for_update(no_key=True)
        connections.get(pk=operation.pixel.connection_id)
        pixel = locked(operation.pixel_id)
        if pixel.connection.disconnected_at and not unconfirmed:
            _cancel(operation, pixel, mine(operation), unconfirmed=newly_unconfirmed or operation.unconfirmed_count > 0)
            return
        back = mine(operation).update(
            state=Operation.State.PENDING,
            lease_until=None,
            maybe_sent=unconfirmed,
            unconfirmed_count=operation.unconfirmed_count + (1 if newly_unconfirmed else 0),
            trying_since=_trying_since(operation, error, newly_unconfirmed),
            not_before=clock.now() + timedelta(seconds=wait),
            **_said(error),
        )
        if back:
            if operation.kind == Operation.Kind.CREATE:
                pixel.lifecycle = Pixel.Lifecycle.CHECKING if unconfirmed else Pixel.Lifecycle.QUEUED
            if isinstance(error, Waiting):
                pixel.clear_error()  # the operation says what it waits for
            elif error:
                pixel.set_error(error)
            pixel.save()


def cancel(operation: Operation) -> bool:
    """Take back what has provably not been sent; False when a worker was quicker. Without a connection a change whose
    answer got lost is taken back as well: nobody can repeat it, and the pixel says so."""
    with transaction.atomic():
        pixel = locked(operation.pixel_id)
        waiting = Operation.objects.filter(pk=operation.pk, state=Operation.State.PENDING, maybe_sent=False)
        if not pixel.connection.disconnected_at:
            waiting = waiting.filter(Q(kind=Operation.Kind.CREATE) | Q(unconfirmed_count=0))
        return _cancel(operation, pixel, waiting, unconfirmed=operation.unconfirmed_count > 0)


def _cancel(operation: Operation, pixel: Pixel, row: QuerySet[Operation], *, unconfirmed: bool) -> bool:
    now = timezone.now()
    if not row.update(state=Operation.State.CANCELLED, lease_until=None, finished_at=now):
        return False
    never_made = operation.kind == Operation.Kind.CREATE
    if not pixel.connection.disconnected_at:  # somebody wanted it so
        pixel.lifecycle = Pixel.Lifecycle.DRAFT if never_made else Pixel.Lifecycle.LIVE
        pixel.clear_error()
        pixel.save()
        return True
    pixel.lifecycle = Pixel.Lifecycle.FAILED if never_made else Pixel.Lifecycle.LIVE
    pixel.error_code, pixel.error_at, pixel.error_provider_message = "cancelled", now, ""
    pixel.error_sentence = "Cancelled, not sent: the connection was disconnected."
    if unconfirmed and not never_made:  # a create is looked up instead
        pixel.error_sentence = "Cancelled, but perhaps carried out before: the connection was disconnected."
    pixel.error_advice = "Replace the connection's credentials, then retry."
    pixel.save()
    record_activity(pixel.team, None, "cancelled the open work of", pixel)
    return True


def stop_for_theirs(pixel: Pixel, remote: RemotePixel) -> bool:
    """A change of ours waits, and the provider's side has moved in one of the same fields: nothing is overwritten, a
    person decides (the pixel is saved). `pixel` is locked, and still holds what was seen before."""
    waiting = pixel.operations.filter(kind=Operation.Kind.UPDATE, state=Operation.State.PENDING, secrets=[]).first()
    if waiting is None:
        return False
    now, before, same = values_of(remote), pixel.remote_values or {}, pixel.provider_class.comparable
    moved = [
        name
        for name, ours in waiting.payload.items()
        if name in now and name in before and same(name, now[name]) not in (same(name, before[name]), same(name, ours))
    ]
    row = Operation.objects.filter(pk=waiting.pk, attempt=waiting.attempt, state=Operation.State.PENDING)
    if not moved or not row.update(state=Operation.State.CANCELLED, finished_at=timezone.now()):
        return False
    _apply_changes(pixel, waiting.payload)
    pixel.lifecycle = Pixel.Lifecycle.LIVE
    pixel.clear_error()
    see(pixel, remote)
    pixel.save()
    record_activity(pixel.team, None, "did not send a change, as theirs had changed too:", pixel, ", ".join(moved))
    return True


def link_found(operation: Operation, found: list[RemotePixel]) -> None:
    """The look-up found what the lost answer was about: it is ours. More than one: the first, and a person is told."""
    first, *others = sorted(found, key=lambda one: (len(one.remote_id), one.remote_id))
    pixel = record(operation, first)
    if pixel is None:
        return
    record_activity(pixel.team, None, "found after a lost answer", pixel, f"as {first.remote_id}")
    if others:
        report_duplicate(pixel, [one.remote_id for one in others])


def _apply_changes(pixel: Pixel, changes: dict[str, Any]) -> None:
    note_local_change(pixel, changes)
    options = dict(changes)
    pixel.name = options.pop("name", pixel.name)
    pixel.events = list(options.pop("events", pixel.events))
    pixel.options = {**pixel.options, **options}


def _doubts_left(operation: Operation) -> bool:
    return operation.unconfirmed_count + 1 < MAX_UNCONFIRMED


def _tries_left(operation: Operation) -> bool:
    return operation.trying_since is None or clock.now() - operation.trying_since < GIVE_UP_AFTER


def _trying_since(operation: Operation, error: ProviderError | None, newly_unconfirmed: bool) -> datetime | None:
    """A day of tries is counted; a wait for a limit, for other credentials or in a circuit is none."""
    if error is None or isinstance(error, Waiting | BadCredentials):
        return None if isinstance(error, BadCredentials) else operation.trying_since
    return clock.now() if newly_unconfirmed or operation.trying_since is None else operation.trying_since


def _finish(operation: Operation, state: Operation.State, error: ProviderError | None = None) -> bool:
    ended = mine(operation).update(state=state, lease_until=None, finished_at=timezone.now(), **_said(error))
    return bool(ended)


def _close(operation: Operation, state: Operation.State, lifecycle: Pixel.Lifecycle, error: ProviderError) -> None:
    with transaction.atomic():
        pixel = locked(operation.pixel_id)
        if _finish(operation, state, error):
            pixel.lifecycle = lifecycle
            pixel.set_error(error)
            pixel.save()


def _said(error: ProviderError | None) -> dict[str, str]:
    if error is None:
        return {"error_code": "", "error_sentence": ""}
    return {"error_code": error.code, "error_sentence": error.sentence[:500]}
