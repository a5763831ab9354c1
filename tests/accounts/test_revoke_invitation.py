import pytest
from django.urls import reverse

from accounts import services
from accounts.models import Activity, Invitation, User


@pytest.fixture
def button(team, invitation):
    return reverse("invitation_revoke", args=[team.slug, invitation.pk])


def test_an_admin_takes_an_invitation_back(browser_of, adam, team, invitation, button):
    assert browser_of(adam).post(button).url == reverse("people", args=[team.slug])
    invitation.refresh_from_db()
    assert invitation.state == "revoked"
    assert Activity.objects.get().code == "invitation.revoked"


def test_looking_at_the_address_revokes_nothing(browser_of, alice, invitation, button):
    assert browser_of(alice).get(button).status_code == 405
    invitation.refresh_from_db()
    assert invitation.state == "open"


def test_an_accepted_one_stays_accepted(browser_of, alice, team, invitation, button):
    services.accept_invitation(invitation, User.objects.create_user(invitation.email))
    page = browser_of(alice).post(button, follow=True).content.decode()
    assert "was accepted or revoked already" in page
    assert Invitation.objects.get().state == "accepted"


def test_an_unknown_one_is_a_404(browser_of, alice, team):
    for number in (0, 2**63, 2**64):
        assert browser_of(alice).post(f"/t/{team.slug}/people/invitations/{number}/revoke/").status_code == 404


def test_another_teams_invitation_cannot_be_reached_through_ones_own(browser_of, charlie, invitation):
    assert browser_of(charlie).post(f"/t/rival/people/invitations/{invitation.pk}/revoke/").status_code == 404
    invitation.refresh_from_db()
    assert invitation.state == "open"


def test_editors_and_outsiders_cannot(browser_of, bob, charlie, invitation, button):
    assert browser_of(bob).post(button).status_code == 403
    assert browser_of(charlie).post(button).status_code == 404
    invitation.refresh_from_db()
    assert invitation.state == "open"
