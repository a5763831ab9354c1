"""Reads which ad accounts a connection's credentials can reach, after each successful test of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from pixels.limits.poll import compare_and_swap, poll
from pixels.limits.provider_session import open_provider
from pixels.models import AdAccount, AvailableAdAccount, Connection, Credential
from pixels.providers.errors import ProviderError
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import AdAccountRef

log = logging.getLogger(__name__)

AT_ONCE = 500  # rows in one statement


def due(limit: int) -> list[UUID]:
    """Ids of the connections that were tested since their list of ad accounts was last tried."""
    return list(_due().order_by("tested_at", "pk").values_list("pk", flat=True)[:limit])


def read_ad_accounts(connection_id: UUID | str) -> None:
    """Read the list and store it. After a failure the old list stays, and the connection says why."""
    poll(_due().filter(pk=connection_id), _claim, _read)


def _claim(connection: Connection) -> bool:
    return compare_and_swap(connection, ad_accounts_tried_at=timezone.now())


def _claimed(connection: Connection) -> QuerySet[Connection]:
    return Connection.objects.filter(pk=connection.pk, ad_accounts_tried_at=connection.ad_accounts_tried_at)


def _read(connection: Connection) -> None:
    credential = Credential.objects.filter(connection=connection).first()
    try:
        with open_provider(connection) as provider:
            accounts = {account.id: account for account in provider.list_ad_accounts()}
    except ProviderError as error:
        log.warning("ad accounts of connection %s: %s", connection.pk, error.code)
        _claimed(connection).update(ad_accounts_error=error.message, ad_accounts_error_params=error.params)
        return
    with transaction.atomic():
        # The credentials were replaced meanwhile: the new ones may reach other ad accounts.
        same = credential and Credential.objects.filter(pk=credential.pk, set_at=credential.set_at).exists()
        if same and _claimed(connection).select_for_update().exists():
            _store(connection, accounts)
            _rename(connection, accounts)
            read = {"ad_accounts_error": "", "ad_accounts_error_params": {}}
            _claimed(connection).update(ad_accounts_listed_at=timezone.now(), **read)


def _store(connection: Connection, accounts: Mapping[str, AdAccountRef]) -> None:
    """Replace the stored list."""
    connection.available_ad_accounts.all().delete()
    rows = [
        AvailableAdAccount(connection=connection, remote_id=one.id, code=(one.code or "")[:255], name=one.name[:255])
        for one in accounts.values()
    ]
    AvailableAdAccount.objects.bulk_create(rows, batch_size=AT_ONCE)


def _rename(connection: Connection, accounts: Mapping[str, AdAccountRef]) -> None:
    """Update the names and codes of the ad accounts that people have picked."""
    changed = []
    for own in connection.ad_accounts.all():
        if remote := accounts.get(own.remote_id):
            name, code = remote.name[:255], (remote.code or "")[:255] or own.code
            if (own.name, own.code) != (name, code):
                own.name, own.code = name, code
                changed.append(own)
    AdAccount.objects.bulk_update(changed, ["name", "code"], batch_size=AT_ONCE)


def _due() -> QuerySet[Connection]:
    lists = [slug for slug, provider in PROVIDERS.items() if provider.can("ad_accounts")]
    rows = Connection.objects.filter(provider__in=lists, test=Connection.Test.WORKS, disconnected_at=None)
    return rows.filter(Q(ad_accounts_tried_at=None) | Q(ad_accounts_tried_at__lt=F("tested_at")))
