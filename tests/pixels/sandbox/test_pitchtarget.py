import pytest

GOOD = {"fb_ad_account_id": "9", "name": "Shoes purchase", "tag": "CHECKOUT"}

GENERATIONS = ["/offsitepixels", "/offsite_pixels"]


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
        ("PUT", "/offsite_pixels/6014360342904"),
        ("GET", "/offsitepixels/6014360342904/stats"),
        ("GET", "/oauth/authorize"),
        ("POST", "/fb_ad_accounts"),
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


# The second generation of paths and answers, and the single pixel


def test_the_first_generation_answers_a_create_with_a_flat_id_and_the_second_with_a_nested_one(pitchtarget):
    flat = pitchtarget("POST", "/offsitepixels", data=GOOD).json()["id"]
    nested = pitchtarget("POST", "/offsite_pixels", data={**GOOD, "name": "Lead"})
    assert isinstance(flat, str)
    assert nested.json() == {"id": {"id": str(int(flat) + 1)}}
    assert len(nested.content) == len('{"id":{"id":"6014360342904"}}') == 29


def test_the_first_generation_too_may_answer_with_a_nested_id(pitchtarget, control):
    control("POST", "/switch", json={"pitchtarget_nested": True})
    made = pitchtarget("POST", "/offsitepixels", data=GOOD).json()
    assert made == {"id": {"id": listed(pitchtarget)[0]["id"]}}


def test_both_generations_list_the_same_pixels(pitchtarget):
    for path in GENERATIONS:
        pitchtarget("POST", path, data={**GOOD, "name": path})
    lists = [pitchtarget("GET", f"{path}?fb_ad_account_id=9").json() for path in GENERATIONS]
    assert lists[0] == lists[1]
    assert [pixel["name"] for pixel in lists[0]] == GENERATIONS


@pytest.mark.parametrize("path", GENERATIONS)
def test_one_pixel_is_the_object_of_the_list(pitchtarget, path):
    made = pitchtarget("POST", "/offsitepixels", data=GOOD).json()["id"]
    answer = pitchtarget("GET", f"{path}/{made}")
    assert (answer.status_code, [answer.json()]) == (200, listed(pitchtarget))


@pytest.mark.parametrize("path", GENERATIONS)
def test_one_pixel_that_is_not_there_is_not_found(pitchtarget, path):
    assert pitchtarget("GET", f"{path}/6014360342904").status_code == 404
    made = pitchtarget("POST", path, data=GOOD).json()["id"]
    one = made if isinstance(made, str) else made["id"]
    answer = pitchtarget("GET", f"{path}/{one}?colour=red")
    assert (answer.status_code, answer.json()) == (422, {"errors": {"colour": ["is not a parameter of this request"]}})
    assert pitchtarget("GET", f"{path}/{one}", headers={"Authorization": None}).status_code == 401


@pytest.mark.parametrize("status", ["Inactive", "Active", "Unverified", "Something else"])
def test_a_status_is_shown_as_it_was_loaded(pitchtarget, seed, sample, status):
    seed("pitchtarget", [{**sample("pitchtarget_list")[0], "status": status}], ad_account="9")
    assert [pixel["status"] for pixel in listed(pitchtarget)] == [status]


# Ad accounts


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_ad_accounts_have_an_id_of_their_own_beside_facebooks(pitchtarget, method):
    answer = pitchtarget(method, "/fb_ad_accounts")
    assert answer.json() == {
        "fb_ad_accounts": [
            {"id": 1603, "name": "Newcomer shop", "currency": "EUR", "fb_id": "9"},
            {"id": 1613, "name": "Demo shop", "currency": "GBP", "fb_id": "8"},
        ]
    }


def test_only_the_id_of_facebook_opens_an_ad_account(pitchtarget):
    for account in pitchtarget("GET", "/fb_ad_accounts").json()["fb_ad_accounts"]:
        assert pitchtarget("GET", f"/offsitepixels?fb_ad_account_id={account['fb_id']}").status_code == 200
        assert pitchtarget("GET", f"/offsitepixels?fb_ad_account_id={account['id']}").status_code == 404


def test_ad_accounts_need_a_token_and_take_no_parameter(pitchtarget):
    assert pitchtarget("GET", "/fb_ad_accounts", headers={"Authorization": None}).status_code == 401
    assert pitchtarget("GET", "/fb_ad_accounts?page=2").status_code == 422


# The password grant


GRANT = {"username": "sandbox", "password": "sandbox", "grant_type": "password", "client_id": "sandbox-client"}


def test_a_password_gives_a_token_that_opens_the_api(pitchtarget, control):
    answer = pitchtarget("POST", "/oauth/authorize", json=GRANT, headers={"Authorization": None})
    assert (answer.status_code, list(answer.json())) == (200, ["access_token"])
    token = answer.json()["access_token"]
    assert (len(token), token.isalnum(), token.lower()) == (31, True, token)

    pitchtarget.headers["Authorization"] = f"OAuth {token}"
    assert listed(pitchtarget) == []
    control("POST", "/expire")
    assert pitchtarget("GET", "/fb_ad_accounts").status_code == 401
    assert pitchtarget("GET", "/fb_ad_accounts", headers={"Authorization": "OAuth sandbox-token"}).status_code == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"password": "wrong"}, "invalid_grant"),
        ({"username": "wrong"}, "invalid_grant"),
        ({"client_id": "wrong"}, "invalid_client"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"password": None}, "invalid_request"),
        ({"client_id": 5}, "invalid_request"),
    ],
)
def test_a_grant_that_is_wrong_is_refused(pitchtarget, change, error):
    answer = pitchtarget("POST", "/oauth/authorize", json={**GRANT, **change})
    assert (answer.status_code, answer.json()) == (400, {"error": error})


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_a_grant_that_cannot_be_read_is_refused(pitchtarget, body):
    answer = pitchtarget("POST", "/oauth/authorize", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    assert pitchtarget("POST", "/oauth/authorize", data=GRANT).status_code == 415


def test_a_xandr_session_is_no_token_here(pitchtarget, xandr):
    token = xandr.headers["Authorization"]
    assert pitchtarget("GET", "/fb_ad_accounts", headers={"Authorization": f"OAuth {token}"}).status_code == 401
