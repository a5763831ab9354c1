"""Edit, activate and deactivate: only what changed is sent, and our row follows once the provider has accepted it."""

import pytest

from accounts.activity import line
from accounts.models import Activity
from accounts.violations import RuleViolation
from pixels.models import Connection, Operation, Pixel
from pixels.outbox import claim, deliver
from pixels.services import pixels
from tests.pixels.answers import LOGGED_IN
from tests.pixels.elsewhere import at_xandr
from tests.pixels.page import Page
from tests.pixels.providers.loopback import says


@pytest.fixture
def edit(browser_of, bob, at):
    """Bob's edit page of a pixel: `fill` reads it as a browser does, `save` sends it."""

    class Edit:
        browser = browser_of(bob)

        def fill(self, pixel, **typed):
            page = Page.of(self.browser.get(at("pixel_edit", pixel)))
            return page.form_with("version").values | typed

        def send(self, pixel, values):
            return self.browser.post(at("pixel_edit", pixel), values)

        def save(self, pixel, **typed):
            return self.send(pixel, self.fill(pixel, **typed))

    return Edit()


def edit_errors(response):
    form = response.context["form"]
    return {name: list(texts) for part in (form.name, form.options) for name, texts in part.errors.items()}


@pytest.fixture
def put(misbehaving, settings):
    """The body of the next change, as a recording server receives it."""

    def record():
        settings.SANDBOX_URL = misbehaving.url
        misbehaving.script = [says({"response": {"status": "OK", "id": "5"}})]
        misbehaving.received.clear()
        [due] = claim.due(10)
        deliver.deliver(due)
        [request] = [one for one in misbehaving.received if one.method == "PUT"]
        return request.query, request.json()

    return record


def test_the_page_holds_what_the_pixel_has(xandr, live, edit, sandbox):
    pixel = live(xandr, "Shoes", options={"min_minutes_per_conv": 10, "code": "mine", "post_click_value": 2.5})
    values = edit.fill(pixel)
    assert (values["name"], values["events"], values["repeat"]) == (["Shoes"], ["7"], ["minutes"])
    assert (values["min_minutes"], values["code"], values["post_click_value"]) == (["10"], ["mine"], ["2.5"])


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ({"name": "Boots"}, {"name": "Boots"}),
        ({"events": "none"}, {"pixel_conversion_event_id": None}),
        ({"events": "8"}, {"pixel_conversion_event_id": 8}),
        ({"trigger_type": "view", "name": "Boots"}, {"trigger_type": "view", "name": "Boots"}),
        ({"repeat": "every"}, {"min_minutes_per_conv": 0}),
        ({"post_click_expire_mins": "10"}, {"post_click_expire_mins": 10}),
        ({"post_click_expire_mins": ""}, {"post_click_expire_mins": None}),
        ({"post_view_value": "1.5"}, {"post_view_value": 1.5}),
        (
            {"piggyback_urls": "https://a.example/1"},
            {"piggyback_pixels": [{"pixel_type": "img", "url": "https://a.example/1"}]},
        ),
    ],
)
def test_only_what_changed_is_sent(xandr, live, edit, put, sandbox, settings, typed, sent):
    settings.SANDBOX_URL = sandbox.url
    pixel = live(xandr)
    edit.save(pixel, **typed)
    query, body = put()
    assert query == {"id": pixel.remote_id, "advertiser_id": "2"}
    assert body == {"pixel": sent}


def test_a_field_without_a_known_value_is_not_sent(xandr, edit, put, sync, misbehaving):
    silent = {"id": 17, "name": "Old", "state": "inactive", "trigger_type": "click"}
    misbehaving.script = [LOGGED_IN, says({"response": {"status": "OK", "count": 1, "pixels": [silent]}})]
    assert sync(xandr).created == 1
    pixel = Pixel.objects.get()
    edit.save(pixel, name="New", events="7")
    _, body = put()
    assert body == {"pixel": {"name": "New", "pixel_conversion_event_id": 7}}


def test_words_and_values_this_version_does_not_know_survive_an_edit(xandr, edit, put, sync, misbehaving):
    newer = {"id": 17, "name": "Old", "state": "frozen", "trigger_type": "swipe", "pixel_conversion_event_id": 99}
    misbehaving.script = [LOGGED_IN, says({"response": {"status": "OK", "count": 1, "pixels": [newer]}})]
    sync(xandr)
    pixel = Pixel.objects.get()
    edit.save(pixel, name="New")
    _, body = put()
    assert body == {"pixel": {"name": "New"}}


