"""Xandr refuses a log-in (password expired, user disabled): the connection pauses, and its operations wait."""

import pytest

from pixels.models import Operation, Pixel
from pixels.services import connections
from tests.pixels.conftest import CREDENTIALS
from tests.pixels.page import Page

OVER = {"username": "expired", "password": "sandbox"}
GOOD = {"username": "sandbox", "password": "sandbox"}


@pytest.fixture
def xandr(connect, sandbox, carry_out, alice):
    """A connection that worked until its password expired."""
    connection = connect("xandr")
    carry_out()
    connection.credential.put(OVER, alice)
    connection.credential.save()
    return connection


def test_work_waits_and_nothing_is_sent(xandr, promise, carry_out, sandbox):
    pixel = promise(xandr)
    carry_out()
    xandr.refresh_from_db()
    pixel.refresh_from_db()
    assert xandr.paused_at and xandr.test == "refused"
    operation = Operation.objects.get()
    assert (operation.state, operation.sent_at, pixel.lifecycle) == ("pending", None, "queued")
    asked = sandbox.asked("xandr", "auth")
    for _ in range(3):
        carry_out()
    assert sandbox.asked("xandr", "auth") == asked  # no log-in storm
    assert sandbox.asked("xandr", "create") == 0


def test_people_read_why_and_how_to_go_on(xandr, promise, carry_out, browser_of, alice, at):
    pixel = promise(xandr)
    carry_out()
    page = Page.of(browser_of(alice).get(at("connection", xandr)))
    assert "Paused" in page.text
    assert "the password has expired" in page.text
    assert "1 change waits" in page.text
    assert "Test and resume" in page.text
    assert "Waiting for the connection" in Page.of(browser_of(alice).get(at("pixel", pixel))).text


def test_after_new_credentials_waiting_work_goes_on(xandr, promise, carry_out, sandbox, alice):
    pixel = promise(xandr)
    carry_out()
    connections.replace_credentials(xandr, alice, GOOD)
    carry_out()  # the test succeeds and resumes it
    xandr.refresh_from_db()
    assert (xandr.paused_at, xandr.test) == (None, "works")
    carry_out()
    pixel.refresh_from_db()
    assert pixel.lifecycle == "live"
    assert len(sandbox.held("xandr", "2")) == 1


def test_a_test_that_fails_again_leaves_it_paused(xandr, promise, carry_out):
    promise(xandr)
    carry_out()
    connections.test_connection(xandr)
    carry_out()
    xandr.refresh_from_db()
    assert xandr.paused_at and xandr.test == "refused"


@pytest.mark.parametrize("provider", ["easyflow", "pitchtarget", "xandr"])
def test_any_refused_key_pauses_and_new_ones_send_what_waits(
    connect, promise, sandbox, carry_out, no_wait, alice, provider
):
    right = CREDENTIALS[provider]
    connection = connect(provider, credentials=dict.fromkeys(right, "wrong"))
    promised = [promise(connection, name) for name in ("One", "Two")]
    carry_out()
    carry_out()
    connection.refresh_from_db()
    assert connection.test == "refused" and connection.paused_at
    assert {pixel.lifecycle for pixel in Pixel.objects.all()} == {"queued"}
    assert sandbox.held(provider) == []
    connections.replace_credentials(connection, alice, right)
    carry_out()  # the test
    no_wait()
    carry_out()
    connection.refresh_from_db()
    assert connection.paused_at is None
    assert {pixel.lifecycle for pixel in Pixel.objects.all()} == {"live"}
    assert len(sandbox.held(provider)) == len(promised)
