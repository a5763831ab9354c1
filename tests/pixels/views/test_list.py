"""The list of pixels: search, filters, order and pages, with a number of queries that does not grow."""

import re
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pixels.models import Pixel, Website
from pixels.providers.values import AdAccountRef
from pixels.services import connections
from tests.pixels.conftest import CREDENTIALS, OPTIONS
from tests.pixels.page import Page


@pytest.fixture
def row(team, connect):
    """A row as a pull would leave it, made without a provider."""
    known = {}

    def make(name: str, provider: str = "xandr", **fields):
        connection = known.setdefault(provider, None) or connect(provider)
        known[provider] = connection
        values = {"remote_id": "", "lifecycle": "queued"} | fields
        if values["lifecycle"] == "live" and not values["remote_id"]:
            values["remote_id"] = str(1000 + Pixel.objects.count())
        return Pixel.objects.create(
            team=team, connection=connection, ad_account=connection.ad_accounts.all()[0],
            name=name, options=OPTIONS[provider], **values,
        )  # fmt: skip

    return make


@pytest.fixture
def listed(browser_of, vera, at):
    """What vera sees in the list, top to bottom."""
    window = browser_of(vera)

    def read(**query):
        response = window.get(at("pixel_list"), query)
        assert response.status_code == 200
        return list(response.context["page_obj"])

    return read


@pytest.fixture
def names(listed):
    return lambda **query: [pixel.name for pixel in listed(**query)]


def test_search_finds_name_remote_id_and_website(names, row, team):
    shop = Website.objects.create(team=team, name="Garden", url="https://grass.example")
    row("Shoes purchase"), row("Boots", lifecycle="live", remote_id="60143"), row("Socks", website=shop)
    assert names(q="SHOES") == ["Shoes purchase"]
    assert names(q=" 6014 ") == ["Boots"]
    assert names(q="garden") == ["Socks"]
    assert names(q="grass.example") == ["Socks"]
    assert names(q="100%_") == []
    assert names(q="") == ["Socks", "Boots", "Shoes purchase"]


def test_search_finds_the_reference_whole_in_part_and_without_its_mark(names, row):
    pixel = row("Mine", id="6f1c1b1e-3c52-4d5e-9b57-0d9a3d1f7a10")
    row("Other", id="aaaaaaaa-3c52-4d5e-9b57-0d9a3d1f7a11")
    for text in (
        pixel.reference,
        pixel.reference.upper(),
        "6f1c1b1e-3c52-4d5e-9b57-0d9a3d1f7a10",
        "ph-6f1c1b1e",
        "6f1c1b1e",
        "6f1c1b1e-3c",
        "6f1c1b1e3c524d5e9b570d9a3d1f7a10",
    ):
        assert names(q=text) == ["Mine"], text
    assert names(q="ph-bbbbbbbb") == names(q="ph-6f1c1b1f") == []


def test_a_name_of_hexadecimal_letters_is_still_found(names, row):
    row("abc"), row("Other")
    assert names(q="abc") == ["abc"]


def test_filters(names, row, team):
    shop = Website.objects.create(team=team, name="Garden", url="https://grass.example")
    row("live", lifecycle="live", remote_status="in_sync", events=["7"])
    row("drifted", lifecycle="live", remote_status="drifted", events=["2"], website=shop)
    row("absent", lifecycle="live", remote_status="absent")
    row("queued", "easyflow", events=["purchase-completed", "pix-copied"])
    row("failed", "pitchtarget", lifecycle="failed", events=["CHECKOUT"])
    row("unknown", "pitchtarget", lifecycle="unknown", events=["LEAD"])
    row("deleted", lifecycle="deleted", remote_id="9")
    row("archived", lifecycle="live", archived_at=timezone.now())
    row("odd", lifecycle="live", error_code="refused")
    everything = {"live", "drifted", "absent", "queued", "failed", "unknown", "odd"}

    def found(**query):
        return set(names(**query))

    assert found() == everything
    assert found(provider="pitchtarget") == {"failed", "unknown"}
    assert found(website=shop.pk) == {"drifted"}
    assert found(state="live") == {"live"}
    assert found(state="waiting") == {"queued"}
    assert found(state="drifted") == {"drifted"}
    assert found(state="absent") == {"absent"}
    assert found(state="failed") == {"failed", "odd"}
    assert found(state="unknown") == {"unknown"}
    assert found(state="deleted") == {"deleted"}
    assert found(state="archived") == {"archived"}
    assert found(event="purchase") == {"live", "queued", "failed"}  # in whatever word the provider has
    assert found(event="pix_copied") == {"queued"}
    assert found(event="purchase", provider="easyflow", q="queue") == {"queued"}


@pytest.mark.parametrize(
    "query",
    [
        {"state": "odd"}, {"provider": "nobody"}, {"website": "x"}, {"website": "²"}, {"event": "'"},
        {"sort": "password"}, {"sort": "-name,x"}, {"page": "x"}, {"page": "-1"}, {"page": "9" * 30},
        {"q": "a\x00"}, {"website": "9" * 30},
    ],
)  # fmt: skip
def test_an_odd_address_filters_nothing(names, row, query):
    row("one")
    assert names(**query) == ["one"]


def test_a_foreign_website_filters_nothing_and_shows_nothing_of_others(names, row, charlie):
    rival = Website.objects.create(team=charlie.memberships.get().team, name="R", url="https://r.example")
    row("one")
    assert names(website=rival.pk) == ["one"]


