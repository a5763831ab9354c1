"""The document's table "JSON Fields"."""

import re

import pytest

IMAGE = {"pixel_type": "img", "url": "https://one.example/p.gif"}
SCRIPT = {"pixel_type": "js", "url": "https://one.example/p.js"}


@pytest.fixture
def post(xandr):
    return lambda fields: xandr("POST", "/pixel?advertiser_id=2", json={"pixel": fields}).json()["response"]


@pytest.fixture
def put(xandr):
    return lambda pixel, fields, more="": xandr(
        "PUT", f"/pixel?advertiser_id=2&id={pixel['id']}{more}", json={"pixel": fields}
    ).json()["response"]


def test_a_name_alone_makes_a_pixel_with_the_defaults(new_pixel):
    pixel = new_pixel(name="Purchase")
    timestamps = [pixel.pop("created_on"), pixel.pop("last_modified")]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text) for text in timestamps)
    assert isinstance(pixel.pop("id"), int)
    assert isinstance(pixel.pop("member_id"), int)
    assert pixel == {
        "advertiser_id": 2,
        "campaigns": None,
        "code": None,
        "line_items": None,
        "min_minutes_per_conv": None,
        "name": "Purchase",
        "piggyback_pixels": None,
        "pixel_conversion_event": None,
        "pixel_conversion_event_id": None,
        "post_click_expire_mins": None,
        "post_click_value": None,
        "post_view_expire_mins": None,
        "post_view_value": None,
        "state": "active",
        "trigger_type": "click",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "ph-1"),
        ("code", None),
        ("state", "active"),
        ("state", "inactive"),
        ("trigger_type", "view"),
        ("trigger_type", "click"),
        ("trigger_type", "hybrid"),
        ("min_minutes_per_conv", 0),
        ("min_minutes_per_conv", 32767),
        ("min_minutes_per_conv", None),
        ("post_click_expire_mins", 0),
        ("post_click_expire_mins", 129600),
        ("post_click_expire_mins", None),
        ("post_view_expire_mins", 0),
        ("post_view_expire_mins", 43200),
        ("post_view_expire_mins", None),
        ("post_click_value", 10),
        ("post_click_value", 0.5),
        ("post_view_value", 1),
        ("post_view_value", None),
        ("piggyback_pixels", None),
        ("piggyback_pixels", [IMAGE]),
        ("piggyback_pixels", [SCRIPT]),
        ("piggyback_pixels", [SCRIPT, SCRIPT]),
        ("piggyback_pixels", [{"pixel_type": "js", "url": "https://one.example/".ljust(255, "x")}]),
    ],
)
def test_a_documented_value_is_kept_as_it_was_sent(new_pixel, xandr, field, value):
    pixel = new_pixel(**{field: value})
    assert pixel[field] == value
    assert xandr("GET", f"/pixel?id={pixel['id']}").json()["response"]["pixel"][field] == value


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (2, "LandingPage"),
        (3, "ItemView"),
        (4, "AddToCart"),
        (5, "InitiateCheckout"),
        (6, "AddPaymentInfo"),
        (7, "Purchase"),
        (8, "Lead"),
    ],
)
def test_a_conversion_event_shows_its_name(new_pixel, put, number, name):
    pixel = new_pixel(pixel_conversion_event_id=number)
    assert pixel["pixel_conversion_event"] == {"id": number, "name": name}
    cleared = put(pixel, {"pixel_conversion_event_id": None})["pixel"]
    assert (cleared["pixel_conversion_event_id"], cleared["pixel_conversion_event"]) == (None, None)


