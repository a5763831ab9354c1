"""Easyflow's list, which no document shows: off unless EASYFLOW_LIST is set, and then read with care."""

from collections.abc import Callable
from typing import Any, get_args

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import (
    BadAnswer,
    BadCredentials,
    Forbidden,
    NotFound,
    NotSupported,
    ProviderError,
    Rejected,
)
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import Capability
from tests.pixels.providers.conftest import ACCOUNT
from tests.pixels.providers.loopback import Behaviour, Loopback, says
from tests.pixels.said import said

NEEDS_LIST = {"list", "read", "find", "check_credentials"}
CALLS: dict[str, Callable[[Provider], Any]] = {
    "list": lambda provider: list(provider.list_pixels(ACCOUNT)),
    "read": lambda provider: provider.read_pixel(ACCOUNT, "px_1"),
    "find": lambda provider: provider.find_pixels(ACCOUNT, "ph-1", "Shop"),
    "check_credentials": lambda provider: provider.check_credentials(None),
}


@pytest.fixture
def switched_on(settings: Any) -> None:
    settings.EASYFLOW_LIST = True


def pixel(number: int, owner: str | None = "2") -> dict[str, Any]:
    found = {"id": f"px_{number}", "name": f"Pixel {number}", "externalReferenceId": f"ph-{number}"}
    return found if owner is None else {**found, "ownerId": owner}


def page(*pixels: Any, **more: Any) -> Behaviour:
    return says({"statusCode": 200, "data": {"docs": list(pixels), **more}})


@pytest.mark.parametrize("capability", sorted(NEEDS_LIST))
def test_switched_off_it_is_not_supported_and_asks_nothing(
    capability: str, connect: Callable[..., Provider], loopback: Loopback, settings: Any
) -> None:
    settings.EASYFLOW_LIST = False
    provider = PROVIDERS["easyflow"]
    assert not NEEDS_LIST & provider.capabilities
    with pytest.raises(NotSupported) as caught:
        CALLS[capability](connect("easyflow"))
    assert said(caught.value) == provider.missing[capability]
    assert loopback.received == []


