"""Invalid input in the form for new pixels: a message at the field, the values kept, nothing saved."""

import pytest

from pixels.models import Operation, Pixel
from pixels.providers.values import AdAccountRef
from tests.pixels.conftest import errors
from tests.pixels.page import Page

LONG = "n" * 300

CASES = [
    ("easyflow", ["purchase-completed"], {"name": "", "platform": "meta"}, "name"),
    ("easyflow", ["purchase-completed"], {"name": LONG, "platform": "meta"}, "name"),
    ("easyflow", ["purchase-completed"], {"name": "a\x00b", "platform": "meta"}, "name"),
    ("easyflow", ["purchase-completed"], {"name": "a\nb", "platform": "meta"}, "name"),
    ("easyflow", [], {"platform": "meta"}, "events"),
    ("easyflow", ["purchase"], {"platform": "meta"}, "events"),
    ("easyflow", ["purchase-completed"], {}, "platform"),
    ("easyflow", ["purchase-completed"], {"platform": "Google"}, "platform"),
    ("easyflow", ["purchase-completed"], {"platform": "google"}, "conversion_label"),
    ("easyflow", ["purchase-completed"], {"platform": "meta", "external_reference": ""}, "external_reference"),
    ("easyflow", ["purchase-completed"], {"platform": "meta", "code": "c" * 300}, "code"),
    ("pitchtarget", ["CHECKOUT"], {"name": LONG}, "name"),
    ("pitchtarget", ["CHECKOUT"], {"name": "</script><script>alert(1)</script>"}, "name"),
    ("pitchtarget", ["CHECKOUT"], {"name": "a > b"}, "name"),
    ("pitchtarget", ["CHECKOUT"], {"name": "a -- b"}, "name"),
    ("pitchtarget", ["checkout"], {}, "events"),
    ("pitchtarget", [], {}, "events"),
    ("xandr", ["1"], {}, "events"),
    ("xandr", [], {}, "events"),
    ("xandr", ["7"], {"name": LONG}, "name"),
    ("xandr", ["7"], {"state": "paused"}, "state"),
    ("xandr", ["7"], {"trigger_type": "Click"}, "trigger_type"),
    ("xandr", ["7"], {"trigger_type": ""}, "trigger_type"),
    ("xandr", ["7"], {"repeat": "minutes", "min_minutes": "32768"}, "min_minutes"),
    ("xandr", ["7"], {"repeat": "minutes", "min_minutes": "0"}, "min_minutes"),
    ("xandr", ["7"], {"repeat": "minutes", "min_minutes": ""}, "min_minutes"),
    ("xandr", ["7"], {"repeat": "minutes", "min_minutes": "1.5"}, "min_minutes"),
    ("xandr", ["7"], {"post_click_expire_mins": "129601"}, "post_click_expire_mins"),
    ("xandr", ["7"], {"post_click_expire_mins": "-1"}, "post_click_expire_mins"),
    ("xandr", ["7"], {"post_view_expire_mins": "43201"}, "post_view_expire_mins"),
    ("xandr", ["7"], {"post_click_value": "nan"}, "post_click_value"),
    ("xandr", ["7"], {"post_view_value": "1e400"}, "post_view_value"),
    ("xandr", ["7"], {"post_view_value": "ten"}, "post_view_value"),
    ("xandr", ["7"], {"code": "c" * 256}, "code"),
    ("xandr", ["7"], {"code": "a\x00b"}, "code"),
    ("xandr", ["7"], {"piggyback_type": "gif"}, "piggyback_type"),
    ("xandr", ["7"], {"piggyback_urls": "https://a.example/1\nhttps://a.example/2"}, "piggyback_urls"),
    ("xandr", ["7"], {"piggyback_urls": "https://a.example/" + "p" * 238}, "piggyback_urls"),
    ("xandr", ["7"], {"piggyback_urls": "javascript:alert(1)"}, "piggyback_urls"),
    ("xandr", ["7"], {"new_site": "Garden", "new_site_url": "javascript:alert(1)"}, "new_site_url"),
    ("xandr", ["7"], {"new_site": "Garden"}, "new_site_url"),
    ("xandr", ["7"], {"new_site_url": "garden.example"}, "new_site"),
    ("xandr", ["7"], {"ad_account": "999999"}, "ad_account"),
    ("xandr", ["7"], {"ad_account": "a\x00"}, "ad_account"),
    ("xandr", ["7"], {"website": "²"}, "website"),
    ("xandr", ["7"], {"token": "no uuid"}, "__all__"),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "ticks", "typed", "field"), CASES)
def test_bad_input_is_reported_at_the_field_and_nothing_is_saved(
    new_pixel, connect, sandbox, provider, ticks, typed, field
):
    connection = connect(provider)
    response = new_pixel.create(connection, *ticks, **typed)
    assert list(errors(response)) == [field]
    assert not Pixel.objects.exists()
    assert not Operation.objects.exists()
    message = errors(response)[field][0]
    assert " ".join(message.split()) in Page.of(response).text


