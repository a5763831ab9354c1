"""The log-in by key (the vendor's page "Token-based API authentication"). PyJWT signs, the sandbox verifies itself."""

import base64
import json
import time

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def make_key(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def public(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture(scope="module")
def key():
    return make_key()


@pytest.fixture
def register(xandr):
    def send(value, name="pixelhub", user_id=1, query="user_id=1", **more):
        body = {"public-key": {"active": True, "name": name, "user_id": user_id, "encoded_value": value, **more}}
        return xandr("POST", f"/public-key?{query}", json=body)

    return send


@pytest.fixture
def log_in(sandbox):
    def send(body, content_type="text/plain"):
        headers = {"Content-Type": content_type}
        return requests.post(f"{sandbox.url}/xandr/v2/auth/jwt", data=body, headers=headers, timeout=10)

    return send


def signed(key, *, kid="pixelhub", alg="RS256", **claims):
    return jwt.encode({"sub": "sandbox", "iat": int(time.time()), **claims}, key, algorithm=alg, headers={"kid": kid})


def refused(answer):
    response = answer.json()["response"]
    return answer.status_code, response["error_id"], "token" in response


NOAUTH = (200, "NOAUTH", False)


def test_a_key_is_registered_and_what_it_signs_logs_in(key, register, log_in, sandbox):
    response = register(public(key)).json()["response"]
    assert (response["status"], response["count"], response["start"], response["num_elements"]) == ("OK", 1, 0, 1)
    assert set(response["debug_info"]) == {"instance", "time", "start_time", "version", "request_id"}
    expected = {"active": True, "encoded_value": public(key), "name": "pixelhub", "user_id": 1}
    assert response["public-key"] == expected

    answer = log_in(signed(key))

    response = answer.json()["response"]
    assert (answer.status_code, set(response)) == (200, {"status", "token", "debug_info"})
    assert response["status"] == "OK"
    headers = {"Authorization": response["token"]}
    user = requests.get(f"{sandbox.url}/xandr/user?current", headers=headers, timeout=10).json()["response"]["user"]
    assert user["username"] == "sandbox"


def test_a_key_is_switched_off_and_on_again(key, register, log_in, xandr):
    register(public(key))
    [listed] = xandr("GET", "/public-key?user_id=1").json()["response"]["public-keys"]
    where = f"/public-key?key_id={listed['id']}&user_id=1"
    for active in (False, True):
        body = {"public-key": {"active": active}}
        assert xandr("PUT", where, json=body).json()["response"]["public-key"]["active"] is active
        assert ("token" in log_in(signed(key)).json()["response"]) is active


def test_two_keys_live_beside_each_other(key, register, log_in):
    other = make_key()
    register(public(key))
    register(public(other), name="next")
    assert "token" in log_in(signed(key)).json()["response"]
    assert "token" in log_in(signed(other, kid="next")).json()["response"]
    assert refused(log_in(signed(other))) == NOAUTH
    assert refused(log_in(signed(key, kid="next"))) == NOAUTH


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


@pytest.mark.parametrize(
    "change",
    [
        {"kid": "another"},
        {"sub": "reader"},
        {"sub": "nobody"},
        {"iat": 4102444800},  # in 2100; the time of collecting would give each test process another name
        {"iat": "now"},
        {"exp": 1},
        {"alg": "RS384"},
        {"alg": "PS256"},
    ],
    ids=str,
)
def test_a_jwt_that_differs_is_noauth(key, register, log_in, change):
    register(public(key))
    assert refused(log_in(signed(key, **change))) == NOAUTH


def test_a_jwt_signed_by_another_kind_of_key_is_noauth(key, register, log_in):
    register(public(key))
    assert refused(log_in(signed(make_key()))) == NOAUTH
    assert refused(log_in(signed(ec.generate_private_key(ec.SECP256R1()), alg="ES256"))) == NOAUTH
    claims = {"sub": "sandbox", "iat": int(time.time())}
    unsigned = part({"alg": "none", "kid": "pixelhub", "typ": "JWT"}) + b"." + part(claims) + b"."
    assert refused(log_in(unsigned)) == NOAUTH
    symmetric = {"alg": "HS256", "kid": "pixelhub", "typ": "JWT"}
    assert refused(log_in(part(symmetric) + b"." + part(claims) + b".c2lnbmVk")) == NOAUTH


@pytest.mark.parametrize("body", [b"", b"x", b"a.b.c", b"....", b"\xff", b"e30.e30.e30", b'{"jwt": "x"}'])
def test_a_body_that_is_no_jwt_is_noauth(key, register, log_in, body):
    register(public(key))
    assert refused(log_in(body)) == NOAUTH


def test_a_jwt_goes_bare_as_plain_text(key, register, log_in):
    register(public(key))
    assert refused(log_in(signed(key), "application/json")) == (400, "SYNTAX", False)
    assert refused(log_in(signed(key) + "\n")) == NOAUTH
    assert "token" in log_in(signed(key), "text/plain; charset=utf-8").json()["response"]


def test_a_user_who_may_not_log_in_may_not_by_key_either(sandbox, key, log_in):
    sandbox.store.put(
        "xandr", "3", "77", {"id": 77, "active": True, "name": "k", "encoded_value": public(key)}, kind="public_key"
    )
    assert refused(log_in(signed(key, kid="k", sub="expired"))) == (200, "NOAUTH_EXPIRED", False)


def test_log_ins_by_key_count_as_log_ins(key, register, log_in, control):
    register(public(key))
    control("POST", "/switch", json={"xandr_logins": 1})
    assert "token" in log_in(signed(key)).json()["response"]
    assert refused(log_in(signed(key))) == (200, "SYSTEM", False)
    assert control("GET", "/requests").json()["requests"]["xandr"]["auth"] == 3  # one by password


@pytest.mark.parametrize(
    "change",
    [
        {"value": "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"},
        {"value": None},
        {"name": " "},
        {"user_id": 2},
        {"query": "user_id=x"},
        {"query": ""},
        {"active": "yes"},
        {"colour": "red"},
    ],
    ids=str,
)
def test_a_key_that_is_not_as_documented_is_refused(key, register, xandr, change):
    answer = register(**{"value": public(key), **change})
    assert answer.json()["response"]["error_id"] == "SYNTAX"
    assert xandr("GET", "/public-key?user_id=1").json()["response"]["public-keys"] == []


def test_a_key_of_another_kind_or_too_short_or_of_a_name_twice_is_refused(key, register):
    assert register(public(ec.generate_private_key(ec.SECP256R1()))).json()["response"]["error_id"] == "SYNTAX"
    assert register(public(make_key(1024))).json()["response"]["error_id"] == "SYNTAX"
    assert register(public(key)).json()["response"]["status"] == "OK"
    assert register(public(key)).json()["response"]["error_id"] == "INTEGRITY"


def test_another_users_keys_and_a_read_only_users_own_are_refused(key, register, xandr_as, xandr):
    assert refused(register(public(key), user_id=2, query="user_id=2")) == (403, "UNAUTH", False)
    reader = xandr_as("reader")
    body = {"public-key": {"active": True, "name": "k", "user_id": 2, "encoded_value": public(key)}}
    assert refused(reader("POST", "/public-key?user_id=2", json=body)) == (403, "UNAUTH", False)
    assert reader("GET", "/public-key?user_id=2").json()["response"]["public-keys"] == []


def test_only_active_can_be_changed_and_only_of_a_key_that_is_there(key, register, xandr):
    register(public(key))
    [listed] = xandr("GET", "/public-key?user_id=1").json()["response"]["public-keys"]
    where = f"/public-key?key_id={listed['id']}&user_id=1"
    assert refused(xandr("PUT", where, json={"public-key": {"name": "x"}})) == (200, "SYNTAX", False)
    gone = f"/public-key?key_id={listed['id'] + 1}&user_id=1"
    assert refused(xandr("PUT", gone, json={"public-key": {"active": False}})) == (200, "SYNTAX", False)
