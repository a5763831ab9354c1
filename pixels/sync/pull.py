"""Theirs to ours: read every pixel of a connection, page by page, and put what was seen beside our rows.

Nothing is concluded from half an answer: an error ends the run as failed and marks nothing, and what is absent from a
whole list only reads "not in the last list".
"""

from __future__ import annotations

import logging
import re
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from pixels import snippets
from pixels.models import AdAccount, Connection, Pixel, SyncRun
from pixels.providers import PROVIDERS
from pixels.providers.base import Page, Provider, RemotePixel
from pixels.providers.errors import BadAnswer, ProviderError, Throttled

from .client import speaking_for
from .drift import SEEN_FIELDS, flat, see
from .outcome import LONGEST_WAIT, THROTTLED_WAIT, attach, report_duplicate, settle_doubt

log = logging.getLogger(__name__)

Lifecycle, Remote = Pixel.Lifecycle, Pixel.Remote
# Ours without a remote id that may yet turn out to be the object in the list.
REFERENCE = re.compile(r"ph-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
WAIT_AT_MOST = timedelta(hours=2)  # of a run that is asked to wait again and again
# A list without so many that were in the last one is more likely wrong than right.
MOST_MISSING, MOST_MISSING_SHARE, FEW_MISSING = 50, 0.1, 5
NOT_THERE = (Remote.ABSENT, Remote.GONE)
EXPECTED = (Lifecycle.CREATING, Lifecycle.CHECKING, Lifecycle.UNKNOWN)


ATTEMPTS = 5  # of one run: a worker that dies on it again and again must not go on for ever


class TooManyMissing(ProviderError):
    """The list is whole, and lacks more than a person deletes."""

    code = "too_many_missing"


class TakenOver(Exception):
    """The run's lease ran out and another worker has it now."""


def open_run(connection: Connection, by: User | None = None, *, confirmed: bool = False) -> SyncRun | None:
    """A queued run, or None when one is already open: one pull per connection at a time."""
    try:
        with transaction.atomic():
            return SyncRun.objects.create(
                team_id=connection.team_id, connection=connection, requested_by=by, confirmed=confirmed
            )
    except IntegrityError:
        return None


def schedule(limit: int) -> list[SyncRun]:
    """Open a run for the connections whose last one is longer ago than SYNC_INTERVAL, the longest waiting first."""
    since = timezone.now() - timedelta(seconds=settings.SYNC_INTERVAL)
    lists = [slug for slug, provider in PROVIDERS.items() if provider.can("list")]
    usable = Connection.objects.filter(provider__in=lists, paused_at=None, disconnected_at=None)
    usable = usable.filter(Exists(AdAccount.objects.filter(connection=OuterRef("pk"))))
    usable = usable.exclude(test=Connection.Test.REFUSED).annotate(last=Max("sync_runs__created_at"))
    idle = usable.filter(Q(last=None) | Q(last__lt=since)).order_by(F("last").asc(nulls_first=True), "pk")
    runs = (open_run(connection) for connection in idle[:limit])
    return [run for run in runs if run is not None]


def due(limit: int) -> list[int]:
    """Ids of runs nobody works on: queued ones, and those whose worker is gone."""
    return list(
        SyncRun.objects.filter(_free(timezone.now())).order_by("created_at").values_list("pk", flat=True)[:limit]
    )


def _free(now: datetime) -> Q:
    waited = Q(not_before=None) | Q(not_before__lte=now)
    return Q(state=SyncRun.State.QUEUED) & waited | Q(state=SyncRun.State.RUNNING, lease_until__lt=now)


def pull(run_id: int) -> None:
    run = _claim(run_id)
    if run is None:
        return
    if run.attempt > ATTEMPTS:
        _end(run, SyncRun.State.FAILED, BadAnswer("PixelHub was stopped each time it read this list."))
        return
    stopped: TooManyMissing | None = None
    try:
        with speaking_for(run.connection) as provider:
            for account in run.connection.ad_accounts.all():
                try:
                    _pull_account(run, provider, account)
                except TooManyMissing as error:
                    stopped = error
    except TakenOver:
        log.warning("run %s was taken over", run.pk)
    except Throttled as error:
        _wait(run, error)
    except ProviderError as error:
        _end(run, SyncRun.State.FAILED, error)
    except Exception:
        log.exception("run %s failed in PixelHub", run.pk)
        _end(run, SyncRun.State.FAILED, BadAnswer("PixelHub itself failed while reading the list."))
    else:
        _end(run, SyncRun.State.STOPPED if stopped else SyncRun.State.DONE, stopped)


def _pull_account(run: SyncRun, provider: Provider, account: AdAccount) -> None:
    started = asked = timezone.now()
    seen: set[str] = set()
    total: int | None = None
    earlier = run.seen
    for page in provider.list_pixels(account.ref):
        if page.total is not None:
            # The greatest: where objects went away between two pages, others moved up and were passed over.
            total = max(page.total, total or 0)
            run.total = earlier + total
        _apply_page(run, account, page, asked)
        seen.update(remote.remote_id for remote in page.pixels)
        asked = timezone.now()
    if total is not None and len(seen) < total:
        raise BadAnswer(f"{provider.label} announced {total} pixels and listed only {len(seen)}.")
    _whole_list(run, account, seen, started)


def _claim(run_id: int) -> SyncRun | None:
    now = timezone.now()
    claimed = SyncRun.objects.filter(_free(now), pk=run_id).update(
        state=SyncRun.State.RUNNING,
        attempt=F("attempt") + 1,
        lease_until=now + timedelta(seconds=settings.LEASE),
        started_at=now,
        not_before=None,
        error_sentence="",
        error_words="",
        **dict.fromkeys(("pages", "seen", "created", "updated", "unchanged", "missing"), 0),
        total=None,
    )
    return SyncRun.objects.select_related("connection").get(pk=run_id) if claimed else None


def _mine(run: SyncRun) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(pk=run.pk, attempt=run.attempt, state=SyncRun.State.RUNNING)


def _apply_page(run: SyncRun, account: AdAccount, page: Page, asked: datetime) -> None:
    """One page, one transaction: only differences are written.

    What a push has recorded since the page was asked for is newer than the page, and stays.
    """
    with transaction.atomic():
        connection = run.connection
        ids = [remote.remote_id for remote in page.pixels]
        # In this order: a create recorded between the two queries is still found by the second.
        expected = list(account.pixels.select_for_update().filter(remote_id="", lifecycle__in=EXPECTED))
        known = {p.remote_id: p for p in account.pixels.select_for_update().filter(remote_id__in=ids)}
        new: dict[str, Pixel] = {}
        changed: dict[str, Pixel] = {}
        unchanged = 0
        for remote in page.pixels:
            pixel = known.get(remote.remote_id)
            if pixel is not None:
                pixel.connection, pixel.ad_account = connection, account
                newer = pixel.lifecycle != Lifecycle.LIVE or (pixel.checked_at and pixel.checked_at >= asked)
                if not newer and see(pixel, remote):
                    changed[remote.remote_id] = pixel
                else:
                    unchanged += 1
            elif (ours := _carried(connection, expected, remote)) is not None:
                # Still being created: its push records it. Unknown: this is the answer that was lost.
                if ours.lifecycle == Lifecycle.UNKNOWN:
                    expected.remove(ours)
                    _attach_unknown(ours, connection, account, remote)
                    run.updated += 1
            elif remote.remote_id not in new:
                new[remote.remote_id] = _adopted(run, account, remote)
        Pixel.objects.bulk_update(changed.values(), [*SEEN_FIELDS])
        Pixel.objects.bulk_create(new.values())
        snippets.issue_first(new.values())
        for pixel in changed.values():
            snippets.issue(pixel)
        _report_twins(account, new)
        run.pages += 1
        run.seen += len(page.pixels)
        run.created += len(new)
        run.updated += len(changed)
        run.unchanged += unchanged
        _save_progress(run)


def _report_twins(account: AdAccount, new: dict[str, Pixel]) -> None:
    """What carries the reference of a pixel that has its object already: a create took effect after all, and late."""
    option = account.connection.provider_class.reference_option
    twins: dict[str, list[str]] = {}
    for remote_id, pixel in new.items():
        if reference := REFERENCE.fullmatch(str(pixel.options.get(option or "") or "")):
            twins.setdefault(reference[1], []).append(remote_id)
    for ours in account.pixels.filter(pk__in=twins).exclude(remote_id=""):
        report_duplicate(ours, twins[str(ours.pk)])


def _carried(connection: Connection, expected: list[Pixel], remote: RemotePixel) -> Pixel | None:
    """The pixel of ours, still creating or unknown, that this object belongs to: by reference or code, or by name."""
    provider = connection.provider_class
    theirs = flat(remote)
    for pixel in expected:
        if provider.can("name_unique"):
            if remote.name == pixel.name:
                return pixel
        elif provider.reference_option:
            mark = theirs.get(provider.reference_option)
            if mark and mark in (pixel.mark, pixel.reference):
                return pixel
    return None


def _attach_unknown(pixel: Pixel, connection: Connection, account: AdAccount, remote: RemotePixel) -> None:
    pixel.connection, pixel.ad_account = connection, account
    if attach(pixel, remote):
        pixel.clear_error()
        pixel.checked_at = timezone.now()
        pixel.save()
        snippets.issue(pixel)
        settle_doubt(pixel)


def _adopted(run: SyncRun, account: AdAccount, remote: RemotePixel) -> Pixel:
    pixel = Pixel(
        team_id=run.team_id,
        connection=run.connection,
        ad_account=account,
        name=(remote.name or remote.remote_id)[:255],
        events=list(remote.events or ()),
        options=dict(remote.options or {}),
        lifecycle=Lifecycle.LIVE,
        remote_id=remote.remote_id,
        checked_at=timezone.now(),
    )
    see(pixel, remote)
    return pixel


def _whole_list(run: SyncRun, account: AdAccount, seen: set[str], started: datetime) -> None:
    """The list ended and was as long as announced: say what it did not hold, and what it holds again.

    A pixel recorded after the list began may rightly be missing from it. Raises TooManyMissing instead of marking
    more than can well have been deleted by hand.
    """
    with transaction.atomic():
        live = account.pixels.filter(lifecycle__in=[Lifecycle.LIVE, Lifecycle.UPDATING], created_at__lt=started)
        live = live.exclude(remote__in=NOT_THERE)
        older = live.filter(Q(checked_at=None) | Q(checked_at__lt=started))
        missing = [pk for pk, remote_id in older.values_list("pk", "remote_id").iterator() if remote_id not in seen]
        known = live.count()
        if not run.confirmed and _is_too_much(len(missing), known):
            label = run.connection.provider_class.label
            raise TooManyMissing(
                f"{len(missing)} of {known} pixels are not in {label}'s list any more. Nothing was marked."
            )
        for start in range(0, len(missing), 500):
            Pixel.objects.filter(pk__in=missing[start : start + 500]).update(remote=Remote.ABSENT)
        AdAccount.objects.filter(pk=account.pk).update(listed_at=started)
        run.missing += account.pixels.filter(lifecycle=Lifecycle.LIVE, remote__in=NOT_THERE).count()
        _save_progress(run)


def _is_too_much(missing: int, known: int) -> bool:
    return missing > MOST_MISSING or (missing >= FEW_MISSING and missing > known * MOST_MISSING_SHARE)


def _save_progress(run: SyncRun) -> None:
    """Counts, and the lease for another stretch; not when somebody else has the run by now."""
    counts = ("pages", "seen", "total", "created", "updated", "unchanged", "missing")
    lease = timezone.now() + timedelta(seconds=settings.LEASE)
    if not _mine(run).update(lease_until=lease, **{name: getattr(run, name) for name in counts}):
        raise TakenOver


def _wait(run: SyncRun, error: Throttled) -> None:
    """From the start again when the wait is over; not for ever, and not counted as a worker that died."""
    now = timezone.now()
    if now - run.created_at > WAIT_AT_MOST:
        _end(run, SyncRun.State.FAILED, error)
        return
    _mine(run).update(
        state=SyncRun.State.QUEUED,
        attempt=F("attempt") - 1,
        lease_until=None,
        not_before=now + timedelta(seconds=min(error.retry_after or THROTTLED_WAIT, LONGEST_WAIT)),
        error_sentence=error.sentence[:500],
        error_words=error.words[:250],
    )


def _end(run: SyncRun, state: SyncRun.State, error: ProviderError | None = None) -> None:
    _mine(run).update(
        state=state,
        lease_until=None,
        finished_at=timezone.now(),
        error_sentence=error.sentence[:500] if error else "",
        error_words=error.words[:250] if error else "",
    )
