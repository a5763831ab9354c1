import pytest
from django.urls import reverse

from accounts.activity import record
from accounts.models import User


@pytest.fixture
def admin(db):
    return User.objects.create_superuser("admin@pixelhub.example", "a long and rare sentence")


@pytest.mark.parametrize("model", ["user", "team", "membership", "invitation", "activity"])
def test_every_list_opens_and_can_be_searched(browser_of, admin, alice, team, invitation, model):
    record(team, alice, "team.created", team)
    page = reverse(f"admin:accounts_{model}_changelist")
    response = browser_of(admin).get(page, {"q": "shop"})
    assert response.status_code == 200
    assert response.context["cl"].result_count >= 1


@pytest.mark.parametrize(("query", "found"), [("4711", 1), ("no website", 0), ("website", 1)])
def test_the_activity_log_is_searched_for_parameters_too(browser_of, admin, alice, team, query, found):
    record(team, alice, "pixel.found", team, remote_id="4711")
    record(team, alice, "pixel.moved", team, website="A website")
    response = browser_of(admin).get(reverse("admin:accounts_activity_changelist"), {"q": query})
    assert response.context["cl"].result_count == found


@pytest.mark.parametrize("model", ["user", "team", "membership", "invitation", "activity"])
def test_every_row_opens(browser_of, admin, alice, team, invitation, model):
    rows = {
        "user": alice,
        "team": team,
        "membership": alice.memberships.get(),
        "invitation": invitation,
        "activity": record(team, alice, "team.created", team),
    }
    page = reverse(f"admin:accounts_{model}_change", args=[rows[model].pk])
    assert browser_of(admin).get(page).status_code == 200


def test_neither_token_nor_password_hashes_are_shown(browser_of, admin, invitation):
    page = reverse("admin:accounts_invitation_change", args=[invitation.pk])
    assert invitation.token_hash not in browser_of(admin).get(page).content.decode()
    page = reverse("admin:accounts_user_change", args=[admin.pk])
    assert admin.password not in browser_of(admin).get(page).content.decode()


@pytest.mark.parametrize("model", ["invitation", "activity"])
def test_invitations_and_activities_are_only_read(browser_of, admin, alice, team, invitation, model):
    row = invitation if model == "invitation" else record(team, alice, "team.created", team)
    browser = browser_of(admin)
    assert browser.post(reverse(f"admin:accounts_{model}_add")).status_code == 403
    for action in ("change", "delete"):
        page = reverse(f"admin:accounts_{model}_{action}", args=[row.pk])
        assert browser.post(page, {"post": "yes"}).status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


def test_a_person_is_added_with_address_and_password(browser_of, admin):
    secret = "a long and rare sentence"
    form = {"email": "Dora@Shop.example", "usable_password": "true", "password1": secret, "password2": secret}
    browser_of(admin).post(reverse("admin:accounts_user_add"), form)
    assert User.objects.get(email="dora@shop.example").check_password(secret)


def test_an_address_in_other_letters_is_refused_with_a_sentence(browser_of, admin, alice):
    secret = "a long and rare sentence"
    form = {
        "email": "ALICE@shop.example",
        "usable_password": "true",
        "password1": secret,
        "password2": secret,
    }
    response = browser_of(admin).post(reverse("admin:accounts_user_add"), form)
    assert "email" in response.context["adminform"].form.errors


def test_owners_of_teams_have_no_business_there(browser_of, alice):
    assert browser_of(alice).get(reverse("admin:index")).status_code in (302, 403)
