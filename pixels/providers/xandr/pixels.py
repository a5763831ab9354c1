"""The Conversion Pixel Service: every row of its document's table "REST API", as requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import NotFound
from . import envelope, lists
from .lists import Rows
from .session import Params, Session

PATH = "/pixel"
NAMES = ("pixels", "pixel")
IDS_AT_ONCE = 100  # a call with more ids answers with the first hundred, without a word

# A filter is a field's name, alone or after one of these (the page "API Semantics").
PREFIX = re.compile(r"^(having_min_|having_max_|having_|not_|like_|nmin_|nmax_|min_|max_)")


@dataclass(frozen=True, kw_only=True)
class Which:
    """Which pixels: an advertiser by its id or by its own code, a pixel by its id or its code, and filters.

    `filters`: field, with a prefix or without -> value, as in {"state": "active", "not_trigger_type": "click",
    "like_name": "shop", "min_last_modified": "2026-01-02 03:04:05"}.
    `sort`: field, dot, asc or desc; by id when empty. `fields`: the fields to be told, all when empty.
    """

    advertiser_id: str = ""
    advertiser_code: str = ""
    id: str = ""
    code: str = ""
    filters: Mapping[str, str | int] = field(default_factory=dict)
    sort: str = ""
    fields: tuple[str, ...] = ()

    def params(self) -> dict[str, str | int]:
        keys = ("advertiser_id", "advertiser_code", "id", "code", "sort")
        params: dict[str, str | int] = {key: value for key in keys if (value := getattr(self, key))}
        params |= self.filters
        if self.fields:
            # Xandr's page: a filter may work only where its field is asked for. Without ids no list is read.
            needed = [PREFIX.sub("", name) for name in (*self.filters, self.sort.partition(".")[0]) if name]
            params["fields"] = ",".join(dict.fromkeys(["id", "advertiser_id", *self.fields, *needed]))
        return params


class PixelService:
    """Answers are Xandr's own objects. Raises ProviderError; a write is one call, never repeated."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pages(self, which: Which, start: int = 0) -> Iterator[Rows]:
        """Without an advertiser: all pixels of the member."""
        return lists.pages(self._session, PATH, NAMES, which.params(), start=start)

    def all(self, which: Which) -> dict[str, Any]:
        """Complete, by their ids, or BadAnswer."""
        return lists.complete(self.pages(which))

    def by_ids(self, ids: Iterable[str], which: Which | None = None) -> dict[str, Any]:
        """Those of these ids that there are; BadAnswer where an answer lacks some that it counts."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Any] = {}
        for start in range(0, len(wanted), IDS_AT_ONCE):
            some = replace(which or Which(), id=",".join(wanted[start : start + IDS_AT_ONCE]))
            params: Params = {**some.params(), "num_elements": IDS_AT_ONCE}
            with suppress(NotFound):  # so it answers where one is asked for that is not there
                one = "," not in some.id
                rows = lists.read(self._session.call("read", "GET", PATH, params, one_object=one), NAMES)
                if (rows.total or 0) > len(rows.by_id):
                    raise envelope.misfit()
                found |= rows.by_id
        return {remote_id: found[remote_id] for remote_id in wanted if remote_id in found}

    def particular(self, which: Which) -> tuple[Rows, bool]:
        """What Xandr answers for one pixel, named within an advertiser; and whether it counts any.

        Raises NotFound where Xandr says that there is none.
        """
        response = self._session.call("read", "GET", PATH, which.params(), one_object=True)
        rows = lists.read(response, NAMES)
        return rows, bool(rows.total)

    def meta(self) -> dict[str, Any]:
        """Which fields can be filtered and sorted by. Unknown: the answer's shape; no document shows one."""
        response = self._session.call("read", "GET", f"{PATH}/meta")
        beside = ("status", "dbg_info", *envelope.ERROR_TEXTS)
        return {name: value for name, value in response.items() if name not in beside}

    def create(self, which: Which, fields: Mapping[str, Any]) -> dict[str, Any]:
        return self._session.call("write", "POST", PATH, which.params(), {"pixel": fields})

    def modify(self, which: Which, fields: Mapping[str, Any], *, append: bool = False) -> dict[str, Any]:
        """A merge: fields that are not sent stay. null is a value. Arrays are replaced, or with `append` added to."""
        params = {**which.params(), **({"append": "true"} if append else {})}
        return self._session.call("write", "PUT", PATH, params, {"pixel": fields}, one_object=True)

    def delete(self, which: Which) -> None:
        """Final. By ids: the table has no row for a DELETE by codes."""
        self._session.call("write", "DELETE", PATH, which.params(), one_object=True)
