"""After a create without a usable answer, nothing is simply sent again: it is looked up, or becomes unknown."""

import pytest

from pixels.messages import error_sentence
from pixels.models import Operation, Pixel
from pixels.outbox import claim, deliver
from pixels.providers.easyflow.client import Easyflow
from pixels.services import pixels
from tests.pixels.answers import LOGGED_IN, creates, script
from tests.pixels.conftest import EVENT, dies
from tests.pixels.page import Page
from tests.pixels.providers.loopback import breaks_off, drips, hangs_up, raw, resets, says, silent

PROVIDERS = list(EVENT)
FAULTS = {
    "500": says({"message": "Internal server error"}, 500),
    "502 of a gateway": says("<html>Bad gateway</html>", 502),
    "html": says("<!doctype html><title>Hello</title>"),
    "garbage": says(b"\xff\xfe\x00garbage"),
    "nothing": says(""),
    "empty json": says({}),
    "null": says("null"),
    "truncated": breaks_off,
    "truncated json": says('{"id": "60143'),
    "redirect": says("", 307, {"Location": "http://127.0.0.2:9/pixels"}),
    "hangs up": hangs_up,
    "reset": resets,
    "silence": silent,
    "slow drip of a body": drips(raw(200, b"", {"Content-Length": "100000"}), b" "),
    "slow drip of headers": drips(b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
    "no id": says({"statusCode": 200, "data": {"pixel": {"name": "Purchase"}}, "response": {"status": "OK"}}),
    "deep": says("[" * 5000 + "]" * 5000),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_create_without_a_usable_answer_is_unknown_and_sent_exactly_once(
    connect, promise, misbehaving, no_wait, provider, fault
):
    misbehaving.script = script(provider, FAULTS[fault])
    pixel = promise(connect(provider))  # at Xandr without a code, so that it cannot be looked up
    deliver.deliver(claim.due(10)[0])
    pixel.refresh_from_db()
    operation = Operation.objects.get()
    in_doubt = ("checking", "unconfirmed") if provider == "pitchtarget" else ("unknown", "unknown")
    assert (pixel.lifecycle, operation.state) == in_doubt
    assert error_sentence(pixel)
    assert claim.due(10) == []
    deliver.deliver(operation.pk)  # a message that comes late, or early
    no_wait()
    for due in claim.due(10):
        deliver.deliver(due)  # the look-up meets the same fault
    pixel.refresh_from_db()
    assert pixel.lifecycle == in_doubt[0]
    assert creates(misbehaving) == 1
    assert Operation.objects.count() == 1


def test_an_unknown_pixel_cannot_be_sent_again_but_archived(browser_of, bob, at, easyflow, promise, misbehaving):
    misbehaving.script = [says("", 500)]
    pixel = promise(easyflow)
    deliver.deliver(claim.due(1)[0])
    browser = browser_of(bob)
    page = Page.of(browser.get(at("pixel", pixel)))
    assert "may or may not exist" in page.text
    assert pixel.reference in page.text
    assert "Retry" not in page.text
    browser.post(at("pixel_retry", pixel))
    with pytest.raises(pixels.RuleViolation):
        pixels.retry(Pixel.objects.get(), bob)
    assert Operation.objects.count() == 1
    browser.post(at("pixel_archive", pixel))
    pixel.refresh_from_db()
    assert pixel.archived_at is not None
    assert creates(misbehaving) == 1


def test_after_a_failed_log_in_nothing_is_unknown(xandr, promise, misbehaving):
    misbehaving.script = [says("<html>", 500), LOGGED_IN, says({"response": {"status": "OK", "id": 5}}), says("{")]
    pixel = promise(xandr)
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert pixel.lifecycle == "queued"
    Operation.objects.update(not_before=None)
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_id) == ("live", "5")
    assert creates(misbehaving) == 1


def test_a_worker_that_died_after_marking_the_create_as_sent_leaves_it_unknown(
    easyflow, promise, sandbox, worker_died, no_wait, meanwhile
):
    pixel = promise(easyflow)
    meanwhile("easyflow", "create_pixel", before=dies)
    with pytest.raises(SystemExit):
        deliver.deliver(claim.due(1)[0])
    assert claim.due(1) == []  # its lease still holds
    worker_died()
    for _ in range(3):
        for due in claim.due(10):
            deliver.deliver(due)
        no_wait()
    pixel.refresh_from_db()
    assert pixel.lifecycle == "unknown"
    assert Operation.objects.get().state == "unknown"
    assert sandbox.asked("easyflow", "create") == 0


def test_a_worker_that_died_before_sending_is_replaced(easyflow, promise, sandbox, worker_died, no_wait, monkeypatch):
    pixel = promise(easyflow)
    with monkeypatch.context() as dying:
        dying.setattr(Easyflow, "__init__", dies)
        with pytest.raises(SystemExit):
            deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert pixel.lifecycle == "creating"
    worker_died()
    for _ in range(2):
        no_wait()
        [due] = claim.due(10)
        deliver.deliver(due)
    pixel.refresh_from_db()
    assert pixel.lifecycle == "live"
    assert sandbox.asked("easyflow", "create") == 1


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_an_abandoned_update_or_delete_is_taken_up_again(
    xandr, live, alice, sandbox, worker_died, no_wait, meanwhile, kind
):
    pixel = live(xandr)
    if kind == "update":
        pixels.change_pixel(pixel, alice, {"name": "New"})
    else:
        pixels.delete_pixel(pixel, alice)
    meanwhile("xandr", f"{kind}_pixel", before=dies)
    with pytest.raises(SystemExit):
        deliver.deliver(claim.due(1)[0])
    worker_died()
    for _ in range(2):
        no_wait()
        deliver.deliver(claim.due(10)[0])
    pixel.refresh_from_db()
    assert pixel.lifecycle == {"update": "live", "delete": "deleted"}[kind]
    assert [held["name"] for held in sandbox.held("xandr")] == (["New"] if kind == "update" else [])


def test_an_answer_that_could_not_be_stored_leaves_the_pixel_unknown(
    easyflow, promise, sandbox, worker_died, monkeypatch
):
    pixel = promise(easyflow)
    with monkeypatch.context() as full:
        full.setattr("pixels.snippets.issue", dies)
        with pytest.raises(SystemExit):
            deliver.deliver(claim.due(1)[0])
    worker_died()
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert pixel.lifecycle == "unknown"
    assert claim.due(1) == []
    assert sandbox.asked("easyflow", "create") == 1


def test_an_internal_error_while_sending_leaves_the_pixel_unknown(easyflow, promise, sandbox, meanwhile):
    pixel = promise(easyflow)

    def breaks():
        raise RuntimeError("planted")

    meanwhile("easyflow", "create_pixel", after=breaks)
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert (pixel.lifecycle, claim.due(1)) == ("unknown", [])
    assert sandbox.asked("easyflow", "create") == 1


@pytest.fixture
def called_unknown(worker_died):
    """A worker so slow that its lease ends and another worker calls the pixel unknown."""

    def call_unknown():
        worker_died()
        deliver.deliver(claim.due(1)[0])
        assert Pixel.objects.get().lifecycle == "unknown"

    return call_unknown


def test_an_answer_after_the_lease_is_still_taken(easyflow, promise, sandbox, meanwhile, called_unknown):
    pixel = promise(easyflow)
    meanwhile("easyflow", "create_pixel", after=called_unknown)
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_id) == ("live", sandbox.held("easyflow")[0]["id"])
    assert pixel.error_code == ""
    assert pixel.snippets.count() == 1
    assert Operation.objects.get().state == "done"
    assert claim.due(1) == []


