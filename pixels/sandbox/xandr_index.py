"""Xandr's pixels in memory: in the order of their ids, by code and by time, each with its JSON text.

With a hundred thousand pixels, reading and sorting all of them would make a page take seconds. The state file is the
truth: changed objects are read from it again before the next answer.
"""

import json
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from . import xandr_query, xandr_render
from .store import Store
from .xandr_envelope import Body
from .xandr_query import Query, Selection, Test

SLUG = "xandr"
PIXEL = "pixel"
LINE_ITEM = "line_item"

FEW = 64  # up to so many are inserted into a sorted list one by one, which is quicker than sorting it again
REMEMBERED = 16  # filtered or sorted lists, so that only the first page of one has to look at every pixel


@dataclass(slots=True)
class _Row:
    account: str
    code: Any
    modified: Any
    text: str


class PixelIndex:
    """A view of the store, for use in its transactions. Callers must not change the lists of ids that it returns."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: dict[int, _Row] = {}
        self._ids: dict[str | None, list[int]] = {}  # in order: of each account, and under None of all
        self._by_code: dict[str, set[int]] = {}
        self._by_time: list[tuple[str, int]] = []
        self._using: dict[int, list[Body]] = self._links()
        self._found: dict[tuple[Any, ...], list[int]] = {}
        self._touched: set[int] = set()
        self._items_touched = False
        self._add(self._read(None))

    def touched(self, provider: str, kind: str, remote_id: str) -> None:
        if (provider, kind) == (SLUG, PIXEL):
            self._touched.add(int(remote_id))
        elif (provider, kind) == (SLUG, LINE_ITEM):
            self._items_touched = True

    def refresh(self) -> None:
        """KeyError or TypeError where something was written that cannot be shown."""
        if self._items_touched:
            before, self._using = self._using, self._links()
            self._touched |= {n for n in {*before, *self._using} if before.get(n) != self._using.get(n)}
            self._items_touched = False
        if self._touched:
            again = self._read(self._touched)
            for number in self._touched:
                self._remove(number)
            self._add(again)
            self._touched, self._found = set(), {}

    def with_ids(self, account: str | None, wanted: Iterable[int]) -> list[int]:
        self.refresh()
        return sorted(n for n in set(wanted) if n in self._rows and account in (None, self._rows[n].account))

    def with_codes(self, account: str | None, codes: Iterable[str]) -> list[int]:
        self.refresh()
        return self.with_ids(account, [number for code in codes for number in self._by_code.get(code, ())])

    def find(self, account: str | None, wanted: list[int] | None, query: Query, chosen: Selection) -> list[int]:
        """The ids of all that fit, in the order that was asked for."""
        self.refresh()
        tests = dict(chosen.tests)
        if wanted is not None:
            return self._chosen(self.with_ids(account, wanted), tests, chosen)
        if tests.pop("code", None):
            return self._chosen(self.with_codes(account, query["code"].split(",")), tests, chosen)
        key = (account, query.get("sort"), *((name, query[name]) for name in tests))
        if key not in self._found:
            among = self._ids.get(account, [])
            if tests.pop("min_last_modified", None):
                among = self._since(account, query["min_last_modified"])
            if len(self._found) >= REMEMBERED:
                self._found.clear()
            self._found[key] = self._chosen(among, tests, chosen)
        return self._found[key]

    def texts(self, numbers: list[int]) -> list[str]:
        """As they are shown."""
        return [self._rows[number].text for number in numbers]

    def bodies(self, numbers: list[int]) -> Iterator[Body]:
        return map(json.loads, self.texts(numbers))

    def owners(self, account: str | None) -> list[tuple[int, int]]:
        """The id of each and the advertiser's, in the order of their ids."""
        self.refresh()
        return [(number, int(self._rows[number].account)) for number in self._ids.get(account, [])]

    def using(self, number: int) -> list[Body]:
        """The line items of a pixel, in the order they came."""
        self.refresh()
        return self._using.get(number, [])

    def _since(self, account: str | None, time: str) -> list[int]:
        first = bisect_left(self._by_time, (xandr_query.value("last_modified", time),))
        return self.with_ids(account, [number for _, number in self._by_time[first:]])

    def _chosen(self, numbers: list[int], tests: dict[str, Test], chosen: Selection) -> list[int]:
        if not tests and chosen.sort in ([], [("id", False)]):
            return numbers
        rows = [one for one in self.bodies(numbers) if all(test(one) for test in tests.values())]
        return [one["id"] for one in chosen.in_order(rows)]

    def _links(self) -> dict[int, list[Body]]:
        using: dict[int, list[Body]] = {}
        for item in self._store.objects(SLUG, LINE_ITEM):
            for number in dict.fromkeys(item["pixel_ids"]):
                using.setdefault(number, []).append(item)
        return using

    def _read(self, numbers: Iterable[int] | None) -> dict[int, _Row]:
        rows = {}
        for remote_id, account, pixel in self._store.rows(SLUG, PIXEL, None if numbers is None else map(str, numbers)):
            text = xandr_render.text(pixel, self._using.get(int(remote_id), []))
            rows[int(remote_id)] = _Row(account, pixel.get("code"), pixel.get("last_modified"), text)
        return rows

    def _add(self, rows: dict[int, _Row]) -> None:
        self._rows.update(rows)
        of_accounts: dict[str | None, list[int]] = {None: list(rows)}
        for number, row in rows.items():
            of_accounts.setdefault(row.account, []).append(number)
            if isinstance(row.code, str):
                self._by_code.setdefault(row.code, set()).add(number)
        for account, numbers in of_accounts.items():
            _put_in(self._ids.setdefault(account, []), numbers)
        _put_in(self._by_time, [(row.modified, n) for n, row in rows.items() if isinstance(row.modified, str)])

    def _remove(self, number: int) -> None:
        row = self._rows.pop(number, None)
        if row is None:
            return
        for account in (None, row.account):
            _take_out(self._ids[account], number)
        if isinstance(row.code, str):
            self._by_code[row.code].discard(number)
            if not self._by_code[row.code]:
                del self._by_code[row.code]
        if isinstance(row.modified, str):
            _take_out(self._by_time, (row.modified, number))


def _put_in(ordered: list[Any], new: list[Any]) -> None:
    if len(new) > FEW:
        ordered += new
        ordered.sort()
        return
    for one in new:
        insort(ordered, one)


def _take_out(ordered: list[Any], one: Any) -> None:
    del ordered[bisect_left(ordered, one)]
