"""What waits, why, and when it goes on: shown on the pixel's page, the connection's and the overview."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from pixels.messages import connection_sentence, error_sentence
from pixels.models import Connection, Operation, SyncRun
from pixels.services import connections
from tests.pixels.conftest import CREDENTIALS
from tests.pixels.page import Page
from tests.pixels.said import literal


@pytest.fixture
def shown(browser_of, bob, at):
    """A page as bob, an editor, or somebody else sees it."""

    def read(name, *args, user=bob):
        return Page.of(browser_of(user).get(at(name, *args)))

    return read


@pytest.fixture
def xandr(connect, sandbox, carry_out):
    """A connection that was tested and works."""
    connection = connect("xandr")
    carry_out()
    return Connection.objects.get(pk=connection.pk)


@pytest.fixture
def down(xandr, promise, carry_out, settings, free_address):
    """A connection to Xandr, which is away, with one waiting change."""
    promise(xandr, "First")
    settings.CIRCUIT_FAILURES = 1
    back, settings.SANDBOX_URL = settings.SANDBOX_URL, free_address
    carry_out()
    settings.SANDBOX_URL = back
    xandr.refresh_from_db()
    assert xandr.is_down
    return xandr


def ago(**length):
    return timezone.now() - timedelta(**length)


# -- A limit ------------------------------------------------------------------------------------------------


def test_a_pixel_that_waits_for_a_limit_says_so(xandr, promise, carry_out, shown, settings):
    settings.XANDR_WRITES = 1
    first, second = promise(xandr, "First"), promise(xandr, "Second")
    carry_out()
    first.refresh_from_db(), second.refresh_from_db()
    assert (first.lifecycle, second.lifecycle) == ("live", "queued")
    page = shown("pixel", second)
    assert error_sentence(Operation.objects.get(pixel=second)) in page.text
    assert "PixelHub allows itself 1 change in 60 seconds at Xandr" in page.text
    assert "Goes on in" in page.text
    assert 'class="banner banner-waiting"' in page.html
    assert 'role="alert"' not in page.html


def test_an_earlier_error_gives_way_to_what_is_waited_for(xandr, promise, shown):
    pixel = promise(xandr)
    type(pixel).objects.update(error_code="not_sent", **literal("Xandr is not reachable."), error_at=ago(minutes=1))
    waits = {"error_code": "waiting", **literal("Xandr asks us to wait.")}
    Operation.objects.update(not_before=timezone.now() + timedelta(minutes=3), **waits)
    page = shown("pixel", pixel)
    assert "Xandr asks us to wait. Goes on in 2 min" in page.text
    assert "Xandr is not reachable." not in page.text
    Operation.objects.update(not_before=ago(seconds=5))
    assert "Goes on in a moment" in shown("pixel", pixel).text
    Operation.objects.update(state="in_flight")
    assert "asks us to wait" not in shown("pixel", pixel).text


def test_the_page_follows_the_wait_down(xandr, promise, browser_of, vera, at, monkeypatch):
    pixel = promise(xandr)
    waits = {"error_code": "waiting", **literal("Xandr asks us to wait.")}
    Operation.objects.update(not_before=timezone.now() + timedelta(seconds=170), **waits)
    browser, now = browser_of(vera), timezone.now
    html = browser.get(at("pixel", pixel)).content.decode()
    assert "Goes on in 2 min" in Page(html).text
    [address] = re.findall(r'hx-get="([^"]+)" hx-trigger="every', html)
    assert browser.get(address, HTTP_HX_REQUEST="true").status_code == 204
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(seconds=60))
    assert "Goes on in 1 min" in Page.of(browser.get(address, HTTP_HX_REQUEST="true")).text


# -- A provider that does not answer ------------------------------------------------------------------------


def test_a_queued_pixel_says_since_when_its_provider_is_away(down, shown):
    pixel = down.pixels.get()
    page = shown("pixel", pixel)
    assert f"Xandr has not been reachable since {timezone.localtime(down.down_since):%H:%M}" in page.text
    assert "Next try in" in page.text
    assert page.html.count("Next try") == 1  # not the operation's own as well
    Connection.objects.update(circuit_open_until=ago(seconds=1))
    assert "Next try in a moment" in shown("pixel", pixel).text


def test_a_pixel_that_may_exist_is_shown_as_such_during_an_outage(down, shown):
    pixel = down.pixels.get()
    type(pixel).objects.update(lifecycle="checking", error_code="no_answer", **literal("Xandr did not answer."))
    Operation.objects.update(state="unconfirmed", sent_at=Now())
    text = shown("pixel", pixel).text
    assert "Xandr has not been reachable since" in text
    assert "Checking whether it was created" in text


def test_the_connection_says_what_waits_and_that_it_goes_on_by_itself(down, shown, alice, vera):
    page = shown("connection", down, user=alice)
    assert f"Not reachable since {timezone.localtime(down.down_since):%H:%M}" in page.text
    assert "it goes on by itself" in page.text
    assert "1 change waits" in page.text
    assert "Test and resume" in page.text
    assert "Test and resume" not in shown("connection", down, user=vera).text


def test_the_overview_names_it(down, shown):
    page = shown("overview")
    assert "Needs you" in page.text
    assert f"has not answered since {timezone.localtime(down.down_since):%H:%M}" in page.text


def test_a_test_that_reaches_it_resumes_its_work(down, alice, browser_of, at, carry_out, shown):
    browser_of(alice).post(at("connection_test", down))
    assert "Test and resume" not in shown("connection", down, user=alice).text  # it is being tested
    carry_out()  # the test
    assert "Not reachable" not in shown("connection", down).text
    assert "Not reachable" not in shown("overview").text
    carry_out()  # the change
    assert down.pixels.get().lifecycle == "live"


def test_the_page_of_a_waiting_pixel_refreshes_itself(down, browser_of, vera, at, no_wait, carry_out):
    browser = browser_of(vera)
    html = browser.get(at("connection", down)).content.decode()
    [(address, every)] = re.findall(r'hx-get="([^"]+)" hx-trigger="every (\d+)s"', html)
    assert every == "10"
    assert browser.get(address, HTTP_HX_REQUEST="true").status_code == 204
    no_wait()
    carry_out()
    assert "Not reachable" not in Page.of(browser.get(address, HTTP_HX_REQUEST="true")).text


# -- Refused credentials ------------------------------------------------------------------------------------


def test_a_paused_connection_says_why_and_what_to_do(connect, sandbox, carry_out, shown, alice, vera):
    connection = connect("xandr", credentials={"username": "sandbox", "password": "wrong"})
    carry_out()
    connection.refresh_from_db()
    assert connection.paused_at
    page = shown("connection", connection, user=alice)
    assert "Paused" in page.text
    assert page.text.count(connection_sentence(connection)) == 1
    assert "Nothing is sent meanwhile." in page.text
    assert "Test and resume" in page.text and "Replace credentials" in page.text
    for_vera = shown("connection", connection, user=vera).text
    assert "Test and resume" not in for_vera and "Replace credentials" not in for_vera


def test_without_a_test_of_credentials_new_ones_resume_the_connection(
    connect, sandbox, carry_out, promise, shown, alice, bob, browser_of, at
):
    connection = connect("easyflow", credentials={"api_key": "sandbox-key", "api_secret": "wrong"})
    carry_out()
    pixel = promise(connection)
    carry_out()
    page = shown("connection", connection, user=alice)
    assert "Paused" in page.text and "1 change waits" in page.text
    assert "Test and resume" not in page.text
    assert page.text.count("Replace credentials") == 1
    connection.refresh_from_db()
    of_pixel = shown("pixel", pixel)
    assert "Its connection is paused" in of_pixel.text and connection_sentence(connection) in of_pixel.text
    assert connection_sentence(connection) in shown("overview").text
    browser_of(alice).post(at("connection_credentials", connection), CREDENTIALS["easyflow"])
    assert "These credentials are being tested." in shown("connection", connection).text
    carry_out()
    carry_out()
    assert "Paused" not in shown("connection", connection).text
    pixel.refresh_from_db()
    assert pixel.lifecycle == "live"


def test_a_disconnected_connection_offers_new_credentials_and_no_pause(connect, sandbox, carry_out, alice, shown):
    connection = connect("easyflow")
    Connection.objects.update(paused_at=timezone.now(), test="refused")
    connections.disconnect(connection, alice)
    page = shown("connection", connection, user=alice)
    assert page.text.count("Replace credentials") == 1
    assert "Paused" not in page.text


# -- Nobody works -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "connection_facts", "delayed"),
    [
        ({"created_at": -30}, {}, False),
        ({"created_at": -70}, {}, True),
        ({"created_at": -700, "not_before": -70}, {}, True),
        ({"created_at": -700, "not_before": -30}, {}, False),
        ({"created_at": -700, "not_before": 300}, {}, False),
        ({"created_at": -700, "state": "in_flight"}, {}, False),
        ({"created_at": -700}, {"drain_lease_until": 20}, False),
        ({"created_at": -700}, {"paused_at": -900}, False),
        ({"created_at": -700}, {"down_since": -900, "circuit_open_until": 20}, False),
    ],
)
def test_work_that_is_due_and_that_nobody_takes(xandr, promise, shown, facts, connection_facts, delayed):
    pixel = promise(xandr)

    def at_moments(values):
        now = timezone.now()
        return {key: now + timedelta(seconds=one) if isinstance(one, int) else one for key, one in values.items()}

    Operation.objects.update(**at_moments(facts))
    Connection.objects.update(**at_moments(connection_facts))
    page = shown("pixel", pixel)
    assert ("Background work is delayed" in page.text) is delayed


def test_a_change_behind_others_is_in_line(xandr, live, promise, shown):
    live(xandr, "Sent a moment ago")
    pixel = promise(xandr)
    Operation.objects.filter(pixel=pixel).update(created_at=ago(minutes=5))
    assert "In line" in shown("pixel", pixel).text
    Operation.objects.exclude(pixel=pixel).update(finished_at=ago(minutes=2))
    assert "Background work is delayed" in shown("pixel", pixel).text


def test_delayed_work_is_shown_without_a_reload(xandr, promise, browser_of, vera, at):
    pixel = promise(xandr)
    browser = browser_of(vera)
    [address] = re.findall(r'hx-get="([^"]+)" hx-trigger="every', browser.get(at("pixel", pixel)).content.decode())
    Operation.objects.update(created_at=ago(seconds=61))
    assert "Background work is delayed" in Page.of(browser.get(address, HTTP_HX_REQUEST="true")).text


def test_tests_and_syncs_that_do_not_begin_are_shown_as_delayed(xandr, shown):
    says = "Background work is delayed"
    Connection.objects.update(test="testing", test_requested_at=ago(seconds=30))
    assert says not in shown("connection", xandr).text
    Connection.objects.update(test_requested_at=ago(seconds=70))
    assert says in shown("connection", xandr).text
    Connection.objects.update(test_lease_until=timezone.now() + timedelta(seconds=20))
    assert says not in shown("connection", xandr).text
    Connection.objects.update(test="works")
    run = connections.sync_now(xandr, None)
    assert says not in shown("connection", xandr).text
    SyncRun.objects.update(created_at=ago(seconds=70))
    assert says in shown("connection", xandr).text
    for begun in ({"state": "running", "started_at": run.created_at}, {"state": "queued"}):
        SyncRun.objects.update(**begun)
        assert says not in shown("connection", xandr).text
    SyncRun.objects.update(not_before=ago(seconds=70))
    assert says in shown("connection", xandr).text


def test_no_page_asks_the_broker(down, shown, monkeypatch):
    """The rows show whether work is delayed."""

    def refuse(*args, **more):
        raise AssertionError("a page talked to the broker")

    monkeypatch.setattr("kombu.Connection.connect", refuse)
    monkeypatch.setattr("kombu.Connection.ensure_connection", refuse)
    Operation.objects.update(created_at=ago(minutes=5))
    shown("pixel", down.pixels.get()), shown("connection", down), shown("overview")
