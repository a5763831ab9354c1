"""A create whose answer got lost: look it up before anything is sent again.

Where the provider can be searched, the pixel is *checking*: after a quiet time, in which a request still on its way
takes effect, its list says whether it is there. There: it is attached. Provably not there: it is sent again. Only
where nobody can be asked is it *unknown*, and a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from pixels.models import Operation, Pixel
from pixels.providers.base import Provider
from pixels.providers.values import RemotePixel


def can_be_looked_up(pixel: Pixel) -> bool:
    return pixel.provider_class.can("find") and pixel.is_recognisable


def is_unconfirmed(operation: Operation) -> bool:
    """Claimed to be looked up: an earlier attempt may have been sent."""
    return operation.kind == Operation.Kind.CREATE and operation.maybe_sent


def remember(provider: Provider, operation: Operation) -> None:
    """Before the first send, note what already goes by this name or code, so that it is never taken for ours.

    Our own reference is nobody else's: there is nothing to note.
    """
    pixel = operation.pixel
    ours_alone = not provider.can("name_unique") and pixel.mark == pixel.reference
    if operation.kind != Operation.Kind.CREATE or operation.preexisting_ids is not None or not can_be_looked_up(pixel):
        return
    found = [] if ours_alone else _ids(_found(provider, operation))
    operation.preexisting_ids = found
    Operation.objects.filter(pk=operation.pk, attempt=operation.attempt).update(preexisting_ids=found)


def preexisting_ids(pixels: Iterable[Pixel]) -> dict[UUID, list[str]]:
    """What `remember` has noted, by the pixel whose create is unconfirmed."""
    noted = Operation.objects.filter(pixel__in=pixels, kind=Operation.Kind.CREATE, preexisting_ids__isnull=False)
    return {
        pixel_id: list(ids or ())
        for pixel_id, ids in noted.order_by("created_at").values_list("pixel", "preexisting_ids")
    }


def look_up(provider: Provider, operation: Operation) -> list[RemotePixel]:
    """What was made of this create: nothing, one, or more. Raises ProviderError."""
    pixel = operation.pixel
    others = Pixel.objects.filter(ad_account=pixel.ad_account_id).exclude(pk=pixel.pk).exclude(remote_id="")
    # A row that a pull made of it meanwhile gives way; one that people work with does not.
    taken = set(others.exclude(created_by=None).values_list("remote_id", flat=True))
    known = {*(operation.preexisting_ids or ()), *taken}
    return [remote for remote in _found(provider, operation) if remote.remote_id not in known]


def _found(provider: Provider, operation: Operation) -> list[RemotePixel]:
    """Of what was made since this create was promised: a day more, as clocks differ, and not a list of years."""
    pixel = operation.pixel
    since = operation.created_at - timedelta(days=1)
    return provider.find_pixels(pixel.ad_account.ref, pixel.mark or pixel.reference, pixel.name, since)


def _ids(pixels: list[RemotePixel]) -> list[str]:
    return [pixel.remote_id for pixel in pixels]
