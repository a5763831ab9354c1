"""Both sides change at about the same time: changes, edits and decisions apply to the values that people have seen."""

import pytest

from accounts.models import Activity
from pixels.models import Operation
from pixels.reconcile.compare import who_moved
from pixels.services import pixels
from tests.pixels.page import Page


@pytest.mark.parametrize("lost", [False, True])
def test_a_waiting_change_does_not_overwrite_a_remote_change_and_a_person_decides(
    pixel, change_at_xandr, bob, carry_out, sandbox, browser_of, at, lost
):
    was = pixel.name
    fault = {"fault": "drop"} if lost else {"fault": "status", "code": 503, "body": "html"}
    sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": "update", **fault})
    pixels.change_pixel(pixel, bob, {"name": "Ours"})
    carry_out()
    change_at_xandr(pixel, name="Theirs")
    assert (pixel.lifecycle, pixel.name, pixel.drift) == ("live", "Ours", ["name"])
    assert (pixel.base_values["name"], pixel.remote_values["name"], who_moved(pixel, "name")) == (was, "Theirs", "both")
    assert not Operation.objects.open().exists()
    written = Activity.objects.get(code="pixel.change_conflicted")
    assert written.params == {"provider": "xandr", "fields": ["name"]}
    page = Page.of(browser_of(bob).get(at("pixel", pixel))).text
    assert "Differs at Xandr" in page and "Ours" in page and "Theirs" in page
    carry_out()
    assert [one["name"] for one in sandbox.held("xandr")] == ["Theirs"]
    pixels.restore_ours(pixel, bob, {"name"})
    carry_out()
    assert [one["name"] for one in sandbox.held("xandr")] == ["Ours"]


def test_a_remote_change_of_another_field_does_not_stop_the_waiting_change(
    pixel, change_at_xandr, bob, carry_out, sandbox
):
    sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": "update", "fault": "status", "code": 503})
    pixels.change_pixel(pixel, bob, {"name": "Ours"})
    carry_out()
    change_at_xandr(pixel, state="inactive")
    assert Operation.objects.open().exists()


def test_a_change_that_took_effect_is_not_taken_for_a_remote_change(pixel, change_at_xandr, bob, carry_out, sandbox):
    fault = {"provider": "xandr", "operation": "update", "fault": "drop", "effect": True}
    sandbox.ask("POST", "faults", json=fault)
    pixels.change_pixel(pixel, bob, {"name": "Ours"})
    carry_out()
    change_at_xandr(pixel)
    assert Operation.objects.open().exists()


def test_an_edit_sends_what_was_edited_and_leaves_other_differences_alone(
    pixel, change_at_xandr, bob, browser_of, at, carry_out, sandbox
):
    change_at_xandr(pixel, state="inactive")
    browser = browser_of(bob)
    form = Page.of(browser.get(at("pixel_edit", pixel))).form_with("name")
    browser.post(at("pixel_edit", pixel), {**form.values, "name": "Edited"})
    carry_out()
    [held] = sandbox.held("xandr")
    assert (held["name"], held["state"]) == ("Edited", "inactive")
    pixel.refresh_from_db()
    assert pixel.drift == ["state"]


def shown(page):
    """The values that the page shows, which each decision sends back."""
    [value] = {form.values["shown"][0] for form in page.forms if "shown" in form.values}
    return value


def test_a_decision_applies_to_the_values_that_were_shown(pixel, change_at_xandr, bob, browser_of, at):
    change_at_xandr(pixel, name="Theirs")
    browser = browser_of(bob)
    first = shown(Page.of(browser.get(at("pixel", pixel))))
    change_at_xandr(pixel, name="Theirs again")
    post = {"field": "name", "action": "adopt", "shown": first}
    page = Page.of(browser.post(at("pixel_drift", pixel), post, follow=True))
    assert "changed meanwhile" in page.text
    pixel.refresh_from_db()
    assert pixel.name != "Theirs again"
    post["shown"] = shown(page)
    browser.post(at("pixel_drift", pixel), post)
    pixel.refresh_from_db()
    assert pixel.name == "Theirs again"


def test_an_edit_in_a_second_tab_is_refused_beside_the_form_and_keeps_what_was_typed(pixel, bob, browser_of, at):
    browser = browser_of(bob)
    form = Page.of(browser.get(at("pixel_edit", pixel))).form_with("name")
    pixels.change_pixel(pixel, bob, {"name": "First"})
    answer = browser.post(at("pixel_edit", pixel), {**form.values, "name": "Second"})
    assert answer.status_code == 200
    page = Page.of(answer)
    assert page.form_with("name").values["name"] == ["Second"]
    assert "possible once the pixel is live" in page.text
