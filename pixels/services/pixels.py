from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.activity import record
from accounts.models import Team, User
from accounts.services import RuleViolation
from pixels import snippets, tasks
from pixels.models import AdAccount, Connection, Operation, Pixel, Website
from pixels.models.operation import fingerprint
from pixels.models.pixel import DUPLICATE
from pixels.models.pixel_secrets import keep_secrets
from pixels.outbox.record import cancel as cancel_operation
from pixels.providers.values import RemotePixel
from pixels.reconcile import compare
from pixels.reconcile.link import link_remote, resolve_unconfirmed

WAITING_FOR = {
    Operation.Kind.CREATE: Pixel.Lifecycle.QUEUED,
    Operation.Kind.UPDATE: Pixel.Lifecycle.UPDATING,
    Operation.Kind.DELETE: Pixel.Lifecycle.DELETING,
}


class FormAlreadySent(RuleViolation):
    """This very form has made other pixels before; a second sending under the same token is not a double click."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One pixel to create. `id` comes from the form's token, so that sending a form twice names the same pixels."""

    id: UUID
    name: str
    events: tuple[str, ...]
    options: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def payload(self) -> dict[str, Any]:
        return {"name": self.name, "events": list(self.events), "options": dict(self.options)}


def create_pixels(
    team: Team,
    actor: User,
    *,
    ad_account: AdAccount,
    website: Website | None,
    plans: Sequence[Plan],
    form_ids: Sequence[UUID] = (),
) -> list[Pixel]:
    """Promise these pixels: rows and operations in one transaction. Sent twice, it gives the same pixels again.

    `form_ids`: all ids that the form could name, so that a form sent again with other ticks is noticed as well.
    """
    if ad_account.connection.team_id != team.pk or (website and website.team_id != team.pk):
        raise PermissionDenied
    try:
        with transaction.atomic():
            if made := _already_made(team, ad_account, website, plans, form_ids):
                return made
            _use(ad_account.connection)
            pixels = []
            for plan in plans:
                pixel = Pixel.objects.create(
                    id=plan.id,
                    team=team,
                    connection=ad_account.connection,
                    ad_account=ad_account,
                    website=website,
                    name=plan.name,
                    events=list(plan.events),
                    options=dict(plan.options),
                    created_by=actor,
                )
                keep_secrets(pixel, plan.secrets)
                _promise(pixel, actor, Operation.Kind.CREATE, plan.payload, sorted(plan.secrets))
                record(team, actor, "created", pixel)
                pixels.append(pixel)
            tasks.notify_worker(tasks.push_connection, ad_account.connection_id)
            return pixels
    except IntegrityError:  # the other half of a double click was first
        made = _already_made(team, ad_account, website, plans, form_ids)
        if not made:
            raise
        return made


def _already_made(
    team: Team, ad_account: AdAccount, website: Website | None, plans: Sequence[Plan], form_ids: Sequence[UUID]
) -> list[Pixel]:
    """What an earlier sending of this form has made; raises FormAlreadySent when that was something else."""
    ids = {*form_ids, *(plan.id for plan in plans)}
    # Read before the operations: whoever commits both in between must not show the one without the other.
    pixels = list(Pixel.objects.for_team(team).filter(pk__in=ids).select_related("connection"))
    first = Operation.objects.filter(pixel__in=pixels, kind=Operation.Kind.CREATE).order_by("-created_at")
    sent = {operation.pixel_id: operation.fingerprint for operation in first}  # the first of each, as the last one wins
    made = {pixel.pk: (sent.get(pixel.pk), pixel.ad_account_id, pixel.website_id) for pixel in pixels}
    place = ad_account.pk, website and website.pk
    if made and made != {plan.id: (fingerprint(plan.payload), *place) for plan in plans}:
        raise FormAlreadySent("This form was sent before, with other values. Send it again to create these as well.")
    return pixels


def _use(connection: Connection) -> None:
    """Lock the connection for this transaction: it can't be disconnected under the promise. Refused if it has been."""
    now = Connection.objects.select_for_update().get(pk=connection.pk)
    if now.disconnected_at:
        raise RuleViolation("The connection of this pixel is not in use now.")
    if not now.is_usable:
        raise RuleViolation("The connection of this pixel is paused. Its credentials have to work first.")


