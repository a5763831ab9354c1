"""Two people at the same moment. On PostgreSQL only: SQLite lets one writer in at a time."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from accounts import services
from accounts.models import Invitation, Membership, Role, User
from tests.at_once import at_once

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one writer in at a time"),
]
ROUNDS = range(5)


@pytest.mark.parametrize("_", ROUNDS)
def test_an_invitation_is_used_once(invitation, _):
    dora = User.objects.create_user(invitation.email)
    accept = [lambda: services.accept_invitation(invitation, dora)] * 4
    assert at_once(*accept) == ["RuleViolation", "RuleViolation", "RuleViolation", "done"]
    assert Membership.objects.filter(user=dora).count() == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_an_invitation_is_either_accepted_or_revoked(alice, invitation, _):
    dora = User.objects.create_user(invitation.email)
    ours, theirs = Invitation.objects.get(), Invitation.objects.get()
    results = at_once(
        lambda: services.accept_invitation(ours, dora),
        lambda: services.revoke_invitation(theirs, alice),
    )
    assert results == ["RuleViolation", "done"]
    accepted = Invitation.objects.get().state == "accepted"
    assert Membership.objects.filter(user=dora).exists() == accepted


@pytest.mark.parametrize("_", ROUNDS)
def test_two_owners_who_remove_each_other_do_not_both_go(team, alice, bob, _):
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    alices, bobs = alice.memberships.get(), bob.memberships.get()
    results = at_once(
        lambda: services.remove_member(alices, bob),
        lambda: services.remove_member(bobs, alice),
    )
    assert results == sorted([PermissionDenied.__name__, "done"])
    assert team.memberships.filter(role=Role.OWNER).count() == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_two_owners_who_step_down_at_once_do_not_both(team, alice, bob, _):
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    alices, bobs = alice.memberships.get(), bob.memberships.get()
    results = at_once(
        lambda: services.change_role(alices, Role.VIEWER, alice),
        lambda: services.change_role(bobs, Role.VIEWER, bob),
    )
    assert results == ["RuleViolation", "done"]
    assert team.memberships.filter(role=Role.OWNER).count() == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_one_address_is_invited_once(team, alice, _, mailoutbox):
    invite = [lambda: services.invite(team, alice, "dora@shop.example", Role.VIEWER, link_to=str)] * 3
    assert at_once(*invite) == ["RuleViolation", "RuleViolation", "done"]
    assert len(mailoutbox) == 1
