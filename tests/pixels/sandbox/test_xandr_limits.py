"""Sessions that end, and the limits on log-ins and calls: each a switch, off until set."""

import threading
import time

import pytest
import requests

DOCUMENTED = {"xandr_token_seconds": 7200, "xandr_token_hard_seconds": 86400}


@pytest.fixture
def switch(control):
    def set_switches(**values):
        answer = control("POST", "/switch", json=values)
        assert answer.status_code == 200, answer.text

    return set_switches


@pytest.fixture
def later(control):
    """Let time pass for sessions and limits."""
    return lambda seconds: control("POST", "/seed", json={"provider": "xandr", "pass_seconds": seconds})


@pytest.fixture
def log_in(sandbox):
    def send(username="sandbox", password="sandbox"):
        body = {"auth": {"username": username, "password": password}}
        return requests.post(f"{sandbox.url}/xandr/auth", json=body, timeout=10)

    return send


def error(answer):
    response = answer.json()["response"]
    assert "status" not in response
    return answer.status_code, response["error_id"], response["error_code"]


# Sessions


def test_a_session_ends_two_hours_after_its_last_call(xandr, switch, later):
    switch(**DOCUMENTED)
    for _ in range(3):  # six hours and more, with a call in between
        later(7100)
        assert xandr("GET", "/pixel").status_code == 200
    later(7201)
    assert error(xandr("GET", "/pixel")) == (401, "NOAUTH", None)


def test_a_session_ends_a_day_after_its_log_in_whatever_it_does(xandr, switch, later):
    switch(**DOCUMENTED)
    for _ in range(12):
        later(7190)
        assert xandr("GET", "/pixel").status_code == 200
    later(200)
    assert error(xandr("GET", "/pixel")) == (401, "NOAUTH", None)


def test_a_refused_call_does_not_keep_a_session_alive(xandr, switch, later):
    switch(xandr_token_seconds=100)
    later(101)
    assert xandr("GET", "/pixel").status_code == 401
    switch(xandr_token_seconds=150)
    later(60)
    assert xandr("GET", "/pixel").status_code == 401


# Members


@pytest.mark.parametrize(
    ("username", "error_id"), [("expired", "NOAUTH_EXPIRED"), ("disabled", "NOAUTH_DISABLED"), ("nobody", "NOAUTH")]
)
def test_a_user_who_may_not_log_in_is_told_why(log_in, username, error_id):
    assert error(log_in(username)) == (200, error_id, None)
    assert error(log_in(username, "wrong")) == (200, "NOAUTH", None)


def test_a_wrong_password_is_unauth_if_told_so(log_in, switch):
    switch(xandr_unauth=True)
    answer = log_in(password="wrong")
    assert error(answer) == (200, "UNAUTH", None)
    assert answer.json()["response"]["error"] == "No match found for user/pass"
    assert log_in().json()["response"]["status"] == "OK"


def test_a_read_only_user_reads_and_writes_nothing(xandr_as, control, new_pixel):
    pixel = new_pixel()
    reader = xandr_as("reader")
    where = f"/pixel?advertiser_id=2&id={pixel['id']}"
    assert reader("GET", where).json()["response"]["pixel"] == pixel
    body = {"pixel": {"name": "x"}}
    for method, path in [("POST", "/pixel?advertiser_id=2"), ("PUT", where), ("DELETE", where)]:
        assert error(reader(method, path, json=body)) == (403, "UNAUTH", None)
    assert control("GET", "/objects?provider=xandr").json()["objects"] == [pixel]


# Log-ins


def test_the_eleventh_log_in_within_five_minutes_is_refused(log_in, switch, later):
    switch(xandr_logins=10)
    for _ in range(10):
        assert log_in().json()["response"]["status"] == "OK"
    assert error(log_in()) == (200, "SYSTEM", "RATE_EXCEEDED")
    assert "status" in log_in("reader").json()["response"]
    later(299)
    assert error(log_in()) == (200, "SYSTEM", "RATE_EXCEEDED")
    later(2)
    assert log_in().json()["response"]["status"] == "OK"


def test_only_successful_log_ins_count(log_in, switch):
    switch(xandr_logins=1)
    for _ in range(3):
        assert error(log_in(password="wrong"))[1] == "NOAUTH"
    assert log_in().json()["response"]["status"] == "OK"


# The budget of calls


def test_a_call_beyond_the_budget_answers_429_with_the_current_headers(xandr, switch, later):
    switch(xandr_reads=2)
    for _ in range(2):
        assert xandr("GET", "/pixel").status_code == 200
    later(10)
    answer = xandr("GET", "/pixel")
    assert error(answer) == (429, "SYSTEM", "RATE_EXCEEDED")
    assert answer.headers["x-ratelimit-code"] == "429"
    assert answer.headers["x-ratelimit-count"] == "2"
    assert 1 <= int(answer.headers["retry-after"]) <= 50
    assert answer.headers["Content-Type"].startswith("application/json")

    later(int(answer.headers["retry-after"]))
    assert xandr("GET", "/pixel").status_code == 200


