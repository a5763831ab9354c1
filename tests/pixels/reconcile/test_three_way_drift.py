"""What differs has three sides: ours, theirs, and what both had last. Who moved, and what a person decides."""

from dataclasses import replace

import pytest

from accounts.models import Activity
from accounts.services import RuleViolation
from pixels.models import Operation, Pixel
from pixels.outbox import deliver
from pixels.providers.xandr.client import Xandr
from pixels.reconcile.compare import who_moved
from pixels.services import pixels
from tests.pixels.elsewhere import at_xandr
from tests.pixels.page import Page

FILLED_IN = {"last_modified": "2026-11-01 10:00:00", "created_on": "2026-10-01 10:00:00", "campaigns": None}


@pytest.fixture
def theirs(sandbox, sync):
    """Somebody changes this pixel at Xandr, and a sync reads it."""

    def change(pixel, **values):
        [held] = [one for one in sandbox.held("xandr") if str(one["id"]) == pixel.remote_id]
        sandbox.seed("xandr", [held | values])
        run = sync(pixel.connection)
        pixel.refresh_from_db()
        return run

    return change


@pytest.fixture
def ours(bob, carry_out):
    """Bob changes it here, and it is sent."""

    def change(pixel, **values):
        pixels.change_pixel(pixel, bob, values)
        carry_out()
        pixel.refresh_from_db()
        assert pixel.lifecycle == "live"

    return change


@pytest.fixture
def answers(monkeypatch):
    """Xandr says OK to a change, and that the pixel has this name afterwards."""
    real = Xandr.update_pixel

    def say(name):
        monkeypatch.setattr(Xandr, "update_pixel", lambda *args: replace(real(*args), name=name))

    yield say
    monkeypatch.setattr(Xandr, "update_pixel", real)


@pytest.fixture
def pixel(sandbox, xandr, live):
    return live(xandr, "Shoes")


def sides(pixel, field):
    ours = pixel.local_values[field]
    return pixel.base_values.get(field, ours), ours, (pixel.remote_values or {}).get(field)


def held_name(sandbox):
    return sandbox.held("xandr")[0]["name"]


# -- Who moved ------------------------------------------------------------------------------------------------


def test_a_pixel_that_was_never_touched_has_no_sides(pixel):
    assert (pixel.remote_status, pixel.drift, pixel.base_values) == ("in_sync", [], {})


def test_a_change_at_xandr_is_theirs(pixel, theirs):
    theirs(pixel, name="Boots")
    assert (pixel.remote_status, pixel.drift) == ("drifted", ["name"])
    assert sides(pixel, "name") == ("Shoes", "Shoes", "Boots")
    assert who_moved(pixel, "name") == "remote"


def test_a_change_of_ours_that_was_accepted_and_not_taken_over_is_ours(pixel, ours, answers):
    answers("Shoes")
    ours(pixel, name="Boots")
    assert (pixel.remote_status, pixel.drift) == ("drifted", ["name"])
    assert sides(pixel, "name") == ("Shoes", "Boots", "Shoes")
    assert who_moved(pixel, "name") == "local"


def test_both_is_a_conflict(pixel, theirs, ours, answers):
    theirs(pixel, name="Theirs")
    answers("Theirs")
    ours(pixel, name="Ours")
    assert sides(pixel, "name") == ("Shoes", "Ours", "Theirs")
    assert who_moved(pixel, "name") == "both"


def test_each_field_has_its_own_answer(pixel, theirs, ours, answers):
    theirs(pixel, trigger_type="hybrid")
    answers("Shoes")
    ours(pixel, name="Boots")
    assert {field: who_moved(pixel, field) for field in pixel.drift} == {"name": "local", "trigger_type": "remote"}


def test_the_agreed_value_stays_through_further_moves(pixel, theirs):
    for name in ("One", "Two", "Three"):
        theirs(pixel, name=name)
        assert sides(pixel, "name") == ("Shoes", "Shoes", name)
        assert who_moved(pixel, "name") == "remote"


def test_when_they_go_back_there_is_no_difference_and_nothing_to_remember(pixel, theirs):
    theirs(pixel, name="Boots")
    theirs(pixel, name="Shoes")
    assert (pixel.remote_status, pixel.drift, pixel.base_values) == ("in_sync", [], {})


def test_when_they_come_to_the_same_there_is_none_either(pixel, theirs, ours):
    theirs(pixel, name="Boots")
    ours(pixel, name="Boots")
    assert (pixel.remote_status, pixel.drift, pixel.base_values) == ("in_sync", [], {})


