"""Our pixels without a remote id that an object in a list may have been made of: their creates are not confirmed.

Recognised by our reference or code, or by name where the provider lets no two objects have the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db.models import Q

from pixels.models import AdAccount, Pixel
from pixels.outbox.unconfirmed import preexisting_ids
from pixels.providers.base import Provider
from pixels.providers.values import RemotePixel

Lifecycle = Pixel.Lifecycle
REFERENCE = re.compile(r"ph-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
# The outbox is at work on these, and records the object itself.
BEING_CREATED = (Lifecycle.CREATING, Lifecycle.CHECKING)


class ExpectedPixels:
    """Those that the objects of one page may belong to; their rows are locked until the transaction ends.

    A pixel that was given up as not created counts only where an object carries its reference: nobody else has that.
    """

    def __init__(self, account: AdAccount, provider: type[Provider], remotes: Iterable[RemotePixel]) -> None:
        self._by_name = provider.can("name_unique")
        self._option = provider.reference_option or ""
        created = Q(lifecycle__in=[*BEING_CREATED, Lifecycle.UNKNOWN]) | Q(pk__in=references(provider, remotes))
        rows = account.pixels.select_for_update().exclude(lifecycle=Lifecycle.DELETED).filter(created, remote_id="")
        pixels = list(rows)
        self._preexisting_ids = preexisting_ids(pixels) if pixels else {}
        self._pixels: dict[str, list[Pixel]] = {}
        for pixel in pixels:
            for key in {pixel.name} if self._by_name else {pixel.mark, pixel.reference}:
                self._pixels.setdefault(key, []).append(pixel)

    def find(self, remote: RemotePixel) -> Pixel | None:
        """The pixel that this object was made of, unless it was there before that pixel was sent."""
        key = remote.name if self._by_name else (remote.options or {}).get(self._option)
        candidates = self._pixels.get(key, []) if isinstance(key, str) and key else []
        return next((one for one in candidates if remote.remote_id not in self._preexisting_ids.get(one.pk, ())), None)

    def remove(self, pixel: Pixel) -> None:
        """It has its object now."""
        for candidates in self._pixels.values():
            if pixel in candidates:
                candidates.remove(pixel)


def references(provider: type[Provider], remotes: Iterable[RemotePixel]) -> dict[str, list[str]]:
    """Remote ids of the objects that carry a reference of ours, by the key of the pixel that it names."""
    found: dict[str, list[str]] = {}
    if provider.reference_option:
        for remote in remotes:
            value = (remote.options or {}).get(provider.reference_option)
            if match := REFERENCE.fullmatch(str(value or "")):
                found.setdefault(match[1], []).append(remote.remote_id)
    return found
