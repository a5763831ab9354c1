"""What a person decides about a field that differs: adopt the remote value, restore the local one, ignore, watch
again."""

import pytest

from accounts.models import Activity
from accounts.services import RuleViolation
from pixels.models import Operation, Pixel
from pixels.outbox import deliver
from pixels.reconcile.compare import who_moved
from pixels.services import pixels
from tests.pixels.reconcile.sides import sides


def held_name(sandbox):
    return sandbox.held("xandr")[0]["name"]


# -- Adopting the remote value ----------------------------------------------------------------------------------


def test_adopting_takes_the_remote_value_and_sends_nothing(pixel, change_at_xandr, bob, sandbox, sync):
    change_at_xandr(pixel, name="Boots", trigger_type="hybrid")
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
    assert Activity.objects.filter(code="pixel.theirs_adopted", actor=bob).count() == 2


def test_adopting_takes_the_value_that_was_shown(pixel, change_at_xandr, bob, sandbox):
    """The remote value has changed again since the page was shown."""
    change_at_xandr(pixel, name="Seen")
    sandbox.seed("xandr", [sandbox.held("xandr")[0] | {"name": "Not seen yet"}])
    pixels.adopt_theirs(pixel, bob, ["name"])
    pixel.refresh_from_db()
    assert pixel.name == "Seen"
    change_at_xandr(pixel)
    assert sides(pixel, "name") == ("Seen", "Seen", "Not seen yet")


def test_adopting_the_event_changes_the_event(pixel, change_at_xandr, bob):
    change_at_xandr(pixel, pixel_conversion_event_id=8)
    assert pixel.drift == ["events"]
    pixels.adopt_theirs(pixel, bob, ["events"])
    pixel.refresh_from_db()
    assert (pixel.events, pixel.remote_status) == (["8"], "in_sync")


# -- Restoring the local value ----------------------------------------------------------------------------------


def test_restoring_sends_the_local_value_of_that_field_only(pixel, change_at_xandr, bob, carry_out, sandbox):
    change_at_xandr(pixel, name="Boots", trigger_type="hybrid")
    pixels.restore_ours(pixel, bob, ["name"])
    operation = Operation.objects.get(kind="update")
    assert operation.payload == {"name": "Shoes"}
    carry_out()
    pixel.refresh_from_db()
    [held] = sandbox.held("xandr")
    assert (held["name"], held["trigger_type"]) == ("Shoes", "hybrid")
    assert (pixel.drift, pixel.base_values) == (["trigger_type"], {"trigger_type": "click"})


def test_a_restore_that_the_provider_ignores_leaves_the_difference(pixel, change_at_xandr, bob, carry_out, answers):
    change_at_xandr(pixel, name="Boots")
    answers("Boots")
    pixels.restore_ours(pixel, bob, ["name"])
    carry_out()
    pixel.refresh_from_db()
    assert sides(pixel, "name") == ("Shoes", "Shoes", "Boots")
    assert who_moved(pixel, "name") == "remote"


def test_an_answer_that_got_lost_is_repeated_until_it_is_certain(pixel, change_at_xandr, bob, sandbox, no_wait):
    change_at_xandr(pixel, name="Boots")
    sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": "update", "fault": "drop", "effect": True})
    pixels.restore_ours(pixel, bob, ["name"])
    deliver.drain(pixel.connection_id, 60)
    no_wait()
    deliver.drain(pixel.connection_id, 60)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_status, held_name(sandbox)) == ("live", "in_sync", "Shoes")


# -- Ignoring, and watching again -----------------------------------------------------------------------------


def test_an_ignored_field_may_differ_as_it_likes(pixel, change_at_xandr, bob):
    change_at_xandr(pixel, name="Boots")
    pixels.ignore_drift(pixel, bob, ["name"])
    for name in ("Boots", "Sandals"):
        change_at_xandr(pixel, name=name)
        assert (pixel.remote_status, pixel.drift, pixel.name) == ("in_sync", [], "Shoes")


def test_another_field_of_the_same_pixel_is_watched_all_the_same(pixel, change_at_xandr, bob):
    change_at_xandr(pixel, name="Boots")
    pixels.ignore_drift(pixel, bob, ["name"])
    change_at_xandr(pixel, trigger_type="hybrid")
    assert (pixel.remote_status, pixel.drift) == ("drifted", ["trigger_type"])


def test_a_field_that_is_watched_again_shows_who_moved_since_the_base(pixel, change_at_xandr, bob):
    change_at_xandr(pixel, name="Boots")
    pixels.ignore_drift(pixel, bob, ["name"])
    change_at_xandr(pixel, name="Sandals")
    pixels.watch_again(pixel, bob, ["name"])
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.drift) == ("drifted", ["name"])
    assert sides(pixel, "name") == ("Shoes", "Shoes", "Sandals")
    assert who_moved(pixel, "name") == "remote"


def test_a_field_that_is_watched_again_and_equal_shows_nothing(pixel, change_at_xandr, bob):
    change_at_xandr(pixel, name="Boots")
    pixels.ignore_drift(pixel, bob, ["name"])
    change_at_xandr(pixel, name="Shoes")
    pixels.watch_again(pixel, bob, ["name"])
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.drift, pixel.ignored) == ("in_sync", [], [])


def test_a_local_change_of_an_ignored_field_is_sent(pixel, change_at_xandr, bob, change_here, sandbox):
    change_at_xandr(pixel, name="Boots")
    pixels.ignore_drift(pixel, bob, ["name"])
    change_here(pixel, name="Ours")
    assert (held_name(sandbox), pixel.remote_status) == ("Ours", "in_sync")


# -- What is not decided --------------------------------------------------------------------------------------


DECISIONS = [pixels.adopt_theirs, pixels.restore_ours, pixels.ignore_drift]


@pytest.mark.parametrize("decide", DECISIONS)
@pytest.mark.parametrize("fields", [[], ["trigger_type"], ["no such field"]])
def test_a_decision_about_a_field_that_does_not_differ_is_refused(pixel, change_at_xandr, bob, decide, fields):
    change_at_xandr(pixel, name="Boots")
    with pytest.raises(RuleViolation):
        decide(pixel, bob, fields)
    pixel.refresh_from_db()
    assert (pixel.name, pixel.drift, pixel.ignored) == ("Shoes", ["name"], [])
    assert not Operation.objects.open().exists()


@pytest.mark.parametrize("decide", DECISIONS)
def test_a_decision_about_an_old_page_is_refused(pixel, change_at_xandr, bob, decide, sandbox):
    """Somebody else has decided since the page was shown."""
    change_at_xandr(pixel, name="Boots")
    shown = Pixel.objects.get()
    pixels.adopt_theirs(pixel, bob, ["name"])
    with pytest.raises(RuleViolation):
        decide(shown, bob, ["name"])
    assert Pixel.objects.get().name == "Boots"
    assert not Operation.objects.open().exists()


@pytest.mark.parametrize("decide", [*DECISIONS, pixels.watch_again])
def test_while_a_change_is_under_way_nothing_is_decided(pixel, change_at_xandr, bob, decide):
    change_at_xandr(pixel, name="Boots")
    pixels.change_pixel(pixel, bob, {"trigger_type": "hybrid"})
    with pytest.raises(RuleViolation):
        decide(pixel, bob, ["name"])
    assert Operation.objects.open().count() == 1
