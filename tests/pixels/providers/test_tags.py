"""The characters people paste, one by one."""

import json
from typing import Any

import pytest

from pixels.providers.registry import PROVIDERS
from pixels.providers.values import AdAccountRef, TagContext


def subject(**more: Any) -> TagContext:
    facts = {
        "remote_id": "37",
        "name": "Shop",
        "events": ("7",),
        "options": {},
        "ad_account": AdAccountRef(id="2"),
    }
    return TagContext(**{**facts, **more})


def test_xandr_tags_are_what_its_documents_print() -> None:
    image, script = PROVIDERS["xandr"].tags(subject())
    assert image.body == '<img src="https://ib.adnxs.com/px?id=37&t=2" width="1" height="1" />'
    assert image.copy_label == "Copy image tag"
    assert script.body == '<script src="https://ib.adnxs.com/px?id=37&t=1" type="text/javascript"></script>'
    assert script.copy_label == "Copy script tag"


def test_the_host_of_xandr_tags_is_a_setting(settings: Any) -> None:
    settings.XANDR_TAG_HOST = "secure.adnxs.com"
    image, _ = PROVIDERS["xandr"].tags(subject())
    assert image.body == '<img src="https://secure.adnxs.com/px?id=37&t=2" width="1" height="1" />'


@pytest.mark.parametrize(
    ("kinds", "slugs"), [([], ["image", "script"]), (["img"], ["image"]), (["js", "js"], ["script"])]
)
def test_piggyback_pixels_leave_only_the_tag_of_their_kind(kinds: list[str], slugs: list[str]) -> None:
    piggybacks = [{"pixel_type": kind, "url": "https://a.example"} for kind in kinds]
    tags = PROVIDERS["xandr"].tags(subject(options={"piggyback_pixels": piggybacks}))
    assert [tag.slug for tag in tags] == slugs


@pytest.mark.parametrize("remote_id", ["", "37&x=1", '37"><script>', "\uff13\uff17", "-1", "37\n"])
def test_an_id_that_is_no_number_makes_no_xandr_tag(remote_id: str) -> None:
    assert PROVIDERS["xandr"].tags(subject(remote_id=remote_id)) == []


@pytest.mark.parametrize("odd", [[{"pixel_type": "img", "url": None}], ["x"], [{"pixel_type": []}], 7, "img", {"a": 1}])
def test_odd_piggyback_pixels_count_as_none(odd: Any) -> None:
    tags = PROVIDERS["xandr"].tags(subject(options={"piggyback_pixels": odd}))
    assert [tag.slug for tag in tags] == ["image", "script"]


SNIPPET = "<!-- x -->\r\n<script>\nfb_param.value = '0.01';\nfb_param.currency = 'GBP';</script>\t é\U0001f600 "


def test_pitchtarget_code_is_passed_on_byte_for_byte() -> None:
    (tag,) = PROVIDERS["pitchtarget"].tags(subject(snippet=SNIPPET))
    assert tag.body == SNIPPET
    assert tag.copy_label == "Copy code"
    legacy, built_in = tag.warnings
    assert "February 2017" in legacy
    assert "0.01 GBP" in built_in


def test_pitchtarget_code_without_a_value_has_no_warning_about_it() -> None:
    (tag,) = PROVIDERS["pitchtarget"].tags(subject(snippet="<script></script>"))
    assert len(tag.warnings) == 1


def test_there_is_no_pitchtarget_tag_before_its_code_was_fetched() -> None:
    assert PROVIDERS["pitchtarget"].tags(subject(snippet=None)) == []


def easyflow(*events: str, **values: str) -> Any:
    (tag,) = PROVIDERS["easyflow"].tags(subject(events=events, values=values))
    return tag


def test_easyflow_code_is_the_sdk_as_its_documents_use_it() -> None:
    tag = easyflow("checkout-initialized", "purchase-completed", business_id="biz-1", fingerprint_id="fp-2")
    assert tag.body == (
        'import { EasyflowPixel, Events } from "@easyflow/pixel";\n'
        "\n"
        'const pixel = new EasyflowPixel("biz-1", "fp-2");\n'
        "await pixel.init();\n"
        "\n"
        "// Call each of these functions when its event happens.\n"
        "// A buyer opens the checkout:\n"
        "export function trackCheckoutInitialized() {\n"
        "  pixel.track(Events.CHECKOUT_INITIALIZED);\n"
        "}\n"
        "// A purchase is finished:\n"
        "export function trackPurchaseCompleted() {\n"
        "  pixel.track(Events.PURCHASE_COMPLETED);\n"
        "}\n"
    )
    assert tag.copy_label == "Copy code"
    assert tag.to_fill_in == 0
    assert "verify that the package @easyflow/pixel is available to you" in tag.warnings[0]


def test_easyflow_members_not_seen_in_its_documents_are_written_as_strings() -> None:
    body = easyflow("bank-slip-selected", "bank-slip-form-completed").body
    assert "pixel.track(Events.BANK_BILLET_SELECTED);" in body
    assert 'pixel.track("bank-slip-form-completed");' in body
    assert "Events" not in easyflow("coupon-added").body


def test_empty_easyflow_ids_stay_visible_placeholders_and_are_counted() -> None:
    tag = easyflow("pix-copied", business_id="biz-1")
    assert 'new EasyflowPixel("biz-1", "YOUR_FINGERPRINT_ID")' in tag.body
    assert tag.to_fill_in == 1
    assert easyflow("pix-copied").to_fill_in == 2


@pytest.mark.parametrize(
    "hostile", ['"); alert(1); ("', "</script><script>alert(1)", "a\\", "<!--", "a\u2028b", "${x}", "'`"]
)
def test_hostile_values_stay_inside_their_string(hostile: str) -> None:
    line = easyflow("pix-copied", business_id=hostile).body.splitlines()[2]
    start, end = "const pixel = new EasyflowPixel(", ', "YOUR_FINGERPRINT_ID");'
    assert line.startswith(start + '"')
    assert line.endswith('"' + end)
    written = line.removeprefix(start).removesuffix(end)
    assert not set("<>&\u2028\u2029") & set(written)
    # JSON strings are JavaScript strings: what is between the quotes reads back as the value, and ends there.
    assert json.loads(written) == hostile


def test_hostile_events_from_outside_stay_inside_their_string() -> None:
    assert 'pixel.track("\\u003c/script\\u003e");' in easyflow("</script>").body
