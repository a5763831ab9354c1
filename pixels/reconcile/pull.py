"""Theirs to ours: read every pixel of a connection, page by page, and put what was seen beside our rows.

Nothing is concluded from half an answer: an error marks nothing. The run goes on later from where it was, or ends as
failed when it has come no further, and what is absent from a whole list only reads "not in the last list".
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q

from pixels.limits import clock
from pixels.limits.circuit_breaker import CircuitOpen
from pixels.limits.provider_session import open_provider
from pixels.models import AdAccount, Pixel, SyncRun
from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, ProviderError, Throttled
from pixels.providers.values import Page, Read
from pixels.reconcile import page
from pixels.reconcile.page import ABSENT_OR_GONE
from pixels.reconcile.runs import TakenOver, claim, end, mine, open_cursor, save_cursor, save_progress, suspend

log = logging.getLogger(__name__)

Lifecycle, RemoteStatus = Pixel.Lifecycle, Pixel.RemoteStatus
# A list without so many that were in the last one is more likely wrong than right.
MOST_MISSING, MOST_MISSING_SHARE, FEW_MISSING = 50, 0.1, 5
MAX_CRASHES = 5  # of one run: a worker that dies on it again and again must not go on for ever
NAMED = 5  # of the missing, so that somebody can look
OVERLAP = timedelta(minutes=5)  # of what is asked for again, as providers count seconds and write late
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # before that there was nothing to change
# Objects that are put beside our rows at a time; few where the web waits for each transaction (PULL_PAUSE).
ROWS, FEW_ROWS = 500, 100
TELL_EVERY, KEEP_EVERY = 0.5, 10.0  # seconds between two writes of the progress, and of the cursor


class TooManyMissing(ProviderError):
    """The list is whole, and lacks more than a person deletes."""

    code = "too_many_missing"


class TooShort(BadAnswer):
    """Also when it was read once more."""

    retryable = False


class TimeOver(Exception):
    """The task has had its time; another goes on."""


def pull(run_id: int) -> bool:
    """Go on with one run, as far as this task may; whether there is more to do at once."""
    run = claim(run_id)
    if run is None:
        return False
    if run.connection.paused_at:
        suspend(run)  # the scheduler hands it out again when the connection is in use
        return False
    if run.crashes > MAX_CRASHES:
        end(run, SyncRun.State.FAILED, BadAnswer("PixelHub was stopped each time it read this list."))
        return False
    cursor, seen = open_cursor(run)
    begun_at = run.seen
    try:
        with open_provider(run.connection, "pull") as provider:
            stopped = _read(run, provider, cursor, seen)
    except TakenOver:
        log.warning("run %s was taken over", run.pk)
    except TimeOver:
        suspend(run)
        return True
    except (Throttled, CircuitOpen) as error:
        suspend(run, error)
    except ProviderError as error:
        if error.retryable and run.seen > begun_at:
            suspend(run, error)  # one bad answer among a thousand pages; who gets no further gives up
        else:
            end(run, SyncRun.State.FAILED, error)
    except DatabaseError:
        raise  # the lease runs out, and another worker goes on from the cursor that was kept
    except Exception:
        log.exception("run %s failed in PixelHub", run.pk)
        end(run, SyncRun.State.FAILED, BadAnswer("PixelHub itself failed while reading the list."))
    else:
        end(run, SyncRun.State.STOPPED if stopped else SyncRun.State.DONE, stopped)
    return False


def _read(run: SyncRun, provider: Provider, cursor: dict[str, Any], seen: set[str]) -> TooManyMissing | None:
    """All ad accounts, from the cursor on that an earlier task has kept."""
    until = time.monotonic() + settings.TASK_LIMIT / 2
    stopped = TooManyMissing(cursor["stopped"]) if cursor.get("stopped") else None
    accounts = list(run.connection.ad_accounts.filter(pk__gte=cursor.get("account", 0)).order_by("pk"))
    for account, following in zip_longest(accounts, accounts[1:]):
        reading = Reading(run, account, until, stopped=stopped.sentence if stopped else "")
        if account.pk == cursor.get("account"):
            reading.go_on(cursor, seen)
        try:
            reading.whole(provider)
        except TooManyMissing as error:
            stopped = error
        if following is not None:
            Reading(run, following, until, stopped=stopped.sentence if stopped else "").keep()
            if time.monotonic() > until:
                raise TimeOver
    return stopped


@dataclass
class Reading:
    """One ad account's list."""

    run: SyncRun
    account: AdAccount
    until: float  # on the steady clock
    seen: set[str] = field(default_factory=set)
    began: datetime = field(default_factory=clock.now)
    after: str | None = None
    total: int | None = None
    newest: datetime | None = None  # by the provider's clock
    earlier: int = 0  # seen in the ad accounts before
    stopped: str = ""  # why one of those marked nothing
    # Collected and not yet applied: objects by id, how to read one, and where the list goes on behind them.
    _objects: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _read: Read | None = None
    _reached: str | None = None
    _told: float = field(default_factory=lambda: time.monotonic() - TELL_EVERY)
    _kept: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.earlier = self.run.seen
        self.since = None if self.run.full else _since(self.account)

    def go_on(self, cursor: dict[str, Any], seen: set[str]) -> None:
        self.seen, self.after, self.total, self.earlier = seen, cursor["after"], cursor["total"], cursor["earlier"]
        self.began = datetime.fromisoformat(cursor["began"])
        self.newest = datetime.fromisoformat(cursor["newest"]) if cursor["newest"] else None

    def whole(self, provider: Provider) -> None:
        """The list, and what its end says. Where pixels were deleted meanwhile, others moved to pages that had been
        read and were passed over: a list shorter than announced is read once more."""
        self._pages(provider)
        if self._is_short:
            self.seen, self.after, self.total, self.began = set(), None, None, clock.now()
            self._pages(provider)
        self._conclude(provider)

    @property
    def _is_short(self) -> bool:
        return self.total is not None and len(self.seen) < self.total

    def _pages(self, provider: Provider) -> None:
        pages = provider.list_pixels(self.account.ref, changed_since=self.since, after=self.after)
        try:
            for listed in pages:
                if self._read not in (None, listed.read):
                    self._apply()  # these are read otherwise
                self._collect(listed)
                if len(self._objects) >= (FEW_ROWS if settings.PULL_PAUSE else ROWS):
                    self._apply()
                    if self.after is not None and time.monotonic() > self.until:
                        raise TimeOver
        except ProviderError as error:
            self._apply()  # what was read is true all the same
            if error.retryable:
                self.keep()
            raise
        except TimeOver:
            self.keep()
            raise
        self._apply()

    def _collect(self, listed: Page) -> None:
        if listed.total is not None:
            # The greatest: where objects went away between two pages, others moved up and were passed over.
            self.total = max(listed.total, self.total or 0)
            self.run.total = self.earlier + self.total
        self._objects |= listed.objects
        self._read, self._reached = listed.read, listed.after
        self.run.pages += 1
        if time.monotonic() > self._told + settings.LEASE / 3:
            self._tell()

    def _apply(self) -> None:
        """What was collected, in one transaction: of few rows, as the web waits for it on SQLite."""
        run, objects, read = self.run, self._objects, self._read
        if read is None:
            return
        self._objects, self._read = {}, None
        if not mine(run).exists():  # what this one has read is old by now
            raise TakenOver
        applied = page.apply(run, self.account, objects, read, since=self.began)
        self.seen.update(objects)
        run.seen = self.earlier + len(self.seen)  # whatever is listed twice
        self.after = self._reached
        if applied.newest and _can_be_right(applied.newest):
            self.newest = max(filter(None, (self.newest, applied.newest)))
        run.created += applied.created
        run.updated += applied.updated
        moment = time.monotonic()
        if moment > self._kept + KEEP_EVERY and self.after is not None:
            self.keep()
        elif moment > self._told + TELL_EVERY:
            self._tell()
        if settings.PULL_PAUSE:
            time.sleep(settings.PULL_PAUSE)

    def _tell(self) -> None:
        """How far it is; also that somebody works on it."""
        save_progress(self.run)
        self._told = time.monotonic()

    def keep(self) -> None:
        """Where the list can be read from the middle on; otherwise it begins again."""
        self._kept = time.monotonic()
        cursor = {
            "account": self.account.pk,
            "after": self.after,
            "began": (self.began if self.after else clock.now()).isoformat(),
            "total": self.total if self.after else None,
            "newest": self.newest.isoformat() if self.newest else None,
            "earlier": self.earlier,
            "stopped": self.stopped,
        }
        if self.after is None:
            self.run.seen, self.seen = self.earlier, set()
        save_cursor(self.run, cursor, self.seen)

    def _conclude(self, provider: Provider) -> None:
        """The list ended. As long as announced, it says what is new, and a full one what it did not hold."""
        if self._is_short:
            raise TooShort(f"{provider.label} announced {self.total} pixels and listed only {len(self.seen)}.")
        is_full = self.since is None
        with transaction.atomic():
            if is_full:
                self._mark_missing()
            facts: dict[str, Any] = {"listed_at": self.began} if is_full else {}
            until = self.account.changed_until
            known = until if until and _can_be_right(until) else None
            # What changed while the list was read may lie on a page that had come before; of a short one the overlap
            # takes care.
            late = max(clock.now() - self.began - OVERLAP / 2, timedelta(0))
            newest = self.newest - late if self.newest else None
            newest = max(filter(None, (newest, known)), default=None)
            AdAccount.objects.filter(pk=self.account.pk).update(changed_until=newest, **facts)
            not_there = self.account.pixels.filter(lifecycle=Lifecycle.LIVE, remote_status__in=ABSENT_OR_GONE)
            self.run.missing += not_there.count()
            save_progress(self.run)

    def _mark_missing(self) -> None:
        """A pixel recorded after the list began may rightly be missing from it. Raises TooManyMissing instead of
        marking more than can well have been deleted by hand."""
        live = self.account.pixels.filter(lifecycle__in=[Lifecycle.LIVE, Lifecycle.UPDATING], created_at__lt=self.began)
        live = live.exclude(remote_status__in=ABSENT_OR_GONE)
        older = live.filter(Q(checked_at=None) | Q(checked_at__lt=self.began))
        missing = [one for one in older.values_list("remote_id", flat=True).iterator() if one not in self.seen]
        known = live.count()
        if _is_too_much(len(missing), known):
            if len(missing) > self.run.confirmed:
                self.run.lacking += len(missing)
                label = self.run.connection.provider_class.label
                some = live.filter(remote_id__in=missing[:NAMED]).values_list("name", flat=True)
                raise TooManyMissing(
                    f"{len(missing)} of {known} pixels are not in {label}'s list any more. Nothing was marked.",
                    provider_message=", ".join(some),
                )
            self.run.confirmed -= len(missing)  # of all ad accounts together no more than was shown
        for start in range(0, len(missing), 500):
            absent = live.filter(remote_id__in=missing[start : start + 500])
            absent.update(remote_status=RemoteStatus.ABSENT, absent_at=clock.now())


def _since(account: AdAccount) -> datetime | None:
    """From when on changes are asked for; None, where that is not known or cannot be right: everything is read."""
    until = account.changed_until
    return until - OVERLAP if until and _can_be_right(until) else None


def _can_be_right(moment: datetime) -> bool:
    """A time of change by the provider's clock, which may differ from ours, but not by days."""
    return EARLIEST < moment < clock.now() + timedelta(days=1)


def _is_too_much(missing: int, known: int) -> bool:
    return missing > MOST_MISSING or (missing >= FEW_MISSING and missing > known * MOST_MISSING_SHARE)
