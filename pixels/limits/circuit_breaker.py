"""The circuit breaker of a connection: a provider that does not answer is left alone for a while, then one call tries.

What waits keeps waiting, nothing of it is dropped, and the page of each pixel answers at once why.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from pixels.limits import clock
from pixels.models import Connection, Operation
from pixels.providers.errors import BadAnswer, NoAnswer, NotSent, ProviderError


class CircuitOpen(NotSent):
    """The circuit is open, so nothing was asked."""


def enter(connection: Connection) -> None:
    """Before a call. Raises CircuitOpen while the circuit is open; half open, one caller may try."""
    until = connection.circuit_open_until
    if until is None:
        return
    now = clock.now()
    pause = timedelta(seconds=settings.CIRCUIT_PAUSE)
    tries = not now < until <= now + pause + timedelta(seconds=clock.APART)
    # Compare and swap: of several that find it half open, one.
    if not tries or not _row(connection).filter(circuit_open_until=until).update(circuit_open_until=now + pause):
        raise CircuitOpen(f"{connection.provider_class.label} has not been reachable lately.")


def failed(connection: Connection, error: ProviderError) -> None:
    """After a call that ended in this error; most errors are answers."""
    if not _says_nothing(error):
        answered(connection)
        return
    now = clock.now()
    # Up to there and no further: a provider may be away for months, and the column is a small one.
    _row(connection).filter(failures__lt=settings.CIRCUIT_FAILURES).update(failures=F("failures") + 1)
    _row(connection).filter(failures__gte=settings.CIRCUIT_FAILURES).update(
        circuit_open_until=now + timedelta(seconds=settings.CIRCUIT_PAUSE),
        down_since=Coalesce("down_since", timezone.now()),
    )


def answered(connection: Connection) -> None:
    """After a call that was answered, whatever the answer was."""
    if connection.failures or connection.circuit_open_until:
        was_down = connection.circuit_open_until is not None
        _row(connection).update(failures=0, circuit_open_until=None, down_since=None)
        connection.failures, connection.circuit_open_until, connection.down_since = 0, None, None
        if was_down:
            resume(connection)


def resume(connection: Connection) -> None:
    """End the waits that this connection caused. Unconfirmed creates keep their quiet time."""
    waiting = Operation.objects.open().filter(pixel__connection=connection, state=Operation.State.PENDING)
    waiting = waiting.filter(~Q(error_code="throttled"))
    waiting.update(not_before=None, trying_since=None)


def _says_nothing(error: ProviderError) -> bool:
    return isinstance(error, NotSent | NoAnswer) or (
        isinstance(error, BadAnswer) and error.status is not None and error.status >= 500
    )


def _row(connection: Connection) -> QuerySet[Connection]:
    return Connection.objects.filter(pk=connection.pk)