def test_pixels_of_other_teams_are_not_in_it(names, row, charlie):
    rival = charlie.memberships.get().team
    theirs = connections.connect(
        rival, charlie, provider="xandr", environment="sandbox",
        credentials=CREDENTIALS["xandr"], ad_account=AdAccountRef(id="2"),
    )  # fmt: skip
    Pixel.objects.create(team=rival, connection=theirs, ad_account=theirs.ad_accounts.get(), name="theirs")
    row("ours")
    assert names() == names(q="s") == ["ours"]


def test_sorting(names, row, team):
    a, b = (Website.objects.create(team=team, name=name, url="https://x.example") for name in "ab")
    row("2", "xandr", website=a, lifecycle="live")
    row("1", "easyflow", website=b)
    row("3", "pitchtarget", website=a, lifecycle="failed")
    assert names(sort="name") == ["1", "2", "3"]
    assert names(sort="-name") == ["3", "2", "1"]
    assert names(sort="provider") == ["1", "3", "2"]
    assert names(sort="website") == ["2", "3", "1"]
    assert names(sort="state") == ["3", "2", "1"]
    assert names(sort="created") == ["2", "1", "3"]
    assert names() == names(sort="-created") == ["3", "1", "2"]


@pytest.mark.parametrize("sort", ["name", "-name", "provider", "-website", "state", "created"])
def test_pages_hold_each_pixel_once_however_much_is_equal(listed, row, sort, monkeypatch):
    monkeypatch.setattr("pixels.views.pixel_list.PER_PAGE", 7)
    first = row("same")
    same = [
        Pixel(team=first.team, connection=first.connection, ad_account=first.ad_account, name="same") for _ in range(29)
    ]
    Pixel.objects.bulk_create(same)
    Pixel.objects.update(created_at=timezone.now() - timedelta(days=1))
    seen = [pixel.pk for page in range(1, 6) for pixel in listed(sort=sort, page=page)]
    assert len(seen) == len(set(seen)) == 30


def test_a_website_list_and_connection_list_keep_their_order(browser_of, vera, at, team, connect):
    for name in ("c", "a", "b"):
        Website.objects.create(team=team, name=name, url="https://x.example")
    made = [connect("xandr"), connect("easyflow"), connect("pitchtarget")]
    window = browser_of(vera)
    assert [w.name for w in window.get(at("website_list")).context["page_obj"]] == ["a", "b", "c"]
    assert list(window.get(at("connection_list")).context["connections"]) == made
    assert [row.connection for row in window.get(at("overview")).context["connections"]] == made
    assert window.get(at("website_list")).context["page_obj"].paginator.object_list.ordered
    assert window.get(at("connection_list")).context["connections"].ordered


def test_the_three_kinds_of_nothing(browser_of, vera, bob, at, xandr, promise, sandbox):
    window = browser_of(bob)
    assert "No pixels yet" in Page.of(window.get(at("pixel_list"))).text
    promise(xandr)
    text = Page.of(window.get(at("pixel_list"), {"q": "nowhere"})).text
    assert "No pixel matches" in text
    assert "nowhere" in text
    assert "Clear filters" in text


def test_a_remote_id_can_be_copied_from_the_list(browser_of, vera, at, row):
    row("one", lifecycle="live", remote_id="60143</script>")
    page = Page.of(browser_of(vera).get(at("pixel_list")))
    [script] = [name for name in page.scripts if name.startswith("copy-")]
    assert page.data(script) == "60143</script>"


def test_what_needs_you_is_counted_on_the_overview_and_leads_to_the_list(browser_of, vera, at, row, names):
    row("drifted", lifecycle="live", remote_status="drifted")
    row("failed", lifecycle="failed"), row("unknown", lifecycle="unknown"), row("unknown too", lifecycle="unknown")
    row("deleted", lifecycle="deleted", remote_id="8")
    response = browser_of(vera).get(at("overview"))
    links = (re.search(r'state=(\w+)">(\d+) pixel', need.sentence) for need in response.context["needs"])
    needs = {link[1]: int(link[2]) for link in links}
    assert needs == {"unknown": 2, "failed": 1, "drifted": 1}
    for state, count in needs.items():
        assert len(names(state=state)) == count
    assert response.context["state"] == "0 of 4 pixels live"
    [row_of_connection] = response.context["connections"]
    assert row_of_connection.pixels == "4 pixels"


PAGES = ["overview", "pixel_list", "website_list", "connection_list", "activity"]


@pytest.mark.parametrize("name", PAGES)
def test_the_number_of_queries_does_not_grow_with_the_rows(browser_of, vera, bob, at, connect, team, name):
    window = browser_of(vera)

    def fill(number):
        for n in range(number):
            connection = connect(["xandr", "pitchtarget", "easyflow"][n % 3])
            website = Website.objects.create(team=team, name=f"{number} {n}", url="https://x.example")
            Pixel.objects.create(
                team=team, connection=connection, ad_account=connection.ad_accounts.get(), website=website,
                name=f"{n}", remote_id=str(n), lifecycle="live", created_by=bob,
            )  # fmt: skip

    def queries():
        with CaptureQueriesContext(database) as captured:
            assert window.get(at(name)).status_code == 200
        return [re.sub(r"\d+", "", query["sql"])[:60] for query in captured]

    fill(2)
    queries()  # the first page of a browser also reads its session
    few = queries()
    fill(10)
    many = queries()
    assert len(many) == len(few), set(many) - set(few)
    assert len(many) <= 15


def test_a_page_of_a_pixel_or_a_connection_takes_few_queries(
    browser_of, vera, at, xandr, live, sync, sandbox, django_assert_max_num_queries
):
    pixel = live(xandr)
    for _ in range(5):
        sync(xandr)
    window = browser_of(vera)
    for address in (at("pixel", pixel), at("connection", xandr)):
        window.get(address)
        with django_assert_max_num_queries(15):
            window.get(address)
