"""Xandr's second way to log in, by a key; the form for both ways; and who is logged in."""

import json
import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pixels.providers.base import Provider
from pixels.providers.errors import BadCredentials, Forbidden, ProviderError
from pixels.providers.secret import Secret
from pixels.providers.values import AdAccountRef, Remark
from pixels.providers.xandr.forms import XandrConnectionForm
from tests.pixels.providers.conftest import ACCOUNT, PLANTED, Tokens, create
from tests.pixels.providers.loopback import Loopback, says
from tests.pixels.providers.xandr_answers import CREATED, LOGGED_IN, failing, paths
from tests.pixels.pseudo_language import speak
from tests.pixels.said import said

# As its page about keys prints it: debug_info, and no dbg_info.
BY_KEY = says(
    {
        "response": {
            "status": "OK",
            "token": "authn:184994:a1111111-6766-3b66-8544-f11111111ffd:lax1",
            "debug_info": {"instance": "x", "time": 624, "start_time": "2017-02-07T16:49:52.612Z", "version": "0.22.0"},
        }
    }
)


def pem(key: Any, password: bytes = b"", kind: str = "PKCS8") -> str:
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, getattr(serialization.PrivateFormat, kind), locked).decode()


KEY = rsa.generate_private_key(65537, 2048)
CREDENTIALS: dict[str, str | Secret] = {
    "way": "key",
    "key_username": "someone",
    "key_name": "my-api-key",
    "private_key": Secret(pem(KEY)),
}


@pytest.fixture
def by_key(connect: Callable[..., Provider]) -> Provider:
    return connect("xandr", credentials=CREDENTIALS, tokens=Tokens(None))


def test_a_key_signs_a_note_and_opens_a_session(by_key: Provider, loopback: Loopback) -> None:
    loopback.script = [BY_KEY, CREATED]
    before = datetime.now(UTC) - timedelta(seconds=1)

    assert create(by_key).remote_id == "17"

    assert paths(loopback) == ["POST /v2/auth/jwt", "POST /pixel"]
    log_in, write = loopback.received
    assert log_in.headers["content-type"] == "text/plain"
    note = log_in.body.decode()
    assert jwt.get_unverified_header(note) == {"kid": "my-api-key", "alg": "RS256", "typ": "JWT"}
    claims = jwt.decode(note, KEY.public_key(), algorithms=["RS256"])
    assert set(claims) == {"sub", "iat"}
    assert claims["sub"] == "someone"
    assert before.timestamp() <= claims["iat"] <= datetime.now(UTC).timestamp()
    assert write.headers["authorization"] == "authn:184994:a1111111-6766-3b66-8544-f11111111ffd:lax1"
    assert by_key.tokens.load() == Secret("authn:184994:a1111111-6766-3b66-8544-f11111111ffd:lax1")


