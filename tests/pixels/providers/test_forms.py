"""Limits are checked at their field, before anything is sent."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from pixels.providers.forms import PixelForm
from pixels.providers.registry import PROVIDERS

XANDR = {
    "events": ["7"],
    "state": "active",
    "trigger_type": "click",
    "repeat": "once",
    "min_minutes": "",
    "post_click_expire_mins": "20160",
    "post_view_expire_mins": "1440",
    "post_click_value": "",
    "post_view_value": "",
    "code": "ph-1",
    "piggyback_type": "img",
    "piggyback_urls": "",
}
EASYFLOW = {
    "events": ["purchase-completed"],
    "platform": "meta",
    "conversion_label": "",
    "code": "",
    "description": "",
    "external_reference": "ph-1",
}


def xandr(**typed: Any) -> PixelForm:
    return PROVIDERS["xandr"].pixel_form({**XANDR, **typed})


def xandr_options() -> dict[str, Any]:
    form = xandr()
    assert form.is_valid()
    return form.options()


def easyflow(**typed: Any) -> PixelForm:
    return PROVIDERS["easyflow"].pixel_form({**EASYFLOW, **typed})


def test_xandr_starts_with_its_documents_defaults() -> None:
    fields = PROVIDERS["xandr"].pixel_form().fields
    assert fields["state"].initial == "active"
    assert fields["trigger_type"].initial == "click"
    assert fields["post_click_expire_mins"].initial == 20160
    assert fields["post_view_expire_mins"].initial == 1440


@pytest.mark.parametrize(
    ("typed", "option", "value"),
    [
        ({"repeat": "once"}, "min_minutes_per_conv", None),
        ({"repeat": "every"}, "min_minutes_per_conv", 0),
        ({"repeat": "minutes", "min_minutes": "1"}, "min_minutes_per_conv", 1),
        ({"repeat": "minutes", "min_minutes": "32767"}, "min_minutes_per_conv", 32767),
        ({"repeat": "once", "min_minutes": "junk in a hidden field"}, "min_minutes_per_conv", None),
        ({"post_click_expire_mins": ""}, "post_click_expire_mins", None),
        ({"post_click_expire_mins": "0"}, "post_click_expire_mins", 0),
        ({"post_click_expire_mins": "129600"}, "post_click_expire_mins", 129600),
        ({"post_view_expire_mins": "43200"}, "post_view_expire_mins", 43200),
        ({"post_click_value": "1.5"}, "post_click_value", 1.5),
        ({"post_view_value": "0"}, "post_view_value", 0.0),
        ({"code": ""}, "code", None),
        ({"piggyback_urls": ""}, "piggyback_pixels", []),
        (
            {
                "piggyback_type": "js",
                "piggyback_urls": " https://a.example/1 \r\n\r\nhttp://b.example/2?x=y&z ",
            },
            "piggyback_pixels",
            [
                {"pixel_type": "js", "url": "https://a.example/1"},
                {"pixel_type": "js", "url": "http://b.example/2?x=y&z"},
            ],
        ),
        (
            {"piggyback_urls": "https://a.example/" + "x" * 237},
            "piggyback_pixels",
            [{"pixel_type": "img", "url": "https://a.example/" + "x" * 237}],
        ),
    ],
)
def test_xandr_takes_what_is_within_its_limits(typed: dict[str, str], option: str, value: Any) -> None:
    form = xandr(**typed)
    assert form.is_valid(), form.errors
    assert form.options()[option] == value


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"events": []}, "events"),
        ({"events": ["9"]}, "events"),
        ({"state": "paused"}, "state"),
        ({"trigger_type": "CLICK"}, "trigger_type"),
        ({"repeat": "minutes", "min_minutes": ""}, "min_minutes"),
        ({"repeat": "minutes", "min_minutes": "0"}, "min_minutes"),
        ({"repeat": "minutes", "min_minutes": "32768"}, "min_minutes"),
        ({"repeat": "minutes", "min_minutes": "1.5"}, "min_minutes"),
        ({"post_click_expire_mins": "129601"}, "post_click_expire_mins"),
        ({"post_click_expire_mins": "-1"}, "post_click_expire_mins"),
        ({"post_view_expire_mins": "43201"}, "post_view_expire_mins"),
        ({"post_click_value": "nan"}, "post_click_value"),
        ({"post_view_value": "1e999"}, "post_view_value"),
        ({"post_view_value": "$10"}, "post_view_value"),
        ({"code": "x" * 256}, "code"),
        ({"code": "a\nb"}, "code"),
        ({"piggyback_type": "gif"}, "piggyback_type"),
        ({"piggyback_urls": "https://a.example/1\nhttps://a.example/2"}, "piggyback_urls"),
        ({"piggyback_urls": "https://a.example/" + "x" * 238}, "piggyback_urls"),
        ({"piggyback_urls": "javascript:alert(1)"}, "piggyback_urls"),
        ({"piggyback_urls": "//a.example"}, "piggyback_urls"),
        ({"piggyback_urls": "https://a.example/\x01"}, "piggyback_urls"),
    ],
)
def test_xandr_refuses_at_the_field_what_is_beyond_its_limits(typed: dict[str, Any], field: str) -> None:
    form = xandr(**typed)
    assert not form.is_valid()
    assert list(form.errors) == [field]


def test_a_xandr_pixel_without_piggybacks_shows_none_and_saves_unchanged() -> None:
    form_class = PROVIDERS["xandr"].pixel_form
    options = xandr_options()
    shown = form_class.initial_for(("7",), options)
    assert shown["piggyback_type"] == ""
    for typed in ("img", ""):  # a browser sends the first of the list, as no other is chosen
        form = form_class.for_pixel(("7",), options, {**XANDR, "piggyback_type": typed})
        assert form.is_valid(), form.errors
        assert form.options() == options


def test_a_piggyback_without_a_type_is_an_image() -> None:
    form = xandr(piggyback_type="", piggyback_urls="https://a.example/1")
    assert form.is_valid()
    assert form.options()["piggyback_pixels"] == [{"pixel_type": "img", "url": "https://a.example/1"}]


def test_what_xandr_did_not_say_is_not_made_up_by_saving() -> None:
    form_class = PROVIDERS["xandr"].pixel_form
    form = form_class.for_pixel(("7",), {}, {**XANDR, "state": "", "trigger_type": ""})
    assert '<option value="" selected>Not said</option>' in str(form["state"])
    assert form.is_valid(), form.errors
    assert (form.options()["state"], form.options()["trigger_type"]) == (None, None)
    assert list(xandr(state="").errors) == ["state"]


def test_easyflow_asks_for_a_conversion_label_at_google_only() -> None:
    google = easyflow(platform="google")
    assert list(google.errors) == ["conversion_label"]
    labelled = easyflow(platform="google", conversion_label="AbC")
    assert labelled.is_valid()
    assert labelled.options()["conversion_label"] == "AbC"
    meta = easyflow(platform="meta", conversion_label="left over\x01")
    assert meta.is_valid()
    assert meta.options()["conversion_label"] is None


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"events": []}, "events"),
        ({"events": ["purchase"]}, "events"),
        ({"platform": ""}, "platform"),
        ({"platform": "Meta"}, "platform"),
        ({"platform": "linkedin"}, "platform"),
        ({"capi_access_token": "two words"}, "capi_access_token"),
        ({"external_reference": ""}, "external_reference"),
        ({"platform": "google", "conversion_label": "x" * 256}, "conversion_label"),
        ({"code": "AW-1\x00"}, "code"),
        ({"description": "a\nb"}, "description"),
    ],
)
def test_easyflow_refuses_at_the_field_what_it_does_not_document(typed: dict[str, Any], field: str) -> None:
    form = easyflow(**typed)
    assert not form.is_valid()
    assert list(form.errors) == [field]


def test_easyflow_offers_all_24_events_of_its_documents_in_groups() -> None:
    choices = PROVIDERS["easyflow"].pixel_form().fields["events"].choices  # type: ignore[attr-defined]
    assert [group for group, _ in choices] == [
        "Checkout",
        "Customer and address",
        "Payment by card",
        "Payment by Pix",
        "Payment by boleto",
        "Coupon",
    ]
    seed = """
        checkout-initialized purchase-completed purchase-failed purchase-btn-clicked pix-selected pix-generated
        pix-expired pix-copied credit-card-selected credit-card-form-completed bank-slip-selected
        bank-slip-form-completed address-form-completed delivery-address-completed coupon-added
        coupon-box-clicked coupon-form-completed coupon-apply-failed user-form-completed
    """
    newer = """
        credit-card-form-init coupon-form-init user-form-init pre-checkout-form-init pre-checkout-form-completed
    """
    assert sorted(value for _, words in choices for value, _ in words) == sorted([*seed.split(), *newer.split()])


def test_pitchtarget_offers_six_tags_and_xandr_seven_categories_and_none() -> None:
    tags = [word.value for word in PROVIDERS["pitchtarget"].vocabulary]
    assert sorted(tags) == ["ADD_TO_CART", "CHECKOUT", "KEY_PAGE_VIEW", "LEAD", "OTHER", "REGISTRATION"]
    categories = [(word.value, word.label) for word in PROVIDERS["xandr"].vocabulary]
    assert categories == [
        ("2", "LandingPage"),
        ("3", "ItemView"),
        ("4", "AddToCart"),
        ("5", "InitiateCheckout"),
        ("6", "AddPaymentInfo"),
        ("7", "Purchase"),
        ("8", "Lead"),
        ("none", "No category"),
    ]


def test_ticks_are_kept_once_each_and_in_the_vocabularys_order() -> None:
    form = easyflow(events=["coupon-added", "purchase-completed", "coupon-added"])
    assert form.is_valid()
    assert form.cleaned_data["events"] == ["purchase-completed", "coupon-added"]


@pytest.mark.parametrize("slug", PROVIDERS)
@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "a\x7fb", "a\u2028b"])
def test_control_characters_are_refused_in_every_name(slug: str, name: str) -> None:
    with pytest.raises(ValidationError, match="control characters"):
        PROVIDERS[slug].pixel_form().clean_name(name)


@pytest.mark.parametrize("slug", PROVIDERS)
@pytest.mark.parametrize("name", ["Kaufabschluß", "购买", "Sale \U0001f389", "a - b", "R&D \"x\" 'y'"])
def test_names_of_all_languages_are_taken(slug: str, name: str) -> None:
    assert PROVIDERS[slug].pixel_form().clean_name(name) == name


@pytest.mark.parametrize("name", ["</script>", "a > b", "Shop -- sale", "-->"])
def test_pitchtarget_refuses_names_that_break_its_code_and_says_why(name: str) -> None:
    with pytest.raises(ValidationError, match="PitchTarget writes the name into its code as it is"):
        PROVIDERS["pitchtarget"].pixel_form().clean_name(name)


@pytest.mark.parametrize(
    ("slug", "field"), [("easyflow", "api_key"), ("easyflow", "api_secret"), ("pitchtarget", "token")]
)
def test_keys_lose_pasted_white_space_and_must_fit_a_header(slug: str, field: str) -> None:
    form_class = PROVIDERS[slug].connection_form
    typed = {name: "42" for name in form_class.base_fields if name != "way"}
    pasted = form_class({**typed, field: "  key-1\r\n"})
    assert pasted.is_valid()
    assert pasted.credentials()[field] == "key-1"
    for bad in ("two words", "line\r\nX-Injected: 1", "clé", "“quoted”", "tab\there", "nul\x00"):
        assert list(form_class({**typed, field: bad}).errors) == [field]


def test_a_xandr_password_is_taken_as_typed() -> None:
    form_class = PROVIDERS["xandr"].connection_form
    typed = {
        "username": " someone ",
        "password": " pass wörd ",
        "ad_account": " 2 ",
        "ad_account_code": " adv-2 ",
    }
    form = form_class(typed)
    assert form.is_valid()
    assert form.credentials() == {"way": "password", "username": "someone", "password": " pass wörd "}
    assert form.ad_account_ref().id == "2"
    assert form.ad_account_ref().code == "adv-2"
    assert list(form_class({**typed, "password": "a\nb"}).errors) == ["password"]


@pytest.mark.parametrize("slug", ["pitchtarget", "xandr"])
@pytest.mark.parametrize("typed", ["act_9", "9,8", "9 ", "\u0669", ""])
def test_an_ad_account_is_a_number(slug: str, typed: str) -> None:
    form_class = PROVIDERS[slug].connection_form
    form = form_class({**dict.fromkeys(form_class.base_fields, "42"), "ad_account": typed})
    assert ("ad_account" in form.errors) == (typed != "9 ")
