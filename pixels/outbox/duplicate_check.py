"""Checks, some time after a create was sent more than once, whether it has made more than one object.

A request can still be under way when the look-up finds nothing, and take effect later; then the second request makes a
second object. Both are reported to people, and neither is deleted.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from pixels.limits import clock
from pixels.limits.poll import compare_and_swap, poll
from pixels.limits.provider_session import open_provider
from pixels.models import Operation, Pixel
from pixels.models.connection import reachable
from pixels.outbox.unconfirmed import look_up
from pixels.providers.errors import NotSupported, ProviderError
from pixels.reconcile.link import report_duplicate

log = logging.getLogger(__name__)


GIVE_UP_AFTER = timedelta(days=1)  # after the time of the last check, if the provider has not answered until then


def due(limit: int) -> list[UUID]:
    return list(_due().order_by("duplicate_check_at").values_list("pk", flat=True)[:limit])


def check(operation_id: UUID | str) -> None:
    """Report the other objects that this create has made. After a failure the check is repeated later."""
    poll(_due().select_related("pixel__connection", "pixel__ad_account").filter(pk=operation_id), _claim, _check)


def _claim(operation: Operation) -> bool:
    """Move the time of the check to the end of a lease: if this worker dies, another one checks then."""
    return compare_and_swap(operation, duplicate_check_at=clock.now() + timedelta(seconds=settings.LEASE))


def _check(operation: Operation) -> None:
    finished_at = operation.finished_at or clock.now()
    others = _other_objects(operation)
    if others is None:
        if clock.now() > finished_at + timedelta(seconds=settings.DUPLICATE_CHECKS[-1]) + GIVE_UP_AFTER:
            compare_and_swap(operation, duplicate_check_at=None)
        return
    pixel = operation.pixel
    pixel.refresh_from_db(fields=["lifecycle"])
    if others and pixel.lifecycle != Pixel.Lifecycle.DELETED:
        report_duplicate(pixel, others)
    done = operation.duplicate_checks_done + 1
    next_at = when(done, finished_at)
    compare_and_swap(operation, duplicate_check_at=next_at, duplicate_checks_done=done)


def _other_objects(operation: Operation) -> list[str] | None:
    """Remote ids of objects found beside the pixel's own; None if the look-up has to be repeated."""
    pixel = operation.pixel
    try:
        with open_provider(pixel.connection) as provider:
            found = look_up(provider, operation)
    except ProviderError as error:
        log.warning("duplicate check of operation %s: %s", operation.pk, error.code)
        return [] if isinstance(error, NotSupported) else None
    return [remote.remote_id for remote in found if remote.remote_id != pixel.remote_id]


def when(done: int, finished_at: datetime) -> datetime | None:
    """When the next check is due, after `done` checks; None after the last."""
    if done >= len(settings.DUPLICATE_CHECKS):
        return None
    return finished_at + timedelta(seconds=settings.DUPLICATE_CHECKS[done])


def _due() -> QuerySet[Operation]:
    now = clock.now()
    return Operation.objects.filter(reachable(now, "pixel__connection__"), duplicate_check_at__lte=now)
