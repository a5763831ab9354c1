"""Every screen, light and dark, wide and at 360 px: readable by everybody and without sideways scrolling.

That nothing is written to the console is asserted for every page of every browser test (conftest.py).
"""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from playwright.sync_api import Page, expect

from .conftest import on_sqlite
from .crawl import crawl
from .person import Person, mail_to

pytestmark = on_sqlite

AXE = Axe().axe_script
DETAILS = "document.querySelectorAll('details:not([data-menu])').forEach(part => part.open = true)"
# States that the sandbox does not bring about by itself.
STATES = """
from pixels.models import Pixel
def put(name, **values): assert Pixel.objects.filter(team__slug="demo", name=name).update(**values)
put("Flower shop lead", remote_status="drifted", drift=["name"], remote_values={"name": "Lead of the flower shop"})
put("Flower shop sign-up", lifecycle="unknown", error_code="no_answer",
    error_message="provider.no_answer", error_params={"provider": "PitchTarget", "seconds": 10})
"""

# Not below a team, or without a link that leads there; the others are found by their links.
BY_NAME = {
    "home": "/",
    "account_login": "/accounts/login/",
    "account_signup": "/accounts/signup/",
    "account_reset_password": "/accounts/password/reset/",
    "account_reset_password_done": "/accounts/password/reset/done/",
    "account_reset_password_from_key_done": "/accounts/password/reset/key/done/",
    "account_confirm_email": "/accounts/confirm-email/used/",
    "account_email_verification_sent": "/accounts/confirm-email/",
    "account_inactive": "/accounts/inactive/",
    "invitation_answer": "/invitations/",
}
SIGNED_IN = {
    "account_logout": "/accounts/logout/",
    "account_change_password": "/accounts/password/change/",
    "account_reauthenticate": "/accounts/reauthenticate/",
}
NO_SCREEN = {
    "healthz": "JSON",
    "pixel_plan": "a part of the form for new pixels",
    "pixel_state": "POST",
    "pixel_drift": "POST",
    "pixel_cancel": "POST",
    "pixel_dismiss": "POST",
    "pixel_confirm_exists": "POST",
    "pixel_confirm_absent": "POST",
    "pixel_retry": "POST",
    "pixel_archive": "POST",
    "pixel_restore": "POST",
    "pixel_website": "POST",
    "pixel_tag_values": "POST",
    "website_archive": "POST",
    "website_restore": "POST",
    "connection_test": "POST",
    "connection_sync": "POST",
    "connection_gone": "POST",
    "invitation_revoke": "POST",
    "account_email": "leads to the account",
    "account_set_password": "everyone has one",
    "account_confirm_login_code": "codes are not used",
}


def url_names(patterns: list[URLPattern | URLResolver]) -> set[str]:
    """All but the admin's, which is Django's own."""
    names: set[str] = set()
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            names |= {pattern.name} if pattern.name else set()
        elif pattern.namespace != "admin":
            names |= url_names(pattern.url_patterns)
    return names


