"""When pixels last fired: from a report that is ordered after a full list was read, and fetched when it is ready.

A report is ordered at most once an hour. Each question whether it is ready is a task of its own, so no worker waits.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from pixels.limits.poll import compare_and_swap, poll
from pixels.limits.provider_session import open_provider
from pixels.models import AdAccount, Pixel, bulk
from pixels.models.connection import reachable
from pixels.providers.errors import ProviderError
from pixels.providers.registry import PROVIDERS

log = logging.getLogger(__name__)

ORDER_EVERY = timedelta(hours=1)  # at most
GIVE_UP_AFTER = timedelta(minutes=15)  # Xandr takes no longer than that for a report
AT_ONCE = 200  # rows in one statement


def due(limit: int) -> list[int]:
    """Ids of the ad accounts whose report is to be ordered, or was ordered and is not fetched yet."""
    return list(_due().order_by("last_fired_report_asked_at", "pk").values_list("pk", flat=True)[:limit])


def read_last_fired(account_id: int | str) -> None:
    """Order the report, or fetch it if it is ready. After a failure it is ordered again with the next full list."""
    poll(_due().select_related("connection").filter(pk=account_id), _claim, _ask)


def _claim(account: AdAccount) -> bool:
    """Several workers may ask whether the report is ready; only one orders it."""
    if _is_ordered(account):
        return True
    return compare_and_swap(account, last_fired_report_asked_at=timezone.now(), last_fired_report_id="")


def _claimed(account: AdAccount) -> QuerySet[AdAccount]:
    asked_at = account.last_fired_report_asked_at
    return AdAccount.objects.filter(pk=account.pk, last_fired_report_asked_at=asked_at)


def _ask(account: AdAccount) -> None:
    try:
        with open_provider(account.connection) as provider:
            if not account.last_fired_report_id:
                report = provider.order_last_fired(account.ref)
                _claimed(account).update(last_fired_report_id=report)
                return
            fires = provider.last_fired(account.ref, account.last_fired_report_id)
        if fires is not None:
            _store(account, fires)
            _claimed(account).update(last_fired_report_id="")
    except ProviderError as error:
        log.warning("last fires of ad account %s: %s", account.pk, error.code)
        if not error.retryable:
            _claimed(account).update(last_fired_report_id="")


def _store(account: AdAccount, fires: Mapping[str, datetime | None]) -> None:
    """Write what is new: few rows at a time, with pauses, since on SQLite web requests wait for this lock."""
    remote_ids, seen = list(fires), timezone.now()
    for start in range(0, len(remote_ids), AT_ONCE):
        pixels = account.pixels.filter(remote_id__in=remote_ids[start : start + AT_ONCE])
        rows = list(pixels.only("remote_id", "last_fired_at", "last_fired_report_seen_at"))
        fired = [pixel for pixel in rows if pixel.last_fired_at != fires[pixel.remote_id]]
        for pixel in fired:
            pixel.last_fired_at = fires[pixel.remote_id]
        bulk.update(fired, ["last_fired_at"])
        unseen = [pixel.pk for pixel in rows if pixel.last_fired_report_seen_at is None]
        Pixel.objects.filter(pk__in=unseen).update(last_fired_report_seen_at=seen)
        if fired or unseen:
            time.sleep(settings.PULL_PAUSE)
    AdAccount.objects.filter(pk=account.pk).update(last_fired_report_seen_at=seen)


def _is_ordered(account: AdAccount) -> bool:
    asked_at = account.last_fired_report_asked_at
    return bool(account.last_fired_report_id and asked_at and asked_at > timezone.now() - GIVE_UP_AFTER)


def _due() -> QuerySet[AdAccount]:
    now = timezone.now()
    with_report = [slug for slug, provider in PROVIDERS.items() if provider.can("last_fired")]
    rows = AdAccount.objects.filter(connection__provider__in=with_report, listed_at__isnull=False)
    rows = rows.filter(reachable(now, "connection__"))
    is_ordered = ~Q(last_fired_report_id="") & Q(last_fired_report_asked_at__gt=now - GIVE_UP_AFTER)
    listed_since = Q(last_fired_report_asked_at__lt=F("listed_at"))
    is_to_be_ordered = listed_since & Q(last_fired_report_asked_at__lt=now - ORDER_EVERY)
    return rows.filter(Q(last_fired_report_asked_at=None) | is_ordered | is_to_be_ordered)
