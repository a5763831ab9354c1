"""A connection's drain lease is short and held by one worker, so that nobody waits behind another's five hundred
changes."""

from collections import deque
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from pixels import queue, tasks
from pixels.models import Connection, Operation, Pixel
from pixels.outbox import claim, deliver
from pixels.services import connections
from tests.at_once import at_once
from tests.pixels.conftest import AD_ACCOUNTS, CREDENTIALS, dies
from tests.pixels.providers.loopback import says


@pytest.fixture
def rivals(charlie):
    """Charlie's connection to Easyflow, with credentials that count as another user's."""
    return connections.connect(
        charlie.memberships.get().team,
        charlie,
        provider="easyflow",
        environment="sandbox",
        credentials=CREDENTIALS["easyflow"],
        ad_account=AD_ACCOUNTS["easyflow"],
    )


@pytest.fixture
def one_worker(monkeypatch):
    """One worker, which takes messages in the order in which they came; a drain lasts for one change."""
    messages = deque()
    monkeypatch.setattr(tasks, "DRAIN_SECONDS", 0.0)
    monkeypatch.setattr(queue, "publish", lambda task, row_id, expires=None: messages.append(row_id) or True)

    def work(most=1000):
        for _ in range(most):
            if not messages:
                return
            tasks.push_connection(str(messages.popleft()))

    return messages, work


def names(connection, lifecycle="live"):
    return sorted(connection.pixels.filter(lifecycle=lifecycle).values_list("name", flat=True))


def test_all_that_is_due_of_a_connection_is_sent_in_the_order_in_which_it_was_asked_for(easyflow, promise, sandbox):
    for number in range(25):  # more than one look finds
        promise(easyflow, f"Pixel {number:02}")
    assert not deliver.drain(easyflow.pk, 600)
    assert [held["name"] for held in sandbox.held("easyflow")] == [f"Pixel {number:02}" for number in range(25)]
    assert Connection.objects.get().drain_lease_until is None


def test_a_single_change_does_not_wait_behind_another_teams_many(easyflow, rivals, promise, sandbox, one_worker):
    messages, work = one_worker
    for number in range(12):
        promise(easyflow, f"Ours {number:02}")
    promise(rivals, "Theirs")
    messages.extend(claim.due_connections(10))
    work(2)
    assert names(rivals) == ["Theirs"]
    assert names(easyflow) == ["Ours 00"]
    work()
    assert len(names(easyflow)) == 12
    assert sandbox.asked("easyflow", "create") == 13


def test_two_connections_with_many_changes_alternate(easyflow, rivals, promise, sandbox, one_worker):
    messages, work = one_worker
    for number in range(6):
        promise(easyflow, f"Ours {number}")
    for number in range(6):
        promise(rivals, f"Theirs {number}")
    messages.extend(claim.due_connections(10))
    work(6)
    assert (len(names(easyflow)), len(names(rivals))) == (3, 3)


def test_the_connection_that_has_waited_longest_is_enqueued_first(easyflow, rivals, xandr, promise, sandbox):
    for connection in (rivals, xandr, easyflow):
        promise(connection)
    Operation.objects.filter(pixel__connection=xandr).update(created_at=timezone.now() - timedelta(hours=1))
    assert claim.due_connections(10) == [xandr.pk, rivals.pk, easyflow.pk]
    assert claim.due_connections(1) == [xandr.pk]


def test_while_one_worker_holds_the_drain_lease_another_leaves(easyflow, promise, sandbox, meanwhile):
    promise(easyflow, "First"), promise(easyflow, "Second")
    came = []

    def another_comes():
        came.append(deliver.drain(easyflow.pk, 60))
        assert names(easyflow) == []

    meanwhile("easyflow", "create_pixel", before=another_comes)
    assert not deliver.drain(easyflow.pk, 60)
    assert came == [False]
    assert names(easyflow) == ["First", "Second"]


def test_a_change_asked_for_at_the_end_of_a_drain_is_sent(easyflow, promise, sandbox, monkeypatch):
    """The worker of its message found the lease taken and left."""
    promise(easyflow, "First")
    real = deliver._drain

    def and_then(*args):
        may_go_on = real(*args)
        promise(easyflow, "Second")
        assert not deliver.drain(easyflow.pk, 60)
        return may_go_on

    monkeypatch.setattr(deliver, "_drain", and_then)
    assert deliver.drain(easyflow.pk, 60)  # more is due, so the task publishes another message


def test_the_drain_lease_of_a_dead_worker_ends_by_itself(easyflow, promise, sandbox, time, meanwhile, settings):
    promise(easyflow, "First"), promise(easyflow, "Second")
    meanwhile("easyflow", "create_pixel", before=dies)
    try:
        deliver.drain(easyflow.pk, 1)
    except SystemExit:
        Connection.objects.update(drain_lease_until=timezone.now() + timedelta(seconds=1 + settings.CALL_DEADLINE))
    assert not deliver.drain(easyflow.pk, 1)
    assert names(easyflow) == []
    time.pass_by(settings.CALL_DEADLINE + 2)
    deliver.drain(easyflow.pk, 1)
    assert names(easyflow) == ["Second"]  # the first one's claim holds on, until it is certain that nobody sends it


def test_at_a_limit_the_drain_ends_and_all_operations_of_the_connection_wait(xandr, promise, sandbox, settings):
    settings.XANDR_WRITES = 1
    for name in "abc":
        promise(xandr, name)
    assert not deliver.drain(xandr.pk, 60)
    assert names(xandr) == ["a"]
    assert names(xandr, "queued") == ["b", "c"]
    assert claim.due(10) == claim.due_connections(10) == []
    waits = set(Operation.objects.filter(state="pending").values_list("error_code", "sent_at"))
    assert waits == {("waiting", None)}
    assert claim.next_due() is not None


def test_a_refused_or_unconfirmed_change_does_not_delay_those_behind_it(easyflow, promise, misbehaving):
    for name in "abc":
        promise(easyflow, name)
    made = {"statusCode": 200, "data": {"pixel": {"id": "e-1", "name": "c"}}}
    misbehaving.script = [says({"message": "no", "statusCode": 400}, 400), says("<html>", 502), says(made)]
    assert not deliver.drain(easyflow.pk, 60)
    assert dict(Pixel.objects.values_list("name", "lifecycle")) == {"a": "failed", "b": "unknown", "c": "live"}


def test_a_drain_of_an_unknown_connection_does_nothing(db):
    assert not deliver.drain("00000000-0000-0000-0000-000000000000", 1)


@pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite lets one writer in at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_", range(3))
def test_many_workers_at_one_connection_send_each_change_once(easyflow, promise, sandbox, _):
    for name in "abcd":
        promise(easyflow, name)
    assert at_once(*[lambda: deliver.drain(easyflow.pk, 60)] * 6) == ["done"] * 6
    assert [held["name"] for held in sandbox.held("easyflow")] == list("abcd")  # one of them, in order
    assert Connection.objects.get().drain_lease_until is None
