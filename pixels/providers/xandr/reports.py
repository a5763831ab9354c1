"""When pixels last fired: Xandr's report `pixel_fired`.

Ordered, looked at until it is ready, and downloaded, as printed on
https://learn.microsoft.com/en-us/xandr/digital-platform-api/conversion-pixel-last-fire and
https://learn.microsoft.com/en-us/xandr/digital-platform-api/report-service. Ordering changes nothing at Xandr. A user
may have five reports under way in 15 minutes.
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
from .session import Session
from .times import moment

COLUMNS = ("pixel_id", "last_fired", "advertiser_id", "buyer_member_id")
NEVER = datetime(1900, 1, 1, tzinfo=UTC)

# inferred: the pages name only "ready", and say that a report of over 15 minutes ends with "an error status"
FAILED = frozenset({"error", "failed"})


def order(session: Session, advertiser_id: str) -> str:
    """The id of the report that Xandr makes from now on."""
    wanted = {"report_type": "pixel_fired", "columns": list(COLUMNS), "report_interval": "lifetime", "format": "csv"}
    params = {"advertiser_id": advertiser_id}
    report_id = object_id(session.call("read", "POST", "/report", params, {"report": wanted}).get("report_id"))
    if report_id is None:
        raise envelope.misfit()
    return report_id


def fetch(session: Session, advertiser_id: str, report_id: str) -> dict[str, datetime | None] | None:
    """By pixel id; None for those that never fired. Pixels that the report leaves out, or tells oddly, are absent.

    None as a whole: it is not ready.
    """
    response = session.call("read", "GET", "/report", {"id": report_id})
    status = str(response.get("execution_status")).casefold()
    if status in FAILED:
        raise Rejected("Xandr could not make its report of last fires.")
    if status != "ready":
        return None
    # The id to download it by may be another one.
    file_id = _file_id(response.get("report")) or report_id
    return _fires(session.download("/report-download", {"id": file_id}), advertiser_id)


def _file_id(report: Any) -> str | None:
    """From its `url`: only the id in it is used, never the address."""
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
        # One row for each buying member: the latest counts.
        before = fires.get(pixel_id)
        fires[pixel_id] = max(before, latest) if before and latest else before or latest
    return fires


def _rows(content: bytes) -> Iterator[dict[str, str]]:
    """The rows below the one that names the columns, in whatever order and case; a row that breaks off is an error.

    A few rows about the report itself may stand above.
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
