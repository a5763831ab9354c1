"""The one audit log. Call it inside the transaction of what it tells about."""

from django.db.models import Model

from .models import Activity, Team, User


def record(team: Team, actor: User | None, verb: str, target: Model, detail: str = "") -> Activity:
    """Reads as a sentence: actor, verb, the target's kind and label. No actor: PixelHub itself did it."""
    return Activity.objects.create(
        team=team,
        actor=actor,
        actor_label=str(actor) if actor else "PixelHub",
        verb=verb,
        kind=str(target._meta.verbose_name),
        target_id=str(target.pk),
        label=str(target)[:200],
        detail=detail,
    )