def test_a_change_that_was_taken_over_moves_what_is_agreed(pixel, theirs, ours):
    ours(pixel, name="Boots")
    assert (pixel.remote_status, pixel.base_values) == ("in_sync", {})
    theirs(pixel, name="Shoes")  # the old name again, by their hand
    assert sides(pixel, "name") == ("Boots", "Boots", "Shoes")
    assert who_moved(pixel, "name") == "remote"


def test_what_did_not_arrive_is_seen_by_the_next_sync_too(pixel, ours, answers, sandbox, sync):
    """Xandr's answer says nothing of the name and a second look fails; its list tells."""
    answers(None)
    sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": "read", "fault": "status", "code": 500})
    ours(pixel, name="Boots")
    sandbox.seed("xandr", [sandbox.held("xandr")[0] | {"name": "Shoes"}])
    sync(pixel.connection)
    pixel.refresh_from_db()
    assert sides(pixel, "name") == ("Shoes", "Boots", "Shoes")
    assert who_moved(pixel, "name") == "local"


def test_a_change_that_was_refused_moves_nobody(pixel, ours, sandbox, bob, carry_out):
    refusal = {"provider": "xandr", "operation": "update", "fault": "status", "code": 400}
    sandbox.ask("POST", "faults", json=refusal)
    ours(pixel, name="Boots")
    assert (pixel.name, pixel.error_code, pixel.base_values) == ("Shoes", "refused", {})
    assert pixel.remote_status == "in_sync"


# -- What is no difference ------------------------------------------------------------------------------------


def test_what_xandr_fills_in_by_itself_is_none_and_is_not_counted(pixel, theirs, sandbox):
    issued = pixel.snippets.count()
    run = theirs(pixel, **FILLED_IN)
    assert (run.updated, run.unchanged) == (0, 1)
    assert (pixel.remote_status, pixel.drift, pixel.snippets.count()) == ("in_sync", [], issued)
    item = {"id": 1, "name": "Spring", "state": "active", "advertiser_id": 2, "pixel_ids": [int(pixel.remote_id)]}
    sandbox.seed("xandr", sandbox.held("xandr"), line_items=[item])
    run = theirs(pixel)
    assert (run.updated, run.unchanged, pixel.remote_status) == (0, 1, "in_sync")


def test_other_words_for_the_same_are_none(xandr, live, theirs):
    pixel = live(xandr, options={"post_click_expire_mins": None, "post_click_value": 3})
    theirs(pixel, post_click_expire_mins=0, post_click_value="3.0")
    assert (pixel.remote_status, pixel.drift) == ("in_sync", [])


def test_a_field_that_this_version_does_not_know_is_none(pixel, theirs):
    theirs(pixel, something_new={"of": ["2027"]})
    assert (pixel.remote_status, pixel.drift) == ("in_sync", [])


# -- Adopting theirs ------------------------------------------------------------------------------------------


def test_adopted_theirs_is_ours_and_nothing_is_sent(pixel, theirs, bob, sandbox, sync):
    theirs(pixel, name="Boots", trigger_type="hybrid")
    pixels.adopt_theirs(pixel, bob, ["name"])
    pixel.refresh_from_db()
    assert (pixel.name, pixel.drift, pixel.remote_status) == ("Boots", ["trigger_type"], "drifted")
    assert pixel.base_values == {"trigger_type": "click"}
    pixels.adopt_theirs(pixel, bob, ["trigger_type"])
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.drift, pixel.base_values) == ("in_sync", [], {})
    assert sandbox.asked("xandr", "update") == 0
    assert not Operation.objects.filter(kind="update").exists()
    assert sync(pixel.connection).updated == 0
    assert Activity.objects.filter(verb="adopted the provider's values of", actor=bob).count() == 2


def test_what_is_adopted_is_what_was_seen(pixel, theirs, bob, sandbox):
    """They have moved on meanwhile, and nobody here has seen that."""
    theirs(pixel, name="Seen")
    sandbox.seed("xandr", [sandbox.held("xandr")[0] | {"name": "Not seen yet"}])
    pixels.adopt_theirs(pixel, bob, ["name"])
    pixel.refresh_from_db()
    assert pixel.name == "Seen"
    theirs(pixel)
    assert sides(pixel, "name") == ("Seen", "Seen", "Not seen yet")


def test_adopting_the_event_changes_the_event(pixel, theirs, bob):
    theirs(pixel, pixel_conversion_event_id=8)
    assert pixel.drift == ["events"]
    pixels.adopt_theirs(pixel, bob, ["events"])
    pixel.refresh_from_db()
    assert (pixel.events, pixel.remote_status) == (["8"], "in_sync")


