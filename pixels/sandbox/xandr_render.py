"""A Xandr pixel as it is shown: all fields, with the line items that use it."""

import json

from . import members, xandr_fields
from .xandr_envelope import Body

# inferred: the samples show null, never [], where there are no campaigns, line items, piggybacks
NOTHING_IS_NULL = True

_EMPTY: Body = {
    **dict.fromkeys(xandr_fields.ALL_FIELDS),
    **xandr_fields.DEFAULTS,
    "member_id": members.XANDR_MEMBER,
}
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # as in wire.write_json


def complete(pixel: Body, using: list[Body]) -> Body:
    """All fields of the sample of 2018, in its order, for a pixel that may have been loaded with fewer.

    Where the table and the samples differ, as the samples: the event is one object (table: array), a line
    item's id is a number (table: string).
    """
    event_id = pixel.get("pixel_conversion_event_id")
    event = None if event_id is None else {"id": event_id, "name": xandr_fields.CONVERSION_EVENTS[event_id]}
    full = {**_EMPTY, **pixel}
    full["line_items"] = [{"id": item["id"], "name": item["name"], "state": item["state"]} for item in using]
    full["pixel_conversion_event"] = event
    if NOTHING_IS_NULL:
        for name in ("campaigns", "line_items", "piggyback_pixels"):
            full[name] = full[name] or None
    if len(full) == len(_EMPTY):
        return full
    return {name: full[name] for name in _EMPTY}


def text(pixel: Body, using: list[Body]) -> str:
    return _ENCODER.encode(complete(pixel, using))
