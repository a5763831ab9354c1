"""Leases and waits are counted by the database's clock. A machine's own clock may be wrong, and may be set."""

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection as database
from django.utils import timezone

from pixels.limits import clock, lease
from pixels.limits.provider_session import StoredTokens
from pixels.models import Connection, Credential, Lease, Operation, Pixel
from pixels.outbox import claim, deliver
from pixels.services import pixels
from tests.pixels.elsewhere import at_xandr

on_postgresql = pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite is on one machine, with one clock")


class Shared:
    """The clock that all workers share, apart from the machine's own."""

    def pass_by(self, seconds):
        moment, at = clock._read
        clock._read = moment + timedelta(seconds=seconds), at


@pytest.fixture
def shared(monkeypatch):
    monkeypatch.setattr(clock, "connection", SimpleNamespace(vendor="with a clock of its own"))
    monkeypatch.setattr(clock, "READ_AGAIN_AFTER", 3600.0)
    monkeypatch.setattr(clock, "_read", (timezone.now(), time.monotonic()))
    return Shared()


@pytest.fixture
def forgotten(monkeypatch):
    """Forget the last reading of the database's clock."""
    monkeypatch.setattr(clock, "_read", None)


class HeldUp:
    """A database that answers at once, to a process that is delayed by so many seconds before it reads each answer."""

    vendor = "with a clock of its own"

    def __init__(self, *seconds):
        self.seconds = list(seconds)

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def execute(self, statement):
        self.moment = timezone.now()

    def fetchone(self):
        time.sleep(self.seconds.pop(0))
        return (self.moment,)


@pytest.mark.parametrize("held_up", [(0,), (0.3, 0), (0.3, 0.3, 0.02, 0.3, 0.3)])
def test_a_reading_that_was_held_up_is_made_again(monkeypatch, forgotten, held_up):
    database = HeldUp(*held_up)
    monkeypatch.setattr(clock, "connection", database)
    assert abs(clock.now() - timezone.now()) < timedelta(seconds=0.1)
    assert database.seconds == []
    clock.now()  # computed without asking the database


def waiting(**away):
    moment = timezone.now()
    until = moment + timedelta(**away) if away else None
    Connection.objects.update(drain_lease_until=until)
    return Connection.objects.filter(clock.passed("drain_lease_until", moment, 30)).exists()


@pytest.mark.parametrize(
    ("away", "over"),
    [
        ({}, True),
        ({"seconds": -1}, True),
        ({"seconds": 0.5}, False),
        ({"seconds": 30}, False),
        ({"seconds": 31}, False),  # set a moment ago by a worker whose clock is a little ahead
        ({"hours": 1}, True),  # further than anything waits: some clock was wrong
        ({"days": 3650}, True),
    ],
)
def test_a_time_is_over_or_cannot_be_right(xandr, away, over):
    assert waiting(**away) is over


def test_the_end_of_the_calendar_is_no_reason_to_wait(xandr, promise, sandbox):
    promise(xandr)
    Operation.objects.update(not_before="9999-12-31T23:59:59Z")
    assert len(claim.due(1)) == 1


def test_a_worker_whose_clock_is_a_moment_behind_takes_no_held_lease(xandr, promise, shared, sandbox, meanwhile):
    promise(xandr)

    def another_comes():
        shared.pass_by(-0.5)
        assert not deliver.drain(xandr.pk, 1)
        shared.pass_by(0.5)
        assert Connection.objects.get().drain_lease_until

    meanwhile("xandr", "create_pixel", before=another_comes)
    deliver.drain(xandr.pk, 1)
    assert Connection.objects.get().drain_lease_until is None
    assert sandbox.asked("xandr", "create") == 1


def test_a_worker_whose_clock_is_behind_does_not_log_in_beside_another(xandr, shared, settings):
    settings.CALL_DEADLINE = 0.2
    tokens = StoredTokens(Credential.objects.all())
    with tokens.lock():
        until = Credential.objects.get().token_lock_until
        shared.pass_by(-0.5)
        free = clock.passed("token_lock_until", clock.now(), settings.CALL_DEADLINE + 5)
        assert not Credential.objects.filter(free).exists()
        assert Credential.objects.get().token_lock_until == until


