"""An operation of the outbox is carried out once, and its outcome is recorded."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pixels.limits import clock
from pixels.messages import error_advice, error_sentence
from pixels.models import Connection, Operation, Pixel
from pixels.outbox import claim, deliver, retry_policy
from pixels.reconcile import read_back
from pixels.services import pixels
from tests.pixels.answers import creates, script
from tests.pixels.conftest import EVENT
from tests.pixels.page import Page
from tests.pixels.providers.loopback import says

PROVIDERS = list(EVENT)
REFUSAL = {
    "easyflow": says({"message": "Invalid param: [code]", "error": "Bad Request", "statusCode": 400}, 400),
    "pitchtarget": says({"errors": {"name": ["has already been taken"]}}, 422),
    "xandr": says({"response": {"error_id": "INTEGRITY", "error": "code is in use"}}, 200),
}
WORDS = {
    "easyflow": "Invalid param: [code]",
    "pitchtarget": "has already been taken",
    "xandr": "code is in use",
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_create_is_sent_once_and_recorded(connect, promise, carry_out, sandbox, provider):
    pixel = promise(connect(provider))
    assert pixel.lifecycle == "queued"
    for _ in range(3):
        carry_out()
    pixel.refresh_from_db()
    [held] = sandbox.held(provider)
    assert (pixel.lifecycle, pixel.remote_id) == ("live", str(held["id"]))
    assert sandbox.asked(provider, "create") == 1
    operation = Operation.objects.get()
    assert (operation.state, operation.attempt, operation.sends) == ("done", 1, 1)
    assert operation.created_at < operation.sent_at < operation.finished_at and not operation.lease_until


@pytest.mark.parametrize("provider", PROVIDERS)
def test_sent_is_committed_before_the_first_byte(connect, promise, sandbox, meanwhile, provider):
    pixel, seen = promise(connect(provider)), []
    look = Operation.objects.values("sends", "state").filter(sent_at__isnull=False).get
    meanwhile(provider, "create_pixel", before=lambda: seen.append(look()))
    deliver.deliver(claim.due(1)[0])
    assert seen == [{"sends": 1, "state": "in_flight"}]
    pixel.refresh_from_db()
    assert pixel.lifecycle == "live"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_refusal_is_shown_with_the_providers_message_and_not_repeated(
    browser_of, vera, at, connect, promise, misbehaving, carry_out, provider
):
    misbehaving.script = script(provider, REFUSAL[provider])
    pixel = promise(connect(provider))
    for _ in range(3):
        for due in claim.due(10):
            deliver.deliver(due)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.error_code) == ("failed", "refused")
    assert WORDS[provider] in pixel.error_provider_message
    assert error_advice(pixel)
    assert creates(misbehaving) == 1
    text = Page.of(browser_of(vera).get(at("pixel", pixel))).text
    assert error_sentence(pixel) in text
    assert WORDS[provider] in text


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_failed_can_be_retried_by_a_person(
    browser_of, bob, at, connect, promise, carry_out, sandbox, misbehaving, sandbox_server, settings, provider
):
    misbehaving.script = script(provider, REFUSAL[provider])
    settings.SANDBOX_URL = misbehaving.url
    pixel = promise(connect(provider))
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.error_code) == ("failed", "refused")
    browser = browser_of(bob)
    assert "Retry" in Page.of(browser.get(at("pixel", pixel))).text

    settings.SANDBOX_URL, settings.CALL_DEADLINE = sandbox_server.url, 30
    assert browser.post(at("pixel_retry", pixel)).url == at("pixel", pixel)
    carry_out()
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.error_code, error_sentence(pixel)) == ("live", "", "")
    assert len(sandbox.held(provider)) == 1
    assert Operation.objects.filter(pixel=pixel).count() == 2


def test_only_what_failed_is_retried(live, promise, xandr, bob, sandbox):
    queued = promise(xandr, "Queued")
    with pytest.raises(pixels.RuleViolation):
        pixels.retry(queued, bob)
    there = live(xandr, "There")
    with pytest.raises(pixels.RuleViolation):
        pixels.retry(there, bob)
    assert Operation.objects.count() == 2


@pytest.mark.parametrize("provider", PROVIDERS)
def test_while_the_provider_does_not_answer_a_create_stays_queued_and_goes_on_later(
    connect, promise, sandbox, unreachable, no_wait, settings, provider
):
    pixel = promise(connect(provider))
    [due] = claim.due(10)
    deliver.deliver(due)
    operation = Operation.objects.get()
    pixel.refresh_from_db()
    assert (pixel.lifecycle, operation.state, operation.sent_at) == ("queued", "pending", None)
    assert "not reachable" in error_sentence(pixel)
    assert operation.not_before > timezone.now()
    assert claim.due(10) == []
    deliver.deliver(due)  # a message that comes too early changes nothing
    assert Operation.objects.get().attempt == 1

    settings.SANDBOX_URL = sandbox.url
    no_wait()
    deliver.deliver(claim.due(10)[0])
    pixel.refresh_from_db()
    assert (pixel.lifecycle, error_sentence(pixel)) == ("live", "")


def test_the_waits_grow_and_after_a_day_a_person_is_asked(easyflow, promise, unreachable, no_wait):
    pixel = promise(easyflow)
    for wait in (5, 10, 20, 40, 80, 160, 320, 640, 900, 900):
        no_wait()
        before = clock.now()
        deliver.deliver(claim.due(1)[0])
        tried_at = Operation.objects.get().not_before - timedelta(seconds=wait)
        assert before <= tried_at <= clock.now()

    no_wait()
    Operation.objects.update(trying_since=timezone.now() - timedelta(hours=25))
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert (pixel.lifecycle, Operation.objects.get().state) == ("failed", "failed")


@pytest.mark.parametrize(
    ("header", "seconds"), [({"Retry-After": "120"}, 120), ({}, 60), ({"Retry-After": "soon"}, 60)]
)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_throttled_create_waits_as_asked_and_goes_on_by_itself(
    connect, promise, misbehaving, no_wait, provider, header, seconds
):
    done = {
        "easyflow": {"statusCode": 200, "data": {"pixel": {"id": "e-1", "name": "Purchase"}}},
        "pitchtarget": {"id": "1"},
        "xandr": {"response": {"status": "OK", "id": 5}},
    }[provider]
    misbehaving.script = script(provider, says("slow down", 429, header), says(done), says([]))
    pixel = promise(connect(provider))
    deliver.deliver(claim.due(1)[0])
    operation = Operation.objects.get()
    pixel.refresh_from_db()
    assert (operation.state, operation.sent_at, pixel.lifecycle) == ("pending", None, "queued")
    assert abs((operation.not_before - timezone.now()).total_seconds() - seconds) < 5
    assert deliver.deliver(operation.pk)  # a message that comes too early changes nothing
    Operation.objects.update(not_before=None)
    assert not deliver.deliver(operation.pk)  # nor does one that another change of the same user brings
    assert creates(misbehaving) == 1
    no_wait()
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert pixel.lifecycle == "live"
    assert creates(misbehaving) == 2


@pytest.mark.parametrize("field", ["paused_at", "disconnected_at"])
def test_a_change_of_a_pixel_whose_connection_is_not_in_use_waits(xandr, promise, carry_out, sandbox, field):
    pixel = promise(xandr)
    Connection.objects.update(**{field: timezone.now()}, test="refused")
    carry_out()
    deliver.deliver(Operation.objects.get().pk)
    pixel.refresh_from_db()
    assert pixel.lifecycle == "queued"
    assert pixel.badge.label == "Waiting for the connection"
    Connection.objects.update(**{field: None})
    carry_out()
    assert len(sandbox.held("xandr")) == 1


def test_a_session_that_ran_out_is_opened_anew_and_the_create_sent_once(xandr, live, promise, sandbox, carry_out):
    live(xandr, "First")
    sandbox.ask("POST", "expire")
    promise(xandr, "Second")
    carry_out()
    assert [held["name"] for held in sandbox.held("xandr")] == ["First", "Second"]
    assert Pixel.objects.filter(lifecycle="live").count() == 2


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_updates_and_deletes_are_repeated_until_they_are_certain(
    xandr, live, alice, sandbox, settings, misbehaving, sandbox_server, kind
):
    settings.SANDBOX_URL, away = sandbox_server.url, settings.SANDBOX_URL
    pixel = live(xandr)
    pixels.set_state(pixel, alice, active=False) if kind == "update" else pixels.delete_pixel(pixel, alice)
    settings.SANDBOX_URL = away
    misbehaving.script = [says("<html>", 500)]
    operation = pixel.operations.get(kind=kind)
    for attempt in (1, 2):
        deliver.deliver(operation.pk)
        operation.refresh_from_db()
        assert (operation.state, operation.attempt) == ("pending", attempt)
        Operation.objects.update(not_before=None)
    assert len(misbehaving.received) == 2
    settings.SANDBOX_URL = sandbox_server.url
    deliver.deliver(operation.pk)
    pixel.refresh_from_db()
    if kind == "update":
        assert (pixel.lifecycle, pixel.options["state"]) == ("live", "inactive")
        assert sandbox.held("xandr")[0]["state"] == "inactive"
    else:
        assert pixel.lifecycle == "deleted"
        assert sandbox.held("xandr") == []


def test_an_unconfirmed_update_fails_after_some_tries_and_the_pixel_is_as_before(
    xandr, live, alice, sandbox, settings, misbehaving, sandbox_server
):
    settings.SANDBOX_URL, away = sandbox_server.url, settings.SANDBOX_URL
    pixel = live(xandr)
    pixels.change_pixel(pixel, alice, {"name": "New"})
    settings.SANDBOX_URL = away
    misbehaving.script = [says("<html>", 500)]
    for _ in range(20):
        Operation.objects.update(not_before=None)
        for due in claim.due(10):
            deliver.deliver(due)
    pixel.refresh_from_db()
    assert len(misbehaving.received) == retry_policy.MAX_UNCONFIRMED
    assert (pixel.lifecycle, pixel.name, pixel.error_code) == ("live", "Purchase", "bad_answer")
    assert pixel.operations.get(kind="update").state == "failed"


def test_pitchtargets_snippet_is_fetched_after_the_create(pitchtarget, live, sandbox):
    pixel = live(pitchtarget)
    [held] = sandbox.held("pitchtarget")
    assert pixel.snippets.get().body == held["js_pixel"]
    assert (pixel.remote_state, pixel.remote_status) == ("Inactive", "in_sync")


def test_a_failed_read_back_does_not_fail_the_create_and_the_dispatcher_repeats_it(
    browser_of, vera, at, pitchtarget, promise, misbehaving, sandbox_server, settings, sandbox
):
    settings.SANDBOX_URL = misbehaving.url
    misbehaving.script = [says([]), says({"id": "6014360342905"}), says("<html>", 500)]
    pixel = promise(pitchtarget)
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_id, pixel.error_code) == ("live", "6014360342905", "")
    assert not pixel.snippets.exists()
    text = Page.of(browser_of(vera).get(at("pixel", pixel))).text
    assert "snippet being fetched" in text

    made = {"id": pixel.remote_id, "name": pixel.name, "tag": "checkout", "status": "Inactive", "creator": "x"}
    sandbox.seed("pitchtarget", [made | {"js_pixel": "<b>\n"}], ad_account="9")
    settings.SANDBOX_URL = sandbox_server.url
    settings.DISPATCH_INTERVAL = 15
    assert read_back.due(10) == []  # not at once again
    settings.DISPATCH_INTERVAL = 0
    now = timezone.now()
    Pixel.objects.update(created_at=now - timedelta(seconds=25), read_back_at=now - timedelta(seconds=10))
    assert read_back.due(10) == []  # each wait is as long as all before it
    Pixel.objects.update(read_back_at=now - timedelta(seconds=15))
    assert read_back.due(10) == [pixel.pk]
    read_back.read_back(Pixel.objects.get())
    pixel.refresh_from_db()
    assert pixel.snippets.get().body == "<b>\n"
    assert read_back.due(10) == []


def test_an_answer_with_an_endless_status_is_recorded_all_the_same(easyflow, promise, misbehaving):
    answer = {"statusCode": 200, "data": {"pixel": {"id": "e-1", "name": "Purchase", "status": "s" * 500}}}
    misbehaving.script = [says(answer)]
    pixel = promise(easyflow)
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_state) == ("live", "s" * 64)
