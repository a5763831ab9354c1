"""Without JavaScript, signing up, connecting and creating work; only copying and refreshing are done by hand."""

import pytest
from playwright.sync_api import expect

from .conftest import on_sqlite

pytestmark = on_sqlite


@pytest.fixture
def browser_context_args(browser_context_args):
    return browser_context_args | {"java_script_enabled": False}


def connect(alice, provider: str, **fields: str) -> None:
    alice.open("Connections")
    alice.page.get_by_role("main").get_by_role("link", name="Add connection").first.click()
    alice.field("Provider").select_option(label=provider)
    alice.button("Continue").click()
    for label, value in fields.items():
        alice.field(label).fill(value)
    alice.button("Save connection").click()
    alice.reload_until(alice.page.get_by_text("Works", exact=True))


def test_from_sign_up_to_the_code(page, alice, sandbox, unique):
    connect(alice, "Xandr", Username="sandbox", Password="sandbox", Advertiser="2")
    name = unique("Plain")
    alice.start_pixel("Xandr")
    alice.field("Name").fill(name)
    alice.event("Purchase").check()
    alice.button("Create pixel").click()
    expect(alice.heading(name)).to_be_visible()
    alice.reload_until(page.get_by_role("status").get_by_text("Live", exact=True))
    (held,) = sandbox.objects("xandr", name)
    assert held["pixel_conversion_event_id"] == 7
    assert page.get_by_role("group", name="Image tag, code").inner_text() == (
        f'<img src="https://ib.adnxs.com/px?id={held["id"]}&t=2" width="1" height="1" />'
    )


def test_two_ticks_make_two_pixels(alice, sandbox, unique):
    connect(alice, "Xandr", Username="sandbox", Password="sandbox", Advertiser="2")
    name = unique("Pair")
    alice.start_pixel("Xandr")
    alice.field("Name").fill(name)
    alice.event("Lead").check()
    alice.event("Purchase").check()
    alice.button("Create pixel").click()
    for event in ("Lead", "Purchase"):
        row = alice.page.get_by_role("row", name=f"{name} – {event}")
        alice.reload_until(row.get_by_text("Live", exact=True))
    assert {held["name"] for held in sandbox.objects("xandr", name)} == {f"{name} – Lead", f"{name} – Purchase"}


def test_another_connection_shows_its_own_fields_before_anything_is_created(page, alice, sandbox, unique):
    connect(alice, "Xandr", Username="sandbox", Password="sandbox", Advertiser="2")
    connect(alice, "PitchTarget", **{"Token": "sandbox-token", "Ad account": "9"})
    name = unique("Switched")
    alice.start_pixel("Xandr")
    alice.field("Name").fill(name)
    alice.event("Purchase").check()
    alice.field("Connection").select_option(label="PitchTarget · 9 (sandbox)")
    alice.button("Create pixel").click()
    expect(alice.event("CHECKOUT")).to_be_visible()
    expect(alice.field("Name")).to_have_value(name)
    alice.event("CHECKOUT").check()
    alice.button("Create pixel").click()
    alice.reload_until(page.get_by_role("status").get_by_text("Live", exact=True))
    assert sandbox.objects("xandr", name) == []
    assert len(sandbox.objects("pitchtarget", name)) == 1
