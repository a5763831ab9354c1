"""Comparing our side of a pixel with the provider's."""

from __future__ import annotations

from typing import Any, Literal

from pixels.models import Pixel
from pixels.providers.base import RemotePixel

STATE_LENGTH = Pixel._meta.get_field("remote_state").max_length


def flat(remote: RemotePixel) -> dict[str, Any]:
    """What the provider said, in the shape of `Pixel.ours`; fields it did not speak of are left out."""
    theirs: dict[str, Any] = dict(remote.options or {})
    if remote.name is not None:
        theirs["name"] = remote.name
    if remote.events is not None:
        theirs["events"] = list(remote.events)
    return theirs


def differing(pixel: Pixel, theirs: dict[str, Any]) -> list[str]:
    """Names of the fields both sides speak of and disagree on; the provider decides what counts as the same."""
    same = pixel.provider_class.comparable
    ours = pixel.ours
    return sorted(f for f in ours.keys() & theirs.keys() if same(f, ours[f]) != same(f, theirs[f]))


def see(pixel: Pixel, remote: RemotePixel) -> bool:
    """Put what was seen into the row (unsaved) and say whether that changed anything. Our values stay."""
    before = [getattr(pixel, name) for name in SEEN_FIELDS]
    theirs = flat(remote)
    pixel.absent_at = pixel.missed_at = None
    if pixel.remote != Pixel.Remote.DUPLICATE:
        pixel.remote = Pixel.Remote.NOT_SEEN  # it is there; what it is like, `compare` says
    pixel.theirs = theirs or pixel.theirs
    pixel.remote_state = (remote.state or pixel.remote_state)[:STATE_LENGTH]
    pixel.remote_snippet = remote.snippet or pixel.remote_snippet
    compare(pixel, theirs)
    return before != [getattr(pixel, name) for name in SEEN_FIELDS]


def compare(pixel: Pixel, theirs: dict[str, Any] | None = None) -> None:
    """What differs now, and what both sides had last (unsaved): three values a field, as one side may have moved or
    both."""
    differ = differing(pixel, pixel.theirs or {} if theirs is None else theirs)
    ours = pixel.ours
    pixel.agreed = {field: pixel.agreed.get(field, ours[field]) for field in differ}
    pixel.drift = [field for field in differ if field not in pixel.ignored]
    if pixel.remote in (Pixel.Remote.ABSENT, Pixel.Remote.GONE, Pixel.Remote.DUPLICATE):
        return  # no comparison tells whether it is there; and of two objects somebody has to read first
    if not pixel.provider_class.can("read"):
        pixel.remote = Pixel.Remote.UNVERIFIABLE
    else:
        pixel.remote = Pixel.Remote.DRIFTED if pixel.drift else Pixel.Remote.IN_SYNC


def moves(pixel: Pixel, changes: dict[str, Any]) -> None:
    """Our side is about to move (unsaved): what both had until now is the agreed value until theirs has followed."""
    ours = pixel.ours
    pixel.agreed = {**{field: ours[field] for field in changes if field in ours}, **pixel.agreed}
    pixel.digest = None


def who_moved(pixel: Pixel, field: str) -> Literal["theirs", "ours", "both"]:
    """Since both had the agreed value. One side: its value is the likely one. Both: a conflict."""
    same = pixel.provider_class.comparable
    ours, theirs = (same(field, side.get(field)) for side in (pixel.ours, pixel.theirs or {}))
    agreed = same(field, pixel.agreed[field]) if field in pixel.agreed else ours
    if agreed == ours:
        return "theirs"
    return "ours" if agreed == theirs else "both"


SEEN_FIELDS = ["absent_at", "missed_at", "remote", "remote_state", "remote_snippet", "theirs", "drift", "agreed"]
