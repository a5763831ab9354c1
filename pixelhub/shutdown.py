"""A worker that is told to end before it is ready ends at once. Loaded by workers only (CELERY_IMPORTS).

Until then Celery tells the broker of the worker's start, without an end where the broker has gone, and looks at no
signal meanwhile: after a kill -9 of the supervisor such a worker would stay behind.
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
