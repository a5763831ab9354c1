"""Cancelling what has not been sent, and sending a cancelled create after all."""

import pytest
from django.db.models.functions import Now

from accounts.models import Activity
from pixels.models import Operation
from pixels.services import connections, pixels
from tests.pixels.page import Page


@pytest.fixture
def press(browser_of, bob, at):
    """A function that presses a button of the pixel's page, as Bob."""

    def post(pixel, name):
        page = Page.of(browser_of(bob).post(at(name, pixel), follow=True))
        pixel.refresh_from_db()
        return page

    return post


@pytest.fixture
def shown(browser_of, bob, at):
    def read(pixel, user=bob):
        return Page.of(browser_of(user).get(at("pixel", pixel)))

    return read


def offers(page, address):
    return any(form.action == address for form in page.forms)


def test_a_cancelled_create_is_a_draft_and_nothing_is_sent(xandr, promise, press, shown, at, carry_out, sandbox):
    pixel = promise(xandr)
    assert offers(shown(pixel), at("pixel_cancel", pixel))
    page = press(pixel, "pixel_cancel")
    assert (pixel.lifecycle, pixel.error_code) == ("draft", "")
    assert "Draft: nothing was sent" in page.text
    assert not offers(page, at("pixel_cancel", pixel))
    assert page.html.count(f'action="{at("pixel_archive", pixel)}"') == 1
    carry_out()
    assert sandbox.asked("xandr", "create") == 0
    assert Operation.objects.get().state == "cancelled"
    assert Activity.objects.filter(code="pixel.change_cancelled", label="Purchase").count() == 1


def test_a_draft_is_sent_after_all(xandr, promise, press, carry_out, sandbox):
    pixel = promise(xandr)
    press(pixel, "pixel_cancel")
    press(pixel, "pixel_retry")
    assert pixel.lifecycle == "queued"
    carry_out()
    pixel.refresh_from_db()
    assert pixel.lifecycle == "live"
    assert len(sandbox.held("xandr", "2")) == 1


def test_an_archived_draft_is_not_sent(xandr, promise, press, shown, at):
    pixel = promise(xandr)
    press(pixel, "pixel_cancel")
    page = press(pixel, "pixel_archive")
    assert "Draft: nothing was sent" in page.text
    assert not offers(page, at("pixel_retry", pixel))
    assert not offers(page, at("pixel_archive", pixel))
    press(pixel, "pixel_restore")
    assert offers(shown(pixel), at("pixel_retry", pixel))


def test_a_cancelled_change_leaves_the_pixel_as_it_was(xandr, live, bob, press, carry_out, sandbox):
    pixel = live(xandr, "Shoes")
    pixels.change_pixel(pixel, bob, {"name": "Boots"})
    page = press(pixel, "pixel_cancel")
    assert "Cancelled: nothing was sent." in page.text
    assert (pixel.lifecycle, pixel.name, pixel.error_code) == ("live", "Shoes", "")
    carry_out()
    assert sandbox.asked("xandr", "update") == 0
    pixels.delete_pixel(pixel, bob)
    assert "Cancelled: nothing was sent." in press(pixel, "pixel_cancel").text
    assert (pixel.lifecycle, len(sandbox.held("xandr"))) == ("live", 1)


@pytest.mark.parametrize("facts", [{"state": "in_flight"}, {"state": "unconfirmed", "sent_at": Now()}])
def test_what_may_have_been_sent_cannot_be_cancelled(xandr, promise, press, shown, at, facts):
    pixel = promise(xandr)
    Operation.objects.update(**facts)
    assert not offers(shown(pixel), at("pixel_cancel", pixel))
    page = press(pixel, "pixel_cancel")
    assert "It is too late to cancel this" in page.text
    assert "Cancelled: nothing was sent" not in page.text
    assert pixel.lifecycle == "queued"


def test_too_late_is_said_without_saying_the_opposite(xandr, live, press, sandbox):
    pixel = live(xandr)
    page = press(pixel, "pixel_cancel")
    assert "It is too late to cancel this" in page.text
    assert "Cancelled: nothing was sent" not in page.text


def test_viewers_and_outsiders_cancel_nothing(xandr, promise, browser_of, vera, charlie, at, shown):
    pixel = promise(xandr)
    assert not offers(shown(pixel, vera), at("pixel_cancel", pixel))
    for user, status in ((vera, 403), (charlie, 404)):
        assert browser_of(user).post(at("pixel_cancel", pixel)).status_code == status
    assert Operation.objects.get().state == "pending"


def test_a_viewer_reads_that_it_is_a_draft_and_sends_nothing(xandr, promise, press, shown, vera, at):
    pixel = promise(xandr)
    press(pixel, "pixel_cancel")
    page = shown(pixel, vera)
    assert "Draft: nothing was sent" in page.text
    assert not offers(page, at("pixel_retry", pixel))


def test_the_draft_of_a_disconnected_connection_says_why_it_cannot_be_sent(xandr, promise, press, alice):
    pixel = promise(xandr)
    press(pixel, "pixel_cancel")
    connections.disconnect(xandr, alice)
    assert "The connection of this pixel is not in use now." in press(pixel, "pixel_retry").text
    assert pixel.lifecycle == "draft"
