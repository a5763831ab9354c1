"""Half a list proves nothing: after an error nothing is marked as missing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pixels.limits import clock
from pixels.messages import error_sentence
from pixels.models import Pixel, SyncRun
from pixels.reconcile import pull, runs
from pixels.services import connections
from tests.pixels.answers import LOGGED_IN
from tests.pixels.conftest import dies
from tests.pixels.elsewhere import at_pitchtarget, at_xandr
from tests.pixels.page import Page
from tests.pixels.providers.loopback import breaks_off, hangs_up, says


def xandr_page(first: int, count: int, total: int):
    rows = [at_xandr(first + n, f"Pixel {first + n}") for n in range(count)]
    return says({"response": {"status": "OK", "count": total, "pixels": rows}})


@pytest.fixture
def two_there(connect, sync, sandbox):
    """A function that makes a connection with two pixels that were seen before."""

    def make(provider):
        if provider == "xandr":
            sandbox.seed("xandr", [at_xandr(1, "One"), at_xandr(500, "Two")])
        else:
            sandbox.seed("pitchtarget", [at_pitchtarget("1", "One"), at_pitchtarget("500", "Two")], ad_account="9")
        connection = connect(provider)
        assert sync(connection).created == 2
        return connection

    return make


FAULTS = {
    "500": says("{}", 500),
    "html": says("<html>Maintenance</html>"),
    "not signed in": says({"error": "Unauthorized"}, 401),
    "forbidden": says({"error": "Forbidden"}, 403),
    "nothing": says(""),
    "truncated": breaks_off,
    "hangs up": hangs_up,
    "another shape": says({"pixels": "none"}),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("provider", ["pitchtarget", "xandr"])
def test_a_list_that_does_not_come_marks_nothing(two_there, sync, misbehaving, settings, sandbox, provider, fault):
    settings.SANDBOX_URL, away = sandbox.url, misbehaving.url
    connection = two_there(provider)
    before = list(Pixel.objects.order_by("pk").values())
    settings.SANDBOX_URL = away
    misbehaving.script = [LOGGED_IN] * (provider == "xandr") + [FAULTS[fault]]
    run = sync(connection)
    assert run.state == "failed"
    assert error_sentence(run)
    assert run.finished_at and not run.lease_until
    assert list(Pixel.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("pause", [0.001, 0])
@pytest.mark.parametrize("fault", ["500", "html", "truncated"])
def test_after_an_error_in_the_middle_a_sync_continues_from_its_cursor(
    browser_of, vera, at, two_there, sync, misbehaving, settings, sandbox, go_on, fault, pause
):
    """Without a pause, the page before the error is not written to the rows when the error comes."""
    settings.PULL_PAUSE = pause
    settings.SANDBOX_URL, away = sandbox.url, misbehaving.url
    connection = two_there("xandr")
    settings.SANDBOX_URL = away
    misbehaving.script = [xandr_page(1, 100, 150), FAULTS[fault]]
    run = sync(connection)
    assert (run.state, run.pages, run.seen) == ("queued", 1, 100)
    assert not Pixel.objects.filter(remote_status="absent").exists()
    assert Pixel.objects.count() == 101  # one to a hundred, and 500
    page = Page.of(browser_of(vera).get(at("connection", connection))).text
    assert f"{error_sentence(run)} Resumes" in page
    misbehaving.script = [xandr_page(101, 50, 150)]
    go_on(run)
    assert (run.state, run.pages, run.seen, run.missing) == ("done", 2, 150, 1)


def test_a_sync_that_reads_nothing_new_before_an_error_fails(two_there, sync, misbehaving, settings, sandbox, go_on):
    settings.SANDBOX_URL, away = sandbox.url, misbehaving.url
    connection = two_there("xandr")
    settings.SANDBOX_URL = away
    misbehaving.script = [xandr_page(1, 100, 150), FAULTS["500"]]
    run = go_on(sync(connection))
    assert (run.state, run.pages, run.seen, run.waits) == ("failed", 1, 100, 1)
    assert not Pixel.objects.filter(remote_status="absent").exists()


def test_a_list_shorter_than_announced_fails_and_marks_nothing(two_there, sync, misbehaving, settings, sandbox):
    settings.SANDBOX_URL, away = sandbox.url, misbehaving.url
    connection = two_there("xandr")
    settings.SANDBOX_URL = away
    misbehaving.script = [xandr_page(1, 1, 150), xandr_page(2, 0, 150)]
    run = sync(connection)
    assert run.state == "failed"
    assert "announced 150" in error_sentence(run)
    assert not Pixel.objects.filter(remote_status="absent").exists()


def test_a_service_that_repeats_its_first_page_for_ever_comes_to_an_end(connect, sync, misbehaving):
    misbehaving.script = [LOGGED_IN, xandr_page(1, 100, 150)]
    run = sync(connect("xandr"))
    assert (run.state, run.seen, run.waits) == ("failed", 100, 0)
    assert Pixel.objects.count() == 100


def test_a_pixel_of_another_advertiser_in_the_list_is_not_taken(connect, sync, misbehaving):
    rows = [at_xandr(1), at_xandr(2) | {"advertiser_id": 3}]
    misbehaving.script = [LOGGED_IN, says({"response": {"status": "OK", "count": 2, "pixels": rows}})]
    assert sync(connect("xandr")).state == "failed"
    assert not Pixel.objects.exists()


def test_an_unreachable_provider_fails_the_run_with_a_plain_sentence(connect, sync, unreachable):
    run = sync(connect("pitchtarget"))
    assert (run.state, error_sentence(run)) == ("failed", "PitchTarget is not reachable.")


def test_a_worker_that_died_is_replaced_and_the_list_read_again(xandr, sandbox, while_listing):
    sandbox.seed("xandr", [at_xandr(n, f"Pixel {n}") for n in range(1, 151)])
    run = connections.sync_now(xandr, None)
    while_listing(dies, page=2)
    with pytest.raises(SystemExit):
        pull.pull(run.pk)
    assert runs.due(10) == []
    assert connections.sync_now(xandr, None) == run  # still one open run
    SyncRun.objects.update(lease_until="2020-01-01T00:00Z")
    assert runs.due(10) == [run.pk]
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempt, run.seen, run.created, run.unchanged) == ("done", 2, 150, 150, 0)
    assert Pixel.objects.count() == 150


def test_a_list_that_every_worker_dies_on_is_given_up(browser_of, vera, at, xandr, sandbox, while_listing):
    run = connections.sync_now(xandr, None)
    for _ in range(20):
        while_listing(dies, page=1)
        try:
            pull.pull(run.pk)
        except SystemExit:
            SyncRun.objects.update(lease_until="2020-01-01T00:00Z")
        else:
            break
    run.refresh_from_db()
    assert run.state == "failed"
    assert runs.due(10) == []
    assert error_sentence(run) in Page.of(browser_of(vera).get(at("connection", xandr))).text


def test_a_slow_worker_whose_run_was_taken_over_writes_nothing_more(xandr, sandbox, while_listing):
    sandbox.seed("xandr", [at_xandr(n, f"Pixel {n}") for n in range(1, 151)])
    run = connections.sync_now(xandr, None)

    def taken_over():
        SyncRun.objects.update(lease_until="2020-01-01T00:00Z")
        sandbox.seed("xandr", [at_xandr(5, "Renamed")])
        pull.pull(run.pk)
        assert SyncRun.objects.get().state == "done"

    while_listing(taken_over, page=1)
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempt, run.created) == ("done", 2, 150)
    assert not Pixel.objects.filter(remote_status="drifted").exists()  # as its old page would have it
    assert Pixel.objects.count() == 150


def test_an_overtaken_workers_page_undoes_nothing_that_the_next_worker_has_stored(xandr, sandbox, sync, while_listing):
    sandbox.seed("xandr", [at_xandr(5, "Five")])
    sync(xandr)
    run = connections.sync_now(xandr, None)

    def taken_over():
        SyncRun.objects.update(lease_until="2020-01-01T00:00Z")
        sandbox.seed("xandr", [at_xandr(5, "Renamed")])
        pull.pull(run.pk)

    while_listing(taken_over, page=1)
    pull.pull(run.pk)
    pixel = Pixel.objects.get()
    assert (pixel.remote_values["name"], pixel.drift) == ("Renamed", ["name"])


def test_a_finished_run_is_not_read_again(xandr, sandbox, sync):
    run = sync(xandr)
    asked = sandbox.asked("xandr", "list")
    pull.pull(run.pk)
    assert sandbox.asked("xandr", "list") == asked


def test_a_provider_that_asks_to_wait_is_waited_for(xandr, sandbox, browser_of, vera, at, no_wait):
    sandbox.seed("xandr", [at_xandr(7, "Seven")])
    rule = {"provider": "xandr", "operation": "list", "fault": "throttled", "seconds": 90, "count": 2}
    sandbox.ask("POST", "faults", json=rule)
    run = connections.sync_now(xandr, None)
    for waits in (1, 2):
        pull.pull(run.pk)
        run.refresh_from_db()
        assert (run.state, run.waits, run.waited) == ("queued", waits, waits * 90)
        assert run.not_before > timezone.now() + timedelta(seconds=60)
        assert runs.due(10) == []
        pull.pull(run.pk)  # a message that comes early
        assert Page.of(browser_of(vera).get(at("connection", xandr))).text.count("Resumes in") == 1
        SyncRun.objects.update(not_before=clock.now())
        no_wait()
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.created, error_sentence(run)) == ("done", 1, "")
    assert sandbox.asked("xandr", "list") == 3


def test_a_run_that_waits_too_long_fails(xandr, sandbox):
    rule = {"provider": "xandr", "operation": "list", "fault": "throttled", "count": None}
    sandbox.ask("POST", "faults", json=rule)
    run = connections.sync_now(xandr, None)
    SyncRun.objects.update(waited=runs.WAIT_AT_MOST.total_seconds() + 1)
    pull.pull(run.pk)
    run.refresh_from_db()
    assert run.state == "failed"


def test_a_foreign_object_among_known_ones_fails_the_run_and_marks_nothing(two_there, sync, sandbox):
    connection = two_there("xandr")
    sandbox.seed("xandr", [at_xandr(9001, "Not ours") | {"advertiser_id": 8}])
    foreign = {"provider": "xandr", "operation": "list", "fault": "foreign_objects", "account": "8"}
    sandbox.ask("POST", "faults", json=foreign)
    assert sync(connection).state == "failed"
    assert Pixel.objects.count() == 2
    assert not Pixel.objects.filter(remote_status="absent").exists()


def test_a_run_that_is_a_day_old_waits_no_more(xandr, sandbox):
    sandbox.seed("xandr", [at_xandr(number) for number in range(1, 151)])
    rule = {"provider": "xandr", "operation": "list", "fault": "throttled", "skip": 1, "count": None}
    sandbox.ask("POST", "faults", json=rule)
    run = connections.sync_now(xandr, None)
    SyncRun.objects.update(created_at=timezone.now() - runs.LAST_AT_MOST - timedelta(minutes=1))
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.seen) == ("failed", 100)
    assert not Pixel.objects.filter(remote_status="absent").exists()
