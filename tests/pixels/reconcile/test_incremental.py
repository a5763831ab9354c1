"""Between full lists, a sync asks only for changes, by the provider's clock, and writes nothing if nothing has
changed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pixels.models import AdAccount, Pixel, SyncRun
from pixels.outbox import deliver
from pixels.reconcile import pull, runs
from pixels.services import connections, pixels
from tests.pixels.answers import LOGGED_IN
from tests.pixels.elsewhere import at_xandr, delete
from tests.pixels.providers.loopback import says

NEWEST = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OLD = {"last_modified": "2026-01-01 00:00:00"}


@pytest.fixture
def look():
    """A function that syncs incrementally, as the schedule does between two full lists."""

    def run(connection):
        run = runs.open_run(connection, full=False)
        pull.pull(run.pk)
        run.refresh_from_db()
        return run

    return run


@pytest.fixture
def account(xandr, sandbox, sync):
    """An ad account with 250 pixels, the last of them changed on the first of March."""
    sandbox.seed("xandr", [at_xandr(number, f"Pixel {number}", **OLD) for number in range(1, 250)])
    sandbox.seed("xandr", [at_xandr(250, "Pixel 250", last_modified=f"{NEWEST:%Y-%m-%d %H:%M:%S}")])
    assert sync(xandr).created == 250
    return xandr


def listed(*objects):
    return says({"response": {"status": "OK", "count": len(objects), "pixels": list(objects)}})


def moment(when):
    return f"{when:%Y-%m-%d %H:%M:%S}"


# -- What is asked --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [-3, 0, 3])
def test_a_sync_asks_for_changes_since_the_last_one_seen_less_five_minutes_by_xandrs_clock(
    xandr, misbehaving, time, look, sync, hours
):
    """PixelHub's clock may be wrong by hours."""
    time.pass_by(hours * 3600)
    one, two = at_xandr(1, **OLD), at_xandr(2, last_modified=moment(NEWEST))
    misbehaving.script = [LOGGED_IN, listed(one, two), listed(two)]
    assert sync(xandr).state == "done"
    assert "min_last_modified" not in misbehaving.received[-1].query
    assert AdAccount.objects.get().changed_until == NEWEST
    assert look(xandr).state == "done"
    assert misbehaving.received[-1].query["min_last_modified"] == "2026-03-01 11:55:00"


def test_the_known_time_of_changes_advances_with_each_sync(xandr, misbehaving, look, sync):
    later = NEWEST + timedelta(hours=2)
    misbehaving.script = [LOGGED_IN, listed(at_xandr(1, last_modified=moment(NEWEST)))]
    sync(xandr)
    misbehaving.script = [listed(at_xandr(1, "Renamed", last_modified=moment(later)))]
    look(xandr), look(xandr)
    assert misbehaving.received[-1].query["min_last_modified"] == moment(later - timedelta(minutes=5))
    assert AdAccount.objects.get().changed_until == later


def test_the_known_time_of_changes_never_goes_back(xandr, misbehaving, look, sync):
    misbehaving.script = [LOGGED_IN, listed(at_xandr(1, last_modified=moment(NEWEST)))]
    sync(xandr)
    misbehaving.script = [listed(at_xandr(1, "Older", **OLD))]
    look(xandr)
    assert AdAccount.objects.get().changed_until == NEWEST


@pytest.mark.parametrize("odd", ["2999-01-01 00:00:00", "0001-01-01 00:00:00", "yesterday"])
def test_a_time_that_cannot_be_right_is_not_believed(xandr, misbehaving, look, sync, odd):
    """Then the full list is read."""
    misbehaving.script = [LOGGED_IN, listed(at_xandr(2, last_modified=odd))]
    sync(xandr)
    assert AdAccount.objects.get().changed_until is None
    assert look(xandr).state == "done"
    assert "min_last_modified" not in misbehaving.received[-1].query


def test_a_first_sync_reads_the_full_list(xandr, sandbox, look):
    sandbox.seed("xandr", [at_xandr(number, **OLD) for number in range(1, 151)])
    run = look(xandr)
    assert (run.state, run.seen, run.created) == ("done", 150, 150)
    assert AdAccount.objects.get().listed_at is not None  # it was a whole list after all


def test_without_times_of_change_the_full_list_is_read(xandr, misbehaving, sync, look):
    misbehaving.script = [LOGGED_IN, listed(at_xandr(1))]
    sync(xandr), look(xandr)
    assert "min_last_modified" not in misbehaving.received[-1].query


