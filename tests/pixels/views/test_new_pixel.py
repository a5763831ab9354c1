"""Ticks on the form become exactly these pixels at the provider."""

import pytest
from django.urls import reverse

from accounts.models import Activity
from pixels.models import Connection, Operation, Pixel, Website
from pixels.providers.values import AdAccountRef
from pixels.services.connections import add_ad_accounts
from tests.pixels.conftest import EVENT, errors
from tests.pixels.page import Page

EVERY_EASYFLOW_EVENT = [
    "checkout-initialized", "purchase-btn-clicked", "purchase-completed", "purchase-failed",
    "user-form-completed", "address-form-completed", "delivery-address-completed", "credit-card-selected",
    "credit-card-form-completed", "pix-selected", "pix-generated", "pix-copied", "pix-expired",
    "bank-slip-selected", "bank-slip-form-completed", "coupon-box-clicked", "coupon-form-completed",
    "coupon-added", "coupon-apply-failed",
]  # fmt: skip


def test_easyflow_gets_exactly_the_chosen_fields(new_pixel, easyflow, sandbox, carry_out):
    response = new_pixel.create(
        easyflow,
        *EVERY_EASYFLOW_EVENT,
        name="Shoes purchase",
        platform="google",
        conversion_label="AbC-D_efG",
        code="AW-123456789",
        description="Spring sale",
        external_reference="spring-1",
    )
    assert response.status_code == 302
    carry_out()
    [held] = sandbox.held("easyflow")
    assert sorted(held["events"]) == sorted(EVERY_EASYFLOW_EVENT)
    assert {key: held[key] for key in held if key not in ("id", "createdAt", "updatedAt", "status", "events")} == {
        "name": "Shoes purchase",
        "ownerId": "sandbox-owner",
        "platform": "google",
        "code": "AW-123456789",
        "description": "Spring sale",
        "externalReferenceId": "spring-1",
        "metadata": {"conversion-label": "AbC-D_efG"},
    }
    pixel = Pixel.objects.get()
    assert (pixel.lifecycle, pixel.remote_id, pixel.remote_state) == ("live", held["id"], "active")
    assert pixel.remote_status == "unverifiable"


def test_easyflow_gets_the_reference_and_no_empty_fields_unless_told_otherwise(new_pixel, easyflow, sandbox, carry_out):
    new_pixel.create(easyflow, "purchase-completed", platform="meta")
    carry_out()
    [held] = sandbox.held("easyflow")
    assert held["externalReferenceId"] == Pixel.objects.get().reference
    assert (held["platform"], held["metadata"]) == ("meta", {"conversion-label": ""})


@pytest.mark.parametrize("tag", ["CHECKOUT", "REGISTRATION", "LEAD", "KEY_PAGE_VIEW", "ADD_TO_CART", "OTHER"])
def test_pitchtarget_gets_name_and_tag(new_pixel, pitchtarget, sandbox, carry_out, tag):
    new_pixel.create(pitchtarget, tag, name="Shoes purchase")
    carry_out()
    [held] = sandbox.held("pitchtarget", "9")
    assert (held["name"], held["tag"]) == ("Shoes purchase", tag.lower())
    pixel = Pixel.objects.get()
    assert (pixel.lifecycle, pixel.remote_status, pixel.events) == ("live", "in_sync", [tag])


def test_xandr_gets_exactly_the_chosen_fields(new_pixel, xandr, sandbox, carry_out):
    response = new_pixel.create(
        xandr,
        "3",
        name="Shoes view",
        state="inactive",
        trigger_type="hybrid",
        repeat="minutes",
        min_minutes="32767",
        post_click_expire_mins="129600",
        post_view_expire_mins="43200",
        post_click_value="10.5",
        post_view_value="-0.25",
        code="shoes-1",
        piggyback_type="js",
        piggyback_urls="https://a.example/1\nhttps://b.example/2?x=1&y=2",
    )
    assert response.status_code == 302
    carry_out()
    [held] = sandbox.held("xandr", "2")
    chosen = {
        "name": "Shoes view",
        "state": "inactive",
        "trigger_type": "hybrid",
        "min_minutes_per_conv": 32767,
        "post_click_expire_mins": 129600,
        "post_view_expire_mins": 43200,
        "post_click_value": 10.5,
        "post_view_value": -0.25,
        "code": "shoes-1",
        "pixel_conversion_event_id": 3,
        "piggyback_pixels": [
            {"pixel_type": "js", "url": "https://a.example/1"},
            {"pixel_type": "js", "url": "https://b.example/2?x=1&y=2"},
        ],
    }
    assert {key: held[key] for key in chosen} == chosen
    pixel = Pixel.objects.get()
    assert (pixel.lifecycle, pixel.remote_status, pixel.drift) == ("live", "in_sync", [])


