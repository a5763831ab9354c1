"""The report `pixel_fired`: asked for, waited for, downloaded (the page "Conversion Pixel Last Fire")."""

import csv

import pytest

# As the page's sample has it, but for the e-mail address and the format, which it names too.
SAMPLE = {
    "report_type": "pixel_fired",
    "columns": ["pixel_id", "last_fired", "advertiser_id", "buyer_member_id"],
    "report_interval": "lifetime",
    "emails": ["js@shop.example"],
    "format": "csv",
}
NEVER = "1900-01-01 00:00:00"
FIRED = "2026-11-01 10:00:00"


@pytest.fixture
def ask(xandr):
    def send(query="", **change):
        fields = {key: value for key, value in {**SAMPLE, **change}.items() if value is not None}
        return xandr("POST", f"/report{query}", json={"report": fields})

    return send


@pytest.fixture
def rows(xandr, ask, control):
    """The finished report's lines, split."""

    def get(query="", **change):
        control("POST", "/switch", json={"xandr_report_polls": 0})
        report_id = ask(query, **change).json()["response"]["report_id"]
        answer = xandr("GET", f"/report-download?id={report_id}")
        assert answer.status_code == 200
        return list(csv.reader(answer.text.splitlines()))

    return get


@pytest.fixture
def pixels(new_pixel, control):
    """Two of advertiser 2, of which the first has fired, and one of advertiser 8."""
    made = [new_pixel(), new_pixel(name="Lead"), new_pixel(8)]
    body = {"provider": "xandr", "last_fired": {str(made[0]["id"]): FIRED}}
    assert control("POST", "/seed", json=body).status_code == 200
    return [str(pixel["id"]) for pixel in made]


def refusal(answer):
    response = answer.json()["response"]
    assert "status" not in response
    return answer.status_code, response["error_id"]


def test_a_report_is_asked_for_waited_for_and_downloaded(xandr, ask, pixels):
    response = ask().json()["response"]
    assert response["status"] == "OK"
    report_id = response["report_id"]
    assert isinstance(report_id, str)

    waiting = xandr("GET", f"/report?id={report_id}").json()["response"]
    assert (waiting["status"], waiting["execution_status"]) == ("OK", "pending")
    ready = xandr("GET", f"/report?id={report_id}").json()["response"]
    assert (ready["status"], ready["execution_status"]) == ("OK", "ready")
    keys = {"name", "created_on", "cache_hit", "fact_cache_hit", "json_request", "header_info"}
    assert set(ready["report"]) == keys | {"report_size", "row_count", "url"}
    assert ready["report"]["row_count"] == "3"

    answer = xandr("GET", f"/{ready['report']['url']}")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert ready["report"]["report_size"] == str(len(answer.content))
    assert answer.text.split("\r\n") == [
        "pixel_id,last_fired,advertiser_id,buyer_member_id",
        f"{pixels[0]},{FIRED},2,1370",
        f"{pixels[1]},{NEVER},2,1370",
        f"{pixels[2]},{NEVER},8,1370",
        "",
    ]


@pytest.mark.parametrize("polls", [0, 3])
def test_a_report_takes_as_many_polls_as_it_was_told(xandr, ask, control, polls):
    control("POST", "/switch", json={"xandr_report_polls": polls})
    report_id = ask().json()["response"]["report_id"]
    for _ in range(polls):
        assert refusal(xandr("GET", f"/report-download?id={report_id}")) == (404, "SYNTAX")
        assert xandr("GET", f"/report?id={report_id}").json()["response"]["execution_status"] == "pending"
    assert xandr("GET", f"/report?id={report_id}").json()["response"]["execution_status"] == "ready"
    assert xandr("GET", f"/report-download?id={report_id}").status_code == 200


@pytest.mark.parametrize(
    ("query", "change", "expected"),
    [
        ("", {}, [0, 1, 2]),
        ("?advertiser_id=2", {}, [0, 1]),
        ("?advertiser_id=8", {}, [2]),
        ("", {"filters": [{"advertiser_id": 8}]}, [2]),
        ("", {"filters": [{"advertiser_id": ["2"]}]}, [0, 1]),
        ("", {"filters": [{"buyer_member_id": "1370"}, {"advertiser_id": [2, 8]}]}, [0, 1, 2]),
        ("", {"filters": [{"buyer_member_id": 1}]}, []),
        ("", {"orders": [{"order_by": "pixel_id", "direction": "DESC"}]}, [2, 1, 0]),
        ("", {"orders": [{"order_by": "last_fired", "direction": "DESC"}, {"order_by": "pixel_id"}]}, [0, 1, 2]),
        ("", {"report_interval": None, "emails": None, "format": None, "timezone": "UTC"}, [0, 1, 2]),
    ],
)
def test_a_report_has_the_pixels_that_were_asked_for(rows, pixels, query, change, expected):
    head, *found = rows(query, **change)
    assert head == SAMPLE["columns"]
    assert [row[0] for row in found] == [pixels[number] for number in expected]


