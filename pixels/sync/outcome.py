"""What becomes of an operation: the answer, the error or the cancellation, written under its claim.

Every change locks the pixel first and the operation after it, so that no two of them can wait for each other.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.activity import record as record_activity
from pixels import snippets
from pixels.models import Operation, Pixel
from pixels.models.pixel_secrets import forget_secrets
from pixels.providers.base import RemotePixel
from pixels.providers.errors import BadCredentials, ProviderError, Throttled

from .drift import see

GIVE_UP_AFTER = timedelta(hours=24)  # of trying something that provably never left
DOUBTFUL_TRIES = 5  # of a change that is idempotent; a create has none
FIRST_WAIT, LONGEST_WAIT, THROTTLED_WAIT = 5.0, 900.0, 60.0  # seconds


def mine(operation: Operation) -> QuerySet[Operation]:
    """The operation's row, as long as this claim holds."""
    return Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state=Operation.State.IN_FLIGHT)


def said_everything(remote: RemotePixel) -> bool:
    """Some answers to a create or update know no more than the id."""
    return remote.name is not None


def record(operation: Operation, remote: RemotePixel | None) -> Pixel | None:
    """Write the answer; the pixel as it is now, or None when the claim was lost.

    A create that somebody meanwhile called unknown is still glad of its id.
    """
    with transaction.atomic():
        pixel = locked(operation.pixel_id)
        create = operation.kind == Operation.Kind.CREATE
        if not _finish(operation, Operation.State.DONE):
            if not (create and pixel.lifecycle == Pixel.Lifecycle.UNKNOWN and not pixel.remote_id):
                return None
            settle_unknown(pixel)
        if operation.secrets or remote is None:
            forget_secrets(pixel)
        if remote is None:
            pixel.lifecycle, pixel.remote, pixel.remote_state = Pixel.Lifecycle.DELETED, Pixel.Remote.GONE, ""
        elif create:
            if not attach(pixel, remote):
                return pixel
        else:
            _apply_changes(pixel, operation.payload)
            pixel.lifecycle = Pixel.Lifecycle.LIVE
            if said_everything(remote):
                see(pixel, remote)
        pixel.clear_error()
        pixel.checked_at = timezone.now()
        pixel.save()
        if pixel.lifecycle == Pixel.Lifecycle.LIVE:
            snippets.issue(pixel)
        return pixel


def record_error(operation: Operation, error: ProviderError) -> None:
    """A definite no ends it; what provably was not done waits and is tried again; a doubtful create is unknown."""
    create = operation.kind == Operation.Kind.CREATE
    if isinstance(error, BadCredentials) and error.pauses:
        again(operation, error, 0)  # the connection is paused now and holds it
    elif error.maybe_done and create:
        _close(operation, Operation.State.UNKNOWN, Pixel.Lifecycle.UNKNOWN, error)
    elif error.retryable and _tries_left(operation, error):
        wait = error.retry_after or THROTTLED_WAIT if isinstance(error, Throttled) else _backoff(operation)
        again(operation, error, min(wait, LONGEST_WAIT))
    else:
        # A refused change leaves the pixel as it was; only a refused create has nothing to fall back on.
        after = Pixel.Lifecycle.FAILED if create else Pixel.Lifecycle.LIVE
        _close(operation, Operation.State.FAILED, after, error)


def again(operation: Operation, error: ProviderError | None, wait: float) -> None:
    """Back to waiting; or cancelled, when the connection was disconnected while a worker held the operation."""
    with transaction.atomic():
        pixel = locked(operation.pixel_id)
        if pixel.connection.disconnected_at:
            _cancel(operation, pixel, mine(operation))
            return
        back = mine(operation).update(
            state=Operation.State.PENDING,
            lease_until=None,
            maybe_sent=False,
            doubts=operation.doubts + (1 if error and error.maybe_done else 0),
            not_before=timezone.now() + timedelta(seconds=wait),
            **_said(error),
        )
        if back:
            if operation.kind == Operation.Kind.CREATE:
                pixel.lifecycle = Pixel.Lifecycle.QUEUED
            if error:
                pixel.set_error(error)
            pixel.save()


