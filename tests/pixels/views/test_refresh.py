"""A page with work under way asks again, and gets content only when there is news."""

import re

import pytest

from pixels.models import Pixel
from pixels.services import connections
from tests.pixels.page import Page


@pytest.fixture
def refresh(browser_of, vera):
    """A function that opens a page and returns the function that asks again, or None if the page does not."""
    window = browser_of(vera)

    def open_page(address):
        found = re.search(r'hx-get="([^"]+)" hx-trigger="every', window.get(address).content.decode())
        if found is None:
            return None
        asked = found[1].replace("&amp;", "&")
        asked = address.split("?")[0] + asked if asked.startswith("?") else asked
        return lambda: window.get(asked, HTTP_HX_REQUEST="true")

    return open_page


def test_the_pixels_page_follows_until_it_is_live(refresh, at, xandr, promise, sandbox, carry_out):
    pixel = promise(xandr)
    ask = refresh(at("pixel", pixel))
    assert (ask().status_code, ask().content) == (204, b"")
    carry_out()
    part = ask()
    assert part.status_code == 200
    assert "<html" not in part.content.decode()
    assert "Live" in Page.of(part).text
    assert "Copy image tag" in Page.of(part).text
    assert refresh(at("pixel", pixel)) is None


def test_the_pixels_page_tells_when_the_next_try_will_be(refresh, at, xandr, promise, unreachable, carry_out):
    pixel = promise(xandr)
    ask = refresh(at("pixel", pixel))
    carry_out()
    assert "is not reachable" in Page.of(ask()).text


def test_the_list_follows_while_something_is_under_way(refresh, at, xandr, promise, sandbox, carry_out):
    promise(xandr, "Shoes")
    ask = refresh(at("pixel_list") + "?q=shoe&sort=name")
    assert ask().status_code == 204
    carry_out()
    assert "Live" in Page.of(ask()).text
    assert "Shoes" in Page.of(ask()).text
    assert refresh(at("pixel_list")) is None


def test_the_connections_page_follows_its_test_and_its_sync(refresh, at, xandr, sandbox, carry_out, sync):
    ask = refresh(at("connection", xandr))
    assert ask().status_code == 204
    carry_out()
    assert "Works" in Page.of(ask()).text
    assert refresh(at("connection", xandr)) is None
    connections.sync_now(xandr, None)
    ask = refresh(at("connection", xandr))
    assert ask().status_code == 204
    carry_out()
    assert "Done" in Page.of(ask()).text
    assert refresh(at("connection", xandr)) is None


@pytest.mark.parametrize("place", ["pixel", "pixel_list"])
def test_a_create_whose_answer_pauses_the_connection_is_followed_to_its_end(refresh, at, xandr, promise, place):
    """The pause is stored a moment before the pixel: a page that asks in between must not stop at "Creating"."""
    pixel = promise(xandr)
    Pixel.objects.update(lifecycle="creating")
    pixel.operations.update(state="in_flight")
    type(xandr).objects.update(paused_at="2026-01-01T00:00Z")
    address = at("pixel", pixel) if place == "pixel" else at("pixel_list")
    ask = refresh(address)
    assert ask().status_code == 204
    Pixel.objects.update(lifecycle="queued")
    pixel.operations.update(state="pending")
    assert "Waiting for the connection" in Page.of(ask()).text
    assert refresh(address) is None


def test_a_page_about_a_paused_connection_does_not_refresh(refresh, at, xandr, promise, sandbox):
    pixel = promise(xandr)
    type(xandr).objects.update(paused_at="2026-01-01T00:00Z")
    assert refresh(at("pixel", pixel)) is None
    assert "Waiting for the connection" in Pixel.objects.get().badge.label
