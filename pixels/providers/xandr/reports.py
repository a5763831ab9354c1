"""When pixels last fired: Xandr's report `pixel_fired`.

It is ordered, asked for until it is ready, and downloaded, as described on
https://learn.microsoft.com/en-us/xandr/digital-platform-api/conversion-pixel-last-fire and
https://learn.microsoft.com/en-us/xandr/digital-platform-api/report-service. Ordering changes no pixel. A user
may order five reports in 15 minutes.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ..coerce import object_id
from ..errors import Rejected
from . import envelope
from .mapping import moment
from .session import Session

COLUMNS = ("pixel_id", "last_fired", "advertiser_id", "buyer_member_id")
NEVER = datetime(1900, 1, 1, tzinfo=UTC)

# inferred: the pages name "ready" only, and say that a report that takes over 15 minutes gets "an error status"
FAILED = frozenset({"error", "failed"})


def order(session: Session, advertiser_id: str) -> str:
    """Order a report, and return its id."""
    wanted = {"report_type": "pixel_fired", "columns": list(COLUMNS), "report_interval": "lifetime", "format": "csv"}
    params = {"advertiser_id": advertiser_id}
    report_id = object_id(session.call("read", "POST", "/report", params, {"report": wanted}).get("report_id"))
    if report_id is None:
        raise envelope.misfit()
    return report_id


def fetch(session: Session, advertiser_id: str, report_id: str) -> dict[str, datetime | None] | None:
    """When pixels last fired, by pixel id: None for one that never fired. Missing or malformed rows have no entry.

    Returns None while the report is not ready.
    """
    response = session.call("read", "GET", "/report", {"id": report_id})
    status = str(response.get("execution_status")).casefold()
    if status in FAILED:
        raise Rejected("xandr.report_failed")
    if status != "ready":
        return None
    # The id for the download may differ from the report's.
    file_id = _file_id(response.get("report")) or report_id
    return _fires(session.download("/report-download", {"id": file_id}), advertiser_id)


def _file_id(report: Any) -> str | None:
    """The id in the report's `url`. The address in it is never used."""
    url = report.get("url") if isinstance(report, dict) else None
    found = re.fullmatch(r"/?report-download\?id=([A-Za-z0-9_-]{1,64})", url) if isinstance(url, str) else None
    return found[1] if found else None


def _fires(content: bytes, advertiser_id: str) -> dict[str, datetime | None]:
    fires: dict[str, datetime | None] = {}
    for row in _rows(content):
        pixel_id, fired = object_id(row["pixel_id"]), moment(row["last_fired"])
        if row["advertiser_id"] != advertiser_id or pixel_id is None or fired is None:
            continue
        latest = None if fired <= NEVER else fired
        # There is one row for each buying member; the latest time counts.
        before = fires.get(pixel_id)
        fires[pixel_id] = max(before, latest) if before and latest else before or latest
    return fires


def _rows(content: bytes) -> Iterator[dict[str, str]]:
    """The rows as dictionaries. Raises BadAnswer for a row that is cut off.

    The header may have its columns in any order and case, and rows about the report itself before it.
    """
    try:
        lines = list(csv.reader(content.decode("utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error):
        lines = []
    header: list[str] = []
    for line in lines:
        cells = [cell.strip() for cell in line]
        if not header:
            names = [cell.casefold().replace(" ", "_") for cell in cells]
            header = names if {"pixel_id", "last_fired", "advertiser_id"} <= set(names) else []
        elif any(cells):
            if len(cells) != len(header):
                raise envelope.misfit()
            yield dict(zip(header, cells, strict=True))
    if not header:
        raise envelope.misfit()
