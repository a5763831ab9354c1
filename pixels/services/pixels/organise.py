"""Changes to our own rows only: nothing is sent to a provider."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.activity import record
from accounts.models import User
from pixels import snippets
from pixels.actions import Action
from pixels.models import Pixel, Website
from pixels.violations import RuleViolation

from .promise import begin


@transaction.atomic
def archive_pixel(pixel: Pixel, actor: User) -> None:
    """Hide the pixel from lists; nothing is sent."""
    if not begin(pixel, Action.ARCHIVE):
        return
    pixel.archived_at = timezone.now()
    pixel.save(update_fields=["archived_at", "updated_at"])
    record(pixel.team, actor, "pixel.archived", pixel)


@transaction.atomic
def restore_pixel(pixel: Pixel, actor: User) -> None:
    if not begin(pixel, Action.RESTORE):
        return
    pixel.archived_at = None
    pixel.save(update_fields=["archived_at", "updated_at"])
    record(pixel.team, actor, "pixel.restored", pixel)


@transaction.atomic
def set_website(pixel: Pixel, actor: User, website: Website | None) -> None:
    begin(pixel, Action.MOVE)
    if website and website.team_id != pixel.team_id:
        raise PermissionDenied
    if website and website.archived_at and website.pk != pixel.website_id:
        raise RuleViolation("website_archived")
    pixel.website = website
    pixel.save(update_fields=["website", "updated_at"])
    if website:
        record(pixel.team, actor, "pixel.moved", pixel, website=website.name)
    else:
        record(pixel.team, actor, "pixel.moved_out", pixel)


@transaction.atomic
def set_tag_values(pixel: Pixel, actor: User, values: Mapping[str, str]) -> None:
    """Store what the provider's snippet needs besides the pixel, and issue the snippets that this changes."""
    begin(pixel, Action.FILL_IN)
    pixel.tag_values = dict(values)
    pixel.save(update_fields=["tag_values", "updated_at"])
    snippets.issue(pixel)
    record(pixel.team, actor, "pixel.snippet_filled_in", pixel)
