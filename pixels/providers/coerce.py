"""Values from a provider's answer. One of an unexpected shape is left out, so that it never reaches a row or a form."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

EXACT = 2**53  # a float holds every whole number below this
MAX_ID = 64  # characters; the column Pixel.remote_id holds no more

Shape = Callable[[Any], Any]  # returns the value, normalised, or raises ValueError


def coerce(said: Mapping[str, Any], shapes: Mapping[str, Shape]) -> dict[str, Any]:
    """The fields of `said` that `shapes` names and whose values have that shape, normalised."""
    found = {}
    for name, shape in shapes.items():
        if name in said:
            try:  # noqa: SIM105, a context manager for each field slows down the reading of a long list
                found[name] = shape(said[name])
            except ValueError:
                pass
    return found


def text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise ValueError


def number(value: Any) -> float | None:
    """A finite number, given as a number or as text."""
    if value is None or (type(value) is float and math.isfinite(value)):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    try:
        found = float(value)
    except OverflowError:
        found = math.inf  # an int beyond the largest float
    if not math.isfinite(found):
        raise ValueError
    return found


def whole(value: Any) -> int | None:
    if value is None or (type(value) is int and abs(value) < EXACT):
        return value
    found = number(value)
    if found is None:
        return None
    if not found.is_integer():
        raise ValueError
    return int(found)


def object_id(value: Any) -> str | None:
    """A provider's id, which may be a number or a string, as text; None if it is neither, or too long for a row."""
    if type(value) is int:  # as in most answers
        value = str(value)
        if value.isdigit() and len(value) <= MAX_ID:
            return value
    return value if isinstance(value, str) and re.fullmatch(rf"[\x21-\x7e]{{1,{MAX_ID}}}", value) else None
