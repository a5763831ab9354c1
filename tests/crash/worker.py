"""The product's Celery application with orders at its crash points: `celery -A tests.crash.worker`.

At the start of each task it finds the task's connection, which decides which sandbox is called and which orders apply.
Without orders these are the product's own workers.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

import django
from celery import Task
from celery.signals import task_prerun

from pixelhub.celery import app

django.setup()

from django.conf import settings  # noqa: E402
from django.db import OperationalError  # noqa: E402

from pixels import crash  # noqa: E402

from . import naive, product  # noqa: E402, F401  (naive: its tasks)
from .orders import VARIABLE, Orders  # noqa: E402

__all__ = ["app"]

ROOT = os.environ[VARIABLE]
NOWHERE = "http://127.0.0.1:9"  # for a task that is nobody's: it must not ask another one's sandbox
TOGETHER = 5.0  # seconds that one of two workers waits for the other

_orders: Orders | None = None
_passed: list[str] = []


@task_prerun.connect
def _begin(sender: Task, args: Sequence[Any] = (), **_: Any) -> None:
    global _orders
    _passed.clear()
    _orders, settings.SANDBOX_URL = None, NOWHERE
    if connection_id := product.connection_of(sender.name, args):
        _orders = Orders.of(ROOT, connection_id)
        settings.SANDBOX_URL = _orders.url()


def _reached(point: str) -> None:
    order = _orders.take(point, _passed, os.getpid()) if _orders else None
    _passed.append(point)
    if order is None:
        return
    match order.act:
        case "kill_child":
            os.kill(os.getpid(), signal.SIGKILL)
        case "kill_worker":
            os.killpg(os.getpgrp(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "refuse":
            raise OperationalError("the crash suite lets this commit fail")
        case "together":
            _wait_for_another(order.point)
        case _:
            raise ValueError(order.act)


def _wait_for_another(point: str) -> None:
    assert _orders
    give_up = time.monotonic() + TOGETHER
    while time.monotonic() < give_up and any(path.name.split(".")[1] == point for path in _orders.waiting()):
        time.sleep(0.002)


crash.armed = _reached
