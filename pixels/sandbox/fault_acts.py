"""What each fault does with one answer: late, lost, with another status, or damaged. faults.py names them."""

import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from .fault_call import DROPPED, Call, read_answer, with_body, with_headers, with_json
from .wire import Delivery, Response, json_response

PIECE = 64 * 1024  # bytes of a huge body that are in memory at once

# The body of Xandr's rate limit, as its document showed it until April 2024. inferred: sent with the newer
# status codes too, of which no body is published
RATE_EXCEEDED = {
    "error_id": "SYSTEM",
    "error": (
        "You have exceeded your request limit of 100 per 60 seconds for this user, please wait and try again"
        " or contact AppNexus for higher limits"
    ),
    "error_description": "rate limit has been exceeded",
    "error_code": "RATE_EXCEEDED",
}
RATE_CODE = "x-ratelimit-code"  # documented: a 503 without it is no throttling
TWICE_LATER = 15  # documented: an example shows Retry-After 9 and 24 in one answer

# inferred: the limit is documented, its answer not; a client of others takes RATE_EXCEEDED for it
TOO_MANY_LOGINS = {**RATE_EXCEEDED, "error": "You have exceeded your limit of 10 authentications per 5 minutes"}
NOT_LOGGED_IN = "Authentication failed - not logged in"  # inferred: seen by one client, in no document

# inferred: what AWS's gateway says itself, before Easyflow's code sees a request
GATEWAY_WORDS = {403: "Forbidden", 429: "Too Many Requests"}


# Late


def delay_before(call: Call) -> Response:
    call.pause(call.given["seconds"])
    return call.work()


def delay_after(call: Call) -> Response:
    response = call.work()
    call.pause(call.given["seconds"])
    return response


def drip_headers(call: Call) -> Response:
    return replace(call.work(), delivery=Delivery(head_seconds=call.given["seconds"]))


def drip_body(call: Call) -> Response:
    return replace(call.work(), delivery=Delivery(body_seconds=call.given["seconds"]))


# Lost


def drop(call: Call) -> Response:
    call.work_if_told()
    return replace(DROPPED, delivery=Delivery(dropped=True, reset=call.given["reset"]))


def late_effect(call: Call) -> Response:
    call.later(call.given["seconds"], call.work)
    return DROPPED


def cut_off(call: Call) -> Response:
    response = call.work()
    return replace(response, delivery=Delivery(cut_at=_part(response.body, call.given["bytes"])))


# Of another status


def status(call: Call) -> Response:
    call.work_if_told()
    code, kind = call.given["code"], call.given["body"]
    if kind == "empty" or code in (204, 304):  # HTTP has no body there
        return Response(status=code)
    if kind == "html":
        html = f"<html><head><title>{code}</title></head><body><h1>{code} sandbox fault</h1></body></html>"
        return Response(status=code, body=html.encode(), headers={"Content-Type": "text/html; charset=utf-8"})
    return replace(call.refusal(code, "A fault of the sandbox"), status=code)


def error_in_200(call: Call) -> Response:
    call.work_if_told()
    given = call.given
    words = {"error_id": given["error_id"], "error_code": given["error_code"], "error": given["message"]}
    return _envelope(call, 200, given["status_code"], words)


def gateway(call: Call) -> Response:
    code = call.given["code"]
    return json_response({"message": GATEWAY_WORDS[code]}, status=code)


def redirect(call: Call) -> Response:
    call.work_if_told()
    return Response(status=call.given["code"], headers={"Location": call.given["to"]})


def echo(call: Call) -> Response:
    """An error that quotes the request with its keys, which a client must not show."""
    sent = [f"{name}: {value}" for name, value in call.request.headers.items()]
    quoted = "\n".join([*sent, "", call.request.body.decode("utf-8", "replace")])
    return call.refusal(call.given["code"], f"Cannot use {quoted}")


# Sessions and limits


def session_expired(call: Call) -> Response:
    words = {"error_id": call.given["error_id"], "error": NOT_LOGGED_IN}
    return _envelope(call, call.given["code"], 401, words)


