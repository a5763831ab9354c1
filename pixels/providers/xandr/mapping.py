"""From our values to Xandr's pixel object, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from ..coerce import Shape, coerce, number, object_id, text, whole
from ..values import RemotePixel
from .vocabulary import NO_CATEGORY

WINDOWS = ("post_click_expire_mins", "post_view_expire_mins")
TEXTS = ("state", "trigger_type", "code")


def _piggybacks(value: Any) -> list[dict[str, str]]:
    """The piggyback pixels. Raises ValueError if one is malformed, as a part would be taken for the whole list."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError
    found = []
    for item in value:
        kind, url = (item.get("pixel_type"), item.get("url")) if isinstance(item, dict) else (None, None)
        if not isinstance(kind, str) or not isinstance(url, str):
            raise ValueError
        found.append({"pixel_type": kind, "url": url})
    return found


SHAPES: dict[str, Shape] = {
    **dict.fromkeys(TEXTS, text),
    "min_minutes_per_conv": whole,
    **dict.fromkeys(WINDOWS, whole),
    "post_click_value": number,
    "post_view_value": number,
    "piggyback_pixels": _piggybacks,
}


def to_object(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Name, events and options as Xandr's fields. None becomes null, and a field that is not given is left out."""
    fields = dict(fields)
    events = fields.pop("events", None)
    if events is not None:
        (category,) = events
        fields["pixel_conversion_event_id"] = None if category == NO_CATEGORY else _category_id(category)
    return fields


def _category_id(category: str) -> int | str:
    """The id as a number. An id that is no number came from Xandr and is sent back unchanged."""
    return int(category) if re.fullmatch(r"[0-9]{1,18}", category) else category


def to_remote_pixel(remote_id: str, pixel: Mapping[str, Any]) -> RemotePixel:
    name, state = pixel.get("name"), pixel.get("state")
    return RemotePixel(
        remote_id=remote_id,
        name=name if isinstance(name, str) else None,
        state=state if isinstance(state, str) else None,
        events=_events(pixel),
        options=coerce(pixel, SHAPES),
        changed_at=moment(pixel.get("last_modified")),
        raw=pixel,
    )


def comparable(field_name: str, value: Any) -> Any:
    """Null and 0 both mean the longest window, and null and [] both mean no piggyback pixels."""
    value = coerce({field_name: value}, SHAPES).get(field_name, value)
    return value or None if field_name in (*WINDOWS, *TEXTS) else value


def _events(pixel: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The category; None if the object has none, like those of 2010, or has a malformed one."""
    if "pixel_conversion_event_id" in pixel:
        category = pixel["pixel_conversion_event_id"]
    elif "pixel_conversion_event" in pixel:
        named = pixel["pixel_conversion_event"]  # an array in the documents' table of fields, an object in their sample
        if isinstance(named, list):
            named = named[0] if named else None
        if named is not None and not (isinstance(named, dict) and "id" in named):
            return None
        category = named["id"] if named else None
    else:
        return None
    if category is None:
        return (NO_CATEGORY,)
    word = category if isinstance(category, str) else object_id(category)
    return (word,) if word else None


def moment(value: Any) -> datetime | None:
    """A time of Xandr's ("YYYY-MM-DD HH:MM:SS", in UTC); None if the value is not a time."""
    try:
        found = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None or found.tzinfo:
        return found
    return found.replace(tzinfo=UTC)


def time_text(moment: datetime) -> str:
    """The time as Xandr writes it. (strftime would write years before 1000 with fewer than four digits.)"""
    with suppress(OverflowError):  # in UTC it would lie outside of the calendar; a few hours do not matter there
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
