"""A pull brings in pixels made elsewhere, shows differences, and keeps local values."""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Activity
from pixels import snippets
from pixels.models import AdAccount, Operation, Pixel, SyncRun
from pixels.outbox import claim, deliver
from pixels.providers.values import AdAccountRef
from pixels.reconcile import runs
from pixels.services import connections, pixels
from tests.pixels.elsewhere import JS, at_pitchtarget, at_xandr
from tests.pixels.page import Page


def test_pixels_made_elsewhere_are_adopted_with_their_snippets(pitchtarget, xandr, sandbox, sync):
    sandbox.seed("pitchtarget", [at_pitchtarget("11")], ad_account="9")
    sandbox.seed("xandr", [at_xandr(12, pixel_conversion_event_id=8, code="theirs")])
    for connection in (pitchtarget, xandr):
        run = sync(connection)
        assert (run.state, run.seen, run.created, run.missing) == ("done", 1, 1, 0)
    theirs, ours = Pixel.objects.get(remote_id="11"), Pixel.objects.get(remote_id="12")
    for pixel in (theirs, ours):
        assert (pixel.lifecycle, pixel.remote_status, pixel.name, pixel.website) == (
            "live",
            "in_sync",
            "Elsewhere",
            None,
        )
        assert pixel.created_by is None
    assert (theirs.events, theirs.remote_state) == (["LEAD"], "Active")
    assert [one.snippet.body for one in snippets.shown(theirs)] == [JS]
    assert (ours.events, ours.options["code"], ours.options["trigger_type"]) == (["8"], "theirs", "hybrid")
    assert [one.snippet.slug for one in snippets.shown(ours)] == ["image", "script"]
    assert not Operation.objects.exists()


def test_the_samples_of_2010_are_adopted_too(connect, sandbox, sync):
    connection = connect("xandr", ad_account=AdAccountRef(id="8"))
    sandbox.seed("xandr", [{"id": 17, "advertiser_id": 8, "name": "Old", "state": "active", "trigger_type": "click"}])
    sandbox.switch(xandr_2010=True)
    assert sync(connection).created == 1
    assert (Pixel.objects.get().name, Pixel.objects.get().remote_id) == ("Old", "17")


@pytest.mark.parametrize("provider", ["pitchtarget", "xandr"])
def test_a_second_pull_writes_nothing(connect, live, sandbox, sync, provider):
    connection = connect(provider)
    live(connection, "Ours")
    if provider == "xandr":
        sandbox.seed("xandr", [at_xandr(100 + n, f"Theirs {n}") for n in range(30)])
    else:
        sandbox.seed("pitchtarget", [at_pitchtarget(str(n), f"Theirs {n}") for n in range(30)], ad_account="9")
    assert sync(connection).created == 30
    before = list(Pixel.objects.order_by("pk").values())
    with CaptureQueriesContext(database) as queries:
        run = sync(connection)
    assert (run.state, run.created, run.updated, run.unchanged) == ("done", 0, 0, 31)
    assert list(Pixel.objects.order_by("pk").values()) == before
    writes = [q["sql"] for q in queries if q["sql"].split(" ")[0] in ("INSERT", "UPDATE", "DELETE")]
    assert not [sql for sql in writes if "pixels_pixel" in sql or "pixels_snippet" in sql]


def test_hundreds_come_page_by_page_with_a_bounded_number_of_queries(
    xandr, sandbox, sync, django_assert_max_num_queries
):
    sandbox.seed("xandr", [at_xandr(1000 + n, f"Pixel {n}") for n in range(250)])
    with django_assert_max_num_queries(90):
        run = sync(xandr)
    assert (run.state, run.pages, run.seen, run.total, run.created) == ("done", 3, 250, 250, 250)
    assert Pixel.objects.count() == 250


def test_a_difference_makes_a_pixel_drifted_and_our_values_stay(browser_of, vera, at, xandr, live, sandbox, sync):
    pixel = live(xandr, "Ours", options={"post_click_expire_mins": None})
    [held] = sandbox.held("xandr")
    sandbox.seed("xandr", [held | {"name": "Theirs", "trigger_type": "view", "post_click_expire_mins": 0}])
    run = sync(xandr)
    assert (run.updated, run.unchanged) == (1, 0)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_status, pixel.drift) == ("live", "drifted", ["name", "trigger_type"])
    assert (pixel.name, pixel.options["trigger_type"]) == ("Ours", "click")
    page = Page.of(browser_of(vera).get(at("pixel", pixel))).text
    assert "Drifted" in page
    assert "Theirs" in page

    sandbox.seed("xandr", [held])
    sync(xandr)
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.drift) == ("in_sync", [])


