"""At a provider that cannot be searched (Easyflow), a person looks whether a pixel was made, and says so."""

import pytest

from accounts.models import Activity
from pixels.models import Operation, Pixel
from tests.pixels.page import Page


@pytest.fixture
def unknown(easyflow, promise, sandbox, carry_out):
    """A pixel whose create lost its answer; at the sandbox it was made, or not."""

    def make(*, made: bool) -> Pixel:
        rule = {"provider": "easyflow", "operation": "create", "fault": "drop", "effect": made}
        sandbox.ask("POST", "faults", json=rule)
        pixel = promise(easyflow)
        carry_out()
        pixel.refresh_from_db()
        assert pixel.lifecycle == "unknown"
        return pixel

    return make


@pytest.fixture
def bobs(browser_of, bob):
    return browser_of(bob)


def test_a_person_confirms_that_the_pixel_exists_with_its_id(unknown, bobs, bob, at, sandbox, carry_out):
    pixel = unknown(made=True)
    page = Page.of(bobs.get(at("pixel", pixel)))
    assert "It is there" in page.text and "It is not, send again" in page.text
    [held] = sandbox.held("easyflow")
    bobs.post(at("pixel_confirm_exists", pixel), {"remote_id": f" {held['id']} "})
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_id, pixel.error_code) == ("live", held["id"], "")
    assert Operation.objects.get().state == "done"
    assert pixel.snippets.count() == 1
    said = Activity.objects.get(code="pixel.exists_confirmed")
    assert (said.actor, said.params) == (bob, {"remote_id": held["id"]})
    carry_out()
    assert sandbox.asked("easyflow", "create") == 1


def test_a_person_confirms_that_the_pixel_does_not_exist_and_it_is_sent_again_once(
    unknown, bobs, bob, at, sandbox, carry_out
):
    pixel = unknown(made=False)
    for _ in range(2):  # a double click
        bobs.post(at("pixel_confirm_absent", pixel))
    carry_out()
    pixel.refresh_from_db()
    [held] = sandbox.held("easyflow")
    assert (pixel.lifecycle, pixel.remote_id) == ("live", held["id"])
    assert sandbox.asked("easyflow", "create") == 2
    assert sorted(Operation.objects.values_list("state", flat=True)) == ["done", "failed"]
    assert Activity.objects.get(code="pixel.absent_confirmed").actor == bob


@pytest.mark.parametrize("typed", ["", "a b", "x" * 65, "\u00e9"])
def test_an_invalid_id_is_refused_at_the_field_and_kept(unknown, bobs, at, typed):
    pixel = unknown(made=True)
    response = bobs.post(at("pixel_confirm_exists", pixel), {"remote_id": typed})
    assert response.status_code == 200
    form = response.context["resolve"]
    assert form.errors["remote_id"] and form["remote_id"].value() == typed
    pixel.refresh_from_db()
    assert pixel.lifecycle == "unknown"


def test_an_id_that_another_pixel_has_is_pointed_out(unknown, live, easyflow, bobs, at):
    other = live(easyflow, "Other", options={"external_reference": "ours-2"})
    pixel = unknown(made=True)
    page = Page.of(bobs.post(at("pixel_confirm_exists", pixel), {"remote_id": other.remote_id}, follow=True))
    assert "belongs to “Other” already" in page.text
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_id, pixel.remote_status) == ("unknown", "", "not_seen")
    assert "It is there" in page.text  # and can still be settled


def test_a_mistyped_id_can_be_put_right_until_the_provider_has_named_it(unknown, bobs, at, sandbox, sync, settings):
    pixel = unknown(made=True)
    [held] = sandbox.held("easyflow")
    bobs.post(at("pixel_confirm_exists", pixel), {"remote_id": "mistyped"})
    page = Page.of(bobs.get(at("pixel", pixel)))
    assert "The id mistyped was typed here" in page.text and "Correct the id" in page.text
    bobs.post(at("pixel_confirm_exists", pixel), {"remote_id": held["id"]})
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_id) == ("live", held["id"])
    assert "mistyped" not in pixel.snippets.latest("pk").body
    settings.EASYFLOW_LIST = True
    sandbox.switch(easyflow_list=True)
    assert sync(pixel.connection).state == "done"
    assert "Correct the id" not in Page.of(bobs.get(at("pixel", pixel))).text
    bobs.post(at("pixel_confirm_exists", pixel), {"remote_id": "other"})
    assert Pixel.objects.get().remote_id == held["id"]
    assert list(Activity.objects.filter(code="pixel.exists_confirmed").values_list("params", flat=True)) == [
        {"remote_id": held["id"]},
        {"remote_id": "mistyped"},
    ]


def test_a_resolved_pixel_is_not_resolved_again(live, easyflow, sandbox, bobs, at):
    pixel = live(easyflow)
    for name, values in (("pixel_confirm_exists", {"remote_id": "other"}), ("pixel_confirm_absent", {})):
        assert bobs.post(at(name, pixel), values, follow=True).status_code == 200
    assert Operation.objects.count() == 1
    assert Pixel.objects.get().remote_id == pixel.remote_id


def test_only_those_who_edit_decide(unknown, browser_of, vera, charlie, at):
    pixel = unknown(made=False)
    assert "It is there" not in Page.of(browser_of(vera).get(at("pixel", pixel))).text
    for person, status in ((vera, 403), (charlie, 404)):
        assert browser_of(person).post(at("pixel_confirm_absent", pixel)).status_code == status
    assert Operation.objects.count() == 1
