"""Every snippet is exactly as the provider's documents print it, and the page shows the stored bytes."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from accounts.models import Activity
from pixels import snippets
from pixels.models import Pixel, Snippet
from pixels.services import pixels
from tests.pixels.elsewhere import JS, at_pitchtarget
from tests.pixels.page import Page

HOSTILE = "</script><script>alert(1)</script> \"'\\ & <!-- é 🎯"


@pytest.fixture
def copied(browser_of, vera, at):
    """What the copy buttons of a pixel's page put on the clipboard, by the button's name."""

    def read(pixel):
        page = Page.of(browser_of(vera).get(at("pixel", pixel)))
        found = re.findall(r'data-copy="([^"]+)"[^>]*>(?:(?!</button>).)*?<span>(Copy [^<]+)</span>', page.html, re.S)
        return {name: page.data(script) for script, name in found}

    return read


def test_xandrs_two_tags_are_printed_as_in_its_documents(xandr, live, copied, sandbox):
    pixel = live(xandr)
    number = pixel.remote_id
    assert copied(pixel) == {
        "Copy image tag": f'<img src="https://ib.adnxs.com/px?id={number}&t=2" width="1" height="1" />',
        "Copy script tag": f'<script src="https://ib.adnxs.com/px?id={number}&t=1" type="text/javascript"></script>',
    }


@pytest.mark.parametrize(("kind", "name"), [("img", "Copy image tag"), ("js", "Copy script tag")])
def test_with_piggybacks_only_the_tag_of_their_kind(xandr, live, copied, sandbox, kind, name):
    pixel = live(xandr, options={"piggyback_pixels": [{"pixel_type": kind, "url": "https://a.example/"}]})
    assert list(copied(pixel)) == [name]


def test_the_host_is_a_setting(xandr, live, copied, sandbox, settings):
    settings.XANDR_TAG_HOST = "secure.adnxs.com"
    assert "https://secure.adnxs.com/px" in copied(live(xandr))["Copy image tag"]


def test_pitchtargets_code_is_passed_on_byte_for_byte(pitchtarget, live, sync, copied, sandbox):
    sandbox.seed("pitchtarget", [at_pitchtarget("11", HOSTILE, js_pixel=JS + HOSTILE)], ad_account="9")
    sync(pitchtarget)
    assert copied(Pixel.objects.get()) == {"Copy code": JS + HOSTILE}


def test_foreign_code_is_shown_as_text_only(browser_of, vera, at, pitchtarget, sync, sandbox):
    sandbox.seed("pitchtarget", [at_pitchtarget("11", js_pixel=HOSTILE)], ad_account="9")
    sync(pitchtarget)
    html = browser_of(vera).get(at("pixel", Pixel.objects.get())).content.decode()
    assert "alert(1)" in html
    assert "<script>alert" not in html


def test_pitchtargets_is_marked_legacy(browser_of, vera, at, pitchtarget, live, sandbox):
    text = Page.of(browser_of(vera).get(at("pixel", live(pitchtarget)))).text
    assert "February 2017" in text


def test_easyflows_integration_names_the_chosen_events(easyflow, live, copied, sandbox):
    pixel = live(easyflow, events=("purchase-completed", "bank-slip-selected", "coupon-added"))
    code = copied(pixel)["Copy code"]
    assert 'new EasyflowPixel("YOUR_BUSINESS_ID", "YOUR_FINGERPRINT_ID")' in code
    assert re.findall(r"pixel\.track\((.*)\);", code) == [
        "Events.PURCHASE_COMPLETED", "Events.BANK_BILLET_SELECTED", '"coupon-added"',
    ]  # fmt: skip


def test_easyflows_two_values_are_filled_in_and_issued_anew(browser_of, bob, vera, at, easyflow, live, copied, sandbox):
    pixel = live(easyflow)
    browser = browser_of(bob)
    assert re.search("two values to fill in|2 values to fill in", Page.of(browser.get(at("pixel", pixel))).text, re.I)
    response = browser.post(at("pixel_tag_values", pixel), {"business_id": "b-1", "fingerprint_id": HOSTILE})
    assert response.url == at("pixel", pixel)
    code = copied(pixel)["Copy code"]
    assert 'new EasyflowPixel("b-1", "' in code
    assert "</script>" not in code
    assert "to fill in" not in Page.of(browser.get(at("pixel", pixel))).text
    assert [snippet.number for snippet in pixel.snippets.all()] == [2, 1]
    assert pixel.snippets.get(number=1).body != code == pixel.snippets.get(number=2).body

    browser.post(at("pixel_tag_values", pixel), {"business_id": "b-1", "fingerprint_id": HOSTILE})
    assert pixel.snippets.count() == 2  # the same values make no new one
    browser.post(at("pixel_tag_values", pixel), {"business_id": "", "fingerprint_id": ""})
    assert pixel.snippets.get(number=3).body == pixel.snippets.get(number=1).body
    assert Activity.objects.filter(code="pixel.snippet_filled_in").count() == 3


@pytest.mark.parametrize("value", ["a\x00b", "a\nb", "b" * 300])
def test_a_bad_value_is_said_and_changes_nothing(browser_of, bob, at, easyflow, live, sandbox, value):
    pixel = live(easyflow)
    response = browser_of(bob).post(at("pixel_tag_values", pixel), {"business_id": value}, follow=True)
    assert "Business id" in Page.of(response).text
    assert pixel.snippets.count() == 1


def test_values_for_a_snippet_without_fields_change_nothing(
    browser_of, bob, at, xandr, live, promise, easyflow, sandbox
):
    for pixel in (live(xandr), promise(easyflow)):
        response = browser_of(bob).post(at("pixel_tag_values", pixel), {"business_id": "1"}, follow=True)
        assert "nothing to fill in" in Page.of(response).text
    assert not Activity.objects.filter(code="pixel.snippet_filled_in").exists()


def test_stored_once_issued_with_number_and_fingerprint(xandr, live, carry_out, sandbox, sync):
    pixel = live(xandr)
    for _ in range(2):
        sync(xandr)
    for snippet in pixel.snippets.all():
        assert snippet.number == 1
        assert snippet.fingerprint == hashlib.sha256(snippet.body.encode()).hexdigest()
    assert pixel.snippets.count() == 2


def test_a_change_that_touches_the_tag_issues_the_next_number(xandr, live, bob, carry_out, copied, sandbox):
    pixel = live(xandr)
    pixels.change_pixel(pixel, bob, {"name": "Other"})
    carry_out()
    assert pixel.snippets.count() == 2
    pixels.change_pixel(pixel, bob, {"piggyback_pixels": [{"pixel_type": "js", "url": "https://a.example/"}]})
    carry_out()
    pixel.refresh_from_db()
    assert [issued.tag.slug for issued in snippets.shown(pixel)] == ["script"]
    assert list(copied(pixel)) == ["Copy script tag"]
    assert pixel.snippets.count() == 2  # the image tag was issued once and stays on record


def test_a_code_that_changed_at_the_provider_is_issued_anew_and_the_old_one_kept(pitchtarget, sandbox, sync, copied):
    sandbox.seed("pitchtarget", [at_pitchtarget("11")], ad_account="9")
    sync(pitchtarget)
    assert not Pixel.objects.get().snippets.exists()  # nothing was handed out yet
    for _ in range(2):
        assert copied(Pixel.objects.get()) == {"Copy code": JS}
    sandbox.seed("pitchtarget", [at_pitchtarget("11", js_pixel="new\n")], ad_account="9")
    sync(pitchtarget)
    pixel = Pixel.objects.get()
    assert [(s.number, s.body) for s in pixel.snippets.all()] == [(2, "new\n"), (1, JS)]
    assert copied(pixel) == {"Copy code": "new\n"}


@pytest.mark.parametrize("provider", ["xandr", "pitchtarget", "easyflow"])
def test_what_a_button_copies_is_what_is_stored(connect, live, copied, sandbox, provider):
    pixel = live(connect(provider), name="Kauf & mehr 🎯" if provider == "pitchtarget" else HOSTILE)
    stored = {snippet.body for snippet in pixel.snippets.all()}
    assert set(copied(pixel).values()) == stored
    assert stored


@pytest.mark.parametrize("lifecycle", ["queued", "creating", "failed", "unknown"])
def test_there_is_no_snippet_before_there_is_a_pixel(xandr, promise, copied, sandbox, lifecycle):
    pixel = promise(xandr)
    Pixel.objects.update(lifecycle=lifecycle)
    assert copied(pixel) == {}
    assert not Snippet.objects.exists()


def test_a_remote_id_that_is_no_number_gives_no_tag(xandr, live, sandbox):
    pixel = live(xandr)
    Pixel.objects.update(remote_id='1"><script>')
    pixel.refresh_from_db()
    assert snippets.shown(pixel) == []


def test_the_seeds_code_is_the_seeds_bytes(pitchtarget, sandbox, sync, copied):
    sample = json.loads((Path(__file__).parents[1] / "providers/samples/pitchtarget_list.json").read_text())
    sandbox.seed("pitchtarget", sample, ad_account="9")
    sync(pitchtarget)
    assert copied(Pixel.objects.get()) == {"Copy code": sample[0]["js_pixel"]}


@pytest.mark.parametrize(("status", "says"), [("absent", "may no longer count"), ("gone", "the code no longer counts")])
def test_beside_the_code_stands_what_is_known_of_its_pixel(xandr, live, sandbox, browser_of, bob, at, status, says):
    pixel = live(xandr)
    Pixel.objects.update(remote_status=status)
    page = Page.of(browser_of(bob).get(at("pixel", pixel)))
    assert {text for text in ("may no longer count", "the code no longer counts") if text in page.text} == {says}