def test_a_change_is_sent_and_our_row_follows_only_then(
    browser_of, vera, at, xandr, live, edit, sandbox, carry_out, bob
):
    pixel = live(xandr, "Shoes")
    assert edit.save(pixel, name="Boots", events="2", trigger_type="hybrid").url == at("pixel", pixel)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.name) == ("updating", "Shoes")
    assert "name" in Page.of(browser_of(vera).get(at("pixel", pixel))).text
    carry_out()
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_status, pixel.name, pixel.events) == ("live", "in_sync", "Boots", ["2"])
    [held] = sandbox.held("xandr")
    assert (held["name"], held["pixel_conversion_event_id"], held["trigger_type"]) == ("Boots", 2, "hybrid")
    written = Activity.objects.get(code="pixel.change_asked")
    assert (written.actor, line(written).detail) == (bob, "Events, Name, Trigger type")


def test_a_refused_change_leaves_the_pixel_as_it_was_and_can_be_retried(
    browser_of, bob, at, xandr, live, edit, misbehaving, settings, sandbox, carry_out
):
    settings.SANDBOX_URL, away = sandbox.url, misbehaving.url
    pixel = live(xandr, "Shoes")
    edit.save(pixel, name="Boots")
    settings.SANDBOX_URL = away
    misbehaving.script = [says({"response": {"error_id": "SYNTAX", "error": "name is odd"}})]
    carry_out()
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.name, pixel.error_provider_message) == ("live", "Shoes", "name is odd")
    settings.SANDBOX_URL = sandbox.url
    browser_of(bob).post(at("pixel_retry", pixel))
    carry_out()
    pixel.refresh_from_db()
    assert (pixel.name, pixel.error_code, sandbox.held("xandr")[0]["name"]) == ("Boots", "", "Boots")


def test_a_refused_change_of_a_pixel_that_is_gone_is_not_sent_again(xandr, live, bob, sandbox, carry_out):
    pixel = live(xandr, "Shoes")
    sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": "update", "fault": "status", "code": 400})
    pixels.change_pixel(pixel, bob, {"name": "Boots"})
    carry_out()
    Pixel.objects.update(remote_status="gone")
    with pytest.raises(RuleViolation):
        pixels.retry(Pixel.objects.get(), bob)


def test_saving_without_a_change_sends_nothing(xandr, live, edit, sandbox):
    pixel = live(xandr)
    response = edit.browser.post(f"/t/shop/pixels/{pixel.pk}/edit/", edit.fill(pixel), follow=True)
    assert "Nothing was changed" in Page.of(response).text
    assert Operation.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "n" * 256}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"events": []}, "events"),
        ({"events": ["2", "7"]}, "events"),
        ({"post_click_expire_mins": "129601"}, "post_click_expire_mins"),
        ({"code": "taken"}, "code"),
        ({"state": "gone"}, "state"),
    ],
)
def test_bad_input_is_said_at_the_field_and_nothing_is_sent(xandr, live, promise, edit, sandbox, typed, field):
    promise(xandr, options={"code": "taken"})
    pixel = live(xandr)
    response = edit.save(pixel, **typed)
    assert list(edit_errors(response)) == [field]
    assert not Operation.objects.filter(kind="update").exists()


def test_what_was_typed_is_still_there(xandr, live, edit, sandbox):
    typed = {"name": "New", "post_click_expire_mins": "129601", "code": "mine", "events": ["8"]}
    kept = Page.of(edit.save(live(xandr), **typed)).form_with("version").values
    assert {name: kept[name] for name in typed} == {
        name: value if isinstance(value, list) else [value] for name, value in typed.items()
    }


def test_of_two_editors_the_second_is_warned(xandr, live, edit, browser_of, alice, at, sandbox, carry_out):
    pixel = live(xandr, "Shoes")
    bobs = edit.fill(pixel, name="Bob's")
    alices = edit.fill(pixel, name="Alice's")
    browser_of(alice).post(at("pixel_edit", pixel), alices)
    carry_out()
    response = edit.send(pixel, bobs)
    assert "Somebody changed this pixel" in Page.of(response).text
    carry_out()
    assert sandbox.held("xandr")[0]["name"] == "Alice's"
    again = Page.of(response).form_with("version").values
    assert again["name"] == ["Bob's"]
    assert edit.send(pixel, again).status_code == 302  # sent again after a comparison
    carry_out()
    assert sandbox.held("xandr")[0]["name"] == "Bob's"