# -- What it costs --------------------------------------------------------------------------------------------


def test_an_incremental_sync_without_changes_is_one_request_and_writes_no_row(account, sandbox, look):
    asked, before = sandbox.ask("GET", "requests")["requests"]["xandr"], list(Pixel.objects.order_by("pk").values())
    with CaptureQueriesContext(database) as queries:
        run = look(account)
    assert (run.state, run.created, run.updated) == ("done", 0, 0)
    now_asked = sandbox.ask("GET", "requests")["requests"]["xandr"]
    assert sum(now_asked.values()) - sum(asked.values()) == 1
    writes = [query["sql"] for query in queries if query["sql"].split(" ")[0] in ("INSERT", "UPDATE", "DELETE", "COPY")]
    assert not [sql for sql in writes if '"pixels_pixel"' in sql or '"pixels_snippet"' in sql]
    assert list(Pixel.objects.order_by("pk").values()) == before
    assert len(queries) < 40


def test_a_whole_list_in_which_nothing_has_changed_writes_no_row_either(account, sync):
    with CaptureQueriesContext(database) as queries:
        run = sync(account)
    assert (run.state, run.seen, run.unchanged) == ("done", 250, 250)
    writes = [query["sql"] for query in queries if query["sql"].split(" ")[0] in ("INSERT", "UPDATE", "DELETE", "COPY")]
    assert not [sql for sql in writes if '"pixels_pixel"' in sql or '"pixels_snippet"' in sql]


def test_an_incremental_sync_with_an_expired_session_is_three_requests(account, sandbox, look):
    sandbox.ask("POST", "expire")
    asked = sandbox.ask("GET", "requests")["requests"]["xandr"]
    assert look(account).state == "done"
    now_asked = sandbox.ask("GET", "requests")["requests"]["xandr"]
    assert sum(now_asked.values()) - sum(asked.values()) == 3  # refused, log in, again


def test_a_hundred_thousand_pixels_cost_no_more(account, sandbox, look):
    """As many as this test can wait for: the number of requests does not grow with the list."""
    sandbox.seed("xandr", [at_xandr(number, **OLD) for number in range(10_000, 12_000)])
    asked = sandbox.asked("xandr", "list")
    assert look(account).seen == 1
    assert sandbox.asked("xandr", "list") - asked == 1


# -- What it sees ---------------------------------------------------------------------------------------------


def test_an_incremental_sync_sees_new_and_changed_pixels_and_marks_none_as_missing(account, sandbox, look):
    later = moment(NEWEST + timedelta(hours=1))
    sandbox.seed("xandr", [at_xandr(7, "Renamed", last_modified=later), at_xandr(999, "New", last_modified=later)])
    listed_at = AdAccount.objects.get().listed_at
    run = look(account)
    assert (run.state, run.created, run.updated, run.missing) == ("done", 1, 1, 0)
    assert Pixel.objects.get(remote_id="7").drift == ["name"]
    assert Pixel.objects.filter(remote_status="in_sync").count() == 250
    assert AdAccount.objects.get().listed_at == listed_at


def test_only_a_full_list_shows_what_is_gone(account, sandbox, look, sync):
    delete(sandbox, 7)
    assert look(account).missing == 0
    assert not Pixel.objects.filter(remote_status="absent").exists()
    assert sync(account).missing == 1


def test_a_change_that_xandr_wrote_down_late_is_seen(account, sandbox, look):
    """Its time is four minutes before the latest change seen, but it was not listed then."""
    late = moment(NEWEST - timedelta(minutes=4))
    sandbox.seed("xandr", [at_xandr(7, "Renamed", last_modified=late)])
    assert look(account).updated == 1


def test_a_change_on_a_page_already_read_is_seen_by_the_next_sync(account, sandbox, look, while_listing, time):
    """Reading takes twenty minutes. Meanwhile a pixel of the first page changes, and later one of the second."""

    def at_minute(minute):
        return moment(NEWEST + timedelta(hours=1, minutes=minute))

    first = [at_xandr(number, "Renamed", last_modified=at_minute(0)) for number in range(1, 140)]
    sandbox.seed("xandr", [*first, at_xandr(140, "Renamed", last_modified=at_minute(18))])

    def meanwhile():
        time.pass_by(20 * 60)
        sandbox.seed("xandr", [at_xandr(7, "Renamed again", last_modified=at_minute(10))])

    while_listing(meanwhile, page=1)
    assert look(account).updated == 140
    assert Pixel.objects.get(remote_id="7").remote_values["name"] == "Renamed"
    assert look(account).updated == 1
    assert Pixel.objects.get(remote_id="7").remote_values["name"] == "Renamed again"


