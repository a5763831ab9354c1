"""At most one message about a connection is under way; whatever happens to it, the next one is published."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError
from django.utils import timezone

from pixels import queue
from pixels.models import Connection
from pixels.outbox import deliver, enqueue


@pytest.fixture
def broker(monkeypatch):
    """A broker that collects messages in a list, unless it is away."""
    broker = SimpleNamespace(away=False, taken=[])

    def publish(task, row_id, expires=None):
        if not broker.away:
            broker.taken.append((task, row_id))
        return not broker.away

    monkeypatch.setattr(queue, "publish", publish)
    return broker


def test_a_second_message_waits_until_the_first_has_been_received(easyflow, broker):
    assert enqueue.publish(easyflow.pk)
    assert enqueue.publish(easyflow.pk)
    assert broker.taken == [("push_connection", easyflow.pk)]
    deliver.drain(easyflow.pk, 1)
    assert enqueue.publish(easyflow.pk)
    assert len(broker.taken) == 2


def test_another_connections_message_does_not_wait(easyflow, xandr, broker):
    enqueue.publish(easyflow.pk), enqueue.publish(xandr.pk)
    assert [row_id for _, row_id in broker.taken] == [easyflow.pk, xandr.pk]


def test_a_worker_that_finds_the_drain_lease_taken_has_received_its_message_too(easyflow, broker):
    Connection.objects.update(drain_lease_until=timezone.now() + timedelta(seconds=20))
    enqueue.publish(easyflow.pk)
    assert not deliver.drain(easyflow.pk, 1)
    enqueue.publish(easyflow.pk)
    assert len(broker.taken) == 2


def test_a_message_that_nobody_received_is_published_again(easyflow, broker, time):
    enqueue.publish(easyflow.pk)
    time.pass_by(enqueue.MESSAGE_LOST_AFTER - 1)
    enqueue.publish(easyflow.pk)
    assert len(broker.taken) == 1
    time.pass_by(2)
    enqueue.publish(easyflow.pk)
    assert len(broker.taken) == 2


def test_a_message_marked_by_a_clock_that_was_wrong_holds_up_nothing(easyflow, broker):
    Connection.objects.update(last_enqueued_at=timezone.now() + timedelta(days=365))
    enqueue.publish(easyflow.pk)
    assert len(broker.taken) == 1


def test_a_message_that_the_broker_refused_is_not_waited_for(easyflow, broker):
    broker.away = True
    assert not enqueue.publish(easyflow.pk)
    broker.away = False
    assert enqueue.publish(easyflow.pk)
    assert len(broker.taken) == 1


def test_a_change_is_promised_although_the_database_is_away_when_it_is_published(
    easyflow, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    def away(*args):
        raise DatabaseError("secret words of a driver")

    monkeypatch.setattr(enqueue, "publish", away)
    with django_capture_on_commit_callbacks(execute=True):
        enqueue.notify_worker(easyflow.pk)
    assert f"could not notify a worker of connection {easyflow.pk}: DatabaseError" in caplog.text
    assert "secret words" not in caplog.text
