"""A form that is sent several times, by impatience or by the browser's history, makes its pixel once."""

import pytest
from playwright.sync_api import expect

from .conftest import Sandbox, on_postgres
from .person import Person


@pytest.fixture
def name(alice: Person, unique) -> str:
    """The name of a pixel whose form is filled in; one click is left."""
    alice.connect("Xandr")
    name = unique("Once")
    alice.start_pixel("Xandr")
    alice.fill(Name=name)
    alice.event("Purchase").check()
    expect(alice.page.get_by_text("Purchase", exact=True)).to_have_count(2)  # in the checklist and in the summary
    return name


def assert_one(alice: Person, sandbox: Sandbox, name: str) -> None:
    alice.open("Pixels")
    expect(alice.page.get_by_role("row", name=name)).to_have_count(1)
    expect(alice.page.get_by_role("row", name=name)).to_contain_text("Live")
    assert len(sandbox.objects("xandr", name)) == 1


def test_a_double_click_makes_one_pixel(alice, sandbox, name):
    alice.button("Create pixel").dblclick()
    alice.see_status("Live")
    assert_one(alice, sandbox, name)


@on_postgres
def test_a_slow_click_right_after_typing_is_not_lost(alice, sandbox, name):
    """Leaving the field renews the summary beside the button, while the button is pressed."""
    alice.fill(Name=f"{name}, slowly")
    alice.button("Create pixel").hover()
    alice.page.mouse.down()
    alice.page.wait_for_timeout(700)
    alice.page.mouse.up()
    alice.see_status("Live")
    assert_one(alice, sandbox, f"{name}, slowly")


def test_the_same_form_arriving_twice_at_once_makes_one_pixel(alice, sandbox, name):
    """A double click where no script holds the second one back."""
    sent = alice.page.evaluate("""async () => {
        const form = document.querySelector("form#pixel-new");
        const send = () => fetch(form.action, {method: "POST", body: new URLSearchParams(new FormData(form))});
        return (await Promise.all([send(), send(), send()])).map(answer => answer.url);
    }""")
    assert len(set(sent)) == 1 and "/pixels/new/" not in sent[0]  # each is led to the one pixel
    assert_one(alice, sandbox, name)


@on_postgres
def test_reloading_the_answer_makes_no_second_pixel(alice, sandbox, name):
    alice.button("Create pixel").click()
    expect(alice.heading(name)).to_be_visible()
    alice.page.reload()
    alice.page.reload()
    alice.see_status("Live")
    assert_one(alice, sandbox, name)


@on_postgres
def test_going_back_and_sending_again_leads_to_the_same_pixel(alice, sandbox, name):
    alice.button("Create pixel").click()
    expect(alice.heading(name)).to_be_visible()
    first = alice.page.url
    alice.page.go_back()
    expect(alice.field("Name")).to_have_value(name)
    alice.button("Create pixel").click()
    expect(alice.heading(name)).to_be_visible()
    assert alice.page.url == first
    assert_one(alice, sandbox, name)


@on_postgres
def test_going_back_and_sending_other_values_asks_first(alice, sandbox, name):
    alice.button("Create pixel").click()
    alice.see_status("Live")
    alice.page.go_back()
    expect(alice.field("Name")).to_have_value(name)
    alice.fill(Name=f"{name}, another")
    alice.button("Create pixel").click()
    expect(alice.page.get_by_text("This form was sent before, with other values")).to_be_visible()
    expect(alice.field("Name")).to_have_value(f"{name}, another")
    assert len(sandbox.objects("xandr", name)) == 1
    alice.button("Create pixel").click()
    alice.see_status("Live")
    assert [held["name"] for held in sandbox.objects("xandr", name)] == [name, f"{name}, another"]
