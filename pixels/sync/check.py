"""Testing a connection's credentials at its provider."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from pixels.models import Connection
from pixels.providers.errors import BadCredentials, Forbidden, NotSupported, ProviderError, Refused

from .client import provider_for

Test = Connection.Test


def waiting(limit: int) -> list:
    """Ids of connections whose test was asked for and did not come."""
    since = timezone.now() - timedelta(seconds=settings.SWEEP_INTERVAL)
    rows = Connection.objects.filter(test=Test.TESTING, test_requested_at__lt=since, disconnected_at=None)
    return list(rows.order_by("test_requested_at").values_list("pk", flat=True)[:limit])


def check(connection_id) -> None:
    """Ask, and write down the verdict. Only what was asked for is answered: a test under way, of these credentials."""
    connection = Connection.objects.filter(pk=connection_id, test=Test.TESTING, disconnected_at=None).first()
    if connection is None:
        return
    account = connection.ad_accounts.first()
    try:
        provider_for(connection).check_credentials(account.ref)
    except NotSupported as error:
        verdict, said = Test.UNTESTABLE, error
    except (BadCredentials, Forbidden, Refused) as error:
        verdict, said = Test.REFUSED, error
    except ProviderError as error:
        verdict, said = Test.UNREACHABLE, error
    else:
        verdict, said = Test.WORKS, None
    asked = Connection.objects.filter(pk=connection.pk, test_requested_at=connection.test_requested_at)
    asked.update(
        test=verdict,
        test_sentence=said.sentence[:500] if said else "",
        test_words=said.words[:250] if said else "",
        tested_at=timezone.now(),
    )