def test_what_the_provider_fills_in_by_itself_is_no_difference(xandr, live, sandbox, sync):
    pixel = live(xandr)
    [held] = sandbox.held("xandr")
    line_item = {"id": 1, "name": "Spring", "state": "active", "advertiser_id": 2, "pixel_ids": [held["id"]]}
    sandbox.seed("xandr", [held], line_items=[line_item])
    sync(xandr)
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.drift) == ("in_sync", [])


def test_a_pixel_that_a_list_lacks_is_only_marked_absent_and_may_come_back(
    browser_of, vera, at, pitchtarget, live, sandbox, sync
):
    pixel = live(pitchtarget)
    held = sandbox.held("pitchtarget")
    sandbox.ask("POST", "reset")
    run = sync(pitchtarget)
    assert (run.state, run.missing) == ("done", 1)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_status) == ("live", "absent")
    assert pixel.snippets.count() == 1
    browser = browser_of(vera)
    assert "Not in the last list" in Page.of(browser.get(at("pixel", pixel))).text
    assert "was not in the last list" in Page.of(browser.get(at("overview"))).text
    assert sync(pitchtarget).missing == 1

    sandbox.seed("pitchtarget", held, ad_account="9")
    run = sync(pitchtarget)
    pixel.refresh_from_db()
    assert (pixel.remote_status, run.missing) == ("in_sync", 0)


def test_a_pixel_made_while_the_list_is_read_is_not_missing(xandr, live, sandbox, while_listing, sync):
    live(xandr, "First")
    while_listing(lambda: live(xandr, "Second"), page=1)
    run = sync(xandr)
    assert (run.state, run.seen, run.missing) == ("done", 1, 0)
    assert Pixel.objects.filter(remote_status="in_sync").count() == 2


def test_a_pixel_asked_for_before_and_made_while_the_list_is_read_is_not_missing(
    xandr, live, promise, sandbox, while_listing, sync
):
    live(xandr, "First")
    pixel = promise(xandr, "Second")
    while_listing(lambda: deliver.deliver(claim.due(1)[0]), page=1)
    run = sync(xandr)
    pixel.refresh_from_db()
    assert (run.missing, pixel.lifecycle, pixel.remote_status) == (0, "live", "in_sync")


def test_a_change_made_here_while_the_list_is_read_is_newer_than_the_list(
    xandr, live, bob, sandbox, while_listing, sync, carry_out
):
    pixel = live(xandr, "Old")

    def changed():
        pixels.change_pixel(pixel, bob, {"name": "New"})
        for due in claim.due(10):
            deliver.deliver(due)

    while_listing(changed, page=1)
    sync(xandr)
    pixel.refresh_from_db()
    assert (pixel.name, pixel.remote_status, pixel.remote_values["name"]) == ("New", "in_sync", "New")


def test_both_ad_accounts_are_read_and_kept_apart(alice, pitchtarget, sandbox, sync):
    connections.add_ad_accounts(pitchtarget, alice, [AdAccountRef(id="8")])
    sandbox.seed("pitchtarget", [at_pitchtarget("1", "Same")], ad_account="9")
    sandbox.seed("pitchtarget", [at_pitchtarget("2", "Same"), at_pitchtarget("3", "Other")], ad_account="8")
    run = sync(pitchtarget)
    assert (run.seen, run.created) == (3, 3)
    found = {account.remote_id: account.pixels.count() for account in AdAccount.objects.all()}
    assert found == {"9": 1, "8": 2}
    assert AdAccount.objects.filter(listed_at=None).count() == 0


def test_progress_counts_all_ad_accounts(alice, xandr, sandbox, sync):
    connections.add_ad_accounts(xandr, alice, [AdAccountRef(id="8")])
    sandbox.seed("xandr", [at_xandr(n) for n in range(1, 4)])
    sandbox.seed("xandr", [at_xandr(n) | {"advertiser_id": 8} for n in range(4, 6)])
    run = sync(xandr)
    assert (run.seen, run.total) == (5, 5)


