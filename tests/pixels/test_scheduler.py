"""The scheduler dispatches work when it is due. One of several works, and another takes over when it is silent."""

import os
import signal
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from pixels import queue
from pixels.limits import clock, lease
from pixels.management.commands.scheduler import SHORTEST, SILENT, Command
from pixels.models import Connection, Lease, Operation, Pixel, SyncRun
from pixels.services import connections


@pytest.fixture
def published(monkeypatch):
    """The messages that were published: (task, id)."""
    found = []

    def publish(task, row_id, expires=None):
        found.append((task, str(row_id)))
        return True

    monkeypatch.setattr(queue, "publish", publish)
    return found


def scheduler(name):
    command = Command()
    command.holder = name
    return command


@pytest.fixture
def first(db):
    return scheduler("first")


@pytest.fixture
def second(db):
    return scheduler("second")


@pytest.fixture
def quiet(xandr):
    """A connection without any due work."""
    Connection.objects.update(test="works", last_notified_state="works", ad_accounts_tried_at=timezone.now())
    SyncRun.objects.create(team=xandr.team, connection=xandr, state="done", finished_at=timezone.now())
    return xandr


# -- One of several -------------------------------------------------------------------------------------------


def test_of_two_schedulers_one_works_and_the_other_stands_by(quiet, promise, first, second, published, settings):
    promise(quiet)
    for _ in range(3):
        first.look()
        assert second.look() == settings.DISPATCH_INTERVAL
    assert published == [("push_connection", str(quiet.pk))]  # one message at a time is enough
    assert Lease.objects.get().holder == "first"


def test_the_second_scheduler_takes_over_when_the_first_is_silent_and_not_before(
    quiet, promise, first, second, published, time, settings
):
    promise(quiet)
    first.look()
    published.clear()
    time.pass_by((SILENT - 1) * settings.DISPATCH_INTERVAL)
    second.look()
    assert published == []
    time.pass_by(settings.DISPATCH_INTERVAL + 1)
    second.look()
    assert published != []
    published.clear()
    first.look()  # it was only slow
    assert published == []


def test_a_scheduler_that_misses_one_interval_keeps_its_lease(quiet, first, second, time, settings):
    for _ in range(5):
        first.look()
        time.pass_by(1.5 * settings.DISPATCH_INTERVAL)
        second.look()
        assert Lease.objects.get().holder == "first"


def test_a_stopped_scheduler_hands_over_at_once(quiet, first, second):
    first.look()
    lease.give_back(lease.DISPATCH, first.holder)
    second.look()
    assert Lease.objects.get().holder == "second"
    lease.give_back(lease.DISPATCH, first.holder)  # a lease that it no longer holds, it cannot give back
    assert Lease.objects.get().holder == "second"


def test_leases_of_different_names_are_independent(db):
    assert lease.hold("dispatch", "first", 30)
    assert lease.hold("another", "second", 30)
    assert not lease.hold("another", "first", 30)


# -- At its moment --------------------------------------------------------------------------------------------


def test_without_waiting_work_the_scheduler_looks_once_per_interval(quiet, first, published, settings):
    assert first.look() == settings.DISPATCH_INTERVAL
    assert published == []


@pytest.mark.parametrize(("seconds", "wait"), [(4, 4), (0.01, SHORTEST), (3000, 15)])
def test_the_scheduler_looks_when_the_next_waiting_change_is_due(
    quiet, promise, first, settings, monkeypatch, seconds, wait
):
    settings.DISPATCH_INTERVAL = 15
    promise(quiet)
    moment = timezone.now()
    monkeypatch.setattr(clock, "now", lambda: moment)  # it stands still
    Operation.objects.update(not_before=moment + timedelta(seconds=seconds))
    assert first.look() == pytest.approx(wait)


def test_the_scheduler_looks_when_a_waiting_sync_is_due(quiet, first, published, monkeypatch):
    moment = timezone.now()
    monkeypatch.setattr(clock, "now", lambda: moment)  # it stands still
    run = connections.sync_now(quiet, None)
    SyncRun.objects.filter(pk=run.pk).update(not_before=moment + timedelta(seconds=5))
    assert first.look() == pytest.approx(5)
    assert published == []
    SyncRun.objects.filter(pk=run.pk).update(not_before=moment)
    first.look()
    assert published == [("pull_connection", str(run.pk))]


def test_a_change_of_a_paused_connection_wakes_no_scheduler(quiet, promise, first, published, settings):
    promise(quiet)
    Operation.objects.update(not_before=timezone.now() + timedelta(seconds=2))
    Connection.objects.update(paused_at=timezone.now(), last_notified_state="paused")
    assert first.look() == settings.DISPATCH_INTERVAL


# -- Whatever happens -----------------------------------------------------------------------------------------


@pytest.fixture
def run_until(monkeypatch):
    """The command as it runs. After so many looks it gets the signal to stop, as from its supervisor."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def run(looks, *happens, number=signal.SIGTERM):
        done = []

        def look(self):
            done.append(self.holder)
            lease.hold(lease.DISPATCH, self.holder, 30)
            if len(done) >= looks:
                os.kill(os.getpid(), number)
            for one in happens[len(done) - 1 : len(done)]:
                raise one
            return 0.01

        monkeypatch.setattr(Command, "look", look)
        Command().handle()
        return done

    yield run
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_scheduler_and_frees_its_lease(run_until, number):
    assert len(run_until(3, number=number)) == 3
    assert not Lease.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_for_a_moment_does_not_end_it(run_until):
    assert len(run_until(3, OperationalError("gone"), OperationalError("still gone"))) == 3


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_the_scheduler_does_the_work(quiet, promise, sandbox, first, monkeypatch):
    monkeypatch.setattr(queue, "publish", lambda *args: False)
    promise(quiet)
    first.look()
    assert Pixel.objects.get().lifecycle == "live"
    assert sandbox.asked("xandr", "create") == 1


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_one_piece_of_work_that_breaks_does_not_end_the_scheduler(
    quiet, promise, sandbox, first, monkeypatch, settings
):
    """A bug in one task, which a worker would survive."""
    monkeypatch.setattr(queue, "publish", lambda *args: False)
    promise(quiet)
    connections.test_connection(quiet)
    Connection.objects.update(test_requested_at=timezone.now() - timedelta(seconds=2 * settings.DISPATCH_INTERVAL))

    def breaks(*args):
        raise RuntimeError("a bug")

    monkeypatch.setattr("pixels.outbox.deliver.drain", breaks)
    assert first.look() <= settings.DISPATCH_INTERVAL
    assert Connection.objects.get().test == "works"  # what comes after it is done
