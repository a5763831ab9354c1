"""Reads the list of one ad account page by page, writes it to our rows in batches, and draws conclusions at its end."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from pixels.limits import clock
from pixels.models import AdAccount, Pixel, SyncRun
from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, ProviderError
from pixels.providers.values import Page, Read
from pixels.reconcile import page
from pixels.reconcile.compare import ABSENT_OR_GONE
from pixels.reconcile.runs import Cursor, TakenOver, claimed, save_cursor, save_progress

Lifecycle = Pixel.Lifecycle
# read again each time, since providers store times in whole seconds and write changes late
OVERLAP = timedelta(minutes=5)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # no pixel was changed before
# Objects in one batch; fewer where web requests wait for each transaction (PULL_PAUSE is set, on SQLite).
BATCH, SMALL_BATCH = 500, 100
SAVE_PROGRESS_EVERY, SAVE_CURSOR_EVERY = 0.5, 10.0  # seconds
# A list that lacks more than a tenth of our pixels, or more than 50, is probably wrong; up to 4 are always believed.
MOST_MISSING_SHARE, MOST_MISSING, FEW_MISSING = 0.1, 50, 4
NAMED = 5  # missing pixels named in the message, so that somebody can look for them
AT_ONCE = 500  # rows in one statement


class TooShort(BadAnswer):
    """The list was shorter than announced, twice."""

    retryable = False


class TooManyMissing(ProviderError):
    """The list is complete, and lacks more pixels than people usually delete. A person has to confirm it."""

    code = "too_many_missing"


class TimeOver(Exception):
    """The task has used up its time. The cursor is saved, and another task continues."""


@dataclass
class Batch:
    """Objects of pages that were read and are not written to our rows yet."""

    read: Read  # makes a RemotePixel of an object
    objects: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    after: str | None = None  # the provider's cursor behind the last of them


class Listing:
    """Reads one ad account's list from `cursor`, until `deadline` (by the monotonic clock)."""

    def __init__(self, run: SyncRun, account: AdAccount, cursor: Cursor, deadline: float) -> None:
        self.run, self.account, self.cursor, self.deadline = run, account, cursor, deadline
        until = account.changed_until
        self.known_until = until if until and _is_plausible(until) else None  # all changes before it have been seen
        # None: read the full list.
        self.changed_since = self.known_until - OVERLAP if self.known_until and not run.full else None
        self._batch: Batch | None = None
        self._progress_saved_at = time.monotonic() - SAVE_PROGRESS_EVERY
        self._cursor_saved_at = time.monotonic()

    def read(self, provider: Provider) -> None:
        """Read the list to its end and draw conclusions. Raises ProviderError, TooManyMissing, TimeOver and TakenOver.

        If pixels are deleted while we read, others move up to pages that were read already, and are missed. So a list
        that is shorter than announced is read a second time.
        """
        if not self._read_pages(provider):
            self.cursor.restart()
            if not self._read_pages(provider):
                total, listed = self.cursor.total, len(self.cursor.seen)
                raise TooShort("sync.list_short", provider=provider.label, announced=total, listed=listed)
        self._conclude()

    def _read_pages(self, provider: Provider) -> bool:
        """Read from the cursor to the end. Returns whether the list was as long as announced."""
        full_batch = SMALL_BATCH if settings.PULL_PAUSE else BATCH
        pages = provider.list_pixels(self.account.ref, changed_since=self.changed_since, after=self.cursor.after)
        try:
            for listed in pages:
                self._collect(listed)
                if self._batch is not None and len(self._batch.objects) >= full_batch:
                    self._apply()
                    self._stop_at_deadline()
        except ProviderError as error:
            self._apply()  # the pages before the error are valid
            if error.retryable:
                save_cursor(self.run, self.cursor)
            raise
        self._apply()
        return self.cursor.total is None or len(self.cursor.seen) >= self.cursor.total

    def _stop_at_deadline(self) -> None:
        """Stop only where the list can be continued from here; otherwise the next task would get no further."""
        if self.cursor.after is not None and time.monotonic() > self.deadline:
            save_cursor(self.run, self.cursor)
            raise TimeOver

    def _collect(self, listed: Page) -> None:
        if self._batch is not None and self._batch.read != listed.read:
            self._apply()
        if self._batch is None:
            self._batch = Batch(listed.read)
        self._batch.objects |= listed.objects
        self._batch.after = listed.after
        if listed.total is not None:
            # Keep the greatest total: if objects are deleted between two pages, others move up and are missed.
            self.cursor.total = max(listed.total, self.cursor.total or 0)
            self.run.total = self.cursor.earlier + self.cursor.total
        self.run.pages += 1
        self._save_progress(every=settings.LEASE / 3)

    def _apply(self) -> None:
        """Write the batch to our rows. Raises TakenOver if another worker has claimed the run."""
        batch, self._batch = self._batch, None
        if batch is None:
            return
        if not claimed(self.run).exists():  # the other worker has read newer pages
            raise TakenOver
        applied = page.apply(self.run, self.account, batch.objects, batch.read, began=self.cursor.began)
        self.cursor.seen.update(batch.objects)
        self.cursor.after = batch.after
        if applied.newest and _is_plausible(applied.newest):
            self.cursor.newest = max(filter(None, (self.cursor.newest, applied.newest)))
        self.run.seen = self.cursor.earlier + len(self.cursor.seen)  # an object may be listed twice
        self.run.created += applied.created
        self.run.updated += applied.updated
        if self.cursor.after is not None and time.monotonic() > self._cursor_saved_at + SAVE_CURSOR_EVERY:
            save_cursor(self.run, self.cursor)
            self._cursor_saved_at = time.monotonic()
        else:
            self._save_progress(every=SAVE_PROGRESS_EVERY)
        if settings.PULL_PAUSE:
            time.sleep(settings.PULL_PAUSE)

    def _save_progress(self, every: float) -> None:
        """Save at most once in so many seconds, for the screens and to renew the run's lease."""
        if time.monotonic() > self._progress_saved_at + every:
            save_progress(self.run)
            self._progress_saved_at = time.monotonic()

    def _conclude(self) -> None:
        """The list is complete: store until when its changes are known, and mark what a full list did not hold."""
        with transaction.atomic():
            facts: dict[str, Any] = {"changed_until": self._changes_known_until()}
            if self.changed_since is None:
                _mark_absent(self.run, self.account, self.cursor.seen, self.cursor.began)
                facts["listed_at"] = self.cursor.began
            AdAccount.objects.filter(pk=self.account.pk).update(**facts)
            absent = self.account.pixels.filter(lifecycle=Lifecycle.LIVE, remote_status__in=ABSENT_OR_GONE)
            self.run.missing += absent.count()
            save_progress(self.run)

    def _changes_known_until(self) -> datetime | None:
        """The time of the latest change seen, minus the time that reading took: an object changed meanwhile may be
        on a page that had been read before. OVERLAP covers a list that was read quickly."""
        duration = max(clock.now() - self.cursor.began - OVERLAP / 2, timedelta(0))
        newest = self.cursor.newest - duration if self.cursor.newest else None
        return max(filter(None, (newest, self.known_until)), default=None)


