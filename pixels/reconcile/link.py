"""Which remote object a pixel stands for: each pixel for one at most, and no two pixels for the same.

Where two rows stand for one object, or two objects were made of one row, nothing is deleted at the provider by machine:
the pixel says so, and a person decides.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from pixels.models import Operation, Pixel
from pixels.models.pixel import DUPLICATE
from pixels.providers.values import RemotePixel
from pixels.reconcile.compare import apply_remote


def locked(pixel_id: UUID) -> Pixel:
    rows = Pixel.objects.select_for_update(of=("self",)).select_related("connection", "ad_account", "team")
    return rows.get(pk=pixel_id)


def is_complete(remote: RemotePixel) -> bool:
    """False for an answer to a create or update that holds no more than the id."""
    return remote.name is not None


def report_duplicate(pixel: Pixel, others: list[str]) -> None:
    """Let the pixel say that its provider holds it more than once. Only people know which object is on a website."""
    with transaction.atomic():
        pixel = locked(pixel.pk)
        pixel.set_duplicate(others)
        pixel.save()


def link_remote(pixel: Pixel, remote: RemotePixel) -> bool:
    """Let this pixel stand for the remote object; unsaved. Returns whether it does.

    A row that a pull has made of the object meanwhile is deleted, and its snippets and website go to the pixel. But a
    row that people have worked with stays: then the pixel is saved with a message about it.
    """
    other = Pixel.objects.filter(ad_account=pixel.ad_account, remote_id=remote.remote_id).exclude(pk=pixel.pk).first()
    if other is not None:
        if other.created_by_id or other.operations.exists():
            _report_row_in_use(pixel, other)
            return False
        pixel.website_id = pixel.website_id or other.website_id
        pixel.archived_at = pixel.archived_at or other.archived_at
        other.snippets.update(pixel=pixel)
        other.delete()
    pixel.remote_id = remote.remote_id
    pixel.absent_at = pixel.missed_at = pixel.remote_hash = None
    pixel.lifecycle = Pixel.Lifecycle.LIVE
    if is_complete(remote):
        apply_remote(pixel, remote)
    elif not pixel.provider_class.can("read"):
        pixel.remote_status = Pixel.RemoteStatus.UNVERIFIABLE
    return True


def resolve_unconfirmed(pixel: Pixel, end: Operation.State = Operation.State.DONE) -> None:
    """End the open or unknown create of this pixel, so that nobody sends it: it was made, or (FAILED) it was not."""
    unsettled = Q(state=Operation.State.UNKNOWN) | Q(state__in=Operation.OPEN)
    Operation.objects.filter(unsettled, pixel=pixel, kind=Operation.Kind.CREATE).update(
        lease_until=None, state=end, finished_at=timezone.now(), error_code="", error_sentence=""
    )


def _report_row_in_use(pixel: Pixel, other: Pixel) -> None:
    pixel.lifecycle, pixel.remote_status = Pixel.Lifecycle.UNKNOWN, Pixel.RemoteStatus.DUPLICATE
    pixel.error_code, pixel.error_at, pixel.error_provider_message = DUPLICATE, timezone.now(), ""
    pixel.error_sentence = f"A sync has brought in this very pixel as “{other.name}”, and it is in use there."[:500]
    pixel.error_advice = "Archive this row and go on with the other one."
    pixel.save()
