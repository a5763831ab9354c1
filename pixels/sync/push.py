"""Ours to theirs: the outbox.

An operation is claimed by compare-and-swap (`attempt` is the fencing token), "may be sent" is committed before the
first byte, and the answer is recorded under the same claim. A create whose outcome is in doubt becomes *unknown* and is
never sent again by a machine; updates and deletes are idempotent and are simply repeated.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from pixels import snippets
from pixels.models import Connection, Operation, Pixel
from pixels.providers.base import Provider, RemotePixel
from pixels.providers.errors import BadAnswer, BadCredentials, NotSent, NotSupported, ProviderError, Throttled

from .client import provider_for
from .drift import see

log = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(hours=24)  # of trying something that provably never left
IDEMPOTENT_TRIES = 5
WAIT = {"first": 5.0, "most": 900.0, "throttled": 60.0}  # seconds

Kind, State, Lifecycle = Operation.Kind, Operation.State, Pixel.Lifecycle
UNDER_WAY = {
    Operation.Kind.CREATE: Pixel.Lifecycle.CREATING,
    Operation.Kind.UPDATE: Pixel.Lifecycle.UPDATING,
    Operation.Kind.DELETE: Pixel.Lifecycle.DELETING,
}


def due(limit: int) -> list[UUID]:
    """Ids of the operations that somebody should look at now: waiting ones, and claims whose worker is gone."""
    now = timezone.now()
    ready = Q(state=Operation.State.PENDING) & (Q(not_before=None) | Q(not_before__lte=now))
    abandoned = Q(state=Operation.State.IN_FLIGHT, lease_until__lt=now)
    rows = Operation.objects.filter(ready & _usable() | abandoned)
    return list(rows.order_by("created_at").values_list("pk", flat=True)[:limit])


def push(operation_id: UUID | str) -> None:
    """Carry out one operation, unless it is not due, taken by somebody else, or finished."""
    operation = _claim(operation_id)
    if operation is None:
        return
    sending = False
    try:
        provider = provider_for(operation.pixel.connection)
        sending = _may_be_sent(operation)
        if not sending:
            return
        remote = _send(provider, operation)
    except ProviderError as error:
        _record_error(operation, error)
    except Exception:
        log.exception("operation %s failed in PixelHub", operation.pk)
        # Once the request may have left, nobody knows what became of it, so nobody sends it again.
        fault = BadAnswer("PixelHub itself failed while handling the answer.")
        _record_error(operation, fault if sending else NotSent("PixelHub itself failed before it sent anything."))
    else:
        if _record(operation, remote) and remote is not None and not _said_everything(remote):
            read_back(operation.pixel)


def read_back(pixel: Pixel) -> None:
    """Fetch what the answer to a create left out. A failure changes nothing; the sweeper asks again later."""
    if not pixel.provider_class.can("read"):
        return
    try:
        remote = provider_for(pixel.connection).read_pixel(pixel.ad_account.ref, pixel.remote_id)
    except ProviderError as error:
        log.warning("read-back of pixel %s: %s", pixel.pk, error.code)
        Pixel.objects.filter(pk=pixel.pk).update(checked_at=timezone.now())
        return
    with transaction.atomic():
        pixel = (
            Pixel.objects.select_for_update(of=("self",)).select_related("connection", "ad_account").get(pk=pixel.pk)
        )
        see(pixel, remote)
        pixel.checked_at = timezone.now()
        pixel.save()
        snippets.issue(pixel)


def unread(limit: int) -> list[UUID]:
    """Ids of live pixels whose provider has not yet told us what it holds."""
    waited = Q(checked_at=None) | Q(checked_at__lt=timezone.now() - timedelta(seconds=settings.SWEEP_INTERVAL))
    rows = Pixel.objects.filter(waited, lifecycle=Pixel.Lifecycle.LIVE, theirs__isnull=True).filter(_usable("connection"))
    rows = rows.exclude(remote=Pixel.Remote.UNVERIFIABLE).filter(archived_at=None)
    return list(rows.order_by("checked_at", "pk").values_list("pk", flat=True)[:limit])


def _usable(path: str = "pixel__connection") -> Q:
    return Q(**{f"{path}__paused_at": None, f"{path}__disconnected_at": None})


def _claim(operation_id: UUID | str) -> Operation | None:
    now = timezone.now()
    lease = now + timedelta(seconds=settings.LEASE)
    ready = Q(state=Operation.State.PENDING) & (Q(not_before=None) | Q(not_before__lte=now))
    row = Operation.objects.filter(pk=operation_id)
    claimed = row.filter(ready & _usable()).update(
        state=Operation.State.IN_FLIGHT, attempt=F("attempt") + 1, lease_until=lease
    )
    if not claimed:
        _pick_up(row.filter(state=Operation.State.IN_FLIGHT, lease_until__lt=now))
        return None
    operation = row.select_related("pixel__connection", "pixel__ad_account").get()
    Pixel.objects.filter(pk=operation.pixel_id).update(lifecycle=UNDER_WAY[Operation.Kind(operation.kind)])
    return operation


def _pick_up(abandoned: QuerySet[Operation]) -> None:
    """A worker died holding it. What provably was not sent, or may be repeated, goes back; the rest is in doubt."""
    operation = abandoned.select_related("pixel__connection", "pixel__ad_account").first()
    if operation is None:
        return
    if operation.maybe_sent:
        label = operation.pixel.provider_class.label
        _record_error(operation, BadAnswer(f"PixelHub was stopped while it talked to {label}."))
    else:
        _again(operation, None, 0)


def _may_be_sent(operation: Operation) -> bool:
    """Commit the write-ahead mark, provided that the claim still holds for longer than one call can last."""
    enough = timezone.now() + timedelta(seconds=settings.CALL_DEADLINE)
    return bool(_mine(operation).filter(lease_until__gt=enough).update(maybe_sent=True))


def _send(provider: Provider, operation: Operation) -> RemotePixel | None:
    pixel, payload = operation.pixel, operation.payload
    account = pixel.ad_account.ref
    if operation.kind == Operation.Kind.CREATE:
        return provider.create_pixel(
            account, payload["name"], tuple(payload["events"]), payload["options"], pixel.reference
        )
    if operation.kind == Operation.Kind.UPDATE:
        return provider.update_pixel(account, pixel.remote_id, payload)
    provider.delete_pixel(account, pixel.remote_id)
    return None


def _mine(operation: Operation) -> QuerySet[Operation]:
    return Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state=Operation.State.IN_FLIGHT)


def _finish(operation: Operation, state: Operation.State, error: ProviderError | None = None) -> bool:
    return bool(
        _mine(operation).update(
            state=state,
            lease_until=None,
            finished_at=timezone.now(),
            error_code=error.code if error else "",
            error_sentence=error.sentence[:500] if error else "",
        )
    )


def _record(operation: Operation, remote: RemotePixel | None) -> bool:
    """Write the answer under the claim. A create that somebody meanwhile called unknown is still glad of its id."""
    with transaction.atomic():
        pixel = (
            Pixel.objects.select_for_update(of=("self",))
            .select_related("connection", "ad_account")
            .get(pk=operation.pixel_id)
        )
        mine = _finish(operation, Operation.State.DONE)
        late = (
            operation.kind == Operation.Kind.CREATE
            and pixel.lifecycle == Pixel.Lifecycle.UNKNOWN
            and not pixel.remote_id
        )
        if not mine and not late:
            return False
        if late:
            Operation.objects.filter(pk=operation.pk).update(
                state=Operation.State.DONE, error_code="", error_sentence=""
            )
        if operation.kind == Operation.Kind.DELETE:
            pixel.lifecycle = Pixel.Lifecycle.DELETED
        elif remote is not None:
            if operation.kind == Operation.Kind.CREATE:
                attach(pixel, remote)
            else:
                _apply_changes(pixel, operation.payload)
                pixel.lifecycle = Pixel.Lifecycle.LIVE
                if _said_everything(remote):
                    see(pixel, remote)
        pixel.clear_error()
        pixel.checked_at = timezone.now()
        pixel.save()
        if pixel.lifecycle == Pixel.Lifecycle.LIVE:
            snippets.issue(pixel)
        operation.pixel = pixel
    return True


def attach(pixel: Pixel, remote: RemotePixel) -> None:
    """Our row now stands for this remote object (unsaved). A row that a pull made of it meanwhile gives way."""
    adopted = Pixel.objects.filter(ad_account=pixel.ad_account, remote_id=remote.remote_id).exclude(pk=pixel.pk)
    for other in adopted:
        pixel.website_id = pixel.website_id or other.website_id
    adopted.delete()
    pixel.remote_id = remote.remote_id
    pixel.lifecycle = Pixel.Lifecycle.LIVE
    if _said_everything(remote):
        see(pixel, remote)
    elif not pixel.provider_class.can("read"):
        pixel.remote = Pixel.Remote.UNVERIFIABLE


def _apply_changes(pixel: Pixel, changes: dict[str, Any]) -> None:
    options = dict(pixel.options)
    for field, value in changes.items():
        if field == "name":
            pixel.name = value
        elif field == "events":
            pixel.events = list(value)
        else:
            options[field] = value
    pixel.options = options


def _said_everything(remote: RemotePixel) -> bool:
    return remote.name is not None


def _record_error(operation: Operation, error: ProviderError) -> None:
    if isinstance(error, BadCredentials):
        Connection.objects.filter(pk=operation.pixel.connection_id).update(
            test=Connection.Test.REFUSED, test_sentence=error.sentence[:500], test_words=error.words[:250],
            tested_at=timezone.now(),
        )  # fmt: skip
    if error.maybe_done and operation.kind == Operation.Kind.CREATE:
        _close(operation, Operation.State.UNKNOWN, Pixel.Lifecycle.UNKNOWN, error)
        return
    age = timezone.now() - operation.created_at
    tries_left = operation.attempt < IDEMPOTENT_TRIES if error.maybe_done else age < GIVE_UP_AFTER
    if error.retryable and tries_left and not isinstance(error, NotSupported):
        wait = error.retry_after or WAIT["throttled"] if isinstance(error, Throttled) else _backoff(operation)
        _again(operation, error, min(wait, WAIT["most"]))
    else:
        # A refused change leaves the pixel as it was; only a refused create has nothing to fall back on.
        after = Pixel.Lifecycle.FAILED if operation.kind == Operation.Kind.CREATE else Pixel.Lifecycle.LIVE
        _close(operation, Operation.State.FAILED, after, error)


def _backoff(operation: Operation) -> float:
    return min(WAIT["first"] * 2 ** max(operation.attempt - 1, 0), WAIT["most"])


def _again(operation: Operation, error: ProviderError | None, wait: float) -> None:
    with transaction.atomic():
        pixel = Pixel.objects.select_for_update().get(pk=operation.pixel_id)
        again = _mine(operation).update(
            state=Operation.State.PENDING,
            lease_until=None,
            maybe_sent=False,
            not_before=timezone.now() + timedelta(seconds=wait),
            error_code=error.code if error else "",
            error_sentence=error.sentence[:500] if error else "",
        )
        if again:
            if operation.kind == Operation.Kind.CREATE:
                pixel.lifecycle = Pixel.Lifecycle.QUEUED
            if error:
                pixel.set_error(error)
            pixel.save()


def _close(operation: Operation, state: Operation.State, lifecycle: Pixel.Lifecycle, error: ProviderError) -> None:
    with transaction.atomic():
        pixel = Pixel.objects.select_for_update().get(pk=operation.pixel_id)
        if _finish(operation, state, error):
            pixel.lifecycle = lifecycle
            pixel.set_error(error)
            pixel.save()
