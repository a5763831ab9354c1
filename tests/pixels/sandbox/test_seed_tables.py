"""Each row of the tables in the providers' documents, by its name: what the document says, the sandbox does."""

import pytest

from pixels.sandbox import easyflow as easyflow_api

# Xandr, "REST API"

REST_API = [
    ("GET", "/pixel", "list"),
    ("GET", "/pixel?id=123,456,789", "list"),
    ("GET", "/pixel?advertiser_id=ADVERTISER_ID", "list"),
    ("GET", "/pixel?advertiser_code=ADVERTISER_CODE", "list"),
    ("GET", "/pixel?advertiser_id=ADVERTISER_ID&id=PIXEL_ID", "read"),
    ("GET", "/pixel?advertiser_code=ADVERTISER_CODE&code=PIXEL_CODE", "read"),
    ("GET", "/pixel/meta", "meta"),
    ("POST", "/pixel?advertiser_id=ADVERTISER_ID", "create"),
    ("POST", "/pixel?advertiser_code=ADVERTISER_CODE", "create"),
    ("PUT", "/pixel?advertiser_id=ADVERTISER_ID&id=PIXEL_ID", "update"),
    ("PUT", "/pixel?advertiser_code=ADVERTISER_CODE&code=PIXEL_CODE", "update"),
    ("DELETE", "/pixel?advertiser_id=ADVERTISER_ID&id=PIXEL_ID", "delete"),
]


@pytest.mark.parametrize(("method", "path", "operation"), REST_API, ids=[f"{m} {p}" for m, p, _ in REST_API])
def test_xandr_rest_api(xandr, seed, control, method, path, operation):
    seed("xandr", [{"id": number, "advertiser_id": 2, "name": "Old", "code": f"c{number}"} for number in (123, 456)])
    for word, value in (("ADVERTISER_ID", "2"), ("ADVERTISER_CODE", "adv-2"), ("PIXEL_ID", "123")):
        path = path.replace(word, value)

    answer = xandr(method, path.replace("PIXEL_CODE", "c123"), json={"pixel": {"name": "New"}})

    response = answer.json()["response"]
    assert (answer.status_code, response["status"]) == (200, "OK")
    assert control("GET", "/requests").json()["requests"]["xandr"] == {"auth": 1, operation: 1}
    held = {pixel["id"]: pixel["name"] for pixel in control("GET", "/objects?provider=xandr").json()["objects"]}
    match operation:
        case "list":
            assert [pixel["id"] for pixel in response["pixels"]] == [123, 456]
        case "read":
            assert response["pixel"]["id"] == 123
        case "meta":
            assert "name" in [field["name"] for field in response["fields"]]
        case "create":
            assert held[response["id"]] == "New"
        case "update":
            assert held == {123: "New", 456: "Old"}
        case "delete":
            assert held == {456: "Old"}


# Xandr, "JSON Fields"

FULL = {
    "id": 17,
    "advertiser_id": 2,
    "name": "ProStarr",
    "code": "ph-1",
    "campaigns": [{"id": "17607"}],
    "line_items": [{"id": 382, "name": "Line Item", "state": "active"}],
    "created_on": "2010-01-01 19:24:20",
    "last_modified": "2010-01-15 21:41:40",
    "min_minutes_per_conv": 120,
    "piggyback_pixels": [{"pixel_type": "img", "url": "https://www.testing.com"}],
    "pixel_conversion_event_id": 3,
    "post_click_expire_mins": 20160,
    "post_click_value": 10.5,
    "post_view_expire_mins": 1440,
    "post_view_value": 1.5,
    "state": "active",
    "trigger_type": "hybrid",
}

# field: its type in an answer, or None for "Read Only" with another value; values that are kept; values refused
JSON_FIELDS = {
    "code": (str, ["c", None], [5]),
    "min_minutes_per_conv": (int, [0, None, 32767], [32768]),
    "name": (str, ["n"], [None, ""]),
    "piggyback_pixels": (list, [None, [{"pixel_type": "js", "url": "https://x.example/p.js"}]], ["https://x.example"]),
    "pixel_conversion_event_id": (int, [None, 2, 3, 4, 5, 6, 7, 8], [1, 9]),
    "post_click_expire_mins": (int, [0, None, 129600], [129601]),
    "post_click_value": (float, [0.5, 3], ["3"]),
    "post_view_expire_mins": (int, [0, None, 43200], [43201]),
    "post_view_value": (float, [0.5, 3], ["3"]),
    "state": (str, ["active", "inactive"], ["paused"]),
    "trigger_type": (str, ["view", "click", "hybrid"], ["both"]),
}
READ_ONLY = {
    "campaigns": (list, [{"id": "1"}]),
    "created_on": (str, "2000-01-01 00:00:00"),
    "last_modified": (str, "2000-01-01 00:00:00"),
    "line_items": (list, []),
    "pixel_conversion_event": (dict, {"id": 8, "name": "Lead"}),
}


