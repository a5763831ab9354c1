"""Log-ins, sessions that end, and limits: it waits or logs in again, goes on, and asks no more often than it must."""

import pytest
from appnexus.exceptions import BadCredentials

from tests.pixels.sandbox.appnexus_client.conftest import NEW, ids, refusal

# Log-in


def test_the_first_call_goes_out_without_a_token_and_logs_in(new_client, asked, happened):
    client = new_client()
    assert client.token is None
    assert client.pixel.find(advertiser_id=2).count() == 0
    assert happened("answers", "xandr") == {"auth 200": 1, "list 200": 1, "list 401": 1}
    assert client.pixel.find(advertiser_id=2).count() == 0
    assert asked() == {"list": 3, "auth": 1}
    assert client.token


def test_a_kept_token_needs_no_log_in(new_client, asked, tmp_path):
    kept = str(tmp_path / "token")
    new_client(token_file=kept).pixel.find(advertiser_id=2).count()
    assert asked() == {"list": 2, "auth": 1}
    new_client(token_file=kept).pixel.find(advertiser_id=2).count()
    assert asked() == {"list": 1}


@pytest.mark.parametrize(("username", "password"), [("sandbox", "wrong"), ("nobody", "sandbox")])
def test_a_wrong_password_or_user_is_known_for_one(new_client, asked, username, password):
    client = new_client(username, password)
    with pytest.raises(BadCredentials):
        client.pixel.find().count()
    assert asked() == {"list": 1, "auth": 1}
    assert client.token is None


@pytest.mark.parametrize(("username", "error_id"), [("expired", "NOAUTH_EXPIRED"), ("disabled", "NOAUTH_DISABLED")])
def test_a_user_who_may_not_log_in_is_not_tried_again(new_client, asked, username, error_id):
    assert refusal(new_client(username).pixel.find().count) == error_id
    assert asked() == {"list": 1, "auth": 1}


def test_the_eleventh_log_in_in_five_minutes_waits_until_they_are_over(new_client, asked, switch, waits):
    switch(xandr_logins=10)
    for _ in range(10):
        new_client().user.get(current=True)
    asked()
    assert new_client().user.get(current=True)["status"] == "OK"
    assert waits == [150, 150]
    assert asked() == {"user": 4, "auth": 3}


# Sessions that end


def test_a_session_that_ended_is_renewed_once_and_the_call_is_done_once(client, control, asked, happened):
    control("POST", "/expire")
    number = client.create("pixel", {"pixel": NEW}, advertiser_id=2)["id"]
    assert asked() == {"create": 2, "auth": 1}
    where = {"id": number, "advertiser_id": 2}
    calls = {
        "list": lambda: client.pixel.find(advertiser_id=2).count(),
        "read": lambda: client.pixel.get(**where),
        "update": lambda: client.modify("pixel", {"pixel": {"name": "Lead"}}, **where),
        "delete": lambda: client.delete("pixel", number, advertiser_id=2),
    }
    for operation, call in calls.items():
        control("POST", "/expire")
        call()
        assert asked() == {operation: 2, "auth": 1}
    assert happened("objects", "xandr") == {"created": 1, "updated": 1, "deleted": 1}


def test_two_hours_without_a_call_end_a_session(client, switch, later, asked):
    switch(xandr_token_seconds=7200)
    for _ in range(3):
        later(7100)
        client.pixel.find().count()
    assert asked() == {"list": 3}
    later(7201)
    client.pixel.find().count()
    assert asked() == {"list": 2, "auth": 1}


def test_a_day_ends_a_session_that_is_in_use(client, switch, later, asked):
    switch(xandr_token_seconds=7200, xandr_token_hard_seconds=86400)
    for _ in range(12):
        later(7190)
        client.pixel.find().count()
    assert asked() == {"list": 12}
    later(200)
    client.pixel.find().count()
    assert asked() == {"list": 2, "auth": 1}


@pytest.mark.parametrize("code", [401, 200])
def test_a_session_that_ends_between_two_pages_loses_none(client, many, fault, asked, code):
    fault("xandr", "session_expired", "list", skip=1, code=code)
    assert ids(client.pixel.find(advertiser_id=2)) == many
    assert asked() == {"list": 4, "auth": 1}


# Limits


@pytest.mark.parametrize(("style", "wait"), [("429", 1), ("503", 1), ("405", 1), ("200", 1), ("429_bare", 10)])
def test_a_throttled_call_waits_as_long_as_it_is_told(client, fault, asked, happened, waits, style, wait):
    fault("xandr", "throttled", "create", style=style, seconds=1, count=2)
    client.create("pixel", {"pixel": NEW}, advertiser_id=2)
    assert waits == [wait, wait]
    assert asked() == {"create": 3}
    assert happened("answers", "xandr").items() >= {f"create {style[:3]}": 3 if style == "200" else 2}.items()
    assert happened("objects", "xandr") == {"created": 1}


def test_a_client_throttled_between_two_pages_loses_none(client, many, fault, asked, waits):
    fault("xandr", "throttled", "list", skip=1, seconds=7)
    assert ids(client.pixel.find(advertiser_id=2)) == many
    assert (asked(), waits) == ({"list": 4}, [7])


def test_a_wait_as_long_as_told_is_enough_for_the_budget_of_calls(client, many, switch, asked, waits):
    switch(xandr_reads=2)
    assert ids(client.pixel.find(advertiser_id=2)) == many
    assert asked() == {"list": 4}
    [wait] = waits
    assert 1 <= wait <= 60


@pytest.mark.parametrize("code", [200, 405, 429])
def test_too_many_log_ins_are_waited_for(new_client, fault, asked, waits, code):
    fault("xandr", "too_many_logins", "auth", code=code)
    assert new_client().pixel.find().count() == 0
    assert (asked(), waits) == ({"list": 3, "auth": 2}, [150])
