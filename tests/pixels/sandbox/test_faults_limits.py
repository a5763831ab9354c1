"""Faults about sessions and limits: the forms in which providers say no for now."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests

LOG_IN = {"auth": {"username": "sandbox", "password": "sandbox"}}


@pytest.fixture
def callers(easyflow, pitchtarget, xandr):
    """One authenticated call to each provider, without an effect."""
    return {
        "easyflow": lambda: easyflow("POST", "/pixels", json={}),
        "pitchtarget": lambda: pitchtarget("GET", "/offsitepixels?fb_ad_account_id=9"),
        "xandr": lambda: xandr("GET", "/pixel?advertiser_id=2"),
    }


@pytest.mark.parametrize("code", [401, 200])
@pytest.mark.parametrize("error_id", ["NOAUTH", "NOAUTH_EXPIRED", "NOAUTH_DISABLED", "UNAUTH"])
def test_an_expired_session_at_xandr(code, error_id, callers, fault):
    fault("xandr", "session_expired", code=code, error_id=error_id)
    answer = callers["xandr"]()
    assert answer.status_code == code
    assert answer.json()["response"]["error_id"] == error_id
    assert "status" not in answer.json()["response"]
    assert callers["xandr"]().json()["response"]["status"] == "OK"  # the token itself lives on


@pytest.mark.parametrize("code", [401, 200])
@pytest.mark.parametrize("provider", ["easyflow", "pitchtarget"])
def test_an_expired_session_elsewhere(provider, code, callers, fault):
    fault(provider, "session_expired", code=code)
    answer = callers[provider]()
    assert answer.status_code == code
    assert answer.json().keys() & {"error", "errors"}


def test_an_expired_session_is_none_for_a_log_in(sandbox, callers, fault, happened):
    fault("xandr", "session_expired", count=2)
    answer = requests.post(f"{sandbox.url}/xandr/auth", json=LOG_IN, timeout=10)
    assert answer.json()["response"]["status"] == "OK"
    assert [callers["xandr"]().status_code for _ in range(3)] == [401, 401, 200]
    assert happened("faults", "xandr") == {"list session_expired": 2}


@pytest.mark.parametrize("provider", ["easyflow", "pitchtarget", "xandr"])
@pytest.mark.parametrize(
    ("style", "code", "waits"),
    [
        ("429", 429, "7"),
        ("429_bare", 429, None),
        ("429_absurd", 429, "1000000000"),
        ("503", 503, "7"),
        ("503_plain", 503, None),
        ("405", 405, "7"),
        ("200", 200, "7"),
    ],
)
def test_throttling_in_its_styles(provider, style, code, waits, callers, fault, happened):
    fault(provider, "throttled", style=style, seconds=7)
    answer = callers[provider]()
    assert answer.status_code == code
    assert answer.headers.get("Retry-After") == waits
    has_code = provider == "xandr" and code in (429, 503) and style != "503_plain"
    assert answer.headers.get("x-ratelimit-code") == (str(code) if has_code else None)
    if provider == "xandr":
        inner = answer.json()["response"]
        expected = ("SYSTEM", None) if style == "503_plain" else ("SYSTEM", "RATE_EXCEEDED")
        assert (inner["error_id"], inner["error_code"]) == expected
        assert "status" not in inner
    assert happened("objects", provider) == {}


@pytest.mark.parametrize("absurd", ["-1", "0", "soon", "1000000000"])
def test_an_absurd_time_to_wait_is_sent_as_given(absurd, callers, fault):
    fault("xandr", "throttled", style="429_absurd", absurd=absurd)
    assert callers["xandr"]().headers["Retry-After"] == absurd


def test_a_time_to_wait_as_a_date(callers, fault):
    before = datetime.now(UTC).replace(microsecond=0)
    fault("xandr", "throttled", style="429_date", seconds=600)
    when = parsedate_to_datetime(callers["xandr"]().headers["Retry-After"])
    assert before + timedelta(seconds=600) <= when <= datetime.now(UTC) + timedelta(seconds=600)


def test_a_time_to_wait_twice(callers, fault):
    fault("xandr", "throttled", style="429_twice", seconds=9)
    answer = callers["xandr"]()
    assert answer.raw.headers.getlist("Retry-After") == ["9", "24"]  # as in the document's example


@pytest.mark.parametrize("code", [200, 405, 429])
def test_too_many_log_ins(code, sandbox, callers, fault, happened):
    fault("xandr", "too_many_logins", code=code)
    assert callers["xandr"]().status_code == 200  # those who are in stay in
    answer = requests.post(f"{sandbox.url}/xandr/auth", json=LOG_IN, timeout=10)
    assert answer.status_code == code
    assert answer.json()["response"]["error_code"] == "RATE_EXCEEDED"
    assert "token" not in answer.json()["response"]
    assert happened("faults", "xandr") == {"auth too_many_logins": 1}
    again = requests.post(f"{sandbox.url}/xandr/auth", json=LOG_IN, timeout=10)
    assert again.json()["response"]["token"]
