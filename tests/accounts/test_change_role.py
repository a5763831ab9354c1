import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts import services
from accounts.models import Activity, Invitation, Membership, Role, User


def page(member: User) -> str:
    membership = member.memberships.get()
    return reverse("membership_role", args=[membership.team.slug, membership.pk])


def role(member: User) -> str:
    return member.memberships.get().role


def test_an_owner_gives_any_role(browser_of, alice, bob):
    for wanted in (Role.VIEWER, Role.ADMIN, Role.OWNER):
        browser_of(alice).post(page(bob), {"role": wanted})
        assert role(bob) == wanted


def test_it_is_in_the_activity_log(browser_of, alice, bob):
    browser_of(alice).post(page(bob), {"role": "viewer"})
    line = Activity.objects.get()
    assert (line.actor, line.code, line.label) == (alice, "member.changed", "bob@shop.example")
    assert line.params == {"before": "editor", "after": "viewer"}


def test_the_same_role_again_is_no_event(browser_of, alice, bob):
    browser_of(alice).post(page(bob), {"role": "editor"})
    assert not Activity.objects.exists()


@pytest.mark.parametrize("wrong", ["", "king", "OWNER"])
def test_an_unknown_role_is_said_at_the_field(browser_of, alice, bob, wrong):
    assert "role" in browser_of(alice).post(page(bob), {"role": wrong}).context["form"].errors
    assert role(bob) == Role.EDITOR


def test_an_admin_changes_others_but_neither_makes_nor_changes_owners(browser_of, alice, adam, bob):
    browser_of(adam).post(page(bob), {"role": "admin"})
    assert role(bob) == Role.ADMIN
    browser_of(adam).post(page(bob), {"role": "owner"})
    assert role(bob) == Role.ADMIN
    assert browser_of(adam).post(page(alice), {"role": "viewer"}).status_code == 403
    assert role(alice) == Role.OWNER


def test_an_admin_does_not_become_owner_past_the_form_either(adam, bob):
    with pytest.raises(PermissionDenied):
        services.change_role(adam.memberships.get(), Role.OWNER, adam)


def test_an_admin_does_not_demote_or_remove_owners_past_the_page_either(alice, bob, adam):
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    for change in (
        lambda: services.change_role(alice.memberships.get(), Role.VIEWER, adam),
        lambda: services.remove_member(alice.memberships.get(), adam),
    ):
        with pytest.raises(PermissionDenied):
            change()
    assert role(alice) == Role.OWNER


def test_the_last_owner_stays_owner(browser_of, alice):
    response = browser_of(alice).post(page(alice), {"role": "viewer"})
    assert "A team needs an owner" in response.content.decode()
    assert role(alice) == Role.OWNER


def test_a_closed_account_does_not_count_as_an_owner(browser_of, alice, bob):
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    browser_of(alice).post(page(alice), {"role": "viewer"})
    assert role(alice) == Role.OWNER


def test_of_two_owners_who_demote_each_other_at_once_one_stays(alice, bob):
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    alices, bobs = alice.memberships.get(), bob.memberships.get()  # both as they were before
    services.change_role(bobs, Role.VIEWER, alice)
    with pytest.raises(PermissionDenied):
        services.change_role(alices, Role.VIEWER, bob)
    assert role(alice) == Role.OWNER


def test_rights_lost_meanwhile_count_even_on_a_page_opened_before(adam, bob):
    bobs = bob.memberships.get()
    adam.memberships.update(role=Role.VIEWER)
    with pytest.raises(PermissionDenied):
        services.change_role(bobs, Role.ADMIN, adam)


def test_open_invitations_end_with_the_right_to_send_them(browser_of, alice, bob, invitation):
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    Invitation.objects.update(invited_by=bob, role=Role.OWNER)
    browser_of(alice).post(page(bob), {"role": "owner"})
    assert Invitation.objects.get().state == "open"
    browser_of(alice).post(page(bob), {"role": "admin"})
    assert Invitation.objects.get().state == "revoked"


def test_editors_and_outsiders_cannot(browser_of, bob, vera, charlie):
    assert browser_of(bob).post(page(vera), {"role": "admin"}).status_code == 403
    assert browser_of(charlie).post(page(vera), {"role": "admin"}).status_code == 404
    assert role(vera) == Role.VIEWER


def test_another_teams_member_cannot_be_reached_through_ones_own(browser_of, charlie, bob):
    path = f"/t/rival/people/{bob.memberships.get().pk}/role/"
    assert browser_of(charlie).post(path, {"role": "viewer"}).status_code == 404
    assert role(bob) == Role.EDITOR
