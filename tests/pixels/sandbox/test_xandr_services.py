"""Xandr's /user, /advertiser and /line-item, to read only."""

import pytest


def one(answer, key):
    response = answer.json()["response"]
    assert (response["status"], response["count"], response["dbg_info"]["output_term"]) == ("OK", 1, key)
    return response[key]


def ids(answer, key):
    response = answer.json()["response"]
    assert (response["status"], response["dbg_info"]["output_term"]) == ("OK", key)
    assert all(isinstance(response[name], int) for name in ("count", "start_element", "num_elements"))
    return [row["id"] for row in response[key]]


def refusal(answer):
    response = answer.json()["response"]
    assert "status" not in response
    return answer.status_code, response["error_id"]


# User

USER_KEYS = {
    "id", "first_name", "last_name", "phone", "username", "email", "user_type", "read_only", "api_login", "entity_id",
    "publisher_id", "advertiser_id", "custom_data", "send_safety_budget_notifications", "entity_name", "timezone",
    "entity_reporting_decimal_type", "reporting_decimal_type", "decimal_mark", "thousand_separator", "last_modified",
    "is_developer", "state", "advertiser_access", "publisher_access", "password_expires_on",
}  # fmt: skip


@pytest.mark.parametrize("query", ["current", "current=", "current=1"])
def test_the_current_user_has_the_keys_of_the_sample(xandr, query):
    user = one(xandr("GET", f"/user?{query}"), "user")
    assert set(user) == USER_KEYS
    assert (user["id"], user["username"], user["user_type"], user["read_only"]) == (1, "sandbox", "member", False)
    assert (user["entity_id"], user["state"]) == (1370, "active")


def test_another_user_is_current_to_himself(xandr_as):
    user = one(xandr_as("reader")("GET", "/user?current"), "user")
    assert (user["username"], user["read_only"]) == ("reader", True)


def test_only_the_fields_asked_for_are_shown(xandr):
    user = one(xandr("GET", "/user?current&fields=username,user_type,id"), "user")
    assert user == {"id": 1, "username": "sandbox", "user_type": "member"}


def test_users_are_found_by_id_and_name(xandr):
    assert one(xandr("GET", "/user?id=2"), "user")["username"] == "reader"
    assert ids(xandr("GET", "/user?username=sandbox"), "users") == [1]
    assert ids(xandr("GET", "/user"), "users") == [1, 2, 3, 4]
    assert ids(xandr("GET", "/user?state=inactive"), "users") == [4]


def test_a_password_expires_when_it_was_told_to(xandr, control):
    body = {"provider": "xandr", "password_expires_on": {"sandbox": "2026-12-01 00:00:00"}}
    assert control("POST", "/seed", json=body).status_code == 200
    assert one(xandr("GET", "/user?current"), "user")["password_expires_on"] == "2026-12-01 00:00:00"
    assert one(xandr("GET", "/user?id=2"), "user")["password_expires_on"] > "2090"


# Advertiser


def test_the_members_advertisers_have_names_and_codes(xandr):
    answer = xandr("GET", "/advertiser")
    assert ids(answer, "advertisers") == [2, 8]
    shown = [(row["code"], row["name"], row["state"]) for row in answer.json()["response"]["advertisers"]]
    assert shown == [("adv-2", "Newcomer Shop", "active"), ("adv-8", "Demo Shop", "active")]


def test_one_advertiser_is_one_object_with_the_keys_of_the_sample(xandr):
    by_id = one(xandr("GET", "/advertiser?id=2"), "advertiser")
    assert one(xandr("GET", "/advertiser?code=adv-2"), "advertiser") == by_id
    documented = {"id", "code", "name", "state", "member_id", "timezone", "default_currency", "last_modified"}
    assert documented < set(by_id)
    assert len(by_id) == 39
    assert (by_id["id"], by_id["member_id"], by_id["default_currency"]) == (2, 1370, "USD")


@pytest.mark.parametrize("query", ["id=3", "code=none"])
def test_one_advertiser_that_is_not_there_is_not_found(xandr, query):
    answer = xandr("GET", f"/advertiser?{query}")
    assert refusal(answer) == (200, "SYNTAX")
    assert answer.json()["response"]["error"] == "resource not found"


@pytest.fixture
def many(control):
    advertisers = [{"id": 1000 + n, "name": f"Shop {n:03}", "code": f"shop-{n}"} for n in range(250)]
    advertisers[7]["state"] = "inactive"
    assert control("POST", "/seed", json={"provider": "xandr", "advertisers": advertisers}).status_code == 200


