"""The life of a SyncRun: opened, claimed by a worker, saved while it goes on, suspended for a wait, ended.

A claim raises `attempt`, the fencing token, and whatever its worker writes names that number: a worker whose lease ran
out and whose run another one has claimed writes nothing more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from pixels.limits import clock
from pixels.models import AdAccount, Connection, SyncRun
from pixels.models.connection import reachable
from pixels.outbox.record import LONGEST_WAIT, THROTTLED_WAIT
from pixels.providers import PROVIDERS
from pixels.providers.errors import ProviderError, Throttled

WAIT_AT_MOST = timedelta(hours=2)  # all waits together, of a run that has read nothing yet
LAST_AT_MOST = timedelta(days=1)  # from the opening of a run until it gives up at its next wait
COUNTS = ("pages", "seen", "created", "updated", "unchanged", "missing", "lacking", "confirmed", "total")


class TakenOver(Exception):
    """The run's lease ran out and another worker has it now."""


def open_run(
    connection: Connection, by: User | None = None, *, full: bool = True, confirmed: int = 0
) -> SyncRun | None:
    """A queued run, or None where one is open already: a connection has one at a time.

    `full`: the whole list is read, or only what has changed. `confirmed`: a person has confirmed that so many are gone.
    """
    try:
        with transaction.atomic():
            return SyncRun.objects.create(
                team_id=connection.team_id, connection=connection, requested_by=by, full=full, confirmed=confirmed
            )
    except IntegrityError:
        return None


def schedule(limit: int) -> list[SyncRun]:
    """Open a run for the connections whose last one is longer ago than SYNC_INTERVAL, the longest waiting first.

    Every FULL_SYNC_INTERVAL a run reads the whole list, which alone shows what is gone; the others read what changed.
    """
    now = clock.now()
    lists = [slug for slug, provider in PROVIDERS.items() if provider.can("list")]
    usable = Connection.objects.filter(reachable(now), provider__in=lists)
    usable = usable.filter(Exists(AdAccount.objects.filter(connection=OuterRef("pk"))))
    # A run opened in the future was opened by a clock that was wrong.
    past = SyncRun.objects.filter(connection=OuterRef("pk"), created_at__lt=now + timedelta(days=1))
    latest = past.order_by("-created_at", "-id").values("created_at")
    whole = latest.filter(full=True, state=SyncRun.State.DONE)
    usable = usable.annotate(last=Subquery(latest[:1]), whole=Subquery(whole[:1]))
    idle = usable.filter(Q(last=None) | Q(last__lt=now - timedelta(seconds=settings.SYNC_INTERVAL)))
    found = []
    for connection in idle.order_by(F("last").asc(nulls_first=True), "pk")[:limit]:
        fresh = connection.whole and connection.whole > now - timedelta(seconds=settings.FULL_SYNC_INTERVAL)
        run = open_run(connection, full=not (fresh and connection.provider_class.can("changed_since")))
        if run is not None:
            found.append(run)
    return found


def due(limit: int) -> list[int]:
    """Ids of runs that no worker has: queued ones, and those whose lease ran out."""
    now = clock.now()
    rows = SyncRun.objects.filter(_waiting(now) | _abandoned(now), finished_at__isnull=True)
    rows = rows.filter(reachable(now, "connection__") | Q(connection__disconnected_at__isnull=False))
    return list(rows.order_by("created_at").values_list("pk", flat=True)[:limit])


def claim(run_id: int) -> SyncRun | None:
    """The run, claimed; None where it is not due or another worker has it."""
    now = clock.now()
    row = SyncRun.objects.filter(pk=run_id)
    taken = {
        "state": SyncRun.State.RUNNING,
        "attempt": F("attempt") + 1,
        "lease_until": now + timedelta(seconds=settings.LEASE),
        "not_before": None,
        **_error_fields(None),
    }
    # The conditions name only columns of the row itself (see limits/poll.py).
    if not row.filter(_waiting(now)).update(**taken) and not row.filter(_abandoned(now)).update(
        **taken, crashes=F("crashes") + 1
    ):
        return None
    run = SyncRun.objects.select_related("connection").get(pk=run_id)
    if run.started_at is None:
        run.started_at = now
        claimed(run).update(started_at=now)
    return run


def claimed(run: SyncRun) -> QuerySet[SyncRun]:
    """The run's row while this claim holds; nothing afterwards."""
    return SyncRun.objects.filter(pk=run.pk, attempt=run.attempt, state=SyncRun.State.RUNNING)


def save_progress(run: SyncRun, **more: Any) -> None:
    """Save the counts and extend the lease. Raises TakenOver where another worker has the run by now."""
    _count_unchanged(run)
    lease = clock.now() + timedelta(seconds=settings.LEASE)
    if not claimed(run).update(lease_until=lease, **{name: getattr(run, name) for name in COUNTS}, **more):
        raise TakenOver


def suspend(run: SyncRun, error: ProviderError | None = None) -> None:
    """Queue the run again: with an error for when its wait is over, otherwise at once. A run that has waited too long
    fails with the error."""
    now = clock.now()
    asked = error.retry_after if isinstance(error, Throttled) else None
    wait = 0.0 if error is None else min(asked or THROTTLED_WAIT, LONGEST_WAIT)
    read_nothing = run.waited > WAIT_AT_MOST.total_seconds() and not run.seen
    if error is not None and (read_nothing or now - run.created_at > LAST_AT_MOST):
        end(run, SyncRun.State.FAILED, error)
        return
    claimed(run).update(
        state=SyncRun.State.QUEUED,
        lease_until=None,
        not_before=now + timedelta(seconds=wait) if error else None,
        waits=F("waits") + (1 if error else 0),
        waited=F("waited") + wait,
        **_error_fields(error),
    )


def end(run: SyncRun, state: SyncRun.State, error: ProviderError | None = None) -> None:
    """Save the counts and the outcome; the cursor is dropped."""
    _count_unchanged(run)
    claimed(run).update(
        state=state,
        lease_until=None,
        finished_at=clock.now(),
        cursor=None,
        seen_ids=None,
        **_error_fields(error),
        **{name: getattr(run, name) for name in COUNTS},
    )


def _count_unchanged(run: SyncRun) -> None:
    """From the other counts, as a pixel that is read again after a wait must not count twice."""
    run.unchanged = max(run.seen - run.created - run.updated, 0)


def next_due() -> datetime | None:
    """When the next of the runs that wait for a moment is due; None where none waits."""
    now = clock.now()
    waiting = SyncRun.objects.filter(reachable(now, "connection__"), finished_at__isnull=True, not_before__gt=now)
    return waiting.order_by("not_before").values_list("not_before", flat=True).first()


def _error_fields(error: ProviderError | None) -> dict[str, str]:
    if error is None:
        return {"error_sentence": "", "error_provider_message": ""}
    return {"error_sentence": error.sentence[:500], "error_provider_message": error.provider_message[:250]}


def _waiting(now: datetime) -> Q:
    return Q(state=SyncRun.State.QUEUED) & clock.passed("not_before", now, LONGEST_WAIT)


def _abandoned(now: datetime) -> Q:
    return Q(state=SyncRun.State.RUNNING) & clock.passed("lease_until", now, 2 * settings.LEASE)
