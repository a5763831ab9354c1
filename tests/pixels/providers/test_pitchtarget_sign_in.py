"""PitchTarget's two ways to sign in, and the list of ad accounts that follows."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import (
    BadAnswer,
    BadCredentials,
    NotSent,
    ProviderError,
    Rejected,
    Throttled,
)
from pixels.providers.registry import PROVIDERS
from pixels.providers.secret import Secret
from pixels.providers.values import AdAccountRef, Remark
from tests.pixels.providers.conftest import ACCOUNT, Tokens, create
from tests.pixels.providers.loopback import Behaviour, Loopback, hangs_up, says

PASSWORD = Secret("planted pass/word 6d")
SIGNED_IN = {"way": "password", "username": "someone", "password": PASSWORD, "client_id": "client-1"}
NEW = says({"access_token": "planted-new-token-7e"})
OK = says([])


def sign_in(connect: Callable[..., Provider], token: str | None = None) -> tuple[Provider, Tokens]:
    tokens = Tokens(Secret(token) if token else None)
    return connect("pitchtarget", credentials=SIGNED_IN, tokens=tokens), tokens


def test_a_password_draws_a_token_that_is_kept_and_used(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [NEW, says({"id": "77"}), OK]
    provider, tokens = sign_in(connect)

    assert create(provider).remote_id == "77"
    list(provider.list_pixels(ACCOUNT))

    log_in, *calls = loopback.received
    assert (log_in.method, log_in.path) == ("POST", "/oauth/authorize")
    assert log_in.headers["content-type"] == "application/json"
    assert "authorization" not in log_in.headers
    assert log_in.json() == {
        "username": "someone",
        "password": "planted pass/word 6d",
        "grant_type": "password",
        "client_id": "client-1",
    }
    assert [call.headers["authorization"] for call in calls] == ["OAuth planted-new-token-7e"] * 2
    assert tokens.token == Secret("planted-new-token-7e")


def test_a_token_that_ran_out_is_drawn_anew_once(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says("", 401), NEW, says({"id": "77"})]
    provider, tokens = sign_in(connect, "old")
    assert create(provider).remote_id == "77"
    assert [call.headers.get("authorization") for call in loopback.received] == [
        "OAuth old",
        None,
        "OAuth planted-new-token-7e",
    ]
    assert tokens.token == Secret("planted-new-token-7e")


def test_a_new_token_that_is_refused_ends_it(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says("", 401), NEW, says({"error": "no"}, 401)]
    provider, _ = sign_in(connect, "old")
    with pytest.raises(BadCredentials, match=r"pitchtarget.new_token_refused") as caught:
        create(provider)
    assert not caught.value.maybe_done
    assert len(loopback.received) == 3


def test_of_two_workers_one_requests_the_token(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says("", 401), OK]
    provider, tokens = sign_in(connect, "old")

    class Quicker(Tokens):
        """Another worker has saved its token by the time that the lock is ours."""

        def lock(self) -> Any:
            self.token = Secret("theirs")
            return threading.Lock()

    provider.tokens = Quicker(tokens.token)
    list(provider.list_pixels(ACCOUNT))
    assert [call.headers["authorization"] for call in loopback.received] == ["OAuth old", "OAuth theirs"]


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_a_refused_password_is_reported_and_not_tried_again(
    status: int, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"error": "invalid_grant", "error_description": "wrong planted pass/word 6d"}, status)]
    provider, tokens = sign_in(connect)
    with pytest.raises(BadCredentials, match=r"pitchtarget.log_in_refused") as caught:
        create(provider)
    assert "invalid_grant" in caught.value.provider_message
    assert "planted" not in caught.value.provider_message
    assert len(loopback.received) == 1
    assert tokens.token is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says("", 500), NotSent),
        (says("<h1>Welcome</h1>"), NotSent),
        (says({}), NotSent),
        (says({"access_token": None}), NotSent),
        (says({"access_token": "two words"}), NotSent),
        (says({"access_token": "line\r\nX-Injected: 1"}), NotSent),
        (hangs_up, NotSent),
        (says("", 302, {"Location": "http://elsewhere.invalid/"}), NotSent),
        (says("", 429, {"Retry-After": "7"}), Throttled),
        (says("", 404), Rejected),
    ],
)
def test_without_a_token_the_call_is_known_not_to_be_sent(
    answer: Behaviour, expected: type[ProviderError], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [answer]
    provider, _ = sign_in(connect)
    with pytest.raises(ProviderError) as caught:
        create(provider)
    assert type(caught.value) is expected
    assert not caught.value.maybe_done
    assert len(loopback.received) == 1


def test_neither_password_nor_token_is_shown(
    connect: Callable[..., Provider], loopback: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = {"errors": ["planted-new-token-7e planted pass/word 6d planted+pass%2Fword+6d"]}
    loopback.script = [NEW, says(echo, 422)]
    provider, tokens = sign_in(connect)
    with pytest.raises(Rejected) as caught:
        create(provider)
    assert "planted" not in f"{caught.value.provider_message} {caught.value!r} {vars(caught.value)} {caplog.text}"
    assert "planted" not in repr(tokens.token)


def test_the_password_is_tested_afresh_although_its_token_still_works(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [NEW, OK]
    provider, _ = sign_in(connect, "old")
    assert provider.check_credentials(ACCOUNT) == Remark()
    assert [call.path for call in loopback.received] == ["/oauth/authorize", "/offsitepixels"]


def test_a_token_of_ones_own_is_never_drawn_anew(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says("", 401)]
    with pytest.raises(BadCredentials, match=r"pitchtarget.token_refused"):
        connect("pitchtarget").list_ad_accounts()
    assert len(loopback.received) == 1


@pytest.mark.parametrize(
    ("typed", "credentials"),
    [
        ({"token": "token-1"}, {"way": "token", "token": "token-1"}),
        (
            {"way": "token", "token": "token-1", "username": "x", "password": "\x00"},
            {"way": "token", "token": "token-1"},
        ),
        (
            {"way": "password", "username": "someone", "password": " p w ", "client_id": "c", "token": "two words"},
            {"way": "password", "username": "someone", "password": " p w ", "client_id": "c"},
        ),
    ],
)
def test_of_two_ways_only_the_chosen_ones_fields_are_kept(typed: dict[str, str], credentials: dict[str, str]) -> None:
    form = PROVIDERS["pitchtarget"].connection_form({**typed, "ad_account": "9"})
    assert form.is_valid(), form.errors
    assert form.credentials() == credentials


@pytest.mark.parametrize(
    ("typed", "missing"),
    [({}, ["token"]), ({"way": "password"}, ["username", "password", "client_id"]), ({"way": "other"}, ["way"])],
)
def test_the_chosen_way_must_be_filled_in(typed: dict[str, str], missing: list[str]) -> None:
    form = PROVIDERS["pitchtarget"].connection_form({**typed, "ad_account": "9"})
    assert not form.is_valid()
    assert set(missing) <= set(form.errors)
    assert {"ad_account"}.isdisjoint(form.errors)


# The list of ad accounts

LISTED = {
    "fb_ad_accounts": [
        {"id": 1603, "name": "AD Account Bar", "currency": "EUR", "fb_id": "33"},
        {"id": 1613, "name": "AD Account Foo", "currency": None, "fb_id": 42},
        {"id": 1614, "name": "Not linked", "fb_id": None},
    ]
}


def test_ad_accounts_are_named_by_facebooks_id_and_not_pitchtargets(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says(LISTED)]
    found = connect("pitchtarget").list_ad_accounts()
    assert [(one.id, one.name) for one in found] == [("33", "AD Account Bar (EUR)"), ("42", "AD Account Foo")]
    (request,) = loopback.received
    assert (request.method, request.path, request.query) == ("GET", "/fb_ad_accounts", {})
    assert request.headers["authorization"] == "OAuth planted-token-3d"


def test_the_older_list_of_ad_accounts_is_asked_where_the_newer_is_not_found(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    older = {"fb_accounts": [{"id": 1, "token": "t", **LISTED}, {"id": 2, "token": "u", "fb_ad_accounts": []}]}
    loopback.script = [says("", 404), says(older)]
    assert [one.id for one in connect("pitchtarget").list_ad_accounts()] == ["33", "42"]
    assert [request.path for request in loopback.received] == ["/fb_ad_accounts", "/fb_accounts"]


def test_pages_of_ad_accounts_are_read_to_the_end(connect: Callable[..., Provider], loopback: Loopback) -> None:
    def page(number: int) -> Behaviour:
        return says({"fb_ad_accounts": [{"fb_id": str(number)}], "meta": {"page": number, "total": 2}})

    loopback.script = [page(1), page(2)]
    assert connect("pitchtarget").list_ad_accounts() == [AdAccountRef(id="1"), AdAccountRef(id="2")]
    assert [request.query for request in loopback.received] == [{}, {"page": "2"}]

    loopback.script = [*loopback.script, page(1), page(1)]
    with pytest.raises(BadAnswer, match=r"pitchtarget.accounts_cut_short"):
        connect("pitchtarget").list_ad_accounts()
    assert len(loopback.received) == 4


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"fb_ad_accounts": {}},
        {"fb_ad_accounts": ["33"]},
        {"fb_ad_accounts": [{"fb_id": []}]},
        {"fb_accounts": [{}]},
    ],
)
def test_an_odd_list_of_ad_accounts_is_not_half_believed(
    body: Any, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says(body)]
    with pytest.raises(BadAnswer):
        connect("pitchtarget").list_ad_accounts()


def test_without_an_ad_account_the_token_is_tested_with_their_list(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"fb_ad_accounts": []})]
    assert connect("pitchtarget").check_credentials(None) == Remark()
    assert loopback.received[0].path == "/fb_ad_accounts"
