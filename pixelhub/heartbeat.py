"""The worker's sign of life, kept in the cache. Loaded by workers only (CELERY_IMPORTS)."""

import time
from contextlib import suppress

from celery.signals import heartbeat_sent, worker_ready
from django.core.cache import caches
from redis.exceptions import RedisError

from .health import HEARTBEAT


@worker_ready.connect
@heartbeat_sent.connect
def note(**_) -> None:
    # Sent every two seconds from the loop that takes messages, so a stuck or cut-off worker falls silent.
    # Without a broker no heartbeat is stored: Celery logs that it is away, and /healthz says so.
    with suppress(RedisError):
        caches["broker"].set(HEARTBEAT, time.time(), timeout=3600)
