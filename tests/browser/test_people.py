"""A forgotten password, a colleague by invitation, and what each role sees."""

import re

from playwright.sync_api import expect

from .conftest import on_sqlite
from .person import mail_to

pytestmark = on_sqlite


def link_in(mail: str) -> str:
    found = re.search(r"https?://\S+", mail)
    assert found, mail
    return found[0]


def test_a_forgotten_password_is_replaced_by_mail(stack, alice):
    page = alice.page
    alice.button("Sign out").click()
    alice.link("Sign in").click()
    alice.link("Forgot your password?").click()
    alice.fill(Email=alice.email)
    alice.button("Send link").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Reset password")

    link = link_in(mail_to(alice.email, stack.directory / "mail"))
    page.goto(link)
    for field in page.get_by_label(re.compile("password", re.IGNORECASE)).all():
        field.fill("another-horse-8-battery")
    alice.button("Change password").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Choose a new password")

    alice.sign_in()
    expect(page.get_by_role("alert").or_(page.get_by_text("not correct")).first).to_be_visible()
    alice.password = "another-horse-8-battery"
    alice.sign_in()
    expect(alice.heading("Overview")).to_be_visible()
    page.goto(link)
    expect(alice.heading("This link no longer works")).to_be_visible()


def test_who_is_invited_joins_and_sees_what_the_role_allows(stack, alice, new_context, someone, unique):
    alice.connect("Xandr")
    name = unique("Order")
    alice.create_pixel("Xandr", name, "Purchase")
    alice.see_status("Live")
    pixel = alice.page.url

    vera = someone(new_context().new_page(), "vera")
    alice.open("People")
    alice.link("Invite").click()
    alice.fill(Email=vera.email, Role="Viewer")
    alice.button("Send invitation").click()
    expect(alice.page.get_by_role("row", name=vera.email)).to_contain_text("Open")

    link = link_in(mail_to(vera.email, stack.directory / "mail"))
    vera.page.goto(link)
    vera.link("Create account").click()
    expect(vera.field("Email")).to_have_value(vera.email)
    vera.fill(Password=vera.password)
    vera.button("Create account").click()
    expect(vera.heading("Overview")).to_be_visible()
    assert vera.team == alice.team
    alice.open("People")
    expect(alice.page.get_by_role("row", name=vera.email)).to_contain_text("Viewer")

    makers = re.compile(r"^(Add|New|Create|Edit|Archive|Delete|Deactivate|Invite|Sync|Test|Replace|Disconnect)\b")
    places = ["Overview", "Pixels", "Websites", "Connections", "People"]
    for place in places:
        vera.open(place)
        for kind in ("link", "button"):
            expect(vera.page.get_by_role("main").get_by_role(kind, name=makers)).to_have_count(0)
    vera.page.goto(pixel)
    expect(vera.heading(name)).to_be_visible()
    for kind in ("link", "button"):
        expect(vera.page.get_by_role("main").get_by_role(kind, name=makers)).to_have_count(0)
    assert vera.copy("Copy image tag").startswith("<img ")
    answer = vera.page.goto(f"{vera.team}pixels/new/")
    assert answer and answer.status == 403

    # The same link a second time, for somebody else.
    charlie = someone(new_context().new_page(), "charlie")
    charlie.page.goto(link)
    expect(charlie.link("Create account")).to_have_count(0)
    charlie.sign_up()
    for path in (alice.team, f"{alice.team}pixels/", f"{alice.team}people/", pixel):
        answer = charlie.page.goto(path)
        assert answer and answer.status == 404
        expect(charlie.page.get_by_text(name)).to_have_count(0)

    # An editor makes pixels and leaves the connections alone.
    alice.link(f"Change role of {vera.email}").click()
    alice.fill(Role="Editor")
    alice.page.get_by_role("main").get_by_role("button").click()
    expect(alice.page.get_by_role("row", name=vera.email)).to_contain_text("Editor")
    vera.page.goto(vera.team)
    vera.create_pixel("Xandr", unique("By an editor"), "Lead")
    vera.see_status("Live")
    answer = vera.page.goto(f"{vera.team}connections/new/")
    assert answer and answer.status == 403
