"""Xandr's pixel object and ours, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..answer import object_id
from ..base import RemotePixel
from .vocabulary import NO_CATEGORY

TEXTS = ("state", "trigger_type", "code")
MINUTES = ("min_minutes_per_conv", "post_click_expire_mins", "post_view_expire_mins")
WINDOWS = ("post_click_expire_mins", "post_view_expire_mins")
VALUES = ("post_click_value", "post_view_value")


def to_object(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Name, events and options as Xandr's fields: null stays null, and what is not named stays out."""
    fields = dict(fields)
    events = fields.pop("events", None)
    if events is not None:
        (category,) = events
        fields["pixel_conversion_event_id"] = None if category == NO_CATEGORY else int(category)
    return fields


def to_remote_pixel(remote_id: str, pixel: Mapping[str, Any]) -> RemotePixel:
    options: dict[str, Any] = {key: pixel[key] for key in TEXTS if key in pixel}
    options |= {key: _number(pixel[key], whole=True) for key in MINUTES if key in pixel}
    options |= {key: _number(pixel[key]) for key in VALUES if key in pixel}
    if "piggyback_pixels" in pixel:
        options["piggyback_pixels"] = _piggybacks(pixel["piggyback_pixels"])
    name, state = pixel.get("name"), pixel.get("state")
    return RemotePixel(
        remote_id=remote_id,
        name=name if isinstance(name, str) else None,
        state=state if isinstance(state, str) else None,
        events=_events(pixel),
        options=options,
        raw=pixel,
    )


def comparable(field_name: str, value: Any) -> Any:
    """Synonyms made one: 0 and null both mean the longest window; no piggyback pixels is null or []."""
    if field_name in WINDOWS:
        return value or None
    if field_name in VALUES and isinstance(value, int):
        return float(value)
    if field_name == "piggyback_pixels":
        return _piggybacks(value)
    if field_name == "code":
        return value or None
    return value


def _events(pixel: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The category; None where the object is silent about it, as those of 2010 are."""
    if "pixel_conversion_event_id" in pixel:
        category = pixel["pixel_conversion_event_id"]
    elif "pixel_conversion_event" in pixel:
        named = pixel["pixel_conversion_event"]  # an array by the field table, an object in the sample
        if isinstance(named, list):
            named = named[0] if named else None
        category = named.get("id") if isinstance(named, dict) else None
    else:
        return None
    return (NO_CATEGORY if category is None else object_id(category) or str(category),)


def _number(value: Any, *, whole: bool = False) -> Any:
    """A number, also from a string; what is none is kept as it came and shows as a difference."""
    if value is None or isinstance(value, bool):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return value
    if not whole:
        return number
    return int(number) if number.is_integer() else value


def _piggybacks(value: Any) -> Any:
    if not isinstance(value, list):
        return value or []
    return [
        {"pixel_type": item.get("pixel_type"), "url": item.get("url")} if isinstance(item, dict) else item
        for item in value
    ]
