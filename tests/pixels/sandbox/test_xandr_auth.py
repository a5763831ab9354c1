import time

import pytest
import requests

CREDENTIALS = {"auth": {"username": "sandbox", "password": "sandbox"}}


def test_a_token_opens_the_api(sandbox):
    answer = requests.post(f"{sandbox.url}/xandr/auth", json=CREDENTIALS, timeout=10)
    response = answer.json()["response"]
    assert answer.status_code == 200
    assert set(response) == {"status", "token", "dbg_info"}
    assert response["status"] == "OK"
    assert response["dbg_info"]["output_term"] == "not_found"

    headers = {"Authorization": response["token"]}
    pixels = requests.get(f"{sandbox.url}/xandr/pixel", headers=headers, timeout=10)
    assert pixels.json()["response"]["status"] == "OK"


def test_the_cookie_opens_the_api_and_comes_again_with_every_answer(sandbox):
    with requests.Session() as session:
        token = session.post(f"{sandbox.url}/xandr/auth", json=CREDENTIALS).json()["response"]["token"]
        answer = session.get(f"{sandbox.url}/xandr/pixel")
    assert answer.json()["response"]["status"] == "OK"
    assert answer.headers["Set-Cookie"] == f"HBFAPI_SESSID={token.replace(':', '%3A')}; Path=/"


def test_the_documents_curl_without_a_content_type_is_taken(sandbox):
    answer = requests.post(
        f"{sandbox.url}/xandr/auth",
        data='{"auth": {"username": "sandbox", "password": "sandbox"}}',
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        timeout=10,
    )
    assert answer.json()["response"]["status"] == "OK"


def test_every_sign_in_gives_another_token_and_all_of_them_live(sandbox):
    tokens = {
        requests.post(f"{sandbox.url}/xandr/auth", json=CREDENTIALS, timeout=10).json()["response"]["token"]
        for _ in range(12)
    }
    assert len(tokens) == 12
    for token in tokens:
        answer = requests.get(f"{sandbox.url}/xandr/pixel", headers={"Authorization": token}, timeout=10)
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("username", "password"),
    [("sandbox", "wrong"), ("wrong", "sandbox"), ("sandbox", None), (None, None), (1, [])],
)
def test_wrong_credentials_are_noauth(sandbox, username, password):
    body = {"auth": {"username": username, "password": password}}
    answer = requests.post(f"{sandbox.url}/xandr/auth", json=body, timeout=10)
    response = answer.json()["response"]
    assert answer.status_code == 200
    assert (response["error_id"], response["error"]) == ("NOAUTH", "No match found for user/pass")
    assert not {"status", "token"} & set(response)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"auth": "sandbox"}', b"\xff"])
def test_a_sign_in_that_cannot_be_read_is_a_syntax_error(sandbox, body):
    answer = requests.post(f"{sandbox.url}/xandr/auth", data=body, timeout=10)
    assert (answer.status_code, answer.json()["response"]["error_id"]) == (400, "SYNTAX")


def test_a_sign_in_is_a_post(sandbox):
    answer = requests.get(f"{sandbox.url}/xandr/auth", timeout=10)
    assert (answer.status_code, answer.json()["response"]["error_id"]) == (400, "SYNTAX")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("value", [None, "", "wrong", "Bearer {token}"])
def test_any_call_without_a_good_token_is_noauth(xandr, method, value):
    header = value and value.format(token=xandr.headers["Authorization"])
    answer = xandr(method, "/pixel?advertiser_id=2&id=1", headers={"Authorization": header})
    response = answer.json()["response"]
    assert answer.status_code == 401
    assert (response["error_id"], "status" in response) == ("NOAUTH", False)


def test_sessions_last_for_ever_unless_told_otherwise(xandr, control):
    control("POST", "/switch", json={"xandr_token_seconds": 0.05})
    time.sleep(0.06)
    assert xandr("GET", "/pixel").status_code == 401

    control("POST", "/switch", json={"xandr_token_seconds": None})
    assert xandr("GET", "/pixel").status_code == 200


def test_all_sessions_can_be_ended(xandr, sandbox, control):
    assert control("POST", "/expire").status_code == 200
    assert xandr("GET", "/pixel").json()["response"]["error_id"] == "NOAUTH"
    again = requests.post(f"{sandbox.url}/xandr/auth", json=CREDENTIALS, timeout=10)
    assert again.json()["response"]["status"] == "OK"
