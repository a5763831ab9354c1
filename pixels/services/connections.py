from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.utils import timezone

from accounts.activity import record
from accounts.models import Team, User
from pixels import queue, rules
from pixels.models import AdAccount, Connection, Credential, Operation, PixelSecrets, SyncRun
from pixels.outbox.cancel import cancel
from pixels.providers.values import AdAccountRef
from pixels.reconcile.runs import open_run
from pixels.violations import RuleViolation

Test = Connection.Test


@transaction.atomic
def connect(
    team: Team,
    actor: User,
    *,
    provider: str,
    environment: str,
    credentials: Mapping[str, str],
    ad_account: AdAccountRef | None,
) -> Connection:
    """Store the credentials sealed and have them tested. They stay stored whatever the test's result."""
    connection = Connection.objects.create(team=team, provider=provider, environment=environment)
    if ad_account is not None:
        AdAccount.objects.create(connection=connection, remote_id=ad_account.id, code=ad_account.code or "")
    credential = Credential(connection=connection)
    credential.put(credentials, actor)
    credential.save()
    record(team, actor, "connection.added", connection)
    _ask_for_test(connection)
    return connection


@transaction.atomic
def replace_credentials(connection: Connection, actor: User, credentials: Mapping[str, str]) -> None:
    """Replace the credentials and have the new ones tested. This also brings back a disconnected connection."""
    Connection.objects.select_for_update().get(pk=connection.pk)  # waits for an earlier sending of the same form
    credential = Credential.objects.filter(connection=connection).first() or Credential(connection=connection)
    credential.connection = connection
    credential.put(credentials, actor)
    credential.save()
    connection.disconnected_at = connection.ad_accounts_listed_at = connection.ad_accounts_tried_at = None
    connection.ad_accounts_error, connection.ad_accounts_error_params = "", {}
    connection.save(
        update_fields=[
            "disconnected_at",
            "ad_accounts_listed_at",
            "ad_accounts_tried_at",
            "ad_accounts_error",
            "ad_accounts_error_params",
        ]
    )
    connection.available_ad_accounts.all().delete()  # they were reached by the old credentials
    record(connection.team, actor, "connection.credentials_replaced", connection)
    _ask_for_test(connection)


@transaction.atomic
def add_ad_accounts(connection: Connection, actor: User, refs: Iterable[AdAccountRef]) -> list[AdAccount]:
    """Add all of these, or none if one of them exists already. A pull of the connection is queued at once."""
    # of two requests at once, the second sees what the first has added
    Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    refs = list(refs)
    rules.require(rules.ad_account_errors(connection, refs))
    added = []
    for ref in refs:
        account = AdAccount.objects.create(connection=connection, remote_id=ref.id, code=ref.code or "", name=ref.name)
        record(connection.team, actor, "connection.ad_account_added", connection, ad_account=str(account))
        added.append(account)
    if connection.can_sync and (run := open_run(connection, by=actor)):
        queue.notify_worker("pull_connection", run.pk)
    return added


@transaction.atomic
def test_connection(connection: Connection) -> None:
    if connection.disconnected_at:
        raise RuleViolation("connection_disconnected")
    _ask_for_test(connection)


def _ask_for_test(connection: Connection) -> None:
    connection.test, connection.test_requested_at, connection.test_lease_until = Test.TESTING, timezone.now(), None
    connection.test_message, connection.test_params, connection.test_provider_message = "", {}, ""
    columns = ("test_message", "test_params", "test_provider_message")
    connection.save(update_fields=["test", "test_requested_at", "test_lease_until", *columns])
    queue.notify_worker("test_connection", connection.pk)


def sharing(connection: Connection) -> list[Connection]:
    """Other connections in use that have one of this connection's ad accounts, and so list the same pixels."""
    ids = connection.ad_accounts.values("remote_id")
    same = Connection.objects.for_team(connection.team).filter(
        provider=connection.provider,
        environment=connection.environment,
        disconnected_at=None,
        ad_accounts__remote_id__in=ids,
    )
    return list(same.exclude(pk=connection.pk).distinct().order_by("created_at").prefetch_related("ad_accounts"))


def open_work(connection: Connection) -> list[Operation]:
    """The operations that a disconnect would cancel: those that have certainly not been sent."""
    waiting = Operation.objects.open().filter(pixel__connection=connection)
    return list(waiting.filter(state=Operation.State.PENDING).select_related("pixel").order_by("created_at"))


@transaction.atomic
def disconnect(connection: Connection, actor: User) -> int:
    """Delete the credentials; all rows stay. Returns how many waiting operations were cancelled.

    An operation that a worker holds at this moment ends by itself: it is answered, or cancelled instead of sent again.
    """
    connection.disconnected_at = timezone.now()
    connection.save(update_fields=["disconnected_at"])
    cancelled = sum(cancel(operation) for operation in open_work(connection))
    SyncRun.objects.filter(connection=connection, state=SyncRun.State.QUEUED).update(
        state=SyncRun.State.FAILED,
        finished_at=connection.disconnected_at,
        cursor=None,
        seen_ids=None,
        error_message="sync.disconnected",
        error_params={},
    )
    Credential.objects.filter(connection=connection).delete()
    PixelSecrets.objects.filter(pixel__connection=connection).update(sealed=b"")
    record(connection.team, actor, "connection.disconnected", connection)
    return cancelled


def stopped_run(connection: Connection) -> SyncRun | None:
    """The run that stopped because its list lacked too many pixels, if it is the last one; else None."""
    ended = connection.sync_runs.filter(finished_at__isnull=False).defer("cursor", "seen_ids").first()
    return ended if ended is not None and ended.state == SyncRun.State.STOPPED else None


def _join(connection: Connection, confirmed: int) -> SyncRun:
    """The run that is open already. It takes over what was asked for, unless it has begun."""
    run = connection.sync_runs.filter(state__in=SyncRun.OPEN).first()
    if run is None:
        raise RuleViolation("sync_just_ended")
    waiting = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.QUEUED, started_at=None)
    if waiting.update(full=True, confirmed=max(run.confirmed, confirmed)) or not confirmed:
        return run
    raise RuleViolation("sync_does_not_know")


@transaction.atomic
def sync_now(connection: Connection, actor: User | None, *, stopped: SyncRun | None = None) -> SyncRun:
    """Queue a pull of the connection, or return the one that is open already.

    `stopped`: a person has confirmed that the pixels which this run's list lacked are gone. The new run may mark as
    many.
    """
    if not connection.can_sync:
        provider = connection.provider_class
        if not provider.can("list"):
            raise RuleViolation("missing_capability", provider=provider.slug, capability="list")
        raise RuleViolation("connection_not_in_use")
    if not connection.ad_accounts.exists():
        raise RuleViolation("no_ad_account")
    if stopped is not None and stopped != stopped_run(connection):
        raise RuleViolation("sync_superseded")
    confirmed = stopped.lacking if stopped else 0
    run = open_run(connection, by=actor, confirmed=confirmed)
    if run is None:
        return _join(connection, confirmed)
    record(connection.team, actor, "connection.gone_confirmed" if confirmed else "connection.sync_started", connection)
    queue.notify_worker("pull_connection", run.pk)
    return run
