"""Publishes messages to workers. A message names a task of pixels/tasks.py and the row to work on, nothing else.

The rows say what is due, so a lost message costs time but no work (docs/decisions/0002).
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import Literal
from uuid import UUID

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)

TaskName = Literal[
    "push_connection",
    "pull_connection",
    "test_connection",
    "read_pixel",
    "check_missing",
    "check_for_duplicate",
    "read_ad_accounts",
    "read_last_fired",
    "notify",
]
BROKER_PAUSE = 5.0  # seconds without publishing after a failure: with a frozen broker each try takes two seconds

_broker_away_until = 0.0


def notify_worker(task: TaskName, row_id: UUID | int) -> None:
    """Publish after the commit. If the broker is away then, the dispatcher finds the row."""
    transaction.on_commit(partial(publish, task, row_id))


def publish(task: TaskName, row_id: UUID | int | str, expires: float | None = None) -> bool:
    """Publish now, and return whether the broker took the message.

    `expires`: seconds after which a worker drops the message unread.
    """
    global _broker_away_until
    if time.monotonic() < _broker_away_until:
        return False
    try:
        current_app.send_task(f"pixels.tasks.{task}", (str(row_id),), expires=expires, retry=False, ignore_result=True)
    except Exception as error:  # whatever the transport raises: no page fails because of a message
        log.warning("could not publish %s: %s", task, type(error).__name__)
        _broker_away_until = time.monotonic() + BROKER_PAUSE
        return False
    return True