@pytest.mark.parametrize(
    ("field", "value"),
    [("post_click_expire_mins", "129600"), ("post_view_expire_mins", "43200"), ("post_click_expire_mins", "0")],
)
def test_the_limit_itself_is_fine(new_pixel, xandr, sandbox, field, value):
    assert new_pixel.create(xandr, "7", **{field: value}).status_code == 302
    assert Pixel.objects.get().options[field] == int(value)


def test_a_name_of_255_characters_arrives_whole(new_pixel, xandr, sandbox, carry_out):
    name = "🎯" * 255
    assert new_pixel.create(xandr, "7", name=name).status_code == 302
    carry_out()
    assert sandbox.held("xandr")[0]["name"] == name


def test_what_was_typed_is_still_there(new_pixel, xandr, sandbox):
    typed = {
        "name": 'Shoes "50 %" <b>',
        "trigger_type": "hybrid",
        "repeat": "minutes",
        "min_minutes": "40000",
        "post_click_value": "ten",
        "code": "mine",
        "piggyback_type": "js",
        "piggyback_urls": "https://a.example/1\nhttps://a.example/2",
        "new_site": "Garden",
        "new_site_url": "garden.example",
    }
    response = new_pixel.create(xandr, "7", **typed)
    values = Page.of(response).form_with("token").values
    assert {name: values[name][0].replace("\r\n", "\n") for name in typed} == typed
    assert values["events"] == ["7"]


def test_what_is_under_advanced_is_open_when_the_error_is_there(new_pixel, xandr, sandbox):
    response = new_pixel.create(xandr, "7", post_click_expire_mins="129601")
    advanced = response.content.decode().split("<details")[-1]
    assert advanced.split(">")[0].strip().endswith("open")
    assert "129600" in advanced


@pytest.mark.parametrize("name", ["</script><script>alert(1)</script>", "--><img src=x onerror=alert(1)>", "{{7*7}}"])
def test_markup_in_a_name_stays_text_on_every_page(new_pixel, xandr, sandbox, carry_out, at, name):
    new_pixel.create(xandr, "7", name=name)
    carry_out()
    assert sandbox.held("xandr")[0]["name"] == name
    pixel = Pixel.objects.get()
    for address in (
        at("pixel", pixel),
        at("pixel_list"),
        at("overview"),
        at("pixel_edit", pixel),
        at("pixel_delete", pixel),
        at("activity"),
    ):
        html = new_pixel.browser.get(address).content.decode()
        assert name not in html or "<" not in name
        assert "<script>alert" not in html
        assert "<img src=x" not in html


def test_a_name_of_ours_is_taken_at_pitchtarget(new_pixel, pitchtarget, promise, sandbox):
    promise(pitchtarget, "Shoes")
    response = new_pixel.create(pitchtarget, "LEAD", name=" Shoes ")
    assert list(errors(response)) == ["name"]
    assert Pixel.objects.count() == 1


@pytest.mark.parametrize("there", ["failed", "deleted"])
def test_a_name_is_free_again_when_its_pixel_is_not_there(new_pixel, pitchtarget, promise, sandbox, there):
    pixel = promise(pitchtarget, "Shoes")
    Pixel.objects.filter(pk=pixel.pk).update(lifecycle=there)
    assert new_pixel.create(pitchtarget, "LEAD", name="Shoes").status_code == 302


def test_elsewhere_two_pixels_may_share_a_name(new_pixel, xandr, promise, sandbox):
    promise(xandr, "Shoes")
    assert new_pixel.create(xandr, "7", name="Shoes").status_code == 302


def test_a_code_of_ours_is_taken_in_its_ad_account_only(new_pixel, connect, promise, sandbox):
    first, other = connect("xandr"), connect("xandr", ad_account=AdAccountRef(id="8"))
    promise(first, options={"code": "mine"})
    assert list(errors(new_pixel.create(first, "7", code="mine"))) == ["code"]
    assert new_pixel.create(other, "7", code="mine").status_code == 302
    assert new_pixel.create(first, "7", code="").status_code == 302
    assert new_pixel.create(first, "8", code="").status_code == 302  # nothing is no code


@pytest.mark.parametrize("value", ["²", "9" * 40, "a\x00", "-1"])
def test_an_odd_address_is_no_traceback(new_pixel, xandr, sandbox, value):
    for key in ("website", "connection", "name", "shown"):
        assert new_pixel.browser.get(new_pixel.url, {key: value}).status_code == 200


def test_a_form_with_nothing_in_it_is_no_traceback(new_pixel, xandr, sandbox):
    assert new_pixel.send({}).status_code == 200
    assert not Pixel.objects.exists()
