"""The history of a connection's syncs: what each has read, and how long it took; and progress of the one under way."""

import re
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pixels.messages import error_sentence
from pixels.models import SyncRun
from pixels.reconcile import pull
from pixels.reconcile.runs import open_run
from pixels.services import connections
from pixels.templatetags.times import span
from tests.pixels.elsewhere import at_xandr
from tests.pixels.page import Page
from tests.pixels.said import literal


@pytest.fixture
def shown(browser_of, vera, at):
    def read(connection):
        return Page.of(browser_of(vera).get(at("connection", connection)))

    return read


@pytest.fixture
def ended(xandr):
    """A function that makes a finished run with these facts."""

    def make(seconds=4.0, **facts):
        begun = timezone.now() - timedelta(hours=1)
        facts = {"state": "done", "started_at": begun, "finished_at": begun + timedelta(seconds=seconds)} | facts
        return SyncRun.objects.create(team=xandr.team, connection=xandr, **facts)

    return make


def cells(page):
    """The newest run's row in the table, by the names of its columns."""
    row = re.search(r"<tbody>.*?<tr>(.*?)</tr>", page.html, re.S)[1]
    found = re.findall(r'<td data-label="([^"]+)"[^>]*>(.*?)</td>', row, re.S)
    return {label: Page(html).text for label, html in found}


def test_a_run_in_one_line(xandr, ended, shown, alice):
    facts = {"pages": 231, "seen": 23002, "created": 1200, "updated": 3, "unchanged": 21799, "missing": 2}
    ended(252.4, waits=3, waited=120.2, requested_by=alice, **facts)
    found = cells(shown(xandr))
    assert found["Started"].endswith("Full list")
    assert found["Took"] == "4 min 12 s waited 3 times, 2 min"
    assert found["Read"] == "23,002 231 pages"
    assert [found[name] for name in ("New", "Changed", "Unchanged", "Not in list")] == ["1,200", "3", "21,799", "2"]
    assert found["Asked by"] == str(alice)


def test_the_history_tells_incremental_syncs_from_full_ones(xandr, sandbox, sync, shown):
    sandbox.seed("xandr", [at_xandr(1, last_modified="2026-11-01 10:00:00")])
    sync(xandr)
    assert cells(shown(xandr))["Started"].endswith("Full list")
    pull.pull(open_run(xandr, full=False).pk)
    found = cells(shown(xandr))
    assert found["Started"].endswith("Changes only")
    assert found["Status"] == "Done"
    assert found["Took"] != "—"


def test_the_history_shows_an_error_as_a_sentence(xandr, ended, shown):
    ended(state="failed", **literal("Xandr is not reachable."), error_provider_message="upstream <b>reset</b>")
    page = shown(xandr)
    assert cells(page)["Status"] == "Failed Xandr is not reachable. “upstream <b>reset</b>”"
    assert "<b>reset" not in page.html


def test_while_it_waits_it_says_until_when_and_not_how_often(xandr, sandbox, shown, settings):
    settings.XANDR_READS = 2
    sandbox.seed("xandr", [at_xandr(number) for number in range(1, 500)])
    run = connections.sync_now(xandr, None)
    pull.pull(run.pk)
    run.refresh_from_db()
    assert run.is_waiting
    page = shown(xandr)
    assert f"{error_sentence(run)} Resumes in" in page.text
    assert page.text.count(error_sentence(run)) == 1
    assert (cells(page)["Status"], cells(page)["Took"]) == ("Waiting", "—")
    SyncRun.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    assert "Resumes in a moment" in shown(xandr).text


def test_the_bar_moves_with_what_was_read(xandr, sandbox, browser_of, vera, at):
    connections.sync_now(xandr, None)
    SyncRun.objects.update(state="running", started_at=timezone.now())
    browser = browser_of(vera)
    html = browser.get(at("connection", xandr)).content.decode()
    for counts in ({"seen": 100, "total": 250, "pages": 1}, {"seen": 200, "pages": 2}, {"created": 7}, {"updated": 9}):
        [address] = re.findall(r'hx-get="([^"]+)" hx-trigger="every 1s"', html)
        assert browser.get(address, HTTP_HX_REQUEST="true").status_code == 204
        SyncRun.objects.update(**counts)
        answer = browser.get(address, HTTP_HX_REQUEST="true")
        assert answer.status_code == 200
        html = answer.content.decode()
    bar = " ".join(re.search(r"<progress(.*?)>", html, re.S)[1].split())
    assert bar == 'value="200" max="250" aria-label="Pixels read"'
    assert "200 of 250 pixels read" in Page(html).text
    assert cells(Page(html))["Changed"] == "9"


def test_many_runs_take_no_more_queries_than_one_and_leave_out_what_was_seen(xandr, ended, browser_of, alice, at):
    browser, counts = browser_of(alice), []
    for number in (1, 14):
        for _ in range(number):
            ended(requested_by=alice)
        with CaptureQueriesContext(database) as queries:
            assert browser.get(at("connection", xandr)).status_code == 200
        counts.append(len(queries))
        assert not any("seen_ids" in query["sql"] for query in queries)
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("seconds", "reads"),
    [
        (None, "—"),
        (0.2, "under 1 s"),
        (1, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (252, "4 min 12 s"),
        (3600, "1 h"),
        (3725, "1 h 2 min"),
        (timedelta(hours=30, seconds=5), "30 h"),
    ],
)
def test_how_long_reads_in_two_units(seconds, reads):
    assert span(seconds) == reads
