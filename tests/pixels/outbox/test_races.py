"""Several workers or people at the same moment. On PostgreSQL only, as SQLite has one writer at a time."""

import pytest
from django.db import connection as database
from django.utils import timezone

from pixels.models import Connection, Operation, Pixel, SyncRun
from pixels.outbox import claim, deliver
from pixels.reconcile import connection_test, pull
from pixels.services import connections, pixels, websites
from tests.at_once import at_once
from tests.pixels.elsewhere import at_xandr

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite lets one writer in at a time"),
]
ROUNDS = range(3)


@pytest.mark.parametrize("provider", ["easyflow", "pitchtarget", "xandr"])
def test_many_workers_with_one_operation_send_one_request(connect, promise, sandbox, provider):
    promise(connect(provider))
    [due] = claim.due(1)
    assert at_once(*[lambda: deliver.deliver(due)] * 6) == ["done"] * 6
    assert sandbox.asked(provider, "create") == 1
    assert Pixel.objects.get().lifecycle == "live"


def test_many_workers_with_many_operations_send_each_once(xandr, promise, sandbox):
    for n in range(4):
        promise(xandr, f"Pixel {n}")
    due = claim.due(10)
    assert at_once(*[lambda: [deliver.deliver(one) for one in due]] * 3) == ["done"] * 3
    assert sorted(held["name"] for held in sandbox.held("xandr")) == [f"Pixel {n}" for n in range(4)]
    assert sandbox.asked("xandr", "auth") == 1  # one log-in for all of them
    assert {pixel.lifecycle for pixel in Pixel.objects.all()} == {"live"}


def test_a_run_is_read_by_one_worker(xandr, sandbox):
    sandbox.seed("xandr", [at_xandr(n, f"Pixel {n}") for n in range(1, 151)])
    run = connections.sync_now(xandr, None)
    assert at_once(*[lambda: pull.pull(run.pk)] * 4) == ["done"] * 4
    assert sandbox.asked("xandr", "list") == 2
    assert Pixel.objects.count() == 150


def test_a_connection_is_tested_by_one_worker(pitchtarget, sandbox):
    assert at_once(*[lambda: connection_test.check(pitchtarget.pk)] * 4) == ["done"] * 4
    assert sandbox.asked("pitchtarget", "list") == 1
    assert Connection.objects.get().test == "works"


def test_sync_now_pressed_by_everybody_is_one_run(xandr, alice, bob, sandbox):
    assert at_once(*[lambda: connections.sync_now(xandr, bob)] * 4) == ["done"] * 4
    assert SyncRun.objects.count() == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_of_two_changes_one_goes_first_and_the_other_is_refused(xandr, live, alice, bob, sandbox, _):
    pixel = live(xandr)
    ours, theirs = Pixel.objects.get(pk=pixel.pk), Pixel.objects.get(pk=pixel.pk)
    results = at_once(
        lambda: pixels.change_pixel(ours, alice, {"name": "Alice's"}),
        lambda: pixels.set_state(theirs, bob, active=False),
    )
    assert results == ["RuleViolation", "done"]
    assert Operation.objects.open().count() == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_a_pixel_that_is_sent_and_listed_at_once_is_one_row(pitchtarget, promise, sandbox, _):
    promise(pitchtarget)
    [due] = claim.due(1)
    run = connections.sync_now(pitchtarget, None)
    assert at_once(lambda: deliver.deliver(due), lambda: pull.pull(run.pk)) == ["done", "done"]
    pixel = Pixel.objects.get()
    assert (pixel.lifecycle, pixel.snippets.count()) == ("live", 1)
    assert sandbox.asked("pitchtarget", "create") == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_an_operation_sent_during_a_disconnect_is_sent_or_cancelled_and_never_unknown(
    easyflow, promise, alice, sandbox, _
):
    promise(easyflow)
    [due] = claim.due(1)
    connection = Connection.objects.get()
    results = at_once(lambda: deliver.deliver(due), lambda: connections.disconnect(connection, alice))
    assert results == ["done", "done"]
    made = len(sandbox.held("easyflow"))
    assert Pixel.objects.get().lifecycle == ("live" if made else "failed")
    assert not Operation.objects.open().exists()


def test_values_filled_in_by_two_at_once_are_two_issues(easyflow, live, alice, sandbox):
    pixel = live(easyflow)

    def fill(number):
        row = Pixel.objects.get()
        return lambda: pixels.set_tag_values(row, alice, {"business_id": f"b-{number}"})

    assert at_once(*[fill(number) for number in range(4)]) == ["done"] * 4
    assert sorted(pixel.snippets.values_list("number", flat=True)) == [1, 2, 3, 4, 5]


def test_a_website_added_by_two_clicks_is_one(team, alice):
    add = [lambda: websites.add_website(team, alice, name="Shop", url="https://shop.example")] * 4
    assert at_once(*add) == ["done"] * 4
    assert team.websites.count() == 1


def test_a_worker_overtaken_right_after_its_claim_leaves_the_pixel_as_it_is(xandr, promise, sandbox, monkeypatch):
    """A sync links the object at this moment, which ends the operation."""
    pixel = promise(xandr)
    real = claim.held

    def overtaken(operation):
        # Only once: later writes come from the worker itself.
        if Operation.objects.filter(pk=operation.pk, state="in_flight").update(
            state="done", finished_at=timezone.now()
        ):
            Pixel.objects.filter(pk=pixel.pk).update(lifecycle="live", remote_id="77")
        return real(operation)

    monkeypatch.setattr(claim, "held", overtaken)
    deliver.drain(xandr.pk, 60)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_id) == ("live", "77")
    assert sandbox.asked("xandr", "create") == 0