@pytest.fixture
def full(xandr, seed):
    seed("xandr", [FULL])
    return xandr("GET", "/pixel?id=17").json()["response"]["pixel"]


@pytest.mark.parametrize("field", JSON_FIELDS)
def test_xandr_json_fields(xandr, full, field):
    kind, kept, refused = JSON_FIELDS[field]
    assert isinstance(full[field], kind)
    for value in kept:
        for method, where in (("POST", "?advertiser_id=2"), ("PUT", "?advertiser_id=2&id=17")):
            pixel = {"name": "n", field: value}
            response = xandr(method, f"/pixel{where}", json={"pixel": pixel}).json()["response"]
            assert (response["status"], response["pixel"][field]) == ("OK", value)
    for value in refused:
        for method, where in (("POST", "?advertiser_id=2"), ("PUT", "?advertiser_id=2&id=17")):
            response = xandr(method, f"/pixel{where}", json={"pixel": {"name": "n", field: value}}).json()["response"]
            assert response["error_id"] == "SYNTAX"


@pytest.mark.parametrize("field", READ_ONLY)
def test_xandr_json_fields_that_are_read_only(xandr, full, field):
    kind, other = READ_ONLY[field]
    assert isinstance(full[field], kind)
    response = xandr("PUT", "/pixel?advertiser_id=2&id=17", json={"pixel": {field: other}}).json()["response"]
    assert response["status"] == "OK"
    assert response["pixel"][field] != other


@pytest.mark.parametrize(("field", "method"), [("advertiser_id", "POST"), ("name", "POST"), ("id", "PUT")])
def test_xandr_json_fields_that_are_required(xandr, full, field, method):
    assert field in full
    query = {"advertiser_id": "advertiser_id=2", "id": "id=17"}
    asked = query if method == "PUT" else {"advertiser_id": query["advertiser_id"]}
    where = "&".join(value for name, value in asked.items() if name != field)
    pixel = {} if field == "name" else {"name": "n"}
    response = xandr(method, f"/pixel?{where}", json={"pixel": pixel}).json()["response"]
    assert (response["error_id"], response["error"]) == ("SYNTAX", f"{field} is required")


DEFAULTS = [("min_minutes_per_conv", None), ("trigger_type", "click")]


@pytest.mark.parametrize(("field", "default"), DEFAULTS)
def test_xandr_json_fields_that_have_a_default(new_pixel, field, default):
    assert new_pixel()[field] == default


def test_all_eighteen_rows_of_xandrs_json_fields_are_named_here():
    assert len({*JSON_FIELDS, *READ_ONLY, "advertiser_id", "id"}) == 18


# The tables below "JSON Fields". A line item's id is a string in its table and a number in the samples.
INNER_FIELDS = [
    ("campaigns", "id", "17607"),
    ("line_items", "id", 382),
    ("line_items", "name", "Line Item"),
    ("line_items", "state", "active"),
    ("piggyback_pixels", "pixel_type", "img"),
    ("piggyback_pixels", "url", "https://www.testing.com"),
    ("pixel_conversion_event", "id", 3),
    ("pixel_conversion_event", "name", "ItemView"),
]


@pytest.mark.parametrize(("field", "inner", "value"), INNER_FIELDS, ids=[f"{f}.{i}" for f, i, _ in INNER_FIELDS])
def test_xandr_fields_of_fields(full, field, inner, value):
    holder = full[field][0] if isinstance(full[field], list) else full[field]
    assert holder[inner] == value


# Easyflow, "Header parameters", "Request fields", "Response … fields"

PIXEL = {
    "name": "Purchase",
    "description": "Paid orders",
    "ownerId": "sandbox-owner",
    "externalReferenceId": "ph-1",
    "platform": "google",
    "code": "AW-1",
    "events": ["purchase-completed"],
    "metadata": {"conversion-label": "AbC"},
}


@pytest.mark.parametrize("header", ["x-api-key", "x-api-secret"])
def test_easyflow_header_parameters(easyflow, header):
    assert easyflow("POST", "/pixels", json=PIXEL).status_code == 200
    assert easyflow("POST", "/pixels", json=PIXEL, headers={header: None}).status_code == 401


@pytest.mark.parametrize(
    ("field", "required"),
    [
        ("name", True),
        ("description", False),
        ("ownerId", True),
        ("externalReferenceId", True),
        ("platform", True),
        ("code", False),
        ("events", True),
        ("metadata", True),  # of a google pixel
    ],
)
def test_easyflow_request_fields(easyflow, field, required):
    made = easyflow("POST", "/pixels", json=PIXEL).json()["data"]["pixel"]
    assert made[field] == PIXEL[field]
    without = {key: value for key, value in PIXEL.items() if key != field}
    assert easyflow("POST", "/pixels", json=without).status_code == (400 if required else 200)
    wrong = easyflow("POST", "/pixels", json={**PIXEL, field: 5}).json()
    assert (wrong["statusCode"], field in wrong["message"]) == (400, True)


