"""Xandr's list of advertisers, and its report of last fires."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, Forbidden, ProviderError, Rejected, Throttled
from pixels.providers.values import AdAccountRef
from tests.pixels.providers.conftest import ACCOUNT, Tokens
from tests.pixels.providers.loopback import Behaviour, Loopback, says
from tests.pixels.providers.xandr_answers import LOGGED_IN, failing, paths

ASKED = says({"response": {"status": "OK", "report_id": "07af1282c9485adcef49c95fa5d7496b"}})


def report(status: Any, url: Any = "report-download?id=677556dvds34013ff1108f159d7f39b") -> Behaviour:
    return says({"response": {"status": "OK", "report": {"name": None, "url": url}, "execution_status": status}})


READY = report("ready")
HEADER = "pixel_id,last_fired,advertiser_id,buyer_member_id\r\n"


def fires(text: str, provider: Provider, loopback: Loopback) -> Any:
    loopback.script = [ASKED, READY, says(text.encode(), headers={"Content-Type": "text/csv"})]
    return last_fired(provider)


def last_fired(provider: Provider) -> Any:
    """Ordered, and looked at once."""
    return provider.last_fired(ACCOUNT, provider.order_last_fired(ACCOUNT))


def test_the_report_is_ordered_looked_at_and_downloaded_when_it_is_ready(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    csv = HEADER + "10,2023-01-27 18:58:49,2,567\r\n11,1900-01-01 00:00:00,2,567\r\n"
    loopback.script = [ASKED, report("pending"), report("processing"), READY, says(csv)]

    xandr = connect("xandr")
    report_id = xandr.order_last_fired(ACCOUNT)
    assert xandr.last_fired(ACCOUNT, report_id) is None
    assert xandr.last_fired(ACCOUNT, report_id) is None
    assert xandr.last_fired(ACCOUNT, report_id) == {
        "10": datetime(2023, 1, 27, 18, 58, 49, tzinfo=UTC),
        "11": None,
    }
    assert [(request.method, request.target) for request in loopback.received] == [
        ("POST", "/report?advertiser_id=2"),
        *[("GET", "/report?id=07af1282c9485adcef49c95fa5d7496b")] * 3,
        ("GET", "/report-download?id=677556dvds34013ff1108f159d7f39b"),
    ]
    assert loopback.received[0].json() == {
        "report": {
            "report_type": "pixel_fired",
            "columns": ["pixel_id", "last_fired", "advertiser_id", "buyer_member_id"],
            "report_interval": "lifetime",
            "format": "csv",
        }
    }


@pytest.mark.parametrize(
    "url", [None, 7, "", "https://elsewhere.example/report-download?id=1", "report-download?id=../user", "pixel?id=1"]
)
def test_only_an_id_is_taken_from_the_reports_address(
    url: Any, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [ASKED, report("ready", url), says(HEADER)]
    assert last_fired(connect("xandr")) == {}
    assert loopback.received[2].target == "/report-download?id=07af1282c9485adcef49c95fa5d7496b"


@pytest.mark.parametrize("status", ["error", "Failed"])
def test_a_report_that_failed_is_not_waited_for(
    status: str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [ASKED, report(status)]
    with pytest.raises(Rejected):
        last_fired(connect("xandr"))
    assert len(loopback.received) == 2


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HEADER + "10,2023-01-27 18:58:49,2,567\n",
        "advertiser_id,PIXEL_ID,Buyer Member ID,Last_Fired,new\n2,10,567,2023-01-27 18:58:49,x\n",
        '"Last Fired","Pixel ID","Advertiser ID"\n"2023-01-27 18:58:49","10","2"\n\n',
        "Report type:,pixel_fired\r\n,\r\n" + HEADER + "10,2023-01-27 18:58:49,2,567\r\n",
        HEADER + " 10 , 2023-01-27 18:58:49 , 2 , 567\n",
    ],
)
def test_columns_may_stand_in_any_order_and_spelling(
    text: str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    assert fires(text, connect("xandr"), loopback) == {"10": datetime(2023, 1, 27, 18, 58, 49, tzinfo=UTC)}


def test_rows_of_other_advertisers_and_odd_ones_are_left_out(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    text = HEADER + (
        "10,2023-01-27 18:58:49,3,567\n11,2023-01-27 18:58:49,,567\n12,yesterday,2,567\n13,,2,567\n"
        ",2023-01-27 18:58:49,2,567\n14,1900-01-01,2,567\n"
    )
    assert fires(text, connect("xandr"), loopback) == {"14": None}


def test_the_latest_of_several_buyers_rows_counts(connect: Callable[..., Provider], loopback: Loopback) -> None:
    text = HEADER + (
        "10,1900-01-01 00:00:00,2,1\n10,2023-01-27 18:58:49,2,2\n"
        "10,2022-01-27 18:58:49,2,3\n10,1900-01-01 00:00:00,2,4\n"
    )
    assert fires(text, connect("xandr"), loopback) == {"10": datetime(2023, 1, 27, 18, 58, 49, tzinfo=UTC)}


@pytest.mark.parametrize(
    "text",
    ["", "pixel_id,last_fired\n10,2023-01-27 18:58:49\n", HEADER + "10,2023-01-2", "<html>no</html>", "[]", "\x00"],
)
def test_a_file_that_is_no_such_report_is_not_half_believed(
    text: str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    with pytest.raises(BadAnswer):
        fires(text, connect("xandr"), loopback)
    assert len(loopback.received) == 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (failing("SYNTAX", error="report not found"), "Rejected"),
        (failing("SYSTEM", error_code="RATE_EXCEEDED"), "Throttled"),
        (says("", 429, {"Retry-After": "9"}), "Throttled"),
        (failing("UNAUTH", 403), "Forbidden"),
        (says(HEADER, 500), "BadAnswer"),
        (says(HEADER, 404), "Rejected"),
        (says({"response": {"status": "OK"}}), "BadAnswer"),
    ],
)
def test_an_error_in_place_of_the_file_is_read_as_one(
    answer: Behaviour, expected: str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [ASKED, READY, answer]
    with pytest.raises(ProviderError) as caught:
        last_fired(connect("xandr"))
    assert type(caught.value).__name__ == expected


def test_a_session_that_ends_before_the_download_is_opened_again_once(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [ASKED, READY, failing("NOAUTH"), LOGGED_IN, says(HEADER + "10,1900-01-01 00:00:00,2,5\n")]
    assert last_fired(connect("xandr", tokens=Tokens())) == {"10": None}
    assert paths(loopback)[2:] == ["GET /report-download", "POST /auth", "GET /report-download"]


@pytest.mark.parametrize("odd", [{}, {"report_id": None}, {"report_id": ["a"]}, {"report_id": "a b"}])
def test_a_report_without_an_id_is_not_asked_for(
    odd: dict[str, Any], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"response": {"status": "OK", **odd}})]
    with pytest.raises(BadAnswer):
        last_fired(connect("xandr"))
    assert len(loopback.received) == 1


def advertisers(*numbers: int, count: Any = None) -> Behaviour:
    rows = [{"id": n, "code": f"adv-{n}", "name": f"Advertiser {n}", "state": "active"} for n in numbers]
    return says({"response": {"status": "OK", "advertisers": rows, "count": count}})


def test_advertisers_are_listed_page_by_page(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [advertisers(*range(1, 101), count=101), advertisers(101, count=101)]
    found = connect("xandr").list_ad_accounts()
    assert len(found) == 101
    assert found[0] == AdAccountRef(id="1", code="adv-1")
    assert found[100].name == "Advertiser 101"
    asked = {"sort": "id.asc", "num_elements": "100"}
    assert [(request.path, request.query) for request in loopback.received] == [
        ("/advertiser", {**asked, "start_element": "0"}),
        ("/advertiser", {**asked, "start_element": "100"}),
    ]


def test_an_advertiser_may_come_alone_and_without_code_or_name(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    one = {"status": "OK", "count": 1, "advertiser": {"id": "2", "code": None, "name": None}}
    loopback.script = [says({"response": one})]
    (found,) = connect("xandr").list_ad_accounts()
    assert (found.id, found.code, found.name) == ("2", None, "")


@pytest.mark.parametrize(
    "script",
    [
        [advertisers(1, 2, count=3), advertisers(count=3)],
        [advertisers(1, 2), advertisers(1, 2)],
        [says({"response": {"status": "OK", "advertisers": [{"id": 1}, {"name": "no id"}]}})],
        [says({"response": {"status": "OK", "pixels": [{"id": 1}]}})],
    ],
)
def test_a_list_of_advertisers_is_complete_or_an_error(
    script: list[Behaviour], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = script
    with pytest.raises(BadAnswer):
        connect("xandr").list_ad_accounts()


@pytest.mark.parametrize(
    ("answer", "expected"), [(failing("UNAUTH"), Forbidden), (says("", 429), Throttled), (says("", 502), BadAnswer)]
)
def test_what_goes_wrong_with_advertisers_is_said(
    answer: Behaviour, expected: type[ProviderError], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [answer]
    with pytest.raises(expected):
        connect("xandr").list_ad_accounts()
