"""Faults of lists: pages that repeat, lack, move or miscount what is there."""

import pytest


@pytest.fixture
def pixels(seed):
    """Seven pixels of Xandr's advertiser 2, two of advertiser 8; three of PitchTarget's ad account 9, one of 8."""
    some_rows = [{"id": number, "advertiser_id": 2, "name": f"P{number}"} for number in range(1, 8)]
    some_rows += [{"id": number, "advertiser_id": 8, "name": f"P{number}"} for number in (21, 22)]
    seed("xandr", some_rows)
    for account, numbers in (("9", (1, 2, 3)), ("8", (4,))):
        some = {"tag": "lead", "status": "Active", "creator": "1 (A)", "js_pixel": ""}
        seed("pitchtarget", [{"id": str(n), "name": f"P{n}", **some} for n in numbers], ad_account=account)


@pytest.fixture
def rows(xandr, pixels):
    """Three of Xandr's pixels from `start` on: their ids, and the whole answer."""

    def get(start=0, **query):
        wanted = {"advertiser_id": 2, "start_element": start, "num_elements": 3, **query}
        body = xandr("GET", "/pixel", params=wanted).json()["response"]
        return [pixel["id"] for pixel in body["pixels"]], body

    return get


@pytest.fixture
def listed(pitchtarget, pixels):
    """The ids of PitchTarget's ad account 9."""
    return lambda: [p["id"] for p in pitchtarget("GET", "/offsitepixels?fb_ad_account_id=9").json()]


def test_without_a_fault_the_pages_are_whole(rows, listed):
    assert [rows(start)[0] for start in (0, 3, 6)] == [[1, 2, 3], [4, 5, 6], [7]]
    assert listed() == ["1", "2", "3"]


def test_the_first_page_again(rows, fault):
    fault("xandr", "first_page_again", "list", count=None)
    for start in (0, 3, 6, 9):
        ids, body = rows(start)
        assert ids == [1, 2, 3]
        assert (body["start_element"], body["count"]) == (start, 7)


def test_items_are_repeated_within_and_across_pages(rows, listed, fault):
    fault("xandr", "repeated_items", count=None, items=2)
    assert [rows(start)[0] for start in (0, 3, 6)] == [[1, 2, 3, 1, 2], [4, 5, 6, 1, 2], [7, 1, 2]]
    assert rows(0)[1]["count"] == 7
    fault("pitchtarget", "repeated_items")
    assert listed() == ["1", "2", "3", "1"]


def test_items_are_missing_while_the_total_stays(rows, listed, fault):
    fault("xandr", "missing_items", count=None, items=2)
    assert [rows(start)[0] for start in (0, 3, 6)] == [[3], [6], []]
    assert rows(0)[1]["count"] == 7
    fault("pitchtarget", "missing_items", items=1000)
    assert listed() == []


def test_objects_deleted_between_two_pages_hide_living_ones(rows, xandr, fault, happened):
    fault("xandr", "moving_pages", items=2)
    assert rows(0)[0] == [1, 2, 3]
    assert rows(3)[0] == [6, 7]  # 4 and 5 live, and were on neither page
    assert happened("objects", "xandr") == {"deleted by a fault": 2}
    assert rows(0)[0] == [3, 4, 5]
    assert xandr("GET", "/pixel?id=4").json()["response"]["pixel"]["id"] == 4
    assert xandr("GET", "/pixel?id=1").json()["response"]["error_id"] == "SYNTAX"


def test_objects_inserted_between_two_pages_come_twice(rows, seed, fault, happened):
    seed("xandr", [{"id": 100, "advertiser_id": 2, "name": "Last"}])
    fault("xandr", "moving_pages", how="inserted")
    assert rows(0, min_id=2)[0] == [2, 3, 4]
    assert rows(0)[0] == [0, 1, 2]
    assert rows(3)[0] == [3, 4, 5]  # 3 for the second time to who came from the page before
    assert happened("objects", "xandr") == {"inserted by a fault": 1}


