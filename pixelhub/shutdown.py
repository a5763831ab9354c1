"""Lets a worker that is told to end while it starts end at once. Loaded by workers only (CELERY_IMPORTS).

While it starts, Celery announces the worker to the broker, endlessly if the broker is away, and ignores signals
meanwhile. After a kill -9 of the supervisor such a worker would never end.
"""

from typing import Any

from celery.exceptions import WorkerShutdown
from celery.signals import worker_ready, worker_shutting_down

_is_ready = False


@worker_ready.connect
def note(**_: Any) -> None:
    global _is_ready
    _is_ready = True


@worker_shutting_down.connect
def end(exitcode: int | None = None, **_: Any) -> None:
    if not _is_ready:
        raise WorkerShutdown(exitcode)
