"""What becomes of a pixel, its operation and a sync after each fault that a provider's call can meet.

What a fault is at the clients, and which error it ends in, stands in tests/pixels/providers/fault_table/table.py.
FAULTS names it by number; ENDS says what follows from each of those errors, right after it and when all is well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pixels.providers.errors import BadAnswer, BadCredentials, Forbidden, NoAnswer, NotSent, Rejected, Throttled
from tests.pixels.providers.fault_table import table as of_the_clients
from tests.pixels.providers.fault_table.table import GOOD, LONG, MB, Outcome, Row, all_end

# Easyflow has no list, and with EASYFLOW_LIST an inferred one. Xandr's pixels are found by our code, or not at all.
CASES = ("easyflow", "easyflow_list", "pitchtarget", "xandr", "xandr_without_code")
SEARCHED = ("easyflow_list", "pitchtarget", "xandr")
OPERATIONS: dict[str, tuple[str, ...]] = {
    "easyflow": ("create", "update"),
    "easyflow_list": ("create", "list"),
    "pitchtarget": ("create", "list"),
    "xandr": ("create", "update", "delete", "list"),
    "xandr_without_code": ("create",),
}


@dataclass(frozen=True)
class End:
    """`lifecycle/operation`, or the state of the run, right after the fault and at the end; how many write requests
    there were (that which met the fault included); and whether the connection paused."""

    after: str
    settled: str
    requests: int = 0
    paused: bool = False


REPEATED = {
    "update": End("updating/pending", "live/done", 2),
    "delete": End("deleting/pending", "deleted/done", 2),
}
REFUSED = {
    "create": End("failed/failed", "failed/failed", 1),
    "update": End("live/failed", "live/failed", 1),
    "delete": End("live/failed", "live/failed", 1),
    "list": End("failed", "done"),
}
IN_DOUBT = {
    **REPEATED,
    "create": End("checking/unconfirmed", "live/done", 2),
    "create, made": End("checking/unconfirmed", "live/done", 1),
    "create, not to be found": End("unknown/unknown", "unknown/unknown", 1),
    "list": End("failed", "done"),
}
ENDS: dict[Outcome, dict[str, End]] = {
    GOOD: {
        "create": End("live/done", "live/done", 1),
        "update": End("live/done", "live/done", 1),
        "delete": End("deleted/done", "deleted/done", 1),
        "list": End("done", "done"),
    },
    NotSent: {
        "create": End("queued/pending", "live/done", 1),
        "update": End("updating/pending", "live/done", 1),
        "delete": End("deleting/pending", "deleted/done", 1),
        "list": End("failed", "done"),
    },
    Throttled: {**REPEATED, "create": End("queued/pending", "live/done", 2), "list": End("queued", "done")},
    BadCredentials: {
        "create": End("queued/pending", "live/done", 2, paused=True),
        "update": End("updating/pending", "live/done", 2, paused=True),
        "delete": End("deleting/pending", "deleted/done", 2, paused=True),
        "list": End("failed", "done", paused=True),
    },
    Rejected: REFUSED,
    Forbidden: REFUSED,
    NoAnswer: IN_DOUBT,
    BadAnswer: IN_DOUBT,
}

UNREACHABLE = "nobody listens there"
NO_TLS = "no TLS is spoken there"
BY_ADDRESS = {UNREACHABLE, NO_TLS}
Fault = tuple[str, dict[str, Any]]

# Each with the ways in which it is tried here: a fault of the sandbox with its parameters.
FAULTS: dict[int, tuple[str, list[Fault]]] = {
    1: ("not reachable", [(UNREACHABLE, {}), (NO_TLS, {})]),
    2: (
        "no answer",
        [
            ("drop", {"effect": False, "reset": True}),
            ("drop", {"effect": True, "reset": False}),
            ("delay_before", {"seconds": LONG}),
            ("late_effect", {"seconds": 0.05}),
        ],
    ),
    3: ("an answer that drips", [("drip_body", {}), ("drip_headers", {})]),
    4: ("a session that ran out", [("session_expired", {"count": 1}), ("session_expired", {"count": 1, "code": 200})]),
    5: (
        "credentials that are refused",
        [
            ("session_expired", {}),
            ("status", {"code": 401, "body": "html"}),
            ("session_expired", {"code": 401, "error_id": "NOAUTH_EXPIRED"}),
            ("session_expired", {"code": 200, "error_id": "NOAUTH_DISABLED"}),
        ],
    ),
    6: ("403", [("status", {"code": 403, "body": "html"}), ("error_in_200", {"error_id": "UNAUTH"})]),
    7: ("404 of an address", [("status", {"code": 404, "body": "html"})]),
    8: (
        "a wait, with its length",
        [
            ("throttled", {"style": "429"}),
            ("throttled", {"style": "429_date"}),
            ("throttled", {"style": "503"}),
        ],
    ),
    9: ("a wait without a length", [("throttled", {"style": "429_bare"}), ("throttled", {"style": "429_absurd"})]),
    10: ("500", [("status", {"code": 500, "body": "json"}), ("status", {"code": 500, "effect": True})]),
    11: (
        "a gateway's 5xx",
        [
            ("status", {"code": 502, "body": "html"}),
            ("status", {"code": 504, "effect": True}),
        ],
    ),
    12: (
        "an error in a 200",
        [
            ("error_in_200", {"error_id": "SYSTEM"}),
            ("error_in_200", {"error_id": "SYSTEM", "effect": True}),
            ("error_in_200", {"error_id": "SYNTAX"}),
            ("error_in_200", {"error_id": "INTEGRITY"}),
            ("error_in_200", {"error_code": "RATE_EXCEEDED"}),
            ("error_in_200", {"status_code": 400}),
        ],
    ),
    13: (
        "garbage",
        [
            ("truncated_json", {}),
            ("wrong_type", {"type": "list"}),
            ("missing_id", {}),
        ],
    ),
    14: (
        "odd wrapping",
        [
            ("wrong_content_type", {}),
            ("byte_order_mark", {}),
            ("wrong_charset", {"written": "utf-16"}),
            ("false_encoding", {"encoding": "gzip"}),
        ],
    ),
    15: ("a redirect", [("redirect", {"code": 307}), ("redirect", {"code": 303, "effect": True})]),
    16: (
        "too much of it",
        [("huge_body", {"bytes": 64 * MB}), ("zip_bomb", {"bytes": 16 * MB}), ("deep_json", {"depth": 1000})],
    ),
}
# Lists that lie (17 to 20) are in test_fault_lists.py; what is about something else than one call (7, 18 and 21 to 25)
# in test_fault_stories.py. An error that quotes all it was sent is none of the 25, and is tried all the same.
ECHO: Fault = ("echo", {"code": 422})


def row_of(fault: Fault) -> Row:
    """The fault's row in the clients' table."""
    name, given = fault
    if name in BY_ADDRESS:
        return Row({}, all_end(NotSent))
    return next(row for row in of_the_clients.TABLE[name] if row.given == given)


def end_of(outcome: Outcome, case: str, operation: str, *, made: bool) -> End:
    ends = ENDS[outcome]
    if operation == "create" and "create, made" in ends:
        if case not in SEARCHED:
            return ends["create, not to be found"]
        return ends["create, made" if made else "create"]
    return ends[operation]
