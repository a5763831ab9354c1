import hashlib

import pytest

GOOD = {
    "name": "Purchase",
    "description": "Paid orders",
    "ownerId": "sandbox-owner",
    "externalReferenceId": "ph-1",
    "platform": "meta",
    "code": "123",
    "events": ["purchase-completed", "pix-generated"],
}

EVENTS = [
    "checkout-initialized",
    "purchase-completed",
    "purchase-failed",
    "purchase-btn-clicked",
    "pix-selected",
    "pix-generated",
    "pix-expired",
    "pix-copied",
    "credit-card-selected",
    "credit-card-form-completed",
    "bank-slip-selected",
    "bank-slip-form-completed",
    "address-form-completed",
    "delivery-address-completed",
    "coupon-added",
    "coupon-box-clicked",
    "coupon-form-completed",
    "coupon-apply-failed",
    "user-form-completed",
]

NEWER_EVENTS = [
    "credit-card-form-init",
    "coupon-form-init",
    "user-form-init",
    "pre-checkout-form-init",
    "pre-checkout-form-completed",
]

UNAUTHORIZED = {"message": "Unauthorized", "error": "Unauthorized", "statusCode": 401}


def bad_request(*fields):
    message = f"Invalid param: [{', '.join(fields)}]"
    return {"message": message, "error": "Bad Request", "statusCode": 400}


def test_all_nineteen_events_are_taken(easyflow):
    assert len(EVENTS) == 19
    answer = easyflow("POST", "/pixels", json={**GOOD, "events": EVENTS})
    assert answer.json()["data"]["pixel"]["events"] == EVENTS


def test_the_newer_document_has_twenty_four_events_and_four_platforms(easyflow):
    for platform in ("meta", "gtm", "tiktok"):
        body = {**GOOD, "platform": platform, "events": EVENTS + NEWER_EVENTS}
        pixel = easyflow("POST", "/pixels", json=body).json()["data"]["pixel"]
        assert (pixel["platform"], len(pixel["events"])) == (platform, 24)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("platform", "gtm"),
        ("platform", "tiktok"),
        *(("events", [event]) for event in NEWER_EVENTS),
        ("serverSideMetadata", {}),
    ],
)
def test_as_the_older_document_has_it_the_newer_values_are_refused(easyflow, control, field, value):
    control("POST", "/switch", json={"easyflow_older": True})
    assert easyflow("POST", "/pixels", json={**GOOD, field: value}).json() == bad_request(field)
    assert easyflow("POST", "/pixels", json=GOOD).status_code == 200
    assert easyflow("PATCH", "/pixels/1", json={}).json()["message"] == "Cannot PATCH /pixels/1"


def test_the_same_pixel_twice_is_two_pixels(easyflow, control):
    ids = {easyflow("POST", "/pixels", json=GOOD).json()["data"]["pixel"]["id"] for _ in range(2)}
    assert len(ids) == 2
    held = control("GET", "/objects?provider=easyflow").json()["objects"]
    assert {pixel["id"] for pixel in held} == ids


@pytest.mark.parametrize("field", ["name", "ownerId", "externalReferenceId", "platform", "events"])
def test_a_required_field_is_required(easyflow, field):
    answer = easyflow("POST", "/pixels", json={key: GOOD[key] for key in GOOD if key != field})
    assert (answer.status_code, answer.json()) == (400, bad_request(field))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "  "),
        ("name", 5),
        ("description", None),
        ("description", 5),
        ("ownerId", ["sandbox-owner"]),
        ("externalReferenceId", 5),
        ("platform", "Google"),
        ("platform", "GTM"),
        ("platform", "facebook"),
        ("platform", None),
        ("code", 123),
        ("events", []),
        ("events", "purchase-completed"),
        ("events", ["purchase"]),
        ("events", ["purchase-completed", "pre-checkout"]),
        ("events", [{}]),
        ("metadata", None),
        ("metadata", "AbC"),
    ],
)
def test_a_value_that_is_not_documented_is_refused(easyflow, field, value):
    answer = easyflow("POST", "/pixels", json={**GOOD, field: value})
    assert (answer.status_code, answer.json()) == (400, bad_request(field))


@pytest.mark.parametrize("metadata", [{}, {"conversion-label": ""}, {"conversion-label": 5}])
def test_a_google_pixel_needs_a_conversion_label(easyflow, metadata):
    answer = easyflow("POST", "/pixels", json={**GOOD, "platform": "google", "metadata": metadata})
    assert answer.json() == bad_request("metadata.conversion-label")


def test_a_google_pixel_needs_metadata(easyflow):
    answer = easyflow("POST", "/pixels", json={**GOOD, "platform": "google"})
    assert answer.json() == bad_request("metadata.conversion-label")