def _mark_absent(run: SyncRun, account: AdAccount, seen: Collection[str], began: datetime) -> None:
    """Mark the pixels of this ad account that are not among `seen`, the remote ids of a full list.

    Pixels that a worker has written since `began`, when reading the list began, are newer than the list and stay. If
    too many are missing, nothing is marked, their number is added to `run.lacking`, and TooManyMissing is raised,
    unless a person has confirmed as many for this run.
    """
    present = account.pixels.filter(lifecycle__in=[Lifecycle.LIVE, Lifecycle.UPDATING], created_at__lt=began)
    present = present.exclude(remote_status__in=ABSENT_OR_GONE)
    older = present.filter(Q(checked_at=None) | Q(checked_at__lt=began))
    missing = [one for one in older.values_list("remote_id", flat=True).iterator() if one not in seen]
    known = present.count()
    if len(missing) > max(FEW_MISSING, min(MOST_MISSING, known * MOST_MISSING_SHARE)):
        if len(missing) > run.confirmed:
            run.lacking += len(missing)
            some = present.filter(remote_id__in=missing[:NAMED]).values_list("name", flat=True)
            raise TooManyMissing(
                "sync.too_many_missing",
                provider=run.connection.provider_class.label,
                missing=len(missing),
                known=known,
                provider_message=", ".join(some),
            )
        run.confirmed -= len(missing)  # the number was confirmed for all ad accounts together
    for start in range(0, len(missing), AT_ONCE):
        absent = present.filter(remote_id__in=missing[start : start + AT_ONCE])
        absent.update(remote_status=Pixel.RemoteStatus.ABSENT, absent_at=clock.now())


def _is_plausible(changed_at: datetime) -> bool:
    """A time of change is by the provider's clock, which may differ from ours, but not by days."""
    return EARLIEST < changed_at < clock.now() + timedelta(days=1)
