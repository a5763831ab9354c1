"""Cancelling an operation that has certainly not been sent."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.activity import record as record_activity
from pixels.models import Operation, Pixel
from pixels.outbox.claim import held
from pixels.reconcile.link import locked

State, Kind = Operation.State, Operation.Kind


def cancel(operation: Operation) -> bool:
    """Cancel an operation that no worker holds. Returns False if a worker claimed it first.

    A change whose answer was lost may be cancelled only when its connection is disconnected, as nobody can repeat it
    then: pixels/actions.py sees to that. The pixel says that it was perhaps carried out.
    """
    with transaction.atomic():
        pixel = locked(operation.pixel_id)
        pending = Operation.objects.filter(pk=operation.pk, state=State.PENDING)
        return _cancel(operation, pixel, pending, may_be_done=operation.unconfirmed_count > 0)


def cancel_held(operation: Operation, pixel: Pixel, *, may_be_done: bool) -> bool:
    """The same, called by the worker that holds the operation. `pixel` is locked."""
    return _cancel(operation, pixel, held(operation), may_be_done=may_be_done)


def _cancel(operation: Operation, pixel: Pixel, row: QuerySet[Operation], *, may_be_done: bool) -> bool:
    if not row.update(state=State.CANCELLED, lease_until=None, finished_at=timezone.now()):
        return False
    never_made = operation.kind == Kind.CREATE
    if not pixel.connection.disconnected_at:  # a person has cancelled it
        pixel.lifecycle = Pixel.Lifecycle.DRAFT if never_made else Pixel.Lifecycle.LIVE
        pixel.clear_error()
        pixel.save()
        return True
    pixel.lifecycle = Pixel.Lifecycle.FAILED if never_made else Pixel.Lifecycle.LIVE
    perhaps_done = may_be_done and not never_made  # an unconfirmed create is looked up, not cancelled
    pixel.set_message("cancelled", "outbox.cancelled_perhaps_done" if perhaps_done else "outbox.cancelled")
    pixel.save()
    record_activity(pixel.team, None, "pixel.work_cancelled", pixel)
    return True