# -- A machine whose own clock is wrong -----------------------------------------------------------------------


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_wrong_machine_clock_does_not_affect_leases_and_waits(xandr, promise, shared, sandbox, hours):
    """The shared clock is an hour away from the machine's."""
    shared.pass_by(hours * 3600)
    promise(xandr)
    throttled = {"provider": "xandr", "operation": "create", "fault": "throttled", "seconds": 90}
    sandbox.ask("POST", "faults", json=throttled)
    deliver.drain(xandr.pk, 60)
    operation = Operation.objects.get()
    assert 80 < (operation.not_before - clock.now()).total_seconds() <= 90
    assert claim.due(1) == []
    assert 80 < (claim.next_due() - clock.now()).total_seconds() <= 90
    assert lease.hold("dispatch", "first", 30)
    assert not lease.hold("dispatch", "second", 30)
    shared.pass_by(91)
    assert lease.hold("dispatch", "second", 30)
    deliver.drain(xandr.pk, 60)
    assert Pixel.objects.get().lifecycle == "live"


@pytest.mark.parametrize("hours", [-1, 1])
def test_what_was_changed_while_the_list_is_read_stays_newer_than_the_list(
    xandr, live, bob, sandbox, while_listing, sync, shared, hours
):
    pixel = live(xandr, "Old")
    shared.pass_by(hours * 3600)

    def changed():
        pixels.change_pixel(pixel, bob, {"name": "New"})
        deliver.drain(xandr.pk, 60)

    while_listing(changed, page=1)
    sync(xandr)
    pixel.refresh_from_db()
    assert (pixel.name, pixel.remote_status, pixel.remote_values["name"]) == ("New", "in_sync", "New")


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_difference_is_seen_at_the_next_sync(xandr, live, sandbox, sync, shared, hours):
    shared.pass_by(hours * 3600)
    pixel = live(xandr, "Ours")
    [held] = sandbox.held("xandr")
    sandbox.seed("xandr", [held | {"name": "Theirs"}])
    sync(xandr)
    pixel.refresh_from_db()
    assert pixel.drift == ["name"]


@pytest.mark.parametrize("hours", [-1, 1])
def test_what_is_made_while_the_list_is_read_is_not_missing(xandr, live, sandbox, while_listing, sync, shared, hours):
    sandbox.seed("xandr", [at_xandr(1)])
    shared.pass_by(hours * 3600)
    while_listing(lambda: live(xandr, "New"), page=1)
    run = sync(xandr)
    assert (run.state, run.missing) == ("done", 0)


# -- Where the time comes from --------------------------------------------------------------------------------


def test_on_sqlite_the_clock_is_the_machines(db, monkeypatch):
    if database.vendor != "sqlite":
        pytest.skip("PostgreSQL has a clock of its own")
    moment = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: moment)
    assert clock.now() == moment


@on_postgresql
def test_on_postgresql_the_clock_is_the_databases(db, monkeypatch, forgotten):
    real = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: real - timedelta(hours=1))
    assert abs((clock.now() - real).total_seconds()) < 30


@on_postgresql
def test_the_database_is_not_asked_each_time(db, django_assert_num_queries, forgotten, monkeypatch):
    with django_assert_num_queries(1):
        moments = [clock.now() for _ in range(100)]
    assert moments == sorted(moments) and moments[0] < moments[-1]
    monkeypatch.setattr(clock, "READ_AGAIN_AFTER", -1.0)
    with django_assert_num_queries(2):
        clock.now(), clock.now()


def test_a_lease_taken_by_a_clock_far_ahead_is_not_held_for_ever(db, shared):
    shared.pass_by(365 * 86400)
    assert lease.hold("dispatch", "astray", 30)
    shared.pass_by(-365 * 86400)
    assert lease.hold("dispatch", "here", 30)
    assert Lease.objects.get().holder == "here"


def test_an_overtaken_log_in_does_not_give_back_the_new_holders_lock(xandr):
    rows, later = Credential.objects.filter(connection=xandr), timezone.now() + timedelta(seconds=50)
    with StoredTokens(rows).lock():
        rows.update(token_lock_until=later)  # its time was over, and another worker logs in
    assert rows.get().token_lock_until == later
