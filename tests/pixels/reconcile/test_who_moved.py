"""Which side of a differing field has changed since the base value, and what is no difference at all."""

from pixels.models import Pixel
from pixels.reconcile.compare import who_moved
from tests.pixels.elsewhere import at_xandr
from tests.pixels.reconcile.sides import sides

FILLED_IN = {"last_modified": "2026-11-01 10:00:00", "created_on": "2026-10-01 10:00:00", "campaigns": None}


# -- Who moved ------------------------------------------------------------------------------------------------


def test_a_pixel_that_was_never_touched_has_no_sides(pixel):
    assert (pixel.remote_status, pixel.drift, pixel.base_values) == ("in_sync", [], {})


def test_a_change_at_xandr_moved_the_remote_side(pixel, change_at_xandr):
    change_at_xandr(pixel, name="Boots")
    assert (pixel.remote_status, pixel.drift) == ("drifted", ["name"])
    assert sides(pixel, "name") == ("Shoes", "Shoes", "Boots")
    assert who_moved(pixel, "name") == "remote"


def test_a_change_that_was_accepted_but_not_applied_moved_the_local_side(pixel, change_here, answers):
    answers("Shoes")
    change_here(pixel, name="Boots")
    assert (pixel.remote_status, pixel.drift) == ("drifted", ["name"])
    assert sides(pixel, "name") == ("Shoes", "Boots", "Shoes")
    assert who_moved(pixel, "name") == "local"


def test_changes_on_both_sides_are_a_conflict(pixel, change_at_xandr, change_here, answers):
    change_at_xandr(pixel, name="Theirs")
    answers("Theirs")
    change_here(pixel, name="Ours")
    assert sides(pixel, "name") == ("Shoes", "Ours", "Theirs")
    assert who_moved(pixel, "name") == "both"


def test_each_field_has_its_own_answer(pixel, change_at_xandr, change_here, answers):
    change_at_xandr(pixel, trigger_type="hybrid")
    answers("Shoes")
    change_here(pixel, name="Boots")
    assert {field: who_moved(pixel, field) for field in pixel.drift} == {"name": "local", "trigger_type": "remote"}


def test_the_agreed_value_stays_through_further_moves(pixel, change_at_xandr):
    for name in ("One", "Two", "Three"):
        change_at_xandr(pixel, name=name)
        assert sides(pixel, "name") == ("Shoes", "Shoes", name)
        assert who_moved(pixel, "name") == "remote"


def test_when_the_remote_side_goes_back_there_is_no_drift_and_no_base(pixel, change_at_xandr):
    change_at_xandr(pixel, name="Boots")
    change_at_xandr(pixel, name="Shoes")
    assert (pixel.remote_status, pixel.drift, pixel.base_values) == ("in_sync", [], {})


def test_when_both_sides_reach_the_same_value_there_is_no_drift(pixel, change_at_xandr, change_here):
    change_at_xandr(pixel, name="Boots")
    change_here(pixel, name="Boots")
    assert (pixel.remote_status, pixel.drift, pixel.base_values) == ("in_sync", [], {})


def test_a_change_that_was_taken_over_moves_what_is_agreed(pixel, change_at_xandr, change_here):
    change_here(pixel, name="Boots")
    assert (pixel.remote_status, pixel.base_values) == ("in_sync", {})
    change_at_xandr(pixel, name="Shoes")  # somebody at Xandr sets the old name again
    assert sides(pixel, "name") == ("Boots", "Boots", "Shoes")
    assert who_moved(pixel, "name") == "remote"


def test_a_change_that_was_not_applied_is_seen_by_the_next_sync(pixel, change_here, answers, sandbox, sync):
    """Xandr's answer does not hold the name and reading back fails; the list shows it."""
    answers(None)
    sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": "read", "fault": "status", "code": 500})
    change_here(pixel, name="Boots")
    sandbox.seed("xandr", [sandbox.held("xandr")[0] | {"name": "Shoes"}])
    sync(pixel.connection)
    pixel.refresh_from_db()
    assert sides(pixel, "name") == ("Shoes", "Boots", "Shoes")
    assert who_moved(pixel, "name") == "local"


def test_a_change_that_xandr_affirms_and_does_not_carry_out_is_drift(pixel, change_here, sandbox, sync):
    """Afterwards its list is exactly as before the change."""
    sync(pixel.connection)
    before = sandbox.held("xandr")
    change_here(pixel, name="Boots")
    assert (pixel.name, pixel.remote_status) == ("Boots", "in_sync")  # as the answer says
    sandbox.seed("xandr", before)
    run = sync(pixel.connection)
    pixel.refresh_from_db()
    assert (run.updated, pixel.name, pixel.remote_status, pixel.drift) == (1, "Boots", "drifted", ["name"])
    assert sides(pixel, "name") == ("Boots", "Boots", "Shoes")


def test_a_change_that_was_refused_moves_nobody(pixel, change_here, sandbox, bob, carry_out):
    refusal = {"provider": "xandr", "operation": "update", "fault": "status", "code": 400}
    sandbox.ask("POST", "faults", json=refusal)
    change_here(pixel, name="Boots")
    assert (pixel.name, pixel.error_code, pixel.base_values) == ("Shoes", "refused", {})
    assert pixel.remote_status == "in_sync"


# -- What is no difference ------------------------------------------------------------------------------------


def test_values_that_xandr_fills_in_are_no_drift_and_not_counted(pixel, change_at_xandr, sandbox):
    issued = pixel.snippets.count()
    run = change_at_xandr(pixel, **FILLED_IN)
    assert (run.updated, run.unchanged) == (0, 1)
    assert (pixel.remote_status, pixel.drift, pixel.snippets.count()) == ("in_sync", [], issued)
    item = {"id": 1, "name": "Spring", "state": "active", "advertiser_id": 2, "pixel_ids": [int(pixel.remote_id)]}
    sandbox.seed("xandr", sandbox.held("xandr"), line_items=[item])
    run = change_at_xandr(pixel)
    assert (run.updated, run.unchanged, pixel.remote_status) == (0, 1, "in_sync")


def test_other_spellings_of_a_value_are_no_drift(xandr, live, change_at_xandr):
    pixel = live(xandr, options={"post_click_expire_mins": None, "post_click_value": 3})
    change_at_xandr(pixel, post_click_expire_mins=0, post_click_value="3.0")
    assert (pixel.remote_status, pixel.drift) == ("in_sync", [])


def test_an_unknown_field_is_no_drift(pixel, change_at_xandr):
    change_at_xandr(pixel, something_new={"of": ["2027"]})
    assert (pixel.remote_status, pixel.drift) == ("in_sync", [])


def test_a_new_pixel_made_elsewhere_agrees_with_itself(xandr, sandbox, sync, change_at_xandr):
    sandbox.seed("xandr", [at_xandr(12, pixel_conversion_event_id=8)])
    sync(xandr)
    pixel = Pixel.objects.select_related("connection").get()
    assert (pixel.remote_status, pixel.drift, pixel.base_values) == ("in_sync", [], {})
    change_at_xandr(pixel, name="Renamed")
    assert sides(pixel, "name") == ("Elsewhere", "Elsewhere", "Renamed")