# -- Restoring ours -------------------------------------------------------------------------------------------


def test_restored_ours_is_sent_and_only_that_field(pixel, theirs, bob, carry_out, sandbox):
    theirs(pixel, name="Boots", trigger_type="hybrid")
    pixels.restore_ours(pixel, bob, ["name"])
    operation = Operation.objects.get(kind="update")
    assert operation.payload == {"name": "Shoes"}
    carry_out()
    pixel.refresh_from_db()
    [held] = sandbox.held("xandr")
    assert (held["name"], held["trigger_type"]) == ("Shoes", "hybrid")
    assert (pixel.drift, pixel.base_values) == (["trigger_type"], {"trigger_type": "click"})


def test_where_it_is_not_taken_over_again_it_is_still_theirs(pixel, theirs, bob, carry_out, answers):
    theirs(pixel, name="Boots")
    answers("Boots")
    pixels.restore_ours(pixel, bob, ["name"])
    carry_out()
    pixel.refresh_from_db()
    assert sides(pixel, "name") == ("Shoes", "Shoes", "Boots")
    assert who_moved(pixel, "name") == "remote"


def test_an_answer_that_got_lost_is_repeated_until_it_is_certain(pixel, theirs, bob, sandbox, no_wait):
    theirs(pixel, name="Boots")
    sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": "update", "fault": "drop", "effect": True})
    pixels.restore_ours(pixel, bob, ["name"])
    deliver.drain(pixel.connection_id, 60)
    no_wait()
    deliver.drain(pixel.connection_id, 60)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_status, held_name(sandbox)) == ("live", "in_sync", "Shoes")


# -- Ignoring, and watching again -----------------------------------------------------------------------------


def test_an_ignored_field_may_differ_as_it_likes(pixel, theirs, bob):
    theirs(pixel, name="Boots")
    pixels.ignore_drift(pixel, bob, ["name"])
    for name in ("Boots", "Sandals"):
        theirs(pixel, name=name)
        assert (pixel.remote_status, pixel.drift, pixel.name) == ("in_sync", [], "Shoes")


def test_another_field_of_the_same_pixel_is_watched_all_the_same(pixel, theirs, bob):
    theirs(pixel, name="Boots")
    pixels.ignore_drift(pixel, bob, ["name"])
    theirs(pixel, trigger_type="hybrid")
    assert (pixel.remote_status, pixel.drift) == ("drifted", ["trigger_type"])


def test_watched_again_it_says_who_moved_since_both_agreed(pixel, theirs, bob):
    theirs(pixel, name="Boots")
    pixels.ignore_drift(pixel, bob, ["name"])
    theirs(pixel, name="Sandals")
    pixels.watch_again(pixel, bob, ["name"])
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.drift) == ("drifted", ["name"])
    assert sides(pixel, "name") == ("Shoes", "Shoes", "Sandals")
    assert who_moved(pixel, "name") == "remote"


def test_watched_again_where_nothing_differs_any_more_nothing_is_said(pixel, theirs, bob):
    theirs(pixel, name="Boots")
    pixels.ignore_drift(pixel, bob, ["name"])
    theirs(pixel, name="Shoes")
    pixels.watch_again(pixel, bob, ["name"])
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.drift, pixel.ignored) == ("in_sync", [], [])


def test_a_change_of_ours_is_sent_though_the_field_is_ignored(pixel, theirs, bob, ours, sandbox):
    theirs(pixel, name="Boots")
    pixels.ignore_drift(pixel, bob, ["name"])
    ours(pixel, name="Ours")
    assert (held_name(sandbox), pixel.remote_status) == ("Ours", "in_sync")


# -- What is not decided --------------------------------------------------------------------------------------


DECISIONS = [pixels.adopt_theirs, pixels.restore_ours, pixels.ignore_drift]


@pytest.mark.parametrize("decide", DECISIONS)
@pytest.mark.parametrize("fields", [[], ["trigger_type"], ["no such field"]])
def test_what_does_not_differ_is_not_decided(pixel, theirs, bob, decide, fields):
    theirs(pixel, name="Boots")
    with pytest.raises(RuleViolation):
        decide(pixel, bob, fields)
    pixel.refresh_from_db()
    assert (pixel.name, pixel.drift, pixel.ignored) == ("Shoes", ["name"], [])
    assert not Operation.objects.open().exists()


@pytest.mark.parametrize("decide", DECISIONS)
def test_a_decision_about_an_old_page_is_refused(pixel, theirs, bob, decide, sandbox):
    """Somebody else has settled it since the page was shown."""
    theirs(pixel, name="Boots")
    shown = Pixel.objects.get()
    pixels.adopt_theirs(pixel, bob, ["name"])
    with pytest.raises(RuleViolation):
        decide(shown, bob, ["name"])
    assert Pixel.objects.get().name == "Boots"
    assert not Operation.objects.open().exists()


