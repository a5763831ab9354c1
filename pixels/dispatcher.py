"""What the scheduler does: enqueue all work that the rows say is due, whether or not a message was published before."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from itertools import zip_longest
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError

from pixels import queue, tasks
from pixels.notices import connection_state
from pixels.outbox import claim, duplicate_check, enqueue
from pixels.queue import TaskName
from pixels.reconcile import ad_accounts, connection_test, last_fired, missing, read_back, runs

log = logging.getLogger(__name__)

AT_A_TIME = 200  # rows of each kind enqueued at once
EXPIRES = 300.0  # seconds after which a worker drops the message; workers' clocks differ

# For each task, the function that finds the ids of due rows.
FINDERS: tuple[tuple[TaskName, Callable[[int], list[UUID] | list[int]]], ...] = (
    ("push_connection", claim.due_connections),
    ("pull_connection", runs.due),
    ("test_connection", connection_test.due),
    ("read_pixel", read_back.due),
    ("check_missing", missing.due),
    ("check_for_duplicate", duplicate_check.due),
    ("read_ad_accounts", ad_accounts.due),
    ("read_last_fired", last_fired.due),
    ("notify", connection_state.due),
)


def dispatch_due() -> None:
    """Enqueue what is due.

    If the broker is away, do the work here instead, slowly, until DISPATCH_INTERVAL has passed.
    """
    runs.schedule(AT_A_TIME)
    away = False
    started = time.monotonic()
    for task, row_id in _due():
        away = away or not _enqueue(task, row_id)
        if not away:
            continue
        if time.monotonic() - started > settings.DISPATCH_INTERVAL:
            break
        try:
            getattr(tasks, task)(str(row_id))
        except DatabaseError:
            raise
        except Exception:  # one bad row must not end the scheduler
            log.exception("%s of %s failed", task, row_id)


def _due() -> Iterator[tuple[TaskName, UUID | int]]:
    """Due rows in turn: one row of each kind, then the next of each."""
    found = [[(task, row_id) for row_id in find(AT_A_TIME)] for task, find in FINDERS]
    for round_of_all in zip_longest(*found):
        yield from filter(None, round_of_all)


def _enqueue(task: TaskName, row_id: UUID | int) -> bool:
    if task == "push_connection":
        return enqueue.publish(row_id, EXPIRES)
    return queue.publish(task, row_id, EXPIRES)
