"""A create whose answer was lost: search for its pixel before anything is sent again.

First a quiet time passes, in which a request that is still under way takes effect. Then the provider's list says
whether the pixel exists. If it does, it is linked. If it provably does not, the create is sent again. If the provider
cannot be searched, a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from pixels.models import Operation, Pixel
from pixels.outbox.claim import held
from pixels.providers.base import Provider
from pixels.providers.values import RemotePixel


def can_be_looked_up(pixel: Pixel) -> bool:
    return pixel.provider_class.can("find") and pixel.can_be_recognised


def note_preexisting(provider: Provider, operation: Operation) -> None:
    """Before a create is first sent, store the ids of objects that already have its name or code.

    A later look-up must not take these for the new pixel. For our own reference, which is unique, nothing need be
    stored. Raises ProviderError.
    """
    pixel = operation.pixel
    if operation.kind != Operation.Kind.CREATE or operation.preexisting_ids is not None or not can_be_looked_up(pixel):
        return
    found_by_reference = not provider.can("name_unique") and pixel.lookup_key == pixel.reference
    found = [] if found_by_reference else [remote.remote_id for remote in _search(provider, operation)]
    operation.preexisting_ids = found
    held(operation).update(preexisting_ids=found)


def preexisting_ids(pixels: Iterable[Pixel]) -> dict[UUID, list[str]]:
    """The ids that `note_preexisting` has stored, by the pixel's key."""
    noted = Operation.objects.filter(pixel__in=pixels, kind=Operation.Kind.CREATE, preexisting_ids__isnull=False)
    return {
        pixel_id: list(ids or ())
        for pixel_id, ids in noted.order_by("created_at").values_list("pixel", "preexisting_ids")
    }


def look_up(provider: Provider, operation: Operation) -> list[RemotePixel]:
    """The objects that this create has made: none, one, or more. Raises ProviderError."""
    pixel = operation.pixel
    others = Pixel.objects.filter(ad_account=pixel.ad_account_id).exclude(pk=pixel.pk).exclude(remote_id="")
    # Leave out objects of other rows, except a row that a pull has just made: `link_remote` replaces it.
    in_use = set(others.exclude(created_by=None).values_list("remote_id", flat=True))
    known = {*(operation.preexisting_ids or ()), *in_use}
    return [remote for remote in _search(provider, operation) if remote.remote_id not in known]


def _search(provider: Provider, operation: Operation) -> list[RemotePixel]:
    """Search among objects made since this create was asked for. One day is added, as clocks differ."""
    pixel = operation.pixel
    since = operation.created_at - timedelta(days=1)
    return provider.find_pixels(pixel.ad_account.ref, pixel.lookup_key or pixel.reference, pixel.name, since)
