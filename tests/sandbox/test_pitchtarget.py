import pytest

GOOD = {"fb_ad_account_id": "9", "name": "Shoes purchase", "tag": "CHECKOUT"}


def listed(pitchtarget, ad_account="9"):
    return pitchtarget("GET", f"/offsitepixels?fb_ad_account_id={ad_account}").json()


def test_an_id_is_a_string_of_thirteen_digits(pitchtarget):
    made = pitchtarget("POST", "/offsitepixels", data=GOOD)
    assert made.status_code == 200
    assert list(made.json()) == ["id"]
    assert len(made.json()["id"]) == 13
    assert made.json()["id"].isdecimal()


def test_an_empty_ad_account_lists_an_empty_array(pitchtarget):
    assert listed(pitchtarget) == []


@pytest.mark.parametrize("tag", ["CHECKOUT", "REGISTRATION", "LEAD", "KEY_PAGE_VIEW", "ADD_TO_CART", "OTHER"])
def test_a_tag_is_written_in_capitals_and_read_in_small_letters(pitchtarget, tag):
    pitchtarget("POST", "/offsitepixels", data={**GOOD, "tag": tag})
    [pixel] = listed(pitchtarget)
    assert pixel["tag"] == tag.lower()


@pytest.mark.parametrize("tag", ["checkout", "Checkout", "PURCHASE", "CHECKOUT "])
def test_any_other_tag_is_refused(pitchtarget, tag):
    answer = pitchtarget("POST", "/offsitepixels", data={**GOOD, "tag": tag})
    assert (answer.status_code, answer.json()) == (422, {"errors": {"tag": ["is not included in the list"]}})
    assert listed(pitchtarget) == []


@pytest.mark.parametrize("value", [None, "", "  "])
@pytest.mark.parametrize("field", ["fb_ad_account_id", "name", "tag"])
def test_a_parameter_is_required(pitchtarget, field, value):
    answer = pitchtarget("POST", "/offsitepixels", data={**GOOD, field: value})
    assert (answer.status_code, answer.json()) == (422, {"errors": {field: ["can't be blank"]}})


def test_a_parameter_that_is_not_documented_is_refused(pitchtarget):
    answer = pitchtarget("POST", "/offsitepixels", data={**GOOD, "reference": "ph-1"})
    assert answer.json() == {"errors": {"reference": ["is not a parameter of this request"]}}


def test_a_list_needs_an_ad_account(pitchtarget):
    answer = pitchtarget("GET", "/offsitepixels", headers={"fb_ad_account_id": "8"})
    assert (answer.status_code, answer.json()) == (422, {"errors": {"fb_ad_account_id": ["can't be blank"]}})


def test_a_name_is_unique_per_ad_account(pitchtarget):
    pitchtarget("POST", "/offsitepixels", data=GOOD)

    again = pitchtarget("POST", "/offsitepixels", data={**GOOD, "tag": "LEAD"})
    elsewhere = pitchtarget("POST", "/offsitepixels", data={**GOOD, "fb_ad_account_id": "8"})

    assert (again.status_code, again.json()) == (422, {"errors": {"name": ["has already been taken"]}})
    assert elsewhere.status_code == 200
    assert [len(listed(pitchtarget, account)) for account in ("9", "8")] == [1, 1]


@pytest.mark.parametrize("call", ["GET", "POST"])
def test_another_ad_account_is_not_found(pitchtarget, call):
    answer = pitchtarget(
        call,
        "/offsitepixels" + ("?fb_ad_account_id=7" if call == "GET" else ""),
        data={**GOOD, "fb_ad_account_id": "7"} if call == "POST" else None,
    )
    assert (answer.status_code, answer.json()) == (404, {"error": "Ad account not found"})


@pytest.mark.parametrize("value", [None, "sandbox-token", "Bearer sandbox-token", "OAuth wrong", "OAuth "])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_or_missing_token_is_unauthorized(pitchtarget, control, method, value):
    answer = pitchtarget(method, "/offsitepixels", data=GOOD, headers={"Authorization": value})
    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
    assert control("GET", "/requests").json()["held"]["pitchtarget"] == 0


def test_a_body_in_json_is_refused(pitchtarget):
    answer = pitchtarget("POST", "/offsitepixels", json=GOOD)
    assert (answer.status_code, list(answer.json())) == (415, ["error"])


@pytest.mark.parametrize("body", [b"name=%ff", b"name=\xff", b"&".join([b"a=1"] * 200)])
def test_a_form_that_cannot_be_read_is_refused(pitchtarget, body):
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    answer = pitchtarget("POST", "/offsitepixels", data=body, headers=headers)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/offsitepixels"),
        ("DELETE", "/offsitepixels/6014360342904"),
        ("GET", "/offsitepixels/6014360342904"),
        ("POST", "/offsite_pixels"),
        ("GET", "/"),
    ],
)
def test_any_other_operation_is_not_found(pitchtarget, method, path):
    answer = pitchtarget(method, path)
    assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})


@pytest.mark.parametrize("name", ["Ação ✓", "--><script>alert(1)</script>", "%(id)s 100%", "a&b=c", "a\u2028b"])
def test_a_name_goes_into_the_snippet_as_it_is(pitchtarget, name):
    made = pitchtarget("POST", "/offsitepixels", data={**GOOD, "name": name}).json()["id"]
    [pixel] = listed(pitchtarget)
    assert pixel["name"] == name
    assert pixel["js_pixel"].startswith(f"<!-- Facebook Conversion Code for {name} -->\n")
    assert pixel["js_pixel"].count(made) == 2
