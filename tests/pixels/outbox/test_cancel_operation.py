"""Cancelling an operation that has not been sent, and never one that may have been, whoever acts first."""

import pytest
from django.db import connection as database
from django.db.models.functions import Now

from accounts.models import Activity
from accounts.services import RuleViolation
from pixels.actions import Action, allowed, last_operation
from pixels.models import Operation, Pixel
from pixels.outbox import cancel, claim, deliver
from pixels.services import pixels
from tests.at_once import at_once
from tests.pixels.conftest import dies


@pytest.fixture
def fault(sandbox):
    def set_fault(operation, name, **more):
        sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": operation, "fault": name, **more})

    yield set_fault
    sandbox.ask("DELETE", "faults")


@pytest.fixture
def asked(live, bob):
    """A function that asks, as Bob, for a change of an existing pixel: its name, its status, or its deletion."""
    ask = {
        "change": lambda pixel: pixels.change_pixel(pixel, bob, {"name": "Boots"}),
        "state": lambda pixel: pixels.set_state(pixel, bob, active=False),
        "delete": lambda pixel: pixels.delete_pixel(pixel, bob),
    }

    def make(connection, kind):
        pixel = live(connection, "Shoes")
        ask[kind](pixel)
        return pixel

    return make


CHANGES = ["change", "state", "delete"]


def refused(pixel, actor):
    with pytest.raises(RuleViolation) as caught:
        pixels.cancel(pixel, actor)
    assert str(caught.value) == "It is too late to cancel this: it is being sent, or has been."
    return True


# -- In time --------------------------------------------------------------------------------------------------


def test_a_create_becomes_a_draft(xandr, promise, bob, carry_out, sandbox):
    pixel = promise(xandr)
    pixels.cancel(pixel, bob)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.error_code) == ("draft", "")
    carry_out(), carry_out()
    assert sandbox.asked("xandr", "create") == 0
    assert Activity.objects.filter(code="pixel.change_cancelled", actor=bob).count() == 1


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_leaves_the_pixel_as_it_was(xandr, asked, bob, carry_out, sandbox, kind):
    pixel = asked(xandr, kind)
    [before] = sandbox.held("xandr")
    pixels.cancel(pixel, bob)
    carry_out(), carry_out()
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.name, pixel.options["state"]) == ("live", "Shoes", "active")
    assert sandbox.held("xandr") == [before]


def test_another_change_may_follow_at_once(xandr, asked, bob, carry_out, sandbox):
    pixel = asked(xandr, "delete")
    pixels.cancel(pixel, bob)
    pixels.change_pixel(pixel, bob, {"name": "Boots"})
    carry_out()
    assert [held["name"] for held in sandbox.held("xandr")] == ["Boots"]


def test_an_operation_that_waits_for_a_limit_can_be_cancelled(xandr, promise, bob, sandbox, settings):
    settings.XANDR_WRITES = 1
    promise(xandr, "First")
    second = promise(xandr, "Second")
    deliver.drain(xandr.pk, 60)
    assert Operation.objects.get(pixel=second).error_code == "waiting"
    pixels.cancel(second, bob)
    assert len(sandbox.held("xandr")) == 1


@pytest.mark.parametrize("kind", ["create", *CHANGES])
def test_an_operation_that_never_left_can_be_cancelled(
    xandr, promise, asked, bob, settings, free_address, sandbox, kind
):
    pixel = promise(xandr) if kind == "create" else asked(xandr, kind)
    here, settings.SANDBOX_URL = settings.SANDBOX_URL, free_address
    deliver.drain(xandr.pk, 60)
    settings.SANDBOX_URL = here
    pixels.cancel(pixel, bob)
    assert not Operation.objects.open().exists()


def test_a_throttled_operation_can_be_cancelled(xandr, asked, bob, fault, sandbox):
    pixel = asked(xandr, "change")
    fault("update", "throttled", seconds=60)
    deliver.drain(xandr.pk, 60)
    pixels.cancel(pixel, bob)
    assert [held["name"] for held in sandbox.held("xandr")] == ["Shoes"]


# -- Too late -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["create", *CHANGES])
@pytest.mark.parametrize("arrived", [True, False])
def test_an_operation_that_may_have_been_sent_cannot_be_cancelled_as_unsent(
    xandr, promise, asked, bob, fault, sandbox, kind, arrived
):
    """Its answer was lost."""
    operation = {"create": "create", "delete": "delete"}.get(kind, "update")
    pixel = promise(xandr, options={"code": "mine"}) if kind == "create" else asked(xandr, kind)
    fault(operation, "drop", effect=arrived)
    deliver.drain(xandr.pk, 60)
    assert refused(pixel, bob)
    assert Operation.objects.open().count() == 1
    assert not allowed(pixel, last_operation(pixel), None)[Action.CANCEL]