def test_many_advertisers_come_in_pages_of_a_hundred(xandr, many):
    found = []
    for start in (0, 100, 200):
        answer = xandr("GET", f"/advertiser?start_element={start}&num_elements=500")
        assert answer.json()["response"]["count"] == 252
        assert answer.json()["response"]["num_elements"] == 100
        found += ids(answer, "advertisers")
    assert found == [2, 8, *range(1000, 1250)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("id=1001,2", [2, 1001]),
        ("state=inactive", [1007]),
        ("like_name=shop+24", list(range(1240, 1250))),
        ("name=Shop+024", [1024]),
        ("search=Shop+24", list(range(1240, 1250))),
        ("search=1249", [1249]),
        ("search=DEMO", [8]),
        ("min_id=1248", [1248, 1249]),
        ("sort=name.desc&num_elements=2", [1249, 1248]),
        ("sort=state.desc,name.asc&num_elements=2", [1007, 8]),
        ("not_state=active", [1007]),
    ],
)
def test_advertisers_are_filtered_and_sorted(xandr, many, query, expected):
    assert ids(xandr("GET", f"/advertiser?{query}"), "advertisers") == expected


def test_a_seeded_advertiser_takes_pixels_by_id_and_by_code(xandr, many):
    body = {"pixel": {"name": "Purchase"}}
    by_id = one(xandr("POST", "/pixel?advertiser_id=1003", json=body), "pixel")
    by_code = one(xandr("POST", "/pixel?advertiser_code=shop-3", json=body), "pixel")
    assert (by_id["advertiser_id"], by_code["advertiser_id"]) == (1003, 1003)


def test_the_advertiser_of_a_loaded_pixel_is_there_too(xandr, seed, sample):
    seed("xandr", sample("xandr_list_2010")["response"]["pixels"])
    assert ids(xandr("GET", "/advertiser"), "advertisers") == [2, 8, 10]


def test_meta_names_what_advertisers_may_be_filtered_by(xandr):
    fields = xandr("GET", "/advertiser/meta").json()["response"]["fields"]
    assert {"name": "code", "type": "string", "filter_by": True, "sort_by": True} in fields


@pytest.mark.parametrize(
    "advertiser", [{"id": 5}, {"name": "x"}, {"id": 5, "name": "x", "colour": 1}, {"id": 5, "name": "x", "state": "y"}]
)
def test_an_advertiser_that_is_none_is_not_loaded(xandr, control, advertiser):
    assert control("POST", "/seed", json={"provider": "xandr", "advertisers": [advertiser]}).status_code == 400
    assert ids(xandr("GET", "/advertiser"), "advertisers") == [2, 8]


# Line items


@pytest.fixture
def line_items(control, new_pixel):
    pixel = new_pixel(trigger_type="hybrid")
    items = [
        {"id": 382, "name": "Spring", "state": "active", "advertiser_id": 2, "pixel_ids": [pixel["id"]]},
        {"id": 383, "name": "Summer", "state": "inactive", "advertiser_id": 2, "pixel_ids": []},
        {"id": 384, "name": "Autumn", "state": "active", "advertiser_id": 8, "pixel_ids": []},
    ]
    control("POST", "/seed", json={"provider": "xandr", "line_items": items})
    return pixel


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("advertiser_id=2", [382, 383]),
        ("advertiser_code=adv-8", [384]),
        ("advertiser_id=2&id=382,384", [382]),
        ("id=382,384", [382, 384]),
        ("advertiser_id=2&state=inactive", [383]),
        ("search=summ", [383]),
        ("advertiser_id=2&num_elements=1", [382]),
    ],
)
def test_line_items_are_listed(xandr, line_items, query, expected):
    assert ids(xandr("GET", f"/line-item?{query}"), "line-items") == expected


def test_one_line_item_shows_its_pixels(xandr, line_items):
    item = one(xandr("GET", "/line-item?advertiser_id=2&id=382"), "line-item")
    assert (item["id"], item["name"], item["state"], item["advertiser_id"]) == (382, "Spring", "active", 2)
    assert item["pixels"] == [
        {
            "id": line_items["id"],
            "state": "active",
            "post_click_revenue": None,
            "post_view_revenue": None,
            "name": "Purchase",
            "trigger_type": "hybrid",
        }
    ]
    assert one(xandr("GET", "/line-item?id=383"), "line-item")["pixels"] is None


@pytest.mark.parametrize("query", ["", "?state=active", "?advertiser_id=3", "?advertiser_id=8&id=382"])
def test_line_items_need_an_advertiser_or_ids(xandr, line_items, query):
    assert refusal(xandr("GET", f"/line-item{query}")) == (200, "SYNTAX")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("service", ["line-item", "user", "advertiser"])
def test_they_are_to_read_only(xandr, line_items, service, method):
    answer = xandr(method, f"/{service}?advertiser_id=2&id=382", json={service: {"name": "x"}})
    assert refusal(answer) == (400, "SYNTAX")
    assert answer.json()["response"]["error"] == f"The sandbox's /{service} is read only"


@pytest.mark.parametrize("path", ["/user?current", "/advertiser", "/line-item?id=1", "/report?id=1", "/public-key"])
def test_they_need_a_session(xandr, path):
    assert refusal(xandr("GET", path, headers={"Authorization": None})) == (401, "NOAUTH")
