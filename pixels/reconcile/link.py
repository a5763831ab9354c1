"""Which object at the provider a pixel stands for: one, and each for one pixel.

Nothing is deleted by machine. Where two rows or two objects are at odds, a person is told.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from pixels.models import Operation, Pixel
from pixels.models.pixel import DUPLICATE
from pixels.providers.values import RemotePixel
from pixels.reconcile.compare import see


def locked(pixel_id: UUID) -> Pixel:
    rows = Pixel.objects.select_for_update(of=("self",)).select_related("connection", "ad_account", "team")
    return rows.get(pk=pixel_id)


def said_everything(remote: RemotePixel) -> bool:
    """Some answers to a create or update know no more than the id."""
    return remote.name is not None


def report_duplicate(pixel: Pixel, others: list[str]) -> None:
    """Nothing is deleted by machine: which of them is on a website only people know."""
    with transaction.atomic():
        pixel = locked(pixel.pk)
        pixel.set_duplicate(others)
        pixel.save()


def link_remote(pixel: Pixel, remote: RemotePixel) -> bool:
    """Let our row stand for this remote object (unsaved). A row that a pull made of it meanwhile gives way, with
    what hangs on it; unless somebody has already worked with that row: then it stays, and ours says so (saved)."""
    other = Pixel.objects.filter(ad_account=pixel.ad_account, remote_id=remote.remote_id).exclude(pk=pixel.pk).first()
    if other is not None:
        if other.created_by_id or other.operations.exists():
            _give_way(pixel, other)
            return False
        pixel.website_id = pixel.website_id or other.website_id
        pixel.archived_at = pixel.archived_at or other.archived_at
        other.snippets.update(pixel=pixel)
        other.delete()
    pixel.remote_id = remote.remote_id
    pixel.absent_at = pixel.missed_at = pixel.remote_hash = None
    pixel.lifecycle = Pixel.Lifecycle.LIVE
    if said_everything(remote):
        see(pixel, remote)
    elif not pixel.provider_class.can("read"):
        pixel.remote_status = Pixel.RemoteStatus.UNVERIFIABLE
    return True


def resolve_unconfirmed(pixel: Pixel, end: Operation.State = Operation.State.DONE) -> None:
    """End the unconfirmed create of this pixel: it was made, or (FAILED) it was not. Nobody sends it any more."""
    unsettled = Q(state=Operation.State.UNKNOWN) | Q(state__in=Operation.OPEN)
    Operation.objects.filter(unsettled, pixel=pixel, kind=Operation.Kind.CREATE).update(
        lease_until=None, state=end, finished_at=timezone.now(), error_code="", error_sentence=""
    )


def _give_way(pixel: Pixel, other: Pixel) -> None:
    pixel.lifecycle, pixel.remote_status = Pixel.Lifecycle.UNKNOWN, Pixel.RemoteStatus.DUPLICATE
    pixel.error_code, pixel.error_at, pixel.error_provider_message = DUPLICATE, timezone.now(), ""
    pixel.error_sentence = f"A sync has brought in this very pixel as “{other.name}”, and it is in use there."[:500]
    pixel.error_advice = "Archive this row and go on with the other one."
    pixel.save()
