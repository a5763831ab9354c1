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

UNAUTHORIZED = {"message": "Unauthorized", "error": "Unauthorized", "statusCode": 401}


def bad_request(*fields):
    message = f"Invalid param: [{', '.join(fields)}]"
    return {"message": message, "error": "Bad Request", "statusCode": 400}


def test_all_nineteen_events_are_taken(easyflow):
    assert len(EVENTS) == 19
    answer = easyflow("POST", "/pixels", json={**GOOD, "events": EVENTS})
    assert answer.json()["data"]["pixel"]["events"] == EVENTS


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
        ("platform", "gtm"),
        ("platform", "tiktok"),
        ("platform", None),
        ("code", 123),
        ("events", []),
        ("events", "purchase-completed"),
        ("events", ["purchase"]),
        ("events", ["purchase-completed", "credit-card-form-init"]),
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
    [("GET", "/pixels"), ("PUT", "/pixels"), ("PATCH", "/pixels/1"), ("GET", "/"), ("POST", "/pixels/")],
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