def test_a_create_that_was_looked_up_and_then_throttled_cannot_be_cancelled_as_unsent(
    xandr, promise, bob, fault, sandbox, time, settings
):
    """By the time it is sent, the look-up is old, and the first request may have taken effect."""
    pixel = promise(xandr, options={"code": "mine"})
    fault("create", "drop", effect=False)
    deliver.drain(xandr.pk, 60)
    fault("create", "throttled", seconds=60)
    time.pass_by(settings.QUIET_TIME + 1)
    deliver.drain(xandr.pk, 60)
    assert refused(pixel, bob)
    time.pass_by(settings.QUIET_TIME + 1)
    deliver.drain(xandr.pk, 60)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, len(sandbox.held("xandr"))) == ("live", 1)


@pytest.mark.parametrize("kind", ["create", *CHANGES])
def test_a_change_whose_worker_died_while_sending_cannot_be_cancelled_as_unsent(
    xandr, promise, asked, bob, sandbox, meanwhile, worker_died, kind
):
    method = {"create": "create_pixel", "delete": "delete_pixel"}.get(kind, "update_pixel")
    pixel = promise(xandr, options={"code": "mine"}) if kind == "create" else asked(xandr, kind)
    meanwhile("xandr", method, after=dies)
    with pytest.raises(SystemExit):
        deliver.drain(xandr.pk, 60)
    refused(pixel, bob)
    worker_died()
    deliver.drain(xandr.pk, 60)
    assert refused(pixel, bob)


def test_a_finished_operation_is_not_cancelled(xandr, live, bob, sandbox):
    pixel = live(xandr)
    refused(pixel, bob)
    pixel.refresh_from_db()
    assert pixel.lifecycle == "live"


def test_an_operation_is_cancelled_once(xandr, promise, bob):
    pixel = promise(xandr)
    pixels.cancel(pixel, bob)
    refused(pixel, bob)
    assert Activity.objects.filter(code="pixel.change_cancelled").count() == 1


# -- At the same moment ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["sign_in", "create_pixel"])
def test_an_operation_that_a_worker_holds_cannot_be_cancelled(xandr, promise, bob, sandbox, meanwhile, method):
    pixel = promise(xandr)
    meanwhile("xandr", method, before=lambda: refused(pixel, bob))
    deliver.drain(xandr.pk, 60)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, sandbox.asked("xandr", "create")) == ("live", 1)


def test_a_worker_that_read_the_operation_before_it_was_cancelled_sends_nothing(
    xandr, promise, bob, sandbox, monkeypatch
):
    """The worker has read that the operation waits, and has not claimed it yet."""
    pixel = promise(xandr)
    [due] = claim.due(1)
    real = claim.crash_point

    def look_away(name):
        if name == "cp3":
            pixels.cancel(pixel, bob)
        real(name)

    monkeypatch.setattr(claim, "crash_point", look_away)
    deliver.deliver(due)
    assert sandbox.asked("xandr", "create") == 0
    assert Operation.objects.get().state == "cancelled"


def test_an_answer_after_the_claim_was_lost_does_not_undo_a_cancellation(
    xandr, asked, bob, sandbox, meanwhile, time, settings
):
    """The worker was delayed before anything left; another worker put the operation back, and Bob cancelled it."""
    pixel = asked(xandr, "change")

    [due] = claim.due(1)

    def long_pause():
        time.pass_by(settings.LEASE + 1)
        deliver.deliver(due)  # another worker finds the claim over and puts it back
        pixels.cancel(Pixel.objects.get(), bob)

    meanwhile("xandr", "sign_in", after=long_pause)
    deliver.deliver(due)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.name) == ("live", "Shoes")
    assert sandbox.asked("xandr", "update") == 0
    assert pixel.operations.get(kind="update").state == "cancelled"


@pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite lets one writer in at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_", range(6))
def test_of_a_cancellation_and_a_claim_at_once_one_wins(xandr, promise, bob, sandbox, _):
    pixel = promise(xandr)
    [due] = claim.due(1)
    row = Pixel.objects.get()
    results = at_once(lambda: deliver.deliver(due), lambda: pixels.cancel(row, bob))
    pixel.refresh_from_db()
    sent = sandbox.asked("xandr", "create")
    cancelled = results == ["done", "done"]
    assert results in (["done", "done"], ["RuleViolation", "done"])
    assert (pixel.lifecycle, sent) == (("draft", 0) if cancelled else ("live", 1))
    assert Operation.objects.get().state == ("cancelled" if cancelled else "done")


@pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite lets one writer in at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_", range(3))
def test_cancelled_by_everybody_at_once_it_is_cancelled_once(xandr, promise, bob, _):
    promise(xandr)
    rows = [Pixel.objects.get() for _ in range(4)]
    results = at_once(*[lambda row=row: pixels.cancel(row, bob) for row in rows])
    assert results == ["RuleViolation"] * 3 + ["done"]
    assert Activity.objects.filter(code="pixel.change_cancelled").count() == 1


def test_a_conflict_cancels_only_an_update_that_still_waits(xandr, promise):
    """The operation changes between the read and the claim of its row."""
    promise(xandr)
    operation = Operation.objects.select_related("pixel").get()
    Operation.objects.update(state="in_flight", attempt=1)
    assert not cancel.cancel(operation)
    Operation.objects.update(state="unconfirmed", sent_at=Now())
    assert not cancel.cancel(operation)
    Operation.objects.update(state="pending", sent_at=None)
    assert cancel.cancel(operation)
