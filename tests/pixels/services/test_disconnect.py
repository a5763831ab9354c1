"""Disconnecting deletes the credentials, names and cancels open work, and keeps the rows."""

import pytest

from accounts.models import Activity
from pixels.messages import error_sentence
from pixels.models import Connection, Credential, Operation, Pixel, SyncRun
from pixels.outbox import claim, deliver
from pixels.reconcile import connection_test, pull, runs
from pixels.services import connections, pixels
from tests.pixels.page import Page


@pytest.fixture
def disconnect(browser_of, alice, at):
    return lambda connection: browser_of(alice).post(at("connection_disconnect", connection), follow=True)


def test_open_work_is_named_before_and_cancelled_after(
    browser_of, alice, at, xandr, live, promise, disconnect, carry_out, sandbox
):
    there = live(xandr, "There")
    waiting, half_done = promise(xandr, "Waiting"), there
    pixels.set_state(half_done, alice, active=False)

    question = Page.of(browser_of(alice).get(at("connection_disconnect", xandr))).text
    assert "2 waiting changes will be cancelled" in question
    assert "Create Waiting" in question
    assert "Update There" in question

    answer = Page.of(disconnect(xandr)).text
    assert "2 waiting changes were cancelled" in answer
    assert not Credential.objects.exists()
    assert {o.state for o in Operation.objects.exclude(pixel=there, kind="create")} == {"cancelled"}
    assert Pixel.objects.count() == 2
    waiting.refresh_from_db(), there.refresh_from_db()
    assert (waiting.lifecycle, there.lifecycle, there.remote_id != "") == ("failed", "live", True)
    assert "disconnected" in error_sentence(waiting)
    assert claim.due(10) == []
    carry_out()
    assert len(sandbox.held("xandr")) == 1
    assert sandbox.held("xandr")[0]["state"] == "active"
    assert Activity.objects.filter(code="pixel.work_cancelled").count() == 2
    assert Activity.objects.filter(code="connection.disconnected", kind="connection").count() == 1


def test_nothing_more_is_tested_synced_or_created_over_it(browser_of, alice, at, xandr, new_pixel, disconnect, sandbox):
    disconnect(xandr)
    browser = browser_of(alice)
    browser.post(at("connection_test", xandr))
    browser.post(at("connection_sync", xandr))
    assert runs.schedule(10) == []
    assert connection_test.due(10) == []
    assert not SyncRun.objects.exists()
    assert "connection" in Page.of(browser.get(new_pixel.url)).text.lower()
    assert browser.post(new_pixel.url, {"connection": xandr.pk, "name": "x"}).status_code == 200
    assert not Pixel.objects.exists()


def test_a_page_about_it_does_not_wait_for_a_test_that_never_comes(browser_of, alice, at, xandr, disconnect, sandbox):
    assert xandr.test == "testing"
    disconnect(xandr)
    assert b"every 1s" not in browser_of(alice).get(at("connection", xandr)).content


def test_a_queued_sync_ends(xandr, alice, disconnect, sandbox):
    run = connections.sync_now(xandr, alice)
    disconnect(xandr)
    run.refresh_from_db()
    assert (run.state, error_sentence(run)) == ("failed", "The connection was disconnected.")


def test_new_credentials_bring_it_back_and_its_work_can_be_retried(
    xandr, promise, alice, bob, disconnect, carry_out, sandbox
):
    pixel = promise(xandr)
    disconnect(xandr)
    pixel.refresh_from_db()
    xandr = Connection.objects.get()
    with pytest.raises(pixels.RuleViolation):
        pixels.retry(Pixel.objects.get(), bob)
    connections.replace_credentials(xandr, alice, {"username": "sandbox", "password": "sandbox"})
    pixels.retry(Pixel.objects.get(), bob)
    carry_out()
    pixel.refresh_from_db()
    assert pixel.lifecycle == "live"
    assert len(sandbox.held("xandr")) == 1


def test_without_credentials_nothing_is_sent_and_nothing_becomes_unknown(xandr, promise, sandbox):
    """The credentials are deleted after a worker has claimed the operation."""
    promise(xandr)
    [due] = claim.due(1)
    Credential.objects.all().delete()
    deliver.deliver(due)
    assert sandbox.ask("GET", "requests")["requests"] == {}
    assert Pixel.objects.get().lifecycle == "queued"
    operation = Operation.objects.get()
    assert (operation.state, operation.sent_at) == ("pending", None)


def test_a_disconnected_connection_is_no_traceback_for_a_late_task(xandr, alice, sandbox):
    run = connections.sync_now(xandr, alice)
    Credential.objects.all().delete()
    connection_test.check(xandr.pk)
    pull.pull(run.pk)
    run.refresh_from_db()
    xandr.refresh_from_db()
    assert (run.state, xandr.test) == ("failed", "refused")


def test_a_pixel_that_can_no_longer_be_looked_up_can_be_archived(xandr, promise, sandbox, alice, browser_of, at):
    pixel = promise(xandr, "Lost", options={"code": "lost"})
    sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": "create", "fault": "drop"})
    deliver.drain(xandr.pk, 60)
    browser = browser_of(alice)
    assert at("pixel_archive", pixel) not in browser.get(at("pixel", pixel)).content.decode()
    connections.disconnect(xandr, alice)
    assert at("pixel_archive", pixel) in browser.get(at("pixel", pixel)).content.decode()
    browser.post(at("pixel_archive", pixel))
    pixel.refresh_from_db()
    assert pixel.archived_at and pixel.lifecycle == "checking"
