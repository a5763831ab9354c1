"""Xandr's query strings: ids, paging, filters and sorting (the vendor's page "API Semantics")."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .xandr_envelope import PAGE, Refused

TIMESTAMP = "%Y-%m-%d %H:%M:%S"  # in bodies, and in queries with `+` for the space; UTC

# What may be filtered and sorted by. inferred: /pixel/meta, which would tell, has no published answer
TYPES = {
    "id": "int",
    "code": "string",
    "name": "string",
    "state": "enum",
    "trigger_type": "enum",
    "min_minutes_per_conv": "int",
    "post_click_expire_mins": "int",
    "post_view_expire_mins": "int",
    "post_click_value": "double",
    "post_view_value": "double",
    "pixel_conversion_event_id": "int",
    "created_on": "timestamp",
    "last_modified": "timestamp",
    "advertiser_id": "int",
}

# inferred: the vendor's pages list the filters; refusing any other parameter shows a misspelt one at once,
# where ignoring it would answer with everything
UNKNOWN_PARAMETER = "Invalid parameter: {}"

Test = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True, kw_only=True)
class Selection:
    tests: list[Test] = field(default_factory=list)
    sort_field: str = "id"
    descending: bool = False
    start: int | None = None
    asked: int | None = None  # num_elements, already cut to the maximum

    def rows(self, pixels: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
        """One page, and how many there are in all."""
        found = [pixel for pixel in pixels if all(test(pixel) for test in self.tests)]
        found.sort(key=lambda pixel: pixel["id"])
        found.sort(key=self._sort_key, reverse=self.descending)
        start = self.start or 0
        return found[start : start + (self.asked or PAGE)], len(found)

    def _sort_key(self, pixel: dict[str, Any]) -> tuple[bool, Any]:
        value = pixel[self.sort_field]
        return (value is not None, value)  # nothing sorts before something


def only(query: Mapping[str, str], *allowed: str) -> None:
    for name in query:
        if name not in allowed:
            raise Refused(UNKNOWN_PARAMETER.format(name))


def ids(text: str) -> list[int]:
    """`123,456,789`, each once, in order."""
    numbers = [number(part, "id") for part in text.split(",")]
    return list(dict.fromkeys(numbers))


def number(text: str, name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Refused(f"{name} must be an int")
    return int(text)


def flag(query: Mapping[str, str], name: str) -> bool:
    value = query.get(name, "false").lower()
    if value not in ("true", "false"):
        raise Refused(f"{name} must be true or false")
    return value == "true"


def selection(query: Mapping[str, str], *, but: tuple[str, ...]) -> Selection:
    """Everything in the query but the parameters named."""
    rest = {name: value for name, value in query.items() if name not in but}
    start, asked = rest.pop("start_element", None), rest.pop("num_elements", None)
    sort_field, descending = _sort(rest.pop("sort", "id.asc"))
    return Selection(
        tests=[_test(name, value) for name, value in rest.items()],
        sort_field=sort_field,
        descending=descending,
        start=None if start is None else number(start, "start_element"),
        asked=None if asked is None else _page_size(asked),
    )


def _page_size(text: str) -> int:
    size = number(text, "num_elements")
    if size < 1:
        raise Refused("num_elements must be at least 1")
    return min(size, PAGE)  # documented: more than the maximum is no error


def _sort(text: str) -> tuple[str, bool]:
    name, _, direction = text.partition(".")
    if name not in TYPES or direction not in ("asc", "desc"):
        raise Refused("sort must be a field and a direction, as in id.desc")
    return name, direction == "desc"


def _test(parameter: str, text: str) -> Test:
    """One filter: a field with or without a prefix."""
    if parameter in TYPES:
        wanted = {_value(parameter, part) for part in text.split(",")}
        return lambda pixel: pixel[parameter] in wanted
    prefix, _, name = parameter.partition("_")
    kind = TYPES.get(name)
    if kind is None:
        raise Refused(UNKNOWN_PARAMETER.format(parameter))
    if prefix == "not":
        unwanted = {_value(name, part) for part in text.split(",")}
        return lambda pixel: pixel[name] not in unwanted
    if prefix == "like" and kind == "string":
        return lambda pixel: text.casefold() in (pixel[name] or "").casefold()
    bounded = kind in ("int", "double", "timestamp")
    if prefix in ("min", "max") and bounded:
        return _bound(name, _value(name, text), lowest=prefix == "min", null=False)
    if prefix in ("nmin", "nmax") and kind == "timestamp":
        return _bound(name, _value(name, text), lowest=prefix == "nmin", null=True)
    raise Refused(UNKNOWN_PARAMETER.format(parameter))


def _bound(name: str, limit: Any, *, lowest: bool, null: bool) -> Test:
    def test(pixel: dict[str, Any]) -> bool:
        value = pixel[name]
        if value is None:
            return null
        return bool(value >= limit) if lowest else bool(value <= limit)

    return test


def _value(name: str, text: str) -> Any:
    kind = TYPES[name]
    try:
        if kind == "int":
            return int(text)
        if kind == "double":
            return float(text)
        if kind == "timestamp":
            return datetime.strptime(text, TIMESTAMP).strftime(TIMESTAMP)
    except ValueError:
        raise Refused(f"{name}: invalid {kind}") from None
    return text
