"""The twelve rows of the document's table "REST API"."""

import pytest

NOT_FOUND = {
    "error_id": "SYNTAX",
    "error": "resource not found",
    "error_description": None,
    "service": "pixel",
    "error_code": None,
    "count": 0,
    "start_element": 0,
    "num_elements": 100,
    "dbg_info": {"output_term": "not_found", "version": "1.18.651", "warnings": []},
}


def ids(answer):
    return [pixel["id"] for pixel in answer.json()["response"]["pixels"]]


def refusal(answer):
    response = answer.json()["response"]
    assert "status" not in response
    return answer.status_code, response["error_id"]


@pytest.fixture
def pixels(new_pixel):
    """Two of advertiser 2, one of advertiser 8; the first has a code."""
    return [new_pixel(code="front"), new_pixel(name="Lead"), new_pixel(8, name="Lead")]


def test_row_1_all_pixels(xandr, pixels):
    answer = xandr("GET", "/pixel")
    response = answer.json()["response"]
    assert ids(answer) == [pixel["id"] for pixel in pixels]
    assert {key: response[key] for key in ("status", "count", "start_element", "num_elements")} == {
        "status": "OK", "count": 3, "start_element": 0, "num_elements": 100,
    }  # fmt: skip
    assert response["dbg_info"]["output_term"] == "pixels"


def test_row_2_an_array_of_specific_pixels(xandr, pixels):
    wanted = f"{pixels[2]['id']},{pixels[0]['id']},999"
    answer = xandr("GET", f"/pixel?id={wanted}")
    assert ids(answer) == [pixels[0]["id"], pixels[2]["id"]]


def test_row_2_one_id_is_one_object_in_the_singular(xandr, pixels):
    response = xandr("GET", f"/pixel?id={pixels[2]['id']}").json()["response"]
    assert response["pixel"] == pixels[2]
    assert "pixels" not in response
    assert (response["count"], response["dbg_info"]["output_term"]) == (1, "pixel")


@pytest.mark.parametrize("who", ["advertiser_id=2", "advertiser_code=adv-2"])
def test_rows_3_and_4_all_pixels_of_one_advertiser(xandr, pixels, who):
    assert ids(xandr("GET", f"/pixel?{who}")) == [pixels[0]["id"], pixels[1]["id"]]


def test_an_advertiser_without_pixels_is_an_empty_list(xandr):
    response = xandr("GET", "/pixel?advertiser_id=8").json()["response"]
    assert (response["status"], response["pixels"], response["count"]) == ("OK", [], 0)


def test_rows_5_and_6_a_particular_pixel(xandr, pixels):
    by_id = xandr("GET", f"/pixel?advertiser_id=2&id={pixels[0]['id']}").json()["response"]
    by_code = xandr("GET", "/pixel?advertiser_code=adv-2&code=front").json()["response"]
    assert by_id["pixel"] == by_code["pixel"] == pixels[0]


def test_a_code_within_an_advertiser_id_is_a_filter(xandr, pixels):
    assert ids(xandr("GET", "/pixel?advertiser_id=2&code=front")) == [pixels[0]["id"]]
    assert ids(xandr("GET", "/pixel?advertiser_id=2&code=none")) == []


def test_row_7_meta_names_what_may_be_filtered_and_sorted_by(xandr):
    response = xandr("GET", "/pixel/meta").json()["response"]
    assert response["status"] == "OK"
    assert {"name": "last_modified", "type": "timestamp", "filter_by": True, "sort_by": True} in response["fields"]


@pytest.mark.parametrize(("who", "number"), [("advertiser_id=2", 2), ("advertiser_code=adv-8", 8)])
def test_rows_8_and_9_add_a_pixel(xandr, who, number):
    answer = xandr("POST", f"/pixel?{who}", json={"pixel": {"name": "Purchase"}})
    response = answer.json()["response"]
    assert (answer.status_code, response["status"], response["count"]) == (200, "OK", 1)
    assert isinstance(response["id"], int)
    assert response["pixel"]["id"] == response["id"]
    assert response["pixel"]["advertiser_id"] == number
    assert xandr("GET", f"/pixel?id={response['id']}").json()["response"]["pixel"] == response["pixel"]


def test_rows_10_and_11_modify_a_pixel(xandr, pixels):
    number = pixels[0]["id"]
    by_id = xandr("PUT", f"/pixel?advertiser_id=2&id={number}", json={"pixel": {"name": "One"}})
    assert by_id.json()["response"]["pixel"]["name"] == "One"
    by_code = xandr("PUT", "/pixel?advertiser_code=adv-2&code=front", json={"pixel": {"name": "Two"}})
    assert by_code.json()["response"]["pixel"]["name"] == "Two"
    assert by_code.json()["response"]["id"] == str(number)