@pytest.mark.usefixtures("switched_on")
@pytest.mark.parametrize("capability", sorted(NEEDS_LIST))
def test_switched_on_it_is_a_capability_like_any_other(
    capability: str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    provider = PROVIDERS["easyflow"]
    assert capability in provider.capabilities
    assert provider.can("create")
    facts = {"one_event_per_pixel", "name_unique"}
    assert set(provider.missing) == set(get_args(Capability)) - facts - provider.capabilities
    loopback.script = [page(pixel(1), totalDocs=1)]
    CALLS[capability](connect("easyflow"))
    (request,) = loopback.received
    assert (request.method, request.path) == ("GET", "/pixels/list")
    assert request.query["page"] == "1"
    assert request.headers["x-api-key"] == "planted-key-1f/&"
    assert request.headers["x-api-secret"] == "planted-secret-2e<"


@pytest.mark.usefixtures("switched_on")
@pytest.mark.parametrize(
    "data",
    [
        {"docs": [pixel(1)], "totalDocs": 1},
        {"pixels": [pixel(1)]},
        {"pixels": {"docs": [pixel(1)], "totalDocs": 1}},
        [pixel(1)],
    ],
    ids=["docs", "pixels", "docs in pixels", "bare"],
)
def test_each_likely_shape_is_read(data: Any, connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says({"statusCode": 200, "data": data})]
    (found,) = connect("easyflow").list_pixels(ACCOUNT)
    assert [one.remote_id for one in found.pixels] == ["px_1"]
    assert found.pixels[0].options == {"external_reference": "ph-1"}


@pytest.mark.usefixtures("switched_on")
def test_pages_are_read_until_the_total_is_reached(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [page(pixel(1), pixel(2), totalDocs=3), page(pixel(3), totalDocs=3)]
    pages = list(connect("easyflow").list_pixels(ACCOUNT))
    assert [[one.remote_id for one in found.pixels] for found in pages] == [["px_1", "px_2"], ["px_3"]]
    assert [found.total for found in pages] == [None, None]  # some of the total may be another owner's
    assert [request.query for request in loopback.received] == [
        {"limit": "100", "page": "1"},
        {"limit": "100", "page": "2"},
    ]


@pytest.mark.usefixtures("switched_on")
@pytest.mark.parametrize("last", [[], [pixel(1)]], ids=["an empty page", "the same page again"])
def test_without_a_total_pages_are_read_until_nothing_new_comes(
    last: list[Any], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [page(pixel(1)), page(pixel(2)), page(*last)]
    pages = list(connect("easyflow").list_pixels(ACCOUNT))
    assert [one.remote_id for found in pages for one in found.pixels] == ["px_1", "px_2"]
    assert len(loopback.received) == 3


@pytest.mark.usefixtures("switched_on")
def test_a_pixel_that_moves_to_the_next_page_is_listed_once(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [page(pixel(1), pixel(2), totalDocs=3), page(pixel(2), pixel(3), totalDocs=3)]
    pages = list(connect("easyflow").list_pixels(ACCOUNT))
    assert [one.remote_id for found in pages for one in found.pixels] == ["px_1", "px_2", "px_3"]


@pytest.mark.usefixtures("switched_on")
@pytest.mark.parametrize("capability", ["list", "read", "find"])
def test_a_list_that_ends_too_early_proves_nothing(
    capability: str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [page(pixel(7), totalDocs=3), page(totalDocs=3)]
    with pytest.raises(BadAnswer, match=r"easyflow.list_cut_short"):
        CALLS[capability](connect("easyflow"))
    assert len(loopback.received) == 2


@pytest.mark.usefixtures("switched_on")
@pytest.mark.parametrize("total", ["3", None, -1, True, 1.5, {}])
def test_a_total_that_is_no_count_is_no_claim(total: Any, connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [page(pixel(1), totalDocs=total), page()]
    (found,) = connect("easyflow").list_pixels(ACCOUNT)
    assert found.total is None


@pytest.mark.usefixtures("switched_on")
def test_a_total_too_small_hides_nothing(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [page(pixel(1), pixel(2), totalDocs=1), page(pixel(3), totalDocs=1), page(totalDocs=1)]
    pages = list(connect("easyflow").list_pixels(ACCOUNT))
    assert sum(len(found.pixels) for found in pages) == 3


@pytest.mark.usefixtures("switched_on")
def test_others_on_the_last_page_do_not_make_the_list_short(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [page(pixel(1), pixel(2), totalDocs=3), page(pixel(3, "3"), totalDocs=3)]
    pages = list(connect("easyflow").list_pixels(ACCOUNT))
    assert [one.remote_id for found in pages for one in found.pixels] == ["px_1", "px_2"]


@pytest.mark.usefixtures("switched_on")
def test_pixels_of_other_owners_are_left_out_and_not_counted(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [page(pixel(1), pixel(2, "3"), pixel(3, None), totalDocs=3)]
    easyflow = connect("easyflow")
    (found,) = easyflow.list_pixels(ACCOUNT)
    assert [one.remote_id for one in found.pixels] == ["px_1", "px_3"]
    assert found.total is None
    assert easyflow.find_pixels(ACCOUNT, "ph-2", "Pixel 2") == []


@pytest.mark.usefixtures("switched_on")
def test_a_pixel_is_found_by_its_reference_and_read_by_its_id(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [page(pixel(1), pixel(2), totalDocs=2)]
    easyflow = connect("easyflow")
    assert [one.remote_id for one in easyflow.find_pixels(ACCOUNT, "ph-2", "Another name")] == ["px_2"]
    assert easyflow.find_pixels(ACCOUNT, "ph-9", "Pixel 2") == []
    assert easyflow.read_pixel(ACCOUNT, "px_2").name == "Pixel 2"
    with pytest.raises(NotFound, match=r"easyflow.not_listed"):
        easyflow.read_pixel(ACCOUNT, "px_9")


@pytest.mark.usefixtures("switched_on")
@pytest.mark.parametrize("capability", ["list", "read", "find"])
@pytest.mark.parametrize(
    "data", [None, {}, "x", {"docs": {}}, {"docs": [7]}, {"docs": [{"name": "no id"}]}, {"pixels": {"docs": None}}]
)
def test_an_odd_list_is_not_half_believed(
    capability: str, data: Any, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"statusCode": 200, "data": data})]
    with pytest.raises(BadAnswer):
        CALLS[capability](connect("easyflow"))


@pytest.mark.usefixtures("switched_on")
@pytest.mark.parametrize("capability", sorted(NEEDS_LIST))
@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"message": "Unauthorized", "error": "Unauthorized", "statusCode": 401}, BadCredentials),
        (403, {"message": "Forbidden"}, Forbidden),
        (404, {"message": "Cannot GET /pixels/list", "error": "Not Found", "statusCode": 404}, Rejected),
        (200, {"message": "Unauthorized", "statusCode": 401}, BadCredentials),
    ],
)
def test_a_refused_list_raises_the_right_error(
    capability: str,
    status: int,
    body: dict[str, Any],
    expected: type[ProviderError],
    connect: Callable[..., Provider],
    loopback: Loopback,
) -> None:
    loopback.script = [says(body, status)]
    with pytest.raises(ProviderError) as caught:
        CALLS[capability](connect("easyflow"))
    # The path is inferred: a wrong one says nothing about the key.
    no_word = capability == "check_credentials" and status == 404
    assert type(caught.value) is (NotSupported if no_word else expected)
    assert len(loopback.received) == 1
