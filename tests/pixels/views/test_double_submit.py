"""A form that is sent several times makes its pixels once."""

import threading

import pytest
from django.db import connection as database
from django.test import Client

from pixels.models import Operation, Pixel, Website
from pixels.providers.values import AdAccountRef
from pixels.services import connections
from tests.pixels.conftest import AD_ACCOUNTS, CREDENTIALS, NewPixel
from tests.pixels.page import Page

TICKS = {"xandr": ["2", "7"], "pitchtarget": ["LEAD", "CHECKOUT"], "easyflow": ["pix-copied", "pix-expired"]}
PLATFORM = {"platform": "meta"}


def counts():
    return Pixel.objects.count(), Operation.objects.count()


def test_a_double_click_makes_one_pixel_and_one_operation(new_pixel, xandr, sandbox, carry_out):
    values = new_pixel.fill(xandr, "7", name="Shoes")
    first, second = new_pixel.send(values), new_pixel.send(values)
    assert first.status_code == second.status_code == 302
    assert first.url == second.url
    assert counts() == (1, 1)
    carry_out()
    assert new_pixel.send(values).url == first.url  # a reload, long after
    carry_out()
    assert counts() == (1, 1)
    assert sandbox.asked("xandr", "create") == 1


@pytest.mark.parametrize("provider", TICKS)
def test_a_batch_sent_twice_is_one_batch(new_pixel, connect, sandbox, carry_out, provider):
    typed = PLATFORM if provider == "easyflow" else {}
    values = new_pixel.fill(connect(provider), *TICKS[provider], name="Shoes", **typed)
    for _ in range(3):
        assert new_pixel.send(values).status_code == 302
    carry_out()
    expected = 1 if provider == "easyflow" else 2
    assert counts() == (expected, expected)
    assert len(sandbox.held(provider)) == expected


def test_a_double_click_with_a_new_site_is_one_site(new_pixel, xandr, sandbox):
    values = new_pixel.fill(xandr, "7", new_site="Garden", new_site_url="garden.example")
    first, second = new_pixel.send(values), new_pixel.send(values)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.url == second.url
    assert counts() == (1, 1)
    assert Website.objects.get().pixels.count() == 1


def test_the_same_form_with_other_values_is_asked_about(new_pixel, xandr, sandbox, carry_out):
    values = new_pixel.fill(xandr, "7", name="Shoes", trigger_type="view")
    new_pixel.send(values)
    response = new_pixel.send(values | {"name": "Boots"})
    assert response.status_code == 409
    assert counts() == (1, 1)
    again = Page.of(response).form_with("token").values
    assert again["token"] != values["token"]
    assert (again["name"], again["trigger_type"], again["events"]) == (["Boots"], ["view"], ["7"])
    new_reference = again["code"][0]
    assert new_reference.startswith("ph-")
    assert new_reference != values["code"][0] != ""
    assert new_pixel.send(again).status_code == 302
    carry_out()
    assert sorted(held["name"] for held in sandbox.held("xandr")) == ["Boots", "Shoes"]
    for pixel in Pixel.objects.all():
        assert pixel.options["code"] == pixel.reference


def test_the_same_batch_with_other_values_gets_new_references(new_pixel, xandr, sandbox):
    values = new_pixel.fill(xandr, "2", "7", name="Shoes", code__2="my own")
    new_pixel.send(values)
    response = new_pixel.send(values | {"name-7": "Bought"})
    assert response.status_code == 409
    again = Page.of(response).form_with("token").values
    assert again["name-7"] == ["Bought"]
    assert again["code-2"] == ["my own"]
    assert again["code-7"] != values["code-7"]
    assert counts() == (2, 2)


def test_one_more_tick_in_a_form_sent_before_needs_a_confirmation(new_pixel, xandr, sandbox):
    values = new_pixel.fill(xandr, "2", "7", name="Shoes")
    new_pixel.send(values)
    response = new_pixel.send(values | {"events": ["2", "7", "8"]})
    assert response.status_code == 409
    assert counts() == (2, 2)


def test_the_same_form_for_another_ad_account_or_website_is_asked_about_too(new_pixel, xandr, alice, team, sandbox):
    (second,) = connections.add_ad_accounts(xandr, alice, [AdAccountRef(id="8")])
    shop = Website.objects.create(team=team, name="Shop", url="https://shop.example")
    values = new_pixel.fill(xandr, "7")
    new_pixel.send(values)
    for other in ({"ad_account": str(second.pk)}, {"website": str(shop.pk)}):
        assert new_pixel.send(values | other).status_code == 409
    assert counts() == (1, 1)


def test_a_connection_that_went_while_the_form_was_filled_in_creates_nothing(new_pixel, xandr, connect, alice, sandbox):
    values = new_pixel.fill(xandr, "7", name="Shoes")
    other = connect("xandr")
    connections.disconnect(xandr, alice)
    response = new_pixel.send(values)
    assert counts() == (0, 0)
    shown = Page.of(response).form_with("token").values
    assert (shown["connection"], shown["name"]) == ([str(other.pk)], ["Shoes"])


def test_the_token_of_another_team_names_other_pixels(new_pixel, browser_of, charlie, connect, xandr, sandbox):
    rival = charlie.memberships.get().team
    theirs = connections.connect(
        rival, charlie, provider="xandr", environment="sandbox",
        credentials=CREDENTIALS["xandr"], ad_account=AD_ACCOUNTS["xandr"],
    )  # fmt: skip
    values = new_pixel.fill(xandr, "7")
    new_pixel.send(values)
    other = NewPixel(browser_of(charlie), rival)
    assert other.create(theirs, "7", token=values["token"]).status_code == 302
    assert Pixel.objects.for_team(rival).count() == 1
    assert Pixel.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite lets one writer in at a time")
@pytest.mark.parametrize("site", [{}, {"new_site": "Garden", "new_site_url": "garden.example"}])
def test_two_clicks_at_the_same_moment_make_one_pixel(new_pixel, xandr, sandbox, site):
    values = new_pixel.fill(xandr, "2", "7", **site)
    barrier, answers = threading.Barrier(4), []

    def click():
        browser = Client(raise_request_exception=False)
        browser.cookies = new_pixel.browser.cookies
        barrier.wait()
        try:
            answers.append(browser.post(new_pixel.url, values).status_code)
        finally:
            database.close()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [302] * 4
    assert counts() == (2, 2)


@pytest.mark.parametrize(("first", "second"), [(["7"], ["2", "7"]), (["2", "7"], ["8"]), (["2", "3"], ["7", "8"])])
def test_a_form_sent_again_with_other_ticks_is_asked_about(new_pixel, xandr, sandbox, first, second):
    values = new_pixel.fill(xandr, *first, name="Shoes")
    new_pixel.send(values)
    before = counts()
    response = new_pixel.send(values | {"events": second})
    assert response.status_code == 409
    assert counts() == before
    again = Page.of(response).form_with("token").values
    assert again["events"] == second
    assert new_pixel.send(again).status_code == 302
    assert Pixel.objects.count() == len(first) + len(second)
