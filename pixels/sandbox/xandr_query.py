"""Xandr's query strings: ids, paging, filters, sorting and `fields` (the vendor's page "API Semantics")."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from .xandr_envelope import PAGE, Body, Envelope, Refused

TIMESTAMP = "%Y-%m-%d %H:%M:%S"  # in bodies, and in queries with `+` for the space; UTC

Query = Mapping[str, str]

NOT_FOUND = "resource not found"  # recorded, with error_id SYNTAX

# What a service's objects may be filtered and sorted by, and of which type each field is.
Types = Mapping[str, str]

# inferred: /pixel/meta, which would tell, has no published answer
PIXEL: Types = {
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

# inferred: the page says "a list of fields" and shows one; commas, as everywhere else in a query
SORT_SEPARATOR = ","
# inferred: the page shows only fields that exist; a misspelt one is refused, as a misspelt filter is.
# It also says that a filter "may" need its field among them; here it does not.
UNKNOWN_FIELD = "Invalid field: {}"

Test = Callable[[dict[str, Any]], bool]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Selection:
    tests: dict[str, Test] = field(default_factory=dict)  # by the parameter that each comes from
    sort: list[tuple[str, bool]] = field(default_factory=list)  # field, descending
    start: int | None = None
    asked: int | None = None  # num_elements, already cut to the maximum
    fields: tuple[str, ...] = ()  # of each object; empty: all

    def rows(self, objects: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
        """One page, and how many there are in all."""
        found = [one for one in objects if all(test(one) for test in self.tests.values())]
        found.sort(key=lambda one: one["id"])
        return [self.cut(one) for one in self.page(self.in_order(found))], len(found)

    def in_order(self, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Of those in the order of their ids, which decides between equals."""
        for name, descending in reversed(self.sort):
            found = sorted(found, key=partial(_sort_key, name), reverse=descending)
        return found

    def page(self, found: list[T]) -> list[T]:
        start = self.start or 0
        return found[start : start + (self.asked or PAGE)]

    def cut(self, one: dict[str, Any]) -> dict[str, Any]:
        for name in self.fields:
            if name not in one:
                raise Refused(UNKNOWN_FIELD.format(name))
        return {name: one[name] for name in one if name in self.fields} if self.fields else one


def _sort_key(name: str, one: dict[str, Any]) -> tuple[bool, Any]:
    value = one[name]
    return (value is not None, value)  # nothing sorts before something


def only(query: Query, *allowed: str) -> None:
    for name in query:
        if name not in allowed:
            raise Refused(UNKNOWN_PARAMETER.format(name))


def ids(text: str) -> list[int]:
    """`123,456,789`, each once, in order."""
    numbers = [number(part, "id") for part in text.split(",")]
    return list(dict.fromkeys(numbers))


def wanted(query: Query) -> list[int]:
    """The ids that a query names, of which a page is all that it gets."""
    return ids(query["id"])[:PAGE]


def number(text: str, name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Refused(f"{name} must be an int")
    return int(text)


def flag(query: Query, name: str) -> bool:
    value = query.get(name, "false").lower()
    if value not in ("true", "false"):
        raise Refused(f"{name} must be true or false")
    return value == "true"


def listing(
    query: Query,
    found: list[Body],
    types: Types,
    envelope: Envelope,
    *,
    one: str,
    many: str,
    codes_name_one: bool = False,
    but: tuple[str, ...] = (),
) -> Body:
    """An answer of a service: one object for one id, a list otherwise. `one` and `many` are their keys."""
    if "id" in query:
        numbers = wanted(query)
        found = [it for it in found if it["id"] in numbers]
    chosen = selection(query, types, but=("id", *but))
    rows, count = chosen.rows(found)
    single = names_one(query, codes_name_one=codes_name_one)
    if single and count == 0:
        raise Refused(NOT_FOUND, empty=True)
    if single and count == 1 and rows:
        return envelope.one(rows[0], one, asked=chosen.asked)
    return envelope.many(rows, count=count, start=chosen.start, asked=chosen.asked, term=many)


def names_one(query: Query, *, codes_name_one: bool) -> bool:
    return "," not in query["id"] if "id" in query else codes_name_one and "code" in query


def described(types: Types) -> list[Body]:
    # inferred: no answer of a service's /meta is published; one object a field, with what the page of
    # /pixel says that it tells
    return [{"name": name, "type": kind, "filter_by": True, "sort_by": True} for name, kind in types.items()]


def selection(query: Query, types: Types = PIXEL, *, but: tuple[str, ...]) -> Selection:
    """Everything in the query but the parameters named."""
    rest = {name: value for name, value in query.items() if name not in but}
    start, asked = rest.pop("start_element", None), rest.pop("num_elements", None)
    sort, fields = rest.pop("sort", ""), rest.pop("fields", None)
    return Selection(
        tests={name: _test(name, value, types) for name, value in rest.items()},
        sort=[_sort(part, types) for part in sort.split(SORT_SEPARATOR)] if "sort" in query else [],
        start=None if start is None else number(start, "start_element"),
        asked=None if asked is None else _page_size(asked),
        fields=() if fields is None else tuple(fields.split(",")),
    )


def _page_size(text: str) -> int:
    size = number(text, "num_elements")
    if size < 1:
        raise Refused("num_elements must be at least 1")
    # documented: more than the maximum is no error. inferred: the answer then repeats the maximum
    return min(size, PAGE)


def _sort(text: str, types: Types) -> tuple[str, bool]:
    name, _, direction = text.partition(".")
    if name not in types or direction not in ("asc", "desc"):
        raise Refused("sort must be a field and a direction, as in id.desc")
    return name, direction == "desc"


def _test(parameter: str, text: str, types: Types) -> Test:
    """One filter: a field with or without a prefix."""
    if parameter in types:
        wanted = {value(parameter, part, types) for part in text.split(",")}
        return lambda one: one[parameter] in wanted
    prefix, _, name = parameter.partition("_")
    kind = types.get(name)
    if kind is None:
        raise Refused(UNKNOWN_PARAMETER.format(parameter))
    if prefix == "not":
        unwanted = {value(name, part, types) for part in text.split(",")}
        return lambda one: one[name] not in unwanted
    if prefix == "like" and kind == "string":
        return lambda one: text.casefold() in (one[name] or "").casefold()
    bounded = kind in ("int", "double", "timestamp")
    if prefix in ("min", "max") and bounded:
        return _bound(name, value(name, text, types), lowest=prefix == "min", null=False)
    if prefix in ("nmin", "nmax") and kind == "timestamp":
        return _bound(name, value(name, text, types), lowest=prefix == "nmin", null=True)
    raise Refused(UNKNOWN_PARAMETER.format(parameter))


def _bound(name: str, limit: Any, *, lowest: bool, null: bool) -> Test:
    def test(one: dict[str, Any]) -> bool:
        value = one[name]
        if value is None:
            return null
        return bool(value >= limit) if lowest else bool(value <= limit)

    return test


def value(name: str, text: str, types: Types = PIXEL) -> Any:
    kind = types[name]
    try:
        if kind == "int":
            return int(text)
        if kind == "double":
            return float(text)
        if kind == "timestamp":
            return datetime.strptime(text, TIMESTAMP).isoformat(sep=" ")
    except ValueError:
        raise Refused(f"{name}: invalid {kind}") from None
    return text
