"""A worker that is delayed beyond its lease: another one takes over, and the first changes nothing any more.

Both run the real `deliver`. The first is delayed at one of its steps, and the other one runs then.
"""

from datetime import timedelta

import pytest

from pixels import crash
from pixels.limits import clock
from pixels.messages import error_sentence
from pixels.models import Connection, Operation, Pixel
from pixels.outbox import claim, conflict, deliver
from pixels.outbox.record import record, requeue
from pixels.outbox.retry_policy import Retry
from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, BadCredentials, NoAnswer, NotSent, Rejected, Throttled, Waiting
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import RemotePixel
from pixels.services import pixels

ERRORS = [
    NotSent("provider.not_reachable", provider="Xandr"),
    Throttled("provider.throttled", provider="Xandr", retry_after=5),
    Waiting("limits.crowded", provider="Xandr", retry_after=5),
    NoAnswer("provider.broke_off", provider="Xandr"),
    BadAnswer("provider.not_understood", provider="Xandr"),
    Rejected("provider.rejected", provider="Xandr"),
    BadCredentials("xandr.log_in_refused"),
]
BEFORE_SENDING = ["sign_in", "find_pixels", "reserve"]


@pytest.fixture
def held_up(monkeypatch):
    """A function that lets something happen when a worker next comes to a step: a method of the provider, or a crash
    point. Then the step continues, or raises an error."""

    def at(step, meanwhile, error=None):
        def action():
            meanwhile()
            if error:
                raise error

        if step.startswith("cp"):

            def reached(name):
                if name == step:
                    monkeypatch.setattr(crash, "armed", None)
                    action()

            monkeypatch.setattr(crash, "armed", reached)
            return
        owners = [owner for owner in (*PROVIDERS.values(), Provider) if step in vars(owner)]
        real = {owner: vars(owner)[step] for owner in owners}

        def call(owner):
            def run(*args, **more):
                for one in owners:
                    monkeypatch.setattr(one, step, real[one])
                action()
                return real[owner](*args, **more)

            return run

        for owner in owners:
            monkeypatch.setattr(owner, step, call(owner))

    return at


@pytest.fixture
def another(worker_died, no_wait):
    """Another worker, after the lease has ended: it puts the operation back, waits, and carries it out."""

    def comes():
        worker_died()
        [found] = claim.due(1)
        deliver.deliver(found)
        no_wait()
        deliver.deliver(found)

    return comes


@pytest.fixture
def another_claims(worker_died, no_wait):
    """Another worker that claims the operation. Returns what the rows of operation and pixel then hold."""

    def comes():
        worker_died()
        [found] = claim.due(1)
        deliver.deliver(found)
        no_wait()
        assert claim.claim(found)
        comes.rows = rows()

    return comes


def rows():
    return list(Operation.objects.values()), list(Pixel.objects.values())


def promised(kind, xandr, promise, live, bob):
    if kind == "create":
        pk = Pixel().pk
        return promise(xandr, id=pk, options={"code": f"ph-{pk}"})
    pixel = live(xandr, "Before")
    if kind == "update":
        pixels.change_pixel(pixel, bob, {"name": "After"})
    else:
        pixels.delete_pixel(pixel, bob)
    return pixel


@pytest.mark.parametrize("step", BEFORE_SENDING)
def test_a_worker_overtaken_before_sending_sends_nothing(pitchtarget, promise, sandbox, held_up, another, step):
    pixel = promise(pitchtarget)
    held_up(step, another)
    deliver.deliver(claim.due(1)[0])
    operation = Operation.objects.get()
    pixel.refresh_from_db()
    assert (operation.state, operation.attempt, operation.sends) == ("done", 2, 1)
    assert pixel.lifecycle == "live"
    assert sandbox.asked("pitchtarget", "create") == 1


@pytest.mark.parametrize("step", BEFORE_SENDING)
def test_an_overtaken_worker_stores_no_preexisting_ids_under_the_new_claim(
    pitchtarget, promise, sandbox, held_up, another_claims, step
):
    promise(pitchtarget)
    held_up(step, another_claims)
    deliver.deliver(claim.due(1)[0])
    assert rows() == another_claims.rows
    assert sandbox.asked("pitchtarget", "create") == 0


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
@pytest.mark.parametrize("kind", ["create", "update", "delete"])
@pytest.mark.parametrize("step", ["sign_in", "reserve", "cp4"])
def test_an_overtaken_workers_error_changes_nothing_that_another_worker_holds(
    xandr, promise, live, bob, sandbox, held_up, another_claims, kind, step, error
):
    promised(kind, xandr, promise, live, bob)
    held_up(step, another_claims, error)
    deliver.deliver(claim.due(1)[0])
    assert rows() == another_claims.rows
    assert sandbox.asked("xandr", kind) == 0


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_an_overtaken_workers_answer_to_a_change_is_left_to_the_new_holder(
    xandr, promise, live, bob, sandbox, held_up, another_claims, kind
):
    promised(kind, xandr, promise, live, bob)
    held_up("cp7" if kind == "update" else "cp14", another_claims)
    deliver.deliver(claim.due(1)[0])
    assert rows() == another_claims.rows
    assert sandbox.asked("xandr", kind) == 1


