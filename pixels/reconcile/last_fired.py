"""When pixels last fired, for providers that tell: a report, ordered after a whole list and fetched when it is ready.

Ordered at most once an hour. Each look at it is a task of its own, so that no worker waits.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from pixels.limits.provider_session import open_provider
from pixels.models import AdAccount, Pixel, bulk
from pixels.models.connection import reachable
from pixels.providers import PROVIDERS
from pixels.providers.errors import ProviderError

log = logging.getLogger(__name__)

NOT_BEFORE = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(minutes=15)  # as long as Xandr works on a report
AT_ONCE = 200  # rows of one statement


def due(limit: int) -> list[int]:
    """Ids of the ad accounts that have been listed since their report was ordered, or that wait for it."""
    return list(_due().order_by("last_fired_report_asked_at", "pk").values_list("pk", flat=True)[:limit])


def read_fires(account_id: int | str) -> None:
    """Order the report, or look whether it is ready. A failure changes nothing; the next list orders another."""
    account = _due().select_related("connection").filter(pk=account_id).first()
    if account is None:
        return
    row = AdAccount.objects.filter(pk=account.pk, last_fired_report_asked_at=account.last_fired_report_asked_at)
    try:
        with open_provider(account.connection) as provider:
            if account.last_fired_report_id and not _is_given_up(account):
                fires = provider.last_fired(account.ref, account.last_fired_report_id)
                if fires is not None:
                    _keep(account, fires)
                    row.update(last_fired_report_id="")
                return
            # Only columns of the row itself, so that one of two workers finds it changed (see push._claim).
            asked = timezone.now()
            if row.update(last_fired_report_asked_at=asked, last_fired_report_id=""):
                report = provider.order_last_fired(account.ref)
                AdAccount.objects.filter(pk=account.pk, last_fired_report_asked_at=asked).update(
                    last_fired_report_id=report
                )
    except ProviderError as error:
        log.warning("last fires of ad account %s: %s", account.pk, error.code)
        if not error.retryable:
            row.update(last_fired_report_id="")


def _keep(account: AdAccount, fires: Mapping[str, datetime | None]) -> None:
    """Only what is new, few rows in each transaction and a rest behind it: on SQLite the web waits for this lock."""
    told, seen = list(fires), timezone.now()
    for start in range(0, len(told), AT_ONCE):
        those = account.pixels.filter(remote_id__in=told[start : start + AT_ONCE])
        rows = list(those.only("remote_id", "last_fired_at", "last_fired_report_seen_at"))
        fired = [pixel for pixel in rows if pixel.last_fired_at != fires[pixel.remote_id]]
        for pixel in fired:
            pixel.last_fired_at = fires[pixel.remote_id]
        bulk.update(fired, ["last_fired_at"])
        unseen = [pixel.pk for pixel in rows if pixel.last_fired_report_seen_at is None]
        Pixel.objects.filter(pk__in=unseen).update(last_fired_report_seen_at=seen)
        if fired or unseen:
            time.sleep(settings.PULL_PAUSE)
    AdAccount.objects.filter(pk=account.pk).update(last_fired_report_seen_at=seen)


def _is_given_up(account: AdAccount) -> bool:
    return (
        account.last_fired_report_asked_at is None
        or account.last_fired_report_asked_at < timezone.now() - GIVE_UP_AFTER
    )


def _due() -> QuerySet[AdAccount]:
    tell = [slug for slug, provider in PROVIDERS.items() if provider.can("last_fired")]
    rows = AdAccount.objects.filter(connection__provider__in=tell, listed_at__isnull=False)
    now = timezone.now()
    rows = rows.filter(reachable(now, "connection__"))
    waited_for = ~Q(last_fired_report_id="") & Q(last_fired_report_asked_at__gt=now - GIVE_UP_AFTER)
    listed_since = Q(last_fired_report_asked_at__lt=F("listed_at")) & Q(last_fired_report_asked_at__lt=now - NOT_BEFORE)
    return rows.filter(Q(last_fired_report_asked_at=None) | waited_for | listed_since)
