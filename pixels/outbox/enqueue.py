"""Messages about a connection's operations: at most one at a time, since several would delay other connections."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.db import DatabaseError, transaction

from pixels import queue
from pixels.crash import crash_point
from pixels.limits import clock
from pixels.models import Connection

log = logging.getLogger(__name__)

MESSAGE_LOST_AFTER = 10.0  # seconds after which a message that no worker has received counts as lost


def notify_worker(connection_id: UUID) -> None:
    """Publish after the commit. If the broker or the database is away then, the dispatcher finds the operations."""

    def after_commit() -> None:
        crash_point("cp1")
        try:
            publish(connection_id)
        except DatabaseError as error:
            log.warning("could not notify a worker of connection %s: %s", connection_id, type(error).__name__)

    transaction.on_commit(after_commit)


def publish(connection_id: UUID | int | str, expires: float | None = None) -> bool:
    """Publish now, unless a message about this connection is under way. Returns False if the broker does not take it.

    `expires`: as in queue.publish.
    """
    now = clock.now()
    row = Connection.objects.filter(pk=str(connection_id))
    not_enqueued = clock.passed("last_enqueued_at", now - timedelta(seconds=MESSAGE_LOST_AFTER), MESSAGE_LOST_AFTER)
    if not row.filter(not_enqueued).update(last_enqueued_at=now):
        return True
    if queue.publish("push_connection", connection_id, expires):
        return True
    row.filter(last_enqueued_at=now).update(last_enqueued_at=None)
    return False
