"""New pixels: rows and promised creates."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from accounts.activity import record
from accounts.models import Team, User
from pixels import rules
from pixels.models import AdAccount, Connection, Operation, Pixel, Website
from pixels.models.operation import fingerprint
from pixels.models.pixel_secrets import keep_secrets
from pixels.outbox.enqueue import notify_worker
from pixels.rules import Draft
from pixels.violations import RuleViolation

from .promise import promise


class FormAlreadySent(RuleViolation):
    """This very form has made other pixels before; a second sending under the same token is not a double click."""


def create_pixels(
    team: Team,
    actor: User,
    *,
    ad_account: AdAccount,
    website: Website | None,
    drafts: Sequence[Draft],
    form_ids: Sequence[UUID] = (),
) -> list[Pixel]:
    """Promise these pixels: rows and operations in one transaction. Sent twice, it gives the same pixels again.

    `form_ids`: all ids that the form could name, so that a form sent again with other ticks is noticed as well.
    """
    if ad_account.connection.team_id != team.pk or (website and website.team_id != team.pk):
        raise PermissionDenied
    try:
        with transaction.atomic():
            if made := _already_made(team, ad_account, website, drafts, form_ids):
                return made
            _lock_usable(ad_account.connection)
            if website and website.archived_at:
                raise RuleViolation("website_archived")
            for errors in rules.draft_errors(ad_account, drafts, form_ids).values():
                rules.require(errors)
            pixels = []
            for draft in drafts:
                pixel = Pixel.objects.create(
                    id=draft.id,
                    team=team,
                    connection=ad_account.connection,
                    ad_account=ad_account,
                    website=website,
                    name=draft.name,
                    events=list(draft.events),
                    options=dict(draft.options),
                    created_by=actor,
                )
                keep_secrets(pixel, draft.secrets)
                promise(pixel, actor, Operation.Kind.CREATE, draft.payload, sorted(draft.secrets))
                record(team, actor, "created", pixel)
                pixels.append(pixel)
            notify_worker(ad_account.connection_id)
            return pixels
    except IntegrityError:  # the other half of a double click was first
        made = _already_made(team, ad_account, website, drafts, form_ids)
        if not made:
            raise
        return made


def _already_made(
    team: Team, ad_account: AdAccount, website: Website | None, drafts: Sequence[Draft], form_ids: Sequence[UUID]
) -> list[Pixel]:
    """What an earlier sending of this form has made; raises FormAlreadySent when that was something else."""
    ids = {*form_ids, *(draft.id for draft in drafts)}
    # Read before the operations: whoever commits both in between must not show the one without the other.
    pixels = list(Pixel.objects.for_team(team).filter(pk__in=ids).select_related("connection"))
    first = Operation.objects.filter(pixel__in=pixels, kind=Operation.Kind.CREATE).order_by("-created_at")
    sent = {operation.pixel_id: operation.fingerprint for operation in first}  # the first of each, as the last one wins
    made = {pixel.pk: (sent.get(pixel.pk), pixel.ad_account_id, pixel.website_id) for pixel in pixels}
    place = ad_account.pk, website and website.pk
    if made and made != {draft.id: (fingerprint(draft.payload), *place) for draft in drafts}:
        raise FormAlreadySent("form_already_sent")
    return pixels


def _lock_usable(connection: Connection) -> None:
    """Lock the connection for this transaction: it can't be disconnected under the promise. Refused if it has been."""
    now = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    if now.disconnected_at:
        raise RuleViolation("disconnected")
    if not now.is_usable:
        raise RuleViolation("paused")
