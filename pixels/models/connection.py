"""A team's credentials at one provider, and the ad accounts behind them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from pixels.providers.base import Provider
from pixels.providers.registry import PROVIDERS
from pixels.providers.secret import Secret
from pixels.providers.values import AdAccountRef

from .badge import Badge
from .sealed import seal, unseal
from .team_owned import TeamQuerySet

HINT_FROM = 12  # characters; of a shorter secret, four would be too much to show
Hint = str | dict[str, str]  # a value that is no secret; of a secret {"ends": its last four} or {"kind": "set"}


def provider_choices() -> list[tuple[str, str]]:
    return [(slug, provider.label) for slug, provider in PROVIDERS.items()]


def reachable(now: datetime, path: str = "") -> Q:
    """Connections that may be called now. `path` leads from the queried model to them: "pixel__connection__"."""
    usable = Q(**{f"{path}paused_at": None, f"{path}disconnected_at": None})
    # Further ahead than any circuit stays open: a clock was wrong, or somebody edited the row.
    never = now + timedelta(seconds=settings.CIRCUIT_PAUSE + 3600)
    return usable & (
        Q(**{f"{path}circuit_open_until": None})
        | Q(**{f"{path}circuit_open_until__lte": now})
        | Q(**{f"{path}circuit_open_until__gt": never})
    )


class Connection(models.Model):
    class Environment(models.TextChoices):
        SANDBOX = "sandbox", _("Sandbox")
        LIVE = "live", pgettext_lazy("environment", "Live")

    class Test(models.TextChoices):
        """How the last test of the credentials ended."""

        NEVER = "never", _("Not tested")
        TESTING = "testing", _("Testing…")
        WORKS = "works", _("Works")
        REFUSED = "refused", _("Refused")
        UNREACHABLE = "unreachable", _("Could not be tested")
        UNTESTABLE = "untestable", _("Cannot be tested")

    class NotifiedState(models.TextChoices):
        """The state of which the people who manage the connection were last notified by mail."""

        NOTHING = "", "Nothing"
        WORKS = "works", "Works"
        PAUSED = "paused", "Paused"
        DOWN = "down", "Not reachable"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="connections")
    provider = models.CharField(max_length=32, choices=provider_choices)
    environment = models.CharField(max_length=8, choices=Environment)
    test = models.CharField(max_length=12, choices=Test, default=Test.NEVER)
    # What it said: the code of the message and its parameters (pixels/messages), and the provider's own words.
    test_message = models.CharField(max_length=64, blank=True)
    test_params = models.JSONField(default=dict, blank=True)
    test_provider_message = models.CharField(max_length=250, blank=True)
    test_requested_at = models.DateTimeField(null=True, blank=True)
    test_lease_until = models.DateTimeField(null=True, blank=True)
    tested_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)  # its operations wait until a test succeeds
    # The circuit breaker: failed calls in a row, since when, and until when nobody calls.
    failures = models.PositiveSmallIntegerField(default=0)
    down_since = models.DateTimeField(null=True, blank=True)
    circuit_open_until = models.DateTimeField(null=True, blank=True)
    # a worker is delivering its operations
    drain_lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    last_enqueued_at = models.DateTimeField(null=True, blank=True, editable=False)  # when a worker was notified of them
    last_notified_state = models.CharField(
        max_length=6, choices=NotifiedState, default=NotifiedState.NOTHING, blank=True
    )
    # The provider's list of ad accounts: when it was last read, last tried, and why the last try failed.
    ad_accounts_listed_at = models.DateTimeField(null=True, blank=True)
    ad_accounts_tried_at = models.DateTimeField(null=True, blank=True)
    ad_accounts_error = models.CharField(max_length=64, blank=True)  # the code of the message
    ad_accounts_error_params = models.JSONField(default=dict, blank=True)
    disconnected_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        """The provider, the first ad account and the sandbox: enough to tell two connections in a list apart."""
        accounts = [account.remote_id for account in self.ad_accounts.all()]
        name = " · ".join([self.provider_class.label, *accounts[:1]])
        if len(accounts) > 1:
            name += f" +{len(accounts) - 1}"
        return gettext("{name} (sandbox)").format(name=name) if self.is_sandbox else name

    @property
    def provider_class(self) -> type[Provider]:
        return PROVIDERS[self.provider]

    @property
    def is_sandbox(self) -> bool:
        return self.environment == self.Environment.SANDBOX

    @property
    def is_usable(self) -> bool:
        return self.disconnected_at is None and self.paused_at is None

    @property
    def is_down(self) -> bool:
        """Whether its provider does not answer. It is tried again from time to time, and operations wait."""
        return self.down_since is not None and self.is_usable

    @property
    def is_being_tested(self) -> bool:
        return self.test == self.Test.TESTING and self.disconnected_at is None

    @property
    def awaits_ad_accounts(self) -> bool:
        """Whether its list of ad accounts is about to be read for the first time."""
        reads = self.test == self.Test.WORKS and self.provider_class.can("ad_accounts")
        return reads and self.is_usable and self.ad_accounts_listed_at is None and not self.ad_accounts_error

    @property
    def can_sync(self) -> bool:
        return self.is_usable and self.provider_class.can("list")

    @property
    def badge(self) -> Badge:
        if self.disconnected_at:
            return Badge("waiting", "plug-x", gettext("Disconnected"))
        if self.paused_at:
            return Badge("needs", "player-pause", gettext("Paused"))
        if self.is_down:
            return Badge("needs", "plug-x", gettext("Not reachable"))
        tone, icon = {
            self.Test.NEVER: ("waiting", "clock"),
            self.Test.TESTING: ("waiting", "loader"),
            self.Test.WORKS: ("live", "check"),
            self.Test.REFUSED: ("failed", "x"),
            self.Test.UNREACHABLE: ("needs", "alert-triangle"),
            self.Test.UNTESTABLE: ("unknown", "question-mark"),
        }[self.Test(self.test)]
        return Badge(tone, icon, self.get_test_display())


class Credential(models.Model):
    """The sealed credentials of a connection, in a table of their own so that no list of connections loads them."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, primary_key=True, related_name="credential")
    sealed = models.BinaryField(editable=False)
    sealed_token = models.BinaryField(null=True, editable=False)
    token_lock_until = models.DateTimeField(null=True, editable=False)
    hints = models.JSONField(default=dict, editable=False)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    set_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Credentials of {self.connection_id}"

    def _aad(self, field: str) -> str:
        return f"{self.connection.team_id}/{self.connection_id}/{field}"

    def put(self, values: Mapping[str, str], by) -> None:
        """Seal new credentials, unsaved, and drop the session token of the old ones."""
        provider = self.connection.provider_class
        self.sealed = seal(json.dumps(dict(values)).encode(), aad=self._aad("credentials"))
        self.sealed_token = None
        self.hints = {field: hint(provider, field, value) for field, value in values.items()}
        self.set_by, self.set_at = by, timezone.now()

    def open(self) -> dict[str, str | Secret]:
        values = json.loads(unseal(self.sealed, aad=self._aad("credentials")))
        secret = self.connection.provider_class.secret_fields
        return {field: Secret(value) if field in secret else value for field, value in values.items()}

    def reseal(self) -> None:
        """Seal with the newest key what any key can open; saves. The session token is dropped; the next call logs in
        again."""
        plaintext = unseal(self.sealed, aad=self._aad("credentials"))
        self.sealed, self.sealed_token = seal(plaintext, aad=self._aad("credentials")), None
        self.save(update_fields=["sealed", "sealed_token"])

    def seal_token(self, token: Secret | None) -> bytes | None:
        return None if token is None else seal(token.reveal().encode(), aad=self._aad("token"))

    def open_token(self) -> Secret | None:
        if self.sealed_token is None:
            return None
        return Secret(unseal(self.sealed_token, aad=self._aad("token")).decode())