def test_easyflow_request_field_metadata_conversion_label(easyflow):
    missing = easyflow("POST", "/pixels", json={**PIXEL, "metadata": {}}).json()
    assert missing["message"] == "Invalid param: [metadata.conversion-label]"
    assert easyflow("POST", "/pixels", json={**PIXEL, "metadata": {}, "platform": "meta"}).status_code == 200


@pytest.mark.parametrize("event", easyflow_api.NEWER.events)
def test_easyflow_events(easyflow, event):
    pixel = easyflow("POST", "/pixels", json={**PIXEL, "events": [event]}).json()["data"]["pixel"]
    assert pixel["events"] == [event]


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("statusCode", int),
        ("data", dict),
        ("data.pixel", dict),
        ("data.pixel.events", list),
        ("data.pixel.id", str),
        ("data.pixel.createdAt", str),
        ("data.pixel.updatedAt", str),
        ("data.pixel.ownerId", str),
        ("data.pixel.externalReferenceId", str),
        ("data.pixel.platform", str),
        ("data.pixel.status", str),
        ("data.pixel.code", str),
        ("data.pixel.name", str),
        ("data.pixel.description", str),
        ("data.pixel.metadata", dict),
        ("data.pixel.metadata.conversion-label", str),
    ],
)
def test_easyflow_response_200_fields(easyflow, field, kind):
    value = easyflow("POST", "/pixels", json=PIXEL).json()
    for name in field.split("."):
        value = value[name]
    assert isinstance(value, kind)


@pytest.mark.parametrize(
    ("status", "change", "headers", "message", "error"),
    [
        (400, {"name": ""}, {}, "Invalid param: [name]", "Bad Request"),
        (401, {}, {"x-api-key": "wrong"}, "Unauthorized", "Unauthorized"),
        (403, {"ownerId": "somebody"}, {}, "Forbidden resource", "Forbidden"),
    ],
)
def test_easyflow_response_fields_of_an_error(easyflow, status, change, headers, message, error):
    answer = easyflow("POST", "/pixels", json={**PIXEL, **change}, headers=headers)
    assert (answer.status_code, answer.json()) == (
        status,
        {"message": message, "error": error, "statusCode": status},
    )


def test_easyflow_response_500_fields(easyflow, sandbox, monkeypatch):
    monkeypatch.setattr(sandbox.store, "put", None)
    answer = easyflow("POST", "/pixels", json=PIXEL)
    expected = {"message": "Internal server error", "error": "Internal Server Error", "statusCode": 500}
    assert (answer.status_code, answer.json()) == (500, expected)


# PitchTarget, "Parameters"

FORM = {"fb_ad_account_id": "9", "name": "Shoes purchase", "tag": "CHECKOUT"}


@pytest.mark.parametrize("parameter", FORM)
def test_pitchtarget_parameters_of_a_create(pitchtarget, parameter):
    without = {key: value for key, value in FORM.items() if key != parameter}
    answer = pitchtarget("POST", "/offsitepixels", data=without)
    assert (answer.status_code, answer.json()) == (422, {"errors": {parameter: ["can't be blank"]}})
    assert pitchtarget("POST", "/offsitepixels", data=FORM).status_code == 200


def test_pitchtarget_parameter_name_is_unique_in_an_ad_account(pitchtarget):
    statuses = [
        pitchtarget("POST", "/offsitepixels", data={**FORM, "fb_ad_account_id": account}).status_code
        for account in ("9", "9", "8")
    ]
    assert statuses == [200, 422, 200]


@pytest.mark.parametrize("tag", ["CHECKOUT", "REGISTRATION", "LEAD", "KEY_PAGE_VIEW", "ADD_TO_CART", "OTHER"])
def test_pitchtarget_tags(pitchtarget, tag):
    assert pitchtarget("POST", "/offsitepixels", data={**FORM, "tag": tag}).status_code == 200
    assert pitchtarget("POST", "/offsitepixels", data={**FORM, "name": "x", "tag": f"{tag}X"}).status_code == 422


def test_pitchtarget_parameter_fb_ad_account_id_of_a_list(pitchtarget):
    made = pitchtarget("POST", "/offsitepixels", data=FORM).json()["id"]
    listed = pitchtarget("GET", "/offsitepixels?fb_ad_account_id=9").json()
    assert [pixel["id"] for pixel in listed] == [made]
    assert pitchtarget("GET", "/offsitepixels?fb_ad_account_id=8").json() == []
    assert pitchtarget("GET", "/offsitepixels").status_code == 422
