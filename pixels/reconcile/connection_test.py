"""Tests a connection's credentials at its provider, when a person has asked for it."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from pixels.limits import circuit_breaker, clock
from pixels.limits.poll import compare_and_swap, poll
from pixels.limits.provider_session import open_provider
from pixels.models import Connection
from pixels.providers.errors import BadCredentials, Forbidden, NotSupported, ProviderError, Rejected
from pixels.providers.values import Remark

log = logging.getLogger(__name__)

Test = Connection.Test


def due(limit: int) -> list[UUID]:
    """Ids of the connections whose test was asked for a while ago, so that its message may have been lost."""
    asked = timezone.now() - timedelta(seconds=settings.DISPATCH_INTERVAL)
    rows = _due().filter(test_requested_at__lt=asked).order_by("test_requested_at")
    return list(rows.values_list("pk", flat=True)[:limit])


def check(connection_id: UUID | str) -> None:
    """Test the credentials and store the verdict, unless another test was asked for meanwhile."""
    poll(_due().filter(pk=connection_id), _claim, _test)


def _due() -> QuerySet[Connection]:
    nobody_tests = clock.passed("test_lease_until", clock.now(), 2 * settings.LEASE)
    return Connection.objects.filter(nobody_tests, test=Test.TESTING, disconnected_at=None)


def _claim(connection: Connection) -> bool:
    lease_until = clock.now() + timedelta(seconds=settings.LEASE)
    return compare_and_swap(connection, test_lease_until=lease_until, test=Test.TESTING)


def _test(connection: Connection) -> None:
    verdict, remark, provider_message = _ask(connection)
    # Where the provider has no test, the next change there shows whether the credentials are good.
    usable = verdict in (Test.WORKS, Test.UNTESTABLE)
    rows = Connection.objects.filter(pk=connection.pk, test=Test.TESTING, test_lease_until=connection.test_lease_until)
    rows.update(
        test=verdict,
        test_message=remark.message,
        test_params=remark.params,
        test_provider_message=provider_message[:250],
        test_lease_until=None,
        tested_at=timezone.now(),
        **({"paused_at": None} if usable else {}),
    )
    if usable:
        circuit_breaker.resume(connection)


def _ask(connection: Connection) -> tuple[Connection.Test, Remark, str]:
    """The verdict, what to say of it, and the provider's own message."""
    account = connection.ad_accounts.first()
    try:
        with open_provider(connection, ignore_circuit=True) as provider:
            remark = provider.check_credentials(account.ref if account else None)
    except NotSupported as error:
        return Test.UNTESTABLE, _remark(error), error.provider_message
    except (BadCredentials, Forbidden, Rejected) as error:
        return Test.REFUSED, _remark(error), error.provider_message
    except ProviderError as error:
        return Test.UNREACHABLE, _remark(error), error.provider_message
    except Exception:
        log.exception("test of connection %s failed in PixelHub", connection.pk)
        return Test.UNREACHABLE, Remark.of("test.failed"), ""
    return Test.WORKS, remark, ""


def _remark(error: ProviderError) -> Remark:
    return Remark.of(error.message, **error.params)
