"""PitchTarget's answers, and what PixelHub makes of them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, BadCredentials, Forbidden, NotFound, ProviderError, Rejected, Throttled
from pixels.providers.values import Remark
from tests.pixels.providers.conftest import ACCOUNT, create
from tests.pixels.providers.loopback import Loopback, says

LISTED = [
    {"id": "11", "name": "Shop", "tag": "checkout", "status": "Inactive", "js_pixel": "<b>"},
    {"id": 12, "name": "Shop 2", "tag": "key_page_view", "status": "Active", "new": {}},
]


@pytest.mark.parametrize("body", [{"id": "77"}, {"id": 77}, {"id": {"id": "77"}}])
@pytest.mark.parametrize("status", [200, 201])
def test_ids_come_flat_or_nested_as_text_or_number(
    body: Any, status: int, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says(body, status)]
    assert create(connect("pitchtarget")).remote_id == "77"


def test_names_of_all_languages_arrive_as_typed(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says({"id": "77"})]
    name = "Größe & 购买 + \U0001f389 = 100%"
    connect("pitchtarget").create_pixel(ACCOUNT, name, ("LEAD",), {}, "ph-1")
    assert loopback.received[0].form() == {"fb_ad_account_id": "2", "name": name, "tag": "LEAD"}


@pytest.mark.parametrize(
    ("status", "body", "expected", "words"),
    [
        (422, {"errors": {"name": ["has already been taken"]}}, Rejected, "name has already been taken"),
        (422, {"error": "Name must be unique"}, Rejected, "Name must be unique"),
        (400, ["no", "never"], Rejected, "no, never"),
        (400, "<p>No <b>such</b> tag</p>", Rejected, "No such tag"),
        (401, "", BadCredentials, ""),
        (403, {"error": "access_denied"}, Forbidden, "access_denied"),
        (
            404,
            "<h1>The page you were looking for doesn't exist.</h1>",
            Rejected,
            "The page you were looking for doesn't exist.",
        ),
        (429, "Slow down", Throttled, ""),
    ],
)
def test_a_refusal_keeps_pitchtargets_message_in_every_shape(
    status: int,
    body: Any,
    expected: type[ProviderError],
    words: str,
    connect: Callable[..., Provider],
    loopback: Loopback,
) -> None:
    loopback.script = [says(body, status)]
    with pytest.raises(ProviderError) as caught:
        create(connect("pitchtarget"))
    assert type(caught.value) is expected
    assert caught.value.provider_message == words
    assert not caught.value.maybe_done
    assert len(loopback.received) == 1


def test_tags_are_listed_in_lower_case_and_kept_in_upper_case(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says(LISTED)]
    (page,) = connect("pitchtarget").list_pixels(ACCOUNT)
    assert [(pixel.remote_id, pixel.events) for pixel in page.pixels] == [
        ("11", ("CHECKOUT",)),
        ("12", ("KEY_PAGE_VIEW",)),
    ]
    assert page.total is None
    assert page.pixels[1].snippet is None


@pytest.mark.parametrize("tag", ["lead", "LEAD", "Lead"])
def test_a_tag_is_known_in_any_case(tag: str, connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says([{"id": "11", "tag": tag}])]
    (page,) = connect("pitchtarget").list_pixels(ACCOUNT)
    assert page.pixels[0].events == ("LEAD",)


def test_tags_and_statuses_of_other_versions_are_kept_as_they_come(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says([{"id": "11", "name": "Shop", "tag": "donation", "status": "Not verified yet"}])]
    (page,) = connect("pitchtarget").list_pixels(ACCOUNT)
    (pixel,) = page.pixels
    assert (pixel.events, pixel.state) == (("DONATION",), "Not verified yet")


@pytest.mark.parametrize("body", [LISTED[1], [LISTED[1]]])
def test_one_pixel_is_read_by_its_own_address(body: Any, connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says(body)]
    assert connect("pitchtarget").read_pixel(ACCOUNT, "12").name == "Shop 2"
    (request,) = loopback.received
    assert (request.method, request.path, request.query) == ("GET", "/offsitepixels/12", {})


@pytest.mark.parametrize("body", [LISTED[0], LISTED, [], {}, "12", None, {"id": None}])
def test_another_pixel_or_none_is_no_answer_to_that(
    body: Any, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says(json.dumps(body))]
    with pytest.raises(BadAnswer):
        connect("pitchtarget").read_pixel(ACCOUNT, "12")


@pytest.mark.parametrize("body", ["<h1>404</h1>", "", {"status": 404, "error": "Not Found"}])
def test_a_404_proves_nothing_and_the_list_decides(
    body: Any, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    """A service that has no address for one pixel, or a proxy before it, says 404 to all of them."""
    loopback.script = [says(body, 404), says(LISTED), says(body, 404), says(LISTED)]
    assert connect("pitchtarget").read_pixel(ACCOUNT, "12").name == "Shop 2"
    with pytest.raises(NotFound, match=r"pitchtarget.not_listed"):
        connect("pitchtarget").read_pixel(ACCOUNT, "1")
    assert [request.path for request in loopback.received] == [
        *("/offsitepixels/12", "/offsitepixels"),
        *("/offsitepixels/1", "/offsitepixels"),
    ]


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [("", 404, Rejected), ("", 500, BadAnswer), ([{}], 200, BadAnswer), ({"error": "no"}, 403, Forbidden)],
)
def test_a_404_and_no_list_is_an_error_and_not_a_pixel_that_is_gone(
    body: Any, status: int, expected: type[ProviderError], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says("", 404), says(body, status)]
    with pytest.raises(ProviderError) as caught:
        connect("pitchtarget").read_pixel(ACCOUNT, "12")
    assert type(caught.value) is expected
    assert len(loopback.received) == 2


def test_an_id_cannot_leave_its_place_in_the_address(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says({"id": "1/../x?a=b#c"})]
    connect("pitchtarget").read_pixel(ACCOUNT, "1/../x?a=b#c")
    assert loopback.received[0].path == "/offsitepixels/1%2F..%2Fx%3Fa%3Db%23c"
    assert loopback.received[0].query == {}


def test_the_path_of_its_later_documents_is_a_setting(
    connect: Callable[..., Provider], loopback: Loopback, settings: Any
) -> None:
    settings.PITCHTARGET_PATH = "/offsite_pixels"
    loopback.script = [says({"id": {"id": "12"}}, 201), says(LISTED[1]), says(LISTED)]
    pitchtarget = connect("pitchtarget")
    assert create(pitchtarget).remote_id == "12"
    pitchtarget.read_pixel(ACCOUNT, "12")
    list(pitchtarget.list_pixels(ACCOUNT))
    assert [(request.method, request.path) for request in loopback.received] == [
        ("POST", "/offsite_pixels"),
        ("GET", "/offsite_pixels/12"),
        ("GET", "/offsite_pixels"),
    ]


def test_a_pixel_is_found_by_its_exact_name(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says(LISTED)]
    assert [pixel.remote_id for pixel in connect("pitchtarget").find_pixels(ACCOUNT, "ph-1", "Shop")] == ["11"]
    assert connect("pitchtarget").find_pixels(ACCOUNT, "ph-1", "shop") == []


@pytest.mark.parametrize("odd", [[*LISTED, {"name": "no id"}], [*LISTED, "text"], {"data": LISTED}, {}])
def test_a_list_with_something_odd_in_it_is_not_half_believed(
    odd: Any, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says(odd)]
    for call in (
        lambda: connect("pitchtarget").read_pixel(ACCOUNT, "1"),
        lambda: connect("pitchtarget").find_pixels(ACCOUNT, "ph-1", "Unknown"),
    ):
        with pytest.raises(ProviderError) as caught:
            call()
        assert caught.value.code == "bad_answer"


def test_a_token_is_tested_with_a_list(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says([]), says("", 401)]
    assert connect("pitchtarget").check_credentials(ACCOUNT) == Remark()
    assert loopback.received[0].query == {"fb_ad_account_id": "2"}
    with pytest.raises(BadCredentials, match=r"pitchtarget.token_refused"):
        connect("pitchtarget").check_credentials(ACCOUNT)
