"""Links a pixel to the remote object that it stands for. A pixel has at most one, and no two pixels share one.

If two rows stand for one object, or one row has made two objects, PixelHub deletes nothing at the provider: the pixel
says so, and a person decides.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from pixels.limits import clock
from pixels.models import Operation, Pixel
from pixels.models.pixel import DUPLICATE
from pixels.providers.values import RemotePixel
from pixels.reconcile.compare import apply_remote


def locked(pixel_id: UUID) -> Pixel:
    rows = Pixel.objects.select_for_update(of=("self",)).select_related("connection", "ad_account", "team")
    return rows.get(pk=pixel_id)


def is_complete(remote: RemotePixel) -> bool:
    """Whether the answer to a create or update holds the whole object, not only its id."""
    return remote.name is not None


def report_duplicate(pixel: Pixel, others: list[str]) -> None:
    """Make the pixel say that its provider holds it more than once. Only people know which object is on a website."""
    with transaction.atomic():
        pixel = locked(pixel.pk)
        pixel.set_duplicate(others)
        pixel.save()


def link_remote(pixel: Pixel, remote: RemotePixel) -> bool:
    """Link this pixel to the remote object; unsaved. Returns whether it is linked.

    If a pull has made a row of the object meanwhile, that row is deleted, and its snippets and website go to the pixel.
    But if people have worked with that row, it stays, and the pixel is saved with an error about it.
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
    """End the open or unknown create of this pixel, so that it is not sent again. `end`: DONE if the object was
    made, FAILED if not."""
    unsettled = Q(state=Operation.State.UNKNOWN) | Q(state__in=Operation.OPEN)
    Operation.objects.filter(unsettled, pixel=pixel, kind=Operation.Kind.CREATE).update(
        lease_until=None, state=end, finished_at=timezone.now(), error_code="", error_message="", error_params={}
    )
    plan_duplicate_check(pixel)


def plan_duplicate_check(pixel: Pixel) -> None:
    """If its create was sent more than once and is done, look for a second object later. The numbers are read from the
    row: a worker that was overtaken knows of its own request only."""
    if settings.DUPLICATE_CHECKS:
        creates = Operation.objects.filter(pixel=pixel, kind=Operation.Kind.CREATE, state=Operation.State.DONE)
        unchecked = creates.filter(sends__gt=1, unconfirmed_count__gt=0, duplicate_checks_done=0)
        unchecked.update(duplicate_check_at=clock.now() + timedelta(seconds=settings.DUPLICATE_CHECKS[0]))


def _report_row_in_use(pixel: Pixel, other: Pixel) -> None:
    pixel.lifecycle, pixel.remote_status = Pixel.Lifecycle.UNKNOWN, Pixel.RemoteStatus.DUPLICATE
    pixel.set_message(DUPLICATE, "link.row_in_use", name=other.name)
    pixel.save()
