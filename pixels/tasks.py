"""Celery's tasks. Each finds its row by id and calls the module that does the work; it may run twice, late or never."""

from __future__ import annotations

from celery import shared_task

from pixels import queue
from pixels.crash import crash_point
from pixels.models import Pixel
from pixels.notices import connection_state
from pixels.outbox import deliver, duplicate_check, enqueue
from pixels.reconcile import ad_accounts, connection_test, last_fired, missing, pull, read_back

DRAIN_SECONDS = 1.0  # seconds for which a worker holds a connection's drain lease, before other connections are served


@shared_task
def push_connection(connection_id: str) -> None:
    more = deliver.drain(connection_id, DRAIN_SECONDS)
    crash_point("cp8")
    if more:
        enqueue.publish(connection_id)  # queued behind the messages of other connections


@shared_task
def pull_connection(run_id: str) -> None:
    if pull.pull(int(run_id)):
        queue.publish("pull_connection", run_id)


@shared_task
def test_connection(connection_id: str) -> None:
    connection_test.check(connection_id)
    ad_accounts.read_ad_accounts(connection_id)
    push_connection(connection_id)  # operations that have waited for the test to succeed


@shared_task
def read_ad_accounts(connection_id: str) -> None:
    ad_accounts.read_ad_accounts(connection_id)


@shared_task
def read_pixel(pixel_id: str) -> None:
    pixel = Pixel.objects.select_related("connection", "ad_account").filter(pk=pixel_id).first()
    if pixel is not None and pixel.remote_id:
        read_back.read_back(pixel)


@shared_task
def check_missing(account_id: str) -> None:
    missing.check(int(account_id))


@shared_task
def check_for_duplicate(operation_id: str) -> None:
    duplicate_check.check(operation_id)


@shared_task
def read_last_fired(account_id: str) -> None:
    last_fired.read_last_fired(account_id)


@shared_task
def notify(connection_id: str) -> None:
    connection_state.notify(connection_id)
