"""Kombu's Redis transport, for workers that outlive their broker. `pixelhub.celery` registers it.

When the server goes away during a task, Kombu 5.7 closes the connection, and while doing so asks the absent server to
put the unacknowledged messages back. That error escapes from Celery's reconnecting code and ends the worker. When the
task ends later, its acknowledgement fails too, since the connection of its message is closed.

Here these failures are logged and otherwise ignored. No work is lost: Redis delivers an unacknowledged message again
after the visibility timeout, and the database row says whether there is still something to do.
"""

import logging
from typing import Any

from kombu.transport import redis, virtual
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class QoS(redis.QoS):
    def restore_unacked(self, client: Any = None) -> None:
        try:
            super().restore_unacked(client)
        except (RedisError, OSError, AttributeError) as error:
            self._note("put back", error)
            (self._delivered or {}).clear()

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        except (RedisError, OSError, AttributeError) as error:
            self._note("acknowledged", error)
            # The message is no longer held; if it still counted, it would use up the prefetch limit.
            virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue)
        except (RedisError, OSError, AttributeError) as error:
            self._note("rejected", error)
            virtual.QoS.ack(self, delivery_tag)

    def _note(self, done: str, error: Exception) -> None:
        """Log it. Raise an AttributeError again unless the channel is closed, since a closed one has no client."""
        if isinstance(error, AttributeError) and not self.channel.closed:
            raise error
        logger.warning("The broker is gone; a message in hand was not %s: %s", done, type(error).__name__)


class Channel(redis.Channel):
    QoS = QoS


class Transport(redis.Transport):
    Channel = Channel
