"""What others' clients demand of every answer: the data under the key that `output_term` names, and counts as numbers.

One goes on for ever where a count is null, another takes the first list or object that is not `dbg_info` for the data,
a third fails on an `error_id` or `error_code` in what is no error, even if it is null.
"""

import pytest

PAGING = ("count", "start_element", "num_elements")

LISTS = [
    ("/pixel", "pixels", [17, 18, 19]),
    ("/pixel?advertiser_id=2", "pixels", [17, 18]),
    ("/pixel?advertiser_code=adv-2", "pixels", [17, 18]),
    ("/pixel?id=17,18", "pixels", [17, 18]),
    ("/pixel?id=17,999", "pixels", [17]),
    ("/pixel?id=998,999", "pixels", []),
    ("/pixel?state=inactive", "pixels", []),
    ("/pixel?fields=id", "pixels", [17, 18, 19]),
    ("/pixel?advertiser_id=8", "pixels", [19]),
    ("/advertiser", "advertisers", [2, 8]),
    ("/advertiser?id=2,8", "advertisers", [2, 8]),
    ("/advertiser?search=demo", "advertisers", [8]),
    ("/advertiser?search=nobody", "advertisers", []),
    ("/line-item?advertiser_id=2", "line-items", [382, 383]),
    ("/line-item?id=382,383", "line-items", [382, 383]),
    ("/line-item?advertiser_id=8", "line-items", []),
    ("/user", "users", [1, 2, 3, 4]),
    ("/user?id=1,2", "users", [1, 2]),
    ("/user?username=nobody", "users", []),
]
SINGLES = [
    ("/pixel?id=17&advertiser_id=2", "pixel", 17),
    ("/pixel?advertiser_code=adv-2&code=front", "pixel", 17),
    ("/advertiser?id=2", "advertiser", 2),
    ("/advertiser?code=adv-8", "advertiser", 8),
    ("/line-item?id=382&advertiser_id=2", "line-item", 382),
    ("/user?current", "user", 1),
    ("/user?id=2", "user", 2),
]


@pytest.fixture(autouse=True)
def objects(seed):
    """Three pixels, of which line items use two."""
    pixels = [
        {"id": 17, "advertiser_id": 2, "name": "Purchase", "code": "front"},
        {"id": 18, "advertiser_id": 2, "name": "Lead"},
        {"id": 19, "advertiser_id": 8, "name": "Lead"},
    ]
    item = {"name": "Spring", "state": "active", "advertiser_id": 2}
    items = [{**item, "id": 382, "pixel_ids": [17]}, {**item, "id": 383, "pixel_ids": [18]}]
    seed("xandr", pixels, line_items=items)


def checked(answer):
    """The answer, with nothing in it that one of those clients would stumble over."""
    assert answer.headers["Content-Type"].partition(";")[0] == "application/json"
    response = answer.json()["response"]
    assert response["status"] == "OK", response
    assert not {"error_id", "error_code", "error"} & set(response)
    data = {key for key, value in response.items() if isinstance(value, list | dict)} - {"dbg_info"}
    term = response["dbg_info"]["output_term"]
    assert data == ({term} if term != "not_found" else set())
    assert {type(response[key]) for key in PAGING if key in response} <= {int}
    return response


@pytest.mark.parametrize(("path", "term", "ids"), LISTS)
def test_a_list_is_where_it_says_with_numbers_around_it(xandr, path, term, ids):
    response = checked(xandr("GET", path))
    assert response["dbg_info"]["output_term"] == term
    assert [row["id"] for row in response[term]] == ids
    assert [response[key] for key in PAGING] == [len(ids), 0, 100]


@pytest.mark.parametrize(("path", "term", "ids"), LISTS)
def test_a_page_of_a_list_repeats_what_was_asked_for(xandr, path, term, ids):
    more = f"{'&' if '?' in path else '?'}start_element=1&num_elements=7"
    response = checked(xandr("GET", path + more))
    assert response["dbg_info"]["output_term"] == term
    assert [row["id"] for row in response[term]] == ids[1:]
    assert [response[key] for key in PAGING] == [len(ids), 1, 7]


@pytest.mark.parametrize(("path", "term", "number"), SINGLES)
def test_a_single_object_is_where_it_says(xandr, path, term, number):
    response = checked(xandr("GET", path))
    assert response["dbg_info"]["output_term"] == term
    assert response[term]["id"] == number
    assert [response[key] for key in PAGING] == [1, 0, 100]


def test_what_is_written_is_where_it_says(xandr):
    made = checked(xandr("POST", "/pixel?advertiser_id=2", json={"pixel": {"name": "Lead"}}))
    path = f"/pixel?advertiser_id=2&id={made['id']}"
    changed = checked(xandr("PUT", path, json={"pixel": {"name": "Purchase", "no_such_field": 1}}))
    gone = checked(xandr("DELETE", path))
    assert [it["dbg_info"]["output_term"] for it in (made, changed, gone)] == ["pixel", "pixel", "not_found"]
    assert all(set(PAGING) <= set(it) for it in (made, changed, gone))
    assert made["pixel"]["id"] == made["id"] == int(changed["id"])
    assert len(changed["dbg_info"]["warnings"]) == 1  # no second list beside the data


@pytest.mark.parametrize("service", ["pixel", "advertiser"])
def test_a_services_meta_is_where_it_says(xandr, service):
    assert checked(xandr("GET", f"/{service}/meta"))["dbg_info"]["output_term"] == "fields"


def test_a_log_in_has_its_token_and_no_data(xandr):
    body = {"auth": {"username": "sandbox", "password": "sandbox"}}
    response = checked(xandr("POST", "/auth", json=body))
    assert isinstance(response["token"], str)


def test_a_report_that_is_asked_for_has_its_id_and_no_data(xandr):
    body = {"report": {"report_type": "pixel_fired", "columns": ["pixel_id", "last_fired"]}}
    response = checked(xandr("POST", "/report", json=body))
    assert isinstance(response["report_id"], str)