def test_what_people_made_and_changed_here_is_no_difference(account, live, bob, look):
    pixel = live(account, "Ours")
    pixels.change_pixel(pixel, bob, {"name": "Ours, renamed"})
    deliver.drain(account.pk, 60)
    run = look(account)
    assert (run.state, run.created) == ("done", 0)
    pixel.refresh_from_db()
    assert (pixel.name, pixel.remote_status) == ("Ours, renamed", "in_sync")


def test_after_a_failed_list_the_same_changes_are_asked_for_again(account, sandbox, look):
    later = moment(NEWEST + timedelta(hours=1))
    sandbox.seed("xandr", [at_xandr(number, f"Renamed {number}", last_modified=later) for number in range(1, 151)])
    fault = {"provider": "xandr", "operation": "list", "fault": "status", "code": 500}
    sandbox.ask("POST", "faults", json=fault)
    assert look(account).state == "failed"
    assert AdAccount.objects.get().changed_until == NEWEST
    assert look(account).state == "done"
    assert Pixel.objects.filter(remote_status="drifted").count() == 150


def test_an_interrupted_incremental_sync_continues(account, sandbox, time):
    later = moment(NEWEST + timedelta(hours=1))
    sandbox.seed("xandr", [at_xandr(number, f"Renamed {number}", last_modified=later) for number in range(1, 151)])
    fault = {"provider": "xandr", "operation": "list", "fault": "throttled", "seconds": 60, "skip": 1}
    sandbox.ask("POST", "faults", json=fault)
    run = runs.open_run(account, full=False)
    pull.pull(run.pk)
    time.pass_by(61)
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.seen, run.updated, run.missing) == ("done", 151, 150, 0)


# -- The schedule ---------------------------------------------------------------------------------------------


@pytest.fixture
def scheduled(time, settings):
    """A function that runs what the schedule asks for as time passes, and returns "full" or "changes" for each sync."""

    def run(seconds):
        time.pass_by(seconds)
        opened = runs.schedule(10)
        for one in opened:
            pull.pull(one.pk)
        return ["full" if one.full else "changes" for one in opened]

    settings.SYNC_INTERVAL, settings.FULL_SYNC_INTERVAL = 1800, 21600
    return run


def test_changes_are_asked_for_often_and_everything_now_and_then(xandr, sandbox, scheduled):
    sandbox.seed("xandr", [at_xandr(1, **OLD)])
    assert scheduled(0) == ["full"]
    assert scheduled(1700) == []
    assert scheduled(101) == ["changes"]
    kinds = [kind for _ in range(24) for kind in scheduled(1801)]
    assert kinds.count("full") == 2
    assert kinds[:10] == ["changes"] * 10
    assert len(kinds) == 24


def test_a_whole_list_that_somebody_asks_for_counts_as_well(xandr, sandbox, scheduled, sync, time):
    sandbox.seed("xandr", [at_xandr(1, **OLD)])
    scheduled(0)
    time.pass_by(21500)
    assert sync(xandr).full
    assert scheduled(1801) == ["changes"]


@pytest.mark.parametrize("state", ["failed", "stopped"])
def test_a_failed_full_list_does_not_count(xandr, sandbox, scheduled, state):
    scheduled(0)
    SyncRun.objects.update(state=state)
    assert scheduled(1801) == ["full"]


def test_without_incremental_lists_every_sync_reads_the_full_list(pitchtarget, sandbox, scheduled):
    assert [scheduled(1801) for _ in range(3)] == [["full"]] * 3


def test_a_clock_that_was_wrong_once_does_not_end_the_schedule(xandr, sandbox, scheduled):
    """A run was opened when the machine's clock was a year ahead."""
    sandbox.seed("xandr", [at_xandr(1, **OLD)])
    assert scheduled(0) == ["full"]
    SyncRun.objects.update(created_at=timezone.now() + timedelta(days=365))
    assert scheduled(1801) == ["full"]
    assert scheduled(60) == []
    assert scheduled(1801) == ["changes"]


def test_sync_now_reads_everything(account, sandbox):
    asked = sandbox.asked("xandr", "list")
    run = connections.sync_now(account, None)
    pull.pull(run.pk)
    assert sandbox.asked("xandr", "list") - asked == 3
