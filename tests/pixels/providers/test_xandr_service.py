"""Every row of the tables in Xandr's document "Conversion Pixel Service", as the client speaks it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, NotFound, Rejected
from pixels.providers.xandr.login import PasswordLogIn
from pixels.providers.xandr.pixels import PixelService, Which
from pixels.providers.xandr.session import Session
from tests.pixels.providers.conftest import ACCOUNT, create
from tests.pixels.providers.loopback import Loopback, says
from tests.pixels.providers.xandr_answers import failing, page, pixel

ADVERTISER = Which(advertiser_id="ADVERTISER_ID")
BY_CODE = Which(advertiser_code="ADVERTISER_CODE")
BOTH_IDS = Which(advertiser_id="ADVERTISER_ID", id="PIXEL_ID")
BOTH_CODES = Which(advertiser_code="ADVERTISER_CODE", code="PIXEL_CODE")
FIELDS = {"name": "Shop", "min_minutes_per_conv": None}


@pytest.fixture
def service(connect: Callable[..., Provider]) -> PixelService:
    provider = connect("xandr")
    return PixelService(Session(provider.http, provider.tokens, PasswordLogIn("someone", provider.tokens.load())))


# The twelve rows as the document prints them, and how each is asked for here.
ROWS: list[tuple[str, Callable[[PixelService], Any]]] = [
    ("GET /pixel", lambda service: service.all(Which())),
    ("GET /pixel?id=123,456,789", lambda service: service.by_ids(["123", "456", "789"])),
    ("GET /pixel?advertiser_id=ADVERTISER_ID", lambda service: service.all(ADVERTISER)),
    ("GET /pixel?advertiser_code=ADVERTISER_CODE", lambda service: service.all(BY_CODE)),
    ("GET /pixel?advertiser_id=ADVERTISER_ID&id=PIXEL_ID", lambda service: service.particular(BOTH_IDS)),
    ("GET /pixel?advertiser_code=ADVERTISER_CODE&code=PIXEL_CODE", lambda service: service.particular(BOTH_CODES)),
    ("GET /pixel/meta", lambda service: service.meta()),
    ("POST /pixel?advertiser_id=ADVERTISER_ID", lambda service: service.create(ADVERTISER, FIELDS)),
    ("POST /pixel?advertiser_code=ADVERTISER_CODE", lambda service: service.create(BY_CODE, FIELDS)),
    ("PUT /pixel?advertiser_id=ADVERTISER_ID&id=PIXEL_ID", lambda service: service.modify(BOTH_IDS, FIELDS)),
    ("PUT /pixel?advertiser_code=ADVERTISER_CODE&code=PIXEL_CODE", lambda service: service.modify(BOTH_CODES, FIELDS)),
    ("DELETE /pixel?advertiser_id=ADVERTISER_ID&id=PIXEL_ID", lambda service: service.delete(BOTH_IDS)),
]


@pytest.mark.parametrize(("row", "ask"), ROWS, ids=[row for row, _ in ROWS])
def test_each_row_of_the_rest_table_is_one_request(
    row: str, ask: Callable[[PixelService], Any], service: PixelService, loopback: Loopback
) -> None:
    loopback.script = [says({"response": {"status": "OK", "count": 0, "id": "17"}})]
    ask(service)

    (request,) = loopback.received
    address, *paging = unquote(request.target).split("&num_elements=" if "?" in row else "?num_elements=")
    assert f"{request.method} {address}" == row
    assert paging in ([], ["100"], ["100&start_element=0&sort=id.asc"])
    if request.method in ("POST", "PUT"):
        assert request.json() == {"pixel": FIELDS}
        assert request.headers["content-type"] == "application/json"
    else:
        assert request.body == b""


SAMPLE = {
    "id": 17,
    "code": "ph-17",
    "name": "ProStarr Hybrid Pixel",
    "state": "active",
    "campaigns": [{"id": "17607"}],
    "line_items": [{"id": 382, "name": "Line Item", "state": "active"}],
    "trigger_type": "hybrid",
    "min_minutes_per_conv": 120,
    "post_view_expire_mins": 1440,
    "post_click_expire_mins": 20160,
    "post_click_value": 10,
    "post_view_value": 1.5,
    "piggyback_pixels": [{"url": "https://www.testing.com", "pixel_type": "img"}],
    "pixel_conversion_event": {"id": 3, "name": "ItemView"},
    "pixel_conversion_event_id": 3,
    "created_on": "2010-01-01 19:24:20",
    "last_modified": "2010-01-15 21:41:40",
    "advertiser_id": 2,
}
WRITABLE: dict[str, Any] = {
    "code": "ph-1",
    "min_minutes_per_conv": 0,
    "name": "New",
    "piggyback_pixels": [{"pixel_type": "js", "url": "https://a.example"}],
    "post_click_expire_mins": 129600,
    "post_click_value": 2.5,
    "post_view_expire_mins": 43200,
    "post_view_value": 0.0,
    "state": "inactive",
    "trigger_type": "view",
}
READ_ONLY = ["campaigns", "created_on", "last_modified", "line_items", "pixel_conversion_event"]


def test_the_field_table_has_nothing_that_is_not_tested_here() -> None:
    assert {*WRITABLE, *READ_ONLY, "pixel_conversion_event_id", "id", "advertiser_id"} == set(SAMPLE)


@pytest.mark.parametrize("field", WRITABLE)
def test_a_field_that_can_be_written_is_read_sent_alone_and_sent_as_null(
    field: str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"response": {"status": "OK", "pixel": SAMPLE}})]
    found = connect("xandr").read_pixel(ACCOUNT, "17")
    assert (found.name if field == "name" else (found.options or {})[field]) == SAMPLE[field]

    for value in (WRITABLE[field], None):
        loopback.received.clear()
        loopback.script = [says({"response": {"status": "OK", "id": "17"}})]
        connect("xandr").update_pixel(ACCOUNT, "17", {field: value})
        assert loopback.received[0].json() == {"pixel": {field: value}}


@pytest.mark.parametrize("event_id", [None, 2, 3, 4, 5, 6, 7, 8])
def test_pixel_conversion_event_id_goes_out_and_comes_back(
    event_id: int | None, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    answer = {**SAMPLE, "pixel_conversion_event_id": event_id, "pixel_conversion_event": None}
    loopback.script = [says({"response": {"status": "OK", "pixel": answer}})]
    events = connect("xandr").read_pixel(ACCOUNT, "17").events
    assert events == ("none" if event_id is None else str(event_id),)
    connect("xandr").update_pixel(ACCOUNT, "17", {"events": events})
    assert loopback.received[1].json() == {"pixel": {"pixel_conversion_event_id": event_id}}


@pytest.mark.parametrize("field", READ_ONLY)
def test_a_read_only_field_is_kept_as_it_came_and_never_sent(
    field: str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"response": {"status": "OK", "pixel": SAMPLE, "id": 17}})]
    assert connect("xandr").read_pixel(ACCOUNT, "17").raw[field] == SAMPLE[field]
    create(connect("xandr"))
    assert field not in loopback.received[1].json()["pixel"]


@pytest.mark.parametrize("id_as", [17, "17"])
def test_id_is_the_remote_id_and_stays_out_of_the_body(
    id_as: int | str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"response": {"status": "OK", "id": id_as, "pixel": {**SAMPLE, "id": id_as}}})]
    assert connect("xandr").update_pixel(ACCOUNT, "17", {"name": "New"}).remote_id == "17"
    assert loopback.received[0].query == {"advertiser_id": "2", "id": "17"}
    assert loopback.received[0].json() == {"pixel": {"name": "New"}}


@pytest.mark.parametrize("advertiser_id", [2, "2"])
def test_advertiser_id_is_in_the_query_of_a_create_and_must_be_the_asked_one_in_answers(
    advertiser_id: int | str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"response": {"status": "OK", "pixel": {**SAMPLE, "advertiser_id": advertiser_id}}})]
    create(connect("xandr"))
    assert loopback.received[0].query == {"advertiser_id": "2"}
    assert "advertiser_id" not in loopback.received[0].json()["pixel"]
    assert connect("xandr").read_pixel(ACCOUNT, "17").remote_id == "17"
    loopback.script = [says({"response": {"status": "OK", "pixel": {**SAMPLE, "advertiser_id": 3}}})]
    with pytest.raises(BadAnswer):
        connect("xandr").read_pixel(ACCOUNT, "17")


def test_filters_sort_and_fields_go_into_the_query_of_every_page(service: PixelService, loopback: Loopback) -> None:
    loopback.script = [page(1, 2, count=3), page(3, count=3)]
    which = Which(
        advertiser_id="2",
        filters={
            "state": "active",
            "not_trigger_type": "click",
            "like_name": "shop",
            "min_last_modified": "2026-01-02 03:04:05",
            "nmax_created_on": "2026-02-02 00:00:00",
        },
        sort="post_view_value.desc",
        fields=("name", "code"),
    )
    assert list(service.all(which)) == ["1", "2", "3"]
    asked = {
        "advertiser_id": "2",
        "sort": "post_view_value.desc",
        "state": "active",
        "not_trigger_type": "click",
        "like_name": "shop",
        "min_last_modified": "2026-01-02 03:04:05",
        "nmax_created_on": "2026-02-02 00:00:00",
        # A filter may work only where its field is asked for.
        "fields": "id,advertiser_id,name,code,state,trigger_type,last_modified,created_on,post_view_value",
        "num_elements": "100",
    }
    assert [request.query for request in loopback.received] == [
        {**asked, "start_element": "0"},
        {**asked, "start_element": "2"},
    ]
    assert "min_last_modified=2026-01-02+03%3A04%3A05" in loopback.received[0].target


def test_a_long_list_of_ids_is_asked_for_a_hundred_at_a_time(service: PixelService, loopback: Loopback) -> None:
    loopback.script = [page(*range(100, 0, -1), count=100), page(*range(101, 151), count=50)]
    wanted = [str(number) for number in range(1, 151)]
    assert list(service.by_ids([*wanted, "7"], ADVERTISER)) == wanted
    assert [request.query["id"].count(",") for request in loopback.received] == [99, 49]


def test_ids_that_are_not_there_are_left_out(service: PixelService, loopback: Loopback) -> None:
    loopback.script = [says({"response": {"status": "OK", "count": 1, "pixel": pixel(456)}})]
    assert list(service.by_ids(["123", "456"])) == ["456"]
    assert service.by_ids([]) == {}
    assert len(loopback.received) == 1


def test_what_a_meta_call_says_is_given_as_it_is(service: PixelService, loopback: Loopback) -> None:
    said = {"fields": [{"name": "id", "type": "int", "sort_by": True, "filter_by": True}]}
    loopback.script = [says({"response": {"status": "OK", **said, "dbg_info": {"version": "1.18.651"}}})]
    assert service.meta() == said


def test_a_merge_replaces_arrays_unless_told_to_append(service: PixelService, loopback: Loopback) -> None:
    loopback.script = [says({"response": {"status": "OK", "id": "17"}})]
    more = {"piggyback_pixels": [{"pixel_type": "js", "url": "https://a.example"}]}
    service.modify(BOTH_IDS, more)
    service.modify(BOTH_IDS, more, append=True)
    assert [request.query.get("append") for request in loopback.received] == [None, "true"]
    assert [request.json() for request in loopback.received] == [{"pixel": more}] * 2


@pytest.mark.parametrize("code", [failing("SYNTAX", error="resource not found"), page(count=0)])
def test_a_particular_pixel_is_not_found_by_words_or_by_nothing(
    code: Any, service: PixelService, loopback: Loopback
) -> None:
    loopback.script = [code]
    try:
        rows, counts_any = service.particular(BOTH_CODES)
    except NotFound:
        return
    assert (dict(rows.by_id), counts_any) == ({}, False)


def test_resource_not_found_about_a_list_is_a_refusal(service: PixelService, loopback: Loopback) -> None:
    loopback.script = [failing("SYNTAX", error="resource not found")]
    with pytest.raises(Rejected):
        service.all(ADVERTISER)
    with pytest.raises(Rejected):
        service.by_ids(["123", "456"])
