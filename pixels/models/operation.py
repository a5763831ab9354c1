from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from pixels.providers.errors import Throttled, Waiting

from .pixel import Pixel
from .team_owned import TeamQuerySet

WAITS_FOR_A_LIMIT = (Throttled.code, Waiting.code)  # error codes of operations that the provider, or we, hold back


class OperationQuerySet(TeamQuerySet):
    def open(self) -> Self:
        """By the column that the index of open ones is about; those that ended are many."""
        return self.filter(finished_at__isnull=True)


class Operation(models.Model):
    """One promised remote change, written before it is sent: the outbox row.

    `attempt` is the fencing token: each claim raises it, and every later write names the attempt it belongs to.
    `sent_at` is committed before the first byte leaves. A create that waits with `sent_at` set is unconfirmed: it may
    have taken effect, so its object is searched for before it is sent again. The rows alone say what is to be done; a
    Celery message only notifies a worker of one.
    """

    class Kind(models.TextChoices):
        CREATE = "create", _("Create")
        UPDATE = "update", _("Update")
        DELETE = "delete", _("Delete")

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        UNCONFIRMED = "unconfirmed", "Unconfirmed"
        IN_FLIGHT = "in_flight", "In flight"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Unknown"
        CANCELLED = "cancelled", "Cancelled"

    WAITING = (State.PENDING, State.UNCONFIRMED)
    OPEN = (*WAITING, State.IN_FLIGHT)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="operations")
    pixel = models.ForeignKey(Pixel, on_delete=models.CASCADE, related_name="operations")
    kind = models.CharField(max_length=8, choices=Kind)
    payload = models.JSONField(default=dict)  # create: name, events, options; update: what changes; delete: nothing
    secrets = models.JSONField(default=list)  # names of the secret options that go with it, sealed in PixelSecrets
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    attempt = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)  # when the latest request left that may have taken effect
    # ids of objects that had its name or code before the first send
    preexisting_ids = models.JSONField(null=True, blank=True)
    unconfirmed_count = models.PositiveSmallIntegerField(default=0)  # requests whose outcome is unknown
    # the first of the failures in a row; waits for people do not count
    trying_since = models.DateTimeField(null=True, blank=True)
    sends = models.PositiveSmallIntegerField(default=0)  # how often it may have been sent
    # A create that was sent more than once is looked up again later: a late request may have made a second object.
    duplicate_check_at = models.DateTimeField(null=True, blank=True)
    duplicate_checks_done = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=32, blank=True)  # the kind of error (providers/errors.py)
    error_message = models.CharField(max_length=64, blank=True)  # the code of what it says (pixels/messages)
    error_params = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = OperationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(finished_at__isnull=True), name="operation_not_finished"),
            models.Index(
                fields=["duplicate_check_at"],
                condition=Q(duplicate_check_at__isnull=False),
                name="operation_duplicate_check",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["pixel"],
                condition=Q(state__in=["pending", "unconfirmed", "in_flight"]),
                name="one_open_operation_per_pixel",
            ),
            # A state typed by hand that the code does not know would never be found by any query.
            models.CheckConstraint(
                condition=Q(state__in=["pending", "unconfirmed", "in_flight"], finished_at__isnull=True)
                | Q(state__in=["done", "failed", "unknown", "cancelled"], finished_at__isnull=False),
                name="operation_open_until_finished",
            ),
            models.CheckConstraint(
                condition=Q(state="pending", sent_at__isnull=True)
                | Q(state="unconfirmed", sent_at__isnull=False, kind="create")
                | ~Q(state__in=["pending", "unconfirmed"]),
                name="operation_unconfirmed_while_sent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pixel_id}"

    @property
    def is_unconfirmed(self) -> bool:
        """Whether this is an open create that may have taken effect already."""
        return self.kind == self.Kind.CREATE and self.sent_at is not None


def fingerprint(payload: dict[str, Any]) -> str:
    """The same parameters give the same fingerprint, whatever their order."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