def test_row_12_delete_a_pixel(xandr, pixels):
    where = f"/pixel?advertiser_id=2&id={pixels[0]['id']}"
    answer = xandr("DELETE", where).json()["response"]
    assert (answer["status"], answer["count"]) == ("OK", 1)
    assert not {"pixel", "pixels", "id"} & set(answer)

    assert xandr("GET", where).json()["response"] == {**NOT_FOUND, "method": "GET"}
    assert xandr("DELETE", where).json()["response"] == {**NOT_FOUND, "method": "DELETE"}
    assert len(ids(xandr("GET", "/pixel"))) == 2


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_pixel_of_another_advertiser_is_not_found(xandr, pixels, method):
    where = f"/pixel?advertiser_id=8&id={pixels[0]['id']}"
    answer = xandr(method, where, json={"pixel": {"name": "Mine now"}})
    assert answer.status_code == 200
    assert answer.json()["response"] == {**NOT_FOUND, "method": method}
    assert xandr("GET", f"/pixel?id={pixels[0]['id']}").json()["response"]["pixel"] == pixels[0]


def test_a_code_that_nobody_has_is_not_found(xandr, pixels):
    for method in ("GET", "PUT"):
        answer = xandr(method, "/pixel?advertiser_code=adv-2&code=back", json={"pixel": {}})
        assert answer.json()["response"] == {**NOT_FOUND, "method": method}


def test_an_id_is_never_given_twice(xandr, new_pixel):
    first = new_pixel()["id"]
    xandr("DELETE", f"/pixel?advertiser_id=2&id={first}")
    assert new_pixel()["id"] > first


@pytest.mark.parametrize("who", ["advertiser_id=3", "advertiser_code=adv-3", "advertiser_id=2&advertiser_code=adv-8"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_advertiser_is_not_found(xandr, method, who):
    answer = xandr(method, f"/pixel?{who}", json={"pixel": {"name": "Purchase"}})
    assert refusal(answer) == (200, "SYNTAX")
    assert answer.json()["response"]["error"] == "advertiser not found"


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("POST", ""),
        ("PUT", "?id={id}"),
        ("PUT", "?advertiser_id=2"),
        ("PUT", "?advertiser_id=2&id={id},{id}"),
        ("PUT", "?advertiser_id=2&id=x"),
        ("DELETE", "?id={id}"),
        ("DELETE", "?advertiser_id=2"),
        ("DELETE", "?advertiser_code=adv-2&code=front"),
        ("DELETE", "?advertiser_id=2&code=front"),
        ("POST", "?advertiser_id=two"),
        ("GET", "?advertiser_id="),
        ("GET", "?id="),
        ("GET", "?id=1,x"),
        ("GET", "?id=-1"),
    ],
)
def test_a_query_the_table_has_no_row_for_is_refused(xandr, pixels, method, query):
    path = "/pixel" + query.format(id=pixels[0]["id"])
    assert refusal(xandr(method, path, json={"pixel": {"name": "Purchase"}})) == (200, "SYNTAX")
    assert len(ids(xandr("GET", "/pixel"))) == 3


def test_two_pixels_may_share_a_code_and_then_the_code_names_neither(xandr, new_pixel):
    made = [new_pixel(code="same")["id"] for _ in range(2)]
    assert ids(xandr("GET", "/pixel?advertiser_code=adv-2&code=same")) == made
    answer = xandr("PUT", "/pixel?advertiser_code=adv-2&code=same", json={"pixel": {"name": "x"}})
    assert refusal(answer) == (200, "INTEGRITY")


@pytest.mark.parametrize(("method", "status"), [("PATCH", 400), ("OPTIONS", 400)])
def test_another_method_is_refused_but_not_with_405(xandr, method, status):
    assert refusal(xandr(method, "/pixel")) == (status, "SYNTAX")


@pytest.mark.parametrize("path", ["/", "/pixels", "/pixel/", "/pixel/17", "/creative", "/v2/auth"])
def test_another_service_is_unknown(xandr, path):
    answer = xandr("GET", path)
    assert refusal(answer) == (404, "SYNTAX")
    assert answer.json()["response"]["error"] == "invalid service"


# Line items


LINE_ITEM = {"id": 382, "name": "Line Item", "state": "active", "advertiser_id": 2}