def test_xandr_gets_what_the_form_was_filled_with(new_pixel, xandr, sandbox, carry_out):
    new_pixel.create(xandr, "7")
    carry_out()
    [held] = sandbox.held("xandr", "2")
    filled = {
        "state": "active",
        "trigger_type": "click",
        "min_minutes_per_conv": None,
        "post_click_expire_mins": 20160,
        "post_view_expire_mins": 1440,
        "post_click_value": None,
        "post_view_value": None,
        "code": Pixel.objects.get().reference,
        "pixel_conversion_event_id": 7,
        "piggyback_pixels": None,
    }
    assert {key: held[key] for key in filled} == filled


@pytest.mark.parametrize(("repeat", "minutes"), [("once", None), ("every", 0)])
def test_one_per_person_is_null_and_every_conversion_is_0(new_pixel, xandr, sandbox, carry_out, repeat, minutes):
    new_pixel.create(xandr, "7", repeat=repeat)
    carry_out()
    assert sandbox.held("xandr")[0]["min_minutes_per_conv"] == minutes


@pytest.mark.parametrize("event", ["2", "3", "4", "5", "6", "7", "8"])
def test_xandr_knows_every_category(new_pixel, xandr, sandbox, carry_out, event):
    new_pixel.create(xandr, event)
    carry_out()
    assert sandbox.held("xandr")[0]["pixel_conversion_event_id"] == int(event)


def test_no_category_is_null(new_pixel, xandr, sandbox, carry_out):
    new_pixel.create(xandr, "none")
    carry_out()
    assert sandbox.held("xandr")[0]["pixel_conversion_event_id"] is None
    assert Pixel.objects.get().remote_status == "in_sync"


@pytest.mark.parametrize("provider", EVENT)
def test_one_tick_keeps_the_name_as_typed(new_pixel, connect, sandbox, carry_out, provider):
    connection = connect(provider)
    new_pixel.create(connection, EVENT[provider], name="Kauf & Söhne – 100 % 🎯", **_needed(provider))
    carry_out()
    assert [held["name"] for held in sandbox.held(provider)] == ["Kauf & Söhne – 100 % 🎯"]


def test_the_page_of_the_new_pixel_follows_and_goes_from_queued_to_live(new_pixel, xandr, at, carry_out, sandbox):
    response = new_pixel.create(xandr, "7", name="Shoes")
    pixel = Pixel.objects.get()
    assert response.url == at("pixel", pixel)
    assert "Queued" in Page.of(new_pixel.browser.get(response.url)).text
    assert sandbox.asked("xandr", "create") == 0  # no page waits for a provider
    carry_out()
    page = Page.of(new_pixel.browser.get(response.url))
    assert "Live" in page.text
    assert pixel.reference in page.text


def test_it_is_in_the_activity_log_with_an_operation_written_before_sending(new_pixel, xandr, bob, sandbox):
    new_pixel.create(xandr, "7", name="Shoes")
    line = Activity.objects.get(code="pixel.created", kind="pixel")
    assert (line.actor, line.label) == (bob, "Shoes")
    operation = Operation.objects.get()
    assert (operation.kind, operation.state, operation.sent_at, operation.created_by) == (
        "create",
        "pending",
        None,
        bob,
    )


def test_the_second_ad_account_can_be_chosen_and_the_first_is_there_already(
    new_pixel, alice, pitchtarget, sandbox, carry_out
):
    (second,) = add_ad_accounts(pitchtarget, alice, [AdAccountRef(id="8")])
    assert new_pixel.fill(pitchtarget)["ad_account"] == [str(pitchtarget.ad_accounts.first().pk)]
    new_pixel.create(pitchtarget, "LEAD", ad_account=str(second.pk))
    carry_out()
    assert (len(sandbox.held("pitchtarget", "8")), len(sandbox.held("pitchtarget", "9"))) == (1, 0)


def test_a_website_can_be_picked_or_added_on_the_way(new_pixel, xandr, team, sandbox):
    shop = Website.objects.create(team=team, name="Shop", url="https://shop.example")
    new_pixel.create(xandr, "7", website=str(shop.pk))
    new_pixel.create(xandr, "8", new_site="Garden", new_site_url="garden.example")
    assert {pixel.events[0]: pixel.website.url for pixel in Pixel.objects.all()} == {
        "7": "https://shop.example",
        "8": "https://garden.example",
    }
    assert Website.objects.for_team(team).count() == 2


def test_archived_websites_and_those_of_others_are_not_offered(new_pixel, xandr, team, charlie, sandbox):
    theirs = Website.objects.create(team=charlie.memberships.get().team, name="Rival", url="https://rival.example")
    response = new_pixel.create(xandr, "7", website=str(theirs.pk))
    assert "website" in errors(response)
    assert not Pixel.objects.exists()


