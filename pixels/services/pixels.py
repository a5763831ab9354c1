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
from pixels import queue, snippets
from pixels.actions import Action, decide, is_live_by_word, last_operation
from pixels.models import AdAccount, Connection, Operation, Pixel, Website
from pixels.models.operation import fingerprint
from pixels.models.pixel import DUPLICATE
from pixels.models.pixel_secrets import keep_secrets
from pixels.outbox.cancel import cancel as cancel_operation
from pixels.outbox.enqueue import notify_worker
from pixels.providers.values import RemotePixel
from pixels.reconcile import compare
from pixels.reconcile.link import link_remote, resolve_unconfirmed
from pixels.violations import RuleViolation

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
            notify_worker(ad_account.connection_id)
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
        raise FormAlreadySent("form_already_sent")
    return pixels


def _use(connection: Connection) -> None:
    """Lock the connection for this transaction: it can't be disconnected under the promise. Refused if it has been."""
    now = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    if now.disconnected_at:
        raise RuleViolation("disconnected")
    if not now.is_usable:
        raise RuleViolation("paused")


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
    """Promise a change to an existing pixel that `_begin` has let through."""
    _promise(pixel, actor, kind, payload, secrets)
    pixel.lifecycle = WAITING_FOR[kind]
    pixel.clear_error()
    pixel.save()
    notify_worker(pixel.connection_id)


def _begin(pixel: Pixel, action: Action) -> bool:
    """Lock the connection and the pixel until this transaction ends, in the order that workers take, and look at the
    rows as they are now. Raises RuleViolation where the action is not possible; False where nothing is left to do."""
    Connection.objects.select_for_update(no_key=True).get(pk=pixel.connection_id)
    rows = Pixel.objects.select_for_update(of=("self",)).select_related("connection", "ad_account", "team")
    pixel.refresh_from_db(from_queryset=rows)
    decision = decide(action, pixel, last_operation(pixel), None)
    if not decision and not decision.nothing_to_do:
        raise RuleViolation(decision.code, **decision.params)
    return bool(decision)


@transaction.atomic
def change_pixel(
    pixel: Pixel, actor: User, changes: Mapping[str, Any], secrets: Mapping[str, str] | None = None
) -> None:
    """Send what changed; our row takes the new values when the provider has accepted them."""
    secrets = secrets or {}
    _begin(pixel, Action.EDIT)
    _start(pixel, actor, Operation.Kind.UPDATE, dict(changes), sorted(secrets))
    keep_secrets(pixel, secrets)
    record(pixel.team, actor, "asked to change", pixel, ", ".join(sorted([*changes, *secrets])))


@transaction.atomic
def set_state(pixel: Pixel, actor: User, *, active: bool) -> None:
    if not _begin(pixel, Action.ACTIVATE if active else Action.DEACTIVATE):
        return
    _start(pixel, actor, Operation.Kind.UPDATE, pixel.provider_class.activation(active))
    record(pixel.team, actor, "asked to activate" if active else "asked to deactivate", pixel)


@transaction.atomic
def delete_pixel(pixel: Pixel, actor: User) -> None:
    """At the provider; for putting the row away there is archive_pixel."""
    _begin(pixel, Action.DELETE)
    _start(pixel, actor, Operation.Kind.DELETE, {})
    record(pixel.team, actor, "asked to delete", pixel)


@transaction.atomic
def retry(pixel: Pixel, actor: User | None) -> None:
    """Send once more what was definitely refused. Never what is unconfirmed."""
    _begin(pixel, Action.RETRY)
    last = last_operation(pixel)
    assert last is not None
    _start(pixel, actor, Operation.Kind(last.kind), last.payload, last.secrets)
    record(pixel.team, actor, "retried", pixel)


@transaction.atomic
def confirm_exists(pixel: Pixel, actor: User, remote_id: str) -> None:
    """Somebody has looked: the pixel whose answer got lost exists, under this id. Until the provider has said so
    itself, the id can be put right."""
    _begin(pixel, Action.CONFIRM_EXISTS)
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
    _begin(pixel, Action.CONFIRM_ABSENT)
    lost = pixel.operations.filter(kind=Operation.Kind.CREATE).order_by("-created_at").first()
    assert lost is not None
    resolve_unconfirmed(pixel, Operation.State.FAILED)
    _start(pixel, actor, Operation.Kind.CREATE, lost.payload, lost.secrets)
    record(pixel.team, actor, "said that it is not there and sent again:", pixel)


def is_unconfirmed(pixel: Pixel) -> bool:
    """Live by somebody's word alone."""
    return is_live_by_word(pixel)