def test_a_pixel_that_a_line_item_uses_shows_it_and_cannot_be_deleted(xandr, control, new_pixel):
    pixel_id = new_pixel()["id"]
    where = f"/pixel?advertiser_id=2&id={pixel_id}"
    control("POST", "/seed", json={"provider": "xandr", "line_items": [{**LINE_ITEM, "pixel_ids": [pixel_id]}]})
    shown = [{"id": 382, "name": "Line Item", "state": "active"}]
    assert xandr("GET", where).json()["response"]["pixel"]["line_items"] == shown

    assert refusal(xandr("DELETE", where)) == (200, "INTEGRITY")
    assert xandr("GET", where).json()["response"]["count"] == 1

    control("POST", "/seed", json={"provider": "xandr", "line_items": [{**LINE_ITEM, "pixel_ids": []}]})
    assert xandr("GET", where).json()["response"]["pixel"]["line_items"] is None
    assert xandr("DELETE", where).json()["response"]["status"] == "OK"


def test_the_samples_pixel_is_in_use_by_its_line_item(xandr, seed, sample):
    seed("xandr", sample("xandr_read_2010")["response"]["pixels"])
    assert refusal(xandr("DELETE", "/pixel?advertiser_id=2&id=17")) == (200, "INTEGRITY")


# Paging, filters, sorting


@pytest.fixture
def many(seed):
    """205 pixels of advertiser 2, loaded backwards."""
    seed(
        "xandr",
        [
            {
                "id": number,
                "advertiser_id": 2,
                "name": f"Pixel {number:03}",
                "state": "inactive" if number % 5 == 0 else "active",
                "created_on": "2020-01-01 00:00:00",
                "last_modified": f"2020-01-01 00:{number // 60:02}:{number % 60:02}",
            }
            for number in range(205, 0, -1)
        ],
    )


def test_a_list_comes_in_pages_of_a_hundred_sorted_by_id(xandr, many):
    answer = xandr("GET", "/pixel?advertiser_id=2")
    assert ids(answer) == list(range(1, 101))
    assert answer.json()["response"]["count"] == 205

    assert ids(xandr("GET", "/pixel?advertiser_id=2&start_element=100")) == list(range(101, 201))
    last = xandr("GET", "/pixel?advertiser_id=2&start_element=200&num_elements=100")
    assert ids(last) == list(range(201, 206))
    assert (last.json()["response"]["start_element"], last.json()["response"]["num_elements"]) == (200, 100)


def test_more_than_a_hundred_is_silently_a_hundred(xandr, many):
    response = xandr("GET", "/pixel?num_elements=500").json()["response"]
    assert (response["status"], len(response["pixels"]), response["num_elements"]) == ("OK", 100, 100)
    wanted = ",".join(map(str, range(1, 206)))
    assert len(xandr("GET", f"/pixel?id={wanted}").json()["response"]["pixels"]) == 100


def test_a_page_behind_the_end_is_empty(xandr, many):
    response = xandr("GET", "/pixel?start_element=300&num_elements=7").json()["response"]
    assert (response["pixels"], response["count"]) == ([], 205)
    assert (response["start_element"], response["num_elements"]) == (300, 7)


def test_a_list_of_one_row_is_still_a_list(xandr, many):
    assert ids(xandr("GET", "/pixel?num_elements=1")) == [1]
    assert ids(xandr("GET", "/pixel?name=Pixel+007")) == [7]


def test_paging_of_2010_is_null_unless_asked_for(xandr, control, many):
    control("POST", "/switch", json={"xandr_2010": True})
    response = xandr("GET", "/pixel").json()["response"]
    assert (response["start_element"], response["num_elements"], response["count"]) == (None, None, 205)
    response = xandr("GET", "/pixel?start_element=100&num_elements=50").json()["response"]
    assert (response["start_element"], response["num_elements"], len(response["pixels"])) == (100, 50, 50)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=id.desc&num_elements=2", [205, 204]),
        ("sort=name.asc&num_elements=2", [1, 2]),
        ("sort=last_modified.desc&num_elements=1", [205]),
        ("sort=state.desc&num_elements=2", [5, 10]),
        ("state=inactive&num_elements=2", [5, 10]),
        ("state=active,inactive&num_elements=2", [1, 2]),
        ("not_state=active&num_elements=2", [5, 10]),
        ("like_name=XEL+10&num_elements=3", [100, 101, 102]),
        ("min_last_modified=2020-01-01+00:03:24", [204, 205]),
        ("max_last_modified=2020-01-01+00:00:02", [1, 2]),
        ("min_id=204", [204, 205]),
        ("min_minutes_per_conv=5", []),
        ("nmin_created_on=2021-01-01+00:00:00", []),
        ("nmax_created_on=2020-01-01+00:00:00&num_elements=1", [1]),
        ("not_id=1,2,3&num_elements=2", [4, 5]),
        ("not_name=Pixel+001&num_elements=1", [2]),
        ("name=Pixel+001,Pixel+205", [1, 205]),
        ("max_id=2", [1, 2]),
        ("trigger_type=click&num_elements=1&start_element=204", [205]),
        ("sort=state.desc,id.desc&num_elements=2", [205, 200]),
        ("state=inactive&min_last_modified=2020-01-01+00:03:20&like_name=pixel", [200, 205]),
    ],
)
def test_a_list_is_filtered_and_sorted(xandr, many, query, expected):
    assert ids(xandr("GET", f"/pixel?advertiser_id=2&{query}")) == expected


