"""Caches on Redis that hold only JSON, and one without which pages still work.

Django's own backend pickles what it stores, and unpickling runs code: whoever can write to Redis could run code in
every process that reads the cache.
"""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


class JSONSerializer:
    """A serializer for Django's RedisCache: numbers, strings, booleans, None, and lists and dictionaries of these."""

    def dumps(self, value: Any) -> int | bytes:
        """Integers are stored bare, so that Redis itself can count with them. Raises TypeError for a value that JSON
        cannot hold."""
        return value if type(value) is int else json.dumps(value, allow_nan=False).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


class JSONRedisCache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = params.get("OPTIONS", {}) | {"serializer": JSONSerializer}
        super().__init__(server, params | {"OPTIONS": options})

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """A value that cannot be read counts as missing: an earlier version pickled it, or somebody else wrote it."""
        try:
            return super().get(key, default, version)
        except (ValueError, RecursionError):
            return default


RETRY_AFTER = 5.0  # seconds; one sign-in reads the cache a dozen times, and each read could wait for a dead server


class LenientRedisCache(JSONRedisCache):
    """While Redis is down, this acts as an empty cache that accepts everything, so rate limits refuse nobody."""

    down_until = 0.0  # for the whole process; each thread has a cache object of its own

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
