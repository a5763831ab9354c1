"""Why work under way stands still, from the rows alone: no page asks the broker or a worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pixels.limits import clock
from pixels.models import Connection, Operation, Pixel, SyncRun
from pixels.models.operation import WAITS_FOR_A_LIMIT

LATE = timedelta(seconds=60)  # the dispatcher enqueues what is due far sooner


@dataclass(frozen=True)
class Blocker:
    """`until`: only where it is still to come."""

    reason: Literal["disconnected", "paused", "down", "limit", "line", "late"]
    until: datetime | None = None

    @property
    def is_known(self) -> bool:
        """It says more than the last error does."""
        return self.reason not in ("line", "late")


def blocker_of(pixel: Pixel, last: Operation | None) -> Blocker | None:
    """What the latest change of a pixel waits for; None where it is being sent, or about to be."""
    if last is None or last.state not in Operation.WAITING:
        return None
    connection = pixel.connection
    if connection.disconnected_at:
        return Blocker("disconnected")
    if connection.paused_at:
        return Blocker("paused")
    if connection.is_down:
        return Blocker("down", to_come(connection.circuit_open_until))
    if last.error_code in WAITS_FOR_A_LIMIT and not _is_late(last.not_before):
        return Blocker("limit", to_come(last.not_before))
    if _is_late(max(filter(None, (last.created_at, last.not_before)))):
        return Blocker("line" if _is_served(connection) else "late")
    return None


def is_late(connection: Connection, run: SyncRun | None) -> bool:
    """A test or a sync of this connection should have begun long ago."""
    now = clock.now()
    tested = connection.test_lease_until and connection.test_lease_until > now
    if connection.is_being_tested and not tested and _is_late(connection.test_requested_at):
        return True
    if run is None or run.state != SyncRun.State.QUEUED:
        return False
    return _is_late(run.not_before or (None if run.started_at else run.created_at))


def to_come(moment: datetime | None) -> datetime | None:
    return moment if moment and moment > clock.now() else None


def _is_late(since: datetime | None) -> bool:
    return since is not None and clock.now() - since > LATE


def _is_served(connection: Connection) -> bool:
    """A worker holds the drain lease, or held it a moment ago: this change is behind others."""
    now = clock.now()
    if connection.drain_lease_until and connection.drain_lease_until > now:
        return True
    sent = Operation.objects.filter(pixel__connection=connection, finished_at__gt=now - LATE)
    return sent.exclude(state=Operation.State.CANCELLED).exists()
