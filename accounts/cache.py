"""The cache holds counters and heartbeats, nothing that is needed: without it people can still sign in."""

import logging
import time
from collections.abc import Callable
from typing import Any

from redis.exceptions import RedisError

from pixelhub.cache import JSONRedisCache

log = logging.getLogger(__name__)

RETRY_AFTER = 5.0  # seconds: one sign-in asks a dozen times, and each could wait for a dead server


class LenientRedisCache(JSONRedisCache):
    """While Redis is down: an empty cache that takes everything, so that rate limits let everybody pass."""

    down_until = 0.0  # of this process; each thread has a cache object of its own

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return self._ask(super().add, True, *args, **kwargs)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._ask(super().get, default, key, default, version)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._ask(super().set, None, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return self._ask(super().delete, False, *args, **kwargs)

    def _ask(self, command: Callable[..., Any], otherwise: Any, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() < LenientRedisCache.down_until:
            return otherwise
        try:
            return command(*args, **kwargs)
        except RedisError as error:
            LenientRedisCache.down_until = time.monotonic() + RETRY_AFTER
            log.warning("The cache is down, rate limits are off: %s", type(error).__name__)
            return otherwise
