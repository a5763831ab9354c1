"""FAULTS: every fault that can be set at the sandbox. The same table is in docs/sandbox.md."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import easyflow, fault_acts, fault_lists, pitchtarget, xandr
from .apis import APIS
from .fault_call import Call
from .wire import Response

EVERYBODY = tuple(APIS)

# What operation() of each API may return: a fault on a misspelt operation would never occur.
OPERATIONS: dict[str, tuple[str, ...]] = {api.SLUG: api.OPERATIONS for api in APIS.values()}
LOGINS = ("auth",)
PIXELS = ("list",)
LISTS = ("ad_accounts", "advertisers", "line_items", *PIXELS)

MAX_SECONDS = 3600
MAX_BYTES = 1024**3


@dataclass(frozen=True, kw_only=True)
class Parameter:
    default: Any
    must: str  # the allowed values, for people
    fits: Callable[[Any], bool]


def seconds(default: float) -> Parameter:
    def fits(value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_SECONDS

    return Parameter(default=default, must=f"0 to {MAX_SECONDS}", fits=fits)


def whole(default: int | None, lowest: int, highest: int, *, or_null: bool = False) -> Parameter:
    def fits(value: Any) -> bool:
        if value is None:
            return or_null
        return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest

    return Parameter(default=default, must=f"{lowest} to {highest}" + (" or null" if or_null else ""), fits=fits)


def one_of(*values: Any) -> Parameter:
    """The first is the default."""

    def fits(value: Any) -> bool:
        return any(type(value) is type(one) and value == one for one in values)  # True is no 1 here

    must = ", ".join(value if isinstance(value, str) else json.dumps(value) for value in values)
    return Parameter(default=values[0], must=must, fits=fits)


def text(default: str | None) -> Parameter:
    """For a header as well, so on one line and in ASCII."""

    def fits(value: Any) -> bool:
        if value is None:
            return default is None
        return isinstance(value, str) and value.isascii() and value.isprintable() and 0 < len(value) <= 1000

    return Parameter(default=default, must="text" + (" or null" if default is None else ""), fits=fits)


@dataclass(frozen=True, kw_only=True)
class Fault:
    what: str  # for people
    effect: str  # whether the API does what it was asked: "yes", "no", "as told" (its parameter `effect`), "late"
    act: Callable[[Call], Response]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    providers: tuple[str, ...] = EVERYBODY
    only: tuple[str, ...] = ()  # operations; none: any
    never: tuple[str, ...] = ()

    def concerns(self, operation: str) -> bool:
        return operation not in self.never and (not self.only or operation in self.only)


NO_EFFECT = one_of(False, True)

FAULTS: dict[str, Fault] = {
    # Late
    "delay_before": Fault(
        what="Waits, then does what it was asked and answers.",
        effect="yes",
        act=fault_acts.delay_before,
        parameters={"seconds": seconds(1)},
    ),
    "delay_after": Fault(
        what="Does what it was asked, then waits with the answer.",
        effect="yes",
        act=fault_acts.delay_after,
        parameters={"seconds": seconds(1)},
    ),
    "drip_headers": Fault(
        what="Sends status line and headers one byte at a time, with a pause after each.",
        effect="yes",
        act=fault_acts.drip_headers,
        parameters={"seconds": seconds(0.1)},
    ),
    "drip_body": Fault(
        what="Sends the body one byte at a time, with a pause after each.",
        effect="yes",
        act=fault_acts.drip_body,
        parameters={"seconds": seconds(0.1)},
    ),
    # Lost
    "drop": Fault(
        what="Closes the connection without an answer; `reset` breaks it (RST).",
        effect="as told",
        act=fault_acts.drop,
        parameters={"effect": NO_EFFECT, "reset": one_of(False, True)},
    ),
    "cut_off": Fault(
        what="Closes the connection in the middle of the body; null: after half of it.",
        effect="yes",
        act=fault_acts.cut_off,
        parameters={"bytes": whole(None, 0, MAX_BYTES, or_null=True)},
    ),
    "late_effect": Fault(
        what="Closes the connection at once and does what it was asked later.",
        effect="late",
        act=fault_acts.late_effect,
        parameters={"seconds": seconds(1)},
    ),
    # Of another status
    "status": Fault(
        what="Answers with this status: the API's own error form, a page, or nothing.",
        effect="as told",
        act=fault_acts.status,
        parameters={"code": whole(500, 200, 999), "body": one_of("json", "html", "empty"), "effect": NO_EFFECT},
    ),
    "error_in_200": Fault(
        what="Answers 200 with an error in the API's own form. The ids are Xandr's, `status_code` is Easyflow's.",
        effect="as told",
        act=fault_acts.error_in_200,
        parameters={
            "error_id": text("SYSTEM"),
            "error_code": text(None),
            "status_code": whole(500, 100, 999),
            "message": text("A fault of the sandbox"),
            "effect": NO_EFFECT,
        },
    ),
    "gateway": Fault(
        what="Answers as AWS's gateway does, with a `message` and nothing else.",
        effect="no",
        act=fault_acts.gateway,
        parameters={"code": one_of(403, 429)},
        providers=(easyflow.SLUG,),
    ),
    "redirect": Fault(
        what="Redirects to another address.",
        effect="as told",
        act=fault_acts.redirect,
        parameters={
            "code": one_of(302, 301, 303, 307, 308),
            "to": text("http://elsewhere.invalid/"),
            "effect": NO_EFFECT,
        },
    ),
    "echo": Fault(
        what="Refuses, and quotes the headers and the body that were sent, secrets included.",
        effect="no",
        act=fault_acts.echo,
        parameters={"code": whole(400, 400, 599)},
    ),
    # Spoilt
    "truncated_json": Fault(
        what="Sends the beginning of the body as if it were all; null: half of it.",
        effect="yes",
        act=fault_acts.truncated_json,
        parameters={"bytes": whole(None, 0, MAX_BYTES, or_null=True)},
    ),
    "wrong_type": Fault(
        what="Sends JSON of another type: the answer in a list or an object, or something else.",
        effect="yes",
        act=fault_acts.wrong_type,
        parameters={"type": one_of("list", "object", "empty_object", "text", "number", "true", "null")},
    ),
    "missing_id": Fault(
        what="Leaves every `id` out of the answer.",
        effect="yes",
        act=fault_acts.missing_id,
    ),
    "deep_json": Fault(
        what="Adds lists within lists to the answer.",
        effect="yes",
        act=fault_acts.deep_json,
        parameters={"depth": whole(1000, 1, 1_000_000)},
    ),
    "huge_body": Fault(
        what="Blows the JSON up with spaces; not `announced`: without a Content-Length.",
        effect="yes",
        act=fault_acts.huge_body,
        parameters={"bytes": whole(64 * 1024**2, 1, MAX_BYTES), "announced": one_of(True, False)},
    ),
    "zip_bomb": Fault(
        what="The same, zipped: a small body that becomes so many bytes.",
        effect="yes",
        act=fault_acts.zip_bomb,
        parameters={"bytes": whole(64 * 1024**2, 1, MAX_BYTES)},
    ),
    "false_encoding": Fault(
        what="Says that the body is packed, which it is not.",
        effect="yes",
        act=fault_acts.false_encoding,
        parameters={"encoding": one_of("gzip", "deflate", "br", "zstd", "identity", "unknown")},
    ),
    "wrong_content_type": Fault(
        what="Calls the JSON something else.",
        effect="yes",
        act=fault_acts.wrong_content_type,
        parameters={"content_type": text("text/html; charset=utf-8")},
    ),
    "byte_order_mark": Fault(
        what="Sends a byte order mark before the JSON.",
        effect="yes",
        act=fault_acts.byte_order_mark,
    ),
    "wrong_charset": Fault(
        what="Writes the body in another charset than it says.",
        effect="yes",
        act=fault_acts.wrong_charset,
        parameters={"written": one_of("utf-16", "latin-1", "utf-32"), "declared": text("utf-8")},
    ),
    # Lists
    "first_page_again": Fault(
        what="Shows the first page whichever page is asked for.",
        effect="yes",
        act=fault_lists.first_page_again,
        providers=fault_lists.PAGED,
        only=LISTS,
    ),
    "repeated_items": Fault(
        what="Shows the first objects of the whole list once more at the end of each page.",
        effect="yes",
        act=fault_lists.repeated_items,
        parameters={"items": whole(1, 1, 100)},
        only=LISTS,
    ),
    "missing_items": Fault(
        what="Leaves the first objects of the page out; the total stays.",
        effect="yes",
        act=fault_lists.missing_items,
        parameters={"items": whole(1, 1, 1000)},
        only=LISTS,
    ),
    "moving_pages": Fault(
        what="After the answer the page's first objects are deleted, or copies with lower ids appear: the rest moves.",
        effect="yes",
        act=fault_lists.moving_pages,
        parameters={"how": one_of("deleted", "inserted"), "items": whole(1, 1, 100)},
        only=PIXELS,
    ),
    "wrong_total": Fault(
        what="Gives a wrong number of objects in all, larger or smaller `by` so many, or none.",
        effect="yes",
        act=fault_lists.wrong_total,
        parameters={"total": one_of("larger", "smaller", "null", "text"), "by": whole(5, 1, 1_000_000)},
        providers=fault_lists.PAGED,
        only=LISTS,
    ),
    "foreign_objects": Fault(
        what="Shows the objects of another account; null: the sandbox's other one.",
        effect="yes",
        act=fault_lists.foreign_objects,
        parameters={"account": text(None)},
        only=PIXELS,
    ),
    # Sessions and limits
    "session_expired": Fault(
        what="Answers as to a token that has run out. `error_id` is Xandr's. Log-ins are let through.",
        effect="no",
        act=fault_acts.session_expired,
        parameters={
            "code": one_of(401, 200),
            "error_id": one_of("NOAUTH", "NOAUTH_EXPIRED", "NOAUTH_DISABLED", "UNAUTH"),
        },
        never=LOGINS,
    ),
    "throttled": Fault(
        what=(
            "Answers that there were too many requests, to be tried again in so many seconds, in one of the ways"
            " that are met. `503_plain` is no throttling: it lacks Xandr's header."
        ),
        effect="no",
        act=fault_acts.throttled,
        parameters={
            "style": one_of("429", "429_date", "429_twice", "429_bare", "429_absurd", "503", "503_plain", "405", "200"),
            "seconds": whole(1, 0, MAX_SECONDS),
            "absurd": text("1000000000"),
        },
    ),
    "too_many_logins": Fault(
        what="Refuses a log-in because there were too many.",
        effect="no",
        act=fault_acts.too_many_logins,
        parameters={"code": one_of(200, 405, 429)},
        providers=(xandr.SLUG, pitchtarget.SLUG),
        only=LOGINS,
    ),
}
