"""A cache on Redis that holds JSON and nothing else.

Django's own backend pickles what it stores, and unpickling runs code: whoever can write to Redis could run code in
every process that reads the cache.
"""

import json
from typing import Any

from django.core.cache.backends.redis import RedisCache


class JSONSerializer:
    """For Django's RedisCache: numbers, strings, booleans, None, and lists and dictionaries of these."""

    def dumps(self, value: Any) -> int | bytes:
        """Integers stay bare, so that Redis itself can count with them; raises TypeError for what is not JSON."""
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
