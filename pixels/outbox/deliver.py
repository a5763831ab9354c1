"""Delivers the operations of the outbox to the provider. Each is resolved, prepared, sent and recorded.

Resolve: a create whose answer was lost is searched for before anything is sent again; updates and deletes may simply be
repeated. Prepare: build the request, and ask the provider what has to be known beforehand. Send: commit "sent" before
the first byte leaves. Record: write the answer under the same claim. What an error means at each step is the retry
policy's decision.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError

from pixels.crash import crash_point
from pixels.limits import clock
from pixels.limits.provider_session import open_provider
from pixels.models import Connection, Operation
from pixels.models.pixel_secrets import open_secrets
from pixels.models.sealed import CannotOpen
from pixels.outbox.claim import abandoned, claim, due_of, mark_sent, was_sending
from pixels.outbox.record import link_found, record, record_error, requeue
from pixels.outbox.retry_policy import Phase, Retry
from pixels.outbox.unconfirmed import look_up, note_preexisting
from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, NotSent, ProviderError, Rejected
from pixels.providers.values import RemotePixel
from pixels.reconcile.link import is_complete
from pixels.reconcile.read_back import read_back

log = logging.getLogger(__name__)

BATCH = 20  # operations read by one query
Request = Callable[[], RemotePixel | None]


def drain(connection_id: UUID | str, seconds: float) -> bool:
    """Carry out the due operations of one connection, one after the other, for so many seconds at most. Returns whether
    more are due.

    One worker at a time holds the connection's drain lease, and only briefly, so that a single change of one connection
    does not wait behind five hundred of another.
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
    # Look once more: a worker that came meanwhile found the lease taken and left.
    return may_go_on and due_of(connection_id).exists()


def _drain(connection_id: UUID | str, until: float) -> bool:
    """Deliver until the time is over or nothing is due. Returns False if the connection has to wait."""
    malformed: set[UUID] = set()
    while True:
        operations = list(due_of(connection_id).exclude(pk__in=malformed).values_list("pk", flat=True)[:BATCH])
        for operation_id in operations:
            try:
                may_go_on = deliver(operation_id)
            except (InterfaceError, OperationalError):
                raise  # the database is away
            except Exception:  # one malformed operation must not hold up the others
                log.exception("operation %s cannot be carried out", operation_id)
                malformed.add(operation_id)
                may_go_on = True
            if not may_go_on:
                return False
            if time.monotonic() > until:
                return True
        if not operations:
            return not malformed


def deliver(operation_id: UUID | str) -> bool:
    """Carry out one operation, unless it is not due, held by another worker, or finished.

    Returns False if the connection has to wait, so that its other operations need not be tried now.
    """
    operation = claim(operation_id)
    if operation is None:
        _requeue_abandoned(operation_id)
        return True
    phase = Phase.LOOK_UP if operation.is_unconfirmed else Phase.PREPARE
    try:
        with open_provider(operation.pixel.connection, lease_until=operation.lease_until) as provider:
            provider.sign_in()
            if phase == Phase.LOOK_UP and _resolve(provider, operation):
                return True
            phase = Phase.PREPARE
            request = _request(provider, operation)
            note_preexisting(provider, operation)
            provider.reserve("write")  # if the rate limit makes this wait, nothing has been sent
            if not mark_sent(operation):
                return True
            phase = Phase.SEND
            crash_point("cp4")
            remote = request()
            crash_point("cp14" if operation.kind == Operation.Kind.DELETE else "cp7")
    except ProviderError as error:
        return record_error(operation, phase, error)
    except DatabaseError:
        raise  # nothing can be stored now: the lease ends, and the next worker reads from the row what was sent
    except Exception:
        log.exception("operation %s failed in PixelHub", operation.pk)
        # A request that may have left is not simply sent again.
        sent = BadAnswer("outbox.failed_after_sending")
        unsent = NotSent("outbox.failed_before_sending")
        return record_error(operation, phase, sent if phase == Phase.SEND else unsent)
    pixel = record(operation, remote)
    if pixel is not None and pixel.remote_id and remote is not None and not is_complete(remote):
        read_back(pixel)
    return True


def _resolve(provider: Provider, operation: Operation) -> bool:
    """Whether the create that was sent before took effect; if so, link its object. Raises ProviderError."""
    found = look_up(provider, operation)
    crash_point("cp9")
    if found:
        link_found(operation, found)
    return bool(found)


def _request(provider: Provider, operation: Operation) -> Request:
    """The call that sends this operation. It returns the pixel as it then is at the provider, or None if deleted."""
    pixel, payload, account = operation.pixel, operation.payload, operation.pixel.ad_account.ref
    if operation.kind == Operation.Kind.DELETE:
        return lambda: provider.delete_pixel(account, pixel.remote_id)
    try:
        secrets = open_secrets(pixel, operation.secrets) if operation.secrets else {}
    except CannotOpen:
        raise Rejected("outbox.secret_unreadable") from None
    if operation.kind == Operation.Kind.UPDATE:
        changes = {**payload, **secrets}
        return lambda: provider.update_pixel(account, pixel.remote_id, changes)
    name, events, options = payload["name"], tuple(payload["events"]), {**payload["options"], **secrets}
    return lambda: provider.create_pixel(account, name, events, options, pixel.reference)


def _requeue_abandoned(operation_id: UUID | str) -> None:
    """Free an operation whose worker has died. A request that was sent is handled like one whose answer was lost, and a
    look-up like one that failed; anything else just waits again."""
    operation = abandoned(operation_id)
    if operation is None:
        return
    if operation.sent_at is None:
        requeue(operation, Retry(0))
    else:
        phase = Phase.SEND if was_sending(operation) else Phase.LOOK_UP
        label = operation.pixel.provider_class.label
        record_error(operation, phase, BadAnswer("outbox.stopped", provider=label))
