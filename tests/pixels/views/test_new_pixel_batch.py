"""Several ticks where a pixel stands for one event: one pixel each, each with a name and a code of its own."""

import pytest

from pixels.models import Pixel
from tests.pixels.conftest import errors
from tests.pixels.page import Page


@pytest.mark.parametrize(
    ("provider", "ticks", "names"),
    [
        ("xandr", ["2", "7", "none"], ["Shoes – LandingPage", "Shoes – Purchase", "Shoes – No category"]),
        ("pitchtarget", ["CHECKOUT", "LEAD"], ["Shoes – CHECKOUT", "Shoes – LEAD"]),
    ],
)
def test_each_tick_makes_one_pixel_named_after_it(new_pixel, connect, sandbox, carry_out, provider, ticks, names):
    response = new_pixel.create(connect(provider), *ticks, name="Shoes")
    assert response.status_code == 302
    carry_out()
    assert sorted(held["name"] for held in sandbox.held(provider)) == sorted(names)
    assert sorted(pixel.events for pixel in Pixel.objects.all()) == sorted([tick] for tick in ticks)


def test_the_form_says_how_many_before_sending(new_pixel, xandr, sandbox):
    values = new_pixel.fill(xandr, "2", "3", "7")
    plan = new_pixel.plan(values)
    assert "This creates 3 pixels" in plan.text
    assert "Create 3 pixels" in plan.text
    assert not Pixel.objects.exists()


def test_all_19_ticks_at_easyflow_make_one_pixel(new_pixel, easyflow, sandbox):
    values = new_pixel.fill(easyflow, "purchase-completed", "pix-copied", platform="meta")
    plan = new_pixel.plan(values)
    assert "This creates 1 pixel" in plan.text
    new_pixel.send(values)
    assert Pixel.objects.get().events == ["purchase-completed", "pix-copied"]


def test_each_code_is_filled_with_its_own_pixels_reference(new_pixel, xandr, sandbox, carry_out):
    new_pixel.create(xandr, "2", "7")
    carry_out()
    for pixel in Pixel.objects.all():
        assert pixel.options["code"] == pixel.reference
    assert {held["code"] for held in sandbox.held("xandr")} == {p.reference for p in Pixel.objects.all()}


def test_names_and_codes_can_be_changed_one_by_one(new_pixel, xandr, sandbox, carry_out):
    new_pixel.create(xandr, "2", "7", name="Shoes", name__7="Bought", code__2="landed", code__7="")
    carry_out()
    found = {(held["name"], held["code"], held["pixel_conversion_event_id"]) for held in sandbox.held("xandr")}
    assert found == {("Shoes – LandingPage", "landed", 2), ("Bought", None, 7)}


def test_other_fields_are_shared(new_pixel, xandr, sandbox, carry_out):
    new_pixel.create(xandr, "2", "7", trigger_type="view", post_click_value="3")
    carry_out()
    assert {(h["trigger_type"], h["post_click_value"]) for h in sandbox.held("xandr")} == {("view", 3)}


def test_a_name_typed_anew_moves_the_names_nobody_touched(new_pixel, xandr, sandbox):
    values = new_pixel.fill(xandr, "2", "7", name="Shoes", name__7="Bought")
    rows = new_pixel.rows(values | {"name": "Boots"})
    assert (rows["name-2"], rows["name-7"]) == (["Boots – LandingPage"], ["Bought"])


def test_255_is_checked_on_the_final_name(new_pixel, xandr, sandbox):
    name = "n" * (255 - len(" – Purchase"))
    response = new_pixel.create(xandr, "7", "2", name=name)
    assert list(errors(response)) == ["name-2"]  # " – LandingPage" is longer
    assert not Pixel.objects.exists()
    assert new_pixel.create(xandr, "7", "8", name=name).status_code == 302
    assert max(len(pixel.name) for pixel in Pixel.objects.all()) == 255


@pytest.mark.parametrize(
    ("provider", "ticks", "typed", "at_fields"),
    [
        ("pitchtarget", ["CHECKOUT", "LEAD"], {"name__CHECKOUT": "A", "name__LEAD": "A"},
         ["name-CHECKOUT", "name-LEAD"]),
        ("xandr", ["2", "7"], {"code__2": "same", "code__7": "same"}, ["code-2", "code-7"]),
        ("pitchtarget", ["CHECKOUT", "LEAD"], {"name__LEAD": "a <b>"}, ["name-LEAD"]),
        ("xandr", ["2", "7"], {"name__7": ""}, ["name-7"]),
        ("xandr", ["2", "7"], {"name__7": "a\x00b"}, ["name-7"]),
        ("xandr", ["2", "7"], {"code__7": "c" * 256}, ["code-7"]),
    ],
)  # fmt: skip
def test_a_row_that_does_not_fit_is_named_and_nothing_is_saved(
    new_pixel, connect, sandbox, provider, ticks, typed, at_fields
):
    response = new_pixel.create(connect(provider), *ticks, **typed)
    assert sorted(errors(response)) == at_fields
    assert not Pixel.objects.exists()


def test_a_name_or_code_of_ours_is_taken_for_a_row_too(new_pixel, pitchtarget, xandr, promise, sandbox):
    promise(pitchtarget, "Shoes – LEAD", events=("LEAD",))
    promise(xandr, options={"code": "mine"})
    response = new_pixel.create(pitchtarget, "CHECKOUT", "LEAD", name="Shoes")
    assert list(errors(response)) == ["name-LEAD"]
    response = new_pixel.create(xandr, "2", "7", code__2="mine")
    assert list(errors(response)) == ["code-2"]


def test_what_was_typed_into_the_rows_is_still_there_after_an_error(new_pixel, xandr, sandbox):
    response = new_pixel.create(xandr, "2", "7", name="Shoes", name__7="Bought", code__2="one", code__7="c" * 256)
    values = Page.of(response).form_with("token").values
    assert values["name-7"] == ["Bought"]
    assert values["code-2"] == ["one"]
    assert values["code-7"] == ["c" * 256]
    assert values["events"] == ["2", "7"]
    assert values["name"] == ["Shoes"]