def _promise(
    pixel: Pixel, actor: User | None, kind: Operation.Kind, payload: dict[str, Any], secrets: Sequence[str] = ()
) -> Operation:
    return Operation.objects.create(
        team_id=pixel.team_id,
        pixel=pixel,
        kind=kind,
        payload=payload,
        secrets=list(secrets),
        fingerprint=fingerprint(payload),
        created_by=actor,
    )


def _start(
    pixel: Pixel, actor: User | None, kind: Operation.Kind, payload: dict[str, Any], secrets: Sequence[str] = ()
) -> None:
    """Promise a change to an existing pixel, unless another one is under way."""
    _use(pixel.connection)
    try:
        with transaction.atomic():
            _promise(pixel, actor, kind, payload, secrets)
    except IntegrityError:
        raise RuleViolation("Another change of this pixel is under way. Wait for it and try again.") from None
    pixel.lifecycle = WAITING_FOR[kind]
    pixel.clear_error()
    pixel.save()
    tasks.notify_worker(tasks.push_connection, pixel.connection_id)


def _lock(pixel: Pixel) -> None:
    """Look at the row as it is now, and keep workers from changing it until this transaction ends."""
    pixel.refresh_from_db(from_queryset=Pixel.objects.select_for_update(of=("self",)))


def _supported(pixel: Pixel, capability: Any) -> None:
    _lock(pixel)
    if pixel.archived_at:
        raise RuleViolation("This pixel is archived. Restore it first.")  # or the outcome would be out of sight
    if not pixel.provider_class.can(capability):
        raise RuleViolation(pixel.provider_class.missing.get(capability, "The provider cannot do this."))
    if pixel.lifecycle != Pixel.Lifecycle.LIVE:
        raise RuleViolation("This is possible once the pixel is live.")


@transaction.atomic
def change_pixel(
    pixel: Pixel, actor: User, changes: Mapping[str, Any], secrets: Mapping[str, str] | None = None
) -> None:
    """Send what changed; our row takes the new values when the provider has accepted them."""
    secrets = secrets or {}
    _supported(pixel, "update")
    _start(pixel, actor, Operation.Kind.UPDATE, dict(changes), sorted(secrets))
    keep_secrets(pixel, secrets)
    record(pixel.team, actor, "asked to change", pixel, ", ".join(sorted([*changes, *secrets])))


@transaction.atomic
def set_state(pixel: Pixel, actor: User, *, active: bool) -> None:
    _supported(pixel, "activate")
    _start(pixel, actor, Operation.Kind.UPDATE, pixel.provider_class.activation(active))
    record(pixel.team, actor, "asked to activate" if active else "asked to deactivate", pixel)


@transaction.atomic
def delete_pixel(pixel: Pixel, actor: User) -> None:
    """At the provider; for putting the row away there is archive_pixel."""
    _supported(pixel, "delete")
    _start(pixel, actor, Operation.Kind.DELETE, {})
    record(pixel.team, actor, "asked to delete", pixel)


@transaction.atomic
def retry(pixel: Pixel, actor: User | None) -> None:
    """Send once more what was definitely refused. Never what is unconfirmed."""
    _lock(pixel)
    last = last_operation(pixel)
    if not can_retry(pixel, last):
        raise RuleViolation("Only what failed can be sent again.")
    assert last is not None
    _start(pixel, actor, Operation.Kind(last.kind), last.payload, last.secrets)
    record(pixel.team, actor, "retried", pixel)