def test_a_list_without_pages_moves_too(listed, fault):
    fault("pitchtarget", "moving_pages", how="inserted")
    assert listed() == ["1", "2", "3"]
    assert listed() == ["1", "2", "3", "0"]
    fault("pitchtarget", "moving_pages", items=2)
    assert listed() == ["1", "2", "3", "0"]
    assert listed() == ["3", "0"]


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({"total": "larger", "by": 3}, 10),
        ({"total": "smaller", "by": 3}, 4),
        ({"total": "smaller", "by": 100}, 0),
        ({"total": "null"}, None),
        ({"total": "text"}, "many"),
    ],
)
def test_a_wrong_total(given, count, rows, fault):
    fault("xandr", "wrong_total", **given)
    ids, body = rows(0)
    assert (ids, body["count"]) == ([1, 2, 3], count)
    assert rows(0)[1]["count"] == 7


def test_the_objects_of_another_account(rows, pitchtarget, pixels, fault):
    fault("xandr", "foreign_objects", count=2)
    assert rows(0)[0] == [21, 22]
    assert rows(0, advertiser_id=8)[0] == [1, 2, 3]
    fault("pitchtarget", "foreign_objects", account="8")
    shown = pitchtarget("GET", "/offsitepixels?fb_ad_account_id=9").json()
    assert [row["id"] for row in shown] == ["4"]


@pytest.fixture
def owned(easyflow, control, seed):
    """The ids on a page of two of Easyflow's pixels, and the whole answer."""
    control("POST", "/switch", json={"easyflow_list": True})
    for owner, numbers in (("sandbox-owner", (1, 2, 3)), ("sandbox-demo", (4,))):
        seed("easyflow", [{"id": f"e{n}", "ownerId": owner, "name": f"P{n}", "platform": "meta"} for n in numbers])

    def get(page, owner="sandbox-owner"):
        wanted = {"limit": 2, "page": page, "ownerId": owner}
        body = easyflow("GET", "/pixels/list", params=wanted).json()["data"]
        return [pixel["id"] for pixel in body["docs"]], body

    return get


def test_the_list_of_easyflow_has_the_same_faults(owned, fault, happened):
    assert [owned(1)[0], owned(2)[0]] == [["e1", "e2"], ["e3"]]
    fault("easyflow", "first_page_again")
    ids, body = owned(2)
    assert (ids, body["currentPage"], body["totalDocs"]) == (["e1", "e2"], 2, 3)
    fault("easyflow", "repeated_items")
    assert owned(2)[0] == ["e3", "e1"]
    fault("easyflow", "missing_items")
    assert owned(1)[0] == ["e2"]
    fault("easyflow", "wrong_total")
    assert owned(1)[1]["totalDocs"] == 8
    fault("easyflow", "foreign_objects")
    assert owned(1)[0] == ["e4"]
    fault("easyflow", "moving_pages")
    assert [owned(1)[0], owned(2)[0]] == [["e1", "e2"], []]  # e3 is on the first page now
    fault("easyflow", "moving_pages", how="inserted")
    owned(1)
    assert len(owned(2)[0]) == 1
    assert happened("objects", "easyflow") == {"deleted by a fault": 1, "inserted by a fault": 1}


@pytest.mark.parametrize(
    ("provider", "operation", "path", "key"),
    [
        ("xandr", "advertisers", "/advertiser", "advertisers"),
        ("xandr", "line_items", "/line-item?advertiser_id=2", "line-items"),
        ("pitchtarget", "ad_accounts", "/fb_ad_accounts", "fb_ad_accounts"),
    ],
)
def test_other_lists_can_lack_and_repeat_too(provider, operation, path, key, xandr, pitchtarget, seed, fault):
    items = [{"id": n, "name": "L", "state": "active", "advertiser_id": 2, "pixel_ids": []} for n in (1, 2)]
    assert xandr  # signed in before the fault
    seed("xandr", [], line_items=items)

    def count():
        body = {"xandr": xandr, "pitchtarget": pitchtarget}[provider]("GET", path).json()
        return len((body["response"] if provider == "xandr" else body)[key])

    assert count() == 2
    fault(provider, "missing_items", operation)
    assert count() == 1
    fault(provider, "repeated_items", operation, items=2)
    assert count() == 4


def test_an_answer_that_is_no_list_is_left_alone(xandr, fault):
    for name in ("first_page_again", "repeated_items", "missing_items", "moving_pages", "wrong_total"):
        fault("xandr", name)
    for _ in range(5):
        answer = xandr("GET", "/pixel?advertiser_id=77")
        assert answer.status_code == 200
        assert "error_id" in answer.json()["response"]
