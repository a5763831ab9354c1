"""Websites group the pixels of one client; a pixel may have one."""

import pytest

from accounts.activity import line
from accounts.models import Activity
from pixels.models import Pixel, Website
from pixels.services import pixels, websites
from tests.pixels.page import Page


@pytest.fixture
def bobs(browser_of, bob):
    return browser_of(bob)


@pytest.fixture
def shop(team, bob):
    return websites.add_website(team, bob, name="Shop", url="https://shop.example")


def test_a_website_is_added(bobs, at, team, bob):
    response = bobs.post(at("website_new"), {"name": " Gärten & Co 🌱 ", "url": "garden.example"})
    assert response.url == at("website_list")
    website = Website.objects.get()
    assert (website.team, website.name, website.url) == (team, "Gärten & Co 🌱", "https://garden.example")
    assert "Gärten & Co 🌱" in Page.of(bobs.get(at("website_list"))).text
    written = Activity.objects.get(kind="website")
    assert (written.actor, written.code, written.label) == (bob, "website.added", website.name)


@pytest.mark.parametrize(
    ("name", "url", "field"),
    [
        ("", "https://a.example", "name"),
        ("n" * 300, "https://a.example", "name"),
        ("a\x00b", "https://a.example", "name"),
        ("A", "", "url"),
        ("A", "javascript:alert(1)", "url"),
        ("A", "ftp://a.example", "url"),
        ("A", "https://a.example/" + "p" * 500, "url"),
        ("A", "a b", "url"),
        ("shop", "https://other.example", "__all__"),
    ],
)
def test_bad_input_is_said_and_kept(bobs, at, shop, name, url, field):
    response = bobs.post(at("website_new"), {"name": name, "url": url})
    assert list(response.context["form"].errors) == [field]
    assert Website.objects.count() == 1
    assert Page.of(response).form_with("url").values["url"] == [url]


def test_another_team_may_have_the_same_name(browser_of, charlie, shop):
    rival = charlie.memberships.get().team
    browser_of(charlie).post(f"/t/{rival.slug}/websites/new/", {"name": "Shop", "url": "https://shop.example"})
    assert Website.objects.filter(name="Shop").count() == 2


def test_asked_for_twice_it_is_the_same_website(team, bob, shop):
    assert websites.add_website(team, bob, name="SHOP", url="https://shop.example") == shop
    assert Activity.objects.filter(kind="website").count() == 1


def test_a_website_is_changed_archived_and_restored(bobs, at, shop, xandr, promise, sandbox):
    promise(xandr, website=shop)
    bobs.post(at("website_edit", shop), {"name": "Store", "url": "http://store.example/x"})
    shop.refresh_from_db()
    assert (shop.name, shop.url) == ("Store", "http://store.example/x")
    assert bobs.post(at("website_edit", shop), {"name": "", "url": "x"}).status_code == 200
    bobs.post(at("website_archive", shop))
    assert "Store" not in Page.of(bobs.get(at("website_list"))).text.replace("Store is archived", "")
    assert "Store" in Page.of(bobs.get(at("website_list"), {"archived": "1"})).text
    assert Pixel.objects.get().website == shop
    bobs.post(at("website_restore", shop))
    shop.refresh_from_db()
    assert shop.archived_at is None
    codes = Activity.objects.filter(kind="website").order_by("at").values_list("code", flat=True)
    assert list(codes) == ["website.added", "website.changed", "website.archived", "website.restored"]


@pytest.mark.parametrize(("name", "status"), [("vera", 403), ("charlie", 404)])
def test_viewers_and_outsiders_change_nothing(request, browser_of, at, shop, name, status):
    bobs = browser_of(request.getfixturevalue(name))
    before = list(Website.objects.values())
    values = {"name": "Mine", "url": "https://mine.example"}
    for address in (
        at("website_new"),
        at("website_edit", shop),
        at("website_archive", shop),
        at("website_restore", shop),
    ):
        assert bobs.post(address, values).status_code == status
    assert list(Website.objects.values()) == before


def test_another_teams_website_is_not_found_below_ones_own(browser_of, charlie, shop):
    rival = charlie.memberships.get().team
    bobs = browser_of(charlie)
    for end in ("", "archive/", "restore/"):
        address = f"/t/{rival.slug}/websites/{shop.pk}/{end}"
        assert bobs.post(address, {"name": "Mine", "url": "https://a.example"}).status_code == 404
    shop.refresh_from_db()
    assert (shop.name, shop.archived_at) == ("Shop", None)


def test_a_pixel_gets_a_website_and_loses_it(bobs, at, shop, xandr, live, sandbox):
    pixel = live(xandr)
    before = sandbox.ask("GET", "requests")
    assert bobs.post(at("pixel_website", pixel), {"website": shop.pk}).url == at("pixel", pixel)
    pixel.refresh_from_db()
    assert pixel.website == shop
    bobs.post(at("pixel_website", pixel), {"website": ""})
    pixel.refresh_from_db()
    assert pixel.website is None
    assert sandbox.ask("GET", "requests") == before  # ours alone
    assert [line(one).detail for one in Activity.objects.filter(code__startswith="pixel.moved").order_by("at")] == [
        "to Shop", "to no website",
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["0", "-1", "1e3", "²", "٣", "9" * 30, "a\x00", "other"])
def test_an_odd_or_foreign_website_is_not_found(bobs, at, charlie, xandr, promise, sandbox, value):
    rival = Website.objects.create(team=charlie.memberships.get().team, name="R", url="https://r.example")
    pixel = promise(xandr)
    response = bobs.post(at("pixel_website", pixel), {"website": rival.pk if value == "other" else value})
    assert response.status_code == 404
    pixel.refresh_from_db()
    assert pixel.website is None


def test_without_a_website_a_pixel_goes_on(shop, xandr, promise, sandbox, bob):
    pixel = promise(xandr, website=shop)
    shop.delete()
    pixel.refresh_from_db()
    assert pixel.website is None
    pixels.set_website(pixel, bob, None)
