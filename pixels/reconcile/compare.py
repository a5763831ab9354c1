"""Three-way comparison of a pixel: our values (local), the provider's (remote), and what both had last (base)."""

from __future__ import annotations

from typing import Any, Literal

from pixels.models import Pixel
from pixels.providers.values import RemotePixel

ABSENT_OR_GONE = (Pixel.RemoteStatus.ABSENT, Pixel.RemoteStatus.GONE)
STATE_LENGTH = Pixel._meta.get_field("remote_state").max_length
SEEN_FIELDS = [
    *("absent_at", "missed_at", "remote_status", "remote_state", "remote_snippet", "remote_values"),
    *("drift", "base_values"),
]


def values_of(remote: RemotePixel) -> dict[str, Any]:
    """The provider's values, in the shape of `Pixel.local_values`, without the fields that the provider did not
    send."""
    values: dict[str, Any] = dict(remote.options or {})
    if remote.name is not None:
        values["name"] = remote.name
    if remote.events is not None:
        values["events"] = list(remote.events)
    return values


def differing(pixel: Pixel, remote: dict[str, Any]) -> list[str]:
    """Names of the fields that both sides have and that differ. The provider decides which values count as equal."""
    same = pixel.provider_class.comparable
    local = pixel.local_values
    unequal = [name for name in local.keys() & remote.keys() if local[name] != remote[name]]
    return sorted(name for name in unequal if same(name, local[name]) != same(name, remote[name]))


def apply_remote(pixel: Pixel, remote: RemotePixel) -> bool:
    """Copy what the provider sent into the row, unsaved. Returns whether anything changed. Our own values stay."""
    before = [getattr(pixel, name) for name in SEEN_FIELDS]
    values = values_of(remote)
    pixel.absent_at = pixel.missed_at = None
    if pixel.remote_status != Pixel.RemoteStatus.DUPLICATE:
        pixel.remote_status = Pixel.RemoteStatus.NOT_SEEN  # `compare` sets the status that follows from the values
    pixel.remote_values = values or pixel.remote_values
    pixel.remote_state = (remote.state or pixel.remote_state)[:STATE_LENGTH]
    pixel.remote_snippet = remote.snippet or pixel.remote_snippet
    compare(pixel, values)
    return before != [getattr(pixel, name) for name in SEEN_FIELDS]


def compare(pixel: Pixel, remote: dict[str, Any] | None = None) -> None:
    """Set which fields differ, their base values, and the remote status that follows; unsaved.

    `remote`: the provider's values; left out, those that are stored.
    """
    differ = differing(pixel, pixel.remote_values or {} if remote is None else remote)
    local = pixel.local_values
    pixel.base_values = {name: pixel.base_values.get(name, local[name]) for name in differ}
    pixel.drift = [name for name in differ if name not in pixel.ignored]
    if pixel.remote_status in (*ABSENT_OR_GONE, Pixel.RemoteStatus.DUPLICATE):
        return  # the values do not say whether the object exists, or whether there is a second one
    if not pixel.provider_class.can("read"):
        pixel.remote_status = Pixel.RemoteStatus.UNVERIFIABLE
    else:
        pixel.remote_status = Pixel.RemoteStatus.DRIFTED if pixel.drift else Pixel.RemoteStatus.IN_SYNC


def note_local_change(pixel: Pixel, changes: dict[str, Any]) -> None:
    """Call this before our values change; unsaved. The old ones become the base until the provider has the new ones
    too."""
    local = pixel.local_values
    pixel.base_values = {**{name: local[name] for name in changes if name in local}, **pixel.base_values}
    pixel.remote_hash = None


def who_moved(pixel: Pixel, field: str) -> Literal["remote", "local", "both"]:
    """Which side of a differing field has changed since the base value: "local", "remote", or "both" for a conflict."""
    same = pixel.provider_class.comparable
    local, remote = (same(field, side.get(field)) for side in (pixel.local_values, pixel.remote_values or {}))
    base = same(field, pixel.base_values[field]) if field in pixel.base_values else local
    if base == local:
        return "remote"
    return "local" if base == remote else "both"
