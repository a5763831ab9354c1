"""Cancels a waiting update if the provider has changed one of its fields meanwhile."""

from __future__ import annotations

from django.utils import timezone

from accounts.activity import record as record_activity
from pixels.models import Operation, Pixel
from pixels.outbox.record import apply_changes
from pixels.providers.values import RemotePixel
from pixels.reconcile.compare import apply_remote, values_of


def cancel_conflicting_update(pixel: Pixel, remote: RemotePixel) -> bool:
    """Cancel the waiting update if the provider's values (`remote`) have changed in one of its fields.

    Then nothing is overwritten, and a person decides between the two sides. Returns whether it cancelled; the pixel is
    then saved. `pixel` must be locked, its `remote_values` still those that were read before `remote`.
    """
    waiting = pixel.operations.filter(kind=Operation.Kind.UPDATE, state=Operation.State.PENDING, secrets=[]).first()
    if waiting is None:
        return False
    now, before, same = values_of(remote), pixel.remote_values or {}, pixel.provider_class.comparable
    moved = [
        name
        for name, local in waiting.payload.items()
        if name in now and name in before and same(name, now[name]) not in (same(name, before[name]), same(name, local))
    ]
    row = Operation.objects.filter(pk=waiting.pk, attempt=waiting.attempt, state=Operation.State.PENDING)
    if not moved or not row.update(state=Operation.State.CANCELLED, finished_at=timezone.now()):
        return False
    apply_changes(pixel, waiting.payload)
    pixel.lifecycle = Pixel.Lifecycle.LIVE
    pixel.clear_error()
    apply_remote(pixel, remote)
    pixel.save()
    provider = pixel.connection.provider
    record_activity(pixel.team, None, "pixel.change_conflicted", pixel, provider=provider, fields=moved)
    return True
