"""Pages of a list that may be a hundred thousand rows long (docs/decisions/0012)."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

COUNTED_TO = 1000


class LongPaginator(Paginator):
    """`found` is what is listed, in its order, and `rows` how these are read.

    The ids of a page come first, from whichever end is nearer: an index tells them alone. Where `costly` looking into
    each row finds them, the first pages count no further than COUNTED_TO; whoever turns beyond gets the exact number.
    """

    def __init__(
        self,
        found: QuerySet[Any],
        rows: QuerySet[Any],
        per_page: int,
        *,
        total: int | None = None,
        costly: bool = False,
    ) -> None:
        super().__init__(found, per_page)
        self.found, self.rows, self.total = found, rows, total
        self.counted_to = COUNTED_TO if costly else None

    @property
    def has_more(self) -> bool:
        """More than were counted; `count` is then one too high, so that there is a next page."""
        return self.counted_to is not None and self.count > self.counted_to

    def get_page(self, number: Any) -> Page:
        with suppress(TypeError, ValueError):
            if self.counted_to and int(number) * self.per_page > self.counted_to:
                self.counted_to = None
        return super().get_page(number)

    def page(self, number: Any) -> Page:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        end = min(start + self.per_page, self.count)
        rows = self.rows.filter(pk__in=self._ids(start, end)).order_by(*self.found.query.order_by)
        return self._get_page(list(rows), number, self)  # type: ignore[attr-defined]

    @cached_property
    def count(self) -> int:
        if self.counted_to is not None:
            return len(self._first)
        return self.found.count() if self.total is None else self.total

    @cached_property
    def _first(self) -> list[Any]:
        assert self.counted_to is not None
        return list(self.found.values_list("pk", flat=True)[: self.counted_to + 1])

    def _ids(self, start: int, end: int) -> Any:
        if self.counted_to is not None:
            return self._first[start:end]
        before, behind = start, self.count - end
        if before <= behind:
            return self.found.values("pk")[start:end]
        return self.found.reverse().values("pk")[behind : self.count - start]