def test_while_its_connection_is_paused_no_form_is_offered_that_would_be_refused(xandr, live, edit, at, sandbox):
    pixel = live(xandr, "Shoes")
    typed = edit.fill(pixel, name="Boots")
    Connection.objects.update(paused_at="2026-01-01T00:00Z")
    page = Page.of(edit.browser.get(at("pixel_edit", pixel), follow=True))
    assert "is paused" in page.text and at("pixel_edit", pixel) not in page.html
    refused = Page.of(edit.send(pixel, typed))  # the form was open before
    assert "is paused" in refused.text and "Boots" in refused.html


def test_while_a_change_is_under_way_there_is_no_second(xandr, live, edit, bob, sandbox):
    pixel = live(xandr)
    values = edit.fill(pixel, name="One")
    edit.send(pixel, values)
    edit.send(pixel, values | {"name": "Two"})
    with pytest.raises(pixels.RuleViolation):
        pixels.change_pixel(Pixel.objects.get(), bob, {"name": "Three"})
    assert Operation.objects.filter(kind="update").count() == 1


def test_deactivate_and_activate(browser_of, bob, at, xandr, live, sandbox, carry_out):
    pixel, browser = live(xandr), browser_of(bob)
    assert "Deactivate" in Page.of(browser.get(at("pixel", pixel))).text
    for state, button in (("inactive", "Activate"), ("active", "Deactivate")):
        assert browser.post(at("pixel_state", pixel), {"state": state}).url == at("pixel", pixel)
        carry_out()
        pixel.refresh_from_db()
        assert sandbox.held("xandr")[0]["state"] == pixel.remote_state == pixel.options["state"] == state
        assert (pixel.lifecycle, pixel.remote_status) == ("live", "in_sync")
        assert button in Page.of(browser.get(at("pixel", pixel))).text
    assert list(Activity.objects.filter(kind="pixel").values_list("code", flat=True).order_by("at")) == [
        "pixel.created", "pixel.deactivation_asked", "pixel.activation_asked",
    ]  # fmt: skip


@pytest.mark.parametrize("provider", ["pitchtarget"])
def test_the_page_gives_the_reason_for_a_missing_capability(browser_of, bob, at, connect, live, sandbox, provider):
    pixel, browser = live(connect(provider)), browser_of(bob)
    text = Page.of(browser.get(at("pixel", pixel))).text
    assert "describe no way to change a pixel" in text
    assert "Deactivate" not in text
    assert "no way to change" in Page.of(browser.get(at("pixel_edit", pixel), follow=True)).text
    for name, values in (
        ("pixel_edit", {"name": "New"}),
        ("pixel_state", {"state": "inactive"}),
        ("pixel_delete", {"confirm": pixel.name}),
    ):
        browser.post(at(name, pixel), values)
    assert Operation.objects.count() == 1


@pytest.mark.parametrize(("name", "status"), [("vera", 403), ("charlie", 404)])
def test_viewers_and_outsiders_change_nothing(request, browser_of, at, xandr, live, sandbox, name, status):
    pixel, browser = live(xandr), browser_of(request.getfixturevalue(name))
    actions = {
        "pixel_edit": {"name": "New"}, "pixel_state": {"state": "inactive"}, "pixel_retry": {},
        "pixel_delete": {"confirm": pixel.name}, "pixel_archive": {}, "pixel_restore": {},
        "pixel_website": {"website": ""}, "pixel_tag_values": {"business_id": "1"},
    }  # fmt: skip
    before = list(Pixel.objects.values())
    for action, values in actions.items():
        assert browser.post(at(action, pixel), values).status_code == status
    assert list(Pixel.objects.values()) == before
    assert Operation.objects.count() == 1


def test_a_pixel_is_not_found_below_another_team(browser_of, charlie, xandr, live, sandbox):
    pixel = live(xandr)
    rival = charlie.memberships.get().team
    assert browser_of(charlie).get(f"/t/{rival.slug}/pixels/{pixel.pk}/").status_code == 404
    assert browser_of(charlie).post(f"/t/{rival.slug}/pixels/{pixel.pk}/archive/").status_code == 404


def test_viewers_see_everything_but_no_buttons(browser_of, vera, at, xandr, live, sandbox):
    sandbox.seed("xandr", [at_xandr(1)])
    page = Page.of(browser_of(vera).get(at("pixel", live(xandr))))
    assert "Live" in page.text
    assert [form for form in page.forms if "/pixels/" in form.action] == []
