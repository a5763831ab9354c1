from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Team

from .badge import Badge
from .connection import Connection
from .team_owned import TeamQuerySet


class SyncRun(models.Model):
    """One pull of one connection, with counts and progress. It is claimed like an Operation."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        STOPPED = "stopped", _("Stopped")  # so many pixels are missing that a person has to check

    OPEN = (State.QUEUED, State.RUNNING)

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="sync_runs")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="sync_runs")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    full = models.BooleanField(default=True)  # the whole list is read; otherwise only changes since the last run
    attempt = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    crashes = models.PositiveSmallIntegerField(default=0)  # workers that died while they had it
    not_before = models.DateTimeField(null=True, blank=True)  # a limit is reached, or the provider asked us to wait
    waits = models.PositiveIntegerField(default=0)
    waited = models.FloatField(default=0)  # seconds, of all waits together
    # Where it continues: {"account", "after", "began", "asked", "total", "newest", counts…}, and the ids listed so far.
    cursor = models.JSONField(null=True, blank=True, editable=False)
    seen_ids = models.BinaryField(null=True, editable=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    pages = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True, blank=True)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    error_message = models.CharField(max_length=64, blank=True)  # the code of what it says (pixels/messages)
    error_params = models.JSONField(default=dict, blank=True)
    error_provider_message = models.CharField(max_length=250, blank=True)
    # missing pixels that were not marked, as a person has to check them
    lacking = models.PositiveIntegerField(default=0)
    confirmed = models.PositiveIntegerField(default=0)  # missing pixels that a person has confirmed as gone

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["connection", "-created_at", "-id"], name="sync_run_latest"),
            models.Index(fields=["created_at"], condition=Q(finished_at__isnull=True), name="sync_run_not_finished"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(state__in=["queued", "running"]),
                name="one_open_sync_run_per_connection",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at__isnull=True)
                | Q(state__in=["done", "failed", "stopped"], finished_at__isnull=False),
                name="sync_run_open_until_finished",
            ),
        ]

    def __str__(self) -> str:
        return f"Sync {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.QUEUED and self.not_before is not None

    @property
    def took(self) -> timedelta | None:
        """From its start to its end, with its waits."""
        return self.finished_at - self.started_at if self.started_at and self.finished_at else None

    @property
    def badge(self) -> Badge:
        if self.is_waiting:
            return Badge("waiting", "clock", gettext("Waiting"))
        tone, icon = {
            self.State.DONE: ("live", "check"),
            self.State.FAILED: ("failed", "x"),
            self.State.STOPPED: ("needs", "alert-triangle"),
        }.get(self.State(self.state), ("waiting", "loader"))
        return Badge(tone, icon, self.get_state_display())