def cancel(operation: Operation) -> bool:
    """Take back what has provably not been sent; False when a worker was quicker."""
    with transaction.atomic():
        pixel = locked(operation.pixel_id)
        return _cancel(operation, pixel, Operation.objects.filter(pk=operation.pk, state=Operation.State.PENDING))


def _cancel(operation: Operation, pixel: Pixel, row: QuerySet[Operation]) -> bool:
    now = timezone.now()
    if not row.update(state=Operation.State.CANCELLED, lease_until=None, finished_at=now):
        return False
    never_made = operation.kind == Operation.Kind.CREATE
    pixel.lifecycle = Pixel.Lifecycle.FAILED if never_made else Pixel.Lifecycle.LIVE
    pixel.error_code, pixel.error_at, pixel.error_words = "cancelled", now, ""
    pixel.error_sentence = "Cancelled, not sent: the connection was disconnected."
    pixel.error_advice = "Replace the connection's credentials, then retry."
    pixel.save()
    record_activity(pixel.team, None, "cancelled the open work of", pixel)
    return True


def attach(pixel: Pixel, remote: RemotePixel) -> bool:
    """Let our row stand for this remote object (unsaved). A row that a pull made of it meanwhile gives way, with
    what hangs on it; unless somebody has already worked with that row: then it stays, and ours says so (saved)."""
    other = Pixel.objects.filter(ad_account=pixel.ad_account, remote_id=remote.remote_id).exclude(pk=pixel.pk).first()
    if other is not None:
        if other.created_by_id or other.operations.exists():
            _give_way(pixel, other)
            return False
        pixel.website_id = pixel.website_id or other.website_id
        pixel.archived_at = pixel.archived_at or other.archived_at
        other.snippets.update(pixel=pixel)
        other.delete()
    pixel.remote_id = remote.remote_id
    pixel.lifecycle = Pixel.Lifecycle.LIVE
    if said_everything(remote):
        see(pixel, remote)
    elif not pixel.provider_class.can("read"):
        pixel.remote = Pixel.Remote.UNVERIFIABLE
    return True


def settle_unknown(pixel: Pixel) -> None:
    """The doubt about this pixel's create is over."""
    Operation.objects.filter(pixel=pixel, kind=Operation.Kind.CREATE, state=Operation.State.UNKNOWN).update(
        state=Operation.State.DONE, finished_at=timezone.now(), error_code="", error_sentence=""
    )


def locked(pixel_id: UUID) -> Pixel:
    rows = Pixel.objects.select_for_update(of=("self",)).select_related("connection", "ad_account", "team")
    return rows.get(pk=pixel_id)


def _give_way(pixel: Pixel, other: Pixel) -> None:
    pixel.lifecycle, pixel.remote = Pixel.Lifecycle.UNKNOWN, Pixel.Remote.DUPLICATE
    pixel.error_code, pixel.error_at, pixel.error_words = "duplicate", timezone.now(), ""
    pixel.error_sentence = f"A sync has brought in this very pixel as “{other.name}”, and it is in use there."[:500]
    pixel.error_advice = "Archive this row and go on with the other one."
    pixel.save()


def _apply_changes(pixel: Pixel, changes: dict[str, Any]) -> None:
    options = dict(changes)
    pixel.name = options.pop("name", pixel.name)
    pixel.events = list(options.pop("events", pixel.events))
    pixel.options = {**pixel.options, **options}


def _tries_left(operation: Operation, error: ProviderError) -> bool:
    if error.maybe_done:
        return operation.doubts + 1 < DOUBTFUL_TRIES
    return timezone.now() - operation.created_at < GIVE_UP_AFTER


def _backoff(operation: Operation) -> float:
    return FIRST_WAIT * 2 ** min(operation.attempt - 1, 10)


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
