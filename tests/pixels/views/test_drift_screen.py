"""The page shows what differs, field by field: who moved, and what a person can decide."""

import re
from dataclasses import replace

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from accounts.models import Activity
from pixels.models import Operation
from pixels.providers.xandr.client import Xandr
from pixels.services import pixels
from tests.pixels.page import Page


@pytest.fixture
def changed(sandbox, sync):
    """A function that changes the pixel at its provider and syncs."""

    def change(pixel, **values):
        [held] = [one for one in sandbox.held(pixel.connection.provider) if str(one["id"]) == pixel.remote_id]
        more = {"ad_account": "9"} if pixel.connection.provider == "pitchtarget" else {}
        sandbox.seed(pixel.connection.provider, [held | values], **more)
        sync(pixel.connection)
        pixel.refresh_from_db()
        return pixel

    return change


@pytest.fixture
def differs(xandr, live, changed):
    """The name and the trigger were changed at Xandr."""
    return changed(live(xandr, "Shoes"), name="Theirs", trigger_type="hybrid")


@pytest.fixture
def decide(browser_of, bob, at):
    def post(pixel, action, *fields):
        browser = browser_of(bob)
        response = browser.post(at("pixel_drift", pixel), {"action": action, "field": fields}, follow=True)
        pixel.refresh_from_db()
        return Page.of(response)

    return post


@pytest.fixture
def rows(browser_of, bob, at):
    """The markup of each field that differs, by its name."""

    def read(pixel, user=bob):
        html = browser_of(user).get(at("pixel", pixel)).content.decode()
        found = re.search(r'<ul class="rows drift">(.*?)</ul>', html, re.S)
        items = re.findall(r"<li>(.*?)</li>", found[1], re.S) if found else []
        return {re.search(r"<h3>(.*?)</h3>", item)[1]: item for item in items}

    return read


def likely(row):
    return re.findall(r'btn-likely[^>]*value="(\w+)"', row)


def buttons(row):
    """The accessible name of each button; each names the field that it is about."""
    return re.findall(r'<button[^>]*\saria-label="([^"]+)"', row)


def test_each_field_shows_three_values_and_who_moved(differs, rows):
    found = rows(differs)
    assert set(found) == {"Name", "Trigger type"}
    name, trigger = (Page(found[label]).text for label in ("Name", "Trigger type"))
    assert "Changed at Xandr" in name
    assert "Agreed Shoes Here Shoes At Xandr Theirs" in name
    assert "Agreed Click Here Click At Xandr Hybrid: click or view" in trigger
    assert likely(found["Name"]) == ["adopt"]
    assert buttons(found["Name"]) == ["Adopt theirs for Name", "Restore ours for Name", "Ignore this field here (Name)"]


@pytest.mark.parametrize(
    ("answered", "says", "likely_one"),
    [("Shoes", "Changed here, not taken over there", ["restore"]), ("Third", "Conflict: changed on both sides", [])],
)
def test_a_change_of_ours_that_did_not_arrive(
    xandr, live, carry_out, rows, bob, sandbox, monkeypatch, answered, says, likely_one
):
    pixel = live(xandr, "Shoes")
    real = Xandr.update_pixel
    monkeypatch.setattr(Xandr, "update_pixel", lambda *args: replace(real(*args), name=answered))
    pixels.change_pixel(pixel, bob, {"name": "Boots"})
    carry_out()
    pixel.refresh_from_db()
    [row] = rows(pixel).values()
    assert says in row
    assert f"Agreed Shoes Here Boots At Xandr {answered}" in Page(row).text
    assert likely(row) == likely_one


def test_adopting_takes_their_value_of_that_field_and_sends_nothing(differs, decide):
    sent = Operation.objects.count()
    decide(differs, "adopt", "name")
    assert (differs.name, differs.drift, differs.remote_status) == ("Theirs", ["trigger_type"], "drifted")
    decide(differs, "adopt", "trigger_type")
    assert (differs.options["trigger_type"], differs.remote_status) == ("hybrid", "in_sync")
    assert Operation.objects.count() == sent


def test_restoring_sends_our_value_of_that_field_again(differs, decide, carry_out, sandbox, rows):
    page = decide(differs, "restore", "name")
    assert differs.lifecycle == "updating"
    assert "Adopt theirs" not in page.text  # while one change is under way there is no other
    carry_out()
    differs.refresh_from_db()
    [held] = sandbox.held("xandr")
    assert (held["name"], held["trigger_type"]) == ("Shoes", "hybrid")
    assert list(rows(differs)) == ["Trigger type"]


def test_all_fields_are_decided_at_once(differs, browser_of, bob, at, carry_out, sandbox):
    browser = browser_of(bob)
    page = Page.of(browser.get(at("pixel", differs)))
    assert "Adopt all of theirs" in page.text and "Restore all of ours" in page.text
    form = next(one for one in page.forms if one.values.get("field") == ["name", "trigger_type"])
    browser.post(form.action, form.values | {"action": "restore"})
    carry_out()
    differs.refresh_from_db()
    [held] = sandbox.held("xandr")
    assert (held["name"], held["trigger_type"], differs.remote_status) == ("Shoes", "click", "in_sync")
    assert "of theirs" not in Page.of(browser.get(at("pixel", differs))).text


def test_an_ignored_field_is_listed_quietly_until_it_is_watched_again(differs, decide, rows, sync):
    decide(differs, "adopt", "trigger_type")
    page = decide(differs, "ignore", "name")
    assert (differs.drift, differs.remote_status) == ([], "in_sync")
    assert rows(differs) == {}
    assert "Ignored here: Name (Shoes here, Theirs at Xandr)" in page.text
    sync(differs.connection)
    differs.refresh_from_db()
    assert differs.remote_status == "in_sync"
    page = decide(differs, "watch", "name")
    assert (differs.drift, differs.remote_status) == (["name"], "drifted")
    assert "Ignored here" not in page.text
    assert list(rows(differs)) == ["Name"]


