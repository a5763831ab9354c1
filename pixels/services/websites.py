from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.activity import record
from accounts.models import Team, User
from pixels import rules
from pixels.models import Website


@transaction.atomic
def add_website(team: Team, actor: User, *, name: str, url: str) -> Website:
    """Add a website. A second request with the same values, as by a double click, returns the same website."""
    # of two requests at once, the second sees the first one's name
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    existing = Website.objects.for_team(team).filter(name__iexact=name, url=url, archived_at=None).first()
    if existing is not None:
        return existing
    rules.require(rules.website_errors(team, name, url))
    website = Website.objects.create(team=team, name=name, url=url)
    record(team, actor, "website.added", website)
    return website


@transaction.atomic
def change_website(website: Website, actor: User) -> None:
    """Save a website whose fields a form has filled."""
    Team.objects.select_for_update(no_key=True).get(pk=website.team_id)
    rules.require(rules.website_errors(website.team, website.name, website.url, website=website))
    website.save()
    record(website.team, actor, "website.changed", website)


@transaction.atomic
def archive_website(website: Website, actor: User) -> None:
    """Hide the website from lists; its pixels keep it."""
    website.archived_at = timezone.now()
    website.save(update_fields=["archived_at"])
    record(website.team, actor, "website.archived", website)


@transaction.atomic
def restore_website(website: Website, actor: User) -> None:
    website.archived_at = None
    website.save(update_fields=["archived_at"])
    record(website.team, actor, "website.restored", website)