def hint(provider: type[Provider], field: str, value: str) -> Hint:
    """What a screen may show of a credential: a user name, the last four characters of a long key, nothing of a
    password."""
    if field not in provider.secret_fields:
        return value
    if field in provider.password_fields or len(value) < HINT_FROM:
        return {"kind": "set"}
    return {"ends": value[-4:]}


class AdAccount(models.Model):
    """An account at the provider that holds pixels, reached by a connection."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="ad_accounts")
    remote_id = models.CharField(max_length=64)
    code = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255, blank=True)
    listed_at = models.DateTimeField(null=True, blank=True)  # when its whole list was last read
    # by the provider's clock: up to when its changes are known
    changed_until = models.DateTimeField(null=True, blank=True)
    # The report of when pixels last fired: when it was ordered, and its id until it is fetched.
    last_fired_report_asked_at = models.DateTimeField(null=True, blank=True)
    last_fired_report_seen_at = models.DateTimeField(null=True, blank=True)  # when a report was last read
    last_fired_report_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "remote_id"], name="ad_account_unique_in_connection")
        ]

    def __str__(self) -> str:
        """The id comes first, since people type it to find an entry in a list."""
        text = f"{self.remote_id} ({self.code})" if self.code else self.remote_id
        return f"{text} {self.name}" if self.name else text

    @property
    def ref(self) -> AdAccountRef:
        return AdAccountRef(id=self.remote_id, code=self.code or None, name=self.name)


class AvailableAdAccount(models.Model):
    """An ad account that, by the provider's list, these credentials reach. People pick theirs from these."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="available_ad_accounts")
    remote_id = models.CharField(max_length=64)
    code = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["name", "remote_id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "remote_id"], name="offered_ad_account_once_in_connection")
        ]

    def __str__(self) -> str:
        return self.name or self.remote_id