@transaction.atomic
def confirm_exists(pixel: Pixel, actor: User, remote_id: str) -> None:
    """Somebody has looked: the pixel whose answer got lost exists, under this id. Until the provider has said so
    itself, the id can be put right."""
    _lock(pixel)
    if not is_unconfirmed(pixel):
        _must_be_unknown(pixel)
    other = Pixel.objects.filter(ad_account=pixel.ad_account_id, remote_id=remote_id).first()
    if other is not None and (other.created_by_id or other.operations.exists()):
        raise RuleViolation(f"That id belongs to “{other}” already. Look again which one this is.")
    pixel.remote_status = Pixel.RemoteStatus.NOT_SEEN
    if link_remote(pixel, RemotePixel(remote_id=remote_id)):
        pixel.clear_error()
        pixel.save()
        resolve_unconfirmed(pixel)
        snippets.issue(pixel)
        tasks.notify_worker(tasks.read_pixel, pixel.pk)
    record(pixel.team, actor, "said that it is there:", pixel, f"as {remote_id}")


@transaction.atomic
def confirm_absent(pixel: Pixel, actor: User) -> None:
    """Somebody has looked: it does not exist, so it is sent once more."""
    _lock(pixel)
    _must_be_unknown(pixel)
    lost = pixel.operations.filter(kind=Operation.Kind.CREATE).order_by("-created_at").first()
    assert lost is not None
    resolve_unconfirmed(pixel, Operation.State.FAILED)
    _start(pixel, actor, Operation.Kind.CREATE, lost.payload, lost.secrets)
    record(pixel.team, actor, "said that it is not there and sent again:", pixel)


def is_unconfirmed(pixel: Pixel) -> bool:
    """Live by somebody's word alone."""
    is_live = pixel.lifecycle == Pixel.Lifecycle.LIVE and not pixel.archived_at
    return is_live and pixel.remote_values is None and pixel.checked_at is None


def _must_be_unknown(pixel: Pixel) -> None:
    known = pixel.remote_id or pixel.remote_status == Pixel.RemoteStatus.DUPLICATE  # as another row, which is in use
    if pixel.lifecycle != Pixel.Lifecycle.UNKNOWN or known or pixel.archived_at:
        raise RuleViolation("This is settled already.")


@transaction.atomic
def dismiss_error(pixel: Pixel, actor: User) -> None:
    """A change was refused and the pixel is as it was: somebody has read that and needs no reminder."""
    _lock(pixel)
    if pixel.lifecycle == Pixel.Lifecycle.LIVE and pixel.error_code:
        if pixel.remote_status == Pixel.RemoteStatus.DUPLICATE and pixel.error_code == DUPLICATE:
            pixel.remote_status, pixel.duplicate_remote_ids = (
                Pixel.RemoteStatus.NOT_SEEN,
                [],
            )  # the next sync says how it stands
        pixel.clear_error()
        pixel.save()
        record(pixel.team, actor, "dismissed the message of", pixel)


def last_operation(pixel: Pixel) -> Operation | None:
    return pixel.operations.order_by("-created_at").first()


def can_retry(pixel: Pixel, last: Operation | None) -> bool:
    ended = (Operation.State.FAILED, Operation.State.CANCELLED)
    settled = pixel.lifecycle in (Pixel.Lifecycle.FAILED, Pixel.Lifecycle.LIVE) and pixel.error_code
    # A delete is asked for by typing the name, each time.
    again = last is not None and last.kind in (Operation.Kind.CREATE, Operation.Kind.UPDATE) and last.state in ended
    return bool(again and (settled or pixel.lifecycle == Pixel.Lifecycle.DRAFT) and not pixel.archived_at)


@transaction.atomic
def cancel(pixel: Pixel, actor: User) -> None:
    """Take back the change under way, as long as it has provably not been sent."""
    _lock(pixel)
    last = last_operation(pixel)
    if last is None or not cancel_operation(last):
        raise RuleViolation("It is too late to cancel this: it is being sent, or has been.")
    record(pixel.team, actor, "cancelled the change of", pixel)


def can_cancel(pixel: Pixel, last: Operation | None) -> bool:
    if last is None or last.state != Operation.State.PENDING or last.maybe_sent:
        return False
    # An unconfirmed change is repeated without a look-up, so it may have been carried out already.
    return last.kind == Operation.Kind.CREATE or not last.unconfirmed_count


