"""What each fault of the sandbox must end in at our clients.

A row is one way to set a fault, and what each operation ends in: an error, or GOOD where the fault does no harm. Which
entry concerns an operation: "xandr create" before "create" before "xandr" before "*". A number beside the outcome is
that of all requests that the operation makes, log-ins included; without one it is a single request.

What the fault does to the pixels at the sandbox is not in this table: the sandbox's own table knows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from urllib3.util.request import ACCEPT_ENCODING

from pixels.providers.errors import BadAnswer, BadCredentials, Forbidden, NoAnswer, ProviderError, Rejected, Throttled

OPERATIONS = ("list", "read", "create", "update", "delete")
EVERY = "*"
MB = 1024 * 1024
LONG = 60  # seconds; nobody waits for it, the sandbox gives up when the test is over


class GOOD:
    """No error, and the result is the one that there is without the fault."""


Outcome = type[GOOD] | type[ProviderError]
Ends = dict[str, Outcome | tuple[Outcome, int]]


@dataclass(frozen=True)
class Row:
    given: dict[str, Any]
    ends: Ends
    slow: bool = False
    only: str = ""  # a provider, where the others would not notice the difference

    def expected(self, slug: str, operation: str) -> tuple[Outcome, int]:
        for key in (f"{slug} {operation}", operation, slug, EVERY):
            if key in self.ends:
                found = self.ends[key]
                return found if isinstance(found, tuple) else (found, 1)
        raise KeyError(operation)


def all_end(outcome: Outcome, **but: Any) -> Ends:
    """`but`: easyflow_update for "easyflow update"."""
    return {EVERY: outcome} | {key.replace("_", " "): other for key, other in but.items()}


# A definite no of the HTTP status. Xandr's own words come before the status, and the sandbox makes them SYNTAX there.
# Whatever Xandr refuses to delete, it is asked what the pixel is used by.
NOT_DELETED: tuple[Outcome, int] = (Rejected, 2)
NO = all_end(Rejected, xandr_delete=NOT_DELETED)
# PitchTarget's list decides whether a pixel is there whose address is not.
NOT_THERE = all_end(Rejected, pitchtarget_read=(GOOD, 2), xandr_delete=NOT_DELETED)
FORBIDDEN = all_end(Forbidden)
FORBIDDEN_BY_STATUS = all_end(Forbidden, xandr=Rejected, xandr_delete=NOT_DELETED)
# A Xandr session may just have run out, so there it is one log-in and one more try.
LOGGED_OUT = all_end(BadCredentials, xandr=(BadCredentials, 3))
UNCLEAR = all_end(BadAnswer)
# No document shows Easyflow's answer to a change, so there any yes will do, also one without a body.
UNCLEAR_BUT_FOR_A_CHANGE = all_end(BadAnswer, easyflow_update=GOOD)
LOST = all_end(NoAnswer)
HARMLESS = all_end(GOOD)
WAIT = all_end(Throttled)


def error_in_200(easyflow: Outcome, xandr: Outcome | tuple[Outcome, int], **but: Any) -> Ends:
    """PitchTarget documents no error at all: one that comes as a success is none that could be understood."""
    return {"easyflow": easyflow, "pitchtarget": BadAnswer, "xandr": xandr} | all_end(BadAnswer, **but)


def by_xandr(error_id: str, xandr: Outcome | tuple[Outcome, int], **but: Any) -> Row:
    return Row(
        {"error_id": error_id}, error_in_200(BadAnswer, xandr, **but), only="" if error_id == "SYSTEM" else "xandr"
    )


def by_easyflow(status_code: int, easyflow: Outcome) -> Row:
    return Row({"status_code": status_code}, error_in_200(easyflow, BadAnswer), only="easyflow")


def said_to_be_packed(encoding: str, only: str = "") -> Row:
    """What cannot be unpacked here is read as it is."""
    unpacked = encoding in ACCEPT_ENCODING.split(",")
    return Row({"encoding": encoding}, UNCLEAR if unpacked else HARMLESS, only=only)


TABLE: dict[str, list[Row]] = {
    # Late
    "delay_before": [Row({"seconds": 0.01}, HARMLESS), Row({"seconds": LONG}, LOST, slow=True)],
    "delay_after": [Row({"seconds": 0.01}, HARMLESS), Row({"seconds": LONG}, LOST, slow=True)],
    "drip_headers": [Row({}, LOST, slow=True)],
    "drip_body": [Row({}, LOST, slow=True)],
    # Lost
    "drop": [Row({"effect": effect, "reset": reset}, LOST) for effect in (False, True) for reset in (False, True)],
    "cut_off": [Row({}, LOST), Row({"bytes": 0}, LOST)],
    "late_effect": [Row({"seconds": 0.05}, LOST)],
    # Of another status
    "status": [
        *(Row({"code": 400, "body": body}, NO) for body in ("json", "html", "empty")),
        *(Row({"code": code}, NO) for code in (405, 409, 415, 422)),
        *(Row({"code": 401, "body": body}, LOGGED_OUT) for body in ("json", "html", "empty")),
        Row({"code": 403, "body": "json"}, FORBIDDEN_BY_STATUS),
        Row({"code": 403, "body": "html"}, FORBIDDEN),
        Row({"code": 403, "body": "empty"}, FORBIDDEN),
        *(Row({"code": 404, "body": body}, NOT_THERE) for body in ("json", "html", "empty")),
        *(Row({"code": code, "body": "json"}, UNCLEAR) for code in (408, 500, 503, 999)),
        *(Row({"code": code, "body": "html"}, UNCLEAR) for code in (502, 503)),
        *(Row({"code": code, "body": "empty"}, UNCLEAR) for code in (408, 500, 504)),
        *(Row({"code": code, "effect": True}, UNCLEAR) for code in (408, 500, 504)),
        *(Row({"code": code, "body": "empty"}, UNCLEAR) for code in (300, 304)),
        *(Row({"code": code, "body": "html"}, UNCLEAR) for code in (200, 201)),
        *(Row({"code": code, "body": "empty"}, UNCLEAR_BUT_FOR_A_CHANGE) for code in (200, 204)),
    ],
    "error_in_200": [
        by_xandr("SYSTEM", BadAnswer),
        Row({"error_id": "SYSTEM", "effect": True}, UNCLEAR),
        by_xandr("SYNTAX", Rejected, xandr_delete=NOT_DELETED),
        by_xandr("INTEGRITY", Rejected, xandr_delete=NOT_DELETED),
        by_xandr("LIMIT", Rejected, xandr_delete=NOT_DELETED),
        by_xandr("UNAUTH", Forbidden),
        by_xandr("NOAUTH", (BadCredentials, 3)),
        by_xandr("NOAUTH_EXPIRED", BadCredentials),
        by_xandr("NOAUTH_DISABLED", BadCredentials),
        by_xandr("SOMETHING_NEW", BadAnswer),
        Row({"error_code": "RATE_EXCEEDED"}, {"xandr": Throttled}, only="xandr"),
        by_easyflow(400, Rejected),
        by_easyflow(401, BadCredentials),
        by_easyflow(403, Forbidden),
        by_easyflow(404, Rejected),
        by_easyflow(408, BadAnswer),
        by_easyflow(429, Throttled),
        by_easyflow(503, BadAnswer),
    ],
    "gateway": [Row({"code": 403}, FORBIDDEN), Row({"code": 429}, WAIT)],
    "redirect": [
        *(Row({"code": code}, UNCLEAR) for code in (301, 302, 303, 307, 308)),
        Row({"code": 303, "effect": True}, UNCLEAR),
    ],
    "echo": [
        Row({"code": 400}, NO),
        Row({"code": 401}, LOGGED_OUT),
        Row({"code": 403}, FORBIDDEN_BY_STATUS),
        Row({"code": 404}, NOT_THERE),
        Row({"code": 422}, NO),
        Row({"code": 500}, UNCLEAR),
    ],
    # Spoilt
    "truncated_json": [
        Row({}, UNCLEAR),
        Row({"bytes": 1}, UNCLEAR),
        Row({"bytes": 0}, UNCLEAR_BUT_FOR_A_CHANGE),
    ],
    "wrong_type": [
        Row({"type": "list"}, all_end(BadAnswer, pitchtarget_read=GOOD)),  # a list of the one that was asked for
        Row({"type": "object"}, UNCLEAR_BUT_FOR_A_CHANGE),
        Row({"type": "empty_object"}, UNCLEAR_BUT_FOR_A_CHANGE),
        *(Row({"type": other}, UNCLEAR) for other in ("text", "number", "true", "null")),
    ],
    # Where the id was known before, the yes is enough.
    "missing_id": [Row({}, all_end(BadAnswer, update=GOOD, delete=GOOD))],
    "deep_json": [
        Row({"depth": 40}, all_end(GOOD, pitchtarget_list=BadAnswer)),  # there it is one pixel more, an odd one
        Row({"depth": 60}, UNCLEAR),
        Row({"depth": 1000}, UNCLEAR),
        Row({"depth": 1_000_000}, UNCLEAR, only="pitchtarget"),
    ],
    "huge_body": [
        Row({"bytes": MB}, HARMLESS),
        Row({"bytes": MB, "announced": False}, HARMLESS),
        Row({"bytes": 64 * MB}, UNCLEAR),
        Row({"bytes": 64 * MB, "announced": False}, UNCLEAR),
    ],
    "zip_bomb": [Row({"bytes": MB}, HARMLESS), Row({"bytes": 16 * MB}, UNCLEAR)],
    # One piece of code unpacks for all of them.
    "false_encoding": [
        said_to_be_packed("gzip"),
        *(said_to_be_packed(other, "pitchtarget") for other in ("deflate", "br", "zstd", "identity", "unknown")),
    ],
    "wrong_content_type": [
        Row({}, HARMLESS),
        Row({"content_type": "application/octet-stream"}, HARMLESS, only="pitchtarget"),
        Row({"content_type": "nonsense"}, HARMLESS, only="pitchtarget"),
    ],
    "byte_order_mark": [Row({}, HARMLESS)],
    "wrong_charset": [
        Row({"written": "utf-16"}, UNCLEAR),
        Row({"written": "utf-32"}, UNCLEAR),
        # Where the answer holds no name it is the same in both.
        Row({"written": "latin-1"}, all_end(BadAnswer, pitchtarget_create=GOOD, delete=GOOD)),
    ],
    # Sessions and limits
    "session_expired": [
        Row({"count": 1}, all_end(BadCredentials, xandr=(GOOD, 3))),
        Row({"count": 1, "code": 200}, error_in_200(BadCredentials, (GOOD, 3))),
        Row({}, LOGGED_OUT),
        Row({"code": 200}, error_in_200(BadCredentials, (BadCredentials, 3))),
        *(
            Row({"code": code, "error_id": closed}, all_end(BadCredentials), only="xandr")
            for code in (401, 200)
            for closed in ("NOAUTH_EXPIRED", "NOAUTH_DISABLED")
        ),
        # A 401 says that nobody is logged in; that a right is missing is known after another log-in only.
        Row({"code": 401, "error_id": "UNAUTH"}, {"xandr": (Forbidden, 3)}, only="xandr"),
        Row({"code": 200, "error_id": "UNAUTH"}, {"xandr": Forbidden}, only="xandr"),
    ],
    "throttled": [
        *(Row({"style": style}, WAIT) for style in ("429", "429_bare")),
        *(Row({"style": style}, WAIT, only="xandr") for style in ("429_date", "429_twice", "429_absurd")),
        Row({"style": "503"}, all_end(BadAnswer, xandr=Throttled)),
        Row({"style": "503_plain"}, UNCLEAR),
        Row({"style": "405"}, all_end(Rejected, xandr=Throttled)),
        Row({"style": "200"}, error_in_200(Throttled, Throttled)),
    ],
}
