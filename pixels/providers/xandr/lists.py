"""Xandr's lists, page by page: every service pages alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..coerce import object_id
from ..errors import BadAnswer
from . import envelope
from .session import Params, Session

MAX_PAGES = 10_000  # more is a list without an end
PAGE_SIZE = 100  # the default and the most; asking for more gives 100 without a word


@dataclass(frozen=True)
class Rows:
    """One page: its objects by their ids, and the size that Xandr claims for the whole list (None: it does not)."""

    by_id: Mapping[str, Mapping[str, Any]]
    total: int | None
    repeated: bool = False  # nothing but what was listed before
    end: int = 0  # where the next page begins


def pages(
    session: Session, path: str, names: tuple[str, str], params: Params | None = None, start: int = 0
) -> Iterator[Rows]:
    """All pages from `start` on, at least one, in the order of the ids unless `params` has another.

    An answer with an odd object in it is not used at all. Some services do not heed the paging and say the same again
    and again: a page of which all was listed before is the last one.
    """
    seen: set[str] = set()
    position, first = start, True
    while position < start + MAX_PAGES * PAGE_SIZE:
        for rows in _ahead(session, path, names, params or {}, position):
            new = rows.by_id.keys() - seen
            if not first and not new:
                if rows.by_id:
                    yield replace(rows, by_id={}, repeated=True)
                return
            seen |= new
            # By what is new alone: stepping over what was shown twice would skip others. And a total that is smaller
            # than what was seen is a slip, so only the end tells.
            position += len(new)
            yield replace(rows, end=position)
            if not new or position == rows.total:
                return
            first = False
            if len(new) < PAGE_SIZE:
                break  # what was asked for ahead no longer fits together
    raise BadAnswer("Xandr's list has no end.")


def _ahead(session: Session, path: str, names: tuple[str, str], params: Params, position: int) -> Iterator[Rows]:
    """The page at this position and, where the list is longer, those behind it, a few of them asked for at a time."""
    rows = read(session.call("read", "GET", path, _at(position, params)), names)
    yield rows
    total = rows.total or 0
    behind = range(position + PAGE_SIZE, min(total, position + MAX_PAGES * PAGE_SIZE), PAGE_SIZE)
    for response in session.calls("read", "GET", path, [_at(start, params) for start in behind]):
        yield read(response, names)


def _at(start: int, params: Params) -> Params:
    asked = {**params, "num_elements": PAGE_SIZE, "start_element": start}
    asked.setdefault("sort", "id.asc")
    return asked


def whole(session: Session, path: str, names: tuple[str, str], params: Params | None = None) -> dict[str, Any]:
    """All objects by their ids, or BadAnswer where some are missing."""
    return complete(pages(session, path, names, params))


def complete(parts: Iterator[Rows]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    claimed: int | None = None
    for rows in parts:
        found |= rows.by_id
        if rows.total is not None:
            # The greatest: where objects went away between two pages, others moved up and were passed over.
            claimed = max(rows.total, claimed or 0)
        if rows.repeated:
            refuse_repetition(claimed)
    if claimed is not None and len(found) < claimed:
        raise BadAnswer("Xandr's list is shorter than it says.")
    return found


def refuse_repetition(claimed: int | None) -> None:
    """With a total, the count tells whether everything was listed before; without one nothing does."""
    if claimed is None:
        raise BadAnswer("Xandr repeats itself instead of listing everything.")


def read(response: Mapping[str, Any], names: tuple[str, str]) -> Rows:
    """The objects of one answer."""
    objects = envelope.objects(response, names)
    if objects is None:
        raise envelope.misfit()
    found: dict[str, Mapping[str, Any]] = {}
    for item in objects:
        remote_id = object_id(item.get("id")) if isinstance(item, dict) else None
        if remote_id is None:
            raise envelope.misfit()
        found[remote_id] = item
    return Rows(found, envelope.total(response))