def throttled(call: Call) -> Response:
    style, seconds = call.given["style"], call.given["seconds"]
    code = int(style.partition("_")[0])
    if style == "503_plain":
        return call.refusal(503, "Service Unavailable")
    response = _envelope(call, code, 429, RATE_EXCEEDED)
    if code in (429, 503) and call.slug == "xandr":
        response = with_headers(response, **{RATE_CODE: str(code)})
    match style:
        case "429_bare":
            return response
        case "429_date":
            when = datetime.now(UTC) + timedelta(seconds=seconds)
            return with_headers(response, Retry_After=format_datetime(when, usegmt=True))
        case "429_absurd":
            return with_headers(response, Retry_After=call.given["absurd"])
        case "429_twice":
            again = (("retry-after", str(seconds + TWICE_LATER)),)
            response = replace(response, delivery=Delivery(more_headers=again))
    return with_headers(response, Retry_After=str(seconds))


def too_many_logins(call: Call) -> Response:
    return _envelope(call, call.given["code"], 429, TOO_MANY_LOGINS)


# Spoilt


def truncated_json(call: Call) -> Response:
    response = call.work()
    return with_body(response, response.body[: _part(response.body, call.given["bytes"])])


def wrong_type(call: Call) -> Response:
    response = call.work()
    real = read_answer(response)
    kinds: dict[str, Any] = {
        "list": [real],
        "object": {"answer": real},
        "empty_object": {},
        "text": "done",
        "number": 1,
        "true": True,
        "null": None,
    }
    return with_json(response, kinds[call.given["type"]])


def missing_id(call: Call) -> Response:
    response = call.work()
    return with_json(response, _without_ids(read_answer(response)))


def deep_json(call: Call) -> Response:
    response, depth = call.work(), call.given["depth"]
    return with_body(response, _with_more(response.body, b"[" * depth + b"]" * depth))


def huge_body(call: Call) -> Response:
    response, size = call.work(), call.given["bytes"]
    length = max(size, len(response.body)) if call.given["announced"] else None
    return replace(response, delivery=Delivery(pieces=_blown_up(response.body, size), length=length))


def zip_bomb(call: Call) -> Response:
    response = call.work()
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)  # plus 16 for the gzip format
    packed = b"".join(packer.compress(piece) for piece in _blown_up(response.body, call.given["bytes"]))
    return with_headers(with_body(response, packed + packer.flush()), Content_Encoding="gzip")


def false_encoding(call: Call) -> Response:
    return with_headers(call.work(), Content_Encoding=call.given["encoding"])


def wrong_content_type(call: Call) -> Response:
    return with_headers(call.work(), Content_Type=call.given["content_type"])


def byte_order_mark(call: Call) -> Response:
    response = call.work()
    return with_body(response, b"\xef\xbb\xbf" + response.body)


def wrong_charset(call: Call) -> Response:
    response = call.work()
    body = response.body.decode("utf-8").encode(call.given["written"], "replace")
    return with_headers(with_body(response, body), Content_Type=f"application/json; charset={call.given['declared']}")


def _envelope(call: Call, code: int, own_code: int, words: dict[str, Any]) -> Response:
    """An error in the API's form, sent with `code`. Xandr's takes all the words, the others the sentence alone."""
    response = call.refusal(own_code, words["error"])
    body = read_answer(response)
    match call.slug:
        case "xandr":
            body["response"].update(words)
        case "pitchtarget" if code == 200:  # a 200 has no status to be known by: the form with the most to see
            body = {"errors": {"base": [words["error"]]}}
    return replace(with_json(response, body), status=code)


def _part(body: bytes, wanted: int | None) -> int:
    """How many bytes are sent: as given but never all, or half."""
    return len(body) // 2 if wanted is None else min(wanted, max(len(body) - 1, 0))


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_ids(inner) for key, inner in value.items() if key != "id"}
    return [_without_ids(inner) for inner in value] if isinstance(value, list) else value


def _with_more(body: bytes, more: bytes) -> bytes:
    """The same JSON with one more value at its end."""
    inner, end = body[1:-1], body[-1:]
    name = b'"more":' if end == b"}" else b""
    return body[:1] + inner + (b"," if inner else b"") + name + more + end


def _blown_up(body: bytes, size: int) -> Iterator[bytes]:
    """The same JSON with spaces before its last character, which JSON allows."""
    yield body[:-1]
    left = size - len(body)
    while left > 0:
        yield b" " * min(PIECE, left)
        left -= PIECE
    yield body[-1:]
