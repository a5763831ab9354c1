"""The envelope around every answer of Xandr, read before the HTTP status.

Xandr may report an error with any HTTP status, 200 included. An answer is a success if `response.status` is "OK", in
upper or lower case, whatever its HTTP status, and otherwise it is an error. Fields that are not read here may have any
shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..coerce import object_id
from ..errors import BadAnswer, BadCredentials, Forbidden, NotFound, ProviderError, Rejected
from ..transport.response import Answer

# Recorded in 2017 at other services of Xandr, as a SYNTAX error in an HTTP 200. inferred for pixels.
NOT_FOUND = "resource not found"
ERROR_TEXTS = ("error_id", "error_code", "error", "error_description")
# The documented ids of errors that mean "not carried out". Two errors are not documented: that for more than 15
# requests at once, and that for more than ten log-ins in five minutes. So any other id leaves it open whether the call
# was carried out.
REFUSALS = frozenset({"SYNTAX", "INTEGRITY", "LIMIT"})
RATE_EXCEEDED = "RATE_EXCEEDED"  # an error_code: with HTTP 405 up to v1.16 of the API, and also seen with 200
NO_LOG_IN = {
    "NOAUTH_EXPIRED": "xandr.password_expired",
    "NOAUTH_DISABLED": "xandr.user_disabled",
}
MAX_TOTAL = 10**9  # a greater number is taken for a mistake; no integer column could hold it


def inside(answer: Answer) -> dict[str, Any]:
    """The fields inside the envelope; none if it cannot be read. The error fields are always there, as texts."""
    try:
        body = answer.json()
    except BadAnswer:
        body = None
    response = body.get("response") if isinstance(body, dict) else None
    if not isinstance(response, dict):
        # Without an envelope, an error is read from the body itself; a success is not.
        response = {name: value for name, value in body.items() if name != "status"} if isinstance(body, dict) else {}
    said = {name: response.get(name) for name in ERROR_TEXTS}
    return {**response, **{name: value if isinstance(value, str) else "" for name, value in said.items()}}


def is_ok(response: Mapping[str, Any]) -> bool:
    return str(response.get("status")).upper() == "OK"


def is_logged_out(answer: Answer, response: Mapping[str, Any]) -> bool:
    """Whether a new log-in may help: only after HTTP 401 or the error id NOAUTH."""
    error_id = response["error_id"]
    if is_ok(response) or is_throttled(answer, response):
        return False
    return error_id == "NOAUTH" or (answer.status == 401 and error_id not in NO_LOG_IN)


def is_throttled(answer: Answer, response: Mapping[str, Any]) -> bool:
    """Whether Xandr asks us to wait, in any of its three ways. A 503 without x-ratelimit-code is not one of them."""
    by_status = answer.status == 429 or (answer.status == 503 and "x-ratelimit-code" in answer.headers)
    return by_status or response["error_code"] == RATE_EXCEEDED


def log_in_error(answer: Answer, response: Mapping[str, Any], refused: str) -> ProviderError:
    """The error of a log-in. `refused`: the code of the message that names the credentials.

    NOAUTH and UNAUTH mean the same here: the documents have the first, the tests of Xandr's own client the second.
    """
    bad = response["error_id"] in {"NOAUTH", "UNAUTH"} or answer.status == 401
    if bad and response["error_id"] not in NO_LOG_IN and not is_throttled(answer, response):
        return BadCredentials(refused, provider_message=error_text(answer, response), status=answer.status)
    return error(answer, response, one_object=False)


def error(answer: Answer, response: Mapping[str, Any], *, one_object: bool) -> ProviderError:
    error_id = response["error_id"]
    said = error_text(answer, response)
    facts: dict[str, Any] = {"provider_message": said, "status": answer.status}
    if is_throttled(answer, response):
        return answer.throttled(**facts)
    if error_id in NO_LOG_IN:
        return BadCredentials(NO_LOG_IN[error_id], **facts)
    if answer.status >= 500 or answer.status == 408:
        return answer.unusable()
    if error_id == "SYSTEM":
        return BadAnswer("xandr.failed", **facts)
    if error_id == "UNAUTH":
        return Forbidden("xandr.not_allowed", **facts)
    if error_id == "NOAUTH" or answer.status == 401:
        return BadCredentials("xandr.session_refused", **facts)
    if error_id in REFUSALS:
        if one_object and response["error"].casefold() == NOT_FOUND:
            return NotFound("xandr.no_such_pixel", **facts)
        return Rejected("provider.rejected", provider=answer.label, **facts)
    return answer.fault("xandr.log_in_refused", said)


def error_text(answer: Answer, response: Mapping[str, Any]) -> str:
    return answer.provider_message(f"{response['error']} {response['error_description']}")


def objects(response: Mapping[str, Any], names: tuple[str, str]) -> list[Any] | None:
    """The objects in an answer; None if it has none.

    `names`: the field that holds a list (plural) and the one that holds one object (singular). If the answer has both,
    its `output_term` says which one to read.
    """
    debug = response.get("dbg_info")
    term = debug.get("output_term") if isinstance(debug, dict) else None
    keys = [key for key in names if key in response]
    if not keys:
        return [] if total(response) == 0 else None
    data = response[term if term in keys else keys[0]]
    if data is None and total(response) == 0:
        return []
    return [data] if isinstance(data, dict) else data if isinstance(data, list) else None


def total(response: Mapping[str, Any]) -> int | None:
    """The size of the whole list, from `count`. (`num_elements` only repeats the request, or is null.)"""
    count = object_id(response.get("count"))
    if not count or not count.isdigit():
        return None
    if int(count) > MAX_TOTAL:
        raise misfit()
    return int(count)


def misfit() -> BadAnswer:
    return BadAnswer("provider.not_understood", provider="Xandr")


@dataclass(frozen=True)
class Rows:
    """One page: its objects by id, and the size of the whole list according to Xandr (None: it does not say)."""

    by_id: Mapping[str, Mapping[str, Any]]
    total: int | None
    repeated: bool = False  # it holds only objects that were on earlier pages
    end: int = 0  # the position at which the next page begins


def read(response: Mapping[str, Any], names: tuple[str, str]) -> Rows:
    """The objects of one answer by id. Raises BadAnswer if one of them has no id."""
    listed = objects(response, names)
    if listed is None:
        raise misfit()
    found: dict[str, Mapping[str, Any]] = {}
    for item in listed:
        remote_id = object_id(item.get("id")) if isinstance(item, dict) else None
        if remote_id is None:
            raise misfit()
        found[remote_id] = item
    return Rows(found, total(response))
