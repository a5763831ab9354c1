"""Xandr's log-in: once, again only when the token has expired, and never twice in a row."""

import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import (
    BadAnswer,
    BadCredentials,
    Forbidden,
    NotSent,
    ProviderError,
    Rejected,
    Throttled,
)
from pixels.providers.secret import Secret
from tests.pixels.providers.conftest import ACCOUNT, SESSION, Tokens, create
from tests.pixels.providers.loopback import Behaviour, Loopback, hangs_up, raw, says, silent
from tests.pixels.providers.xandr_answers import CREATED, LOGGED_IN, failing, paths
from tests.pixels.said import said

RATE_EXCEEDED = (
    b'{"response": {"error_id": "SYSTEM", "error": "You have exceeded your request limit of 100 per 60 seconds", '
    b'"error_description": "rate limit has been exceeded", "error_code": "RATE_EXCEEDED"}}'
)


def fails(call: Callable[[], object]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        call()
    return caught.value


def test_the_first_call_logs_in_and_the_token_is_kept(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [LOGGED_IN, CREATED]
    tokens = Tokens(None)

    create(connect("xandr", tokens=tokens))

    assert paths(loopback) == ["POST /auth", "POST /pixel"]
    assert loopback.received[0].json() == {"auth": {"username": "someone", "password": 'planted "password" 4c'}}
    assert loopback.received[1].headers["authorization"] == "hbapi:1:new:nym2"
    assert tokens.token == Secret("hbapi:1:new:nym2")


def test_a_kept_token_is_used_without_logging_in(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [CREATED]
    create(connect("xandr"))
    assert paths(loopback) == ["POST /pixel"]
    assert loopback.received[0].headers["authorization"] == SESSION.reveal()


@pytest.mark.parametrize(
    "expired", [failing("NOAUTH"), failing("NOAUTH", 401), says("Unauthorized", 401), says({}, 401)]
)
def test_a_token_that_ran_out_is_replaced_once_and_the_call_repeated(
    expired: Behaviour, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [expired, LOGGED_IN, CREATED]
    assert create(connect("xandr")).remote_id == "17"
    assert paths(loopback) == ["POST /pixel", "POST /auth", "POST /pixel"]


def test_a_session_refused_twice_is_not_tried_a_third_time(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [failing("NOAUTH"), LOGGED_IN, failing("NOAUTH")]
    assert type(fails(lambda: create(connect("xandr")))) is BadCredentials
    assert paths(loopback) == ["POST /pixel", "POST /auth", "POST /pixel"]


def test_another_workers_fresh_token_is_used_instead_of_a_log_in(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    class Overtaken(Tokens):
        def lock(self) -> Any:
            self.token = Secret("theirs")
            return super().lock()

    loopback.script = [failing("NOAUTH"), CREATED]
    create(connect("xandr", tokens=Overtaken()))
    assert [request.headers["authorization"] for request in loopback.received] == [SESSION.reveal(), "theirs"]


@pytest.mark.parametrize("error_id", ["NOAUTH_EXPIRED", "NOAUTH_DISABLED"])
@pytest.mark.parametrize("status", [200, 401])
def test_an_expired_password_or_a_disabled_user_is_not_logged_in_again(
    error_id: str, status: int, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [failing(error_id, status)]
    error = fails(lambda: create(connect("xandr")))
    assert type(error) is BadCredentials
    assert len(loopback.received) == 1


@pytest.mark.parametrize("error_id", ["NOAUTH", "UNAUTH", "NOAUTH_EXPIRED", "NOAUTH_DISABLED"])
@pytest.mark.parametrize("status", [200, 401])
def test_a_refused_log_in_is_bad_credentials_after_one_request(
    error_id: str, status: int, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [failing(error_id, status, "No match found for user/pass")]
    error = fails(lambda: connect("xandr", tokens=Tokens(None)).check_credentials(ACCOUNT))
    assert type(error) is BadCredentials
    assert error.provider_message == "No match found for user/pass"
    assert len(loopback.received) == 1


def test_a_log_in_refused_without_an_envelope_is_bad_credentials(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says("Unauthorized", 401)]
    error = fails(lambda: create(connect("xandr", tokens=Tokens(None))))
    assert said(error) == "Xandr refused the username or the password."
    assert paths(loopback) == ["POST /auth"]


@pytest.mark.parametrize("said", [("UNAUTH", 200), ("UNAUTH", 403), ("SYNTAX", 200), ("NOAUTH_NEW", 200)])
def test_nothing_but_401_and_exactly_noauth_leads_to_another_log_in(
    said: tuple[str, int], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [failing(*said)]
    fails(lambda: create(connect("xandr")))
    assert paths(loopback) == ["POST /pixel"]


def test_two_threads_that_meet_an_expired_token_log_in_once(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    meeting = threading.Barrier(2)

    class Shared(Tokens):
        """Both threads have read the old token before either of them sends it."""

        def load(self) -> Secret | None:
            token = super().load()
            if token == SESSION and not self._lock.locked():
                meeting.wait(5)
            return token

    def by_token(connection: socket.socket) -> None:
        request = loopback.received[-1]
        old = request.headers.get("authorization") == SESSION.reveal()
        behave = LOGGED_IN if request.path == "/auth" else failing("NOAUTH") if old else CREATED
        behave(connection)

    loopback.script = [by_token]
    tokens, made = Shared(), []
    threads = [
        threading.Thread(target=lambda: made.append(create(connect("xandr", tokens=tokens)).remote_id), daemon=True)
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert made == ["17", "17"]
    assert paths(loopback).count("POST /auth") == 1
    assert paths(loopback).count("POST /pixel") == 4


def test_checking_logs_in_afresh_although_a_token_is_kept(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [LOGGED_IN]
    tokens = Tokens()
    connect("xandr", tokens=tokens).check_credentials(ACCOUNT)
    assert paths(loopback) == ["POST /auth", "GET /user"]
    assert tokens.token == Secret("hbapi:1:new:nym2")


@pytest.mark.parametrize(
    "trouble",
    [
        silent,
        hangs_up,
        says("<h1>502</h1>", 502),
        says("{"),
        says({"response": {"status": "OK"}}),
        says({"response": {"status": "OK", "token": "a\r\nX: 1"}}),
        says("", 302, {"Location": "https://elsewhere.example/"}),
        failing("SYSTEM"),
    ],
)
@pytest.mark.usefixtures("hurried")
def test_trouble_while_logging_in_leaves_the_pixel_unsent(
    trouble: Behaviour, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [trouble]
    error = fails(lambda: create(connect("xandr", tokens=Tokens(None))))
    assert type(error) is NotSent
    assert not error.maybe_done
    assert paths(loopback) == ["POST /auth"]


@pytest.mark.parametrize("status", [200, 400, 401, 403, 405, 429, 503])
def test_a_log_in_too_many_is_a_wait(status: int, connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [failing("SYSTEM", status, error_code="RATE_EXCEEDED")]
    error = fails(lambda: connect("xandr").check_credentials(ACCOUNT))
    assert type(error) is Throttled
    assert paths(loopback) == ["POST /auth"]


@pytest.mark.parametrize(
    "unknown", [failing("SYSTEM"), failing("TOO_MANY"), says({"response": {"status": "error"}}), says("Slow down", 200)]
)
def test_a_log_in_too_many_in_an_unknown_shape_is_one_request_and_not_the_end(
    unknown: Behaviour, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [unknown]
    error = fails(lambda: create(connect("xandr", tokens=Tokens(None))))
    assert type(error) is NotSent
    assert error.retryable
    assert paths(loopback) == ["POST /auth"]


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (failing("SYNTAX"), Rejected),
        (failing("INTEGRITY"), Rejected),
        (failing("INTEGRITY", 409), Rejected),
        (failing("LIMIT"), Rejected),
        (failing("SYNTAX", 400), Rejected),
        (failing("UNAUTH"), Forbidden),
        (failing("UNAUTH", 403), Forbidden),
        (failing("SYSTEM"), BadAnswer),
        (failing("SYSTEM", error_code="UNKNOWN"), BadAnswer),
        (failing("SYSTEM", error_code="RATE_EXCEEDED"), Throttled),
        (failing("SYSTEM", 405, error_code="RATE_EXCEEDED"), Throttled),
        (failing("SYNTAX", 500), BadAnswer),
        (failing("SOMETHING_NEW"), BadAnswer),
        (says({"response": {"status": "ERROR", "errors": ["no"]}}), BadAnswer),
        (says({"response": {"id": 17}}), BadAnswer),
        (says({"response": {"status": "error", "id": 17}}), BadAnswer),
        (says({"response": {"status": None, "id": 17}}), BadAnswer),
        (says({"response": {"status": ["OK"], "id": 17}}), BadAnswer),
        (says({"status": "OK", "id": 17}), BadAnswer),
        (says({"response": [{"status": "OK", "id": 17}]}), BadAnswer),
        (says("", 503), BadAnswer),
        (says("", 503, {"x-ratelimit-code": "503", "retry-after": "9"}), Throttled),
        (says("", 429, {"retry-after": "9"}), Throttled),
    ],
)
def test_only_a_status_of_ok_is_a_yes(
    behaviour: Behaviour, expected: type[ProviderError], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [behaviour]
    error = fails(lambda: create(connect("xandr")))
    assert type(error) is expected
    assert len(loopback.received) == 1
    if isinstance(error, Throttled) and error.status in (429, 503):
        assert error.retry_after == 9


@pytest.mark.parametrize("odd", [["NOAUTH"], {"id": "NOAUTH"}, 7, True, None])
@pytest.mark.parametrize("field", ["error_id", "error_code", "error", "error_description"])
@pytest.mark.parametrize("logged_in", [True, False])
def test_an_error_in_an_odd_shape_is_an_honest_error(
    odd: Any, field: str, logged_in: bool, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    said = {"error_id": "SYNTAX", "error": "No.", "error_description": None, "error_code": None, field: odd}
    loopback.script = [says({"response": said})]
    error = fails(lambda: create(connect("xandr", tokens=Tokens() if logged_in else Tokens(None))))
    assert type(error) is (Rejected if field != "error_id" else BadAnswer if logged_in else NotSent)
    assert len(loopback.received) == 1


def test_ok_is_read_in_any_case(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says({"response": {"status": "ok", "id": "17"}})]
    assert create(connect("xandr")).remote_id == "17"


@pytest.mark.parametrize("status", [200, 201, 400, 404, 409, 500, 503])
def test_ok_is_a_yes_with_any_http_status(status: int, connect: Callable[..., Provider], loopback: Loopback) -> None:
    """The envelope is read before the status, and decides."""
    loopback.script = [says({"response": {"status": "OK", "id": 17}}, status)]
    assert create(connect("xandr")).remote_id == "17"
    assert len(loopback.received) == 1


DATE = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def in_seconds(seconds: int) -> str:
    return format_datetime(DATE + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("waits", "seconds"),
    [
        ([], None),
        (["31"], 31),
        (["9", "24"], 24),
        (["24", "9"], 24),
        ([in_seconds(40)], 40),
        ([in_seconds(40), in_seconds(70)], 70),
        ([in_seconds(40), "50"], 50),
        (["9", "999999999999"], 9),
        (["soon"], None),
        (["-5"], None),
        (["0"], None),
        (["999999999999"], None),
        ([in_seconds(-40)], None),
        ([in_seconds(7 * 86400)], None),
    ],
)
@pytest.mark.parametrize(
    ("status", "marks", "error_code"),
    [
        (429, {"x-ratelimit-code": "429", "x-ratelimit-count": "101"}, None),
        (429, {}, None),
        (503, {"X-RateLimit-Code": "503"}, None),
        (405, {}, "RATE_EXCEEDED"),
        (200, {}, "RATE_EXCEEDED"),
    ],
)
def test_each_generation_of_throttling_is_a_wait(
    status: int,
    marks: dict[str, str],
    error_code: str | None,
    waits: list[str],
    seconds: float | None,
    connect: Callable[..., Provider],
    loopback: Loopback,
) -> None:
    body = b"" if error_code is None else RATE_EXCEEDED
    head, rest = raw(status, body, {"Date": format_datetime(DATE, usegmt=True), **marks}).split(b"\r\n", 1)
    twice = "".join(f"{name}: {wait}\r\n" for name, wait in zip(("Retry-After", "retry-after"), waits, strict=False))
    loopback.script = [lambda connection: connection.sendall(head + b"\r\n" + twice.encode() + rest)]
    error = fails(lambda: create(connect("xandr")))
    assert isinstance(error, Throttled)
    assert error.retry_after == seconds
    assert not error.maybe_done
    assert len(loopback.received) == 1


@pytest.mark.parametrize(
    "payload",
    [
        {"response": {"error": "Too many concurrent requests", "error_id": "LIMIT_REACHED"}},
        {"response": {"error": "Too many concurrent requests"}},
        {"error": "Too many concurrent requests"},
        {"response": {"status": "error"}},
        {"response": "busy"},
        "busy",
    ],
)
def test_an_unknown_error_in_a_200_is_neither_yes_nor_no(
    payload: Any, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    """So more than 15 requests at once are answered, in a shape that no document shows."""
    loopback.script = [says(payload)]
    error = fails(lambda: create(connect("xandr")))
    assert type(error) is BadAnswer
    assert error.maybe_done
    assert len(loopback.received) == 1
