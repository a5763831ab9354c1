"""Which operations are due, and claiming one: a single worker carries out an operation.

A worker claims an operation by compare-and-swap. `attempt` is the fencing token: each claim raises it, and every later
write of that worker names it (`held`). So once another worker has claimed it, the first
one changes it no more; only the id that its create has brought is stored all the same (record.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, Q, QuerySet

from pixels.crash import crash_point
from pixels.limits import clock
from pixels.models import Operation, Pixel
from pixels.models.connection import reachable
from pixels.models.operation import WAITS_FOR_A_LIMIT
from pixels.outbox.retry_policy import LONGEST_WAIT

CONNECTION = "pixel__connection__"
State, Kind = Operation.State, Operation.Kind

IN_PROGRESS = {
    Kind.CREATE: Pixel.Lifecycle.CREATING,
    Kind.UPDATE: Pixel.Lifecycle.UPDATING,
    Kind.DELETE: Pixel.Lifecycle.DELETING,
}


def due(limit: int) -> list[UUID]:
    """Ids of the operations to carry out now: those that wait, and those whose worker's lease has ended."""
    return list(_due(clock.now()).order_by("created_at").values_list("pk", flat=True)[:limit])


def due_of(connection_id: UUID | str) -> QuerySet[Operation]:
    """The due operations of one connection, the oldest first."""
    return _due(clock.now()).filter(pixel__connection_id=connection_id).order_by("created_at")


def due_connections(limit: int) -> list[UUID]:
    """Ids of the connections that have due operations, the longest waiting first."""
    rows = _due(clock.now()).values("pixel__connection").annotate(since=Min("created_at")).order_by("since")
    return list(rows.values_list("pixel__connection", flat=True)[:limit])


def next_due() -> datetime | None:
    """When the next operation that waits for a time is due; None if there is none."""
    now = clock.now()
    waiting = Operation.objects.open().filter(reachable(now, CONNECTION), not_before__gt=now)
    return waiting.aggregate(next=Min("not_before"))["next"]


def claim(operation_id: UUID | str) -> Operation | None:
    """The operation, held by the caller until `lease_until`; None if it is not due or another worker claimed it
    first."""
    now = clock.now()
    row = Operation.objects.filter(pk=operation_id)
    attempt = row.filter(_ready(now)).values_list("attempt", flat=True).first()
    crash_point("cp3")
    # The condition names only columns of the row itself (see limits/poll.py).
    claimed = attempt is not None and row.filter(state__in=Operation.WAITING, attempt=attempt).update(
        state=State.IN_FLIGHT,
        attempt=F("attempt") + 1,
        lease_until=now + timedelta(seconds=settings.LEASE),
    )
    if not claimed:
        return None
    operation = row.select_related("pixel__connection", "pixel__ad_account").get()
    if not operation.is_unconfirmed:
        with transaction.atomic():  # a sync may link the pixel at this moment, which ends the operation
            pixel = Pixel.objects.select_for_update().filter(pk=operation.pixel_id)
            if pixel.exists() and held(operation).exists():
                pixel.update(lifecycle=IN_PROGRESS[Kind(operation.kind)])
    return operation


def held(operation: Operation) -> QuerySet[Operation]:
    """The operation's row while this claim holds; no row afterwards."""
    return Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state=State.IN_FLIGHT)


def mark_sent(operation: Operation) -> bool:
    """Commit that the request leaves now, before its first byte does.

    Returns False if the claim is lost, or its lease could end before the answer comes; then nothing may be sent.
    """
    now = clock.now()
    long_enough = held(operation).filter(lease_until__gt=now + timedelta(seconds=settings.CALL_DEADLINE))
    return bool(long_enough.update(sent_at=now, sends=F("sends") + 1))


def abandoned(operation_id: UUID | str) -> Operation | None:
    """The operation, if its worker's lease has ended without a result; else None."""
    rows = Operation.objects.filter(_abandoned(clock.now()), pk=operation_id)
    return rows.select_related("pixel__connection").first()


def was_sending(abandoned: Operation) -> bool:
    """Whether the worker that is gone had sent the request; otherwise it had only searched for what was sent before."""
    if not abandoned.unconfirmed_count or abandoned.lease_until is None or abandoned.sent_at is None:
        return abandoned.sent_at is not None  # nothing was sent before, so there was nothing to search for
    claimed_at = abandoned.lease_until - timedelta(seconds=settings.LEASE)
    return abandoned.sent_at >= claimed_at


def _due(now: datetime) -> QuerySet[Operation]:
    return Operation.objects.open().filter(_ready(now) | _abandoned(now))


def _ready(now: datetime) -> Q:
    waited = Q(state__in=Operation.WAITING) & clock.passed("not_before", now, LONGEST_WAIT)
    # While the breaker is half-open, one operation a minute may probe, also before its own wait is over.
    probes = Q(**{f"{CONNECTION}circuit_open_until__lte": now}, state=State.PENDING)
    probes &= ~Q(error_code__in=WAITS_FOR_A_LIMIT)
    return (waited | probes) & reachable(now, CONNECTION)


def _abandoned(now: datetime) -> Q:
    return Q(state=State.IN_FLIGHT) & clock.passed("lease_until", now, 2 * settings.LEASE)
