"""Ours to theirs: the outbox.

An operation is claimed by compare-and-swap (`attempt` is the fencing token), "may be sent" is committed before the
first byte, and the answer is recorded under the same claim. An unconfirmed create is looked up (unconfirmed.py)
before anything is sent again; updates and deletes are idempotent and are simply repeated.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import F, Min, Q, QuerySet

from pixels.crash import crash_point
from pixels.limits import clock
from pixels.limits.provider_session import open_provider
from pixels.models import Connection, Operation, Pixel
from pixels.models.connection import reachable
from pixels.models.operation import fingerprint
from pixels.models.pixel_secrets import open_secrets
from pixels.models.sealed import CannotOpen
from pixels.outbox.record import LONGEST_WAIT, again, link_found, mine, record, record_error
from pixels.outbox.unconfirmed import is_unconfirmed, look_up, remember
from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, BadCredentials, NotSent, ProviderError, Rejected, Throttled, Waiting
from pixels.providers.secret import Secret
from pixels.providers.values import RemotePixel
from pixels.reconcile.link import said_everything
from pixels.reconcile.read_back import read_back

log = logging.getLogger(__name__)

CONNECTION = "pixel__connection__"
BATCH = 20  # operations that one look finds

IN_PROGRESS = {
    Operation.Kind.CREATE: Pixel.Lifecycle.CREATING,
    Operation.Kind.UPDATE: Pixel.Lifecycle.UPDATING,
    Operation.Kind.DELETE: Pixel.Lifecycle.DELETING,
}


def due(limit: int) -> list[UUID]:
    """Ids of the operations that somebody should look at now: waiting ones, and claims whose worker is gone."""
    return list(_due(clock.now()).order_by("created_at").values_list("pk", flat=True)[:limit])


def due_connections(limit: int) -> list[UUID]:
    """Ids of the connections that have such operations, the longest waiting first."""
    rows = _due(clock.now()).values("pixel__connection").annotate(since=Min("created_at")).order_by("since")
    return list(rows.values_list("pixel__connection", flat=True)[:limit])


def next_due() -> datetime | None:
    """When the next of those that wait for a moment is due."""
    now = clock.now()
    waiting = Operation.objects.open().filter(reachable(now, CONNECTION), not_before__gt=now)
    return waiting.aggregate(next=Min("not_before"))["next"]


def drain(connection_id: UUID | str, seconds: float) -> bool:
    """Carry out what is due of one connection, one after the other, for so long at most; whether there is more.

    One worker at a time holds the connection's drain lease, and only briefly: a single change of one connection does
    not wait behind five hundred of another.
    """
    now = clock.now()
    row = Connection.objects.filter(pk=connection_id)
    row.update(last_enqueued_at=None)  # the message that led here has been received; the next may be published
    longest = seconds + settings.CALL_DEADLINE
    lease_until = now + timedelta(seconds=longest)
    if not row.filter(clock.passed("drain_lease_until", now, longest)).update(drain_lease_until=lease_until):
        return False
    try:
        may_go_on = _drain(connection_id, time.monotonic() + seconds)
    finally:
        row.filter(drain_lease_until=lease_until).update(drain_lease_until=None)
    # Look once more: a worker that came meanwhile found the lease taken and went away.
    return may_go_on and _due_of(connection_id).exists()


def _drain(connection_id: UUID | str, until: float) -> bool:
    """Until the time is over or nothing is left; False when the connection has to wait."""
    broken: set[UUID] = set()
    while True:
        rows = _due_of(connection_id).exclude(pk__in=broken).order_by("created_at")
        operations = list(rows.values_list("pk", flat=True)[:BATCH])
        for operation_id in operations:
            try:
                may_go_on = push(operation_id)
            except (InterfaceError, OperationalError):
                raise  # the database is away
            except Exception:  # a row that somebody edited by hand: the others must not wait behind it
                log.exception("operation %s cannot be carried out", operation_id)
                broken.add(operation_id)
                may_go_on = True
            if not may_go_on:
                return False
            if time.monotonic() > until:
                return True
        if not operations:
            return not broken


def push(operation_id: UUID | str) -> bool:
    """Carry out one operation, unless it is not due, taken by somebody else, or finished.

    False when the connection has to wait, so that its other operations need not be tried now.
    """
    operation = _claim(operation_id)
    if operation is None:
        return True
    sending, was_unconfirmed = False, is_unconfirmed(operation)
    try:
        secrets = _secrets(operation)
        with open_provider(operation.pixel.connection, lease_until=operation.lease_until) as provider:
            provider.sign_in()  # before the mark: who dies while logging in has sent nothing
            if was_unconfirmed:
                found = look_up(provider, operation)
                crash_point("cp9")
                if found:
                    link_found(operation, found)
                    return True
            _must_make_sense(operation)
            remember(provider, operation)
            provider.reserve("write")  # before the mark as well: who has to wait has sent nothing
            # It is provably not there after the quiet time, so only this request can be unconfirmed from here on.
            operation.maybe_sent = False
            sending = _may_be_sent(operation)
            if not sending:
                return True
            crash_point("cp4")
            remote = _send(provider, operation, secrets)
            crash_point("cp14" if operation.kind == Operation.Kind.DELETE else "cp7")
    except ProviderError as error:
        if error.maybe_done and not sending and not operation.maybe_sent:
            # Only a question that was asked beforehand got no answer; the create itself has not left.
            error = NotSent(error.sentence, provider_message=error.provider_message, status=error.status)
        if was_unconfirmed and not error.maybe_done and (error.retryable or isinstance(error, BadCredentials)):
            operation.maybe_sent = True  # by then the look-up is old, and has to be made again
        looked_up_later = isinstance(error, Waiting) and operation.maybe_sent  # the others need no reads
        record_error(operation, error)
        return looked_up_later or not isinstance(error, Throttled)
    except DatabaseError:
        raise  # nothing can be written down now: the lease runs out, and whoever picks it up knows what was sent
    except Exception:
        log.exception("operation %s failed in PixelHub", operation.pk)
        # Once the request may have left, nobody knows what became of it, so nobody sends it again.
        fault = BadAnswer("PixelHub itself failed while handling the answer.")
        record_error(operation, fault if sending else NotSent("PixelHub itself failed before it sent anything."))
    else:
        pixel = record(operation, remote)
        if pixel is not None and pixel.remote_id and remote is not None and not said_everything(remote):
            read_back(pixel)
    return True


def _due(now: datetime) -> QuerySet[Operation]:
    return Operation.objects.open().filter(_ready(now) | _abandoned(now))


def _due_of(connection_id: UUID | str) -> QuerySet[Operation]:
    return _due(clock.now()).filter(pixel__connection_id=connection_id)


def _ready(now: datetime) -> Q:
    waited = clock.passed("not_before", now, LONGEST_WAIT)
    # While the breaker is half open, one operation a minute may probe, also before its own wait is over.
    tries = Q(**{f"{CONNECTION}circuit_open_until__lte": now}, maybe_sent=False)
    tries &= ~Q(error_code__in=[Throttled.code, Waiting.code])
    return Q(state=Operation.State.PENDING) & (waited | tries) & reachable(now, CONNECTION)


def _abandoned(now: datetime) -> Q:
    return Q(state=Operation.State.IN_FLIGHT) & clock.passed("lease_until", now, 2 * settings.LEASE)


def _claim(operation_id: UUID | str) -> Operation | None:
    now = clock.now()
    row = Operation.objects.filter(pk=operation_id)
    attempt = row.filter(_ready(now)).values_list("attempt", flat=True).first()
    crash_point("cp3")
    # Only columns of the row itself: a condition across a join becomes a subquery, and that is true for two at once
    # on PostgreSQL, where the second looks again at the row alone.
    claimed = attempt is not None and row.filter(state=Operation.State.PENDING, attempt=attempt).update(
        state=Operation.State.IN_FLIGHT,
        attempt=F("attempt") + 1,
        lease_until=now + timedelta(seconds=settings.LEASE),
    )
    if not claimed:
        _pick_up(row.filter(_abandoned(now)))
        return None
    operation = row.select_related("pixel__connection", "pixel__ad_account").get()
    if operation.kind in IN_PROGRESS and not is_unconfirmed(operation):
        with transaction.atomic():  # a sync may link_remote the pixel at this moment, and that ends the operation
            pixel = Pixel.objects.select_for_update().filter(pk=operation.pixel_id)
            if pixel.exists() and mine(operation).exists():
                pixel.update(lifecycle=IN_PROGRESS[Operation.Kind(operation.kind)])
    return operation


def _pick_up(abandoned: QuerySet[Operation]) -> None:
    """Its worker died. What provably was not sent, or may be repeated, waits again; the rest is unconfirmed."""
    operation = abandoned.select_related("pixel__connection").first()
    if operation is None:
        return
    if operation.maybe_sent:
        label = operation.pixel.provider_class.label
        operation.maybe_sent = False  # whether it was sending or looking up, nobody knows: unconfirmed anew
        record_error(operation, BadAnswer(f"PixelHub was stopped while it talked to {label}."))
    else:
        again(operation, None, 0)


def _may_be_sent(operation: Operation) -> bool:
    """Commit the write-ahead mark, provided that the claim still holds for longer than one call can last."""
    enough = clock.now() + timedelta(seconds=settings.CALL_DEADLINE)
    claim = mine(operation).filter(lease_until__gt=enough)
    return bool(claim.update(maybe_sent=True, sends=F("sends") + 1))


def _must_make_sense(operation: Operation) -> None:
    """A row that was edited by hand is refused before anything is sent."""
    payload = operation.payload
    sound = (
        operation.kind in IN_PROGRESS and isinstance(payload, dict) and fingerprint(payload) == operation.fingerprint
    )
    if sound and operation.kind == Operation.Kind.CREATE:
        parts = {"name": str, "events": list, "options": dict}
        sound = all(isinstance(payload.get(name), kind) for name, kind in parts.items())
    if not sound:
        log.error("operation %s makes no sense: it is refused", operation.pk)
        raise Rejected("PixelHub does not understand what it was to do here.", advice="Ask for it once more.")


def _secrets(operation: Operation) -> dict[str, Secret]:
    try:
        return open_secrets(operation.pixel, operation.secrets)
    except CannotOpen:
        raise Rejected(
            "PixelHub can no longer read a secret value of this pixel.", advice="Enter it again and save."
        ) from None


def _send(provider: Provider, operation: Operation, secrets: Mapping[str, Secret]) -> RemotePixel | None:
    """None: deleted."""
    pixel, payload = operation.pixel, operation.payload
    account = pixel.ad_account.ref
    if operation.kind == Operation.Kind.CREATE:
        return provider.create_pixel(
            account, payload["name"], tuple(payload["events"]), {**payload["options"], **secrets}, pixel.reference
        )
    if operation.kind == Operation.Kind.UPDATE:
        return provider.update_pixel(account, pixel.remote_id, {**payload, **secrets})
    provider.delete_pixel(account, pixel.remote_id)
    return None