def test_where_the_provider_cannot_change_anything_the_reason_is_given(pitchtarget, live, changed, rows, decide):
    pixel = changed(live(pitchtarget, "Shoes"), name="Theirs")
    [row] = rows(pixel).values()
    assert buttons(row) == ["Adopt theirs for Name", "Ignore this field here (Name)"]
    page = decide(pixel, "restore", "name")
    assert page.text.count("PitchTarget's documents describe no way to change a pixel.") == 3  # drift, status, message
    assert not Operation.objects.filter(kind="update").exists()
    decide(pixel, "adopt", "name")
    assert (pixel.name, pixel.remote_status) == ("Theirs", "in_sync")


def test_a_field_that_cannot_be_changed_any_more_is_not_restored(
    easyflow, live, sandbox, changed, rows, decide, settings
):
    settings.EASYFLOW_LIST = True
    sandbox.switch(easyflow_list=True)
    pixel = changed(live(easyflow, "Shoes"), externalReferenceId="crm-7", name="Theirs", description="New")
    found = rows(pixel)
    assert set(found) == {"Name", "Description", "External reference"}
    assert "Restore ours" not in found["External reference"]
    assert "cannot be changed at Easyflow" in found["External reference"]
    assert "Restore ours for Name" in buttons(found["Name"])
    page = decide(pixel, "restore", "external_reference")
    assert page.text.count("The external reference cannot be changed at Easyflow once the pixel exists.") == 2
    assert "Restore ours where possible" in page.text
    form = next(one for one in page.forms if len(one.values.get("field", [])) == 2)
    assert form.values["field"] == ["description", "name"]


def test_what_does_not_differ_is_said_and_changes_nothing(differs, decide):
    for action in ("adopt", "restore", "ignore"):
        page = decide(differs, action, "post_view_value", "no such field")
        assert "This does not differ any more." in page.text
    assert "This does not differ any more." in decide(differs, "adopt").text
    assert (differs.name, differs.drift, differs.ignored) == ("Shoes", ["name", "trigger_type"], [])
    assert not Operation.objects.filter(kind="update").exists()


def test_while_a_change_is_under_way_nothing_is_decided(differs, decide, bob):
    pixels.change_pixel(differs, bob, {"name": "Boots"})
    assert "once the pixel is live" in decide(differs, "adopt", "name").text
    assert differs.name == "Shoes"


def test_only_these_four_can_be_asked_for(differs, browser_of, bob, at):
    for action in ("", "delete", "adopt_theirs"):
        assert browser_of(bob).post(at("pixel_drift", differs), {"action": action}).status_code == 400
    assert browser_of(bob).get(at("pixel_drift", differs)).status_code == 405


def test_viewers_and_outsiders_decide_nothing(differs, browser_of, vera, charlie, at, rows):
    [name, _] = rows(differs, vera).values()
    assert "Changed at Xandr" in name and "<button" not in name
    for user, status in ((vera, 403), (charlie, 404)):
        answer = browser_of(user).post(at("pixel_drift", differs), {"action": "adopt", "field": "name"})
        assert answer.status_code == status
    differs.refresh_from_db()
    assert differs.name == "Shoes"


def test_a_deleted_pixel_has_nothing_to_decide(differs, browser_of, bob, at):
    type(differs).objects.update(remote_status="gone")
    page = Page.of(browser_of(bob).get(at("pixel", differs)))
    assert "Deleted at Xandr outside PixelHub" in page.text
    assert "Adopt" not in page.text


def test_for_an_archived_pixel_nothing_is_sent(differs, bob, browser_of, at, rows):
    pixels.archive_pixel(differs, bob)
    assert buttons(rows(differs)["Name"]) == ["Adopt theirs for Name", "Ignore this field here (Name)"]
    page = Page.of(browser_of(bob).get(at("pixel", differs)))
    assert "Adopt all of theirs" in page.text
    assert "Restore all of ours" not in page.text and "Deactivate" not in page.text
    assert at("pixel_edit", differs) not in page.html


def test_who_decided_what_is_in_the_activity(differs, decide):
    decide(differs, "ignore", "name")
    decide(differs, "adopt", "trigger_type")
    assert Activity.objects.filter(code="pixel.drift_ignored", label="Shoes").count() == 1
    assert Activity.objects.filter(code="pixel.theirs_adopted").count() == 1


def test_many_fields_take_no_more_queries_than_one(xandr, live, changed, browser_of, bob, at):
    pixel, browser = live(xandr, "Shoes"), browser_of(bob)
    counts = []
    for values in ({"name": "Theirs"}, {"trigger_type": "hybrid", "post_click_value": 3, "post_view_value": 4}):
        changed(pixel, **values)
        with CaptureQueriesContext(
            database,
        ) as queries:
            assert "Differs at Xandr" in browser.get(at("pixel", pixel)).content.decode()
        counts.append(len(queries))
    assert len(pixel.drift) == 4
    assert counts[0] == counts[1]


def test_the_page_says_how_the_pixel_stands_at_its_provider(browser_of, vera, at, xandr, live, changed):
    pixel = live(xandr, "Shoes")
    assert "At Xandr active, in sync" in Page.of(browser_of(vera).get(at("pixel", pixel))).text
    changed(pixel, name="Theirs")
    assert "At Xandr active, drifted" in Page.of(browser_of(vera).get(at("pixel", pixel))).text
