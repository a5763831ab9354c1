"""Back with the browser's back/forward cache on: the page returns as it was left, and its form still works.

Playwright switches that cache off, so these tests use a browser of their own, and each checks that the page did come
from the cache.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from .conftest import Sandbox, on_sqlite
from .person import Person

pytestmark = on_sqlite

# Both stand in the page itself, so that a page which was loaded anew has neither.
LEAVE = """() => {
    window.leftAsItWas = true;
    window.addEventListener("pageshow", (event) => { window.cameFromCache = event.persisted; });
}"""
CAME_BACK = "window.leftAsItWas === true && window.cameFromCache === true"


@pytest.fixture(scope="module")
def browser(launch_browser: Callable[..., Browser]) -> Iterator[Browser]:
    browser = launch_browser(ignore_default_args=["--disable-back-forward-cache"])
    yield browser
    browser.close()


@pytest.fixture
def posts(alice: Person) -> list[str]:
    """The addresses to which the page has sent forms so far."""
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.is_navigation_request():
            sent.append(request.url)

    alice.page.on("request", note)
    return sent


def go_back(page: Page) -> None:
    page.go_back(wait_until="commit")  # a page out of the cache is not loaded, so no event of loading comes
    page.wait_for_function(CAME_BACK)


def expect_alive(alice: Person, button: str) -> None:
    expect(alice.button(button)).to_be_enabled()
    expect(alice.button(button)).not_to_have_attribute("aria-busy", "true")


@pytest.fixture
def sent_pixel(alice: Person, unique) -> str:
    """A form for a new pixel was filled in and sent; its pixel's page is shown."""
    alice.connect("Xandr")
    name = unique("Back")
    alice.start_pixel("Xandr")
    alice.fill(Name=name)
    alice.event("Purchase").check()
    expect(alice.page.get_by_text("Purchase", exact=True)).to_have_count(2)  # in the checklist and in the summary
    alice.page.evaluate(LEAVE)
    alice.button("Create pixel").click()
    expect(alice.heading(name)).to_be_visible()
    return name


def test_a_sent_form_can_be_sent_again_and_makes_no_second_pixel(
    alice: Person, sandbox: Sandbox, sent_pixel: str, posts: list[str]
):
    first = alice.page.url
    go_back(alice.page)
    expect(alice.field("Name")).to_have_value(sent_pixel)
    expect_alive(alice, "Create pixel")
    alice.button("Create pixel").dblclick()
    expect(alice.heading(sent_pixel)).to_be_visible()
    assert alice.page.url == first
    assert len(posts) == 1
    alice.see_status("Live")
    assert len(sandbox.objects("xandr", sent_pixel)) == 1


def test_a_sent_form_with_other_values_asks_and_then_makes_the_second_pixel(
    alice: Person, sandbox: Sandbox, sent_pixel: str
):
    alice.see_status("Live")
    go_back(alice.page)
    other = f"{sent_pixel}, another"
    alice.fill(Name=other)
    alice.button("Create pixel").click()
    expect(alice.page.get_by_text("This form was sent before, with other values")).to_be_visible()
    assert len(sandbox.objects("xandr", sent_pixel)) == 1
    alice.button("Create pixel").click()
    expect(alice.heading(other)).to_be_visible()
    alice.see_status("Live")
    assert [held["name"] for held in sandbox.objects("xandr", sent_pixel)] == [sent_pixel, other]


def test_a_form_without_a_token_of_its_own_is_sent_again_as_well(alice: Person, unique, posts: list[str]):
    alice.open("Websites")
    alice.page.get_by_role("main").get_by_role("link", name="Add website").first.click()
    first, second = unique("Garden"), unique("Meadow")
    alice.fill(Name=first, URL="https://garden.example")
    alice.page.evaluate(LEAVE)
    save = alice.page.get_by_role("main").locator("form[method=post] button.btn-primary").inner_text()
    for name in (first, second):
        alice.fill(Name=name)
        alice.button(save).click()
        expect(alice.heading("Websites")).to_be_visible()
        go_back(alice.page)
        expect(alice.field("Name")).to_have_value(name)
        expect_alive(alice, save)
    assert len(posts) == 2
    alice.button(save).click()  # the very same once more: a message, and no third website
    expect(alice.page.get_by_text("A website of this name is already in this team.")).to_be_visible()
    alice.open("Websites")
    expect(alice.page.get_by_role("row", name=first)).to_have_count(1)
    expect(alice.page.get_by_role("row", name=second)).to_have_count(1)
