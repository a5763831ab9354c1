"""On a slow network, what people type and tick is what is created: no refresh overwrites it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import Sandbox, on_postgres, on_sqlite
from .person import Person

LATENCY = 400  # milliseconds that each answer takes longer
KEY = 60  # milliseconds from key to key
AT_ONCE = 50  # milliseconds


@pytest.fixture
def slowly(alice: Person) -> Callable[[], None]:
    """Make the network slow from now on."""

    def begin() -> None:
        network = alice.page.context.new_cdp_session(alice.page)
        network.send("Network.enable")
        conditions = {"offline": False, "latency": LATENCY, "downloadThroughput": -1, "uploadThroughput": -1}
        network.send("Network.emulateNetworkConditions", conditions)

    return begin


@pytest.fixture
def held(page: Page) -> Callable[[str], Callable[[], None]]:
    """Hold back requests whose address contains a text. Returns a function that releases them and all later ones."""

    def hold(text: str) -> Callable[[], None]:
        waiting: list[Route] | None = []

        def handle(route: Route) -> None:
            if waiting is None:
                route.continue_()
            else:
                waiting.append(route)

        def release() -> None:
            nonlocal waiting
            routes, waiting = waiting or [], None
            for route in routes:
                route.continue_()

        page.route(lambda url: text in url, handle)
        return release

    return hold


def choose(alice: Person, provider: str) -> None:
    """The connection, without waiting for what comes of it."""
    select = alice.field("Connection")
    label = select.locator("option", has_text=provider).first.inner_text()
    assert label != select.locator("option:checked").inner_text(), "nothing would change"
    select.select_option(label=label, no_wait_after=True)


def retype(alice: Person, label: str, text: str) -> None:
    """Replaces what is in a field, key by key; the keys go to whatever has the focus."""
    field = alice.field(label)
    field.focus()
    field.select_text()
    alice.page.keyboard.type(text, delay=KEY)


@on_postgres
def test_a_name_typed_while_the_connection_changes_is_the_name_at_the_provider(
    alice: Person, sandbox: Sandbox, unique: Callable[[str], str], slowly: Callable[[], None]
) -> None:
    alice.connect("Xandr")
    alice.connect("PitchTarget")
    name = unique("Shoes purchase")
    alice.open("Pixels")
    alice.page.get_by_role("main").get_by_role("link", name="New pixel").first.click()
    if "Xandr" in alice.field("Connection").locator("option:checked").inner_text():
        choose(alice, "PitchTarget")
        expect(alice.event("CHECKOUT")).to_be_visible()
    slowly()
    choose(alice, "Xandr")
    retype(alice, "Name", name)
    alice.event("Purchase").check()
    alice.button("Create pixel").click()
    alice.see_status("Live")
    expect(alice.heading(name)).to_be_visible()
    assert [held["name"] for held in sandbox.objects("xandr", "Shoes purchase") if held["name"] == name] == [name]
    assert [held["name"] for held in sandbox.objects("pitchtarget") if name[-8:] in held["name"]] == []


@on_postgres
def test_a_change_of_the_connection_touches_nothing_that_was_typed_and_keeps_the_focus(
    alice: Person, slowly: Callable[[], None]
) -> None:
    alice.connect("Easyflow")
    alice.connect("Xandr")
    alice.start_pixel("Easyflow")
    slowly()
    alice.page.locator("summary", has_text="Add a site").click()
    alice.fill({"New site": "Shoes"})
    alice.event("purchase-completed").check()
    alice.event("coupon-added").check()  # Xandr has no such event
    choose(alice, "Xandr")
    address = alice.field("New site's address")
    address.focus()
    alice.page.keyboard.type("https://shoes.exam", delay=KEY)
    expect(alice.event("AddToCart")).to_be_visible()
    alice.page.keyboard.type("ple/", delay=KEY)
    expect(address).to_be_focused()
    expect(address).to_have_value("https://shoes.example/")
    expect(alice.field("New site")).to_have_value("Shoes")
    expect(alice.event("Purchase")).to_be_checked()
    # And back: the tick goes both ways.
    choose(alice, "Easyflow")
    expect(alice.event("purchase-completed")).to_be_checked()
    expect(address).to_have_value("https://shoes.example/")


@on_postgres
def test_a_form_full_of_long_texts_can_still_be_another_providers(alice: Person) -> None:
    """The new fields are requested by GET, and the web server accepts addresses of up to some 4,000 characters."""
    alice.connect("Easyflow")
    alice.connect("Xandr")
    alice.start_pixel("Easyflow")
    alice.page.locator("summary", has_text="Add a site").click()
    address = f"https://shop.example/{'x' * 400}"
    alice.fill({"Name": "商" * 255, "New site": "店" * 100, "New site's address": address})
    alice.page.get_by_role("button", name="All", exact=True).first.click()
    choose(alice, "Xandr")
    expect(alice.event("Purchase")).to_be_checked()
    expect(alice.field("New site's address")).to_have_value(address)


@on_postgres
def test_a_second_thought_about_the_connection_keeps_the_ticks(alice: Person, slowly: Callable[[], None]) -> None:
    """As when the arrow keys go through the list: the first response is not awaited, and never shown."""
    for provider in ("Easyflow", "PitchTarget", "Xandr"):
        alice.connect(provider)
    alice.start_pixel("Easyflow")
    alice.event("purchase-completed").check()
    slowly()
    choose(alice, "PitchTarget")
    alice.page.wait_for_timeout(AT_ONCE)
    choose(alice, "Xandr")
    expect(alice.event("Purchase")).to_be_checked()
    expect(alice.event("Purchase")).to_be_enabled()
    alice.page.wait_for_timeout(3 * LATENCY)
    expect(alice.event("Purchase")).to_be_checked()
    expect(alice.button("Create pixel")).to_be_enabled()


@on_postgres
def test_a_pixel_is_created_where_the_form_says_also_by_a_hand_that_is_quicker_than_the_network(
    alice: Person, sandbox: Sandbox, unique: Callable[[str], str], held: Callable[[str], Callable[[], None]]
) -> None:
    alice.connect("Xandr")
    alice.connect("PitchTarget")
    name = unique("Quick")
    alice.start_pixel("PitchTarget")
    alice.fill(Name=name)
    alice.event("CHECKOUT").check()
    alice.page.evaluate("window.untouched = true")
    release = held("/pixels/new/?")
    choose(alice, "Xandr")
    expect(alice.button("Create pixel")).to_be_disabled()
    alice.field("Name").press("Enter")  # sends nothing until Xandr's fields have arrived
    alice.page.wait_for_timeout(2 * LATENCY)
    assert alice.page.evaluate("window.untouched") is True
    release()
    alice.button("Create pixel").click()
    expect(alice.heading(name)).to_be_visible()
    alice.see_status("Live")
    assert len(sandbox.objects("xandr", name)) == 1
    assert sandbox.objects("pitchtarget", name) == []


@on_sqlite
def test_names_typed_into_the_plan_stay_while_another_tick_is_made(
    alice: Person, sandbox: Sandbox, unique: Callable[[str], str], slowly: Callable[[], None]
) -> None:
    alice.connect("Xandr")
    alice.start_pixel("Xandr")
    base, bought, seen = unique("Shoes"), unique("Bought"), unique("Seen")
    alice.fill(Name=base)
    alice.event("Purchase").check()
    alice.event("AddToCart").check()
    expect(alice.field("Purchase pixel")).to_have_value(f"{base} – Purchase")
    slowly()
    alice.event("ItemView").check()  # its row comes before the one that is typed in
    retype(alice, "Purchase pixel", bought)
    expect(alice.field("ItemView pixel")).to_be_visible()
    expect(alice.field("Purchase pixel")).to_be_focused()
    expect(alice.field("Purchase pixel")).to_have_value(bought)
    alice.event("Lead").check()
    retype(alice, "ItemView pixel", seen)
    expect(alice.field("Lead pixel")).to_be_visible()
    expect(alice.field("Purchase pixel")).to_have_value(bought)
    alice.button("Create 4 pixels").click()
    names = {bought, seen, f"{base} – AddToCart", f"{base} – Lead"}
    expect(alice.page.get_by_text("4 pixels are on their way to Xandr.")).to_be_visible()
    for name in names:
        alice.reload_until(alice.page.get_by_role("row", name=name).get_by_text("Live", exact=True))
    assert {held["name"] for held in sandbox.objects("xandr") if held["name"] in names} == names


@on_sqlite
@pytest.mark.parametrize("touched", [False, True])
def test_a_row_that_was_left_as_it_was_follows_the_name(
    alice: Person, held: Callable[[str], Callable[[], None]], touched: bool
) -> None:
    alice.connect("Xandr")
    alice.start_pixel("Xandr")
    alice.fill(Name="Old")
    alice.event("Purchase").check()
    alice.event("AddToCart").check()
    row = alice.field("Purchase pixel")
    expect(row).to_have_value("Old – Purchase")
    release = held("/pixels/new/plan/")
    alice.fill(Name="New")
    row.focus()
    if touched:
        row.press("End")
        alice.page.keyboard.type("x")
    release()
    expect(alice.field("AddToCart pixel")).to_have_value("New – AddToCart")
    if touched:
        row.press("Backspace")
    expect(row).to_have_value("Old – Purchase")  # in somebody's hands
    alice.field("Name").focus()
    expect(row).to_have_value("New – Purchase")