@transaction.atomic
def dismiss_error(pixel: Pixel, actor: User) -> None:
    """A change was refused and the pixel is as it was: somebody has read that and needs no reminder."""
    if not _begin(pixel, Action.DISMISS):
        return
    if pixel.remote_status == Pixel.RemoteStatus.DUPLICATE and pixel.error_code == DUPLICATE:
        pixel.remote_status, pixel.duplicate_remote_ids = Pixel.RemoteStatus.NOT_SEEN, []  # the next sync says more
    pixel.clear_error()
    pixel.save()
    record(pixel.team, actor, "dismissed the message of", pixel)


def can_retry(pixel: Pixel, last: Operation | None) -> bool:
    return bool(decide(Action.RETRY, pixel, last, None))


@transaction.atomic
def cancel(pixel: Pixel, actor: User) -> None:
    """Take back the change under way, as long as it has provably not been sent."""
    _begin(pixel, Action.CANCEL)
    last = last_operation(pixel)
    if last is None or not cancel_operation(last):  # a worker may claim it without the lock
        raise RuleViolation("too_late_to_cancel")
    record(pixel.team, actor, "cancelled the change of", pixel)


def can_cancel(pixel: Pixel, last: Operation | None) -> bool:
    return bool(decide(Action.CANCEL, pixel, last, None))


@transaction.atomic
def adopt_theirs(pixel: Pixel, actor: User, fields: Collection[str]) -> None:
    """Our side takes the provider's values of these fields; nothing is sent."""
    _begin(pixel, Action.ADOPT_THEIRS)
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
    _begin(pixel, Action.RESTORE_OURS)
    drifted = _drifted(pixel, fields)
    fixed = [name for name in drifted if name in pixel.provider_class.pixel_form.fixed]
    if fixed:
        raise RuleViolation("field_fixed", provider=pixel.provider_class.slug, field=fixed[0])
    _start(pixel, actor, Operation.Kind.UPDATE, {name: pixel.local_values[name] for name in drifted})
    record(pixel.team, actor, "asked to restore our values of", pixel, ", ".join(drifted))


@transaction.atomic
def ignore_drift(pixel: Pixel, actor: User, fields: Collection[str]) -> None:
    """Somebody knows that these fields differ, and it is well so."""
    _begin(pixel, Action.IGNORE)
    drifted = _drifted(pixel, fields)
    pixel.ignored = sorted({*pixel.ignored, *drifted})
    compare.compare(pixel)
    pixel.save()
    record(pixel.team, actor, "ignores differences of", pixel, ", ".join(drifted))


@transaction.atomic
def watch_again(pixel: Pixel, actor: User, fields: Collection[str]) -> None:
    """The other way round of ignore_drift."""
    _begin(pixel, Action.WATCH_AGAIN)
    watched = [name for name in pixel.ignored if name in fields]
    if not watched:
        raise RuleViolation("watched_already")
    pixel.ignored = [name for name in pixel.ignored if name not in fields]
    compare.compare(pixel)
    pixel.save()
    record(pixel.team, actor, "watches again for differences of", pixel, ", ".join(watched))


def _drifted(pixel: Pixel, fields: Collection[str]) -> list[str]:
    found = [name for name in pixel.drift if name in fields]
    if not found:
        raise RuleViolation("no_difference")
    return found


@transaction.atomic
def archive_pixel(pixel: Pixel, actor: User) -> None:
    """Ours alone: nothing is sent."""
    if not _begin(pixel, Action.ARCHIVE):
        return
    pixel.archived_at = timezone.now()
    pixel.save(update_fields=["archived_at", "updated_at"])
    record(pixel.team, actor, "archived", pixel)


@transaction.atomic
def restore_pixel(pixel: Pixel, actor: User) -> None:
    if not _begin(pixel, Action.RESTORE):
        return
    pixel.archived_at = None
    pixel.save(update_fields=["archived_at", "updated_at"])
    record(pixel.team, actor, "restored", pixel)


@transaction.atomic
def set_website(pixel: Pixel, actor: User, website: Website | None) -> None:
    _begin(pixel, Action.MOVE)
    pixel.website = website
    pixel.save(update_fields=["website", "updated_at"])
    record(pixel.team, actor, "moved", pixel, f"to {website}" if website else "to no website")


@transaction.atomic
def set_tag_values(pixel: Pixel, actor: User, values: Mapping[str, str]) -> None:
    """Fill in what the provider's snippet needs beyond the pixel; issues a new number where that changes it."""
    _begin(pixel, Action.FILL_IN)
    pixel.tag_values = dict(values)
    pixel.save(update_fields=["tag_values", "updated_at"])
    snippets.issue(pixel)
    record(pixel.team, actor, "filled in the snippet of", pixel)
