"""Testing a connection's credentials at its provider."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from pixels.limits import circuit_breaker, clock
from pixels.limits.provider_session import open_provider
from pixels.models import Connection
from pixels.providers.errors import BadCredentials, Forbidden, NotSupported, ProviderError, Rejected

log = logging.getLogger(__name__)

Test = Connection.Test


def waiting(limit: int) -> list[UUID]:
    """Ids of connections whose test was asked for and nobody is at."""
    since = timezone.now() - timedelta(seconds=settings.DISPATCH_INTERVAL)
    rows = Connection.objects.filter(_free(), test=Test.TESTING, test_requested_at__lt=since, disconnected_at=None)
    return list(rows.order_by("test_requested_at").values_list("pk", flat=True)[:limit])


def check(connection_id: UUID | str) -> None:
    """Ask, and write down the verdict; on the test that was asked for when it began, and no later one."""
    rows = Connection.objects.filter(_free(), pk=connection_id, test=Test.TESTING, disconnected_at=None)
    lease = clock.now() + timedelta(seconds=settings.LEASE)
    if not rows.update(test_lease_until=lease):
        return
    connection = Connection.objects.get(pk=connection_id)
    verdict, sentence, message = _ask(connection)
    # Where nothing tests the credentials, the next change will tell.
    may_go_on = verdict in (Test.WORKS, Test.UNTESTABLE)
    resumed = {"paused_at": None} if may_go_on else {}
    asked = Connection.objects.filter(pk=connection.pk, test=Test.TESTING, test_lease_until=lease)
    asked.update(
        test=verdict,
        test_sentence=sentence[:500],
        test_provider_message=message[:250],
        test_lease_until=None,
        tested_at=timezone.now(),
        **resumed,
    )
    if may_go_on:
        circuit_breaker.resume(connection)


def _free() -> Q:
    return clock.passed("test_lease_until", clock.now(), 2 * settings.LEASE)


def _ask(connection: Connection) -> tuple[Connection.Test, str, str]:
    """The verdict, a sentence and the provider's own words."""
    account = connection.ad_accounts.first()
    try:
        with open_provider(connection, though_down=True) as provider:
            sentence = provider.check_credentials(account.ref if account else None)
    except NotSupported as error:
        return Test.UNTESTABLE, error.sentence, error.provider_message
    except (BadCredentials, Forbidden, Rejected) as error:
        return Test.REFUSED, error.sentence, error.provider_message
    except ProviderError as error:
        return Test.UNREACHABLE, error.sentence, error.provider_message
    except Exception:
        log.exception("test of connection %s failed in PixelHub", connection.pk)
        return Test.UNREACHABLE, "PixelHub itself failed while testing.", ""
    return Test.WORKS, sentence, ""
