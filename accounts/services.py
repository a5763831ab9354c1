"""What people do with teams. Each change and its line in the activity log are one transaction.

A change of who is in a team locks the team's row first, so that of two changes at once the second sees the first. So
the last owner cannot be lost, and rights are read under the lock, not from a page that was opened earlier.
"""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from smtplib import SMTPException

from django.core.exceptions import PermissionDenied
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.text import slugify

from .activity import record
from .models import Invitation, Membership, Role, Team, User
from .violations import RuleViolation

log = logging.getLogger(__name__)

INVITATIONS_PER_DAY = 100  # per team: anybody may sign up, and must not be able to send unlimited mail in our name


@transaction.atomic
def create_team(owner: User, name: str) -> Team:
    local_part = slugify(name.split("@")[0])[:50] or "team"
    suffix = get_random_string(6, "abcdefghijkmnpqrstuvwxyz23456789")
    team = Team.objects.create(name=name, slug=f"{local_part}-{suffix}")
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    record(team, owner, "team.created", team)
    return team


def invite(team: Team, actor: User, email: str, role: Role, link_to: Callable[[str], str]) -> Invitation:
    """`link_to` makes the link for a token. The mail is sent after the row is committed."""
    email = User.objects.normalize_email(email)
    with transaction.atomic(durable=True):
        if not _manager(team, actor).may_grant(role):
            raise PermissionDenied
        if team.memberships.filter(user__email=email).exists():
            raise RuleViolation("already_member", email=email)
        if team.invitations.open().filter(email=email).exists():
            raise RuleViolation("already_invited", email=email)
        since = timezone.now() - timedelta(days=1)
        if team.invitations.filter(created_at__gt=since).count() >= INVITATIONS_PER_DAY:
            raise RuleViolation("too_many_invitations", limit=INVITATIONS_PER_DAY)
        team.invitations.unanswered().filter(email=email).update(revoked_at=timezone.now())  # expired ones
        invitation = Invitation(team=team, email=email, role=role, invited_by=actor)
        token = invitation.draw_token()
        invitation.save()
        record(team, actor, "invitation.created", invitation, role=role.value)
    try:
        _mail(invitation, actor, link_to(token))
    except (OSError, SMTPException) as error:
        # Nobody can open this invitation, so revoke it; otherwise the next try would be refused.
        log.exception("Mail of an invitation failed")
        with transaction.atomic():
            _revoke(invitation, None)
        raise RuleViolation("mail_failed") from error
    return invitation


def _mail(invitation: Invitation, actor: User, link: str) -> None:
    context = {
        "invitation": invitation,
        "actor": actor,
        "role": Role(invitation.role).label.lower(),
        "link": link,
    }
    subject = render_to_string("accounts/mail/invitation_subject.txt", context)
    send_mail(
        subject=re.sub(r"\s+", " ", subject).strip(),
        message=render_to_string("accounts/mail/invitation.txt", context),
        from_email=None,
        recipient_list=[invitation.email],
    )


@transaction.atomic
def accept_invitation(invitation: Invitation, user: User) -> Membership:
    if user.email != invitation.email:
        raise RuleViolation("invitation_of_another", email=invitation.email)
    # This statement accepts the invitation: of two at once, only one changes the row.
    if not Invitation.objects.open().filter(pk=invitation.pk).update(accepted_at=timezone.now()):
        raise RuleViolation("invitation_ended")
    membership, _ = Membership.objects.get_or_create(
        team=invitation.team, user=user, defaults={"role": invitation.role}
    )
    record(invitation.team, user, "invitation.accepted", invitation, role=membership.role)
    return membership


@transaction.atomic
def revoke_invitation(invitation: Invitation, actor: User) -> None:
    _manager(invitation.team, actor)
    if not _revoke(invitation, actor):
        raise RuleViolation("invitation_answered", email=invitation.email)


@transaction.atomic
def change_role(membership: Membership, role: Role, actor: User) -> None:
    current, actors_role = _changeable(membership, actor)
    if not actors_role.may_grant(role):
        raise PermissionDenied
    before = Role(current.role)
    if role == before:
        return
    _keep_an_owner(current)
    current.role = role
    current.save(update_fields=["role"])
    record(current.team, actor, "member.changed", current, before=before.value, after=role.value)
    _withdraw_invitations(current, role, actor)


@transaction.atomic
def remove_member(membership: Membership, actor: User) -> None:
    current, _ = _changeable(membership, actor)
    _keep_an_owner(current)
    record(current.team, actor, "member.removed", current, role=current.role)
    _withdraw_invitations(current, None, actor)
    current.delete()


def _manager(team: Team, actor: User) -> Role:
    """Lock the team and return the role of the actor. Raises PermissionDenied unless the actor may manage its
    people."""
    # "No key": rows that refer to the team, such as pixels, can still be written meanwhile.
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    role = Membership.objects.filter(team=team, user=actor).values_list("role", flat=True).first()
    if role is None or not Role(role).includes(Role.ADMIN):
        raise PermissionDenied
    return Role(role)


def _changeable(membership: Membership, actor: User) -> tuple[Membership, Role]:
    """The membership as it is now, and the role of the actor, if the actor may change it."""
    actors_role = _manager(membership.team, actor)
    current = Membership.objects.select_related("team", "user").filter(pk=membership.pk).first()
    if current is None:
        raise RuleViolation("not_a_member", member=str(membership))
    if not actors_role.may_grant(Role(current.role)):
        raise PermissionDenied
    return current, actors_role


def _keep_an_owner(leaving: Membership) -> None:
    owners = leaving.team.memberships.filter(role=Role.OWNER, user__is_active=True)
    if leaving.role == Role.OWNER and not owners.exclude(pk=leaving.pk).exists():
        raise RuleViolation("last_owner")


def _withdraw_invitations(membership: Membership, role: Role | None, actor: User) -> None:
    """Revoke a person's open invitations when they lose the right to send them."""
    for invitation in membership.team.invitations.unanswered().filter(invited_by=membership.user):
        if role is None or not role.may_grant(Role(invitation.role)):
            _revoke(invitation, actor)


def _revoke(invitation: Invitation, actor: User | None) -> bool:
    revoked = Invitation.objects.unanswered().filter(pk=invitation.pk).update(revoked_at=timezone.now())
    if revoked:
        record(invitation.team, actor, "invitation.revoked", invitation)
    return bool(revoked)
