"""Reads Xandr's lists page by page. All its services have the same paging."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..errors import BadAnswer
from . import envelope
from .envelope import Rows
from .session import Params, Session

MAX_PAGES = 10_000  # a longer list is taken for one without an end
PAGE_SIZE = 100  # the default and the maximum; if more are asked for, Xandr sends 100 without an error


def pages(
    session: Session, path: str, names: tuple[str, str], params: Params | None = None, start: int = 0
) -> Iterator[Rows]:
    """All pages from position `start` on, at least one. They are sorted by id unless `params` has a `sort`.

    Raises BadAnswer for a page with a malformed object. Some services ignore the paging and always send the same page:
    a page without new objects is taken for the end.
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
            # Count new objects only: counting one that appeared twice would skip another. A total that is smaller than
            # what was read is taken for a mistake, and reading goes on to the end.
            position += len(new)
            yield replace(rows, end=position)
            if not new or position == rows.total:
                return
            first = False
            if len(new) < PAGE_SIZE:
                break  # the requests sent in advance have the wrong positions now
    raise BadAnswer("xandr.list_endless")


def _ahead(session: Session, path: str, names: tuple[str, str], params: Params, position: int) -> Iterator[Rows]:
    """The page at this position and all behind it, of which several are requested at the same time."""
    rows = envelope.read(session.call("read", "GET", path, _at(position, params)), names)
    yield rows
    total = rows.total or 0
    behind = range(position + PAGE_SIZE, min(total, position + MAX_PAGES * PAGE_SIZE), PAGE_SIZE)
    for response in session.calls("read", "GET", path, [_at(start, params) for start in behind]):
        yield envelope.read(response, names)


def _at(start: int, params: Params) -> Params:
    asked = {**params, "num_elements": PAGE_SIZE, "start_element": start}
    asked.setdefault("sort", "id.asc")
    return asked


def whole(session: Session, path: str, names: tuple[str, str], params: Params | None = None) -> dict[str, Any]:
    """All objects by id. Raises BadAnswer if some are missing."""
    return complete(pages(session, path, names, params))


def complete(parts: Iterator[Rows]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    claimed: int | None = None
    for rows in parts:
        found |= rows.by_id
        if rows.total is not None:
            # The largest total: if objects were deleted between two pages, others moved up and were skipped.
            claimed = max(rows.total, claimed or 0)
        if rows.repeated:
            refuse_repetition(claimed)
    if claimed is not None and len(found) < claimed:
        raise BadAnswer("xandr.list_short")
    return found


def refuse_repetition(claimed: int | None) -> None:
    """Raises BadAnswer for a repeated page of a list without a total, as nothing tells that the list is complete."""
    if claimed is None:
        raise BadAnswer("xandr.list_repeated")