def test_a_field_that_is_not_documented_is_refused(easyflow):
    body = {**GOOD, "conversionLabel": "AbC", "metadata": {"label": "AbC"}}
    answer = easyflow("POST", "/pixels", json=body)
    assert answer.json() == bad_request("metadata.label", "conversionLabel")


def test_all_wrong_fields_are_named(easyflow):
    answer = easyflow("POST", "/pixels", json={"events": []})
    assert answer.json() == bad_request("name", "ownerId", "externalReferenceId", "platform", "events")


def test_a_field_never_sent_comes_back_as_an_empty_string(easyflow):
    body = {key: GOOD[key] for key in GOOD if key not in ("description", "code")}
    pixel = easyflow("POST", "/pixels", json=body).json()["data"]["pixel"]
    assert (pixel["description"], pixel["code"], pixel["metadata"]) == ("", "", {"conversion-label": ""})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"NaN", b"[" * 5000])
def test_a_body_that_is_no_object_is_refused(easyflow, body):
    answer = easyflow("POST", "/pixels", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, bad_request("body"))


def test_a_form_is_refused(easyflow):
    answer = easyflow("POST", "/pixels", data={"name": "Purchase"})
    assert (answer.status_code, answer.json()) == (400, bad_request("content-type"))


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": "wrong"},
        {"x-api-secret": "wrong"},
        {"x-api-key": None},
        {"x-api-secret": None},
        {"x-api-key": None, "x-api-secret": None, "Authorization": "Bearer sandbox-key"},
    ],
)
def test_a_wrong_or_missing_key_or_secret_is_unauthorized(easyflow, control, headers):
    answer = easyflow("POST", "/pixels", json=GOOD, headers=headers)
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    assert control("GET", "/objects?provider=easyflow").json() == {"objects": []}


def test_another_owner_is_forbidden(easyflow):
    answer = easyflow("POST", "/pixels", json={**GOOD, "ownerId": "somebody"})
    forbidden = {"message": "Forbidden resource", "error": "Forbidden", "statusCode": 403}
    assert (answer.status_code, answer.json()) == (403, forbidden)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/pixels"), ("PUT", "/pixels"), ("GET", "/pixels/list"), ("GET", "/"), ("POST", "/pixels/")],
)
def test_any_other_operation_is_not_found(easyflow, method, path):
    answer = easyflow(method, path)
    not_found = {"message": f"Cannot {method} {path}", "error": "Not Found", "statusCode": 404}
    assert (answer.status_code, answer.json()) == (404, not_found)


@pytest.mark.parametrize("name", ["Ação ✓", "<script>", "\ud800", 'a"b\\c', "x" * 5000])
def test_a_name_comes_back_as_it_was_sent(easyflow, control, name):
    assert easyflow("POST", "/pixels", json={**GOOD, "name": name}).json()["data"]["pixel"]["name"] == name
    [held] = control("GET", "/objects?provider=easyflow").json()["objects"]
    assert held["name"] == name


# PATCH


@pytest.fixture
def pixel(easyflow):
    return easyflow("POST", "/pixels", json=GOOD).json()["data"]["pixel"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Lead"),
        ("description", ""),
        ("status", "inactive"),
        ("status", "active"),
        ("platform", "tiktok"),
        ("code", "456"),
        ("events", ["pix-copied", "user-form-init"]),
    ],
)
def test_a_patch_changes_one_documented_field_and_no_other(easyflow, control, pixel, field, value):
    answer = easyflow("PATCH", f"/pixels/{pixel['id']}", json={field: value})
    changed = answer.json()["data"]["pixel"]
    assert (answer.status_code, answer.json()["statusCode"]) == (200, 200)
    assert changed == {**pixel, field: value, "updatedAt": changed["updatedAt"]}
    assert control("GET", "/objects?provider=easyflow").json()["objects"] == [changed]
    assert control("GET", "/requests").json()["objects"]["easyflow"] == {"created": 1, "updated": 1}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("description", 5),
        ("status", "paused"),
        ("status", "Active"),
        ("platform", "facebook"),
        ("platform", "google"),  # without a conversion label, which a PATCH cannot bring
        ("code", None),
        ("events", []),
        ("events", ["purchase"]),
        ("ownerId", "sandbox-owner"),
        ("externalReferenceId", "ph-2"),
        ("metadata", {"conversion-label": "AbC"}),
        ("id", "1"),
        ("serverSideMetadata", None),
    ],
)
def test_a_patch_of_anything_else_is_refused(easyflow, control, pixel, field, value):
    answer = easyflow("PATCH", f"/pixels/{pixel['id']}", json={"name": "Lead", field: value})
    assert (answer.status_code, answer.json()) == (400, bad_request(field))
    assert control("GET", "/objects?provider=easyflow").json()["objects"] == [pixel]