def test_each_team_has_its_own_rows_of_the_same_objects(charlie, pitchtarget, sandbox, sync):
    rival = charlie.memberships.get().team
    theirs = connections.connect(
        rival, charlie, provider="pitchtarget", environment="sandbox",
        credentials={"token": "sandbox-token"}, ad_account=AdAccountRef(id="9"),
    )  # fmt: skip
    sandbox.seed("pitchtarget", [at_pitchtarget("1")], ad_account="9")
    sync(pitchtarget), sync(theirs)
    assert Pixel.objects.for_team(pitchtarget.team).count() == Pixel.objects.for_team(rival).count() == 1


# Asking for one, and the schedule


def test_sync_now_opens_one_run_per_connection(browser_of, bob, at, xandr, pitchtarget, sandbox):
    browser = browser_of(bob)
    for _ in range(3):
        assert browser.post(at("connection_sync", xandr)).url == at("connection", xandr)
    browser.post(at("connection_sync", pitchtarget))
    assert SyncRun.objects.count() == 2
    assert Activity.objects.filter(code="connection.sync_started", actor=bob).count() == 2
    [line] = SyncRun.objects.filter(connection=xandr)
    assert line.requested_by == bob


def test_the_page_shows_progress_and_the_history(browser_of, vera, at, xandr, sandbox, sync):
    browser = browser_of(vera)
    connections.sync_now(xandr, None)
    assert "0 pixels read" in Page.of(browser.get(at("connection", xandr))).text
    sandbox.seed("xandr", [at_xandr(1)])
    sync(xandr)
    page = Page.of(browser.get(at("connection", xandr)))
    assert "Done" in page.text
    assert "pixels read" not in page.text


def test_a_viewer_starts_no_sync_and_easyflow_has_none(browser_of, vera, bob, at, xandr, easyflow, sandbox):
    assert browser_of(vera).post(at("connection_sync", xandr)).status_code == 403
    response = browser_of(bob).post(at("connection_sync", easyflow), follow=True)
    assert "no way to read pixels back" in Page.of(response).text
    assert not SyncRun.objects.exists()


def test_the_schedule_asks_each_connection_that_can_be_listed_now_and_then(
    connect, xandr, easyflow, sandbox, settings, carry_out
):
    away, paused = connect("pitchtarget"), connect("pitchtarget")
    type(away).objects.filter(pk=away.pk).update(
        circuit_open_until=timezone.now() + timedelta(seconds=30), test="works"
    )
    type(paused).objects.filter(pk=paused.pk).update(paused_at=timezone.now(), test="refused")
    assert [run.connection for run in runs.schedule(10)] == [xandr]
    assert runs.schedule(10) == []
    carry_out()
    assert runs.schedule(10) == []
    SyncRun.objects.update(created_at=timezone.now() - timedelta(seconds=settings.SYNC_INTERVAL + 1))
    assert [run.connection for run in runs.schedule(10)] == [xandr]


def test_saving_a_drifted_pixel_as_it_is_sends_nothing(browser_of, bob, at, xandr, live, sandbox, sync, carry_out):
    """What becomes of the difference is decided beside it."""
    pixel = live(xandr, "Shoes")
    [held] = sandbox.held("xandr")
    sandbox.seed("xandr", [held | {"name": "Theirs", "post_click_value": 3}])
    sync(xandr)
    pixel.refresh_from_db()
    assert (pixel.name, pixel.remote_status) == ("Shoes", "drifted")
    browser = browser_of(bob)
    values = Page.of(browser.get(at("pixel_edit", pixel))).form_with("version").values
    page = Page.of(browser.post(at("pixel_edit", pixel), values, follow=True))
    assert "Nothing was changed" in page.text
    carry_out()
    pixel.refresh_from_db()
    assert (pixel.name, pixel.remote_status, pixel.drift) == ("Shoes", "drifted", ["name", "post_click_value"])
    [held] = sandbox.held("xandr")
    assert (held["name"], held["post_click_value"]) == ("Theirs", 3)
