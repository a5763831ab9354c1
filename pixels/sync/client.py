"""From a connection's row to the provider object that speaks for it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from pixels.models import Connection, Credential
from pixels.models.sealed import CannotOpen
from pixels.providers.base import Call, Provider
from pixels.providers.errors import BadCredentials, NotSent
from pixels.providers.secret import Secret

TOKEN_LOCK = 35.0  # seconds a log-in may hold the lock; longer than one call lasts


def provider_for(connection: Connection) -> Provider:
    """Raises BadCredentials when nothing is stored that can be opened, NotSent when there is no address to talk to."""
    try:
        credentials = Credential.objects.select_related("connection").get(connection=connection).open()
    except Credential.DoesNotExist:  # disconnected a moment ago
        raise BadCredentials("The credentials of this connection were removed.") from None
    except CannotOpen:
        raise BadCredentials("PixelHub can no longer read the stored credentials of this connection.") from None
    return connection.provider_class(credentials, base_url(connection), unlimited, StoredTokens(connection))


def base_url(connection: Connection) -> str:
    """From the settings at each call, never from a row or a form. Live addresses are https only."""
    label = connection.provider_class.label
    if connection.is_sandbox:
        if not settings.SANDBOX_ENABLED:
            raise NotSent("The sandbox is switched off here.")
        return f"{settings.SANDBOX_URL}/{connection.provider}"
    url = os.environ.get(f"{connection.provider.upper()}_URL") or connection.provider_class.live_url
    if not url.startswith("https://"):
        raise NotSent(f"The address set for {label} does not begin with https://.")
    return url


def unlimited(call: Call) -> None:
    """The gate before each request; budgets per credential go here."""


class StoredTokens:
    """One session token per connection, shared by all workers, sealed like the credentials it came from."""

    def __init__(self, connection: Connection) -> None:
        self._rows = Credential.objects.filter(connection=connection)

    def load(self) -> Secret | None:
        try:
            return self._rows.select_related("connection").get().open_token()
        except CannotOpen:
            return None

    def save(self, token: Secret | None) -> None:
        credential = self._rows.select_related("connection").get()
        self._rows.update(sealed_token=credential.seal_token(token))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One log-in at a time. A holder that died is not waited for longer than TOKEN_LOCK."""
        give_up = time.monotonic() + TOKEN_LOCK
        until = None
        while until is None and time.monotonic() < give_up:
            now = timezone.now()
            free = Q(token_lock_until=None) | Q(token_lock_until__lt=now)
            mine = now + timedelta(seconds=TOKEN_LOCK)
            if self._rows.filter(free).update(token_lock_until=mine):
                until = mine
            else:
                time.sleep(0.05)
        try:
            yield
        finally:
            self._rows.filter(token_lock_until=until).update(token_lock_until=None)