def test_a_patch_needs_a_pixel_of_the_keys_owner(easyflow, seed, pixel):
    seed("easyflow", [{**pixel, "id": "theirs", "ownerId": "somebody"}])
    not_found = {"message": "Not Found", "error": "Not Found", "statusCode": 404}
    for number in ("theirs", "00000000-0000-0000-0000-000000000000"):
        answer = easyflow("PATCH", f"/pixels/{number}", json={"name": "Lead"})
        assert (answer.status_code, answer.json()) == (404, not_found)
    answer = easyflow("PATCH", f"/pixels/{pixel['id']}", json={"name": "Lead"}, headers={"x-api-key": "wrong"})
    assert answer.json() == UNAUTHORIZED


# The token of Meta's Conversions API

FAKE_TOKEN = "not-a-real-capi-token"
DIGEST = "sha256:" + hashlib.sha256(FAKE_TOKEN.encode()).hexdigest()[:16]
SERVER_SIDE = {"capi-access-token": FAKE_TOKEN, "enable-capi-access-token": "true"}


def test_a_capi_token_is_kept_as_a_digest_and_never_shown(easyflow, control, sandbox, seed, tmp_path, caplog):
    made = easyflow("POST", "/pixels", json={**GOOD, "serverSideMetadata": SERVER_SIDE})
    where = f"/pixels/{made.json()['data']['pixel']['id']}"
    enabled = {"serverSideMetadata": {"enable-capi-access-token": "false"}}
    again = easyflow("PATCH", where, json=enabled)
    seed("easyflow", [{**made.json()["data"]["pixel"], "id": "loaded", "serverSideMetadata": SERVER_SIDE}])
    control("POST", "/switch", json={"easyflow_list": True})
    listed = easyflow("GET", "/pixels/list?limit=10&page=1")

    held = control("GET", "/objects?provider=easyflow").json()["objects"]
    assert [one["serverSideMetadata"] for one in held] == [
        {"capi-access-token": DIGEST, "enable-capi-access-token": "false"},
        {"capi-access-token": DIGEST, "enable-capi-access-token": "true"},
    ]
    for answer in (made, again, listed):
        assert "serverSideMetadata" not in answer.text
        assert FAKE_TOKEN not in answer.text
    assert not any(FAKE_TOKEN.encode() in path.read_bytes() for path in tmp_path.iterdir())
    assert FAKE_TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (None, "serverSideMetadata"),
        ("x", "serverSideMetadata"),
        ({"capi-access-token": 5}, "serverSideMetadata.capi-access-token"),
        ({"enable-capi-access-token": True}, "serverSideMetadata.enable-capi-access-token"),
        ({"token": "x"}, "serverSideMetadata.token"),
    ],
)
def test_server_side_metadata_is_two_strings(easyflow, value, named):
    assert easyflow("POST", "/pixels", json={**GOOD, "serverSideMetadata": value}).json() == bad_request(named)


# The list, which is inferred and off


def test_the_list_comes_in_pages_once_it_is_switched_on(easyflow, control):
    control("POST", "/switch", json={"easyflow_list": True})
    for number, owner in enumerate(["sandbox-owner"] * 3 + ["sandbox-demo"]):
        easyflow("POST", "/pixels", json={**GOOD, "name": str(number), "ownerId": owner})

    first = easyflow("GET", "/pixels/list?limit=2&page=1").json()
    last = easyflow("GET", "/pixels/list?limit=2&page=2&ownerId=sandbox-owner").json()

    assert first["statusCode"] == 200
    assert [pixel["name"] for pixel in first["data"].pop("docs")] == ["0", "1"]
    assert first["data"] == {"totalDocs": 4, "limit": 2, "totalPages": 2, "currentPage": 1}
    assert [pixel["name"] for pixel in last["data"].pop("docs")] == ["2"]
    assert last["data"] == {"totalDocs": 3, "limit": 2, "totalPages": 2, "currentPage": 2}
    assert easyflow("GET", "/pixels/list?limit=2&page=9").json()["data"]["docs"] == []


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("", "limit, page"),
        ("limit=2", "page"),
        ("limit=0&page=1", "limit"),
        ("limit=101&page=1", "limit"),
        ("limit=2&page=x", "page"),
        ("limit=2&page=1&status=active", "status"),
    ],
)
def test_the_list_takes_its_own_parameters_only(easyflow, control, query, named):
    control("POST", "/switch", json={"easyflow_list": True})
    assert easyflow("GET", f"/pixels/list?{query}").json() == bad_request(named)
    answer = easyflow("GET", "/pixels/list?limit=2&page=1&ownerId=somebody")
    assert answer.status_code == 403
    answer = easyflow("GET", "/pixels/list?limit=2&page=1", headers={"x-api-key": None})
    assert answer.json() == UNAUTHORIZED
