"""Looks up pixels that the last list lacked, by their ids. A pixel that is not found twice counts as gone.

Only a positive answer says that a pixel does not exist: a refused, throttled or broken answer says nothing.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Min, QuerySet

from pixels import snippets
from pixels.limits import clock
from pixels.limits.provider_session import open_provider
from pixels.models import AdAccount, Pixel
from pixels.models.connection import reachable
from pixels.providers.errors import ProviderError
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import RemotePixel
from pixels.reconcile.compare import apply_remote
from pixels.reconcile.link import locked

log = logging.getLogger(__name__)

AT_ONCE = 500  # pixels in one task


def due(limit: int) -> list[int]:
    """Ids of the ad accounts with missing pixels that were not looked up lately."""
    rows = _due().values("ad_account").annotate(since=Min("read_back_at")).order_by("since", "ad_account")
    return list(rows.values_list("ad_account", flat=True)[:limit])


def check(account_id: int) -> None:
    """Look up the missing pixels of this ad account.

    This does not use `poll`, because each pixel may be claimed by another worker. Two workers that look up the same
    pixel do no harm, as `_note` counts misses by their time.
    """
    account = AdAccount.objects.select_related("connection").filter(pk=account_id).first()
    missing = _due().filter(ad_account=account_id).order_by("read_back_at", "pk")
    wanted = dict(missing.values_list("remote_id", "pk")[:AT_ONCE])
    if account is None or not wanted:
        return
    Pixel.objects.filter(pk__in=wanted.values()).update(read_back_at=clock.now())
    try:
        with open_provider(account.connection) as provider:
            for remote_id, remote in provider.read_pixels(account.ref, wanted):
                _note(wanted[remote_id], remote)
    except ProviderError as error:
        log.warning("missing pixels of ad account %s: %s", account.pk, error.code)


def _note(pixel_id: UUID, remote: RemotePixel | None) -> None:
    """Store the answer. `remote`: the object; None if the provider says that there is none."""
    with transaction.atomic():
        pixel = locked(pixel_id)
        if pixel.lifecycle != Pixel.Lifecycle.LIVE or pixel.remote_status != Pixel.RemoteStatus.ABSENT:
            return
        now = clock.now()
        if remote is not None:
            apply_remote(pixel, remote)
            pixel.checked_at = now
        elif pixel.missed_at is None:
            pixel.missed_at = now
        elif pixel.missed_at <= now - _between_misses():
            pixel.remote_status, pixel.absent_at = Pixel.RemoteStatus.GONE, None
        pixel.save()
        if remote is not None:
            snippets.issue(pixel)


def _due() -> QuerySet[Pixel]:
    now = clock.now()
    read = [slug for slug, provider in PROVIDERS.items() if provider.can("read")]
    rows = Pixel.objects.filter(reachable(now, "connection__"), connection__provider__in=read)
    rows = rows.filter(absent_at__isnull=False, archived_at=None)
    rows = rows.filter(lifecycle=Pixel.Lifecycle.LIVE, remote_status=Pixel.RemoteStatus.ABSENT)
    return rows.filter(clock.passed("read_back_at", now - _between_misses(), settings.QUIET_TIME))


def _between_misses() -> timedelta:
    return timedelta(seconds=settings.QUIET_TIME)
