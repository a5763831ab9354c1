"""Services refuse what a form would refuse, whoever calls them, and write nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection as database
from django.utils import timezone

from accounts import violations as accounts_violations
from accounts.models import Team, User
from pixels import rules, violations
from pixels.models import Connection, Pixel, Website
from pixels.providers.values import AdAccountRef
from pixels.services import connections, pixels, websites
from tests.at_once import at_once
from tests.pixels.actions import all_rows
from tests.pixels.conftest import EVENT, OPTIONS

LONG = "n" * 256
pytestmark = pytest.mark.usefixtures("sandbox")


def draft(provider: str, **more: Any) -> rules.Draft:
    options = OPTIONS[provider] | more.pop("options", {})
    values = {"id": Pixel().pk, "name": "Shoes", "events": (EVENT[provider],), **more}
    return rules.Draft(options=options, **values)


def refused(act: Callable[[], object], *errors: tuple[str, str]) -> None:
    """A function that checks for `errors` (field and code), that each has a sentence, and that no row has changed."""
    before = all_rows()
    with pytest.raises(rules.InvalidInput) as caught:
        act()
    assert [(error.field, error.code) for error in caught.value.errors] == list(errors)
    assert all(error.sentence.endswith((".", ")")) for error in caught.value.errors)
    assert str(caught.value) == caught.value.errors[0].sentence
    assert all_rows() == before


@pytest.mark.parametrize(
    ("provider", "values", "errors"),
    [
        ("xandr", {"name": ""}, [("name", "refused")]),
        ("xandr", {"name": LONG}, [("name", "refused")]),
        ("xandr", {"name": "two\nlines"}, [("name", "refused")]),
        ("xandr", {"name": " Shoes"}, [("name", "refused")]),
        ("pitchtarget", {"name": "<b>"}, [("name", "refused")]),
        ("xandr", {"events": ()}, [("events", "refused")]),
        ("xandr", {"events": ("nothing",)}, [("events", "refused")]),
        ("pitchtarget", {"events": ("CHECKOUT", "LEAD")}, [("events", "one_event_per_pixel")]),
        ("xandr", {"options": {"state": "asleep"}}, [("state", "refused")]),
        ("xandr", {"options": {"code": "two\nlines"}}, [("code", "refused")]),
        ("xandr", {"options": {"code": 5}}, [("code", "not_understood")]),
        ("xandr", {"options": {"colour": "red"}}, [("colour", "not_understood")]),
        ("easyflow", {"options": {"platform": "google"}}, [("conversion_label", "refused")]),
        ("easyflow", {"options": {"external_reference": None}}, [("external_reference", "refused")]),
        ("easyflow", {"options": {"platform": "gtm"}, "secrets": {"capi_access_token": "t"}},
         [("capi_access_token", "not_understood")]),
    ],
)  # fmt: skip
def test_a_new_pixel_that_the_form_would_refuse(
    connect: Any, team: Team, bob: User, provider: str, values: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    account = connect(provider).ad_accounts.get()
    one = draft(provider, **values)
    refused(
        lambda: pixels.create_pixels(team, bob, ad_account=account, website=None, drafts=[one]),
        *errors,
    )


@pytest.mark.parametrize(
    ("provider", "same", "once", "twice"),
    [
        ("pitchtarget", {"name": "Same"}, ("name", "name_taken"), ("name", "name_twice_in_batch")),
        ("xandr", {"options": {"code": "same"}}, ("code", "option_taken"), ("code", "option_twice_in_batch")),
    ],
)
def test_names_and_codes_are_unique_in_an_ad_account(
    connect: Any, team: Team, bob: User, provider: str, same: Any, once: tuple[str, str], twice: tuple[str, str]
) -> None:
    account = connect(provider).ad_accounts.get()

    def create(*drafts: rules.Draft) -> list[Pixel]:
        return pixels.create_pixels(team, bob, ad_account=account, website=None, drafts=drafts)

    refused(lambda: create(draft(provider, **same), draft(provider, **same)), twice)
    create(draft(provider, **same))
    refused(lambda: create(draft(provider, **same)), once)
    Pixel.objects.update(lifecycle=Pixel.Lifecycle.FAILED)  # a pixel that was never made blocks no name
    create(draft(provider, **same))


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite lets one writer in at a time")
def test_of_two_who_take_the_same_code_at_once_one_is_refused(xandr: Connection, team: Team, bob: User) -> None:
    account = xandr.ad_accounts.select_related("connection").get()
    one, two = (draft("xandr", options={"code": "same"}) for _ in range(2))
    create = [
        lambda d=each: pixels.create_pixels(team, bob, ad_account=account, website=None, drafts=[d])
        for each in (one, two)
    ]
    assert at_once(*create) == ["InvalidInput", "done"]
    assert Pixel.objects.count() == 1


@pytest.mark.parametrize(
    ("provider", "changes", "error"),
    [
        ("xandr", {"name": ""}, ("name", "refused")),
        ("xandr", {"events": []}, ("events", "refused")),
        ("xandr", {"events": ["nothing"]}, ("events", "refused")),
        ("xandr", {"state": "asleep"}, ("state", "refused")),
        ("xandr", {"post_view_value": "much"}, ("post_view_value", "not_understood")),
        ("xandr", {"colour": "red"}, ("colour", "not_understood")),
        ("xandr", {"code": "taken"}, ("code", "option_of_another")),
        ("easyflow", {"external_reference": "other"}, ("external_reference", "field_fixed")),
    ],
)
def test_a_change_that_the_form_would_refuse(
    connect: Any, live: Any, promise: Any, bob: User, provider: str, changes: dict[str, Any], error: tuple[str, str]
) -> None:
    connection = connect(provider)
    pixel = live(connection)
    if provider == "xandr":
        promise(connection, "Other", options={"code": "taken"})
    refused(lambda: pixels.change_pixel(pixel, bob, changes), error)


def test_an_invalid_stored_value_does_not_block_a_change_of_another_field(
    xandr: Connection, live: Any, bob: User
) -> None:
    """An earlier version stored the value; a change of that field must be valid nevertheless."""
    pixel = live(xandr)
    pixel.options["trigger_type"] = {"odd": 1}
    pixel.save()
    refused(lambda: pixels.change_pixel(pixel, bob, {"trigger_type": ["odd"]}), ("trigger_type", "not_understood"))
    pixels.change_pixel(pixel, bob, {"name": "Boots"})
    assert pixel.lifecycle == "updating"


def test_an_id_that_nobody_can_have(xandr: Connection, live: Any, bob: User) -> None:
    pixel = live(xandr)
    Pixel.objects.update(remote_values=None, checked_at=None)
    refused(lambda: pixels.confirm_exists(pixel, bob, "4 711"), ("remote_id", "no_remote_id"))


def test_an_ad_account_is_on_a_connection_once(xandr: Connection, alice: User) -> None:
    there, new = AdAccountRef(id=xandr.ad_accounts.get().remote_id), AdAccountRef(id="77")
    taken = ("ad_account", "ad_account_taken")
    refused(lambda: connections.add_ad_accounts(xandr, alice, [new, there]), taken)
    refused(lambda: connections.add_ad_accounts(xandr, alice, [new, new]), taken)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite lets one writer in at a time")
def test_an_ad_account_added_twice_at_once_is_one(xandr: Connection, alice: User) -> None:
    new = AdAccountRef(id="77")
    add = [lambda: connections.add_ad_accounts(xandr, alice, [new])] * 2
    assert at_once(*add) == ["InvalidInput", "done"]


@pytest.mark.parametrize(
    ("name", "url", "error"),
    [
        ("", "https://a.example", ("name", "refused")),
        ("n" * 101, "https://a.example", ("name", "refused")),
        ("A", "", ("url", "refused")),
        ("A", "ftp://a.example", ("url", "refused")),
        ("A", "https://a.example/" + "p" * 500, ("url", "refused")),
        ("SHOP", "https://other.example", ("", "website_name_taken")),
    ],
)
def test_a_website_that_the_form_would_refuse(
    team: Team, bob: User, name: str, url: str, error: tuple[str, str]
) -> None:
    websites.add_website(team, bob, name="Shop", url="https://shop.example")
    other = websites.add_website(team, bob, name="Other", url="https://other.example")
    refused(lambda: websites.add_website(team, bob, name=name, url=url), error)
    other.name, other.url = name, url
    refused(lambda: websites.change_website(other, bob), error)


def test_a_pixel_gets_no_website_of_another_team_and_none_that_is_archived(
    xandr: Connection, promise: Any, team: Team, bob: User, charlie: User
) -> None:
    pixel = promise(xandr)
    rival = Website.objects.create(team=charlie.memberships.get().team, name="Rival", url="https://rival.example")
    with pytest.raises(PermissionDenied):
        pixels.set_website(pixel, bob, rival)
    old = Website.objects.create(team=team, name="Old", url="https://old.example", archived_at=timezone.now())
    for act in (lambda: pixels.set_website(pixel, bob, old), lambda: promise(xandr, "New", website=old)):
        with pytest.raises(violations.RuleViolation, match="This website is archived"):
            act()
    assert Pixel.objects.get().website is None


@pytest.mark.parametrize(("app", "table"), [("accounts", accounts_violations), ("pixels", violations)])
def test_every_code_has_a_sentence_and_every_sentence_a_code(app: str, table: Any) -> None:
    source = "\n".join(path.read_text() for path in Path(app).rglob("*.py") if path.name != "violations.py")
    assert set(re.findall(r'"([a-z_]+)"', source)) >= set(table.SENTENCES) - {"cannot"}
    raised = re.findall(r'(?:RuleViolation|FormAlreadySent|Decision|_no)\(\s*"([a-z_]+)"', source)
    raised += re.findall(r'InputError\([^,()]+, "([a-z_]+)"', source)
    assert len(raised) > 5
    assert set(raised) <= set(table.SENTENCES)
