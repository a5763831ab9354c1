"""Xandr's reports, of which the sandbox has one: when conversion pixels last fired.

The calls (request, status until it is "ready", download) are documented in
https://learn.microsoft.com/en-us/xandr/digital-platform-api/report-service, the columns and what they allow in
https://learn.microsoft.com/en-us/xandr/digital-platform-api/conversion-pixel-last-fire.
"""

import csv
import io
import json
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from . import members, xandr_advertisers, xandr_query
from .store import Store
from .wire import Response
from .xandr_envelope import Body, Envelope, Refused
from .xandr_index import PixelIndex
from .xandr_query import Query

SLUG = "xandr"
KIND = "report"
FIRES = "last_fired"

REPORT_TYPE = "pixel_fired"
NEVER = "1900-01-01 00:00:00"
COLUMNS = (
    "pixel_id",
    "advertiser_id",
    "advertiser_name",
    "advertiser",
    "buyer_member_id",
    "buyer_member_name",
    "buyer_member",
    "last_fired",
)
FILTERS = ("pixel_id", "advertiser_id", "buyer_member_id")
FIELDS = (
    "report_type",
    "columns",
    "filters",
    "orders",
    "report_interval",
    "timezone",
    "format",
    "emails",
    "escape_fields",
    "row_per",  # documented: deprecated and without effect, as are groups
    "groups",
)
DELIMITERS = {"csv": ",", "excel": "\t"}  # documented are also html and xlsx, which the sandbox does not write
# inferred: the page on an export's head writes lines so
LINE_END = "\r\n"
# inferred: no answer of /report-download is published; the usual types of such files
CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "excel": "text/tab-separated-values; charset=utf-8"}

READY = "ready"
PENDING = "pending"  # inferred: the page names "pending status" and "being processed", and only "ready" as a value
# inferred: documented is that an error while downloading is "an HTTP error code", not which
NOT_READY_STATUS = 404
# Documented: five reports of a user that were asked for in the last 15 minutes and are not done; a sixth is "an
# error". inferred: which
OPEN_REPORTS = 5
OPEN_SECONDS = 15 * 60
TOO_MANY: dict[str, Any] = {"text": "Too many reports are pending for this user", "error_id": "LIMIT", "status": 200}


def request(query: Query, fields: Body, user: members.XandrUser, store: Store, envelope: Envelope) -> Body:
    """`POST /report`, also with an `advertiser_id` to look at one advertiser alone."""
    xandr_query.only(query, "advertiser_id")
    advertiser = xandr_advertisers.named(query, store)
    _check(fields)
    mine = store.objects(SLUG, KIND, account=str(user.id))
    if sum(one["polls"] > 0 and time.time() - one["asked"] < OPEN_SECONDS for one in mine) >= OPEN_REPORTS:
        raise Refused(**TOO_MANY)
    report_id = secrets.token_hex(16)
    report = {
        "id": report_id,
        "fields": fields,
        "polls": store.switch("xandr_report_polls"),
        "asked": time.time(),
        "rows": _rows(fields, advertiser, store),
    }
    store.put(SLUG, str(user.id), report_id, report, kind=KIND)
    return envelope.other(report_id=report_id)


def status(query: Query, user: members.XandrUser, store: Store, envelope: Envelope) -> Body:
    """`GET /report?id=`: "ready" after as many calls as the switch says."""
    report = _found(query, user, store)
    ready = report["polls"] <= 0
    if not ready:
        store.put(SLUG, str(user.id), report["id"], {**report, "polls": report["polls"] - 1}, kind=KIND)
    created = datetime.fromtimestamp(report["asked"], UTC).strftime(xandr_query.TIMESTAMP)
    head = [f"Report type:,{REPORT_TYPE}", ",", f"Run at:,{created}", "Start date:,", "End date:,", "Timezone:,"]
    shown = {
        "name": None,
        "created_on": created,
        "cache_hit": False,
        "fact_cache_hit": False,
        "json_request": json.dumps({"report": report["fields"]}, separators=(",", ":")),
        "header_info": LINE_END.join([*head, f"User:,{user.username} ({user.id})", ""]),
    }
    if ready:
        size = {"report_size": str(len(_file(report))), "row_count": str(len(report["rows"]))}
        shown = {**shown, **size, "url": f"report-download?id={report['id']}"}
    return envelope.other(report=shown, execution_status=READY if ready else PENDING)


def download(query: Query, user: members.XandrUser, store: Store, headers: dict[str, str]) -> Response:
    """`GET /report-download?id=`: a line of the columns' names, then one a pixel."""
    report = _found(query, user, store, status=NOT_READY_STATUS)
    if report["polls"] > 0:
        raise Refused("The report is not ready", status=NOT_READY_STATUS)
    kind = CONTENT_TYPES[report["fields"].get("format", "csv")]
    return Response(body=_file(report), headers={"Content-Type": kind, **headers})