def test_a_refusal_after_the_lease_changes_nothing(easyflow, promise, misbehaving, meanwhile, called_unknown):
    misbehaving.script = [says({"message": "no"}, 400)]
    pixel = promise(easyflow)
    meanwhile("easyflow", "create_pixel", before=called_unknown)
    deliver.deliver(claim.due(1)[0])
    assert len(misbehaving.received) == 1
    pixel.refresh_from_db()
    assert pixel.lifecycle == "unknown"


def test_a_claim_that_does_not_hold_long_enough_sends_nothing(easyflow, promise, sandbox, settings):
    pixel = promise(easyflow)
    settings.LEASE, settings.CALL_DEADLINE = 5, 30
    deliver.deliver(claim.due(1)[0])
    assert sandbox.asked("easyflow", "create") == 0
    operation = Operation.objects.get()
    assert (operation.sent_at, operation.sends) == (None, 0)
    pixel.refresh_from_db()
    assert pixel.lifecycle == "queued"


def test_an_old_claim_writes_nothing_over_a_new_one(xandr, live, alice, sandbox, worker_died, no_wait, meanwhile):
    pixel = live(xandr)
    pixels.change_pixel(pixel, alice, {"name": "New"})

    def taken_over():
        worker_died()
        for _ in range(2):
            no_wait()
            deliver.deliver(claim.due(1)[0])  # another worker does it
        pixel.refresh_from_db()
        assert (pixel.lifecycle, pixel.name) == ("live", "New")
        pixels.change_pixel(pixel, alice, {"name": "Newer"})

    meanwhile("xandr", "update_pixel", before=taken_over)
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.name) == ("updating", "New")  # the old worker did not end the newer change
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.name) == ("live", "Newer")


def test_two_workers_with_the_same_message_send_one_request(easyflow, promise, sandbox):
    promise(easyflow)
    [due] = claim.due(1)
    deliver.deliver(due)
    deliver.deliver(due)
    assert sandbox.asked("easyflow", "create") == 1
