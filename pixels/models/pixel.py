"""Our row for one remote object, which exists or is to be created."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, Self, TypeAlias

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Cast, Upper
from django.db.models.lookups import Contains
from django.utils import timezone

from accounts.models import Team
from pixels.providers.base import Provider
from pixels.providers.errors import ProviderError
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import ProviderEvent, TagContext

from . import state as states
from .badge import Badge
from .connection import AdAccount, Connection
from .team_owned import TeamQuerySet
from .website import Website

REFERENCE_PREFIX = "ph-"
# Shorter pieces of a uuid need "ph-" before them, as words such as "cafe" would match by accident.
REFERENCE_START = re.compile(r"ph-(?P<marked>[0-9a-f-]{1,36})|(?P<bare>[0-9a-f]{8}[0-9a-f-]{0,28})")


def current(path: str = "") -> Q:
    """Pixels that are neither archived nor deleted. `path` leads from the queried model to them: "pixels__"."""
    return Q(**{f"{path}archived_at": None}) & ~Q(**{f"{path}lifecycle": "deleted"})


class Sought(Func):
    """The text that a search looks into: name and remote id in capitals, one per line, so that one comparison covers
    both."""

    template, arg_joiner, output_field = "UPPER(%(expressions)s)", " || '\n' || ", models.TextField()


DUPLICATE = "duplicate"  # error code of a pixel of which its provider holds more than one object
MAX_IDS = 400  # characters of their ids in its message


class PixelQuerySet(TeamQuerySet):
    """Conditions on connections and websites are queries of their own: with a join, the list's index would not be
    used."""

    def search(self, team: Team, text: str) -> Self:
        """Pixels found by name, remote id, reference (whole or its start) or website."""
        if "\n" in text:
            found = Q(name__icontains=text) | Q(remote_id__icontains=text)
        else:
            found = Q(Contains(Sought("name", "remote_id"), Upper(Value(text))))
        # Asked first, since usually no website matches; then the pixels' websites need not be compared.
        websites = Website.objects.for_team(team).filter(Q(name__icontains=text) | Q(url__icontains=text))
        if websites.exists():
            found |= Q(website__in=websites)
        reference = REFERENCE_START.fullmatch(text.strip().lower())
        if reference:
            start = (reference["marked"] or reference["bare"]).replace("-", "")
            if len(start) <= 32:
                first, last = (uuid.UUID(start.ljust(32, digit)) for digit in "0f")
                found |= Q(id__gte=first, id__lte=last)
        return self.filter(found)

    def current(self) -> Self:
        """The same pixels as `current`, by the states they may have: an index counts these without reading rows."""
        kept = [lifecycle for lifecycle in Pixel.Lifecycle if lifecycle != Pixel.Lifecycle.DELETED]
        return self.filter(archived_at=None, lifecycle__in=kept)

    def in_state(self, wanted: states.State) -> Self:
        return self.filter(states.in_state(wanted))

    def of_provider(self, team: Team, slug: str) -> Self:
        return self.filter(connection__in=Connection.objects.for_team(team).filter(provider=slug))

    def with_event(self, team: Team, event: str) -> Self:
        """Pixels that stand for an event of the catalogue, by any provider's word for it."""
        found = Q(pk__in=[])
        for slug, provider in PROVIDERS.items():
            provider_events = [word.value for word in provider.vocabulary if word.event == event]
            if provider_events:
                connections = Connection.objects.for_team(team).filter(provider=slug)
                in_words = reduce(or_, (Q(events_text__contains=f'"{word}"') for word in provider_events))
                found |= Q(connection__in=connections) & in_words
        return self.annotate(events_text=Cast("events", models.TextField())).filter(found)