@pytest.mark.parametrize(
    "query",
    [
        "sort=id",
        "sort=id.down",
        "sort=piggyback_pixels.asc",
        "sort=",
        "sort=id.asc,name",
        "fields=colour",
        "fields=",
        "search=Pixel",
        "having_id=1",
        "start_element=-1",
        "start_element=x",
        "num_elements=0",
        "num_elements=",
        "min_last_modified=2020-01-01T00:00:00",
        "min_last_modified=2020-01-01",
        "min_last_modified=2020-01-01%2B00:00:00",
        "min_state=active",
        "like_id=1",
        "updated_since=2020-01-01",
        "page=2",
    ],
)
def test_a_parameter_that_is_not_documented_is_refused(xandr, many, query):
    assert refusal(xandr("GET", f"/pixel?{query}")) == (200, "SYNTAX")


def test_only_the_fields_asked_for_are_shown(xandr, many):
    listed = xandr("GET", "/pixel?fields=id,name&num_elements=2&like_name=Pixel").json()["response"]
    assert listed["pixels"] == [{"id": 1, "name": "Pixel 001"}, {"id": 2, "name": "Pixel 002"}]
    assert (listed["count"], listed["num_elements"]) == (205, 2)
    one = xandr("GET", "/pixel?advertiser_id=2&id=7&fields=state,code").json()["response"]
    assert one["pixel"] == {"code": None, "state": "active"}


def test_fields_do_not_keep_a_filter_or_an_order_from_working(xandr, many):
    response = xandr("GET", "/pixel?fields=name&state=inactive&sort=id.desc&num_elements=1").json()["response"]
    assert response["pixels"] == [{"name": "Pixel 205"}]


def test_fields_work_in_the_form_of_2010_too(xandr, control, many):
    control("POST", "/switch", json={"xandr_2010": True})
    assert xandr("GET", "/pixel?id=7&fields=id,name").json()["response"]["pixels"] == [{"id": 7, "name": "Pixel 007"}]


# What clients in the wild demand of an answer

LISTS = ["/pixel", "/pixel?advertiser_id=8", "/advertiser", "/user", "/line-item?advertiser_id=2"]
OTHERS = ["/pixel?id={id}", "/advertiser?id=2", "/user?current", "/pixel/meta", "/advertiser/meta"]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_has_its_data_under_output_term_and_numbers_for_its_paging(xandr, pixels, path):
    response = xandr("GET", path).json()["response"]
    assert isinstance(response[response["dbg_info"]["output_term"]], list)
    assert {type(response[key]) for key in ("count", "start_element", "num_elements")} == {int}


@pytest.mark.parametrize("path", LISTS + OTHERS)
def test_an_ok_answer_is_json_without_error_keys_and_with_one_piece_of_data(xandr, pixels, path):
    answer = xandr("GET", path.format(id=pixels[0]["id"]))
    response = answer.json()["response"]
    assert answer.headers["Content-Type"].startswith("application/json")
    assert response["status"] == "OK"
    assert not [key for key in response if key.startswith("error")]
    data = [key for key, value in response.items() if isinstance(value, list | dict)]
    assert sorted(data) == sorted(["dbg_info", response["dbg_info"]["output_term"]])


@pytest.mark.parametrize("path", [*LISTS, *OTHERS, "/nonsense"])
def test_a_call_without_a_token_is_noauth_in_the_envelope(xandr, path):
    answer = xandr("GET", path.format(id=1), headers={"Authorization": None})
    assert answer.headers["Content-Type"].startswith("application/json")
    assert refusal(answer) == (401, "NOAUTH")
