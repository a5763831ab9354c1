"""A create that was sent more than once: looked up again when all is over.

A request that was still on its way when its look-up found nothing may take effect after all, and then there are two.
Both are told of and neither is deleted.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from pixels.limits import clock
from pixels.limits.provider_session import open_provider
from pixels.models import Operation, Pixel
from pixels.models.connection import reachable
from pixels.outbox.unconfirmed import look_up
from pixels.providers.errors import BadCredentials, ProviderError
from pixels.reconcile.link import report_duplicate

log = logging.getLogger(__name__)


def due(limit: int) -> list[UUID]:
    return list(_due(clock.now()).order_by("duplicate_check_at").values_list("pk", flat=True)[:limit])


def look(operation_id: UUID | str) -> None:
    """A failure changes nothing but the time of the next try."""
    now = clock.now()
    operation = _due(now).select_related("pixel__connection", "pixel__ad_account").filter(pk=operation_id).first()
    if operation is None:
        return
    # Compare and swap: of two workers, one. The others' next time is here already should this one not come back.
    row = Operation.objects.filter(pk=operation.pk, duplicate_check_at=operation.duplicate_check_at)
    soon = now + timedelta(seconds=settings.LEASE)
    if not row.update(duplicate_check_at=soon):
        return
    pixel = operation.pixel
    try:
        with open_provider(pixel.connection) as provider:
            found = look_up(provider, operation)
    except ProviderError as error:
        log.warning("late look at operation %s: %s", operation.pk, error.code)
        if error.retryable or isinstance(error, BadCredentials):
            return
        found = []  # it will say the same next time
    others = [remote.remote_id for remote in found if remote.remote_id != pixel.remote_id]
    pixel.refresh_from_db(fields=["lifecycle"])
    if others and pixel.is_pending:
        return  # the change that is under way would take the message away when it ends; this looks again soon
    if others and pixel.lifecycle != Pixel.Lifecycle.DELETED:
        report_duplicate(pixel, others)
    looked = operation.duplicate_checks_done + 1
    Operation.objects.filter(pk=operation.pk, duplicate_check_at=soon).update(
        duplicate_checks_done=looked, duplicate_check_at=when(looked, operation.finished_at or now)
    )


def when(looked: int, since: datetime) -> datetime | None:
    """The time of the next look, after so many."""
    if looked >= len(settings.DUPLICATE_CHECKS):
        return None
    return since + timedelta(seconds=settings.DUPLICATE_CHECKS[looked])


def _due(now: datetime) -> QuerySet[Operation]:
    return Operation.objects.filter(reachable(now, "pixel__connection__"), duplicate_check_at__lte=now)
