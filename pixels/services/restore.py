"""What has to be done after a backup was restored: the rows are older than what the providers hold."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from pixels.limits import clock
from pixels.models import AdAccount, Connection, Operation, Pixel, SyncRun
from pixels.outbox.unconfirmed import can_be_looked_up


@transaction.atomic
def after_restore() -> dict[str, int]:
    """Treat open operations as possibly sent, and have everything read anew. Returns how many of each kind there were.

    A create may have been sent since the backup, so its object is looked up first, or a person is asked. A change is
    not sent again, as it could undo later ones. A delete is sent again, since repeating it does no harm.
    """
    opened = Operation.objects.open()
    unsent = opened.filter(kind=Operation.Kind.CREATE, sent_at=None, preexisting_ids__isnull=True)
    for create in unsent.select_related("pixel__connection"):
        create.preexisting_ids = _namesakes(create.pixel)
        create.save(update_fields=["preexisting_ids"])
    unconfirmed = opened.filter(kind=Operation.Kind.CREATE).select_related("pixel__connection")
    checking = [create.pixel_id for create in unconfirmed if can_be_looked_up(create.pixel)]
    Pixel.objects.filter(pk__in=checking).update(lifecycle=Pixel.Lifecycle.CHECKING)
    long_ago = clock.now() - timedelta(days=1)
    creates = opened.filter(kind=Operation.Kind.CREATE).update(
        state=Operation.State.IN_FLIGHT,
        attempt=F("attempt") + 1,
        sent_at=Now(),
        lease_until=long_ago,
        not_before=None,
    )
    changes = 0
    for operation in opened.filter(kind=Operation.Kind.UPDATE):
        operation.state, operation.finished_at, operation.lease_until = Operation.State.CANCELLED, clock.now(), None
        operation.save()
        Pixel.objects.filter(pk=operation.pixel_id).update(
            lifecycle=Pixel.Lifecycle.LIVE,
            error_code="restored",
            error_message="outbox.restored",
            error_params={},
            error_provider_message="",
            error_at=clock.now(),
        )
        changes += 1
    deletes = opened.filter(kind=Operation.Kind.DELETE).update(
        state=Operation.State.PENDING, attempt=F("attempt") + 1, sent_at=None, lease_until=None, not_before=None
    )
    SyncRun.objects.filter(state__in=SyncRun.OPEN).update(full=True, cursor=None, seen_ids=None)
    AdAccount.objects.update(changed_until=None)
    Pixel.objects.update(remote_hash=None)
    Connection.objects.update(drain_lease_until=None, circuit_open_until=None, failures=0, down_since=None)
    return {"creates": creates, "changes": changes, "deletes": deletes}


def _namesakes(pixel: Pixel) -> list[str]:
    """Ids of objects with the name or code of a pixel that was not sent before the backup: they cannot be this
    pixel."""
    alike = Q(name=pixel.name)
    if pixel.lookup_key:
        alike |= Q(**{f"options__{pixel.provider_class.reference_option}": pixel.lookup_key})
    others = Pixel.objects.filter(alike, ad_account=pixel.ad_account_id).exclude(remote_id="")
    return list(others.values_list("remote_id", flat=True))