class Pixel(models.Model):
    Lifecycle: TypeAlias = states.Lifecycle
    RemoteStatus: TypeAlias = states.RemoteStatus
    PENDING = states.PENDING

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Foreign keys with which another index begins have no index of their own.
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="pixels", db_index=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="pixels")
    ad_account = models.ForeignKey(AdAccount, on_delete=models.PROTECT, related_name="pixels", db_index=False)
    website = models.ForeignKey(Website, on_delete=models.SET_NULL, null=True, blank=True, related_name="pixels")
    name = models.CharField(max_length=255)
    events = models.JSONField(default=list, blank=True)  # event names in the provider's vocabulary
    options = models.JSONField(default=dict, blank=True)
    lifecycle = models.CharField(max_length=10, choices=Lifecycle, default=Lifecycle.QUEUED)
    remote_status = models.CharField(max_length=12, choices=RemoteStatus, default=RemoteStatus.NOT_SEEN)
    remote_id = models.CharField(max_length=64, blank=True)
    remote_state = models.CharField(max_length=64, blank=True)
    remote_snippet = models.TextField(blank=True)
    remote_values = models.JSONField(null=True, blank=True)  # {"name", "events", options…} as last seen
    drift = models.JSONField(default=list, blank=True)  # names of the fields that differ
    # of the fields in `drift`: the value that both sides had last
    base_values = models.JSONField(default=dict, blank=True)
    # Ids of the other objects that the provider holds for this pixel.
    duplicate_remote_ids = models.JSONField(default=list, blank=True, editable=False)
    ignored = models.JSONField(default=list, blank=True)  # fields whose difference a person has accepted
    remote_hash = models.BigIntegerField(null=True, editable=False)  # of the whole object as last listed and compared
    tag_values = models.JSONField(default=dict, blank=True)
    error_code = models.CharField(max_length=32, blank=True)  # the kind of error (providers/errors.py)
    error_message = models.CharField(max_length=64, blank=True)  # the code of what it says (pixels/messages)
    error_params = models.JSONField(default=dict, blank=True)
    error_provider_message = models.CharField(max_length=250, blank=True)
    error_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField("last checked", null=True, blank=True)
    last_fired_at = models.DateTimeField(null=True, blank=True)
    # When the pixel was first in a report of last fires.
    last_fired_report_seen_at = models.DateTimeField(null=True, blank=True)
    # since when it is missing from the list; then it is looked up by id
    absent_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)  # when a look-up by id first did not find it
    read_back_at = models.DateTimeField(null=True, blank=True)  # when reading it back was last tried
    archived_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PixelQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [
            # The columns by which the list filters and sorts, in its order (docs/decisions/0012).
            models.Index(
                *(F("team"), F("created_at"), F("id"), F("archived_at"), F("lifecycle"), F("remote_status")),
                *(F("error_code"), F("connection"), F("website"), F("name"), F("remote_id")),
                Sought("name", "remote_id"),
                name="pixel_list",
            ),
            # The columns by which a connection's pixels are counted: each count reads one range of this index.
            models.Index(
                fields=["connection", "archived_at", "lifecycle", "remote_status", "error_code"],
                name="pixel_of_connection",
            ),
            models.Index(fields=["ad_account", "name"], name="pixel_name_in_ad_account"),
            # Needed beside the constraint below, which covers only rows with an id: SQLite cannot tell that a query
            # asks for those.
            models.Index(fields=["ad_account", "remote_id"], name="pixel_remote_id_in_ad_account"),
            # What the dispatcher looks for: few rows among many.
            models.Index(fields=["ad_account"], condition=Q(absent_at__isnull=False), name="pixel_absent"),
            models.Index(fields=["created_at"], condition=Q(remote_values__isnull=True), name="pixel_unread"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["ad_account", "remote_id"],
                condition=~Q(remote_id=""),
                name="pixel_remote_id_unique_in_ad_account",
            ),
            models.CheckConstraint(
                condition=~Q(lifecycle__in=["live", "updating", "deleting"]) | ~Q(remote_id=""),
                name="pixel_live_has_remote_id",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reference(self) -> str:
        return f"{REFERENCE_PREFIX}{self.pk}"

    @property
    def provider_class(self) -> type[Provider]:
        return self.connection.provider_class

    @property
    def is_pending(self) -> bool:
        return self.lifecycle in self.PENDING

    @property
    def provider_events(self) -> list[ProviderEvent]:
        """The vocabulary entries of its events, without those that this version does not know."""
        return [word for value in self.events if (word := self.provider_class.provider_event(value))]

    @property
    def local_values(self) -> dict[str, Any]:
        """Our values as one flat mapping, comparable with `remote_values`."""
        return {"name": self.name, "events": list(self.events), **self.options}

    @property
    def is_blocked(self) -> bool:
        """Whether it waits for a paused or disconnected connection. An operation that was just sent does not wait:
        its answer still comes, and may be what has paused the connection."""
        return self.lifecycle == self.Lifecycle.QUEUED and not self.connection.is_usable

    @property
    def state(self) -> states.State:
        return states.state_of(self)

    @property
    def badge(self) -> Badge:
        return states.chip_of(self)

    @property
    def last_checked(self) -> datetime | None:
        """When we last saw this pixel at the provider: by itself, or in a whole list of its ad account."""
        listed = self.ad_account.listed_at
        if listed and (
            self.remote_status in (self.RemoteStatus.ABSENT, self.RemoteStatus.GONE) or listed < self.created_at
        ):
            listed = None
        return max((moment for moment in (self.checked_at, listed) if moment), default=None)

    @property
    def can_be_recognised(self) -> bool:
        """Whether a list would show which object this pixel's create has made, if the answer to the create was lost."""
        provider = self.provider_class
        return provider.can("list") and (provider.can("name_unique") or bool(self.lookup_key))

    @property
    def lookup_key(self) -> str:
        """The reference or code by which the pixel can be found at the provider.

        It is our reference unless somebody chose another; empty if the provider has no such field or somebody emptied
        it.
        """
        return self.options.get(self.provider_class.reference_option or "") or ""

    def set_error(self, error: ProviderError) -> None:
        self.set_message(error.code, error.message, **error.params)
        self.error_provider_message = error.provider_message[:250]

    def set_message(self, kind: str, message: str, **params: Any) -> None:
        """An error of this kind. `message`: the code of what it says to people; `params`: what that names."""
        self.error_code, self.error_at, self.error_provider_message = kind, timezone.now(), ""
        self.error_message, self.error_params = message, params

    def set_duplicate(self, others: Iterable[str] = ()) -> None:
        """Mark that the provider holds more than one object for it, with their ids, until a person has dismissed the
        error."""
        self.remote_status, self.duplicate_remote_ids = (
            self.RemoteStatus.DUPLICATE,
            sorted({*self.duplicate_remote_ids, *others}),
        )
        ids = ", ".join([self.remote_id, *self.duplicate_remote_ids])[:MAX_IDS]
        self.set_message(DUPLICATE, "link.duplicate", provider=self.provider_class.label, ids=ids)

    def clear_error(self) -> None:
        if self.remote_status == self.RemoteStatus.DUPLICATE and self.remote_id:
            if self.error_code != DUPLICATE:
                self.set_duplicate()
            return
        self.error_code = self.error_message = self.error_provider_message = ""
        self.error_params, self.error_at = {}, None

    def tag_context(self) -> TagContext:
        return TagContext(
            remote_id=self.remote_id,
            name=self.name,
            events=tuple(self.events),
            options=self.options,
            ad_account=self.ad_account.ref,
            snippet=self.remote_snippet or None,
            values=self.tag_values,
        )
