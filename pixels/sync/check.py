"""Testing a connection's credentials at its provider."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from pixels.models import Connection
from pixels.providers.errors import BadCredentials, Forbidden, NotSupported, ProviderError, Refused

from .client import provider_for

Test = Connection.Test


def waiting(limit: int) -> list[UUID]:
    """Ids of connections whose test was asked for and did not come."""
    since = timezone.now() - timedelta(seconds=settings.SWEEP_INTERVAL)
    rows = Connection.objects.filter(test=Test.TESTING, test_requested_at__lt=since, disconnected_at=None)
    return list(rows.order_by("test_requested_at").values_list("pk", flat=True)[:limit])


def check(connection_id: UUID | str) -> None:
    """Ask, and write down the verdict. Only what was asked for is answered: a test under way, of these credentials."""
    connection = Connection.objects.filter(pk=connection_id, test=Test.TESTING, disconnected_at=None).first()
    if connection is None:
        return
    verdict, said = _ask(connection)
    asked = Connection.objects.filter(pk=connection.pk, test_requested_at=connection.test_requested_at)
    asked.update(
        test=verdict,
        test_sentence=said.sentence[:500] if said else "",
        test_words=said.words[:250] if said else "",
        tested_at=timezone.now(),
    )


def _ask(connection: Connection) -> tuple[Connection.Test, ProviderError | None]:
    account = connection.ad_accounts.all()[0]
    try:
        provider_for(connection).check_credentials(account.ref)
    except NotSupported as error:
        return Test.UNTESTABLE, error
    except (BadCredentials, Forbidden, Refused) as error:
        return Test.REFUSED, error
    except ProviderError as error:
        return Test.UNREACHABLE, error
    return Test.WORKS, None
