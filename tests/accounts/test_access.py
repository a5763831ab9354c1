"""The gate, proved for every address below /t/ that the product has or will have: made from the URLconf."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, UUIDConverter

from accounts.models import Role

SAMPLES = {IntConverter: "1", UUIDConverter: "6f1c1b1e-3c52-4d5e-9b57-0d9a3d1f7a10"}


def team_patterns(
    patterns: list[URLPattern | URLResolver], route: str = "/", converters: dict[str, Any] | None = None
) -> Iterator[tuple[str, Any]]:
    """(address below /t/shop/ with sample values, its view)"""
    for entry in patterns:
        whole = route + str(entry.pattern)
        known = (converters or {}) | entry.pattern.converters
        if isinstance(entry, URLResolver):
            yield from team_patterns(entry.url_patterns, whole, known)
        elif whole.startswith("/t/"):
            values = {name: SAMPLES.get(type(converter), "sample") for name, converter in known.items()}
            values["team_slug"] = "shop"
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", whole).format(**values), entry.callback


PAGES = sorted(team_patterns(get_resolver().url_patterns), key=lambda page: page[0])
every_page = pytest.mark.parametrize(("path", "view"), PAGES, ids=[path for path, _ in PAGES])
BELOW = {Role.EDITOR: "vera", Role.ADMIN: "bob", Role.OWNER: "bob"}
every_page_not_for_all = pytest.mark.parametrize(
    ("path", "too_low"),
    [(path, BELOW[view.required_role]) for path, view in PAGES if getattr(view, "required_role", None) in BELOW],
)


def answers(client: Client, path: str) -> list[Any]:
    """To every method that the page knows at all; a 405 comes before anybody asks who it is."""
    found = [client.generic(method, path) for method in ("GET", "POST", "PUT", "DELETE")]
    return [response for response in found if response.status_code != 405]


def body(response: Any) -> bytes:
    """Without what differs from request to request: its own address, its id, the CSRF token."""
    page = response.content.replace(response.wsgi_request.path.encode(), b"")
    for changing in (response.get("X-Request-Id", ""), response.wsgi_request.META.get("CSRF_COOKIE", "")):
        page = page.replace(changing.encode(), b"") if changing else page
    return re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"", page)


def test_there_are_pages_to_check():
    assert "/t/shop/people/" in [path for path, _ in PAGES]


@every_page
def test_says_which_role_it_needs(path, view):
    assert isinstance(getattr(view, "required_role", None), Role)


@every_page
def test_an_outsider_gets_the_404_of_a_team_that_does_not_exist(browser_of, team, charlie, path, view):
    theirs = answers(browser_of(charlie), path)
    nowhere = answers(browser_of(charlie), path.replace("/t/shop/", "/t/nowhere/"))
    assert {response.status_code for response in theirs} == {404}
    assert [body(response) for response in theirs] == [body(response) for response in nowhere]


@every_page
def test_an_anonymous_visitor_has_to_sign_in(team, path, view):
    for method in ("GET", "POST", "PUT", "DELETE"):
        response = Client().generic(method, path)
        assert response.status_code == 302
        assert response.url.startswith("/accounts/login/")


@every_page_not_for_all
def test_a_member_with_too_low_a_role_gets_a_403(request, browser_of, path, too_low):
    member = request.getfixturevalue(too_low)
    assert {response.status_code for response in answers(browser_of(member), path)} == {403}


def test_a_closed_account_is_out_at_once(browser_of, bob, team):
    browser = browser_of(bob)
    bob.is_active = False
    bob.save()
    assert browser.get("/t/shop/people/").status_code == 302


def test_a_superuser_is_no_member_of_every_team(browser_of, alice, team, charlie):
    charlie.is_staff = charlie.is_superuser = True
    charlie.save()
    assert browser_of(charlie).get("/t/shop/people/").status_code == 404
