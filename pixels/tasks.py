"""Celery's side: thin. Each task finds its row by id and calls sync; each may come twice, late or never."""

from __future__ import annotations

import logging
import time
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from django.conf import settings
from django.db import transaction

from pixels.crash import crash_point
from pixels.models import Pixel
from pixels.sync import ad_accounts, check, fires, gone, pull, push, read_back

log = logging.getLogger(__name__)

AT_A_TIME = 200  # rows one sweep hands out
BROKER_PAUSE = 5.0  # seconds without hints after one that failed: a frozen broker costs two seconds each time

_broker_away_until = 0.0


def hint(task: Task, row_id: UUID | int) -> None:
    """Tell a worker after the commit that a row is due. When the broker is away, the sweeper finds it anyway."""
    def publish() -> None:
        crash_point("cp1")
        _publish(task, row_id)

    transaction.on_commit(publish)


def _publish(task: Task, row_id: UUID | int, **options: Any) -> bool:
    global _broker_away_until
    if time.monotonic() < _broker_away_until:
        return False
    try:
        task.apply_async((str(row_id),), retry=False, ignore_result=True, **options)
    except Exception as error:  # whatever the transport raises: no page fails because of a hint
        log.warning("could not publish %s: %s", task.name, type(error).__name__)
        _broker_away_until = time.monotonic() + BROKER_PAUSE
        return False
    return True


@shared_task
def push_operation(operation_id: str) -> None:
    push.push(operation_id)
    crash_point("cp8")


@shared_task
def pull_connection(run_id: str) -> None:
    pull.pull(int(run_id))


@shared_task
def test_connection(connection_id: str) -> None:
    check.check(connection_id)
    ad_accounts.read_ad_accounts(connection_id)


@shared_task
def read_ad_accounts(connection_id: str) -> None:
    ad_accounts.read_ad_accounts(connection_id)


@shared_task
def read_pixel(pixel_id: str) -> None:
    pixel = Pixel.objects.select_related("connection", "ad_account").filter(pk=pixel_id).first()
    if pixel is not None and pixel.remote_id:
        read_back.read_back(pixel)


@shared_task
def look_again(pixel_id: str) -> None:
    gone.look(pixel_id)


@shared_task
def read_fires(account_id: str) -> None:
    fires.read_fires(account_id)


@shared_task
def sweep() -> None:
    """Every SWEEP_INTERVAL: hand out whatever the rows say is due, whether or not a message ever came.

    What is handed out expires before the next sweep does it again, so a busy worker finds no pile.
    """
    pull.schedule(AT_A_TIME)
    rows = [
        *((push_operation, pk) for pk in push.due(AT_A_TIME)),
        *((pull_connection, pk) for pk in pull.due(AT_A_TIME)),
        *((test_connection, pk) for pk in check.waiting(AT_A_TIME)),
        *((read_pixel, pk) for pk in read_back.unread(AT_A_TIME)),
        *((look_again, pk) for pk in gone.due(AT_A_TIME)),
        *((read_ad_accounts, pk) for pk in ad_accounts.due(AT_A_TIME)),
        *((read_fires, pk) for pk in fires.due(AT_A_TIME)),
    ]
    for task, pk in rows:
        if not _publish(task, pk, expires=settings.SWEEP_INTERVAL):
            break
