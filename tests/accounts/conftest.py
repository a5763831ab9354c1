import re

import pytest
from django.urls import reverse

from accounts.models import Invitation, Role, Team, User
from tests.conftest import join


@pytest.fixture
def adam(team: Team) -> User:
    return join(team, "adam", Role.ADMIN)


@pytest.fixture
def invite(team: Team, alice: User, browser_of, mailoutbox):
    """Alice invites an address over the form; gives the path of the link in the mail."""

    def send(email: str, role: Role = Role.EDITOR) -> str:
        browser_of(alice).post(reverse("invitation_new", args=[team.slug]), {"email": email, "role": role})
        mail = mailoutbox[-1]
        assert mail.to == [email]
        return re.search(r"http://testserver(/invitations/\S+)", mail.body)[1]

    return send


@pytest.fixture
def invitation(team: Team, alice: User) -> Invitation:
    invitation = Invitation(team=team, email="dora@shop.example", role=Role.EDITOR, invited_by=alice)
    invitation.draw_token()
    invitation.save()
    return invitation
