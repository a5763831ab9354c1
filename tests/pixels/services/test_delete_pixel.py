"""A delete is final and asks for the name; archiving changes only our own row."""

import pytest

from accounts.models import Activity
from pixels.models import Operation, Pixel
from pixels.outbox import claim, deliver
from pixels.services import pixels
from tests.pixels.answers import LOGGED_IN
from tests.pixels.page import Page
from tests.pixels.providers.loopback import says


@pytest.fixture
def bobs(browser_of, bob):
    return browser_of(bob)


def test_the_name_has_to_be_typed(bobs, at, xandr, live, sandbox):
    pixel = live(xandr, "Shoes")
    for typed in ("", "shoes", "Shoes!"):
        response = bobs.post(at("pixel_delete", pixel), {"confirm": typed})
        assert "not the name of this pixel" in Page.of(response).text
    assert Operation.objects.count() == 1


def test_a_delete_removes_the_pixel_at_the_provider_and_marks_the_row(bobs, at, xandr, live, sandbox, carry_out, bob):
    pixel = live(xandr, "Shoes </b>")
    assert bobs.post(at("pixel_delete", pixel), {"confirm": "Shoes </b>"}).url == at("pixel", pixel)
    pixel.refresh_from_db()
    assert pixel.lifecycle == "deleting"
    carry_out()
    pixel.refresh_from_db()
    assert pixel.lifecycle == "deleted"
    assert sandbox.held("xandr") == []
    assert "Deleted" in Page.of(bobs.get(at("pixel", pixel))).text
    assert Page.of(bobs.get(at("pixel_list"))).text.count("Shoes") == 0
    assert Page.of(bobs.get(at("pixel_list"), {"state": "deleted"})).text.count("Shoes") > 0
    assert Activity.objects.filter(code="pixel.delete_asked", kind="pixel", actor=bob).count() == 1


def test_a_pixel_that_a_line_item_uses_stays_and_the_providers_message_is_shown(
    bobs, at, xandr, live, sandbox, carry_out
):
    pixel = live(xandr, "Shoes")
    [held] = sandbox.held("xandr")
    item = {"id": 1, "name": "Spring", "state": "active", "advertiser_id": 2, "pixel_ids": [held["id"]]}
    sandbox.seed("xandr", [held], line_items=[item])
    bobs.post(at("pixel_delete", pixel), {"confirm": "Shoes"})
    carry_out()
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.error_code) == ("live", "refused")
    text = Page.of(bobs.get(at("pixel", pixel))).text
    assert "used by one or more line items" in text
    assert "Not deleted" in text
    assert "Retry" not in text  # each delete is asked for by typing the name
    assert bobs.post(at("pixel_retry", pixel)).status_code == 302
    carry_out()
    assert sandbox.asked("xandr", "delete") == 1
    sandbox.seed("xandr", [held], line_items=[item | {"pixel_ids": []}])
    bobs.post(at("pixel_delete", pixel), {"confirm": "Shoes"})
    carry_out()
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_status, pixel.remote_state) == ("deleted", "gone", "")


def test_the_message_of_a_refused_delete_can_be_dismissed(bobs, browser_of, vera, at, xandr, live, sandbox, carry_out):
    pixel = live(xandr, "Shoes")
    [held] = sandbox.held("xandr")
    item = {"id": 1, "name": "Spring", "state": "active", "advertiser_id": 2, "pixel_ids": [held["id"]]}
    sandbox.seed("xandr", [held], line_items=[item])
    bobs.post(at("pixel_delete", pixel), {"confirm": "Shoes"})
    carry_out()
    assert browser_of(vera).post(at("pixel_dismiss", pixel)).status_code == 403
    bobs.post(at("pixel_dismiss", pixel))
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.error_code) == ("live", "")


def test_a_pixel_that_the_provider_no_longer_has_counts_as_deleted(bobs, at, xandr, live, sandbox, carry_out):
    pixel = live(xandr, "Shoes")
    sandbox.ask("POST", "reset")
    bobs.post(at("pixel_delete", pixel), {"confirm": "Shoes"})
    carry_out()
    pixel.refresh_from_db()
    assert pixel.lifecycle == "deleted"


def test_a_deleted_pixel_takes_no_more_changes(bobs, at, bob, xandr, live, sandbox, carry_out):
    pixel = live(xandr, "Shoes")
    pixels.delete_pixel(pixel, bob)
    carry_out()
    for action in (pixels.delete_pixel, pixels.retry):
        with pytest.raises(pixels.RuleViolation):
            action(Pixel.objects.get(), bob)
    with pytest.raises(pixels.RuleViolation):
        pixels.set_state(Pixel.objects.get(), bob, active=True)
    assert sandbox.asked("xandr", "delete") == 1


def test_archive_sends_nothing_and_restore_brings_it_back(bobs, at, xandr, live, sandbox, bob):
    pixel = live(xandr, "Shoes")
    before = sandbox.ask("GET", "requests")
    assert bobs.post(at("pixel_archive", pixel)).url == at("pixel", pixel)
    assert "Shoes" not in Page.of(bobs.get(at("pixel_list"))).text
    assert "Shoes" in Page.of(bobs.get(at("pixel_list"), {"state": "archived"})).text
    assert "Archived" in Page.of(bobs.get(at("pixel", pixel))).text
    bobs.post(at("pixel_restore", pixel))
    assert "Shoes" in Page.of(bobs.get(at("pixel_list"))).text
    assert claim.due(10) == []
    assert sandbox.ask("GET", "requests") == before
    codes = Activity.objects.filter(kind="pixel", actor=bob).order_by("at").values_list("code", flat=True)
    assert list(codes) == ["pixel.created", "pixel.archived", "pixel.restored"]


def test_a_pixel_with_open_work_is_not_archived(bobs, at, xandr, promise, sandbox):
    pixel = promise(xandr)
    response = bobs.post(at("pixel_archive", pixel), follow=True)
    assert "under way" in Page.of(response).text
    pixel.refresh_from_db()
    assert pixel.archived_at is None


def test_an_archived_pixel_is_not_retried(xandr, promise, misbehaving, alice, bob):
    misbehaving.script = [LOGGED_IN, says({"response": {"error_id": "SYNTAX", "error": "no"}})]
    pixel = promise(xandr)
    deliver.deliver(claim.due(1)[0])
    pixels.archive_pixel(pixel, alice)
    with pytest.raises(pixels.RuleViolation):
        pixels.retry(Pixel.objects.get(), bob)