@pytest.mark.parametrize("decide", [*DECISIONS, pixels.watch_again])
def test_while_a_change_is_under_way_nothing_is_decided(pixel, theirs, bob, decide):
    theirs(pixel, name="Boots")
    pixels.change_pixel(pixel, bob, {"trigger_type": "hybrid"})
    with pytest.raises(RuleViolation):
        decide(pixel, bob, ["name"])
    assert Operation.objects.open().count() == 1


def test_a_new_pixel_made_elsewhere_agrees_with_itself(xandr, sandbox, sync, theirs):
    sandbox.seed("xandr", [at_xandr(12, pixel_conversion_event_id=8)])
    sync(xandr)
    pixel = Pixel.objects.select_related("connection").get()
    assert (pixel.remote_status, pixel.drift, pixel.base_values) == ("in_sync", [], {})
    theirs(pixel, name="Renamed")
    assert sides(pixel, "name") == ("Elsewhere", "Elsewhere", "Renamed")


# -- While a change of ours waits -----------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [False, True])
def test_a_change_that_waits_is_not_sent_over_theirs_and_a_person_decides(
    pixel, theirs, bob, carry_out, sandbox, browser_of, at, lost
):
    was = pixel.name
    fault = {"fault": "drop"} if lost else {"fault": "status", "code": 503, "body": "html"}
    sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": "update", **fault})
    pixels.change_pixel(pixel, bob, {"name": "Ours"})
    carry_out()
    theirs(pixel, name="Theirs")
    assert (pixel.lifecycle, pixel.name, pixel.drift) == ("live", "Ours", ["name"])
    assert (pixel.base_values["name"], pixel.remote_values["name"], who_moved(pixel, "name")) == (was, "Theirs", "both")
    assert not Operation.objects.open().exists()
    assert Activity.objects.filter(verb="did not send a change, as theirs had changed too:", detail="name").exists()
    page = Page.of(browser_of(bob).get(at("pixel", pixel))).text
    assert "Differs at Xandr" in page and "Ours" in page and "Theirs" in page
    carry_out()
    assert [one["name"] for one in sandbox.held("xandr")] == ["Theirs"]
    pixels.restore_ours(pixel, bob, {"name"})
    carry_out()
    assert [one["name"] for one in sandbox.held("xandr")] == ["Ours"]


def test_a_change_of_another_field_there_stops_nothing(pixel, theirs, bob, carry_out, sandbox):
    sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": "update", "fault": "status", "code": 503})
    pixels.change_pixel(pixel, bob, {"name": "Ours"})
    carry_out()
    theirs(pixel, state="inactive")
    assert Operation.objects.open().exists()


def test_a_change_that_took_effect_is_no_change_of_theirs(pixel, theirs, bob, carry_out, sandbox):
    fault = {"provider": "xandr", "operation": "update", "fault": "drop", "effect": True}
    sandbox.ask("POST", "faults", json=fault)
    pixels.change_pixel(pixel, bob, {"name": "Ours"})
    carry_out()
    theirs(pixel)
    assert Operation.objects.open().exists()


def test_an_edit_sends_what_was_edited_and_leaves_other_differences_alone(
    pixel, theirs, bob, browser_of, at, carry_out, sandbox
):
    theirs(pixel, state="inactive")
    browser = browser_of(bob)
    form = Page.of(browser.get(at("pixel_edit", pixel))).form_with("name")
    browser.post(at("pixel_edit", pixel), {**form.values, "name": "Edited"})
    carry_out()
    [held] = sandbox.held("xandr")
    assert (held["name"], held["state"]) == ("Edited", "inactive")
    pixel.refresh_from_db()
    assert pixel.drift == ["state"]


def test_what_is_decided_is_what_was_shown(pixel, theirs, bob, browser_of, at):
    theirs(pixel, name="Theirs")
    browser = browser_of(bob)
    shown = Page.of(browser.get(at("pixel", pixel))).form_with("shown").values["shown"][0]
    theirs(pixel, name="Theirs again")
    post = {"field": "name", "action": "adopt", "shown": shown}
    page = Page.of(browser.post(at("pixel_drift", pixel), post, follow=True))
    assert "changed meanwhile" in page.text
    pixel.refresh_from_db()
    assert pixel.name != "Theirs again"
    post["shown"] = page.form_with("shown").values["shown"][0]
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