@transaction.atomic
def adopt_theirs(pixel: Pixel, actor: User, fields: Collection[str]) -> None:
    """Our side takes the provider's values of these fields; nothing is sent."""
    _must_be_live(pixel)
    drifted = _drifted(pixel, fields)
    values = {name: (pixel.remote_values or {})[name] for name in drifted}
    if "name" in values:
        pixel.name = values.pop("name")[:255]
    if "events" in values:
        pixel.events = values.pop("events")
    pixel.options = {**pixel.options, **values}
    compare.compare(pixel)
    pixel.save()
    snippets.issue(pixel)
    record(pixel.team, actor, "adopted the provider's values of", pixel, ", ".join(drifted))


@transaction.atomic
def restore_ours(pixel: Pixel, actor: User, fields: Collection[str]) -> None:
    """Our values of these fields are sent again."""
    _supported(pixel, "update")
    drifted = _drifted(pixel, fields)
    fixed = [name for name in drifted if name in pixel.provider_class.pixel_form.fixed]
    if fixed:
        raise RuleViolation(pixel.provider_class.pixel_form.fixed[fixed[0]])
    _start(pixel, actor, Operation.Kind.UPDATE, {name: pixel.local_values[name] for name in drifted})
    record(pixel.team, actor, "asked to restore our values of", pixel, ", ".join(drifted))


@transaction.atomic
def ignore_drift(pixel: Pixel, actor: User, fields: Collection[str]) -> None:
    """Somebody knows that these fields differ, and it is well so."""
    _must_be_live(pixel)
    drifted = _drifted(pixel, fields)
    pixel.ignored = sorted({*pixel.ignored, *drifted})
    compare.compare(pixel)
    pixel.save()
    record(pixel.team, actor, "ignores differences of", pixel, ", ".join(drifted))


@transaction.atomic
def watch_again(pixel: Pixel, actor: User, fields: Collection[str]) -> None:
    """The other way round of ignore_drift."""
    _must_be_live(pixel)
    watched = [name for name in pixel.ignored if name in fields]
    if not watched:
        raise RuleViolation("Differences of this are watched already.")
    pixel.ignored = [name for name in pixel.ignored if name not in fields]
    compare.compare(pixel)
    pixel.save()
    record(pixel.team, actor, "watches again for differences of", pixel, ", ".join(watched))


def _drifted(pixel: Pixel, fields: Collection[str]) -> list[str]:
    found = [name for name in pixel.drift if name in fields]
    if not found:
        raise RuleViolation("This does not differ any more.")
    return found


def _must_be_live(pixel: Pixel) -> None:
    _lock(pixel)
    if pixel.lifecycle != Pixel.Lifecycle.LIVE:
        raise RuleViolation("This is possible once the pixel is live.")


@transaction.atomic
def archive_pixel(pixel: Pixel, actor: User) -> None:
    """Ours alone: nothing is sent."""
    _lock(pixel)
    if pixel.archived_at:
        return
    if not pixel.can_archive:
        raise RuleViolation("Work on this pixel is under way. Archive it when that has ended.")
    pixel.archived_at = timezone.now()
    pixel.save(update_fields=["archived_at", "updated_at"])
    record(pixel.team, actor, "archived", pixel)


@transaction.atomic
def restore_pixel(pixel: Pixel, actor: User) -> None:
    _lock(pixel)
    if not pixel.archived_at:
        return
    pixel.archived_at = None
    pixel.save(update_fields=["archived_at", "updated_at"])
    record(pixel.team, actor, "restored", pixel)


@transaction.atomic
def set_website(pixel: Pixel, actor: User, website: Website | None) -> None:
    pixel.website = website
    pixel.save(update_fields=["website", "updated_at"])
    record(pixel.team, actor, "moved", pixel, f"to {website}" if website else "to no website")


@transaction.atomic
def set_tag_values(pixel: Pixel, actor: User, values: Mapping[str, str]) -> None:
    """Fill in what the provider's snippet needs beyond the pixel; issues a new number where that changes it."""
    _lock(pixel)
    pixel.tag_values = dict(values)
    pixel.save(update_fields=["tag_values", "updated_at"])
    snippets.issue(pixel)
    record(pixel.team, actor, "filled in the snippet of", pixel)
