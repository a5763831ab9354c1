"""What a person decides about an answer that got lost, or about a message."""

from __future__ import annotations

from django.db import transaction

from accounts.activity import record
from accounts.models import User
from pixels import queue, rules, snippets
from pixels.actions import Action
from pixels.models import Operation, Pixel
from pixels.models.pixel import DUPLICATE
from pixels.providers.values import RemotePixel
from pixels.reconcile.link import link_remote, resolve_unconfirmed
from pixels.violations import RuleViolation

from .promise import begin, start


@transaction.atomic
def confirm_exists(pixel: Pixel, actor: User, remote_id: str) -> None:
    """Somebody has looked: the pixel whose answer got lost exists, under this id. Until the provider has said so
    itself, the id can be put right."""
    begin(pixel, Action.CONFIRM_EXISTS)
    rules.require(rules.remote_id_errors(remote_id))
    other = Pixel.objects.filter(ad_account=pixel.ad_account_id, remote_id=remote_id).first()
    if other is not None and (other.created_by_id or other.operations.exists()):
        raise RuleViolation("remote_id_taken", pixel=str(other))
    pixel.remote_status = Pixel.RemoteStatus.NOT_SEEN
    if link_remote(pixel, RemotePixel(remote_id=remote_id)):
        pixel.clear_error()
        pixel.save()
        resolve_unconfirmed(pixel)
        snippets.issue(pixel)
        queue.notify_worker("read_pixel", pixel.pk)
    record(pixel.team, actor, "said that it is there:", pixel, f"as {remote_id}")


@transaction.atomic
def confirm_absent(pixel: Pixel, actor: User) -> None:
    """Somebody has looked: it does not exist, so it is sent once more."""
    begin(pixel, Action.CONFIRM_ABSENT)
    lost = pixel.operations.filter(kind=Operation.Kind.CREATE).order_by("-created_at").first()
    assert lost is not None
    resolve_unconfirmed(pixel, Operation.State.FAILED)
    start(pixel, actor, Operation.Kind.CREATE, lost.payload, lost.secrets)
    record(pixel.team, actor, "said that it is not there and sent again:", pixel)


@transaction.atomic
def dismiss_error(pixel: Pixel, actor: User) -> None:
    """A change was refused and the pixel is as it was: somebody has read that and needs no reminder."""
    if not begin(pixel, Action.DISMISS):
        return
    if pixel.remote_status == Pixel.RemoteStatus.DUPLICATE and pixel.error_code == DUPLICATE:
        pixel.remote_status, pixel.duplicate_remote_ids = Pixel.RemoteStatus.NOT_SEEN, []  # the next sync says more
    pixel.clear_error()
    pixel.save()
    record(pixel.team, actor, "dismissed the message of", pixel)
