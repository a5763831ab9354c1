import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from accounts import services
from accounts.models import Membership, Role, Team, User

PASSWORD = "a long and rare sentence"


def sign_up(client: Client, email: str = "dora@shop.example", password: str = PASSWORD):
    return client.post(reverse("account_signup"), {"email": email, "password1": password})


def test_a_stranger_gets_an_account_a_team_of_their_own_and_is_signed_in(client, db):
    response = sign_up(client, "Dora@Shop.example")
    user = User.objects.get()
    membership = Membership.objects.get()
    assert user.email == "dora@shop.example"
    assert (membership.user, membership.role, membership.team.name) == (user, Role.OWNER, "dora@shop.example")
    assert membership.team.slug.startswith("dora-")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert response.status_code == 302
    assert client.get("/").url == reverse("overview", args=[membership.team.slug])


def test_only_email_and_password_are_asked(client, db):
    form = client.get(reverse("account_signup")).context["form"]
    assert {name: str(field.label) for name, field in form.fields.items()} == {
        "email": "Email",
        "password1": "Password",
    }
    assert not any("placeholder" in field.widget.attrs for field in form.fields.values())


@pytest.mark.parametrize("email", ["", "dora", "dora@", "alice@shop.example", "ALICE@shop.example"])
def test_a_wrong_or_taken_address_is_said_at_the_field(client, alice, email):
    response = sign_up(client, email)
    assert "email" in response.context["form"].errors
    assert User.objects.count() == 1


@pytest.mark.parametrize("password", ["", "short", "12345678901", "password123"])
def test_a_weak_password_is_said_at_the_field(client, db, password):
    response = sign_up(client, password=password)
    assert "password1" in response.context["form"].errors
    assert not User.objects.exists()
    assert not Team.objects.exists()


def test_who_signs_up_twice_at_once_gets_one_account_and_no_error(client, alice, monkeypatch):
    # The second request checked the address before the first one had stored it.
    monkeypatch.setattr("accounts.forms.SignupForm.validate_unique_email", lambda form, email: email)
    response = sign_up(client, alice.email)
    assert (response.status_code, response.url) == (302, reverse("account_login"))
    assert User.objects.count() == 1


def test_without_a_team_there_is_no_account_either(client, db, monkeypatch):
    def fail(*args, **kwargs):
        raise IntegrityError

    monkeypatch.setattr(services, "create_team", fail)
    sign_up(client)
    assert not User.objects.exists()
    assert not EmailAddress.objects.exists()


def test_the_same_address_in_other_letters_is_refused_by_the_database(alice):
    with pytest.raises(IntegrityError):
        User.objects.bulk_create([User(email="Alice@Shop.example")])


def test_two_people_with_the_same_local_part_get_teams_of_different_addresses(client, db):
    sign_up(client, "dora@shop.example")
    sign_up(Client(), "dora@rival.example")
    assert len(set(Team.objects.values_list("slug", flat=True))) == 2


def test_an_address_without_letters_makes_a_team_too(client, db):
    sign_up(client, "+_-@shop.example")
    assert Team.objects.get().slug.startswith("team-")