def test_an_overtaken_workers_answer_to_a_create_is_recorded(
    xandr, promise, live, bob, sandbox, held_up, another_claims
):
    """Otherwise a pixel that exists would not be known."""
    pixel = promised("create", xandr, promise, live, bob)
    held_up("cp7", another_claims)
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert (pixel.lifecycle, Operation.objects.get().state) == ("live", "done")
    assert [str(held["id"]) for held in sandbox.held("xandr")] == [pixel.remote_id]


def test_of_two_answers_to_a_create_the_second_is_reported(xandr, promise, live, bob, sandbox, held_up, another):
    """The first request is held up before its first byte, and arrives when another one has been answered."""
    pixel = promised("create", xandr, promise, live, bob)
    held_up("cp4", another)
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    operation = Operation.objects.get()
    ids = [str(held["id"]) for held in sandbox.held("xandr")]
    assert len(ids) == sandbox.asked("xandr", "create") == operation.sends == 2
    assert (pixel.lifecycle, pixel.remote_status, operation.state) == ("live", "duplicate", "done")
    assert all(one in error_sentence(pixel) for one in ids)
    assert operation.duplicate_check_at


@pytest.mark.parametrize("step", ["find_pixels", "cp9", "reserve"])
def test_after_an_overtaken_workers_answer_nobody_sends_again(
    xandr, promise, live, bob, sandbox, no_wait, worker_died, held_up, step
):
    """The answer comes while another worker looks the pixel up, or after it has found nothing."""
    pixel = promised("create", xandr, promise, live, bob)
    [due] = claim.due(1)
    slow = claim.claim(due)
    assert claim.mark_sent(slow)
    worker_died()
    deliver.deliver(due)
    no_wait()
    answer = RemotePixel(remote_id="1", name=pixel.name, options={})
    held_up(step, lambda: record(slow, answer))
    deliver.deliver(due)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_id, Operation.objects.get().state) == ("live", "1", "done")
    assert sandbox.asked("xandr", "create") == 0


def test_a_claim_that_ends_before_an_answer_can_be_there_is_not_marked_as_sent(xandr, promise, settings):
    promise(xandr)
    operation = claim.claim(claim.due(1)[0])
    Operation.objects.update(lease_until=clock.now() + timedelta(seconds=settings.CALL_DEADLINE - 1))
    assert not claim.mark_sent(operation)
    assert Operation.objects.get().sends == 0


def test_a_claim_that_is_read_twice_is_given_once(xandr, promise, sandbox, held_up):
    """Another worker claims it between the look and the claim."""
    promise(xandr)
    [due] = claim.due(1)
    held_up("cp3", lambda: claim.claim(due))
    assert claim.claim(due) is None
    assert Operation.objects.get().attempt == 1


def test_what_another_worker_has_put_back_meanwhile_keeps_its_wait(xandr, promise, sandbox, held_up):
    promise(xandr)
    [due] = claim.due(1)
    held_up("cp3", lambda: requeue(claim.claim(due), Retry(60)))
    assert claim.claim(due) is None
    assert (Operation.objects.get().state, Operation.objects.get().attempt) == ("pending", 1)


def test_an_overtaken_worker_does_not_give_back_the_new_holders_drain_lease(xandr, promise, sandbox, held_up):
    promise(xandr)
    later = clock.now() + timedelta(seconds=600)
    held_up("sign_in", lambda: Connection.objects.update(drain_lease_until=later))
    deliver.drain(xandr.pk, 60)
    assert Connection.objects.get().drain_lease_until == later


def test_a_change_that_a_worker_has_just_claimed_is_not_taken_back_for_a_conflict(
    xandr, live, bob, sandbox, monkeypatch
):
    pixel = live(xandr, "Before")
    pixels.change_pixel(pixel, bob, {"name": "Local"})
    [due], real = claim.due(1), conflict.values_of

    def claimed_meanwhile(remote):
        claim.claim(due)
        return real(remote)

    monkeypatch.setattr(conflict, "values_of", claimed_meanwhile)
    pixel = Pixel.objects.get(pk=pixel.pk)
    remote = RemotePixel(remote_id=pixel.remote_id, name="Remote", options={})
    assert not conflict.cancel_conflicting_update(pixel, remote)
    assert Operation.objects.get(pk=due).state == "in_flight"
