"""The rows of the page that lists a team's people, as its templates show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, pgettext

from pixelhub.components import Action
from pixelhub.templatetags.ui import ago

from .models import Invitation, Membership, Team


@dataclass(frozen=True)
class MemberRow:
    name: str
    note: str  # the email address, unless the name shows it; and "you" for the reader
    role: str
    joined_at: datetime
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class InvitationRow:
    email: str
    role: str
    inviter: str
    tone: str  # of the chip
    icon: str
    state: str
    ends: str
    revoke: Action


def member_row(member: Membership, reader: Membership) -> MemberRow:
    user = member.user
    notes = [user.email] if user.name else []
    if user == reader.user:
        notes.append(gettext("(you)"))
    args = [reader.team.slug, member.pk]
    actions = (
        Action(
            gettext("Change role"),
            reverse("membership_role", args=args),
            style="quiet",
            is_link=True,
            spoken=gettext("Change role of {member}").format(member=member),
        ),
        Action(
            gettext("Remove"),
            reverse("membership_remove", args=args),
            style="quiet",
            is_link=True,
            spoken=gettext("Remove {member}").format(member=member),
        ),
    )
    return MemberRow(
        name=user.get_full_name(),
        note=" ".join(notes),
        role=member.get_role_display(),
        joined_at=member.created_at,
        actions=actions if reader.may_change(member) else (),
    )


def invitation_row(invitation: Invitation, team: Team) -> InvitationRow:
    is_open = invitation.state == "open"
    revoke = Action(
        gettext("Revoke"),
        reverse("invitation_revoke", args=[team.slug, invitation.pk]),
        style="quiet",
        spoken=gettext("Revoke the invitation of {email}").format(email=invitation),
    )
    return InvitationRow(
        email=invitation.email,
        role=invitation.get_role_display(),
        inviter=str(invitation.invited_by or gettext("someone who left")),
        tone="waiting" if is_open else "needs",
        icon="clock" if is_open else "alert-triangle",
        state=pgettext("invitation", "Open") if is_open else gettext("Expired"),
        ends=format_html(gettext("ends {when}") if is_open else "{when}", when=ago(invitation.expires_at)),
        revoke=revoke,
    )
