"""Opens the provider object for a connection, with its credentials, address, rate limiter and session token."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from pixels.crash import crash_point
from pixels.limits import circuit_breaker, clock
from pixels.limits.rate_limiter import LeaseTooShort, rate_limiter_for
from pixels.models import Connection, Credential
from pixels.models.sealed import CannotOpen
from pixels.providers.base import Provider
from pixels.providers.errors import BadCredentials, NotSent, ProviderError, Throttled, Waiting
from pixels.providers.secret import Secret


@contextmanager
def open_provider(
    connection: Connection, purpose: str = "", *, lease_until: datetime | None = None, ignore_circuit: bool = False
) -> Iterator[Provider]:
    """The provider, opened with the credentials stored now. Errors that say something about the connection are stored
    on it.

    `purpose` has its own share of the rate limits. No request leaves whose answer might come after `lease_until`.
    `ignore_circuit`: call even while the circuit is open, as a person has asked for it. Raises BadCredentials if there
    are no credentials or they cannot be opened, NotSent if there is no valid address, and CircuitOpen.
    """
    credential = Credential.objects.select_related("connection").filter(connection=connection).first()
    if credential is None:
        raise _disconnected()
    # An error counts against these credentials only, not against others that replaced them meanwhile.
    same = Credential.objects.filter(connection=connection, set_at=credential.set_at)
    opened = _opened(credential)
    if not ignore_circuit:
        circuit_breaker.enter(connection)
    address = base_url(connection)
    limiter = rate_limiter_for(connection, opened, purpose, lease_until)
    try:
        yield connection.provider_class(opened, address, limiter, StoredTokens(same))
    except (Waiting, LeaseTooShort):
        if limiter.asked:
            circuit_breaker.answered(connection)  # an earlier request of this session was answered
        raise
    except ProviderError as error:
        if limiter.asked:
            circuit_breaker.failed(connection, error)
        if isinstance(error, Throttled):
            limiter.throttled(error)
        if isinstance(error, BadCredentials) and same.exists():
            refused(connection, error)
        raise
    else:
        if limiter.asked:
            circuit_breaker.answered(connection)
    finally:
        limiter.release()


def refused(connection: Connection, error: BadCredentials) -> None:
    """Pause the connection. Its operations are kept, and go on after a test of the credentials succeeds."""
    rows = Connection.objects.filter(pk=connection.pk)
    rows.filter(paused_at=None).update(paused_at=timezone.now())
    rows.update(
        test=Connection.Test.REFUSED,
        test_message=error.message,
        test_params=error.params,
        test_provider_message=error.provider_message[:250],
        tested_at=timezone.now(),
    )


def _opened(credential: Credential) -> dict[str, str | Secret]:
    try:
        return credential.open()
    except CannotOpen:
        lost = BadCredentials("limits.credentials_unreadable")
    refused(credential.connection, lost)
    raise lost


def base_url(connection: Connection) -> str:
    """The provider's address, from the settings, never from a row or a form. Live addresses are https only. Raises
    NotSent."""
    if connection.is_sandbox:
        if not settings.SANDBOX_ENABLED:
            raise NotSent("limits.sandbox_off")
        return f"{settings.SANDBOX_URL}/{connection.provider}"
    url = connection.provider_class.base_url()
    if not url.startswith("https://"):
        raise NotSent("limits.address_not_https", provider=connection.provider_class.label)
    return url


class StoredTokens:
    """One session token per connection, shared by all workers, sealed like the credentials it came from.

    `rows` finds the credential only as long as it is the one that was opened, so a token of old credentials is never
    stored beside new ones.
    """

    def __init__(self, rows: QuerySet[Credential]) -> None:
        self._rows = rows

    def load(self) -> Secret | None:
        try:
            return self._get().open_token()
        except CannotOpen:
            return None

    def save(self, token: Secret | None) -> None:
        crash_point("cp13")
        self._rows.update(sealed_token=self._get().seal_token(token))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Let one worker log in at a time. Another one waits for it no longer than a log-in can take."""
        patience = settings.CALL_DEADLINE + 5
        give_up = time.monotonic() + patience
        until = None
        while until is None and time.monotonic() < give_up:
            now = clock.now()
            free = clock.passed("token_lock_until", now, patience)
            wanted = now + timedelta(seconds=patience)
            if self._rows.filter(free).update(token_lock_until=wanted):
                until = wanted
            else:
                self._get()
                time.sleep(0.05)
        try:
            yield
        finally:
            self._rows.filter(token_lock_until=until).update(token_lock_until=None)

    def _get(self) -> Credential:
        credential = self._rows.select_related("connection").first()
        if credential is None:
            raise _disconnected()
        return credential


def _disconnected() -> BadCredentials:
    return BadCredentials("limits.credentials_gone")