def load_fires(fires: dict[str, str], store: Store) -> None:
    """{pixel's id: when it last fired}. ValueError for another form."""
    for number, last in fires.items():
        datetime.strptime(last, xandr_query.TIMESTAMP)
        store.put(SLUG, "", str(int(number)), {"id": int(number), "last_fired": last}, kind=FIRES)


def _found(query: Query, user: members.XandrUser, store: Store, status: int = 200) -> Body:
    xandr_query.only(query, "id")
    for report in store.objects(SLUG, KIND, account=str(user.id)):
        if report["id"] == query.get("id"):
            return report
    raise Refused(xandr_query.NOT_FOUND, empty=True, status=status)


def _check(fields: Body) -> None:
    unknown = [name for name in fields if name not in FIELDS]
    if unknown:
        raise Refused(f"Invalid field: {unknown[0]}")
    if fields.get("report_type") != REPORT_TYPE:
        raise Refused(f"report_type: the sandbox has {REPORT_TYPE} only")
    columns = fields.get("columns")
    if not isinstance(columns, list) or not columns or any(name not in COLUMNS for name in columns):
        raise Refused(f"columns must be at least one of {', '.join(COLUMNS)}")
    # documented: nothing else, and no need to say it
    for name, only in (("report_interval", "lifetime"), ("timezone", "UTC")):
        if fields.get(name, only) != only:
            raise Refused(f"{name} must be {only}")
    if fields.get("format", "csv") not in DELIMITERS:
        raise Refused(f"format: the sandbox has {', '.join(DELIMITERS)} only")
    if not isinstance(fields.get("escape_fields", False), bool):
        raise Refused("escape_fields must be true or false")
    emails = fields.get("emails", [])
    if not isinstance(emails, list) or not all(isinstance(address, str) for address in emails):
        raise Refused("emails must be an array of strings")
    _filters(fields)
    _orders(fields)


def _filters(fields: Body) -> dict[str, set[int]]:
    """{column: values}. Several values are one filter with an array, not several filters: documented."""
    found: dict[str, set[int]] = {}
    given = fields.get("filters", [])
    for one in given if isinstance(given, list) else [None]:
        if not isinstance(one, dict) or len(one) != 1 or not set(one) <= {*FILTERS} - set(found):
            raise Refused(f"filters must be an array of objects with one of {', '.join(FILTERS)}")
        [(name, value)] = one.items()
        values = value if isinstance(value, list) else [value]
        found[name] = {xandr_query.number(str(number), name) for number in values}
    return found


def _orders(fields: Body) -> list[tuple[str, bool]]:
    found = []
    given = fields.get("orders", [])
    for one in given if isinstance(given, list) else [None]:
        if not isinstance(one, dict) or one.get("order_by") not in fields["columns"]:
            raise Refused("orders must be an array of objects with order_by, a column of the report, and direction")
        direction = one.get("direction", "ASC")
        if direction not in ("ASC", "DESC"):
            raise Refused("direction must be ASC or DESC")
        found.append((one["order_by"], direction == "DESC"))
    return found


def _rows(fields: Body, advertiser: int | None, store: Store) -> list[list[Any]]:
    """As of the request, a row a pixel. inferred: in the order of their ids where none was asked for."""
    fires = {fire["id"]: fire["last_fired"] for fire in store.objects(SLUG, FIRES)}
    account = None if advertiser is None else str(advertiser)
    names = {one["id"]: one["name"] for one in xandr_advertisers.all_of(store)}
    found = []
    for number, owner in store.view(PixelIndex).owners(account):
        name = names[owner]
        member, member_name = members.XANDR_MEMBER, members.XANDR_MEMBER_NAME
        found.append(
            {
                "pixel_id": number,
                "advertiser_id": owner,
                "advertiser_name": name,
                "advertiser": f"{name} ({owner})",
                "buyer_member_id": member,
                "buyer_member_name": member_name,
                "buyer_member": f"{member_name} ({member})",
                "last_fired": fires.get(number, NEVER),
            }
        )
    for column, values in _filters(fields).items():
        found = [row for row in found if row[column] in values]
    for column, descending in reversed(_orders(fields)):
        found.sort(key=lambda row: row[column], reverse=descending)
    return [[row[column] for column in fields["columns"]] for row in found]


def _file(report: Body) -> bytes:
    fields = report["fields"]
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=DELIMITERS[fields.get("format", "csv")],
        lineterminator=LINE_END,
        quoting=csv.QUOTE_ALL if fields.get("escape_fields") else csv.QUOTE_MINIMAL,
    )
    writer.writerows([fields["columns"], *report["rows"]])
    return text.getvalue().encode("utf-8", "replace")
