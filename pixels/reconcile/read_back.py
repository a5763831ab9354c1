"""Reads what the answer to a create left out. Until then the screen says "Live, snippet being fetched"."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from pixels import snippets
from pixels.limits import clock
from pixels.limits.poll import compare_and_swap
from pixels.limits.provider_session import open_provider
from pixels.models import Pixel
from pixels.models.connection import reachable
from pixels.providers.errors import ProviderError
from pixels.reconcile.compare import apply_remote
from pixels.reconcile.link import locked

log = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(days=1)  # after that, the connection's next sync fetches it


def read_back(pixel: Pixel) -> None:
    """Read the pixel at its provider. After a failure nothing changes, and the dispatcher finds the pixel again
    later."""
    if pixel.provider_class.can("read") and compare_and_swap(pixel, read_back_at=timezone.now()):
        _read(pixel)


def due(limit: int) -> list[UUID]:
    """Ids of live pixels whose values at the provider we do not know. The time between two tries of a pixel doubles."""
    now = timezone.now()
    rows = Pixel.objects.filter(lifecycle=Pixel.Lifecycle.LIVE, remote_values__isnull=True, archived_at=None)
    rows = rows.filter(created_at__gt=now - GIVE_UP_AFTER).exclude(remote_status=Pixel.RemoteStatus.UNVERIFIABLE)
    rows = rows.filter(reachable(now, "connection__")).order_by("read_back_at", "pk")
    shortest = timedelta(seconds=settings.DISPATCH_INTERVAL)
    return [
        pk
        for pk, created, tried in rows.values_list("pk", "created_at", "read_back_at")[: 10 * limit]
        if tried is None or now - tried >= max(tried - created, shortest)
    ][:limit]


def _read(pixel: Pixel) -> None:
    try:
        with open_provider(pixel.connection) as provider:
            remote = provider.read_pixel(pixel.ad_account.ref, pixel.remote_id)
    except ProviderError as error:
        log.warning("read-back of pixel %s: %s", pixel.pk, error.code)
        return
    with transaction.atomic():
        pixel = locked(pixel.pk)
        if pixel.lifecycle == Pixel.Lifecycle.LIVE:
            apply_remote(pixel, remote)
            pixel.checked_at = clock.now()
            pixel.save()
            snippets.issue(pixel)
