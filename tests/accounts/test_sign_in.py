import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Team, User
from pixelhub.cache import LenientRedisCache

PASSWORD = "a long and rare sentence"


@pytest.fixture
def dora(team: Team) -> User:
    return User.objects.create_user("dora@shop.example", PASSWORD)


def sign_in(client: Client, email: str = "dora@shop.example", password: str = PASSWORD):
    return client.post(reverse("account_login"), {"login": email, "password": password})


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("email", ["dora@shop.example", "Dora@SHOP.example"])
def test_the_address_in_any_case_and_the_password_open_the_door(client, dora, email):
    assert sign_in(client, email).url == reverse("home")
    assert is_signed_in(client)


def test_only_email_and_password_are_asked(client, db):
    form = client.get(reverse("account_login")).context["form"]
    assert {name: str(field.label) for name, field in form.fields.items()} == {
        "login": "Email",
        "password": "Password",
    }


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client, dora):
    wrong = sign_in(client, password="something else").context["form"].errors
    unknown = sign_in(client, "nobody@shop.example").context["form"].errors
    assert wrong == unknown
    assert not is_signed_in(client)


def test_a_closed_account_cannot_sign_in_and_its_open_session_ends(client, dora):
    sign_in(client)
    User.objects.update(is_active=False)
    assert client.get(reverse("account")).status_code == 302
    other = Client()
    sign_in(other)
    assert not is_signed_in(other)


def test_guessing_is_stopped_even_for_the_right_password(client, dora):
    for _ in range(6):
        sign_in(client, password="a wrong guess")
    sign_in(client)
    assert not is_signed_in(client)


def test_without_its_cache_people_still_sign_in(client, dora, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(LenientRedisCache, "down_until", 0.0)
    settings.CACHES = {
        "default": {
            "BACKEND": "pixelhub.cache.LenientRedisCache",
            "LOCATION": f"unix://{tmp_path}/nobody-listens.sock",
        }
    }
    sign_in(client, password="a wrong guess")
    sign_in(client)
    assert is_signed_in(client)
