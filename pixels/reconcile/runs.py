"""The life of a SyncRun: opened, claimed, kept up to date while it goes on, put aside for a wait, ended.

Claimed like an operation: `attempt` is the fencing number, and whatever a worker writes names its own. What was read so
far is kept, so that a wait, the end of a task or a worker's death costs no more than the last pages.
"""

from __future__ import annotations

import logging
import zlib
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

log = logging.getLogger(__name__)

WAIT_AT_MOST = timedelta(hours=2)  # of a run that has got nowhere yet
LAST_AT_MOST = timedelta(days=1)
CURSOR_COUNTS = ("pages", "seen", "missing", "lacking")
COUNTS = ("pages", "seen", "created", "updated", "unchanged", "missing", "lacking", "confirmed", "total")


class TakenOver(Exception):
    """The run's lease ran out and another worker has it now."""


def open_run(
    connection: Connection, by: User | None = None, *, full: bool = True, confirmed: int = 0
) -> SyncRun | None:
    """A queued run, or None when one is already open: one pull per connection at a time."""
    try:
        with transaction.atomic():
            return SyncRun.objects.create(
                team_id=connection.team_id, connection=connection, requested_by=by, full=full, confirmed=confirmed
            )
    except IntegrityError:
        return None


def schedule(limit: int) -> list[SyncRun]:
    """Open a run for the connections whose last one is longer ago than SYNC_INTERVAL, the longest waiting first.

    What has changed is asked for often, the whole list, which alone shows what is gone, every FULL_SYNC_INTERVAL.
    """
    now = clock.now()
    lists = [slug for slug, provider in PROVIDERS.items() if provider.can("list")]
    usable = Connection.objects.filter(reachable(now), provider__in=lists)
    usable = usable.filter(Exists(AdAccount.objects.filter(connection=OuterRef("pk"))))
    # A run of a year to come was opened by a clock that was wrong.
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
    """Ids of runs nobody works on: queued ones, and those whose worker is gone."""
    now = clock.now()
    rows = SyncRun.objects.filter(_waiting(now) | _abandoned(now), finished_at__isnull=True)
    rows = rows.filter(reachable(now, "connection__") | Q(connection__disconnected_at__isnull=False))
    return list(rows.order_by("created_at").values_list("pk", flat=True)[:limit])


def claim(run_id: int) -> SyncRun | None:
    now = clock.now()
    row = SyncRun.objects.filter(pk=run_id)
    taken = {
        "state": SyncRun.State.RUNNING,
        "attempt": F("attempt") + 1,
        "lease_until": now + timedelta(seconds=settings.LEASE),
        "not_before": None,
        "error_sentence": "",
        "error_provider_message": "",
    }
    # Only columns of the row itself (see push._claim).
    if not row.filter(_waiting(now)).update(**taken) and not row.filter(_abandoned(now)).update(
        **taken, crashes=F("crashes") + 1
    ):
        return None
    run = SyncRun.objects.select_related("connection").get(pk=run_id)
    if run.started_at is None:
        run.started_at = now
        mine(run).update(started_at=now)
    return run


def mine(run: SyncRun) -> QuerySet[SyncRun]:
    """The run's row, as long as this claim holds."""
    return SyncRun.objects.filter(pk=run.pk, attempt=run.attempt, state=SyncRun.State.RUNNING)


def save_progress(run: SyncRun, **more: Any) -> None:
    """Counts, and the lease for another stretch; TakenOver when somebody else has the run by now."""
    _count_unchanged(run)
    lease = clock.now() + timedelta(seconds=settings.LEASE)
    if not mine(run).update(lease_until=lease, **{name: getattr(run, name) for name in COUNTS}, **more):
        raise TakenOver


def save_cursor(run: SyncRun, cursor: dict[str, Any], seen: set[str]) -> None:
    """Where to go on. The counts go with it: what lies behind it will be read, and counted, again."""
    counts = {name: getattr(run, name) for name in CURSOR_COUNTS}
    packed = zlib.compress("\n".join(seen).encode(), 1)
    save_progress(run, cursor={**cursor, "counts": counts}, seen_ids=packed)


def open_cursor(run: SyncRun) -> tuple[dict[str, Any], set[str]]:
    """The cursor that was kept, and the run's counts as they were there; both empty at the beginning.

    Where what was kept makes no sense, the run begins again.
    """
    cursor, counts, seen = {}, {}, set[str]()
    if run.cursor is not None:
        try:
            if run.seen_ids is None:
                raise ValueError
            counts = {name: int(run.cursor["counts"][name]) for name in CURSOR_COUNTS}
            seen = set(zlib.decompress(bytes(run.seen_ids)).decode().split("\n")) - {""}
            if not run.connection.ad_accounts.filter(pk=run.cursor["account"]).exists():
                raise ValueError
            cursor = run.cursor
        except (KeyError, TypeError, ValueError, zlib.error):
            log.warning("run %s: the cursor that was kept makes no sense", run.pk)
            counts, seen = {}, set()
    for name in CURSOR_COUNTS:
        setattr(run, name, counts.get(name, 0))
    return cursor, seen


def suspend(run: SyncRun, error: ProviderError | None = None) -> None:
    """To go on later, when the wait is over, or at once in another task."""
    now = clock.now()
    asked = error.retry_after if isinstance(error, Throttled) else None
    wait = 0.0 if error is None else min(asked or THROTTLED_WAIT, LONGEST_WAIT)
    in_vain = run.waited > WAIT_AT_MOST.total_seconds() and not run.seen
    if error is not None and (in_vain or now - run.created_at > LAST_AT_MOST):
        end(run, SyncRun.State.FAILED, error)
        return
    said = (
        {"error_sentence": error.sentence[:500], "error_provider_message": error.provider_message[:250]}
        if error
        else {}
    )
    mine(run).update(
        state=SyncRun.State.QUEUED,
        lease_until=None,
        not_before=now + timedelta(seconds=wait) if error else None,
        waits=F("waits") + (1 if error else 0),
        waited=F("waited") + wait,
        **said,
    )


def end(run: SyncRun, state: SyncRun.State, error: ProviderError | None = None) -> None:
    _count_unchanged(run)
    mine(run).update(
        state=state,
        lease_until=None,
        finished_at=clock.now(),
        cursor=None,
        seen_ids=None,
        error_sentence=error.sentence[:500] if error else "",
        error_provider_message=error.provider_message[:250] if error else "",
        **{name: getattr(run, name) for name in COUNTS},
    )


def _count_unchanged(run: SyncRun) -> None:
    """From the others: what was read twice, after a wait, is not counted twice."""
    run.unchanged = max(run.seen - run.created - run.updated, 0)


def next_due() -> datetime | None:
    """When the next of those that wait for a moment is due."""
    now = clock.now()
    waiting = SyncRun.objects.filter(reachable(now, "connection__"), finished_at__isnull=True, not_before__gt=now)
    return waiting.order_by("not_before").values_list("not_before", flat=True).first()


def _waiting(now: datetime) -> Q:
    return Q(state=SyncRun.State.QUEUED) & clock.passed("not_before", now, LONGEST_WAIT)


def _abandoned(now: datetime) -> Q:
    return Q(state=SyncRun.State.RUNNING) & clock.passed("lease_until", now, 2 * settings.LEASE)
