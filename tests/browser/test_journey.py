"""A newcomer's whole job: sign up, connect three providers, create pixels, copy code that is right to the byte."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.stack import Stack

from .conftest import Sandbox
from .person import MEMBERS, Person

SAMPLE = Path(__file__).parent.parent / "pixels/providers/samples/pitchtarget_list.json"
STORED = """
import json, sys
from pixels.models import Snippet
rows = Snippet.objects.filter(pixel__team__slug=%r).values_list("pixel_id", "slug", "body")
print(json.dumps([[str(pixel), slug, body] for pixel, slug, body in rows]))
"""
SDK = """\
import { EasyflowPixel, Events } from "@easyflow/pixel";

const pixel = new EasyflowPixel("YOUR_BUSINESS_ID", "YOUR_FINGERPRINT_ID");
await pixel.init();

// Call each of these functions when its event happens.
// A purchase is finished:
export function trackPurchaseCompleted() {
  pixel.track(Events.PURCHASE_COMPLETED);
}
// A coupon is accepted:
export function trackCouponAdded() {
  pixel.track("coupon-added");
}
"""
# Counts what a hand does, across pages: clicks, choices in lists, fields typed into.
COUNTER = """
for (const [kind, isOne] of Object.entries({
  click: (event) => event.isTrusted,
  change: (event) => event.target.tagName === "SELECT",
  input: (event) => event.target.matches("input:not([type=checkbox], [type=radio]), textarea"),
})) addEventListener(kind, (event) => {
  if (isOne(event)) sessionStorage[kind] = (sessionStorage[kind] ?? "") + event.target.outerHTML.slice(0, 99) + "\\n";
}, true);
"""


def image_tag(remote_id: object) -> str:
    return f'<img src="https://ib.adnxs.com/px?id={remote_id}&t=2" width="1" height="1" />'


def script_tag(remote_id: object) -> str:
    return f'<script src="https://ib.adnxs.com/px?id={remote_id}&t=1" type="text/javascript"></script>'


def facebook_code(remote_id: str, name: str) -> str:
    (sample,) = json.loads(SAMPLE.read_text())
    return sample["js_pixel"].replace(sample["id"], remote_id).replace(sample["name"], name)


def reference(url: str) -> str:
    return "ph-" + url.rstrip("/").rpartition("/")[2]


def stored_snippets(stack: Stack, team: str) -> dict[tuple[str, str], str]:
    slug = team.strip("/").partition("/")[2]
    rows = json.loads(stack.manage("shell", "--no-imports", "-c", STORED % slug))
    return {(pixel, tag): body for pixel, tag, body in rows}


def watch_live(alice: Person) -> None:
    """From Queued to Live on one and the same document."""
    alice.page.evaluate("window.untouched = true")
    alice.see_status("Live")
    assert alice.page.evaluate("window.untouched") is True, "the page was loaded again"


def test_from_sign_up_to_the_clipboard(
    stack: Stack, page: Page, sandbox: Sandbox, someone: Callable[..., Person], unique: Callable[[str], str]
) -> None:
    alice, name = someone(page), unique("Order")
    copied: dict[tuple[str, str], str] = {}
    alice.sign_up()
    expect(page.get_by_role("navigation", name="Main")).to_contain_text(alice.email)  # the team's name
    for provider in MEMBERS:
        alice.connect(provider)

    # Xandr: one pixel, with some of the fields under "Advanced" changed.
    alice.start_pixel("Xandr")
    alice.fill(Name=name)
    alice.event("Purchase").check()
    page.locator("summary", has_text="Advanced").click()
    alice.fill({"Trigger type": "Hybrid: click or view", "Post-view window (minutes)": "60", "Post-click value": "2.5"})
    page.get_by_role("radio", name="Every conversion").check()
    alice.button("Create pixel").click()
    expect(alice.heading(name)).to_be_visible()
    watch_live(alice)
    (held,) = sandbox.objects("xandr", name)
    assert {key: value for key, value in held.items() if key not in ("created_on", "last_modified")} == {
        "id": held["id"],
        "advertiser_id": 2,
        "campaigns": None,
        "code": reference(page.url),
        "line_items": None,
        "member_id": 1370,
        "min_minutes_per_conv": 0,
        "name": name,
        "piggyback_pixels": None,
        "pixel_conversion_event": {"id": 7, "name": "Purchase"},
        "pixel_conversion_event_id": 7,
        "post_click_expire_mins": 20160,
        "post_click_value": 2.5,
        "post_view_expire_mins": 60,
        "post_view_value": None,
        "state": "active",
        "trigger_type": "hybrid",
    }
    pixel_id = reference(page.url)[3:]
    copied[pixel_id, "image"] = alice.copy("Copy image tag")
    copied[pixel_id, "script"] = alice.copy("Copy script tag")
    assert copied[pixel_id, "image"] == image_tag(held["id"])
    assert copied[pixel_id, "script"] == script_tag(held["id"])

    # PitchTarget: its own code, fetched after the create.
    alice.create_pixel("PitchTarget", name, "CHECKOUT")
    watch_live(alice)
    pixel_id = reference(page.url)[3:]
    copied[pixel_id, "code"] = alice.copy("Copy code")
    (held,) = sandbox.objects("pitchtarget", name)
    assert (held["name"], held["tag"]) == (name, "checkout")
    assert copied[pixel_id, "code"] == held["js_pixel"] == facebook_code(held["id"], name)

    # Easyflow: two events in one pixel; Google asks for a label.
    alice.start_pixel("Easyflow")
    alice.fill(Name=name)
    alice.event("purchase-completed").check()
    alice.event("coupon-added").check()
    expect(alice.field("Conversion label")).to_be_hidden()
    alice.fill(Platform="Google")
    alice.fill({"Conversion label": "AbC-D_efG", "Code": "AW-123456789"})
    alice.button("Create pixel").click()
    expect(alice.heading(name)).to_be_visible()
    watch_live(alice)
    pixel_id = reference(page.url)[3:]
    expect(page.get_by_role("heading", name="Two values to fill in")).to_be_visible()
    copied[pixel_id, "sdk"] = alice.copy("Copy code")
    (held,) = sandbox.objects("easyflow", name)
    assert {key: value for key, value in held.items() if key not in ("id", "createdAt", "updatedAt")} == {
        "name": name,
        "ownerId": "sandbox-owner",
        "externalReferenceId": reference(page.url),
        "platform": "google",
        "events": ["purchase-completed", "coupon-added"],
        "metadata": {"conversion-label": "AbC-D_efG"},
        "code": "AW-123456789",
        "description": "",
        "status": "active",
    }
    assert copied[pixel_id, "sdk"] == SDK

    # Xandr again: three ticks are three pixels; one of their names is changed in the summary.
    batch = unique("Batch")
    alice.start_pixel("Xandr")
    alice.fill(Name=batch)
    for word in ("AddToCart", "Lead", "No category"):
        alice.event(word).check()
    expect(page.get_by_role("heading", name="This creates 3 pixels")).to_be_visible()
    alice.field("Lead pixel").fill(f"{batch}, leads")
    alice.button("Create 3 pixels").click()
    names = {f"{batch} – AddToCart": 4, f"{batch}, leads": 8, f"{batch} – No category": None}
    for one, category in names.items():
        row = page.get_by_role("row", name=one)
        expect(row).to_contain_text("Live")
        (held,) = sandbox.objects("xandr", one)
        assert held["pixel_conversion_event_id"] == category
        url = row.get_by_role("link", name=one).get_attribute("href") or ""
        assert held["code"] == reference(url)
        with page.context.new_page() as other:
            other.goto(url)
            other.bring_to_front()
            pixel_id = reference(url)[3:]
            copied[pixel_id, "image"] = Person(other, alice.email).copy("Copy image tag")
            assert copied[pixel_id, "image"] == image_tag(held["id"])
    assert len(sandbox.objects("xandr", batch)) == 3

    stored = stored_snippets(stack, alice.team)
    assert {key: stored[key] for key in copied} == copied


def test_four_clicks_from_the_overview_to_the_clipboard(alice: Person, sandbox: Sandbox) -> None:
    alice.connect("Xandr")
    alice.connect("PitchTarget")
    alice.open("Overview")
    page = alice.page
    page.context.add_init_script(COUNTER)
    page.reload()
    page.evaluate("sessionStorage.clear()")

    page.get_by_role("main").get_by_role("link", name="New pixel").first.click()
    expect(page.get_by_role("heading", name="Nothing is ticked yet")).to_be_visible()
    place = alice.button("Create pixel").evaluate("button => button.offsetTop")
    alice.event("Purchase").check()
    expect(page.get_by_role("heading", name="This creates 1 pixel")).to_be_visible()
    assert alice.button("Create pixel").evaluate("button => button.offsetTop") == place, (
        "a button that moves away is missed"
    )
    alice.button("Create pixel").click()
    alice.see_status("Live")
    tag = alice.copy("Copy image tag")

    remote_id = re.search(r"id=(\d+)", tag)
    assert remote_id and tag == image_tag(remote_id[1])
    counted = page.evaluate("({...sessionStorage})")
    assert counted["click"].count("\n") <= 4, counted["click"]  # New pixel, the tick, Create pixel, Copy
    assert "change" not in counted and "input" not in counted, "name, connection and ad account are filled in"
