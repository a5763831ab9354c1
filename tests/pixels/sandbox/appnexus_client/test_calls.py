"""Pixels made, changed, deleted and found, and what is around them."""

import pytest
from appnexus.model import Pixel, Report

from tests.pixels.sandbox.appnexus_client.conftest import FIRST, NEW, ids, refusal

JS = [{"pixel_type": "js", "url": f"https://{name}.example/a.js"} for name in ("one", "two", "three")]

# Write


def test_a_new_pixel_comes_back_with_a_number_for_its_id(client, asked, happened, held):
    answer = client.create("pixel", {"pixel": NEW}, advertiser_id=2)
    assert type(answer["id"]) is int
    assert answer["pixel"]["id"] == answer["id"]
    assert answer["pixel"].items() >= {**NEW, "advertiser_id": 2}.items()
    assert held() == [answer["pixel"]]
    assert asked() == {"create": 1}
    assert happened("objects", "xandr") == {"created": 1}


def test_a_pixel_without_a_name_is_refused_and_not_sent_again(client, asked, held):
    assert refusal(lambda: client.create("pixel", {"pixel": {"state": "active"}}, advertiser_id=2)) == "SYNTAX"
    assert asked() == {"create": 1}
    assert held() == []


def test_a_change_leaves_what_was_not_sent(client, new_pixel, asked, held):
    pixel = new_pixel(**NEW, code="front", piggyback_pixels=JS[:1])
    answer = client.modify("pixel", {"pixel": {"name": "Lead", "code": None}}, id=pixel["id"], advertiser_id=2)
    assert answer["id"] == str(pixel["id"])
    [now] = held()
    assert now == {**pixel, "name": "Lead", "code": None, "last_modified": now["last_modified"]}
    assert answer["pixel"] == now
    assert asked()["update"] == 1


def test_an_array_is_replaced_and_with_append_added_to(client, new_pixel, held):
    where = {"id": new_pixel(piggyback_pixels=JS[:1])["id"], "advertiser_id": 2}
    client.modify("pixel", {"pixel": {"piggyback_pixels": JS[1:2]}}, **where)
    assert held()[0]["piggyback_pixels"] == JS[1:2]
    client.append("pixel", {"pixel": {"piggyback_pixels": JS[2:]}}, **where)
    assert held()[0]["piggyback_pixels"] == JS[1:]


def test_a_whole_pixel_read_changed_and_saved_is_changed_in_that_alone(client, new_pixel, held, monkeypatch):
    """As an object: what is read only goes back with the rest."""
    pixel = new_pixel(**NEW)
    monkeypatch.setattr(Pixel, "client", client)
    one = Pixel.find_one(id=pixel["id"], advertiser_id=2, representation=Pixel.constructor)
    one.name = "Lead"
    one.save(advertiser_id=2)
    [now] = held()
    assert now == {**pixel, "name": "Lead", "last_modified": now["last_modified"]}


def test_a_deleted_pixel_is_gone(client, new_pixel, asked, happened, held):
    gone, other = new_pixel(), new_pixel()
    asked()
    answer = client.delete("pixel", gone["id"], advertiser_id=2)
    assert (answer["status"], "pixel" in answer) == ("OK", False)
    assert held() == [other]
    assert (asked(), happened("objects", "xandr")["deleted"]) == ({"delete": 1}, 1)
    assert refusal(lambda: client.pixel.get(id=gone["id"], advertiser_id=2)) == "SYNTAX"


def test_a_delete_wants_the_advertiser(client, new_pixel, held):
    pixel = new_pixel()
    assert refusal(lambda: client.pixel.delete(pixel["id"])) == "SYNTAX"  # which this call has no way to name
    assert held() == [pixel]


def test_a_pixel_that_a_line_item_uses_stays_until_it_is_let_go(client, new_pixel, seed, asked, held):
    number = new_pixel()["id"]
    item = {"id": 382, "name": "Spring", "state": "active", "advertiser_id": 2}
    seed("xandr", [], line_items=[{**item, "pixel_ids": [number]}])
    asked()
    assert refusal(lambda: client.delete("pixel", number, advertiser_id=2)) == "INTEGRITY"
    assert asked() == {"delete": 1}
    assert ids(held()) == [number]
    seed("xandr", [], line_items=[{**item, "pixel_ids": []}])
    client.delete("pixel", number, advertiser_id=2)
    assert held() == []


# Find


def test_205_pixels_are_found_over_three_pages(client, many, asked):
    assert ids(client.pixel.find(advertiser_id=2)) == many
    assert asked() == {"list": 3}


def test_they_are_counted_and_found_by_their_place(client, many):
    cursor = client.pixel.find(advertiser_id=2)
    assert (cursor.count(), len(cursor)) == (205, 205)
    assert (cursor.first["id"], cursor[204]["id"]) == (many[0], many[-1])
    with pytest.raises(IndexError):
        cursor[205]


def test_more_than_a_hundred_are_cut_without_a_word(client, many):
    """Of a page and of ids alike."""
    answer = client.pixel.get(advertiser_id=2, num_elements=500)
    assert (ids(answer["pixels"]), answer["count"]) == (many[:100], 205)
    assert ids(client.pixel.find(id=many[:150])) == many[:100]


