"""Malformed rows, and rows written by a wrong clock: they are logged, and nothing is sent twice, lost or delayed by
them."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db import connection as database
from django.db.models.functions import Now
from django.utils import timezone

from pixels import tasks
from pixels.models import Connection, Credential, Operation, Pixel, RateLimit, SyncRun
from pixels.outbox import claim, deliver
from pixels.reconcile import connection_test

YEAR = timedelta(days=365)


def lifecycles(connection):
    return dict(connection.pixels.values_list("name", "lifecycle"))


# -- Operations -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("facts", [{"payload": []}, {"payload": "text"}, {"payload": {}}, {"kind": "explode"}])
@pytest.mark.parametrize("provider", ["easyflow", "xandr"])
def test_a_malformed_operation_is_not_sent_and_holds_up_no_other(connect, promise, sandbox, caplog, provider, facts):
    connection = connect(provider)
    bad, _ = promise(connection, "Bad"), promise(connection, "Good")
    Operation.objects.filter(pixel=bad).update(**facts)
    deliver.drain(connection.pk, 60)
    assert lifecycles(connection)["Good"] == "live"
    assert sandbox.asked(provider, "create") == 1
    assert str(Operation.objects.get(pixel=bad).pk) in caplog.text


@pytest.mark.parametrize("facts", [{"state": "banana"}, {"state": "done"}, {"finished_at": Now()}])
def test_a_state_that_nobody_would_look_at_is_refused_by_the_database(xandr, promise, sandbox, facts):
    promise(xandr)
    with pytest.raises(IntegrityError), transaction.atomic():
        Operation.objects.update(**facts)
    deliver.drain(xandr.pk, 60)
    assert lifecycles(xandr) == {"Purchase": "live"}
    assert sandbox.asked("xandr", "create") == 1


@pytest.mark.django_db(transaction=True)
def test_an_attempt_that_cannot_be_counted_on_holds_up_no_other(xandr, promise, sandbox):
    """On PostgreSQL there is no greater number; SQLite knows one."""
    bad, _ = promise(xandr, "Bad"), promise(xandr, "Good")
    Operation.objects.filter(pixel=bad).update(attempt=2**31 - 1)
    assert not deliver.drain(xandr.pk, 60)
    assert lifecycles(xandr)["Good"] == "live"
    if database.vendor == "postgresql":
        assert sandbox.asked("xandr", "create") == 1
        Operation.objects.filter(pixel=bad).update(attempt=0)
        deliver.drain(xandr.pk, 60)
    assert lifecycles(xandr) == {"Bad": "live", "Good": "live"}
    assert sandbox.asked("xandr", "create") == 2


@pytest.mark.parametrize("ahead", [YEAR, None])
def test_a_claim_held_for_a_year_or_for_no_time_is_picked_up(xandr, promise, sandbox, ahead):
    promise(xandr)
    lease = timezone.now() + ahead if ahead else None
    Operation.objects.update(state="in_flight", attempt=1, lease_until=lease)
    deliver.drain(xandr.pk, 60)
    assert lifecycles(xandr) == {"Purchase": "live"}


def test_a_claim_held_for_a_year_that_may_have_been_sent_is_looked_up_first(xandr, promise, sandbox, time, settings):
    promise(xandr, options={"code": "mine"})
    Operation.objects.update(state="in_flight", attempt=1, sent_at=timezone.now(), lease_until=timezone.now() + YEAR)
    deliver.drain(xandr.pk, 60)
    assert lifecycles(xandr) == {"Purchase": "checking"}
    assert sandbox.asked("xandr", "create") == 0
    time.pass_by(settings.QUIET_TIME + 1)
    deliver.drain(xandr.pk, 60)
    assert lifecycles(xandr) == {"Purchase": "live"}


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59Z", "2099-01-01T00:00:00Z"])
def test_an_operation_with_an_impossible_wait_is_sent_now(xandr, promise, sandbox, until):
    promise(xandr)
    Operation.objects.update(not_before=until)
    assert claim.due_connections(10) == [xandr.pk]
    deliver.drain(xandr.pk, 60)
    assert lifecycles(xandr) == {"Purchase": "live"}


def test_unreadable_preexisting_ids_mean_that_nothing_is_sent(xandr, promise, sandbox, time, settings):
    """Without them nobody can say whose object a look-up has found."""
    promise(xandr, options={"code": "mine"})
    sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": "create", "fault": "drop", "effect": True})
    deliver.drain(xandr.pk, 60)
    Operation.objects.update(preexisting_ids=5)
    time.pass_by(settings.QUIET_TIME + 1)
    deliver.drain(xandr.pk, 60)
    assert lifecycles(xandr) == {"Purchase": "checking"}
    Operation.objects.update(preexisting_ids=[])
    time.pass_by(3600)
    deliver.drain(xandr.pk, 60)
    assert lifecycles(xandr) == {"Purchase": "live"}
    assert sandbox.asked("xandr", "create") == 1


# -- Messages -------------------------------------------------------------------------------------------------


EVERY_TASK = [
    tasks.push_connection,
    tasks.pull_connection,
    tasks.test_connection,
    tasks.read_ad_accounts,
    tasks.read_pixel,
    tasks.check_missing,
    tasks.check_for_duplicate,
    tasks.read_last_fired,
    tasks.notify,
]


NO_ROW = ["no id at all", "-1", "0", "", "999999999999999", "00000000-0000-0000-0000-000000000000"]


@pytest.mark.parametrize("row", NO_ROW)
def test_a_message_that_names_no_row_changes_nothing(xandr, promise, sandbox, row):
    promise(xandr)
    before = [list(model.objects.values()) for model in (Connection, Pixel, Operation, SyncRun)]
    for task in EVERY_TASK:
        with suppress(ValueError, ValidationError):  # no id: the worker logs it and takes the next message
            task(row)
    assert [list(model.objects.values()) for model in (Connection, Pixel, Operation, SyncRun)] == before
    assert sandbox.ask("GET", "requests")["requests"] == {}


# -- Connections, rate limits and pixels -------------------------------------------------------------------------


def test_a_circuit_open_for_a_year_is_probed_now(xandr, promise, sandbox, sync):
    promise(xandr)
    Connection.objects.update(failures=5, down_since=timezone.now(), circuit_open_until=timezone.now() + YEAR)
    assert claim.due_connections(10) == [xandr.pk]
    deliver.drain(xandr.pk, 60)
    assert lifecycles(xandr) == {"Purchase": "live"}
    assert Connection.objects.get().circuit_open_until is None


@pytest.mark.parametrize("field", ["drain_lease_until", "test_lease_until"])
def test_a_drain_lease_or_test_lease_of_a_year_blocks_nobody(xandr, promise, sandbox, field, time):
    promise(xandr)
    Connection.objects.update(**{field: timezone.now() + YEAR})
    time.pass_by(60)
    assert connection_test.due(10) == [xandr.pk]
    tasks.test_connection(str(xandr.pk))
    assert Connection.objects.get().test == "works"
    deliver.drain(xandr.pk, 60)
    assert lifecycles(xandr) == {"Purchase": "live"}


def test_a_log_in_held_for_a_year_is_not_waited_for(xandr, promise, sandbox):
    promise(xandr)
    Credential.objects.update(token_lock_until=timezone.now() + YEAR)
    before = timezone.now()
    deliver.drain(xandr.pk, 60)
    assert lifecycles(xandr) == {"Purchase": "live"}
    assert (timezone.now() - before).total_seconds() < 20


GARBAGE = [
    [],
    {},
    {"a": 1},
    "text",
    5,
    [None],
    [1],
    ["x"],
    [[]],
    [[1]],
    [["x", "y"]],
    [[None, None]],
    [[[], {}]],
    [[1e308, "x"]],
    [[1, "x", 1]],
]


@pytest.mark.table("field")
@pytest.mark.table("garbage")
@pytest.mark.parametrize("field", ["reads", "writes", "writes_refused", "on_the_way"])
@pytest.mark.parametrize("garbage", GARBAGE)
def test_a_rate_limit_row_full_of_garbage_is_cleaned_and_counts_again(
    xandr, promise, sync, sandbox, settings, field, garbage
):
    settings.XANDR_WRITES = 4
    promise(xandr, "First")
    deliver.drain(xandr.pk, 60)
    RateLimit.objects.update(**{field: garbage})
    for number in range(5):
        promise(xandr, f"Pixel {number}")
    deliver.drain(xandr.pk, 60)
    assert set(lifecycles(xandr).values()) == {"live", "queued"}
    assert 3 <= sandbox.asked("xandr", "create") <= 4  # of a row that was lost, the first one is not known any more
    assert sync(xandr).state == "done"
    row = RateLimit.objects.get()
    assert all(len(entry) == 2 for entry in [*row.reads, *row.writes])
    assert row.on_the_way == []


@pytest.mark.parametrize(
    "facts",
    [
        {"blocked_until": 5000 * YEAR},
        {"blocked_until": YEAR},
        {"reads_allowed": 0, "writes_allowed": 0},
        {"reads_allowed": 0, "writes_allowed": 0, "adjusted_at": YEAR},
        {"reads_allowed": 2**31 - 1, "writes_allowed": 2**31 - 1},
    ],
)
def test_impossible_numbers_in_a_rate_limit_row_block_nobody_for_long(xandr, promise, sandbox, facts, time, settings):
    settings.XANDR_READS = settings.XANDR_WRITES = 10
    promise(xandr, "First")
    deliver.drain(xandr.pk, 60)
    moments = {name: timezone.now() + value if isinstance(value, timedelta) else value for name, value in facts.items()}
    RateLimit.objects.update(**moments)
    time.pass_by(settings.XANDR_WINDOW + 1)
    for name in ("Second", "Third"):
        promise(xandr, name)
    for _ in range(3):
        deliver.drain(xandr.pk, 60)
        time.pass_by(settings.XANDR_WINDOW + 1)
    assert set(lifecycles(xandr).values()) == {"live"}


def test_a_wait_that_the_provider_asks_for_counts_though_the_row_held_nonsense(xandr, promise, sandbox, time):
    promise(xandr, "First")
    deliver.drain(xandr.pk, 60)
    RateLimit.objects.update(blocked_until=timezone.now() + YEAR)
    throttled = {"provider": "xandr", "operation": "create", "fault": "throttled", "seconds": 90}
    sandbox.ask("POST", "faults", json=throttled)
    promise(xandr, "Second"), promise(xandr, "Third")
    deliver.drain(xandr.pk, 60)
    deliver.drain(xandr.pk, 60)
    assert sandbox.asked("xandr", "create") == 2
    time.pass_by(91)
    deliver.drain(xandr.pk, 60)
    assert set(lifecycles(xandr).values()) == {"live"}
