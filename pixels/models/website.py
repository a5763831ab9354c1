from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import Team

from .team_owned import TeamQuerySet


class Website(models.Model):
    """A client's website, on which snippets are placed; the agency's unit of work."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="websites")
    name = models.CharField(max_length=100)
    url = models.URLField("URL", max_length=500)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                "team",
                Lower("name"),
                name="website_name_unique_in_team",
                violation_error_message=_("A website of this name is already in this team."),
            )
        ]

    def __str__(self) -> str:
        return self.name
