import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation


@pytest.fixture
def people(team):
    return reverse("people", args=[team.slug])


def test_members_see_who_is_in_and_who_is_invited(browser_of, vera, alice, bob, charlie, invitation, people):
    page = browser_of(vera).get(people).content.decode()
    for email in (alice.email, bob.email, vera.email, invitation.email):
        assert email in page
    assert charlie.email not in page


def test_answered_invitations_are_not_listed_expired_ones_are(browser_of, alice, invitation, people):
    Invitation.objects.update(expires_at=timezone.now())
    assert "Expired" in browser_of(alice).get(people).content.decode()
    Invitation.objects.update(revoked_at=timezone.now())
    assert invitation.email not in browser_of(alice).get(people).content.decode()


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_who_may_not_change_people_is_offered_nothing(request, browser_of, alice, invitation, people, name):
    page = browser_of(request.getfixturevalue(name)).get(people).content.decode()
    for button in ("Invite", "Change role", "Remove", "Revoke"):
        assert f">{button}<" not in page


def test_an_admin_is_not_offered_to_change_owners(browser_of, adam, alice, bob, people):
    page = browser_of(adam).get(people).content.decode()
    assert f"Remove {bob}" in page
    assert f"Remove {alice}" not in page


def test_names_are_shown_as_text(browser_of, vera, people):
    vera.name = "<script>alert(1)</script>"
    vera.save()
    page = browser_of(vera).get(people).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_number_of_members_costs_no_queries(browser_of, alice, bob, vera, people, django_assert_max_num_queries):
    # session, person, memberships for the access check and the switcher, members, invitations
    browser = browser_of(alice)
    with django_assert_max_num_queries(5):
        browser.get(people)
