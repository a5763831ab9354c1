"""The worker's heartbeat, kept in the cache. Loaded by workers only (CELERY_IMPORTS)."""

import time
from contextlib import suppress

from celery.signals import heartbeat_sent, worker_ready
from django.core.cache import caches
from redis.exceptions import RedisError

from .health import HEARTBEAT


@worker_ready.connect
@heartbeat_sent.connect
def note(**_) -> None:
    # Sent every two seconds from the loop that receives messages, so a stuck or disconnected worker sends none.
    # Without a broker no heartbeat is stored: Celery logs that the broker is away, and /healthz reports it.
    with suppress(RedisError):
        caches["broker"].set(HEARTBEAT, time.time(), timeout=3600)