WRONG = [
    ("name", None),
    ("name", ""),
    ("name", "  "),
    ("name", 5),
    ("code", 5),
    ("state", "paused"),
    ("state", "Active"),
    ("state", None),
    ("trigger_type", "both"),
    ("trigger_type", None),
    ("trigger_type", ["click"]),
    ("min_minutes_per_conv", 32768),
    ("min_minutes_per_conv", -1),
    ("min_minutes_per_conv", "120"),
    ("min_minutes_per_conv", 1.5),
    ("min_minutes_per_conv", True),
    ("post_click_expire_mins", 129601),
    ("post_click_expire_mins", "0"),
    ("post_view_expire_mins", 43201),
    ("post_view_expire_mins", False),
    ("post_click_value", "10"),
    ("post_view_value", True),
    ("pixel_conversion_event_id", 1),
    ("pixel_conversion_event_id", 9),
    ("pixel_conversion_event_id", "3"),
    ("pixel_conversion_event_id", True),
    ("piggyback_pixels", IMAGE),
    ("piggyback_pixels", ["https://one.example/"]),
    ("piggyback_pixels", [IMAGE, IMAGE]),
    ("piggyback_pixels", [IMAGE, SCRIPT]),
    ("piggyback_pixels", [{"url": "https://one.example/"}]),
    ("piggyback_pixels", [{"pixel_type": "image", "url": "https://one.example/"}]),
    ("piggyback_pixels", [{"pixel_type": "img"}]),
    ("piggyback_pixels", [{"pixel_type": "img", "url": "one.example"}]),
    ("piggyback_pixels", [{"pixel_type": "img", "url": "https://one.example/".ljust(256, "x")}]),
    ("piggyback_pixels", [{**IMAGE, "type": "img"}]),
    ("advertiser_id", 8),
    ("advertiser_id", "2"),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_value_that_is_not_documented_is_refused(post, put, new_pixel, control, field, value):
    pixel = new_pixel()
    for response in (post({"name": "Purchase", field: value}), put(pixel, {field: value})):
        assert (response["error_id"], "status" in response) == ("SYNTAX", False)
        assert field in response["error"]
    assert control("GET", "/objects?provider=xandr").json()["objects"] == [pixel]


def test_a_name_is_required(post):
    assert post({"code": "ph-1"})["error"] == "name is required"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("campaigns", [{"id": "17607"}]),
        ("line_items", []),
        ("created_on", "2020-01-01 00:00:00"),
        ("last_modified", "2020-01-01 00:00:00"),
        ("pixel_conversion_event", {"id": 3}),
        ("member_id", 1),
    ],
)
def test_a_read_only_field_is_ignored_with_a_warning(post, put, field, value):
    made = post({"name": "Purchase", field: value})
    changed = put(made["pixel"], {field: value})
    for response in (made, changed):
        assert response["status"] == "OK"
        assert response["pixel"][field] != value
        assert response["dbg_info"]["warnings"] == [f"Field `{field}` is read-only"]


def test_an_unknown_field_is_ignored_with_a_warning(post):
    response = post({"name": "Purchase", "colour": "red"})
    assert response["dbg_info"]["warnings"] == ["Field `colour` is not available"]
    assert "colour" not in response["pixel"]


def test_an_id_in_the_body_of_a_post_is_ignored_and_in_a_put_must_be_the_querys(post, put):
    made = post({"name": "Purchase", "id": 17, "advertiser_id": 2})
    assert made["id"] != 17
    assert put(made["pixel"], {"id": made["id"], "name": "Lead"})["status"] == "OK"
    assert put(made["pixel"], {"id": 17})["error_id"] == "SYNTAX"


def test_a_put_changes_only_what_was_sent(new_pixel, put):
    before = new_pixel(code="ph-1", post_click_value=10, piggyback_pixels=[IMAGE])
    after = put(before, {"state": "inactive", "post_click_value": None})["pixel"]
    changed = {key for key in before if before[key] != after[key]} - {"last_modified"}
    assert changed == {"state", "post_click_value"}


def test_a_put_replaces_an_array_and_with_append_adds_to_it(new_pixel, put):
    other = {"pixel_type": "js", "url": "https://two.example/p.js"}
    pixel = new_pixel(piggyback_pixels=[SCRIPT])
    assert put(pixel, {"piggyback_pixels": [other]})["pixel"]["piggyback_pixels"] == [other]
    added = put(pixel, {"piggyback_pixels": [SCRIPT]}, "&append=true")["pixel"]["piggyback_pixels"]
    assert added == [other, SCRIPT]
    assert put(pixel, {"piggyback_pixels": None})["pixel"]["piggyback_pixels"] is None


def test_what_append_adds_up_to_is_checked_too(new_pixel, put):
    pixel = new_pixel(piggyback_pixels=[IMAGE])
    assert put(pixel, {"piggyback_pixels": [IMAGE]}, "&append=true")["error_id"] == "SYNTAX"
    assert put(pixel, {"piggyback_pixels": [SCRIPT]}, "&append=true")["error_id"] == "SYNTAX"
    assert put(pixel, {"name": "x"}, "&append=maybe")["error_id"] == "SYNTAX"


def test_a_put_answers_with_the_id_as_a_string_and_the_whole_pixel(new_pixel, put):
    pixel = new_pixel()
    response = put(pixel, {"name": "Lead"})
    assert response["id"] == str(pixel["id"])
    assert set(response["pixel"]) == set(pixel)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"pixel": []}', b'{"pixels": {}}', b"\xff"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_without_a_pixel_is_refused(xandr, new_pixel, method, body):
    query = "?advertiser_id=2" + (f"&id={new_pixel()['id']}" if method == "PUT" else "")
    answer = xandr(method, "/pixel" + query, data=body)
    assert (answer.status_code, answer.json()["response"]["error_id"]) == (400, "SYNTAX")
