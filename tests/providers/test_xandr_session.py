"""Xandr's log-in: once, again only when the token has run out, and never twice in a row."""

from collections.abc import Callable
from typing import Any

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import (
    BadAnswer,
    BadCredentials,
    Forbidden,
    NotSent,
    ProviderError,
    Refused,
    Throttled,
)
from pixels.providers.secret import Secret

from .conftest import ACCOUNT, SESSION, Tokens, create
from .loopback import Behaviour, Loopback, hangs_up, says, silent

LOGGED_IN = says({"response": {"status": "OK", "token": "hbapi:1:new:nym2", "dbg_info": {"output_term": "not_found"}}})
CREATED = says({"response": {"status": "OK", "id": 17}})


def failing(error_id: str, status: int = 200, error: str = "No.", **more: Any) -> Behaviour:
    body = {"error_id": error_id, "error": error, "error_description": None, "error_code": None, **more}
    return says({"response": {**body, "dbg_info": {"output_term": "not_found"}}}, status)


def paths(loopback: Loopback) -> list[str]:
    return [f"{request.method} {request.path}" for request in loopback.received]


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
    assert type(fails(lambda: create(connect("xandr")))) is BadCredentials
    assert len(loopback.received) == 1


@pytest.mark.parametrize("error_id", ["NOAUTH", "UNAUTH", "NOAUTH_EXPIRED", "NOAUTH_DISABLED"])
@pytest.mark.parametrize("status", [200, 401])
def test_a_refused_log_in_is_bad_credentials_after_one_request(
    error_id: str, status: int, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [failing(error_id, status, "No match found for user/pass")]
    error = fails(lambda: connect("xandr", tokens=Tokens(None)).check_credentials(ACCOUNT))
    assert type(error) is BadCredentials
    assert error.words == "No match found for user/pass"
    assert len(loopback.received) == 1


def test_checking_logs_in_afresh_although_a_token_is_kept(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [LOGGED_IN]
    tokens = Tokens()
    connect("xandr", tokens=tokens).check_credentials(ACCOUNT)
    assert paths(loopback) == ["POST /auth"]
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


def test_a_log_in_too_many_is_a_wait(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [failing("SYSTEM", error_code="RATE_EXCEEDED")]
    error = fails(lambda: connect("xandr").check_credentials(ACCOUNT))
    assert type(error) is Throttled


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (failing("SYNTAX"), Refused),
        (failing("INTEGRITY"), Refused),
        (failing("LIMIT"), Refused),
        (failing("SYNTAX", 400), Refused),
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
        (says({"response": {"status": "OK", "id": 17}}, 500), BadAnswer),
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
    assert type(error) is (Refused if field != "error_id" else BadAnswer if logged_in else NotSent)
    assert len(loopback.received) == 1


def test_ok_is_read_in_any_case(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says({"response": {"status": "ok", "id": "17"}})]
    assert create(connect("xandr")).remote_id == "17"
