"""How long, and how often, an operation is tried; and what counts as a try."""

from datetime import timedelta

import pytest

from pixels import crash
from pixels.limits import clock
from pixels.models import Operation, Pixel
from pixels.outbox import claim, deliver, retry_policy
from pixels.services import pixels
from tests.pixels.conftest import dies

HOUR = 3600


@pytest.fixture
def create(connect, promise):
    """A create that can be looked up."""

    def make(provider):
        connection, pk = connect(provider), Pixel().pk
        return promise(connection, id=pk, options={"code": f"ph-{pk}"} if provider == "xandr" else {})

    return make


@pytest.fixture
def fault(sandbox):
    def at(provider, operation, name, **more):
        sandbox.ask("POST", "faults", json={"provider": provider, "operation": operation, "fault": name, **more})

    yield at
    sandbox.ask("DELETE", "faults")


@pytest.fixture
def try_again(no_wait):
    def run():
        no_wait()
        deliver.deliver(claim.due(1)[0])

    return run


def now(pixel):
    pixel.refresh_from_db()
    operation = pixel.operations.latest("created_at")
    return pixel.lifecycle, operation.state


REFUSALS = {
    429: ("throttled", {"seconds": 30}),
    403: ("status", {"code": 403}),
    400: ("status", {"code": 400}),
}


@pytest.mark.parametrize("provider", ["pitchtarget", "xandr"])
@pytest.mark.parametrize("status", REFUSALS)
def test_a_look_up_that_is_refused_says_nothing_about_the_pixel(create, sandbox, fault, try_again, provider, status):
    pixel = create(provider)
    fault(provider, "create", "drop", effect=True)
    deliver.deliver(claim.due(1)[0])
    name, more = REFUSALS[status]
    for operation in ("list", "read"):
        fault(provider, operation, name, count=20, **more)
    for _ in range(3):
        try_again()
        assert now(pixel) == ("checking", "unconfirmed")
    operation = Operation.objects.get()
    assert (operation.unconfirmed_count, operation.sends) == (1, 1)
    sandbox.ask("DELETE", "faults")
    try_again()
    assert now(pixel) == ("live", "done")
    assert sandbox.asked(provider, "create") == 1


def test_after_a_lost_answer_the_day_of_tries_begins_anew(create, sandbox, fault, try_again):
    pixel = create("xandr")
    Operation.objects.update(trying_since=clock.now() - timedelta(hours=23))  # so long nobody was reached
    fault("xandr", "create", "drop", effect=True)
    deliver.deliver(claim.due(1)[0])
    fault("xandr", "list", "status", code=500, count=20)
    fault("xandr", "read", "status", code=500, count=20)
    for hours, ends in ((2, ("checking", "unconfirmed")), (23, ("unknown", "unknown"))):
        Operation.objects.update(trying_since=Operation.objects.get().trying_since - timedelta(hours=hours))
        try_again()
        assert now(pixel) == ends
    assert Operation.objects.get().unconfirmed_count == 1


def test_look_ups_do_not_count_as_requests_and_requests_are_counted(create, sandbox, fault, try_again):
    """Each request is lost and has no effect; each look-up finds that."""
    pixel = create("xandr")
    fault("xandr", "create", "drop", effect=False, count=20)
    deliver.deliver(claim.due(1)[0])
    for sends in range(2, retry_policy.MAX_UNCONFIRMED + 1):
        assert now(pixel) == ("checking", "unconfirmed")
        try_again()
        operation = Operation.objects.get()
        assert (operation.sends, operation.unconfirmed_count) == (sends, min(sends, retry_policy.MAX_UNCONFIRMED - 1))
    assert now(pixel) == ("unknown", "unknown")
    assert sandbox.asked("xandr", "create") == retry_policy.MAX_UNCONFIRMED


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_a_change_whose_answers_are_lost_is_sent_five_times_at_most(xandr, live, bob, sandbox, fault, try_again, kind):
    pixel = live(xandr)
    if kind == "update":
        pixels.change_pixel(pixel, bob, {"name": "New"})
    else:
        pixels.delete_pixel(pixel, bob)
    fault("xandr", kind, "status", code=500, count=20)
    for unconfirmed in range(1, retry_policy.MAX_UNCONFIRMED):
        try_again()
        operation = pixel.operations.latest("created_at")
        assert (operation.state, operation.unconfirmed_count, operation.sent_at) == ("pending", unconfirmed, None)
    try_again()
    assert now(pixel) == ("live", "failed")
    assert sandbox.asked("xandr", kind) == retry_policy.MAX_UNCONFIRMED


def test_waiting_for_a_limit_does_not_count_as_a_failure(xandr, promise, sandbox, settings, try_again):
    settings.XANDR_WRITES = 1
    promise(xandr, "First"), promise(xandr, "Second")
    deliver.drain(xandr.pk, 60)
    waits = Operation.objects.get(state="pending")
    assert (waits.error_code, waits.trying_since) == ("waiting", None)


def test_a_wait_for_credentials_ends_the_count_of_failures(xandr, promise, sandbox, fault, unreachable, settings):
    promise(xandr)
    deliver.deliver(claim.due(1)[0])
    assert Operation.objects.get().trying_since
    settings.SANDBOX_URL = sandbox.url
    Operation.objects.update(not_before=None)
    fault("xandr", "create", "status", code=401, count=20)
    fault("xandr", "auth", "status", code=401, count=20)
    xandr.refresh_from_db()
    for due in claim.due(1):
        deliver.deliver(due)
    xandr.refresh_from_db()
    assert xandr.paused_at
    assert (Operation.objects.get().state, Operation.objects.get().trying_since) == ("pending", None)


def test_a_worker_that_dies_during_a_look_up_has_sent_nothing_more(create, sandbox, fault, no_wait, time, monkeypatch):
    pixel = create("xandr")
    fault("xandr", "create", "drop", effect=True)
    deliver.deliver(claim.due(1)[0])
    lost_at = Operation.objects.get().trying_since
    for _ in range(retry_policy.MAX_UNCONFIRMED):
        no_wait()
        monkeypatch.setattr(crash, "armed", lambda name: dies() if name == "cp9" else None)
        with pytest.raises(SystemExit):
            deliver.deliver(claim.due(1)[0])
        monkeypatch.setattr(crash, "armed", None)
        time.pass_by(200)  # longer than any lease
        deliver.deliver(claim.due(1)[0])
        operation = Operation.objects.get()
        assert (operation.state, operation.unconfirmed_count, operation.trying_since) == ("unconfirmed", 1, lost_at)
    no_wait()
    deliver.deliver(claim.due(1)[0])
    assert now(pixel) == ("live", "done")
    assert sandbox.asked("xandr", "create") == 1
