"""A list of a hundred thousand pixels: read from an index, paged from both ends, counted up to a limit."""

import itertools
import random
import re

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Team
from pixels.forms.filters import SORTS
from pixels.models import AdAccount, Connection, Pixel, Website
from tests.pixels.page import Page


@pytest.fixture
def connections(connect):
    return [connect("xandr"), connect("easyflow")]


@pytest.fixture
def fill(team, connections):
    """Insert rows as a pull does: many at the same moment, names in no order."""

    def make(number, name="Pixel", **fields):
        accounts = [connection.ad_accounts.get() for connection in connections]
        sites = [Website.objects.create(team=team, name=f"{name} {n}", url="https://x.example") for n in range(2)]
        rows = [
            Pixel(
                team=team, connection=connections[n % 2], ad_account=accounts[n % 2], name=f"{name} {n * 7 % 10}",
                website=[*sites, None][n % 3], remote_id=f"{name}{n}", **({"lifecycle": "live"} | fields),
            )
            for n in range(number)
        ]  # fmt: skip
        Pixel.objects.bulk_create(rows)
        now = timezone.now()
        for n, row in enumerate(rows):
            Pixel.objects.filter(pk=row.pk).update(created_at=now - timezone.timedelta(hours=n // 5))
        return rows

    return make


@pytest.fixture
def window(browser_of, vera):
    return browser_of(vera)


@pytest.mark.parametrize("sort", SORTS)
def test_the_pages_together_are_the_list_in_its_order(window, at, fill, sort, monkeypatch):
    fill(24)
    whole = [pixel.pk for pixel in window.get(at("pixel_list"), {"sort": sort}).context["page_obj"]]
    monkeypatch.setattr("pixels.views.pixel_list.PER_PAGE", 5)
    pages = [window.get(at("pixel_list"), {"sort": sort, "page": n}).context["page_obj"] for n in range(1, 6)]
    assert [pixel.pk for page in pages for pixel in page] == whole
    assert [len(page) for page in pages] == [5, 5, 5, 5, 4]
    assert list(window.get(at("pixel_list"), {"sort": sort, "page": 10**6}).context["page_obj"]) == list(pages[-1])


def test_what_came_in_together_is_listed_newest_first_as_well(window, at, fill):
    rows = fill(10)
    Pixel.objects.update(created_at=timezone.now())
    listed = [pixel.pk for pixel in window.get(at("pixel_list")).context["page_obj"]]
    assert listed == sorted((row.pk for row in rows), reverse=True)


def test_the_list_is_counted_exactly(window, at, fill, charlie, connect, monkeypatch):
    monkeypatch.setattr("pixels.views.pages.COUNTED_TO", 3)
    rows = fill(10)
    Pixel.objects.filter(pk=rows[0].pk).update(lifecycle="deleted")
    Pixel.objects.filter(pk=rows[1].pk).update(archived_at=timezone.now())
    rival = Team.objects.get(slug="rival")
    theirs = Connection.objects.create(team=rival, provider="xandr", environment="sandbox")
    account = AdAccount.objects.create(connection=theirs, remote_id="2")
    Pixel.objects.create(team=rival, connection=theirs, ad_account=account, name="theirs")
    response = window.get(at("pixel_list"))
    assert response.context["page_obj"].paginator.count == len(response.context["page_obj"]) == 8
    assert "1–8 of 8" in Page.of(response).text


@pytest.fixture
def pager(window, at, monkeypatch):
    """What stands below the list, with pages of five and a search counted to ten."""
    monkeypatch.setattr("pixels.views.pixel_list.PER_PAGE", 5)
    monkeypatch.setattr("pixels.views.pages.COUNTED_TO", 10)

    def read(**query):
        response = window.get(at("pixel_list"), query)
        html = response.content.decode()
        [nav] = re.findall(r'<nav class="pager".*?</nav>', html, re.S)
        return " ".join(re.sub(r"<[^>]+>", " ", nav).split()), [pixel.name for pixel in response.context["page_obj"]]

    return read


def test_a_search_says_how_far_it_counted(pager, fill):
    fill(13, "Shoes"), fill(2, "Boots")
    assert pager(q="shoe")[0] == "1–5 of 10+ Page 1 Next"
    assert pager(q="shoe", page=2)[0] == "6–10 of 10+ Previous Page 2 Next"
    assert pager(q="shoe", page=3)[0] == "11–13 of 13 Previous Page 3 of 3"
    assert pager(q="shoe", page=99)[0] == "11–13 of 13 Previous Page 3 of 3"
    assert pager(q="boots")[0] == "1–2 of 2"
    assert pager()[0] == "1–5 of 15 Page 1 of 3 Next"


def test_a_search_with_exactly_as_many_hits_as_it_counts_has_no_more(pager, fill):
    fill(10)
    assert pager(q="pixel")[0] == "1–5 of 10 Page 1 of 2 Next"
    assert pager(q="pixel", page=2)[0] == "6–10 of 10 Previous Page 2 of 2"


def test_the_pages_of_a_search_are_the_whole_search(pager, fill):
    fill(23, "Shoes"), fill(5, "Boots")
    found = [name for page in range(1, 6) for name in pager(q="SHOES", sort="name", page=page)[1]]
    assert found == sorted(f"Shoes {n * 7 % 10}" for n in range(23))


NAMES = ["100% off", "100 off", "a_b", "axb", "back\\slash", "it's", 'say "hi"', "Größe", "Ελλάδα", "日本語", "x", "Ab"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("100%", {"100% off"}), ("%", {"100% off"}), ("_", {"a_b"}), ("a_b", {"a_b"}), ("\\", {"back\\slash"}),
        ("'", {"it's"}), ('"', {'say "hi"'}), ("größe", {"Größe"}), ("öß", {"Größe"}), ("λλ", {"Ελλάδα"}),
        ("本", {"日本語"}), ("X", {"axb", "x"}), ("ab", {"Ab"}), ("0 O", {"100 off"}), ("% off", {"100% off"}),
        ("off off", set()), ("K", {"back\\slash"}),
    ],
)  # fmt: skip
def test_a_search_is_for_the_text_as_it_stands(window, at, fill, text, found):
    for n, (row, name) in enumerate(zip(fill(len(NAMES)), NAMES, strict=True)):
        Pixel.objects.filter(pk=row.pk).update(name=name, remote_id=f"#{n}", website=None)
    Website.objects.all().delete()
    assert {pixel.name for pixel in window.get(at("pixel_list"), {"q": text}).context["page_obj"]} == found


def test_a_search_does_not_run_from_the_name_into_the_remote_id(window, at, fill):
    fill(1, "ab")
    Pixel.objects.update(name="one", remote_id="two", website=None)
    assert not window.get(at("pixel_list"), {"q": "onetwo"}).context["page_obj"].object_list
    for text in ("e t", "e\nt", "one\ntwo", "ONE\nTWO"):
        assert not window.get(at("pixel_list"), {"q": text}).context["page_obj"].object_list


def test_a_search_for_two_lines_finds_a_name_of_two_lines(window, at, fill):
    fill(1)
    Pixel.objects.update(name="one\ntwo")
    assert window.get(at("pixel_list"), {"q": "E\nT"}).context["page_obj"].object_list


@pytest.mark.parametrize("text", ["ph-", "ph-0", "ph-f", "ph-" + "0" * 32, "ph-" + "f" * 33, "ffffffff", "00000000-0"])
def test_a_piece_of_a_reference_finds_what_begins_with_it(window, at, fill, text):
    ids = ["0" * 32, "0" * 31 + "1", "f" * 32, "f" * 31 + "e", "0f" * 16]
    for n, (row, uuid) in enumerate(zip(fill(len(ids)), ids, strict=True)):
        Pixel.objects.filter(pk=row.pk).update(id=uuid, name="x", remote_id=f"#{n}")
    start = text.removeprefix("ph-").replace("-", "")
    found = {pixel.pk.hex for pixel in window.get(at("pixel_list"), {"q": text}).context["page_obj"]}
    assert found == {uuid for uuid in ids if start and uuid.startswith(start)}


# -- States ------------------------------------------------------------------------------------------------------------

ODD = ("drifted", "absent", "gone", "duplicate")
EXPECTED = {
    "live": lambda p: p.lifecycle == "live" and not p.error_code and p.remote_status not in ODD,
    "waiting": lambda p: p.lifecycle in ("queued", "creating", "checking", "updating", "deleting"),
    "drifted": lambda p: p.lifecycle == "live" and p.remote_status == "drifted" and not p.error_code,
    "absent": lambda p: p.lifecycle == "live" and p.remote_status == "absent" and not p.error_code,
    "gone": lambda p: p.lifecycle == "live" and p.remote_status == "gone",
    "duplicate": lambda p: p.lifecycle == "live" and p.remote_status == "duplicate",
    "failed": lambda p: (
        p.lifecycle == "failed"
        or (p.lifecycle == "live" and p.error_code and p.remote_status not in ("gone", "duplicate"))
    ),
    "draft": lambda p: p.lifecycle == "draft",
    "unknown": lambda p: p.lifecycle == "unknown",
    "deleted": lambda p: p.lifecycle == "deleted",
}  # fmt: skip


def test_every_state_is_listed_and_counted_alike(window, at, team, connections, monkeypatch):
    monkeypatch.setattr("pixels.views.pixel_list.PER_PAGE", 1000)
    kinds = itertools.product(
        Pixel.Lifecycle.values, Pixel.RemoteStatus.values, ["", "refused"], [None, timezone.now()]
    )
    rows = [
        Pixel(
            team=team, connection=connections[n % 2], ad_account=connections[n % 2].ad_accounts.get(), name=str(n),
            remote_id=str(n), lifecycle=lifecycle, remote_status=remote, error_code=error, archived_at=archived,
        )
        for n, (lifecycle, remote, error, archived) in enumerate(kinds)
    ]  # fmt: skip
    Pixel.objects.bulk_create(rows)
    kept = [row for row in rows if not row.archived_at]
    overview = window.get(at("overview"))
    live, total, waiting = map(int, re.findall(r"\d+", overview.context["state"]))  # 8 of 90 pixels live, 5 under way
    shown = re.findall(r'\?state=(\w+)">(\d+) pixel', overview.content.decode())
    counts = {"live": live, "waiting": waiting, **{state: int(number) for state, number in shown}}
    assert counts.keys() == EXPECTED.keys() - {"draft", "deleted"}
    for state, belongs in EXPECTED.items():
        page = window.get(at("pixel_list"), {"state": state}).context["page_obj"]
        assert {pixel.pk for pixel in page} == {row.pk for row in kept if belongs(row)}, state
        assert page.paginator.count == len(page)
        assert counts.get(state, len(page)) == len(page), state
    archived = window.get(at("pixel_list"), {"state": "archived"}).context["page_obj"]
    assert {pixel.pk for pixel in archived} == {row.pk for row in rows if row.archived_at}
    there = [row for row in kept if row.lifecycle != "deleted"]
    assert total == len(there) == window.get(at("pixel_list")).context["page_obj"].paginator.count
    assert sum(row.connection.pixel_count for row in overview.context["connections"]) == len(there)


# -- Rows --------------------------------------------------------------------------------------------------------------


def test_each_row_shows_what_is_its_own(window, at, fill, team):
    rows = fill(4)
    changes = [
        {"remote_status": "drifted"},
        {"error_code": "x", "lifecycle": "failed"},
        {"remote_status": "drifted"},
        {},
    ]
    for n, (row, change) in enumerate(zip(rows, changes, strict=True)):
        Pixel.objects.filter(pk=row.pk).update(
            name=f"name {n}", created_at=timezone.now() - timezone.timedelta(hours=n + 2), **change
        )
    response = window.get(at("pixel_list"))
    cells = [re.sub(r"<[^>]+>", " ", row) for row in re.findall(r"<tr>(.*?)</tr>", response.content.decode(), re.S)[1:]]
    shown = [[f"name {n}", provider, f"{n + 2} h ago", badge] for n, (provider, badge) in enumerate(
        [("Xandr", "Drifted"), ("Easyflow", "Failed"), ("Xandr", "Drifted"), ("Easyflow", "Live")]
    )]  # fmt: skip
    for text, facts in zip(cells, shown, strict=True):
        assert all(fact in text for fact in facts), (text, facts)
    assert "Pixel 0" in cells[0] and "none" in cells[2]


def test_a_row_leads_to_its_pixel(window, at, fill):
    [row] = fill(1)
    [link] = re.findall(r'<td class="cell-name">.*?href="([^"]+)"', window.get(at("pixel_list")).content.decode())
    assert link == at("pixel", row)


def test_the_longest_names_fit_into_the_index(team, connections):
    """PostgreSQL's holds 2704 bytes a row: name and remote id twice, in four bytes a character and not to be packed."""
    draw = random.Random(5)
    signs = [chr(draw.randrange(0x20000, 0x2A6D6)) for _ in range(255 + 64)]
    pixel = Pixel.objects.create(
        team=team, connection=connections[0], ad_account=connections[0].ad_accounts.get(), name="".join(signs[:255]),
        remote_id="".join(signs[255:]), lifecycle="updating", remote_status="unverifiable", error_code="y" * 32,
        website=Website.objects.create(team=team, name="S", url="https://s.example"), archived_at=timezone.now(),
    )  # fmt: skip
    assert Pixel.objects.get(name__icontains="".join(signs[100:110])) == pixel


# -- Queries -----------------------------------------------------------------------------------------------------------

ASKED = [
    {}, {"page": 2}, {"page": 10**6}, {"sort": "name"}, {"sort": "created"}, {"sort": "-state"}, {"q": "pixel"},
    {"q": "nowhere"}, {"q": "ph-12"}, {"q": "Pixel 1", "sort": "name", "page": 2}, {"provider": "xandr"},
    {"state": "live"}, {"state": "failed"}, {"state": "archived"}, {"state": "deleted"},
]  # fmt: skip


@pytest.mark.parametrize("query", ASKED, ids=str)
def test_a_page_takes_few_queries(window, at, fill, query, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr("pixels.views.pixel_list.PER_PAGE", 5)
    fill(40)
    window.get(at("pixel_list"), query)
    with django_assert_max_num_queries(8):
        window.get(at("pixel_list"), query)


# PostgreSQL goes by the number of rows, and would read these few whole; the bench asks it at a hundred thousand.
only_sqlite = pytest.mark.skipif(database.vendor != "sqlite", reason="SQLite's plans do not depend on the rows")


@only_sqlite
@pytest.mark.parametrize("query", ASKED, ids=str)
def test_no_pixel_is_read_but_those_that_are_shown(window, at, fill, query, monkeypatch):
    """The index holds what is needed of the others; the few on the page are read by their ids."""
    monkeypatch.setattr("pixels.views.pixel_list.PER_PAGE", 5)
    fill(40)
    ways = _ways(lambda: window.get(at("pixel_list"), query))
    assert ways
    for way in ways:
        assert "COVERING INDEX pixel_" in way or "sqlite_autoindex_pixels_pixel_1 (id=?)" in way


@only_sqlite
def test_the_overview_reads_no_pixel(window, at, fill):
    fill(40)
    ways = [way for way in _ways(lambda: window.get(at("overview"))) if "sync_run" not in way]
    assert ways
    for way in ways:
        assert "COVERING INDEX pixel_of_connection" in way


def _ways(read):
    """How the database gets at pixels while it answers, one text for each time it does."""
    read()
    with CaptureQueriesContext(database) as asked:
        read()
    ways = []
    for sql in (one["sql"] for one in asked if '"pixels_pixel"' in one["sql"]):
        names = {"pixels_pixel", *(name for name in re.findall(r'"pixels_pixel"(?: (\w+))?', sql) if name)}
        with database.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            found = [row[3] for row in cursor]
        ways += [way for way in found if re.match(rf"(SCAN|SEARCH) ({'|'.join(names)})\b", way)]
    return ways
