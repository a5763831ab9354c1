"""The list of one ad account: read page by page, put beside our rows in batches, and judged at its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from pixels.limits import clock
from pixels.models import AdAccount, SyncRun
from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, ProviderError
from pixels.providers.values import Page, Read
from pixels.reconcile import page
from pixels.reconcile.absent import count_absent, mark_absent
from pixels.reconcile.cursor import Cursor, save_cursor
from pixels.reconcile.runs import TakenOver, claimed, save_progress

OVERLAP = timedelta(minutes=5)  # asked for again each time, as providers count seconds and write late
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # no pixel was changed before
# Objects of one batch; fewer where web requests wait for each transaction (PULL_PAUSE is set, on SQLite).
BATCH, SMALL_BATCH = 500, 100
SAVE_PROGRESS_EVERY, SAVE_CURSOR_EVERY = 0.5, 10.0  # seconds


class TooShort(BadAnswer):
    """The list was shorter than announced, twice."""

    retryable = False


class TimeOver(Exception):
    """The task has used its time. The cursor is saved, and another task goes on."""


@dataclass
class Batch:
    """Objects of pages that were read and are not yet beside our rows."""

    read: Read  # how one of the objects is read
    objects: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    after: str | None = None  # where the list goes on behind them


class Listing:
    """Reads one ad account's list from `cursor` on, until `deadline` (of the steady clock)."""

    def __init__(self, run: SyncRun, account: AdAccount, cursor: Cursor, deadline: float) -> None:
        self.run, self.account, self.cursor, self.deadline = run, account, cursor, deadline
        known_until = None if run.full else _changes_known_until(account)
        self.changed_since = known_until - OVERLAP if known_until else None  # None: the list is a full one
        self._batch: Batch | None = None
        self._progress_saved_at = time.monotonic() - SAVE_PROGRESS_EVERY
        self._cursor_saved_at = time.monotonic()

    def read(self, provider: Provider) -> None:
        """Read the list to its end and conclude. Raises ProviderError, TooManyMissing, TimeOver and TakenOver.

        Where pixels were deleted meanwhile, others move up to pages that were read already and are passed over. So a
        list that is shorter than announced is read a second time.
        """
        self._read_pages(provider)
        if self._is_short():
            self.cursor.restart()
            self._read_pages(provider)
        if self._is_short():
            raise TooShort(
                f"{provider.label} announced {self.cursor.total} pixels and listed only {len(self.cursor.seen)}."
            )
        self._conclude()

    def _is_short(self) -> bool:
        return self.cursor.total is not None and len(self.cursor.seen) < self.cursor.total

    def _read_pages(self, provider: Provider) -> None:
        full_batch = SMALL_BATCH if settings.PULL_PAUSE else BATCH
        try:
            for listed in provider.list_pixels(
                self.account.ref, changed_since=self.changed_since, after=self.cursor.after
            ):
                self._collect(listed)
                if self._batch is not None and len(self._batch.objects) >= full_batch:
                    self._apply()
                    self._stop_at_deadline()
        except ProviderError as error:
            self._apply()  # what came before the error is true all the same
            if error.retryable:
                save_cursor(self.run, self.cursor)
            raise
        self._apply()

    def _stop_at_deadline(self) -> None:
        """Only where the list can be read on from here: otherwise the next task would come no further."""
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
            # The greatest of all: where objects are deleted between two pages, others move up and are passed over.
            self.cursor.total = max(listed.total, self.cursor.total or 0)
            self.run.total = self.cursor.earlier + self.cursor.total
        self.run.pages += 1
        if time.monotonic() > self._progress_saved_at + settings.LEASE / 3:
            self._save_progress()

    def _apply(self) -> None:
        """Put the batch beside our rows. Raises TakenOver where another worker has the run by now."""
        batch, self._batch = self._batch, None
        if batch is None:
            return
        if not claimed(self.run).exists():  # then what was read here is old
            raise TakenOver
        applied = page.apply(self.run, self.account, batch.objects, batch.read, began=self.cursor.began)
        self.cursor.seen.update(batch.objects)
        self.cursor.after = batch.after
        if applied.newest and _is_plausible(applied.newest):
            self.cursor.newest = max(filter(None, (self.cursor.newest, applied.newest)))
        self.run.seen = self.cursor.earlier + len(self.cursor.seen)  # an object may be listed twice
        self.run.created += applied.created
        self.run.updated += applied.updated
        self._save_now_and_then()
        if settings.PULL_PAUSE:
            time.sleep(settings.PULL_PAUSE)

    def _save_now_and_then(self) -> None:
        now = time.monotonic()
        if self.cursor.after is not None and now > self._cursor_saved_at + SAVE_CURSOR_EVERY:
            save_cursor(self.run, self.cursor)
            self._cursor_saved_at = now
        elif now > self._progress_saved_at + SAVE_PROGRESS_EVERY:
            self._save_progress()

    def _save_progress(self) -> None:
        """For the screens, and to keep the run's lease."""
        save_progress(self.run)
        self._progress_saved_at = time.monotonic()

    def _conclude(self) -> None:
        """The list has come whole. Store up to when changes are known, and of a full list what it did not hold."""
        with transaction.atomic():
            facts: dict[str, Any] = {"changed_until": self._changes_known_until()}
            if self.changed_since is None:
                mark_absent(self.run, self.account, self.cursor.seen, self.cursor.began)
                facts["listed_at"] = self.cursor.began
            AdAccount.objects.filter(pk=self.account.pk).update(**facts)
            self.run.missing += count_absent(self.account)
            save_progress(self.run)

    def _changes_known_until(self) -> datetime | None:
        """The latest change that was seen, less the time for which this list was read: what was changed meanwhile may
        lie on a page that had come before. OVERLAP covers a list that was read quickly."""
        duration = max(clock.now() - self.cursor.began - OVERLAP / 2, timedelta(0))
        newest = self.cursor.newest - duration if self.cursor.newest else None
        return max(filter(None, (newest, _changes_known_until(self.account))), default=None)


def _changes_known_until(account: AdAccount) -> datetime | None:
    until = account.changed_until
    return until if until and _is_plausible(until) else None


def _is_plausible(changed_at: datetime) -> bool:
    """A time of change is by the provider's clock, which may differ from ours, but not by days."""
    return EARLIEST < changed_at < clock.now() + timedelta(days=1)