def test_the_connection_of_another_team_is_no_connection(new_pixel, browser_of, charlie, xandr, sandbox):
    rival = charlie.memberships.get().team
    url = reverse("pixel_new", args=[rival.slug])
    response = browser_of(charlie).post(
        url, {"connection": xandr.pk, "ad_account": xandr.ad_accounts.get().pk, "name": "x", "events": "7"}
    )
    assert response.status_code == 200  # charlie has no connection: the page says so
    assert not Pixel.objects.exists()


def test_a_viewer_creates_nothing(new_pixel, browser_of, vera, xandr, sandbox):
    values = new_pixel.fill(xandr, "7")
    assert browser_of(vera).post(new_pixel.url, values).status_code == 403
    assert not Pixel.objects.exists()


def test_each_checkbox_is_named_by_its_sentence_and_the_providers_word(new_pixel, xandr, sandbox):
    text = Page.of(new_pixel.browser.get(new_pixel.url)).text
    assert "A purchase is confirmed Purchase" in text
    assert "None of these fits No category" in text


@pytest.mark.parametrize(
    ("before", "ticked", "now", "kept"),
    [
        ("xandr", ["7"], "pitchtarget", ["CHECKOUT"]),
        ("pitchtarget", ["CHECKOUT", "ADD_TO_CART"], "xandr", ["4", "7"]),
        ("easyflow", ["purchase-completed", "coupon-added"], "xandr", ["7"]),
        # The catalogue calls Xandr's landing page near to a page view, and PitchTarget's false friend is a purchase.
        ("xandr", ["2"], "pitchtarget", []),
        ("xandr", ["5"], "pitchtarget", []),
        # "Something else" means at each provider something else.
        ("xandr", ["none"], "pitchtarget", []),
        ("xandr", ["7", "no such word"], "easyflow", ["purchase-completed"]),
    ],
)
def test_ticks_that_mean_the_same_event_stay_when_the_connection_is_changed(
    new_pixel, connect, sandbox, before, ticked, now, kept
):
    connections = {provider: connect(provider) for provider in ("easyflow", "pitchtarget", "xandr")}
    values = new_pixel.fill(connections[before], *ticked)
    page = Page.of(new_pixel.send(values | {"connection": str(connections[now].pk)}))
    assert sorted(page.form_with("events").values.get("events", [])) == sorted(kept)
    assert Pixel.objects.count() == 0


def test_ticks_stay_as_they_are_at_another_connection_of_the_same_provider(new_pixel, connect, sandbox):
    first, second = connect("xandr"), connect("xandr", ad_account=AdAccountRef(id="8", code="adv-8"))
    values = new_pixel.fill(first, "7", "none")
    page = Page.of(new_pixel.send(values | {"connection": str(second.pk)}))
    assert sorted(page.form_with("events").values["events"]) == ["7", "none"]


def test_a_connection_that_is_none_keeps_no_ticks(new_pixel, xandr, sandbox):
    values = new_pixel.fill(xandr, "7") | {"shown": "no connection"}
    page = Page.of(new_pixel.send(values))
    assert page.form_with("events").values.get("events", []) == []


def test_a_connection_can_be_changed_and_name_and_website_stay(new_pixel, xandr, pitchtarget, sandbox):
    values = new_pixel.fill(xandr, "7", name="Kept")
    response = new_pixel.send(values | {"connection": str(pitchtarget.pk)})
    page = Page.of(response)
    assert page.form_with("token").values["name"] == ["Kept"]
    assert "KEY_PAGE_VIEW" in page.text
    assert not Pixel.objects.exists()


@pytest.mark.parametrize(
    ("facts", "who", "title", "goes_to"),
    [
        (None, "alice", "Connect a provider first", "connection_new"),
        (None, "bob", "No provider is connected", None),
        ({}, "alice", "Pick an ad account first", "ad_account_new"),
        ({}, "bob", "No ad account is picked", None),
        ({"paused_at": "2026-01-01T00:00Z"}, "bob", "Your connection is paused", "connection"),
    ],
)
def test_where_nothing_can_be_created_the_page_says_why_and_what_helps(
    connect, team, browser_of, request, at, facts, who, title, goes_to
):
    if facts is not None:
        connection = connect("xandr", ad_account=None)
        Connection.objects.update(**facts)
    page = Page.of(browser_of(request.getfixturevalue(who)).get(at("pixel_new")))
    assert title in page.text
    links = {"connection_new": lambda: at(goes_to), None: lambda: ""}
    link = links.get(goes_to, lambda: at(goes_to, connection))()
    assert link in page.html


def _needed(provider):
    return {"platform": "meta"} if provider == "easyflow" else {}
