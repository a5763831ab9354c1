"""The Conversion Pixel Service: all calls of the table "REST API" in its document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import NotFound
from . import envelope, lists
from .envelope import Rows
from .session import Params, Session

PATH = "/pixel"
NAMES = ("pixels", "pixel")
IDS_AT_ONCE = 100  # if more are given, Xandr answers for the first hundred without an error

# A filter is a field's name, alone or after one of these (the page "API Semantics").
PREFIX = re.compile(r"^(having_min_|having_max_|having_|not_|like_|nmin_|nmax_|min_|max_)")


@dataclass(frozen=True, kw_only=True)
class Which:
    """Which pixels a call is about: an advertiser by id or code, a pixel by id or code, and filters.

    `filters`: field, perhaps with a prefix -> value, as in {"state": "active", "not_trigger_type": "click",
    "like_name": "shop", "min_last_modified": "2026-01-02 03:04:05"}.
    `sort`: a field, a dot, and asc or desc; empty: by id. `fields`: the fields to return; empty: all.
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
            # According to the document, a filter may need its field among `fields`. Reading a list needs the ids.
            needed = [PREFIX.sub("", name) for name in (*self.filters, self.sort.partition(".")[0]) if name]
            params["fields"] = ",".join(dict.fromkeys(["id", "advertiser_id", *self.fields, *needed]))
        return params


class PixelService:
    """Returns objects as Xandr sends them, and raises ProviderError. A write is one call, which is never repeated."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pages(self, which: Which, start: int = 0) -> Iterator[Rows]:
        """The pixels page by page; those of the whole member if `which` names no advertiser."""
        return lists.pages(self._session, PATH, NAMES, which.params(), start=start)

    def all(self, which: Which) -> dict[str, Any]:
        """All pixels by id. Raises BadAnswer if the list is incomplete."""
        return lists.complete(self.pages(which))

    def by_ids(self, ids: Iterable[str], which: Which | None = None) -> dict[str, Any]:
        """Those of these pixels that exist, by id. Raises BadAnswer if an answer counts more than it holds."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Any] = {}
        for start in range(0, len(wanted), IDS_AT_ONCE):
            some = replace(which or Which(), id=",".join(wanted[start : start + IDS_AT_ONCE]))
            params: Params = {**some.params(), "num_elements": IDS_AT_ONCE}
            with suppress(NotFound):  # the answer if a single pixel is asked for and does not exist
                one = "," not in some.id
                rows = envelope.read(self._session.call("read", "GET", PATH, params, one_object=one), NAMES)
                if (rows.total or 0) > len(rows.by_id):
                    raise envelope.misfit()
                found |= rows.by_id
        return {remote_id: found[remote_id] for remote_id in wanted if remote_id in found}

    def particular(self, which: Which) -> tuple[Rows, bool]:
        """The answer for one pixel of an advertiser, and whether the answer's total is above zero.

        Raises NotFound if Xandr says that the pixel does not exist.
        """
        response = self._session.call("read", "GET", PATH, which.params(), one_object=True)
        rows = envelope.read(response, NAMES)
        return rows, bool(rows.total)

    def meta(self) -> dict[str, Any]:
        """The fields that can be filtered and sorted by. No document shows the answer, so it is returned as it is."""
        response = self._session.call("read", "GET", f"{PATH}/meta")
        beside = ("status", "dbg_info", *envelope.ERROR_TEXTS)
        return {name: value for name, value in response.items() if name not in beside}

    def create(self, which: Which, fields: Mapping[str, Any]) -> dict[str, Any]:
        return self._session.call("write", "POST", PATH, which.params(), {"pixel": fields})

    def modify(self, which: Which, fields: Mapping[str, Any], *, append: bool = False) -> dict[str, Any]:
        """Change the given fields only; null is a value. An array replaces the old one, or extends it with `append`."""
        params = {**which.params(), **({"append": "true"} if append else {})}
        return self._session.call("write", "PUT", PATH, params, {"pixel": fields}, one_object=True)

    def delete(self, which: Which) -> None:
        """Delete for good. `which` has ids: the table has no DELETE by codes."""
        self._session.call("write", "DELETE", PATH, which.params(), one_object=True)
