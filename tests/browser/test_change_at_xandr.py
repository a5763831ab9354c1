"""Edit, deactivate, delete and sync, where the provider can."""

from playwright.sync_api import expect

from .conftest import on_postgres

pytestmark = on_postgres


def test_edit_sends_what_changed_and_nothing_else(alice, sandbox, unique):
    alice.connect("Xandr")
    name = unique("Order")
    alice.create_pixel("Xandr", name, "Purchase")
    alice.see_status("Live")
    (before,) = sandbox.objects("xandr", name)

    alice.link("Edit").click()
    alice.fill({"Name": f"{name}, changed", "Post-click window (minutes)": "60"})
    alice.button("Save changes").click()
    expect(alice.heading(f"{name}, changed")).to_be_visible()
    alice.see_status("Live")
    (after,) = sandbox.objects("xandr", name)
    changed = {key for key in after if after[key] != before[key]} - {"last_modified"}
    assert changed == {"name", "post_click_expire_mins"}
    assert (after["name"], after["post_click_expire_mins"]) == (f"{name}, changed", 60)

    alice.button("Deactivate").click()
    expect(alice.button("Activate")).to_be_visible()
    alice.see_status("Live")
    assert sandbox.objects("xandr", name)[0]["state"] == "inactive"

    alice.button("Activate").click()
    expect(alice.button("Deactivate")).to_be_visible()
    assert sandbox.objects("xandr", name)[0]["state"] == "active"


def test_delete_waits_for_the_name(alice, sandbox, unique):
    alice.connect("Xandr")
    name = unique("Gone")
    alice.create_pixel("Xandr", name, "Lead")
    alice.see_status("Live")

    alice.link("Delete").click()
    expect(alice.button("Delete")).to_be_disabled()
    alice.fill({"Type the name to confirm": name[:-1]})
    expect(alice.button("Delete")).to_be_disabled()
    alice.fill({"Type the name to confirm": name})
    alice.button("Delete").click()
    alice.see_status("Deleted")
    assert sandbox.objects("xandr", name) == []
    alice.open("Pixels")
    expect(alice.page.get_by_text(name)).to_have_count(0)


def test_archive_puts_away_and_sends_nothing(alice, sandbox, unique):
    alice.connect("PitchTarget")
    name = unique("Put away")
    alice.create_pixel("PitchTarget", name, "LEAD")
    alice.see_status("Live")
    (held,) = sandbox.objects("pitchtarget", name)

    alice.button("Archive").click()
    expect(alice.button("Restore")).to_be_visible()
    alice.open("Pixels")
    expect(alice.page.get_by_text(name)).to_have_count(0)
    assert sandbox.objects("pitchtarget", name) == [held]
    for absent in ("Edit", "Deactivate", "Delete"):
        expect(alice.link(absent)).to_have_count(0)


def test_sync_now_adopts_what_was_made_elsewhere(alice, sandbox, unique):
    alice.connect("Xandr")
    first = alice.page.get_by_role("row").filter(has_text="PixelHub").filter(has_text="Done")
    alice.reload_until(first)  # it comes by itself, and "Sync now" would join it
    name = unique("Elsewhere")
    made = sandbox.create_at_xandr(
        name=name, code=unique("theirs"), pixel_conversion_event_id=5, post_view_expire_mins=77
    )
    alice.button("Sync now").click()
    expect(alice.page.get_by_role("row", name=alice.email)).to_contain_text("Done")

    alice.open("Pixels")
    alice.page.get_by_role("searchbox", name="Search").fill(name)
    alice.button("Filter").click()
    alice.link(name).click()
    alice.see_status("Live")
    expect(alice.page.get_by_role("main")).to_contain_text(str(made))
    expect(alice.page.get_by_role("main")).to_contain_text("InitiateCheckout")
    assert alice.copy("Copy image tag") == (f'<img src="https://ib.adnxs.com/px?id={made}&t=2" width="1" height="1" />')
    assert len(sandbox.objects("xandr", name)) == 1
