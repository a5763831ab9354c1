"""PitchTarget's answers, and what PixelHub makes of them."""

from collections.abc import Callable
from typing import Any

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import BadCredentials, NotFound, ProviderError, Refused

from .conftest import ACCOUNT, create
from .loopback import Loopback, says

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
        (422, {"errors": {"name": ["has already been taken"]}}, Refused, "name has already been taken"),
        (422, {"error": "Name must be unique"}, Refused, "Name must be unique"),
        (400, ["no", "never"], Refused, "no, never"),
        (400, "<p>No <b>such</b> tag</p>", Refused, "No such tag"),
        (401, "", BadCredentials, ""),
    ],
)
def test_a_no_keeps_pitchtargets_words_whatever_their_form(
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
    assert caught.value.words == words
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


def test_one_pixel_is_read_from_the_whole_list(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says(LISTED)]
    assert connect("pitchtarget").read_pixel(ACCOUNT, "12").name == "Shop 2"
    with pytest.raises(NotFound):
        connect("pitchtarget").read_pixel(ACCOUNT, "1")


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
    connect("pitchtarget").check_credentials(ACCOUNT)
    assert loopback.received[0].query == {"fb_ad_account_id": "2"}
    with pytest.raises(BadCredentials, match="PitchTarget refused the token"):
        connect("pitchtarget").check_credentials(ACCOUNT)
