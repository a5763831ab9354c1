"""When pixels last fired: Xandr's report `pixel_fired`.

Asked for, waited for and downloaded, in three calls or more, as printed on
https://learn.microsoft.com/en-us/xandr/digital-platform-api/conversion-pixel-last-fire and
https://learn.microsoft.com/en-us/xandr/digital-platform-api/report-service. Asking changes nothing at Xandr. A user
may have five reports under way in 15 minutes.
"""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ..answer import object_id
from ..errors import BadAnswer, NoAnswer
from . import envelope
from .session import Session
from .times import moment

COLUMNS = ("pixel_id", "last_fired", "advertiser_id", "buyer_member_id")
NEVER = datetime(1900, 1, 1, tzinfo=UTC)

# Between two looks at the report, in seconds: the pause grows, and all of them together end.
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 10.0
PATIENCE = 60.0

# inferred: the pages name only "ready", and say that a report of over 15 minutes ends with "an error status"
FAILED = frozenset({"error", "failed"})


def last_fired(session: Session, advertiser_id: str) -> dict[str, datetime | None]:
    """By pixel id; None for those that never fired. Pixels that the report leaves out, or tells oddly, are absent."""
    wanted = {"report_type": "pixel_fired", "columns": list(COLUMNS), "report_interval": "lifetime", "format": "csv"}
    params = {"advertiser_id": advertiser_id}
    report_id = object_id(session.call("read", "POST", "/report", params, {"report": wanted}).get("report_id"))
    if report_id is None:
        raise envelope.misfit()
    file_id = _wait(session, report_id)
    return _fires(session.download("/report-download", {"id": file_id}), advertiser_id)


def _wait(session: Session, report_id: str) -> str:
    """Until the report is ready; the id to download it by, which may be another one."""
    give_up = time.monotonic() + PATIENCE
    pause = FIRST_PAUSE
    while True:
        response = session.call("read", "GET", "/report", {"id": report_id})
        status = str(response.get("execution_status")).casefold()
        if status == "ready":
            return _file_id(response.get("report")) or report_id
        if status in FAILED:
            raise BadAnswer("Xandr could not make its report of last fires.")
        if time.monotonic() + pause > give_up:
            raise NoAnswer(f"Xandr's report of last fires was not ready within {PATIENCE:g} seconds.")
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


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
