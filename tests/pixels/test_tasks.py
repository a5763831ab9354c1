"""Messages only notify: without a broker no page fails, and the dispatcher finds due work."""

import socket
import time
import uuid
from typing import get_args

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from pixelhub.celery import app
from pixels import dispatcher, queue, tasks
from pixels.models import Connection, Pixel, SyncRun
from pixels.services import connections
from tests.pixels.providers.loopback import says


@pytest.fixture
def queued():
    """The messages that wait in the broker: (task, id, when it expires)."""

    def read():
        found = []
        with app.connection_for_read() as broker:
            queue = broker.SimpleQueue("celery")
            while True:
                try:
                    message = queue.get(block=False)
                except queue.Empty:
                    break
                message.ack()
                found.append(
                    (message.headers["task"].split(".")[-1], message.payload[0][0], message.headers["expires"])
                )
            queue.close()
        return found

    return read


@pytest.fixture
def broker_at():
    """A function that sends Celery's messages to another address."""
    home = app.conf.broker_url

    def move(url):
        app.conf.broker_url = url
        app._pool = app.amqp._producer_pool = None
        queue._broker_away_until = 0.0

    yield move
    move(home)


@pytest.fixture
def dead_broker(broker_at, free_address):
    broker_at(free_address.replace("http", "redis"))


@pytest.fixture
def frozen_broker(broker_at):
    """A broker that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        broker_at(f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        yield


def test_every_task_has_a_name_and_a_finder_in_the_dispatcher():
    registered = {name.removeprefix("pixels.tasks.") for name in app.tasks if name.startswith("pixels.tasks.")}
    assert registered == set(get_args(queue.TaskName)) == {task for task, _ in dispatcher.FINDERS}


def test_a_new_operation_is_followed_by_a_message_with_only_an_id(
    connect, promise, sandbox, queued, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        connection = connect("xandr")
        promise(connection)
        run = connections.sync_now(connection, None)
    assert sorted((task, row) for task, row, _ in queued()) == sorted(
        [
            ("test_connection", str(connection.pk)),
            ("push_connection", str(connection.pk)),
            ("pull_connection", str(run.pk)),
        ]
    )


def test_no_message_goes_out_for_what_was_rolled_back(
    connect, promise, sandbox, queued, django_capture_on_commit_callbacks
):
    with pytest.raises(RuntimeError), django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        promise(connect("xandr"))
        raise RuntimeError
    assert queued() == []


def test_the_dispatcher_enqueues_due_rows_without_any_earlier_message(
    connect, promise, misbehaving, sandbox_server, queued, settings
):
    settings.DISPATCH_INTERVAL = 0.001
    pitchtarget, xandr = connect("pitchtarget"), connect("xandr")
    misbehaving.script = [says([]), says({"id": "6014360342905"}), says("", 500)]
    unread = promise(pitchtarget, "Unread")
    tasks.push_connection(str(pitchtarget.pk))
    waiting = promise(xandr, "Waiting")
    Connection.objects.filter(pk=pitchtarget.pk).update(test="works")
    run = connections.sync_now(xandr, None)
    SyncRun.objects.create(team=run.team, connection=pitchtarget, state="done", finished_at=timezone.now())
    Pixel.objects.filter(pk=unread.pk).update(read_back_at=F("created_at"))
    time.sleep(0.01)

    dispatcher.dispatch_due()
    messages = queued()
    assert {(task, row) for task, row, _ in messages} == {
        ("push_connection", str(waiting.connection_id)),
        ("pull_connection", str(run.pk)),
        ("test_connection", str(xandr.pk)),
        ("read_pixel", str(unread.pk)),
        ("read_ad_accounts", str(pitchtarget.pk)),
        ("notify", str(pitchtarget.pk)),
    }
    assert all(expires for _, _, expires in messages)  # the next look publishes it again


def test_the_dispatcher_says_nothing_when_nothing_is_due(queued, easyflow, sandbox, settings):
    Connection.objects.update(test="works", last_notified_state="works")
    dispatcher.dispatch_due()
    assert queued() == []


def test_a_worker_carries_out_what_a_message_names(connect, promise, sandbox, sync):
    connection = connect("xandr")
    pixel = promise(connection)
    run = connections.sync_now(connection, None)
    tasks.push_connection(str(connection.pk))
    tasks.pull_connection(str(run.pk))
    tasks.test_connection(str(connection.pk))
    tasks.read_pixel(str(pixel.pk))
    for row in (pixel, run, connection):
        row.refresh_from_db()
    assert (pixel.lifecycle, run.state, connection.test) == ("live", "done", "works")


def test_a_message_about_a_deleted_row_does_nothing(db):
    nowhere = str(uuid.uuid4())
    for task in (
        tasks.push_connection,
        tasks.test_connection,
        tasks.read_pixel,
        tasks.check_for_duplicate,
        tasks.notify,
    ):
        task(nowhere)
    tasks.pull_connection("999999999")
    tasks.check_missing("999999999")
    tasks.read_last_fired("999999999")


@pytest.mark.parametrize("broker", ["dead_broker", "frozen_broker"])
def test_without_a_broker_the_dispatcher_does_the_work_itself(request, connect, promise, sandbox, broker):
    pixels = [promise(connect("xandr"), name) for name in "abc"]
    request.getfixturevalue(broker)
    started = time.monotonic()
    dispatcher.dispatch_due()
    assert time.monotonic() - started < 10
    assert [Pixel.objects.get(pk=pixel.pk).lifecycle for pixel in pixels] == ["live"] * 3
    assert len(sandbox.held("xandr")) == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("broker", ["dead_broker", "frozen_broker"])
def test_no_page_fails_or_hangs_because_the_broker_is_away(
    request, browser_of, alice, at, new_pixel, xandr, sandbox, carry_out, broker
):
    values = new_pixel.fill(xandr, "2", "3", "4", "5", "6", "7", "8", "none")
    request.getfixturevalue(broker)
    started = time.monotonic()
    assert new_pixel.send(values).status_code == 302
    window = browser_of(alice)
    assert window.post(at("connection_test", xandr)).status_code == 302
    assert window.post(at("connection_sync", xandr)).status_code == 302
    assert time.monotonic() - started < 5
    carry_out()
    assert len(sandbox.held("xandr")) == 8
    assert Pixel.objects.filter(lifecycle="live").count() == 8
    assert SyncRun.objects.get().state == "done"


@pytest.mark.django_db(transaction=True)
def test_when_the_broker_is_back_messages_go_out_again(connect, sandbox, broker_at, queued, free_address, monkeypatch):
    home = app.conf.broker_url
    broker_at(free_address.replace("http", "redis"))
    connect("easyflow")
    app.conf.broker_url = home
    connect("xandr")
    assert queued() == []  # asked a moment ago: the dispatcher will find it
    monkeypatch.setattr(queue, "_broker_away_until", time.monotonic())
    app._pool = app.amqp._producer_pool = None
    connection = connect("pitchtarget")
    assert [(task, row) for task, row, _ in queued()] == [("test_connection", str(connection.pk))]
