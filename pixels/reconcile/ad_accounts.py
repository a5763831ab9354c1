"""Reading which ad accounts a connection's credentials reach, after each test that succeeded."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from pixels.limits.provider_session import open_provider
from pixels.models import AdAccount, AvailableAdAccount, Connection, Credential
from pixels.providers import PROVIDERS
from pixels.providers.errors import ProviderError
from pixels.providers.values import AdAccountRef

log = logging.getLogger(__name__)

AT_ONCE = 500  # rows of one statement


def due(limit: int) -> list[UUID]:
    """Ids of the connections that were tested since their list was last tried."""
    return list(_due().order_by("tested_at", "pk").values_list("pk", flat=True)[:limit])


def read_ad_accounts(connection_id: UUID | str) -> None:
    """Read the list and keep it; a failure keeps the old one and says why."""
    connection = _due().filter(pk=connection_id).first()
    if connection is None:
        return
    tried, before = timezone.now(), connection.ad_accounts_tried_at
    # Only columns of the row itself, so that one of two workers finds it changed (see push._claim).
    mine = Connection.objects.filter(pk=connection.pk)
    if not mine.filter(ad_accounts_tried_at=before).update(ad_accounts_tried_at=tried):
        return
    credential = Credential.objects.filter(connection=connection)
    signed_in_with = list(credential.values_list("set_at", flat=True))
    try:
        with open_provider(connection) as provider:
            accounts = {account.id: account for account in provider.list_ad_accounts()}
    except ProviderError as error:
        log.warning("ad accounts of connection %s: %s", connection.pk, error.code)
        mine.filter(ad_accounts_tried_at=tried).update(ad_accounts_error=error.sentence[:500])
        return
    _keep(connection, accounts, tried, signed_in_with)


def _keep(
    connection: Connection, accounts: dict[str, AdAccountRef], tried: datetime, signed_in_with: list[datetime]
) -> None:
    """In place of the old list, unless somebody put other credentials in meanwhile: those reach other accounts."""
    with transaction.atomic():
        mine = Connection.objects.select_for_update().filter(pk=connection.pk, ad_accounts_tried_at=tried)
        same = Credential.objects.filter(connection=connection, set_at__in=signed_in_with)
        if not mine.exists() or not same.exists():
            return
        connection.available_ad_accounts.all().delete()
        AvailableAdAccount.objects.bulk_create(
            [
                AvailableAdAccount(
                    connection=connection, remote_id=one.id, code=(one.code or "")[:255], name=one.name[:255]
                )
                for one in accounts.values()
            ],
            batch_size=AT_ONCE,
        )
        changed = []
        for own in connection.ad_accounts.all():
            if theirs := accounts.get(own.remote_id):
                told = theirs.name[:255], (theirs.code or "")[:255] or own.code
                if (own.name, own.code) != told:
                    own.name, own.code = told
                    changed.append(own)
        AdAccount.objects.bulk_update(changed, ["name", "code"], batch_size=AT_ONCE)
        mine.update(ad_accounts_listed_at=timezone.now(), ad_accounts_error="")


def _due() -> QuerySet[Connection]:
    lists = [slug for slug, provider in PROVIDERS.items() if provider.can("ad_accounts")]
    rows = Connection.objects.filter(provider__in=lists, test=Connection.Test.WORKS, disconnected_at=None)
    return rows.filter(Q(ad_accounts_tried_at=None) | Q(ad_accounts_tried_at__lt=F("tested_at")))
