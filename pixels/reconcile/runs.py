"""The life of a SyncRun: opened, claimed by a worker, saved while it goes on, suspended for a wait, ended.

A claim raises `attempt`, the fencing token, and every write of its worker names that number. So a worker whose lease
ended and whose run was claimed by another writes nothing more. The cursor saved with a run says how far it has read, so
a wait, the end of a task or a worker's death costs at most the last pages.
"""

from __future__ import annotations

import logging
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from pixels.limits import clock
from pixels.models import AdAccount, Connection, SyncRun
from pixels.models.connection import reachable
from pixels.outbox.retry_policy import LONGEST_WAIT, THROTTLED_WAIT
from pixels.providers.errors import ProviderError, Throttled
from pixels.providers.registry import PROVIDERS

log = logging.getLogger(__name__)

WAIT_AT_MOST = timedelta(hours=2)  # all waits of a run that has read nothing yet
LAST_AT_MOST = timedelta(days=1)  # from the opening of a run; after that it fails at its next wait
# Counts saved with the cursor: pages behind it are read and counted again.
CURSOR_COUNTS = ("pages", "seen", "missing", "lacking")
COUNTS = ("pages", "seen", "created", "updated", "unchanged", "missing", "lacking", "confirmed", "total")
NO_ERROR: dict[str, Any] = {"error_message": "", "error_params": {}, "error_provider_message": ""}


class TakenOver(Exception):
    """The run's lease ended, and another worker has claimed it."""


@dataclass
class Cursor:
    """How far a run has read in the list of one ad account. Ad accounts are read in the order of their keys."""

    account: int  # key of the ad account; 0: before the first
    after: str | None = None  # the provider's own cursor; None: the beginning of the list
    seen: set[str] = field(default_factory=set)  # remote ids listed so far
    began: datetime = field(default_factory=clock.now)  # when reading this list began
    total: int | None = None  # the size of the list, if the provider says it
    newest: datetime | None = None  # the latest change in the list, by the provider's clock
    earlier: int = 0  # pixels listed in earlier ad accounts
    # Why nothing was marked in one of the earlier ad accounts: the code of the message and its parameters.
    stopped: tuple[str, dict[str, Any]] | None = None

    def restart(self) -> None:
        """Go back to the beginning of the list."""
        self.after, self.seen, self.began, self.total = None, set(), clock.now(), None


def open_run(
    connection: Connection, by: User | None = None, *, full: bool = True, confirmed: int = 0
) -> SyncRun | None:
    """A queued run, or None if one is open already: a connection has one at a time.

    `full`: read the whole list, not only what has changed. `confirmed`: how many missing pixels a person has confirmed
    as gone.
    """
    try:
        with transaction.atomic():
            return SyncRun.objects.create(
                team_id=connection.team_id, connection=connection, requested_by=by, full=full, confirmed=confirmed
            )
    except IntegrityError:
        return None


def schedule(limit: int) -> list[SyncRun]:
    """Open a run for each connection whose last one is older than SYNC_INTERVAL, the longest waiting first.

    Every FULL_SYNC_INTERVAL a run reads the whole list, which alone shows what is gone; the others read only changes.
    """
    now = clock.now()
    lists = [slug for slug, provider in PROVIDERS.items() if provider.can("list")]
    usable = Connection.objects.filter(reachable(now), provider__in=lists)
    usable = usable.filter(Exists(AdAccount.objects.filter(connection=OuterRef("pk"))))
    # A run dated in the future was opened by a wrong clock.
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
    """Ids of runs that wait, and of those whose worker's lease has ended."""
    now = clock.now()
    rows = SyncRun.objects.filter(_waiting(now) | _abandoned(now), finished_at__isnull=True)
    rows = rows.filter(reachable(now, "connection__") | Q(connection__disconnected_at__isnull=False))
    return list(rows.order_by("created_at").values_list("pk", flat=True)[:limit])


