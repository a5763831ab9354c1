"""From a connection's row to the provider object that speaks for it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from pixels.crash import crash_point
from pixels.models import Connection, Credential
from pixels.models.sealed import CannotOpen
from pixels.providers.base import Call, Provider
from pixels.providers.errors import BadCredentials, NotSent
from pixels.providers.secret import Secret


@contextmanager
def speaking_for(connection: Connection) -> Iterator[Provider]:
    """The provider, opened with the credentials stored now. When it refuses them, the connection says so.

    Raises BadCredentials when there are none or they can't be opened, NotSent when there is no address to talk to.
    """
    credential = Credential.objects.select_related("connection").filter(connection=connection).first()
    if credential is None:
        raise _disconnected()
    try:
        opened = credential.open()
    except CannotOpen:
        raise BadCredentials("PixelHub can no longer read the stored credentials of this connection.") from None
    # What is learnt about these credentials says nothing about those that somebody puts in their place meanwhile.
    same = Credential.objects.filter(connection=connection, set_at=credential.set_at)
    try:
        yield connection.provider_class(opened, base_url(connection), unlimited, StoredTokens(same))
    except BadCredentials as error:
        if same.exists():
            _refused(connection, error)
        raise


def _refused(connection: Connection, error: BadCredentials) -> None:
    rows = Connection.objects.filter(pk=connection.pk)
    if error.pauses:
        rows.filter(paused_at=None).update(paused_at=timezone.now())
    rows.update(
        test=Connection.Test.REFUSED,
        test_sentence=error.sentence[:500],
        test_words=error.words[:250],
        tested_at=timezone.now(),
    )


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
    """One session token per connection, shared by all workers, sealed like the credentials it came from.

    `rows` finds the credential only as long as it is the one that was opened: an old log-in never leaves its token
    beside new credentials.
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
        """One log-in at a time. A holder that died is not waited for longer than a log-in can take."""
        patience = settings.CALL_DEADLINE + 5
        give_up = time.monotonic() + patience
        until = None
        while until is None and time.monotonic() < give_up:
            now = timezone.now()
            free = Q(token_lock_until=None) | Q(token_lock_until__lt=now)
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
    return BadCredentials("The credentials of this connection were removed or replaced meanwhile.")