def test_pages_are_left_out_and_no_more_are_read_than_wanted(client, many, asked):
    assert ids(client.pixel.find(advertiser_id=2).skip(100)) == many[100:]
    asked()
    assert ids(client.pixel.find(advertiser_id=2).limit(120)) == many[:120]
    assert asked() == {"list": 3}  # it looks at its limit when a page has come


def test_an_advertiser_without_pixels_has_an_empty_list(client, asked):
    cursor = client.pixel.find(advertiser_id=8)
    assert (ids(cursor), cursor.first, cursor.count()) == ([], None, 0)
    assert asked() == {"list": 3}


def test_one_id_is_one_object(client, new_pixel, asked):
    pixel = new_pixel()
    answer = client.pixel.get(id=pixel["id"], advertiser_id=2)
    assert (answer["pixel"], answer["count"]) == (pixel, 1)
    assert ids(client.pixel.find(id=pixel["id"])) == [pixel["id"]]
    assert client.pixel.find_one(id=pixel["id"]) == pixel
    assert asked()["read"] == 3


def test_one_code_of_one_advertiser_is_one_object(client, new_pixel):
    pixel = new_pixel(code="front")
    assert client.pixel.get(advertiser_code="adv-2", code="front")["pixel"] == pixel


@pytest.mark.parametrize("wanted", [[1], [3, 1], [3, 1, 999]])
def test_several_ids_are_a_list(client, many, asked, wanted):
    found = ids(client.pixel.find(id=[FIRST + n for n in wanted]))
    assert found == [FIRST + n for n in sorted(wanted) if n < 205]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "inactive"}, [2]),
        ({"not_state": "inactive"}, [1, 3, 4]),
        ({"name": "Shoe shop"}, [2]),
        ({"like_name": "shoe"}, [1, 2]),
        ({"trigger_type": ["view", "click"]}, [2, 3]),
        ({"min_post_click_value": 2.5}, [1, 3]),
        ({"min_last_modified": "2026-03-01+00:00:00"}, [3, 4]),
        ({"state": "active", "max_last_modified": "2026-03-01+00:00:00"}, [1, 3]),
        ({"sort": "id.desc"}, [4, 3, 2, 1]),
        ({"sort": "name.asc"}, [4, 3, 2, 1]),
        ({"advertiser_code": "adv-2", "sort": "last_modified.desc"}, [4, 3, 2, 1]),
    ],
)
def test_pixels_are_filtered_and_sorted(client, seed, query, found):
    rows = [
        (1, "Shoes", "active", "hybrid", 5.0, "2026-01-01 00:00:00"),
        (2, "Shoe shop", "inactive", "view", 1.0, "2026-02-01 00:00:00"),
        (3, "Hats", "active", "click", 2.5, "2026-03-01 00:00:00"),
        (4, "Coats", "active", "hybrid", None, "2026-04-01 12:30:00"),
    ]
    names = ("id", "name", "state", "trigger_type", "post_click_value", "last_modified")
    seed("xandr", [{**dict(zip(names, row, strict=True)), "advertiser_id": 2} for row in rows])
    assert ids(client.pixel.find(query)) == found


def test_only_the_fields_asked_for_come(client, new_pixel):
    pixel = new_pixel()
    assert list(client.pixel.find(fields=["id", "name"])) == [{"id": pixel["id"], "name": "Purchase"}]


def test_meta_names_the_fields_to_filter_and_sort_by(client, asked):
    fields = client.meta("pixel")["fields"]
    assert {"id", "code", "name", "state", "last_modified", "advertiser_id"} <= {field["name"] for field in fields}
    assert asked() == {"meta": 1}


# Other services


def test_the_advertisers_to_pick_from(client):
    assert [(one["id"], one["name"]) for one in client.advertiser.find()] == [(2, "Newcomer Shop"), (8, "Demo Shop")]
    assert client.advertiser.find_one(id=8)["code"] == "adv-8"
    assert ids(client.advertiser.find(search="demo")) == [8]


def test_line_items_are_there_to_read_only(client, new_pixel, seed, asked):
    number = new_pixel()["id"]
    item = {"id": 382, "name": "Spring", "state": "active", "advertiser_id": 2, "pixel_ids": [number]}
    seed("xandr", [], line_items=[item])
    [before] = client.line_item.find(advertiser_id=2)
    assert (before["id"], before["name"], ids(before["pixels"])) == (382, "Spring", [number])
    change = {"line-item": {"pixels": []}}
    asked()
    assert refusal(lambda: client.line_item.create(change, advertiser_id=2)) == "SYNTAX"
    assert refusal(lambda: client.line_item.modify(change, id=382, advertiser_id=2)) == "SYNTAX"
    assert refusal(lambda: client.delete("line-item", 382, advertiser_id=2)) == "SYNTAX"
    assert sum(asked().values()) == 3
    assert client.line_item.find_one(id=382, advertiser_id=2) == before


def test_a_report_is_asked_for_waited_for_and_downloaded(client, seed, waits, monkeypatch):
    pixels = [{"id": number, "advertiser_id": 2, "name": "Purchase"} for number in (17, 18)]
    seed("xandr", pixels, last_fired={"17": "2026-10-01 08:00:00"})
    monkeypatch.setattr(Report, "client", client)
    columns = ["pixel_id", "last_fired"]
    report = Report(Report.create({"report_type": "pixel_fired", "columns": columns}))
    file = b"pixel_id,last_fired\r\n17,2026-10-01 08:00:00\r\n18,1900-01-01 00:00:00\r\n"
    assert report.download() == file
    assert waits == [1]
