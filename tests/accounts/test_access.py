"""Access to every address of the product, with no rows behind it. For what each role gets, see
tests/pixels/views/test_roles.py."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Role
from tests.access import (
    ADMIN_ROUTES,
    ANYBODY,
    ELSEWHERE,
    ROLES,
    SIGNED_IN,
    TEAM_PATTERNS,
    body,
    path_of,
    patterns,
)

METHODS = ("GET", "POST", "PUT", "DELETE")
BELOW = {Role.EDITOR: ["vera"], Role.ADMIN: ["vera", "bob"], Role.OWNER: ["vera", "bob", "adam"]}
every_page = pytest.mark.parametrize("route", TEAM_PATTERNS)
refusals = pytest.mark.parametrize(
    ("route", "too_low"),
    [
        (route, person)
        for route, pattern in TEAM_PATTERNS.items()
        for person in BELOW.get(ROLES.get(pattern.name, Role.OWNER), [])
    ],
)


def answers(client: Client, path: str) -> list[Any]:
    """To every method that the page knows at all; a 405 comes before anybody asks who it is."""
    found = [client.generic(method, path) for method in METHODS]
    assert [response.status_code for response in found[:2]] != [405, 405]
    return [response for response in found if response.status_code != 405]


def leads_to_the_sign_in(response: Any) -> bool:
    return response.status_code == 302 and response.url.startswith(("/accounts/login/?", "/admin/login/?"))


def test_every_address_is_in_the_table_and_nothing_else():
    assert {pattern.name for pattern in TEAM_PATTERNS.values()} == set(ROLES)
    assert len(TEAM_PATTERNS) == len(ROLES)
    others = {route for route, _ in patterns()} - set(TEAM_PATTERNS) - set(ADMIN_ROUTES)
    assert others == set(ELSEWHERE)
    assert len(ADMIN_ROUTES) > 50


@every_page
def test_an_outsider_gets_the_404_of_a_team_that_does_not_exist(browser_of, team, charlie, route):
    theirs = answers(browser_of(charlie), path_of(route))
    nowhere = answers(browser_of(charlie), path_of(route, "nowhere"))
    assert {response.status_code for response in theirs} == {404}
    assert [body(response) for response in theirs] == [body(response) for response in nowhere]


def test_an_anonymous_visitor_has_to_sign_in(team):
    for route in TEAM_PATTERNS:
        for method in METHODS:
            response = Client().generic(method, path_of(route))
            assert (route, response.status_code) == (route, 302)
            assert response.url.startswith("/accounts/login/")


@refusals
def test_a_member_with_too_low_a_role_gets_a_403_also_of_what_does_not_exist(request, browser_of, route, too_low):
    member = request.getfixturevalue(too_low)
    assert {response.status_code for response in answers(browser_of(member), path_of(route))} == {403}


@pytest.mark.parametrize("route", [route for route, who in ELSEWHERE.items() if who == SIGNED_IN])
def test_pages_of_a_person_ask_who_it_is(db, browser_of, vera, route):
    for method in METHODS:
        assert leads_to_the_sign_in(Client().generic(method, path_of(route)))
    assert not leads_to_the_sign_in(browser_of(vera).get(path_of(route)))


@pytest.mark.parametrize("route", [route for route, who in ELSEWHERE.items() if who == ANYBODY])
def test_the_open_pages_need_no_sign_in(db, route):
    assert not leads_to_the_sign_in(Client().get(path_of(route)))


def test_nobody_but_staff_gets_into_the_admin(browser_of, alice):
    for path in map(path_of, ADMIN_ROUTES):
        for method in ("GET", "POST"):
            assert leads_to_the_sign_in(Client().generic(method, path)), path
            response = browser_of(alice).generic(method, path)  # an owner, but no staff
            signed_out = path == "/admin/logout/" and response.status_code == 302
            assert leads_to_the_sign_in(response) or response.status_code == 403 or signed_out, path


def test_a_closed_account_is_out_at_once(browser_of, bob, team):
    browser = browser_of(bob)
    bob.is_active = False
    bob.save()
    assert browser.get("/t/shop/people/").status_code == 302


def test_a_superuser_is_no_member_of_every_team(browser_of, alice, team, charlie):
    charlie.is_staff = charlie.is_superuser = True
    charlie.save()
    assert browser_of(charlie).get("/t/shop/people/").status_code == 404
