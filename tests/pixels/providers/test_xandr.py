"""Xandr's lists, objects and changes."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, NotFound, ProviderError, Rejected
from pixels.providers.xandr.client import Xandr
from tests.pixels.providers.conftest import ACCOUNT, create
from tests.pixels.providers.loopback import Behaviour, Loopback, says
from tests.pixels.providers.xandr_answers import failing, page, pixel


def listed(provider: Provider) -> list[list[str]]:
    return [[found.remote_id for found in part.pixels] for part in provider.list_pixels(ACCOUNT)]


def test_a_list_is_read_page_by_page_in_a_stable_order(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [page(*range(1, 101), count=150), page(*range(101, 151), count=150)]
    assert [len(part) for part in listed(connect("xandr"))] == [100, 50]
    assert [request.query for request in loopback.received] == [
        {"advertiser_id": "2", "sort": "id.asc", "num_elements": "100", "start_element": "0"},
        {"advertiser_id": "2", "sort": "id.asc", "num_elements": "100", "start_element": "100"},
    ]


def test_a_list_without_a_count_ends_with_an_empty_page(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [page(1, 2), page(3), page()]
    assert listed(connect("xandr")) == [["1", "2"], ["3"]]
    assert [request.query["start_element"] for request in loopback.received] == ["0", "2", "3"]


def test_a_service_that_does_not_heed_paging_is_not_asked_for_ever(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [page(1, 2, count=500)]
    assert listed(connect("xandr")) == [["1", "2"]]
    assert len(loopback.received) == 2


def test_an_empty_list_is_one_empty_page(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [page(count=0)]
    (part,) = connect("xandr").list_pixels(ACCOUNT)
    assert part.pixels == ()
    assert part.total == 0


def test_a_last_page_of_one_may_come_in_the_singular(connect: Callable[..., Provider], loopback: Loopback) -> None:
    one = {"status": "OK", "count": 2, "pixel": pixel(2), "dbg_info": {"output_term": "pixel"}}
    loopback.script = [page(1, count=2), says({"response": one})]
    assert listed(connect("xandr")) == [["1"], ["2"]]


def test_changes_are_asked_for_in_utc(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [page(count=0)]
    list(connect("xandr").list_pixels(ACCOUNT, changed_since=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)))
    assert loopback.received[0].query["min_last_modified"] == "2026-01-02 03:04:05"


@pytest.mark.parametrize(
    "response",
    [
        {"status": "OK", "count": 1},
        {"status": "OK", "pixels": None},
        {"status": "OK", "pixels": "text"},
        {"status": "OK", "pixels": [pixel(1), {"name": "no id"}]},
        {"status": "OK", "pixels": [pixel(1), 7]},
        {"status": "OK", "pixels": [pixel(1), pixel(2, advertiser_id=3)]},
    ],
)
def test_a_page_with_something_odd_in_it_is_not_half_believed(
    response: dict[str, Any], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"response": response})]
    with pytest.raises(BadAnswer):
        listed(connect("xandr"))


@pytest.mark.parametrize(
    "missing",
    [
        failing("SYNTAX", 200, "resource not found"),
        failing("SYNTAX", 404, "resource not found"),
        page(count=0),
        says({"response": {"status": "OK", "count": 0, "pixel": None}}),
        says({"response": {"status": "OK", "count": "0"}}),
        says({"response": {"status": "OK", "pixels": [], "count": None, "num_elements": None}}),
    ],
)
def test_a_missing_pixel_is_not_found_only_where_xandr_says_so(
    missing: Behaviour, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [missing]
    with pytest.raises(NotFound):
        connect("xandr").read_pixel(ACCOUNT, "17")
    assert len(loopback.received) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (failing("SYNTAX", 200, "advertiser not found"), Rejected),
        (says("Not found", 404), Rejected),
        (page(18), BadAnswer),
        (page(count=3), BadAnswer),
        (says({"response": {"status": "OK"}}), BadAnswer),
    ],
)
def test_other_answers_do_not_make_a_pixel_missing(
    answer: Behaviour, expected: type[ProviderError], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [answer]
    with pytest.raises(ProviderError) as caught:
        connect("xandr").read_pixel(ACCOUNT, "17")
    assert type(caught.value) is expected


def test_resource_not_found_on_a_create_is_a_refusal(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [failing("SYNTAX", 200, "resource not found")]
    with pytest.raises(Rejected):
        create(connect("xandr"))


def test_the_echo_of_num_elements_is_not_the_number_of_rows(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [
        page(1, 2, count=3, num_elements=100, start_element=0),
        page(3, count=3, num_elements=None, start_element=None),
    ]
    assert listed(connect("xandr")) == [["1", "2"], ["3"]]
    assert [request.query["start_element"] for request in loopback.received] == ["0", "2"]


def test_a_create_sends_exactly_the_chosen_fields(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says({"response": {"status": "OK", "id": 17, "pixel": pixel(17)}})]
    made = create(connect("xandr"))
    assert made.remote_id == "17"
    assert made.name == "Pixel 17"
    assert loopback.received[0].json() == {
        "pixel": {
            "name": "Shoes purchase",
            "pixel_conversion_event_id": 7,
            "state": "active",
            "trigger_type": "hybrid",
            "min_minutes_per_conv": None,
            "post_click_expire_mins": 20160,
            "post_view_expire_mins": 1440,
            "post_click_value": 10.0,
            "post_view_value": None,
            "code": "ph-1",
        }
    }


def test_a_create_that_answers_with_the_object_only_has_its_id(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"response": {"status": "OK", "pixel": pixel(17)}})]
    assert create(connect("xandr")).remote_id == "17"


def test_a_change_sends_only_itself(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says({"response": {"status": "OK", "id": "17"}})]
    changed = connect("xandr").update_pixel(ACCOUNT, "17", {"state": "inactive"})
    assert changed.remote_id == "17"
    assert changed.options is None
    assert loopback.received[0].json() == {"pixel": {"state": "inactive"}}
    connect("xandr").update_pixel(ACCOUNT, "17", {"piggyback_pixels": [], "events": ("none",), "code": None})
    assert loopback.received[1].json() == {
        "pixel": {"piggyback_pixels": [], "pixel_conversion_event_id": None, "code": None}
    }


def test_deleting_what_is_gone_is_a_success(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [failing("SYNTAX", 200, "resource not found")]
    connect("xandr").delete_pixel(ACCOUNT, "17")
    (request,) = loopback.received
    assert (request.method, request.path, request.query) == ("DELETE", "/pixel", {"advertiser_id": "2", "id": "17"})


def test_a_used_pixel_cannot_be_deleted_and_xandr_says_why(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [failing("INTEGRITY", 200, "Pixel is used by line items: 7")]
    with pytest.raises(Rejected) as caught:
        connect("xandr").delete_pixel(ACCOUNT, "17")
    assert caught.value.provider_message == "Pixel is used by line items: 7"


@pytest.mark.parametrize(
    ("fields", "events"),
    [
        ({"pixel_conversion_event_id": 7}, ("7",)),
        ({"pixel_conversion_event_id": "7"}, ("7",)),
        ({"pixel_conversion_event_id": 1}, ("1",)),
        ({"pixel_conversion_event_id": None}, ("none",)),
        ({"pixel_conversion_event": {"id": 3, "name": "ItemView"}}, ("3",)),
        ({"pixel_conversion_event": [{"id": 3, "name": "ItemView"}]}, ("3",)),
        ({"pixel_conversion_event": None}, ("none",)),
        ({"pixel_conversion_event": []}, ("none",)),
        ({"pixel_conversion_event_id": "Purchase, new"}, ("Purchase, new",)),
        ({"pixel_conversion_event_id": ["7"]}, None),
        ({"pixel_conversion_event_id": {"id": 7}}, None),
        ({"pixel_conversion_event_id": True}, None),
        ({"pixel_conversion_event_id": ""}, None),
        ({"pixel_conversion_event": "Purchase"}, None),
        ({"pixel_conversion_event": {"name": "Purchase"}}, None),
        ({}, None),
    ],
)
def test_the_category_is_read_in_every_form(
    fields: dict[str, Any], events: tuple[str, ...] | None, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"response": {"status": "OK", "pixels": [pixel(17, **fields)]}})]
    assert connect("xandr").read_pixel(ACCOUNT, "17").events == events


def test_numbers_come_as_text_too_and_what_is_none_counts_as_not_said(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    odd = pixel(
        "17",
        min_minutes_per_conv="120",
        post_click_expire_mins=20160.0,
        post_view_expire_mins="soon",
        post_click_value="1.50",
        post_view_value=2,
    )
    loopback.script = [says({"response": {"status": "OK", "pixel": odd}})]
    options = connect("xandr").read_pixel(ACCOUNT, "17").options
    assert options is not None
    assert options["min_minutes_per_conv"] == 120
    assert options["post_click_expire_mins"] == 20160
    assert "post_view_expire_mins" not in options
    assert options["post_click_value"] == 1.5
    assert options["post_view_value"] == 2.0
    assert "state" not in options


@pytest.mark.parametrize(
    ("field", "odd"),
    [
        *[
            (field, odd)
            for field in ("post_click_value", "post_view_expire_mins", "min_minutes_per_conv")
            for odd in ("nan", "Infinity", "-inf", "1e999", "", "soon", 10**400, True, [1], {"a": 1})
        ],
        ("min_minutes_per_conv", 1.5),
        *[(field, odd) for field in ("state", "trigger_type", "code") for odd in (["click"], {"a": 1}, 7, True)],
        *[
            ("piggyback_pixels", odd)
            for odd in (
                [{"pixel_type": "img", "url": None}],
                [{"pixel_type": "img", "url": 7}],
                [{"pixel_type": ["img"], "url": "https://a.example"}],
                [{"pixel_type": "img", "url": "https://a.example"}, "https://b.example"],
                [None],
                {"pixel_type": "img", "url": "https://a.example"},
                "https://a.example",
                0,
            )
        ],
    ],
)
def test_a_value_of_a_wrong_type_counts_as_missing(
    field: str, odd: Any, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    answer = {"response": {"status": "OK", "pixels": [pixel(17, name="Shop", **{field: odd})]}}
    loopback.script = [says(answer)]
    found = connect("xandr").read_pixel(ACCOUNT, "17")
    assert found.options is not None
    assert field not in found.options
    assert found.name == "Shop"
    assert found.raw[field] == odd


def test_words_unknown_here_are_kept(connect: Callable[..., Provider], loopback: Loopback) -> None:
    new = {"state": "paused", "trigger_type": "touch", "piggyback_pixels": [{"pixel_type": "gif", "url": "u"}]}
    loopback.script = [says({"response": {"status": "OK", "pixels": [pixel(17, **new)]}})]
    assert connect("xandr").read_pixel(ACCOUNT, "17").options == {"code": "ph-17", **new}


@pytest.mark.parametrize(("count", "total"), [(10**9, 10**9), ("3", 3), ("many", None), ([3], None), (-1, None)])
def test_a_total_is_a_number_or_not_said(
    count: Any, total: int | None, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [page(7, count=count)]
    assert next(connect("xandr").list_pixels(ACCOUNT)).total == total


@pytest.mark.parametrize("count", [10**9 + 1, "9" * 64])
def test_a_total_beyond_reason_is_not_believed(
    count: Any, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [page(7, count=count)]
    with pytest.raises(BadAnswer):
        listed(connect("xandr"))


@pytest.mark.parametrize(
    ("word", "sent"),
    [("9", 9), ("none", None), ("Purchase, new", "Purchase, new"), ("\u0667", "\u0667"), ("7.5", "7.5")],
)
def test_a_category_goes_back_as_it_came(
    word: str, sent: Any, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"response": {"status": "OK", "id": "17"}})]
    connect("xandr").update_pixel(ACCOUNT, "17", {"events": [word]})
    assert loopback.received[0].json() == {"pixel": {"pixel_conversion_event_id": sent}}


@pytest.mark.parametrize(
    ("field", "ours", "theirs", "same"),
    [
        ("post_click_expire_mins", 0, None, True),
        ("post_view_expire_mins", None, 0, True),
        ("post_view_expire_mins", 1440, 0, False),
        ("min_minutes_per_conv", 0, None, False),
        ("post_click_value", 10, 10.0, True),
        ("post_click_value", 0.0, None, False),
        ("piggyback_pixels", [], None, True),
        ("piggyback_pixels", [{"pixel_type": "img", "url": "u"}], [{"url": "u", "pixel_type": "img", "id": 1}], True),
        ("piggyback_pixels", [{"pixel_type": "img", "url": "u"}], [], False),
        ("code", None, "", True),
        ("code", "a", "A", False),
        ("state", None, "", True),
        ("post_click_value", 10**400, 1.0, False),
        ("piggyback_pixels", [None], [], False),
        ("state", "active", "inactive", False),
    ],
)  # fmt: skip
def test_synonyms_are_no_difference(field: str, ours: Any, theirs: Any, same: bool) -> None:
    assert (Xandr.comparable(field, ours) == Xandr.comparable(field, theirs)) is same
