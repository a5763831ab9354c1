"""Searching Xandr's pixels by code: what is found is believed, but only a complete list proves that a pixel is
absent."""

from collections.abc import Callable

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer
from pixels.providers.values import AdAccountRef
from tests.pixels.providers.conftest import ACCOUNT
from tests.pixels.providers.loopback import Behaviour, Loopback
from tests.pixels.providers.xandr_answers import failing, page


def test_a_pixel_is_found_by_its_code_in_one_call_where_the_advertisers_is_known(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [page(7, count=1)]
    found = connect("xandr").find_pixels(AdAccountRef(id="2", code="adv-2"), "ph-7", "Any")
    assert [one.remote_id for one in found] == ["7"]
    assert [request.query for request in loopback.received] == [{"advertiser_code": "adv-2", "code": "ph-7"}]


@pytest.mark.parametrize(
    "useless", [page(count=0), page(7, 8, count=2), failing("SYNTAX", 200, "resource not found"), failing("SYNTAX")]
)
def test_a_pixel_is_absent_only_when_the_whole_list_lacks_it(
    useless: Behaviour, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [useless, page(7, 8, count=3), page(9, count=3)]
    account = AdAccountRef(id="2", code="mistyped")
    assert connect("xandr").find_pixels(account, "ph-1", "Any") == []
    assert len(loopback.received) == 3


def test_without_the_advertisers_code_the_whole_list_is_searched(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [page(7, 8, count=3), page(9, count=3)]
    assert [one.remote_id for one in connect("xandr").find_pixels(ACCOUNT, "ph-9", "Any")] == ["9"]


@pytest.mark.parametrize(("answer", "calls"), [(page(7, count=1), 1), (page(count=0), 2), (failing("SYNTAX"), 2)])
def test_a_code_beside_the_advertisers_id_is_asked_for_only_where_that_is_switched_on(
    answer: Behaviour,
    calls: int,
    connect: Callable[..., Provider],
    loopback: Loopback,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That this works is inferred: no row of the document's table has it."""
    loopback.script = [page(7, count=1)]
    assert [one.remote_id for one in connect("xandr").find_pixels(ACCOUNT, "ph-7", "Any")] == ["7"]
    assert "code" not in loopback.received[0].query
    loopback.received.clear()

    monkeypatch.setattr("pixels.providers.xandr.client.CODE_BESIDE_ADVERTISER_ID", True)
    loopback.script = [answer, page(7, count=1)]
    assert [one.remote_id for one in connect("xandr").find_pixels(ACCOUNT, "ph-7", "Any")] == ["7"]
    assert loopback.received[0].query == {"advertiser_id": "2", "code": "ph-7"}
    # What is found is believed; what is not found is looked for in the whole list.
    assert len(loopback.received) == calls


def test_a_list_that_breaks_off_proves_no_absence(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [page(7, 8, count=3), page(count=3)]
    with pytest.raises(BadAnswer):
        connect("xandr").find_pixels(ACCOUNT, "ph-1", "Any")


@pytest.mark.parametrize(
    "script",
    [
        [page(*range(1, 101), count=150), page(*range(102, 151), count=149), page(count=149)],
        [page(7, 8), page(7, 8)],
        [page(7, 8, count=3), page(7, 8, count=3)],
    ],
)
def test_a_list_that_moves_or_repeats_itself_proves_no_absence(
    script: list[Behaviour], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    """A pixel that moves up while the pages are read is passed over."""
    loopback.script = script
    with pytest.raises(BadAnswer):
        connect("xandr").find_pixels(ACCOUNT, "ph-1", "Any")
