"""The shapes of values that the pixel forms know.

What a provider says in another shape counts as not said, so that no odd value gets beyond the parsing of an answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

EXACT = 2**53  # whole numbers below it are the same as floats

Shape = Callable[[Any], Any]  # returns the value, normalised, or raises ValueError


def coerce(said: Mapping[str, Any], shapes: Mapping[str, Shape]) -> dict[str, Any]:
    """The fields that were said in the shape they should have."""
    found = {}
    for name, shape in shapes.items():
        if name in said:
            try:  # noqa: SIM105, a context manager for each field of each pixel of a long list is felt
                found[name] = shape(said[name])
            except ValueError:
                pass
    return found


def text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise ValueError


def number(value: Any) -> float | None:
    """A finite number, also from its text."""
    if value is None or (type(value) is float and math.isfinite(value)):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    try:
        found = float(value)
    except OverflowError:
        found = math.inf  # an int that no float can hold
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
