"""Faults of the log-in, and answers that ask us to wait: how many requests are made, and how long we wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pixels.providers.base import Provider
from pixels.providers.errors import (
    BadAnswer,
    BadCredentials,
    NoAnswer,
    NotSent,
    ProviderError,
    Rejected,
    Throttled,
)
from pixels.providers.registry import PROVIDERS
from pixels.providers.secret import Secret
from tests.pixels.providers.fault_table.conftest import ACCOUNTS, CREDENTIALS, XANDR_PASSWORD, XANDR_USER, Bench, create
from tests.pixels.providers.fault_table.table import GOOD, LONG, TABLE, Ends, Outcome, Row, all_end

KEY = rsa.generate_private_key(65537, 2048)
PRIVATE = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
WAYS = ("pitchtarget by password", "xandr", "xandr by key")


def prepared(way: str, bench: Bench) -> Provider:
    """A client that has not logged in yet, but could."""
    slug = way.partition(" ")[0]
    if way != "xandr by key":
        return bench.member(slug, way)
    auth = {"auth": {"username": XANDR_USER, "password": XANDR_PASSWORD}}
    base = f"{bench.url}/xandr"
    token = requests.post(f"{base}/auth", json=auth, timeout=10).json()["response"]["token"]
    key = {"active": True, "name": "my-key", "user_id": 9, "encoded_value": PUBLIC.decode()}
    said = requests.post(
        f"{base}/public-key?user_id=9", json={"public-key": key}, headers={"Authorization": token}, timeout=10
    )
    assert said.json()["response"]["status"] == "OK"
    credentials: dict[str, str | Secret] = {
        "way": "key", "key_username": XANDR_USER, "key_name": "my-key", "private_key": Secret(PRIVATE),
    }  # fmt: skip
    return PROVIDERS[slug](credentials, base, lambda call, wanted=1: wanted, bench.tokens)


def try_to_create(bench: Bench, provider: Provider) -> tuple[ProviderError | None, Counter[str], int]:
    """The error, if any; the requests by operation; how many pixels there are more."""
    asked, done = bench.counted(provider.slug)
    error = None
    try:
        create(provider, "New")
    except ProviderError as caught:
        error = caught
    bench.until(lambda: bench.counted(provider.slug)[0] != asked)
    asked_now, done_now = bench.counted(provider.slug)
    bench.assert_no_secret()
    if error:
        bench.assert_fit_to_be_shown(error)
        shown = f"{error!r} {vars(error)} {bench.log.text}"
        assert "eyJ" not in shown, "the note that a key signed"
        assert "PRIVATE KEY" not in shown
    return error, asked_now - asked, (done_now - done)["created"]


# The log-in itself. What goes wrong there says nothing about the call that needed it: that was not sent.

NOT_SENT = all_end(NotSent)
NOT_DONE_EITHER = all_end(Rejected, pitchtarget=BadCredentials)
LOG_INS: dict[str, list[Row]] = {
    "delay_before": [Row({"seconds": LONG}, NOT_SENT, slow=True)],
    "delay_after": [Row({"seconds": LONG}, NOT_SENT, slow=True)],
    "drip_headers": [Row({}, NOT_SENT, slow=True)],
    "drip_body": [Row({}, NOT_SENT, slow=True)],
    "drop": [Row({"reset": reset, "effect": effect}, NOT_SENT) for reset in (False, True) for effect in (False, True)],
    "cut_off": [Row({}, NOT_SENT)],
    "late_effect": [Row({"seconds": 0.05}, NOT_SENT)],
    "status": [
        Row({"code": 400}, NOT_DONE_EITHER),
        Row({"code": 401}, all_end(BadCredentials)),
        Row({"code": 403}, NOT_DONE_EITHER),
        Row({"code": 404}, all_end(Rejected)),
        Row({"code": 422}, NOT_DONE_EITHER),
        *(Row({"code": code}, NOT_SENT) for code in (408, 500, 503, 999)),
        *(Row({"code": code, "body": body}, NOT_SENT) for code in (200, 502) for body in ("html", "empty")),
    ],
    "error_in_200": [
        Row({"error_id": "SYSTEM"}, NOT_SENT),
        Row({"error_id": "SYSTEM", "effect": True}, NOT_SENT),
        *(
            Row({"error_id": refused}, all_end(BadCredentials, pitchtarget=NotSent))
            for refused in ("NOAUTH", "UNAUTH", "NOAUTH_EXPIRED", "NOAUTH_DISABLED")
        ),
    ],
    "redirect": [Row({"code": 302}, NOT_SENT), Row({"code": 307, "effect": True}, NOT_SENT)],
    "echo": [
        Row({"code": 400}, NOT_DONE_EITHER),
        Row({"code": 401}, all_end(BadCredentials)),
        Row({"code": 500}, NOT_SENT),
    ],
    "truncated_json": [Row({}, NOT_SENT), Row({"bytes": 0}, NOT_SENT)],
    "wrong_type": [
        Row({"type": other}, NOT_SENT) for other in ("list", "object", "empty_object", "text", "number", "true", "null")
    ],
    "missing_id": [Row({}, all_end(GOOD))],  # a token has none
    "deep_json": [Row({"depth": 40}, all_end(GOOD)), Row({"depth": 1000}, NOT_SENT)],
    "huge_body": [Row({"announced": announced}, NOT_SENT) for announced in (True, False)],
    "zip_bomb": [Row({"bytes": 16 * 1024**2}, NOT_SENT)],
    "false_encoding": [Row({}, NOT_SENT)],
    "wrong_content_type": [Row({}, all_end(GOOD))],
    "byte_order_mark": [Row({}, all_end(GOOD))],
    "wrong_charset": [Row({}, NOT_SENT)],
    "throttled": [
        *(Row({"style": style}, all_end(Throttled)) for style in ("429", "429_bare")),
        Row({"style": "405"}, all_end(Throttled, pitchtarget=Rejected)),
        Row({"style": "200"}, all_end(Throttled, pitchtarget=NotSent)),
        Row({"style": "503_plain"}, NOT_SENT),
    ],
    "too_many_logins": [
        Row({"code": 200}, all_end(Throttled, pitchtarget=NotSent)),
        Row({"code": 405}, all_end(Throttled, pitchtarget=Rejected)),
        Row({"code": 429}, all_end(Throttled)),
    ],
}


def test_every_fault_that_a_log_in_can_meet_is_here() -> None:
    never = {"session_expired", "gateway"}  # log-ins are let through; Easyflow's alone
    assert set(LOG_INS) == set(TABLE) - never | {"too_many_logins"}


@pytest.mark.table("fault", "way")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("fault", "row"),
    [
        pytest.param(fault, row, id=f"{fault}({','.join(f'{key}={value}' for key, value in row.given.items())})")
        for fault, rows in LOG_INS.items()
        for row in rows
    ],
)
def test_a_log_in_that_goes_wrong_is_one_request_and_nothing_is_made(
    fault: str, row: Row, way: str, bench: Bench, hurry: Callable[[], None]
) -> None:
    provider = prepared(way, bench)
    bench.faults(provider.slug, {"fault": fault, "operation": "auth", **row.given})
    expected, _ = row.expected(provider.slug, "create")
    if row.slow:
        hurry()

    error, asked, made = try_to_create(bench, provider)

    if expected is GOOD:
        assert (error, asked, made) == (None, {"auth": 1, "create": 1}, 1)
        return
    assert error is not None
    assert error.code == expected.code
    assert not error.maybe_done
    assert error.retryable == (expected in (NotSent, Throttled))
    assert (asked, made) == ({"auth": 1}, 0)
    assert bench.tokens.load() is None


@pytest.mark.parametrize("closed", ["NOAUTH_EXPIRED", "NOAUTH_DISABLED"])
@pytest.mark.parametrize("operation", ["auth", "create"])
def test_a_user_that_is_closed_pauses_and_is_not_logged_in_again(operation: str, closed: str, bench: Bench) -> None:
    provider = bench.member("xandr")
    if operation == "create":
        create(provider, "Before")
    bench.faults("xandr", {"fault": "error_in_200", "operation": operation, "error_id": closed})
    error, asked, made = try_to_create(bench, provider)
    assert isinstance(error, BadCredentials)
    assert (asked, made) == ({operation: 1}, 0)


# A session that runs out

EXPIRED = {"fault": "session_expired", "operation": "create", "count": 1}
NEXT: list[tuple[str, list[dict[str, Any]], Outcome, dict[str, int], int]] = [
    ("it was only that", [EXPIRED], GOOD, {"create": 2, "auth": 1}, 1),
    ("refused again", [{**EXPIRED, "count": None}], BadCredentials, {"create": 2, "auth": 1}, 0),
    ("no log-in", [EXPIRED, {"fault": "drop", "operation": "auth"}], NotSent, {"create": 1, "auth": 1}, 0),
    (
        "too many log-ins",
        [EXPIRED, {"fault": "too_many_logins", "operation": "auth", "code": 429}],
        Throttled,
        {"create": 1, "auth": 1},
        0,
    ),
    ("then a wait", [EXPIRED, {"fault": "throttled", "operation": "create"}], Throttled, {"create": 2, "auth": 1}, 0),
    (
        "then the answer is lost",
        [EXPIRED, {"fault": "drop", "operation": "create", "effect": True}],
        NoAnswer,
        {"create": 2, "auth": 1},
        1,
    ),
    (
        "then no clear answer",
        [EXPIRED, {"fault": "status", "operation": "create", "effect": True}],
        BadAnswer,
        {"create": 2, "auth": 1},
        1,
    ),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("case", "rules", "expected", "requests_made", "made"), NEXT, ids=[case[0] for case in NEXT])
def test_a_session_that_ran_out_costs_one_log_in_and_one_more_try(
    case: str,
    rules: list[dict[str, Any]],
    expected: Outcome,
    requests_made: dict[str, int],
    made: int,
    way: str,
    bench: Bench,
) -> None:
    provider = prepared(way, bench)
    create(provider, "Before")
    bench.faults(provider.slug, *rules)

    error, asked, made_now = try_to_create(bench, provider)

    assert (asked, made_now) == (requests_made, made)
    assert (GOOD if error is None else type(error)) is expected
    if error:
        assert error.maybe_done == bool(made)


@pytest.mark.parametrize(("slug", "way"), [("easyflow", "easyflow"), ("pitchtarget", "pitchtarget")])
def test_what_people_typed_is_refused_once_and_for_all(slug: str, way: str, bench: Bench) -> None:
    bench.faults(slug, {**EXPIRED, "count": None})
    error, asked, made = try_to_create(bench, bench.member(slug, way))
    assert type(error) is BadCredentials
    assert (asked, made) == ({"create": 1}, 0)


def test_all_ways_to_sign_in_are_tried_here() -> None:
    assert {way.partition(" ")[0] for way in (*CREDENTIALS, *WAYS)} == set(PROVIDERS)


# How long to wait

WAITS: list[tuple[dict[str, Any], float | None]] = [
    ({"style": "429", "seconds": 30}, 30),
    ({"style": "429", "seconds": 0}, None),
    ({"style": "429_date", "seconds": 30}, 30),
    ({"style": "429_twice", "seconds": 30}, 45),  # the longer of the two
    ({"style": "429_bare"}, None),
    *(
        ({"style": "429_absurd", "absurd": absurd}, None)
        for absurd in (
            "1000000000",
            "99999999999999999999",
            "86401",
            "-1",
            "1e3",
            "soon",
            "NaN",
            "Wed, 21 Oct 2015 07:28:00 GMT",
            "Wed, 21 Oct 9999 07:28:00 GMT",
            "Wed, 99 Oct 2026 99:99:99 GMT",
        )
    ),
]
MORE_WAYS: dict[str, Ends] = {"xandr": dict.fromkeys(("503", "405", "200"), Throttled), "easyflow": {"200": Throttled}}


@pytest.mark.parametrize(
    ("slug", "operation"), [("easyflow", "create"), ("pitchtarget", "create"), ("xandr", "list"), ("xandr", "create")]
)
@pytest.mark.parametrize(("given", "wait"), WAITS)
def test_a_wait_is_as_long_as_was_said_or_unknown(
    given: dict[str, Any], wait: float | None, slug: str, operation: str, bench: Bench
) -> None:
    assert_wait(bench, slug, operation, given, wait)


@pytest.mark.parametrize(("slug", "style"), [(slug, style) for slug, styles in MORE_WAYS.items() for style in styles])
def test_the_other_forms_of_a_wait_tell_its_length_too(slug: str, style: str, bench: Bench) -> None:
    assert_wait(bench, slug, "create", {"style": style, "seconds": 30}, 30)


@pytest.mark.parametrize("way", WAYS)
def test_a_wait_for_a_log_in_tells_its_length_too(way: str, bench: Bench) -> None:
    provider = prepared(way, bench)
    bench.faults(provider.slug, {"fault": "throttled", "operation": "auth", "seconds": 30})
    error, asked, _ = try_to_create(bench, provider)
    assert isinstance(error, Throttled)
    assert (error.retry_after, asked) == (30, {"auth": 1})


def assert_wait(bench: Bench, slug: str, operation: str, given: dict[str, Any], wait: float | None) -> None:
    provider = bench.member(slug)
    bench.faults(slug, {"fault": "throttled", "operation": operation, **given})
    with pytest.raises(Throttled) as caught:
        if operation == "list":
            list(provider.list_pixels(ACCOUNTS[slug]))
        else:
            create(provider, "New")
    if wait is None:
        assert caught.value.retry_after is None
    else:
        # A date has no parts of a second, and the clock goes on between it and the answer.
        assert caught.value.retry_after == pytest.approx(wait, abs=2 if "date" in given["style"] else 0)
    asked, done = bench.counted(slug)
    assert asked[operation] == 1
    assert not done
    bench.assert_fit_to_be_shown(caught.value)
