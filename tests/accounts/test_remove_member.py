import pytest
from django.urls import reverse

from accounts import services
from accounts.models import Activity, Invitation, Membership, Role, User


def page(member: User) -> str:
    membership = member.memberships.get()
    return reverse("membership_remove", args=[membership.team.slug, membership.pk])


def test_a_removed_member_is_out_at_once(browser_of, adam, bob, team):
    session = browser_of(bob)
    assert session.get(reverse("people", args=[team.slug])).status_code == 200
    assert browser_of(adam).post(page(bob)).url == reverse("people", args=[team.slug])
    assert session.get(reverse("people", args=[team.slug])).status_code == 404
    assert User.objects.filter(pk=bob.pk).exists()


def test_it_is_in_the_activity_log_under_the_name_they_had(browser_of, alice, bob):
    browser_of(alice).post(page(bob))
    bob.delete()
    line = Activity.objects.get()
    assert (line.code, line.label, line.params) == ("member.removed", bob.email, {"role": "editor"})


def test_removing_a_member_asks_for_confirmation(browser_of, alice, bob):
    assert "Remove from Shop" in browser_of(alice).get(page(bob)).content.decode()
    assert bob.memberships.exists()


def test_the_last_owner_stays(browser_of, alice):
    response = browser_of(alice).post(page(alice), follow=True)
    assert "A team needs an owner" in response.content.decode()
    assert alice.memberships.exists()


def test_one_of_two_owners_can_leave(browser_of, alice, bob):
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    assert browser_of(alice).post(page(alice)).url == reverse("home")
    assert not alice.memberships.exists()


def test_an_admin_does_not_remove_owners(browser_of, alice, bob, adam):
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    assert browser_of(adam).post(page(alice)).status_code == 403
    assert alice.memberships.exists()


def test_an_admin_can_leave_and_their_open_invitations_end(browser_of, alice, adam, invitation):
    Invitation.objects.update(invited_by=adam)
    browser_of(adam).post(page(adam))
    assert not adam.memberships.exists()
    assert Invitation.objects.get().state == "revoked"


def test_removing_a_former_member_says_so(browser_of, alice, bob):
    membership = bob.memberships.get()
    membership_of_another_tab = bob.memberships.get()
    services.remove_member(membership, alice)
    with pytest.raises(services.RuleViolation, match="not in this team any more"):
        services.remove_member(membership_of_another_tab, alice)


def test_editors_and_outsiders_cannot(browser_of, bob, vera, charlie):
    assert browser_of(bob).post(page(vera)).status_code == 403
    assert browser_of(charlie).post(page(vera)).status_code == 404
    assert vera.memberships.exists()


def test_another_teams_member_cannot_be_reached_through_ones_own(browser_of, charlie, bob):
    assert browser_of(charlie).post(f"/t/rival/people/{bob.memberships.get().pk}/remove/").status_code == 404
    assert bob.memberships.exists()
