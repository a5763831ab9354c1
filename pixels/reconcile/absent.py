"""Pixels that a full list did not hold: marked as absent, unless they are more than people delete by hand."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from pixels.limits import clock
from pixels.models import AdAccount, Pixel, SyncRun
from pixels.providers.errors import ProviderError
from pixels.reconcile.compare import ABSENT_OR_GONE

Lifecycle = Pixel.Lifecycle
# A list that lacks more of the last one than this is more likely wrong than right.
MOST_MISSING, MOST_MISSING_SHARE, FEW_MISSING = 50, 0.1, 5
NAMED = 5  # of the missing pixels, so that somebody can look for them
AT_ONCE = 500  # rows of one statement


class TooManyMissing(ProviderError):
    """The list has come whole, and lacks more pixels than people delete. A person has to confirm it."""

    code = "too_many_missing"


def mark_absent(run: SyncRun, account: AdAccount, seen: Collection[str], began: datetime) -> None:
    """Mark the pixels of this ad account that are not among `seen`, the remote ids of a full list.

    What a worker has written about a pixel since the reading of the list `began` is newer than the list, and stays.
    Raises TooManyMissing, with nothing marked and the number added to `run.lacking`, where so many are missing that a
    person has to confirm it, and for this run nobody has confirmed as many.
    """
    present = account.pixels.filter(lifecycle__in=[Lifecycle.LIVE, Lifecycle.UPDATING], created_at__lt=began)
    present = present.exclude(remote_status__in=ABSENT_OR_GONE)
    older = present.filter(Q(checked_at=None) | Q(checked_at__lt=began))
    missing = [one for one in older.values_list("remote_id", flat=True).iterator() if one not in seen]
    known = present.count()
    if _are_too_many(len(missing), known):
        if len(missing) > run.confirmed:
            run.lacking += len(missing)
            some = present.filter(remote_id__in=missing[:NAMED]).values_list("name", flat=True)
            label = run.connection.provider_class.label
            raise TooManyMissing(
                f"{len(missing)} of {known} pixels are not in {label}'s list any more. Nothing was marked.",
                provider_message=", ".join(some),
            )
        run.confirmed -= len(missing)  # it was confirmed for all ad accounts together
    for start in range(0, len(missing), AT_ONCE):
        absent = present.filter(remote_id__in=missing[start : start + AT_ONCE])
        absent.update(remote_status=Pixel.RemoteStatus.ABSENT, absent_at=clock.now())


def count_absent(account: AdAccount) -> int:
    return account.pixels.filter(lifecycle=Lifecycle.LIVE, remote_status__in=ABSENT_OR_GONE).count()


def _are_too_many(missing: int, known: int) -> bool:
    return missing > MOST_MISSING or (missing >= FEW_MISSING and missing > known * MOST_MISSING_SHARE)
