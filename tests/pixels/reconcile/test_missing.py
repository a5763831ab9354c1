"""A pixel that a list lacks is looked up by its id twice before it counts as gone. Many at once stop the sync."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Activity
from pixels.messages import error_sentence
from pixels.models import Pixel, SyncRun
from pixels.outbox import deliver
from pixels.providers.xandr.client import Xandr
from pixels.reconcile import missing, pull
from pixels.services import connections, pixels
from tests.pixels.elsewhere import delete
from tests.pixels.page import Page


@pytest.fixture
def seeded(xandr, sandbox, sync):
    """Twenty pixels made elsewhere and brought in by a sync."""

    def make(count=20):
        sandbox.seed("xandr", [pixel(number) for number in range(100, 100 + count)])
        assert sync(xandr).created == count
        return count

    return make


def pixel(number):
    return {"id": number, "name": f"Pixel {number}", "advertiser_id": 2, "state": "active", "trigger_type": "click"}


@pytest.fixture
def look(settings):
    def run(*, later=True):
        for pk in missing.due(100):
            missing.check(pk)
        settings.QUIET_TIME = 0 if later else 60

    return run


def remotes():
    return sorted(set(Pixel.objects.values_list("remote_status", flat=True)))


def test_a_pixel_is_gone_after_two_look_ups_that_are_far_enough_apart(
    xandr, seeded, sandbox, sync, look, browser_of, vera, at
):
    seeded()
    delete(sandbox, 105)
    run = sync(xandr)
    assert (run.state, run.missing) == ("done", 1)
    one = Pixel.objects.get(remote_id="105")
    assert one.remote_status == "absent"
    look(later=False)
    look(later=False)
    one.refresh_from_db()
    assert one.missed_at and one.remote_status == "absent"  # not yet a minute
    look()
    look()
    one.refresh_from_db()
    assert one.remote_status == "gone"
    assert missing.due(10) == []
    page = Page.of(browser_of(vera).get(at("pixel", one)))
    assert "Deleted at Xandr outside PixelHub" in page.text
    assert "was deleted at the provider" in Page.of(browser_of(vera).get(at("overview"))).text
    assert sync(xandr).missing == 1  # and it stays so


def test_a_pixel_that_the_list_only_missed_is_found_by_its_id(xandr, seeded, sandbox, sync, look):
    seeded()
    rule = {"provider": "xandr", "operation": "list", "fault": "missing_items", "count": None}
    sandbox.ask("POST", "faults", json=rule)
    run = sync(xandr)
    assert run.state == "failed"  # shorter than it says: nothing is marked
    assert remotes() == ["in_sync"]
    Pixel.objects.filter(remote_id="105").update(remote_status="absent", absent_at=timezone.now())
    look()
    assert remotes() == ["in_sync"]
    assert Pixel.objects.get(remote_id="105").missed_at is None


@pytest.fixture
def look_after(time):
    """A function that looks up the missing pixels, so many seconds later."""

    def run(seconds):
        time.pass_by(seconds)
        for account in missing.due(100):
            missing.check(account)

    return run


@pytest.mark.parametrize("is_there", [True, False])
def test_an_answer_about_a_pixel_that_was_deleted_here_meanwhile_is_not_noted(
    xandr, seeded, sandbox, sync, monkeypatch, bob, look_after, is_there
):
    seeded()
    Pixel.objects.filter(remote_id="105").update(remote_status="absent", absent_at=timezone.now())
    one, real = Pixel.objects.get(remote_id="105"), Xandr.read_pixels

    def answered(*args):
        answers = {remote_id: remote if is_there else None for remote_id, remote in real(*args)}
        pixels.delete_pixel(one, bob)
        deliver.drain(xandr.pk, 60)
        return answers.items()

    monkeypatch.setattr(Xandr, "read_pixels", answered)
    look_after(0)
    one.refresh_from_db()
    assert (one.lifecycle, one.remote_status, one.missed_at) == ("deleted", "gone", None)


@pytest.mark.parametrize("found_by", ["a list", "a look"])
def test_a_pixel_that_came_back_has_to_be_missed_twice_again(
    xandr, seeded, sandbox, sync, look_after, settings, found_by
):
    """How long ago it was first missed does not matter, since it existed in between."""
    settings.QUIET_TIME = 60
    seeded()
    delete(sandbox, 105)
    sync(xandr)
    look_after(0)
    one = Pixel.objects.get(remote_id="105")
    assert one.missed_at
    sandbox.seed("xandr", [pixel(105)])
    sync(xandr) if found_by == "a list" else look_after(61)
    one.refresh_from_db()
    assert (one.remote_status, one.missed_at, one.absent_at) == ("in_sync", None, None)
    delete(sandbox, 105)
    sync(xandr)
    look_after(3600)
    one.refresh_from_db()
    assert (one.remote_status, one.missed_at is None) == ("absent", False)
    look_after(61)
    one.refresh_from_db()
    assert one.remote_status == "gone"


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "code": 403},
        {"fault": "status", "code": 500},
        {"fault": "throttled"},
        {"fault": "status", "code": 404, "body": "html"},
        {"fault": "drop"},
    ],
)
def test_a_refused_or_broken_look_up_proves_nothing(xandr, seeded, sandbox, sync, look, fault):
    seeded()
    delete(sandbox, 105)
    sync(xandr)
    sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": "read", "count": None, **fault})
    for _ in range(3):
        look()
    assert Pixel.objects.get(remote_id="105").remote_status == "absent"
    assert Pixel.objects.get(remote_id="105").missed_at is None


@pytest.mark.parametrize(("count", "deleted", "state"), [(20, 4, "done"), (20, 5, "stopped"), (80, 8, "done")])
def test_many_missing_pixels_stop_the_sync(xandr, seeded, sandbox, sync, count, deleted, state):
    seeded(count)
    delete(sandbox, *range(100, 100 + deleted))
    run = sync(xandr)
    assert run.state == state
    assert Pixel.objects.filter(remote_status="absent").count() == (deleted if state == "done" else 0)


def test_a_persons_confirmation_lets_the_sync_go_on(xandr, seeded, sandbox, sync, browser_of, bob, vera, at, carry_out):
    seeded()
    delete(sandbox, *range(100, 110))
    run = sync(xandr)
    assert error_sentence(run) == "10 of 20 pixels are not in Xandr's list any more. Nothing was marked."
    assert "Sync stopped" in Page.of(browser_of(vera).get(at("overview"))).text
    page = Page.of(browser_of(bob).get(at("connection", xandr)))
    assert "They are gone" in page.text and "10 of 20" in page.text
    assert "Among them: Pixel 10" in page.text
    they_are_gone = reverse("connection_gone", args=[xandr.team.slug, xandr.pk, run.pk])
    assert they_are_gone in page.html
    assert browser_of(vera).post(they_are_gone).status_code == 403
    browser_of(bob).post(they_are_gone)
    carry_out()
    assert SyncRun.objects.order_by("-pk").first().state == "done"
    assert Pixel.objects.filter(remote_status="absent").count() == 10
    assert Activity.objects.filter(code="connection.gone_confirmed", actor=bob).exists()
    assert "Sync stopped" not in Page.of(browser_of(vera).get(at("overview"))).text


def test_more_than_a_person_has_confirmed_stops_it_again(xandr, seeded, sandbox, sync, bob):
    seeded()
    delete(sandbox, *range(100, 110))
    shown = sync(xandr)
    assert (shown.state, shown.lacking) == ("stopped", 10)
    delete(sandbox, 110)
    run = connections.sync_now(xandr, bob, stopped=shown)
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.lacking, remotes()) == ("stopped", 11, ["in_sync"])
    assert error_sentence(run) == "11 of 20 pixels are not in Xandr's list any more. Nothing was marked."
    confirmed = connections.sync_now(xandr, bob, stopped=run)
    pull.pull(confirmed.pk)
    confirmed.refresh_from_db()
    assert (confirmed.state, confirmed.missing) == ("done", 11)


def test_an_empty_list_of_a_full_account_stops_the_sync(xandr, seeded, sandbox, sync):
    seeded()
    sandbox.ask("POST", "reset")
    assert sync(xandr).state == "stopped"
    assert remotes() == ["in_sync"]


def test_an_account_of_three_pixels_may_lose_them_all(xandr, seeded, sandbox, sync):
    seeded(3)
    delete(sandbox, 100, 101, 102)
    run = sync(xandr)
    assert (run.state, run.missing) == ("done", 3)
