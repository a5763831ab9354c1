"""Creates pixels: their rows and the operations that send them."""

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
    """This form has made other pixels before: another sending with the same token is not a double click."""


def create_pixels(
    team: Team,
    actor: User,
    *,
    ad_account: AdAccount,
    website: Website | None,
    drafts: Sequence[Draft],
    form_ids: Sequence[UUID] = (),
) -> list[Pixel]:
    """Make rows and operations for these pixels in one transaction. If the form is sent twice, return the same pixels
    again.

    `form_ids`: the ids of all pixels that the form could create, so that a second sending with other ticks is noticed.
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
                record(team, actor, "pixel.created", pixel)
                pixels.append(pixel)
            notify_worker(ad_account.connection_id)
            return pixels
    except IntegrityError:  # the other request of a double click was first
        made = _already_made(team, ad_account, website, drafts, form_ids)
        if not made:
            raise
        return made


def _already_made(
    team: Team, ad_account: AdAccount, website: Website | None, drafts: Sequence[Draft], form_ids: Sequence[UUID]
) -> list[Pixel]:
    """The pixels that an earlier sending of this form has made. Raises FormAlreadySent if they differ from `drafts`."""
    ids = {*form_ids, *(draft.id for draft in drafts)}
    # Read before the operations: another request may commit both in between.
    pixels = list(Pixel.objects.for_team(team).filter(pk__in=ids).select_related("connection"))
    first = Operation.objects.filter(pixel__in=pixels, kind=Operation.Kind.CREATE).order_by("-created_at")
    sent = {operation.pixel_id: operation.fingerprint for operation in first}  # keeps the first operation of each pixel
    made = {pixel.pk: (sent.get(pixel.pk), pixel.ad_account_id, pixel.website_id) for pixel in pixels}
    targets = ad_account.pk, website and website.pk
    if made and made != {draft.id: (fingerprint(draft.payload), *targets) for draft in drafts}:
        raise FormAlreadySent("form_already_sent")
    return pixels


def _lock_usable(connection: Connection) -> None:
    """Lock the connection until this transaction ends, so that it is not disconnected meanwhile. Raises
    RuleViolation if it is disconnected or paused."""
    now = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    if now.disconnected_at:
        raise RuleViolation("disconnected")
    if not now.is_usable:
        raise RuleViolation("paused")