def problems(page: Page) -> list[str]:
    """What is wrong with the page on the screen."""
    page.evaluate(DETAILS)
    page.evaluate(AXE)
    found = []
    for scheme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        page.emulate_media(color_scheme=scheme)
        axe = page.evaluate("rules => axe.run({...rules, resultTypes: ['violations']})", rules)
        for violation in axe["violations"]:
            for node in violation["nodes"]:
                found.append(f"{scheme}: {violation['id']}: {node['html'][:200]}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 360, "height": 740})
    excess = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    if excess > 0:
        found.append(f"360 px: {excess} px too wide")
    page.set_viewport_size({"width": 1280, "height": 720})
    if not re.fullmatch(r".+ · PixelHub", page.title()):
        found.append(f"title: {page.title()!r}")
    return found


def assert_no_problems(page: Page, paths: list[str]) -> None:
    found = {}
    for path in paths:
        page.goto(path)
        if wrong := problems(page):
            found[path] = wrong
    assert found == {}


@pytest.fixture
def demo(stack, page) -> Person:
    """The owner of the demo team, whose pixels are in all kinds of states."""
    stack.manage("demo")
    owner = Person(page, "demo@pixelhub.example", stack.env["DEMO_PASSWORD"])
    owner.sign_in()
    expect(owner.heading("Overview")).to_be_visible()
    return owner


def test_every_screen_of_a_team(stack, demo, someone):
    page = demo.page
    for name in ("Shoe shop checkout", "Flower shop lead", "Flower shop sign-up"):
        demo.open("Pixels")
        expect(page.get_by_role("row", name=name)).to_contain_text("Live")
    stack.manage("shell", "--no-imports", "-c", STATES)
    wrong = {"Username": "sandbox", "Password": "mistyped", "Advertiser": "8"}
    demo.connect("Xandr", wrong, says="Refused")
    connection = page.url.removeprefix(stack.url)
    demo.open("People")
    demo.link("Invite").click()
    demo.fill(Email=someone(page).email)
    demo.button("Send invitation").click()
    expect(page.get_by_text("Open", exact=True).first).to_be_visible()

    def in_team(path: str) -> bool:
        return path.startswith((demo.team, "/account/"))

    paths = [*crawl(page.request, [demo.team, *SIGNED_IN.values()], in_team)]
    visited = {resolve(path).url_name for path in paths}
    with_token = {"account_reset_password_from_key", "invitation"}  # see the test below
    assert url_names(get_resolver().url_patterns) == visited | BY_NAME.keys() | NO_SCREEN.keys() | with_token

    connections = [path for path in paths if resolve(path).url_name == "connection"]
    # All pixels and connections, for they differ; of everything else one.
    every = [path for path in paths if resolve(path).url_name in ("pixel", "connection")]
    paths = [*every, *({resolve(path).url_name: path for path in paths if path not in every}.values())]
    new = f"{demo.team}pixels/new/?connection="
    paths += [new + path.rstrip("/").rpartition("/")[2] for path in connections]
    paths += [f"{demo.team}connections/new/?provider={slug}" for slug in ("easyflow", "pitchtarget", "xandr")]
    paths += [f"{demo.team}pixels/?q=nothing", f"{demo.team}websites/?archived=1", f"{demo.team}missing/"]
    assert connection in paths
    assert_no_problems(page, paths)


def test_every_screen_of_a_newcomer(stack, alice):
    """The empty ones."""
    places = ("", "pixels/", "pixels/new/", "websites/", "connections/", "people/", "activity/")
    assert_no_problems(alice.page, [alice.team + place for place in places])


def test_every_screen_without_signing_in(stack, page, alice, new_context):
    alice.open("People")
    alice.link("Invite").click()
    alice.fill(Email="guest@shop.example")
    alice.button("Send invitation").click()
    expect(page.get_by_text("guest@shop.example").first).to_be_visible()
    stranger = new_context().new_page()
    stranger.goto(BY_NAME["account_reset_password"])
    stranger.get_by_label("Email", exact=True).fill(alice.email)
    stranger.get_by_role("button", name="Send link").click()
    expect(stranger).to_have_url(re.compile("/done/$"))
    mail = stack.directory / "mail"
    links = [re.search(r"https?://\S+", mail_to(one, mail)) for one in (alice.email, "guest@shop.example")]
    with_token = [link[0] for link in links if link]
    assert len(with_token) == 2
    assert_no_problems(stranger, [*BY_NAME.values(), *with_token, "/invitations/unknown/", "/missing/"])


def test_forms_with_errors(stack, alice):
    alice.connect("Xandr")
    page, found = alice.page, {}
    for path, button in (
        ("pixels/new/", "Create pixel"),
        ("websites/new/", "Add website"),
        ("connections/new/?provider=xandr", "Save connection"),
        ("people/invite/", "Send invitation"),
    ):
        page.goto(alice.team + path)
        page.locator("form[method=post]").last.evaluate("form => form.noValidate = true")
        page.get_by_role("textbox").first.fill("")
        alice.button(button).click()
        expect(page.locator("[aria-invalid=true]").first).to_be_visible()
        if wrong := problems(page):
            found[path] = wrong
    assert found == {}
