"""Kombu's Redis transport for workers that outlive their broker. `pixelhub.celery` registers it.

When the server goes away while a task is in hand, Kombu 5.7 closes the connection, and on the way asks the server,
which is gone, to put the unacknowledged messages back. The error escapes from Celery's reconnecting code and ends the
worker. When the task ends later, its acknowledgement fails too: the connection that its message came over is closed.

Here both failures are logged and otherwise ignored. No work is lost: Redis delivers an unacknowledged message again
after the visibility timeout, and the database row, which is the truth, says whether there is still something to do.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.transport import redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class QoS(redis.QoS):
    def restore_unacked(self, client: Any = None) -> None:
        with self._if_reachable("put back"):
            super().restore_unacked(client)
        (self._delivered or {}).clear()

    def ack(self, delivery_tag: str) -> None:
        with self._if_reachable("acknowledged"):
            super().ack(delivery_tag)

    @contextmanager
    def _if_reachable(self, done: str) -> Iterator[None]:
        # AttributeError: a closed transport has given its client away, and Kombu reads the address from there.
        try:
            yield
        except (RedisError, OSError, AttributeError) as error:
            logger.warning("The broker is gone; a message in hand was not %s: %s", done, type(error).__name__)


class Channel(redis.Channel):
    QoS = QoS


class Transport(redis.Transport):
    Channel = Channel
