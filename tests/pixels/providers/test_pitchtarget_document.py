"""Each row of the tables in PitchTarget's document "Working with Offsite Conversion Pixels", by its name there."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pixels.events import EVENTS
from pixels.providers.base import Provider
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import AdAccountRef, RemotePixel, TagContext
from tests.pixels.providers.loopback import Loopback, Received, says
from tests.pixels.providers.printed import printed

SHOP = AdAccountRef(id="9")


@pytest.fixture
def sent(connect: Callable[..., Provider], loopback: Loopback) -> dict[str, Received]:
    """Both documented requests as this client sends them."""
    loopback.script = [says(printed("pitchtarget_create")), says(printed("pitchtarget_list"))]
    pitchtarget = connect("pitchtarget")
    pitchtarget.create_pixel(SHOP, "Shoes purchase", ("CHECKOUT",), {}, "ph-1")
    list(pitchtarget.list_pixels(SHOP))
    create, listed = loopback.received
    return {"POST /offsitepixels": create, "GET /offsitepixels": listed}


@pytest.mark.parametrize("operation", ["POST /offsitepixels", "GET /offsitepixels"])
@pytest.mark.parametrize("header", ["Accept: application/json", "Authorization: OAuth planted-token-3d"])
def test_each_operation_with_its_headers(operation: str, header: str, sent: dict[str, Received]) -> None:
    request = sent[operation]
    name, value = header.split(": ")
    assert f"{request.method} {request.path}" == operation
    assert request.headers[name.lower()] == value


@pytest.mark.parametrize(
    ("parameter", "value"), [("fb_ad_account_id", "9"), ("name", "Shoes purchase"), ("tag", "CHECKOUT")]
)
def test_each_parameter_of_a_create(parameter: str, value: str, sent: dict[str, Received]) -> None:
    request = sent["POST /offsitepixels"]
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.form()[parameter] == value
    assert request.query == {}
    assert len(request.form()) == 3


def test_the_parameter_fb_ad_account_id_of_a_list(sent: dict[str, Received]) -> None:
    assert sent["GET /offsitepixels"].query == {"fb_ad_account_id": "9"}


@pytest.mark.parametrize("tag", ["CHECKOUT", "REGISTRATION", "LEAD", "KEY_PAGE_VIEW", "ADD_TO_CART", "OTHER"])
def test_each_tag_is_sent_as_documented_and_read_in_lower_case(
    tag: str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says(printed("pitchtarget_create")), says([{"id": "1", "tag": tag.lower()}])]
    pitchtarget = connect("pitchtarget")
    pitchtarget.create_pixel(SHOP, "Shop", (tag,), {}, "ph-1")
    assert loopback.received[0].form()["tag"] == tag
    (page,) = pitchtarget.list_pixels(SHOP)
    assert page.pixels[0].events == (tag,)
    word = pitchtarget.provider_event(tag)
    assert word is not None
    assert "Working with Offsite Conversion Pixels" in word.source


LISTED = json.loads(printed("pitchtarget_list"))[0]
READ: dict[str, Callable[[RemotePixel], Any]] = {
    "id": lambda pixel: pixel.remote_id,
    "name": lambda pixel: pixel.name,
    "tag": lambda pixel: pixel.events and pixel.events[0].lower(),
    "status": lambda pixel: pixel.state,
    "js_pixel": lambda pixel: pixel.snippet,
}


@pytest.mark.parametrize("field", READ)
def test_each_field_of_a_listed_pixel(field: str, connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says(printed("pitchtarget_list"))]
    (page,) = connect("pitchtarget").list_pixels(SHOP)
    assert READ[field](page.pixels[0]) == LISTED[field]


def test_the_field_creator_is_a_persons_name_and_not_kept(connect: Callable[..., Provider], loopback: Loopback) -> None:
    assert set(LISTED) == {*READ, "creator"}
    loopback.script = [says(printed("pitchtarget_list"))]
    (page,) = connect("pitchtarget").list_pixels(SHOP)
    assert "John Doe" not in repr(page)


# What the words stand for


def test_checkout_is_a_finished_purchase_and_never_the_start_of_a_checkout() -> None:
    pitchtarget = PROVIDERS["pitchtarget"]
    checkout = pitchtarget.provider_event("CHECKOUT")
    assert checkout is not None
    assert (checkout.event, checkout.grade, checkout.near) == ("purchase", "exact", {})
    assert "not the start of a checkout" in checkout.note
    assert pitchtarget.provider_event_for("purchase")[:2] == (checkout, "exact")
    assert pitchtarget.provider_event_for("begin_checkout") == (None, "none", "")
    assert [event for event in EVENTS if pitchtarget.provider_event_for(event)[0] == checkout] == ["purchase"]


GRADES = {
    "page_view": ("KEY_PAGE_VIEW", "close"),
    "landing_page": ("KEY_PAGE_VIEW", "close"),
    "view_item": ("KEY_PAGE_VIEW", "close"),
    "add_to_cart": ("ADD_TO_CART", "exact"),
    "lead": ("LEAD", "close"),
    "registration": ("REGISTRATION", "exact"),
    "purchase": ("CHECKOUT", "exact"),
    "custom": ("OTHER", "exact"),
}


@pytest.mark.parametrize("event", EVENTS)
def test_how_well_a_tag_fits_each_event(event: str) -> None:
    word, grade, sentence = PROVIDERS["pitchtarget"].provider_event_for(event)
    assert (word.value if word else None, grade) == GRADES.get(event, (None, "none"))
    assert grade != "close" or sentence.endswith(".")


def test_the_lifecycle_notice_says_when_the_tag_was_switched_off() -> None:
    lifecycle_notice = PROVIDERS["pitchtarget"].lifecycle_notice
    assert lifecycle_notice.status == "legacy"
    assert "switched their tag off in February 2017" in lifecycle_notice.sentence
    assert "pixel-migration" in lifecycle_notice.source
    assert lifecycle_notice.as_of == "2026-11-21"


def test_the_value_built_into_the_code_is_pointed_out_as_a_sentence() -> None:
    subject = TagContext(
        remote_id="1", name="Shop", events=("LEAD",), options={}, ad_account=SHOP, snippet=LISTED["js_pixel"]
    )
    (tag,) = PROVIDERS["pitchtarget"].tags(subject)
    assert "A value of 0.01 GBP is built into this code and goes with every conversion." in tag.warnings