def test_a_report_is_filtered_by_pixel(rows, pixels):
    found = rows(filters=[{"pixel_id": [pixels[1], int(pixels[2])]}])
    assert [row[0] for row in found[1:]] == pixels[1:]


def test_all_documented_columns_are_there_in_the_order_asked_for(rows, pixels):
    columns = [
        "last_fired", "advertiser_name", "pixel_id", "advertiser", "buyer_member", "buyer_member_name",
        "advertiser_id", "buyer_member_id",
    ]  # fmt: skip
    head, first, *_ = rows(columns=columns)
    assert head == columns
    assert first == [
        FIRED, "Newcomer Shop", pixels[0], "Newcomer Shop (2)", "Sandbox Member (1370)", "Sandbox Member",
        "2", "1370",
    ]  # fmt: skip


def test_fields_are_quoted_and_tabs_divide_them_if_asked_for(xandr, ask, control, pixels):
    control("POST", "/switch", json={"xandr_report_polls": 0})
    quoted = ask(escape_fields=True).json()["response"]["report_id"]
    assert f'"{pixels[0]}","{FIRED}","2","1370"' in xandr("GET", f"/report-download?id={quoted}").text
    tabs = ask(format="excel").json()["response"]["report_id"]
    assert f"{pixels[0]}\t{FIRED}\t2\t1370" in xandr("GET", f"/report-download?id={tabs}").text


@pytest.mark.parametrize(
    "change",
    [
        {"report_type": "network_analytics"},
        {"report_type": None},
        {"columns": []},
        {"columns": None},
        {"columns": ["pixel_id", "clicks"]},
        {"columns": "pixel_id"},
        {"report_interval": "today"},
        {"timezone": "EST5EDT"},
        {"format": "html"},
        {"start_date": "2026-01-01"},
        {"filters": {"pixel_id": 1}},
        {"filters": [{"last_fired": FIRED}]},
        {"filters": [{"pixel_id": 1}, {"pixel_id": 2}]},
        {"filters": [{"pixel_id": "x"}]},
        {"orders": [{"order_by": "advertiser_name"}]},
        {"orders": [{"order_by": "pixel_id", "direction": "down"}]},
        {"emails": "js@shop.example"},
        {"escape_fields": "yes"},
    ],
    ids=str,
)
def test_a_report_that_is_not_as_documented_is_refused(ask, change):
    assert refusal(ask(**change)) == (200, "SYNTAX")


def test_a_report_of_an_unknown_advertiser_is_refused(ask):
    assert refusal(ask("?advertiser_id=3")) == (200, "SYNTAX")
    assert refusal(ask("?pixel_id=3")) == (200, "SYNTAX")


def test_a_report_that_is_not_there_or_anothers_is_not_found(xandr, ask, xandr_as):
    report_id = ask().json()["response"]["report_id"]
    reader = xandr_as("reader")
    for caller, number in [(xandr, "x"), (reader, report_id)]:
        assert refusal(caller("GET", f"/report?id={number}")) == (200, "SYNTAX")
        assert refusal(caller("GET", f"/report-download?id={number}")) == (404, "SYNTAX")
    assert refusal(xandr("GET", "/report")) == (200, "SYNTAX")
    # it changes nothing, so a read-only user may ask for one
    assert reader("POST", "/report", json={"report": SAMPLE}).json()["response"]["status"] == "OK"


def test_a_sixth_unfinished_report_of_a_user_is_refused(xandr, ask):
    asked = [ask().json()["response"]["report_id"] for _ in range(5)]
    assert refusal(ask()) == (200, "LIMIT")
    xandr("GET", f"/report?id={asked[0]}")  # after this poll it is done
    assert ask().json()["response"]["status"] == "OK"


@pytest.mark.parametrize("last_fired", [{"x": FIRED}, {"17": "yesterday"}, [], {"17": None}])
def test_a_fire_that_is_none_is_not_loaded(control, last_fired):
    body = {"provider": "xandr", "last_fired": last_fired}
    assert control("POST", "/seed", json=body).status_code == 400