@pytest.mark.parametrize("error_id", ["NOAUTH", "UNAUTH", "NOAUTH_DISABLED"])
def test_a_refused_key_shows_neither_key_nor_note(
    error_id: str, by_key: Provider, loopback: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def echo(connection: Any) -> None:
        failing(error_id, error=f"No match for {loopback.received[-1].body.decode()}")(connection)

    loopback.script = [echo]
    with pytest.raises(BadCredentials) as caught:
        create(by_key)

    note = loopback.received[0].body.decode()
    error = caught.value
    shown = "".join(traceback.format_exception(error)) + f"{vars(error)}{caplog.text}"
    assert not [part for part in (note, *note.split("."), *pem(KEY).splitlines()[1:-1]) if part in shown]
    assert error.provider_message == "No match for •••"
    assert paths(loopback) == ["POST /v2/auth/jwt"]


@pytest.mark.parametrize(
    "broken", ["", "planted-broken-key", pem(KEY)[:400], pem(ec.generate_private_key(ec.SECP256R1()))]
)
def test_a_stored_key_that_cannot_sign_is_bad_credentials_and_nothing_is_sent(
    broken: str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    credentials = {**CREDENTIALS, "private_key": Secret(broken)}
    with pytest.raises(BadCredentials) as caught:
        create(connect("xandr", credentials=credentials, tokens=Tokens(None)))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert loopback.received == []


def form(**typed: str) -> XandrConnectionForm:
    return XandrConnectionForm({"ad_account": "2", **typed})


def test_either_way_needs_its_own_fields_and_keeps_only_them() -> None:
    by_password = form(username="someone", password="planted", key_name="left over", private_key="left over")
    assert by_password.is_valid(), by_password.errors
    assert by_password.credentials() == {"way": "password", "username": "someone", "password": "planted"}

    by_key = form(way="key", key_username="someone", key_name="my-api-key", private_key=pem(KEY), password="left over")
    assert by_key.is_valid(), by_key.errors
    assert set(by_key.credentials()) == {"way", "key_username", "key_name", "private_key"}
    assert by_key.ad_account_ref() == AdAccountRef(id="2")

    assert set(form(way="key").errors) == {"key_username", "key_name", "private_key"}
    assert set(form().errors) == {"username", "password"}
    assert "way" in form(way="other", username="someone", password="planted").errors


def test_the_fields_are_called_what_people_look_for() -> None:
    fields = XandrConnectionForm.base_fields
    assert {name: fields[name].label for name in fields if not name.startswith("ad_")} == {
        "way": "Sign in with",
        "username": "Username",
        "password": "Password",
        "key_username": "Key user name",
        "key_name": "Key name",
        "private_key": "Private key",
    }
    assert form().show_when["private_key"] == "way=key"
    assert form().show_when["username"] == "way=password"


@pytest.mark.parametrize("written", ["PKCS8", "TraditionalOpenSSL"])
def test_a_key_is_taken_with_the_white_space_pasted_around_it(written: str) -> None:
    wanted = pem(KEY, kind=written).strip()
    pasted = "\r\n  " + wanted.replace("\n", " \r\n ") + "\r\n\r\n"
    found = form(way="key", key_username="a", key_name="b", private_key=pasted)
    assert found.is_valid(), found.errors
    assert found.credentials()["private_key"] == wanted


@pytest.mark.parametrize(
    ("pasted", "reason"),
    [
        ("my-api-key", "Paste the whole key, from -----BEGIN to -----END."),
        (pem(KEY)[:-30], "Paste the whole key, from -----BEGIN to -----END."),
        (pem(KEY).replace("M", "!"), "This private key cannot be read. Check that all of it was pasted."),
        (
            KEY.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode(),
            "This is the public key. Paste the private one.",
        ),
        (pem(KEY, b"pass"), "This key is protected by a passphrase. Paste it without one."),
        (
            pem(KEY, b"pass", "TraditionalOpenSSL"),
            "This key is protected by a passphrase. Paste it without one.",
        ),
        (pem(ec.generate_private_key(ec.SECP256R1())), "This is no RSA key."),
        (pem(rsa.generate_private_key(65537, 1024)), "This key has 1024 bits; 2048 are the least."),
    ],
    ids=["a name", "cut off", "garbled", "public", "locked", "locked, old form", "not RSA", "short"],
)
def test_a_key_that_cannot_work_is_refused_with_the_reason_and_never_shown(
    pasted: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = form(way="key", key_username="a", key_name="b", private_key=pasted)
    assert not found.is_valid()
    assert found.errors == {"private_key": [reason]}
    assert not [line for line in pasted.split() if len(line) > 20 and line in str(found["private_key"])]
    speak(monkeypatch)
    again = form(way="key", key_username="a", key_name="b", private_key=pasted)
    assert again.errors == {"private_key": [f"⟦{reason}⟧"]}


def user(**more: Any) -> Any:
    said = {"id": 2513, "username": "someone", "user_type": "member", "read_only": False, "entity_id": 1446, **more}
    return says({"response": {"status": "OK", "count": 1, "start_element": 0, "num_elements": 100, "user": said}})


def at(days: float) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d %H:%M:%S}"


SOON, SOONER, LATE, PAST = at(13.5), at(0.5), at(20), at(-5)
READ_ONLY = "This user can look but not change: Xandr will refuse to create, change or delete pixels."


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({}, ""),
        ({"read_only": True}, READ_ONLY),
        ({"read_only": "true"}, READ_ONLY),
        ({"read_only": None}, ""),
        ({"password_expires_on": SOON}, f"Its password expires on {SOON[:10]}."),
        ({"password_expires_on": SOONER, "read_only": 1}, f"{READ_ONLY} Its password expires on {SOONER[:10]}."),
        ({"password_expires_on": LATE}, ""),
        ({"password_expires_on": PAST}, ""),
        ({"password_expires_on": None}, ""),
        ({"password_expires_on": "0000-00-00 00:00:00"}, ""),
        ({"password_expires_on": ["soon"]}, ""),
    ],
    ids=str.split("nothing read-only read-only-text null soon both later past none zero odd"),
)
@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_a_good_log_in_reports_what_users_should_know(
    account: AdAccountRef | None,
    more: dict[str, Any],
    sentence: str,
    connect: Callable[..., Provider],
    loopback: Loopback,
) -> None:
    loopback.script = [LOGGED_IN, user(**more)]
    assert said(connect("xandr").check_credentials(account)) == sentence
    assert [(request.method, request.target) for request in loopback.received] == [
        ("POST", "/auth"),
        ("GET", "/user?current"),
    ]
    assert loopback.received[1].headers["authorization"] == "hbapi:1:new:nym2"


def test_a_password_that_runs_out_does_not_matter_to_a_key(by_key: Provider, loopback: Loopback) -> None:
    loopback.script = [BY_KEY, user(password_expires_on=at(3))]
    assert by_key.check_credentials(None) == Remark()


def test_a_user_that_may_not_even_look_is_no_success(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [LOGGED_IN, failing("UNAUTH")]
    with pytest.raises(ProviderError) as caught:
        connect("xandr").check_credentials(None)
    assert type(caught.value) is Forbidden


def test_credentials_stored_before_there_were_two_ways_still_log_in(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    assert "way" not in PLANTED["xandr"]
    loopback.script = [LOGGED_IN, CREATED]
    create(connect("xandr", tokens=Tokens(None)))
    assert json.loads(loopback.received[0].body)["auth"]["username"] == "someone"
