"""Xandr's lists, page by page: every service pages alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..answer import object_id
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


def pages(session: Session, path: str, names: tuple[str, str], params: Params | None = None) -> Iterator[Rows]:
    """All pages, at least one, in the order of the ids unless `params` has another.

    An answer with an odd object in it is not used at all. Some services do not heed the paging and say the same again
    and again: a page of which all was listed before is the last one.
    """
    seen: set[str] = set()
    start = 0
    for _ in range(MAX_PAGES):
        asked = {**(params or {}), "num_elements": PAGE_SIZE, "start_element": start}
        asked.setdefault("sort", "id.asc")
        rows = read(session.call("read", "GET", path, asked), names)
        new = rows.by_id.keys() - seen
        if start > 0 and not new:
            if rows.by_id:
                yield Rows({}, rows.total, repeated=True)
            return
        yield rows
        if not new:
            return
        seen |= new
        # By what is new alone: stepping over what was shown twice would skip others. And a total that is smaller than
        # what was seen is a slip, so only the end tells.
        start = len(seen)
        if start == rows.total:
            return
    raise BadAnswer("Xandr's list has no end.")


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
