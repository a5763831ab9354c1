"""What a person decides about a create whose answer was lost, or about an error."""

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
    """A person has found the pixel at the provider, under this id. The id can be corrected until the provider has
    confirmed it."""
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
    record(pixel.team, actor, "pixel.exists_confirmed", pixel, remote_id=remote_id)


@transaction.atomic
def confirm_absent(pixel: Pixel, actor: User) -> None:
    """A person has found that the pixel does not exist, so the create is sent again."""
    begin(pixel, Action.CONFIRM_ABSENT)
    lost = pixel.operations.filter(kind=Operation.Kind.CREATE).order_by("-created_at").first()
    assert lost is not None
    resolve_unconfirmed(pixel, Operation.State.FAILED)
    start(pixel, actor, Operation.Kind.CREATE, lost.payload, lost.secrets)
    record(pixel.team, actor, "pixel.absent_confirmed", pixel)


@transaction.atomic
def dismiss_error(pixel: Pixel, actor: User) -> None:
    """Clear the error of a refused change, which has left the pixel as it was."""
    if not begin(pixel, Action.DISMISS):
        return
    if pixel.remote_status == Pixel.RemoteStatus.DUPLICATE and pixel.error_code == DUPLICATE:
        # the next sync sets the status
        pixel.remote_status, pixel.duplicate_remote_ids = Pixel.RemoteStatus.NOT_SEEN, []
    pixel.clear_error()
    pixel.save()
    record(pixel.team, actor, "pixel.message_dismissed", pixel)
