"""The circuit breaker of a connection: after several failures in a row, nobody calls its provider for CIRCUIT_PAUSE.

Then the circuit is half-open: one call may probe. Operations that wait meanwhile are kept, and their pages say why they
wait.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from pixels.limits import clock
from pixels.models import Connection, Operation
from pixels.models.operation import WAITS_FOR_A_LIMIT
from pixels.providers.errors import BadAnswer, NoAnswer, NotSent, ProviderError


class CircuitOpen(NotSent):
    """The circuit is open, so no request was made."""


def enter(connection: Connection) -> None:
    """Call this before a call to the provider. Raises CircuitOpen while the circuit is open; when half-open, one
    caller may probe."""
    until = connection.circuit_open_until
    if until is None:
        return
    now = clock.now()
    pause = timedelta(seconds=settings.CIRCUIT_PAUSE)
    tries = not now < until <= now + pause + timedelta(seconds=clock.MAX_SKEW)
    # Compare and swap: of several callers that find it half-open, one may probe.
    if not tries or not _row(connection).filter(circuit_open_until=until).update(circuit_open_until=now + pause):
        raise CircuitOpen("limits.circuit_open", provider=connection.provider_class.label)


def failed(connection: Connection, error: ProviderError) -> None:
    """Count a failure if the provider gave no answer. Any other error is an answer, and closes the circuit."""
    if not _is_no_answer(error):
        answered(connection)
        return
    now = clock.now()
    # Stop counting at CIRCUIT_FAILURES: a provider may be away for months, and the column is a small integer.
    _row(connection).filter(failures__lt=settings.CIRCUIT_FAILURES).update(failures=F("failures") + 1)
    _row(connection).filter(failures__gte=settings.CIRCUIT_FAILURES).update(
        circuit_open_until=now + timedelta(seconds=settings.CIRCUIT_PAUSE),
        down_since=Coalesce("down_since", timezone.now()),
    )


def answered(connection: Connection) -> None:
    """Close the circuit after a call that the provider answered, even with an error."""
    if connection.failures or connection.circuit_open_until:
        was_down = connection.circuit_open_until is not None
        _row(connection).update(failures=0, circuit_open_until=None, down_since=None)
        connection.failures, connection.circuit_open_until, connection.down_since = 0, None, None
        if was_down:
            resume(connection)


def resume(connection: Connection) -> None:
    """Make the connection's waiting operations due now. Those that wait for a limit, and unconfirmed creates,
    go on waiting."""
    waiting = Operation.objects.open().filter(pixel__connection=connection, state=Operation.State.PENDING)
    waiting = waiting.filter(~Q(error_code__in=WAITS_FOR_A_LIMIT))
    waiting.update(not_before=None, trying_since=None)


def _is_no_answer(error: ProviderError) -> bool:
    return isinstance(error, NotSent | NoAnswer) or (
        isinstance(error, BadAnswer) and error.status is not None and error.status >= 500
    )


def _row(connection: Connection) -> QuerySet[Connection]:
    return Connection.objects.filter(pk=connection.pk)
