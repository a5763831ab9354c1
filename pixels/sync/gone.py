"""A pixel that was not in the last list: looked for by its id, twice, before it counts as gone.

Only a positive answer says that it is not there: what is refused, throttled or broken says nothing.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from pixels import snippets
from pixels.models import Connection, Pixel
from pixels.providers import PROVIDERS
from pixels.providers.errors import NotFound, ProviderError

from .client import speaking_for
from .drift import see
from .outcome import locked

log = logging.getLogger(__name__)


def due(limit: int) -> list[UUID]:
    """Ids of the missing pixels that were not looked for lately."""
    return list(_due().order_by("read_back_at", "pk").values_list("pk", flat=True)[:limit])


def look(pixel_id: UUID | str) -> None:
    pixel = _due().select_related("connection", "ad_account").filter(pk=pixel_id).first()
    if pixel is None:
        return
    Pixel.objects.filter(pk=pixel.pk).update(read_back_at=timezone.now())
    remote = None
    try:
        with speaking_for(pixel.connection) as provider:
            remote = provider.read_pixel(pixel.ad_account.ref, pixel.remote_id)
    except NotFound:
        pass
    except ProviderError as error:
        log.warning("second look at pixel %s: %s", pixel.pk, error.code)
        return
    with transaction.atomic():
        pixel = locked(pixel.pk)
        if pixel.lifecycle != Pixel.Lifecycle.LIVE or pixel.remote != Pixel.Remote.ABSENT:
            return
        if remote is not None:
            see(pixel, remote)
            pixel.checked_at = timezone.now()
        elif pixel.missed_at is None:
            pixel.missed_at = timezone.now()
        elif pixel.missed_at <= timezone.now() - _apart():
            pixel.remote = Pixel.Remote.GONE
        pixel.save()
        if remote is not None:
            snippets.issue(pixel)


def _due() -> QuerySet[Pixel]:
    read = [slug for slug, provider in PROVIDERS.items() if provider.can("read")]
    rows = Pixel.objects.filter(connection__provider__in=read, lifecycle=Pixel.Lifecycle.LIVE, archived_at=None)
    rows = rows.filter(remote=Pixel.Remote.ABSENT, connection__paused_at=None, connection__disconnected_at=None)
    rows = rows.exclude(connection__test=Connection.Test.REFUSED)
    return rows.filter(Q(read_back_at=None) | Q(read_back_at__lte=timezone.now() - _apart()))


def _apart() -> timedelta:
    return timedelta(seconds=settings.QUIET_TIME)