def claim(run_id: int) -> SyncRun | None:
    """The run, claimed; None if it is not due or another worker has it."""
    now = clock.now()
    row = SyncRun.objects.filter(pk=run_id)
    taken = {
        "state": SyncRun.State.RUNNING,
        "attempt": F("attempt") + 1,
        "lease_until": now + timedelta(seconds=settings.LEASE),
        "not_before": None,
        **NO_ERROR,
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
    """The run's row while this claim holds; no row afterwards."""
    return SyncRun.objects.filter(pk=run.pk, attempt=run.attempt, state=SyncRun.State.RUNNING)


def save_progress(run: SyncRun, **more: Any) -> None:
    """Save the counts and renew the lease. Raises TakenOver if another worker has claimed the run."""
    _count_unchanged(run)
    lease = clock.now() + timedelta(seconds=settings.LEASE)
    if not claimed(run).update(lease_until=lease, **{name: getattr(run, name) for name in COUNTS}, **more):
        raise TakenOver


def save_cursor(run: SyncRun, cursor: Cursor) -> None:
    """Save the counts and the cursor. Raises TakenOver. A list that has no cursor in its middle will be read from
    its start."""
    if cursor.after is None:
        cursor.restart()
        run.seen = cursor.earlier
    values = {
        "account": cursor.account,
        "after": cursor.after,
        "began": cursor.began.isoformat(),
        "total": cursor.total,
        "newest": cursor.newest.isoformat() if cursor.newest else None,
        "earlier": cursor.earlier,
        "stopped": cursor.stopped,
        "counts": {name: getattr(run, name) for name in CURSOR_COUNTS},
    }
    save_progress(run, cursor=values, seen_ids=zlib.compress("\n".join(cursor.seen).encode(), 1))


def open_cursor(run: SyncRun) -> Cursor:
    """The saved cursor; the run gets the counts saved with it (unsaved). Without a readable cursor the run begins
    anew."""
    cursor, counts = Cursor(account=0), dict.fromkeys(CURSOR_COUNTS, 0)
    if run.cursor is not None:
        try:
            cursor, counts = _read_cursor(run.cursor, run.seen_ids or b"")
        except (KeyError, TypeError, ValueError, zlib.error):
            log.warning("run %s: its cursor cannot be read, so it begins again", run.pk)
    for name, count in counts.items():
        setattr(run, name, count)
    return cursor


def suspend(run: SyncRun, error: ProviderError | None = None) -> None:
    """Queue the run again: with an error for when its wait is over, otherwise at once. A run that has waited too
    long fails with the error."""
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
        **(_error_fields(error) if error else NO_ERROR),
    )


def end(run: SyncRun, state: SyncRun.State, error: ProviderError | None = None) -> None:
    """Save the counts and the outcome, and drop the cursor."""
    _count_unchanged(run)
    claimed(run).update(
        state=state,
        lease_until=None,
        finished_at=clock.now(),
        cursor=None,
        seen_ids=None,
        **(_error_fields(error) if error else NO_ERROR),
        **{name: getattr(run, name) for name in COUNTS},
    )


def _count_unchanged(run: SyncRun) -> None:
    """Compute `unchanged` from the other counts, so that a pixel read again after a wait does not count twice."""
    run.unchanged = max(run.seen - run.created - run.updated, 0)


def next_due() -> datetime | None:
    """When the next run that waits for a time is due; None if there is none."""
    now = clock.now()
    waiting = SyncRun.objects.filter(reachable(now, "connection__"), finished_at__isnull=True, not_before__gt=now)
    return waiting.order_by("not_before").values_list("not_before", flat=True).first()


def _read_cursor(saved: dict[str, Any], seen_ids: bytes | memoryview) -> tuple[Cursor, dict[str, int]]:
    cursor = Cursor(
        account=int(saved["account"]),
        after=saved["after"],
        seen=set(zlib.decompress(seen_ids).decode().split("\n")) - {""},
        began=datetime.fromisoformat(saved["began"]),
        total=saved["total"],
        newest=datetime.fromisoformat(saved["newest"]) if saved["newest"] else None,
        earlier=saved["earlier"],
        stopped=(saved["stopped"][0], saved["stopped"][1]) if saved["stopped"] else None,
    )
    return cursor, {name: saved["counts"][name] for name in CURSOR_COUNTS}


def _error_fields(error: ProviderError) -> dict[str, Any]:
    said = error.provider_message[:250]
    return {"error_message": error.message, "error_params": error.params, "error_provider_message": said}


def _waiting(now: datetime) -> Q:
    return Q(state=SyncRun.State.QUEUED) & clock.passed("not_before", now, LONGEST_WAIT)


def _abandoned(now: datetime) -> Q:
    return Q(state=SyncRun.State.RUNNING) & clock.passed("lease_until", now, 2 * settings.LEASE)
