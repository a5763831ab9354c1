"""Celery's side: thin. Each task finds its row by id and calls sync; each may come twice, late or never."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import zip_longest
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from django.conf import settings
from django.db import DatabaseError, transaction

from pixels.crash import crash_point
from pixels.limits import clock
from pixels.models import Connection, Pixel
from pixels.notices import connection_state
from pixels.outbox import deliver, duplicate_check
from pixels.reconcile import ad_accounts, connection_test, last_fired, missing, pull, read_back, runs

log = logging.getLogger(__name__)

AT_A_TIME = 200  # rows of a kind that one look enqueues
DRAIN_SECONDS = 1.0  # seconds that one connection's changes have a worker for themselves
EXPIRES = 300.0  # seconds after which an enqueued message is not worth handling; workers' clocks differ
MESSAGE_LOST_AFTER = 10.0  # seconds until a message about a connection's changes counts as lost
BROKER_PAUSE = 5.0  # seconds without publishing after a failure: a frozen broker costs two seconds each time

_broker_away_until = 0.0


def notify_worker(task: Task, row_id: UUID | int) -> None:
    """Tell a worker after the commit that a row is due. When the broker is away, the dispatcher finds it anyway."""

    def publish() -> None:
        crash_point("cp1")
        try:
            _enqueue(task, row_id)
        except DatabaseError as error:  # the row is committed, and the dispatcher finds it
            log.warning("could not notify a worker of %s: %s", task.name, type(error).__name__)

    transaction.on_commit(publish)


def _publish(task: Task, row_id: UUID | int | str, **options: Any) -> bool:
    global _broker_away_until
    if time.monotonic() < _broker_away_until:
        return False
    try:
        task.apply_async((str(row_id),), retry=False, ignore_result=True, **options)
    except Exception as error:  # whatever the transport raises: no page fails because of a notification
        log.warning("could not publish %s: %s", task.name, type(error).__name__)
        _broker_away_until = time.monotonic() + BROKER_PAUSE
        return False
    return True


def _enqueue(task: Task, row_id: UUID | int | str, **options: Any) -> bool:
    """Publish, but for the changes of one connection only one message at a time: more would keep others waiting."""
    if task is not push_connection:
        return _publish(task, row_id, **options)
    now = clock.now()
    row = Connection.objects.filter(pk=str(row_id))
    none_out = clock.passed("last_enqueued_at", now - timedelta(seconds=MESSAGE_LOST_AFTER), MESSAGE_LOST_AFTER)
    if not row.filter(none_out).update(last_enqueued_at=now):
        return True
    if _publish(task, row_id, **options):
        return True
    row.filter(last_enqueued_at=now).update(last_enqueued_at=None)
    return False


@shared_task
def push_connection(connection_id: str) -> None:
    Connection.objects.filter(pk=connection_id).update(last_enqueued_at=None)
    more = deliver.drain(connection_id, DRAIN_SECONDS)
    crash_point("cp8")
    if more:
        _enqueue(push_connection, connection_id)  # behind whatever others are waiting for


@shared_task
def pull_connection(run_id: str) -> None:
    if pull.pull(int(run_id)):
        _publish(pull_connection, run_id)


@shared_task
def test_connection(connection_id: str) -> None:
    connection_test.check(connection_id)
    ad_accounts.read_ad_accounts(connection_id)
    push_connection(connection_id)  # what waited for the test to succeed


@shared_task
def read_ad_accounts(connection_id: str) -> None:
    ad_accounts.read_ad_accounts(connection_id)


@shared_task
def read_pixel(pixel_id: str) -> None:
    pixel = Pixel.objects.select_related("connection", "ad_account").filter(pk=pixel_id).first()
    if pixel is not None and pixel.remote_id:
        read_back.read_back(pixel)


@shared_task
def look_again(account_id: str) -> None:
    missing.look_for(int(account_id))


@shared_task
def check_for_duplicate(operation_id: str) -> None:
    duplicate_check.check(operation_id)


@shared_task
def read_fires(account_id: str) -> None:
    last_fired.read_fires(account_id)


@shared_task
def notify(connection_id: str) -> None:
    connection_state.notify(connection_id)


def dispatch_due() -> None:
    """Enqueue whatever the rows say is due, whether or not a message ever came.

    Without a broker the work is done here, a little of each kind, so that it goes on at least slowly.
    """
    runs.schedule(AT_A_TIME)
    away = False
    started = time.monotonic()
    for task, row_id in _due():
        away = away or not _enqueue(task, row_id, expires=EXPIRES)
        if not away:
            continue
        if time.monotonic() - started > settings.DISPATCH_INTERVAL:
            break
        try:
            task(str(row_id))
        except DatabaseError:
            raise
        except Exception:  # one bad row must not end the scheduler
            log.exception("%s of %s failed", task.name, row_id)


def _due() -> Iterator[tuple[Task, UUID | int]]:
    """One of each kind, then the next of each."""
    finders = (
        (push_connection, deliver.due_connections),
        (pull_connection, runs.due),
        (test_connection, connection_test.due),
        (read_pixel, read_back.due),
        (look_again, missing.due),
        (check_for_duplicate, duplicate_check.due),
        (read_ad_accounts, ad_accounts.due),
        (read_fires, last_fired.due),
        (notify, connection_state.due),
    )
    found = [[(task, row_id) for row_id in find(AT_A_TIME)] for task, find in finders]
    for round_of_all in zip_longest(*found):
        yield from filter(None, round_of_all)
