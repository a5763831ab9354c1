"""People, their teams, and the log of what they did. Nothing here knows of pixels."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override


class UserManager(BaseUserManager["User"]):
    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """The address in lower case. People do not distinguish Alice@ from alice@, so PixelHub does not either."""
        return (email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> "User":
        return super().get_by_natural_key(self.normalize_email(username))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        if not email:
            raise ValueError("A user needs an email address.")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})


class User(AbstractUser):
    class Theme(models.TextChoices):
        SYSTEM = "system", _("Like the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    username = None  # type: ignore[assignment]  # people sign in with their address
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("email address", unique=True)
    name = models.CharField(max_length=150, blank=True)
    theme = models.CharField(max_length=6, choices=Theme, default=Theme.SYSTEM)
    time_zone = models.CharField(max_length=64, default="UTC")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique_in_any_case",
                violation_error_message=_("Someone with this address has an account already."),
            )
        ]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.get_full_name()


class Team(models.Model):
    name = models.CharField(max_length=254)
    slug = models.SlugField(max_length=60, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("overview", args=[self.slug])


class Role(models.TextChoices):
    """From most to least powerful: each role can do all that the ones after it can."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    EDITOR = "editor", _("Editor")
    VIEWER = "viewer", _("Viewer")

    def includes(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) <= order.index(other)

    def may_grant(self, other: "Role") -> bool:
        """People who manage a team may give and take roles up to their own, so only owners make or change owners."""
        return self.includes(Role.ADMIN) and self.includes(other)


class Membership(models.Model):
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=6, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "member"
        ordering = ["created_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="membership_once_per_team")]

    def __str__(self) -> str:
        return str(self.user)

    def can(self, role: Role) -> bool:
        return Role(self.role).includes(role)

    def may_change(self, other: "Membership") -> bool:
        return Role(self.role).may_grant(Role(other.role))

    @property
    def can_edit(self) -> bool:
        return self.can(Role.EDITOR)

    @property
    def can_manage(self) -> bool:
        return self.can(Role.ADMIN)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def unanswered(self) -> Self:
        """Neither accepted nor revoked; it may have expired."""
        return self.filter(accepted_at=None, revoked_at=None)

    def open(self) -> Self:
        return self.unanswered().filter(expires_at__gt=timezone.now())

    def with_token(self, token: str) -> Self:
        return self.filter(token_hash=_hash(token))


class Invitation(models.Model):
    team = models.ForeignKey(Team, models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=6, choices=Role)
    # 256 random bits need no salt and no slow hash. The token itself is only in the mail.
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "email"],
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_one_unanswered_per_address",
            )
        ]

    def __str__(self) -> str:
        return self.email

    def draw_token(self) -> str:
        """A new token: its hash and its last day go into the row, the token itself to the caller, once."""
        token = secrets.token_urlsafe(32)
        self.token_hash = _hash(token)
        self.expires_at = timezone.now() + timedelta(days=settings.INVITATION_DAYS)
        return token

    @property
    def state(self) -> str:
        if self.accepted_at:
            return "accepted"
        if self.revoked_at:
            return "revoked"
        return "open" if self.expires_at > timezone.now() else "expired"


class Activity(models.Model):
    """Who did what when, with the names of that time, so that it outlives its subjects.

    Only `record` writes it, and activity.line puts it into words. What an earlier version wrote in English and
    no code stands for has none: `params` hold its `verb` and `detail`.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="activities")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    actor_label = models.CharField(max_length=254)
    code = models.CharField(max_length=50, blank=True)
    params = models.JSONField(default=dict, blank=True)
    kind = models.CharField(max_length=50)  # of the target
    target_id = models.CharField(max_length=50)
    label = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "activities"
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["team", "-at", "-id"], name="activity_newest_first")]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.code or self.kind} {self.label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("An activity is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("An activity is never deleted.")

    @classmethod
    def record(cls, team: Team, actor: User | None, code: str, target: models.Model, **params: Any) -> "Activity":
        """Write a line. Call it inside the transaction of what it tells about. No actor: PixelHub itself did it.

        `params` are what JSON can hold: names, codes of roles, names of fields; never a secret.
        """
        with override(None):  # some names end in a word, such as "(sandbox)"; all of them are kept in one language
            label = str(target)[:200]
        return cls.objects.create(
            team=team,
            actor=actor,
            actor_label=str(actor) if actor else "PixelHub",
            code=code,
            params=params,
            kind=code.partition(".")[0],
            target_id=str(target.pk),
            label=label,
        )