def test_reads_writes_and_users_have_budgets_of_their_own(xandr, xandr_as, switch, control):
    switch(xandr_writes=0)
    answer = xandr("POST", "/pixel?advertiser_id=2", json={"pixel": {"name": "x"}})
    assert error(answer) == (429, "SYSTEM", "RATE_EXCEEDED")
    assert control("GET", "/requests").json()["objects"] == {}
    assert xandr("GET", "/pixel").status_code == 200

    switch(xandr_writes=None, xandr_reads=1)
    reader = xandr_as("reader")
    assert [reader("GET", "/pixel").status_code for _ in range(2)] == [200, 429]
    assert xandr("GET", "/pixel").status_code == 200


def test_the_window_is_as_long_as_it_is_told(xandr, switch, later):
    switch(xandr_writes=2, xandr_window_seconds=6)
    answers = [xandr("POST", "/pixel?advertiser_id=2", json={"pixel": {"name": "x"}}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "limit of 2 per 6 seconds" in answers[2].json()["response"]["error"]
    later(3.5)
    refused = xandr("DELETE", "/pixel?advertiser_id=2&id=1")
    assert (refused.status_code, int(refused.headers["retry-after"])) == (429, 3)  # 2.5 and less, rounded up
    later(int(refused.headers["retry-after"]))
    assert xandr("POST", "/pixel?advertiser_id=2", json={"pixel": {"name": "x"}}).status_code == 200


def test_the_window_is_a_minute_unless_told_and_holds_for_reads_too(xandr, switch, later):
    switch(xandr_reads=1)
    assert xandr("GET", "/pixel").status_code == 200
    later(50)
    assert xandr("GET", "/pixel").status_code == 429
    switch(xandr_window_seconds=49.5)
    assert xandr("GET", "/pixel").status_code == 200
    switch(xandr_reads=0, xandr_window_seconds=0.25)
    assert xandr("GET", "/pixel").headers["retry-after"] == "1"


# Requests at once


def test_a_request_too_many_at_once_is_an_error_in_a_200(sandbox, xandr, switch):
    switch(xandr_at_once=15)
    answers = []

    def call():
        answers.append(xandr("GET", "/pixel"))

    threads = [threading.Thread(target=call) for _ in range(17)]
    with sandbox.store.transaction():  # nobody is answered meanwhile
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 30
        while _in_hand(sandbox) < 17 and time.monotonic() < deadline:
            time.sleep(0.01)
    for thread in threads:
        thread.join()

    assert {answer.status_code for answer in answers} == {200}
    refused = [answer for answer in answers if "status" not in answer.json()["response"]]
    assert [error(answer) for answer in refused] == [(200, "SYSTEM", None)] * 2
    assert xandr("GET", "/pixel").json()["response"]["status"] == "OK"


def _in_hand(sandbox):
    with sandbox.store.in_hand("xandr") as number:
        return number - 1


# The switches themselves


@pytest.mark.parametrize(
    "switches",
    [
        {"xandr_logins": True},
        {"xandr_logins": -1},
        {"xandr_logins": 1.5},
        {"xandr_reads": "1"},
        {"xandr_unauth": None},
        {"xandr_report_polls": None},
        {"xandr_window_seconds": None},
        {"xandr_window_seconds": 0},
        {"xandr_window_seconds": True},
        {"easyflow_list": 1},
        {"pitchtarget_nested": "true"},
        {"xandr_2010": False, "nonsense": 1},
    ],
)
def test_a_switch_takes_only_what_it_is_for(control, switches):
    answer = control("POST", "/switch", json=switches)
    assert answer.status_code == 400
    assert next(iter(switches)) in answer.json()["error"]


def test_all_switches_are_off_until_set_and_after_a_reset(control):
    off = {
        "easyflow_list": False,
        "easyflow_older": False,
        "pitchtarget_nested": False,
        "xandr_2010": False,
        "xandr_unauth": False,
        "xandr_token_seconds": None,
        "xandr_token_hard_seconds": None,
        "xandr_logins": None,
        "xandr_at_once": None,
        "xandr_reads": None,
        "xandr_writes": None,
        "xandr_window_seconds": 60,
        "xandr_report_polls": 1,
    }
    assert control("POST", "/switch", json={}).json() == off
    on = {name: True if value is False else 5 for name, value in off.items()}
    assert control("POST", "/switch", json=on).json() == on
    control("POST", "/reset")
    assert control("POST", "/switch", json={}).json() == off
