"""When pixels last fired, for providers that tell: asked after a whole list, at most once an hour."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from pixels.models import AdAccount, Connection, Pixel
from pixels.providers import PROVIDERS
from pixels.providers.errors import ProviderError

from .client import speaking_for

log = logging.getLogger(__name__)

NOT_BEFORE = timedelta(hours=1)
AT_ONCE = 500  # rows of one update


def due(limit: int) -> list[int]:
    """Ids of the ad accounts that have been listed since they were last asked for their fires."""
    return list(_due().order_by("fires_asked_at", "pk").values_list("pk", flat=True)[:limit])


def read_fires(account_id: int | str) -> None:
    """Ask for one ad account, and write down what was said. A failure changes nothing; the next list asks again."""
    if not _due().filter(pk=account_id).update(fires_asked_at=timezone.now()):
        return
    account = AdAccount.objects.select_related("connection").get(pk=account_id)
    try:
        with speaking_for(account.connection) as provider:
            fires = provider.last_fired(account.ref)
    except ProviderError as error:
        log.warning("last fires of ad account %s: %s", account.pk, error.code)
        return
    seen = timezone.now()
    rows = account.pixels.exclude(remote_id="").only("pk", "remote_id", "last_fired_at").order_by("pk")
    changed = []
    for pixel in rows.iterator(chunk_size=AT_ONCE):
        if pixel.remote_id in fires:
            pixel.last_fired_at, pixel.fires_seen_at = fires[pixel.remote_id], seen
            changed.append(pixel)
    Pixel.objects.bulk_update(changed, ["last_fired_at", "fires_seen_at"], batch_size=AT_ONCE)


def _due() -> QuerySet[AdAccount]:
    tell = [slug for slug, provider in PROVIDERS.items() if provider.can("last_fired")]
    rows = AdAccount.objects.filter(connection__provider__in=tell, listed_at__isnull=False)
    rows = rows.filter(connection__paused_at=None, connection__disconnected_at=None)
    rows = rows.exclude(connection__test=Connection.Test.REFUSED)
    listed_since = Q(fires_asked_at__lt=F("listed_at")) & Q(fires_asked_at__lt=timezone.now() - NOT_BEFORE)
    return rows.filter(Q(fires_asked_at=None) | listed_since)
