"""GET /healthz: whether each part answers; for load balancers, monitors and `manage.py run`."""

import logging
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pixels.limits import lease

logger = logging.getLogger(__name__)

HEARTBEAT = "worker-heartbeat"
SILENT_AFTER = 30  # seconds, or fifteen missed heartbeats


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    parts = report()
    return JsonResponse(parts, status=200 if parts["status"] == "ok" else 503)


def report() -> dict[str, Any]:
    broker, heartbeat = _broker()
    database, worker = _database(), _worker(heartbeat)
    scheduler = _scheduler() if database == "ok" else "down"
    return {
        "status": "ok" if database == broker == worker["status"] == scheduler == "ok" else "down",
        "database": database,
        "broker": broker,
        "worker": worker,
        "scheduler": scheduler,
        "sandbox": _sandbox(),  # reported only, as nothing else depends on it
    }


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except Exception as error:  # whatever the driver raises
        logger.warning("Health: the database does not answer: %s", type(error).__name__)
        return "down"
    return "ok"


def _broker() -> tuple[str, float | None]:
    """Broker and cache are one server: one read shows whether it answers and when the worker last sent a heartbeat."""
    try:
        heartbeat = caches["broker"].get(HEARTBEAT)
    except Exception as error:  # errors of redis, which is not imported where no broker is used
        logger.warning("Health: the broker does not answer: %s", type(error).__name__)
        return "down", None
    # Other programs may write to that server, so check the type. (No number is too large to be compared.)
    is_time = isinstance(heartbeat, int | float) and 0 <= heartbeat <= time.time() + SILENT_AFTER
    return "ok", heartbeat if is_time else None


def _worker(heartbeat: float | None) -> dict[str, str | float | None]:
    if heartbeat is None:
        return {"status": "down", "last_heartbeat": None}
    seconds = max(0.0, round(time.time() - heartbeat, 1))
    return {"status": "ok" if seconds <= SILENT_AFTER else "down", "last_heartbeat": seconds}


def _scheduler() -> str:
    """Whether a scheduler has renewed its lease lately."""
    try:
        seconds = lease.runs_for(lease.DISPATCH)
    except DatabaseError as error:  # also raised before the tables exist
        logger.warning("Health: the scheduler's lease cannot be read: %s", type(error).__name__)
        return "down"
    return "ok" if seconds is not None and seconds > -SILENT_AFTER else "down"


def _sandbox() -> str:
    if not settings.SANDBOX_ENABLED:
        return "off"
    address = urlsplit(settings.SANDBOX_URL)
    try:
        port = address.port or (443 if address.scheme == "https" else 80)
        socket.create_connection((address.hostname, port), timeout=1).close()
    except (OSError, ValueError):
        return "down"
    return "ok"
