from __future__ import annotations

from typing import Self

from django.db import models

from accounts.models import Team


class TeamQuerySet(models.QuerySet):
    """Views reach rows through `for_team` only; see docs on isolation in accounts/access.py."""

    def for_team(self, team: Team) -> Self:
        return self.filter(team=team)
