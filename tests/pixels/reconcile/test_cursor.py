"""A sync that is interrupted by a wait, the end of its task's time or its worker's death continues from its cursor."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services import RuleViolation
from pixels import queue, tasks
from pixels.messages import error_sentence
from pixels.models import Pixel, SyncRun
from pixels.outbox import deliver
from pixels.providers.values import AdAccountRef
from pixels.reconcile import listing, pull, runs
from pixels.services import connections, pixels
from tests.pixels.conftest import dies
from tests.pixels.elsewhere import at_pitchtarget, at_xandr, delete
from tests.pixels.page import Page

KNOWN = range(1, 251)


@pytest.fixture(autouse=True)
def page_by_page(monkeypatch):
    """Write each page to the rows by itself; otherwise a pull takes several pages at a time."""
    monkeypatch.setattr(listing, "BATCH", 100)


@pytest.fixture
def throttled(sandbox):
    """`throttled(n)`: instead of page n of a list (from 1), Xandr asks to wait for a minute."""

    def at(number):
        rule = {"provider": "xandr", "operation": "list", "fault": "throttled", "seconds": 60, "skip": number - 1}
        sandbox.ask("POST", "faults", json=rule)

    return at


@pytest.fixture
def fifty_are_new(xandr, sandbox, sync):
    """Xandr held 250 pixels, all known here. Since then 50 were made, and the 7th and the 205th were deleted."""
    sandbox.seed("xandr", [at_xandr(number, f"Pixel {number}") for number in KNOWN])
    assert sync(xandr).created == 250
    sandbox.seed("xandr", [at_xandr(number, f"New {number}") for number in range(1001, 1051)])
    delete(sandbox, 7, 205)
    return xandr


def absent():
    return sorted(Pixel.objects.filter(remote_status="absent").values_list("remote_id", flat=True))


def result(run):
    run.refresh_from_db()
    return run.state, run.seen, run.created, run.updated, run.unchanged, run.missing, run.total


RIGHT = ("done", 298, 50, 0, 248, 2, 298)


def test_a_sync_without_an_interruption_reads_everything(fifty_are_new, sync):
    assert result(sync(fifty_are_new)) == RIGHT
    assert absent() == ["205", "7"]


# -- A wait ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 3])
def test_after_a_wait_a_sync_continues_from_its_cursor(fifty_are_new, sandbox, throttled, go_on, number):
    asked = sandbox.asked("xandr", "list")
    throttled(number)
    run = connections.sync_now(fifty_are_new, None)
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.seen, run.waits) == ("queued", 100 * (number - 1), 1)
    go_on(run)
    assert result(run) == RIGHT
    assert absent() == ["205", "7"]  # judged by the whole list, not only by the pages after the wait
    assert sandbox.asked("xandr", "list") - asked == 3 + 1  # each page once, and the refusal
    assert (run.cursor, run.seen_ids) == (None, None)


def test_a_sync_with_a_wait_at_every_page_reads_each_page_once(fifty_are_new, sandbox, go_on):
    for skip in (0, 1, 1):
        rule = {"provider": "xandr", "operation": "list", "fault": "throttled", "seconds": 60, "skip": skip}
        sandbox.ask("POST", "faults", json=rule)
    run = connections.sync_now(fifty_are_new, None)
    go_on(run)
    assert result(run) == RIGHT
    assert run.waits >= 2
    assert absent() == ["205", "7"]


def test_our_own_rate_limit_suspends_a_sync_like_a_providers(fifty_are_new, go_on, settings, sandbox):
    settings.XANDR_READS = 2
    run = connections.sync_now(fifty_are_new, None)
    go_on(run)
    assert result(run) == RIGHT
    assert run.waits >= 2
    assert absent() == ["205", "7"]
    assert sandbox.ask("GET", "requests")["answers"]["xandr"].get("list 429", 0) == 0


def test_pages_read_before_a_wait_are_already_stored(xandr, sandbox, throttled):
    sandbox.seed("xandr", [at_xandr(number) for number in KNOWN])
    throttled(3)
    pull.pull(connections.sync_now(xandr, None).pk)
    assert Pixel.objects.count() == 200


def test_nothing_is_missing_before_the_list_has_ended(fifty_are_new, throttled):
    throttled(3)
    pull.pull(connections.sync_now(fifty_are_new, None).pk)
    assert absent() == []


# -- The end of a task's time ---------------------------------------------------------------------------------


def test_when_a_task_has_used_its_time_another_one_continues_at_once(fifty_are_new, settings, sandbox, monkeypatch):
    settings.TASK_LIMIT = 0
    said = []
    monkeypatch.setattr(queue, "publish", lambda task, row_id, expires=None: said.append(row_id) or True)
    asked = sandbox.asked("xandr", "list")
    run = connections.sync_now(fifty_are_new, None)
    for tasks_done in range(1, 20):
        tasks.pull_connection(str(run.pk))
        if len(said) < tasks_done:
            break
        run.refresh_from_db()
        assert (run.state, run.not_before, run.waits) == ("queued", None, 0)
        assert runs.due(10) == [run.pk]
    assert result(run) == RIGHT
    assert tasks_done >= 3
    assert absent() == ["205", "7"]
    assert sandbox.asked("xandr", "list") - asked <= 4


# -- The end of a worker --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kept", "again"), [(0.0, 0), (3600.0, 2)])
def test_a_worker_that_dies_costs_only_the_pages_since_the_cursor_was_saved(
    fifty_are_new, sandbox, while_listing, monkeypatch, kept, again
):
    monkeypatch.setattr(listing, "SAVE_CURSOR_EVERY", kept)
    asked = sandbox.asked("xandr", "list")
    run = connections.sync_now(fifty_are_new, None)
    while_listing(dies, page=3)
    with pytest.raises(SystemExit):
        pull.pull(run.pk)
    SyncRun.objects.update(lease_until=timezone.now() - timedelta(hours=1))
    pull.pull(run.pk)
    state, seen, *_, missing, total = result(run)
    assert (state, seen, missing, total) == ("done", 298, 2, 298)
    assert run.crashes == 1
    assert absent() == ["205", "7"]
    assert sandbox.asked("xandr", "list") - asked == 3 + 1 + again
    assert Pixel.objects.count() == 300


def test_an_overtaken_worker_does_not_change_the_cursor(fifty_are_new, sandbox, while_listing, monkeypatch):
    monkeypatch.setattr(listing, "SAVE_CURSOR_EVERY", 0.0)
    run = connections.sync_now(fifty_are_new, None)

    def taken_over():
        SyncRun.objects.update(lease_until=timezone.now() - timedelta(hours=1))
        pull.pull(run.pk)
        assert result(run)[0] == "done"

    while_listing(taken_over, page=2)
    pull.pull(run.pk)
    assert result(run)[:2] == ("done", 298)
    assert absent() == ["205", "7"]


# -- Several ad accounts --------------------------------------------------------------------------------------


@pytest.fixture
def two_accounts(xandr, alice, sandbox, sync):
    """Twenty pixels in each of two advertisers."""
    connections.add_ad_accounts(xandr, alice, [AdAccountRef(id="8")])
    SyncRun.objects.all().delete()
    sandbox.seed("xandr", [at_xandr(number) for number in range(1, 21)])
    sandbox.seed("xandr", [at_xandr(number) | {"advertiser_id": 8} for number in range(21, 41)])
    assert sync(xandr).created == 40
    return xandr


def test_the_first_ad_account_is_not_read_again(two_accounts, sandbox, throttled, go_on):
    delete(sandbox, 3)
    asked = sandbox.asked("xandr", "list")
    throttled(2)
    run = connections.sync_now(two_accounts, None)
    go_on(run)
    assert result(run) == ("done", 39, 0, 0, 39, 1, 39)
    assert sandbox.asked("xandr", "list") - asked == 2 + 1


def test_too_many_missing_in_the_first_ad_account_is_reported_after_the_second(two_accounts, sandbox, throttled, go_on):
    delete(sandbox, *range(1, 11))
    throttled(2)
    run = connections.sync_now(two_accounts, None)
    go_on(run)
    assert run.state == "stopped"
    assert error_sentence(run) == "10 of 20 pixels are not in Xandr's list any more. Nothing was marked."
    assert absent() == []


def test_a_confirmation_covers_the_number_shown_for_all_ad_accounts_together(two_accounts, sandbox, alice, go_on):
    delete(sandbox, *range(1, 11))
    run = go_on(connections.sync_now(two_accounts, None))
    assert (run.state, run.lacking) == ("stopped", 10)
    delete(sandbox, *range(21, 31), advertiser=8)  # meanwhile as many in the other one
    confirmed = go_on(connections.sync_now(two_accounts, alice, stopped=run))
    assert (confirmed.state, confirmed.missing, confirmed.lacking) == ("stopped", 10, 10)
    assert len(absent()) == 10
    with pytest.raises(RuleViolation):
        connections.sync_now(two_accounts, alice, stopped=run)  # the confirmation is used up
    go_on(connections.sync_now(two_accounts, alice, stopped=confirmed))
    assert len(absent()) == 20


# -- Meanwhile ------------------------------------------------------------------------------------------------


def test_a_list_that_grew_meanwhile_is_read_to_its_end(fifty_are_new, sandbox, throttled, go_on):
    throttled(2)
    run = connections.sync_now(fifty_are_new, None)
    pull.pull(run.pk)
    sandbox.seed("xandr", [at_xandr(number) for number in range(2001, 2004)])
    go_on(run)
    assert result(run) == ("done", 301, 53, 0, 248, 2, 301)


def test_a_list_that_shrank_before_the_cursor_is_read_again(fifty_are_new, sandbox, throttled, go_on):
    """The pixels behind the cursor have moved up and were missed; they are not gone."""
    throttled(2)
    run = connections.sync_now(fifty_are_new, None)
    pull.pull(run.pk)
    delete(sandbox, 1, 2, 3)
    go_on(run)
    assert result(run) == ("done", 295, 50, 0, 245, 5, 295)
    assert absent() == ["1", "2", "205", "3", "7"]


def test_a_list_that_keeps_shrinking_marks_nothing(fifty_are_new, sandbox, while_listing):
    """Each time it is read something moves: a later sync will see."""
    left = iter(range(1, 60))
    while_listing(lambda: delete(sandbox, next(left)), page=2, each_time=True)
    run = connections.sync_now(fifty_are_new, None)
    pull.pull(run.pk)
    run.refresh_from_db()
    assert run.state == "failed"
    assert "announced" in error_sentence(run)
    assert absent() == []


def test_pixels_made_or_changed_here_during_a_sync_are_neither_missing_nor_undone(
    fifty_are_new, promise, bob, throttled, go_on, time
):
    throttled(2)
    run = connections.sync_now(fifty_are_new, None)
    pull.pull(run.pk)
    pixel = Pixel.objects.get(remote_id="150")
    pixels.change_pixel(pixel, bob, {"name": "Renamed here"})
    promise(fifty_are_new, "Made here")
    time.pass_by(61)
    deliver.drain(fifty_are_new.pk, 60)
    go_on(run)
    pixel.refresh_from_db()
    assert (pixel.name, pixel.remote_status) == ("Renamed here", "in_sync")
    assert Pixel.objects.get(name="Made here").lifecycle == "live"
    assert absent() == ["205", "7"]


def test_people_see_how_far_it_is_while_it_waits(fifty_are_new, throttled, browser_of, vera, at):
    throttled(3)
    run = connections.sync_now(fifty_are_new, None)
    pull.pull(run.pk)
    text = Page.of(browser_of(vera).get(at("connection", fifty_are_new))).text
    assert "Resumes in" in text
    assert "200 of 298" in text


# -- Lists that are read in one sitting -----------------------------------------------------------------------


def test_a_list_without_cursors_begins_again_with_the_right_counts(pitchtarget, sandbox, go_on, sync):
    sandbox.seed("pitchtarget", [at_pitchtarget(str(number), f"P {number}") for number in range(20)], ad_account="9")
    sync(pitchtarget)
    throttled = {"provider": "pitchtarget", "operation": "list", "fault": "throttled", "seconds": 60, "count": 2}
    sandbox.ask("POST", "faults", json=throttled)
    run = connections.sync_now(pitchtarget, None)
    go_on(run)
    assert result(run)[:6] == ("done", 20, 0, 0, 20, 0)
    assert run.waits == 2
