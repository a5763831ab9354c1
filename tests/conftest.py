"""The people of the tests: alice owns the team, bob edits, vera looks, charlie owns another team."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Membership, Role, Team, User


def join(team: Team, name: str, role: Role) -> User:
    user = User.objects.create_user(f"{name}@shop.example", name=name.title())
    Membership.objects.create(team=team, user=user, role=role)
    return user


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(name="Shop", slug="shop")


@pytest.fixture
def alice(team: Team) -> User:
    return join(team, "alice", Role.OWNER)


@pytest.fixture
def bob(team: Team) -> User:
    return join(team, "bob", Role.EDITOR)


@pytest.fixture
def vera(team: Team) -> User:
    return join(team, "vera", Role.VIEWER)


@pytest.fixture
def charlie(db: None) -> User:
    return join(Team.objects.create(name="Rival", slug="rival"), "charlie", Role.OWNER)


@pytest.fixture
def browser_of() -> Callable[[User], Client]:
    """A browser in which that person is signed in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
