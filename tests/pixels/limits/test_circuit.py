"""While a provider does not answer, its circuit is open; then one call probes, and once it succeeds all work goes
on."""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from pixels.limits import circuit_breaker, clock
from pixels.limits.provider_session import open_provider
from pixels.messages import error_sentence
from pixels.models import Connection, Credential, Operation, Pixel
from pixels.outbox import claim, deliver, duplicate_check
from pixels.providers.errors import BadAnswer, NoAnswer, NotSent, Rejected, Throttled
from pixels.reconcile import connection_test, missing, pull, read_back, runs
from pixels.services import connections
from tests.at_once import at_once
from tests.pixels.conftest import AD_ACCOUNTS, CREDENTIALS, dies
from tests.pixels.providers.loopback import hangs_up, says, silent
from tests.pixels.said import said

BROKEN = says("<html>", 500)


@pytest.fixture
def away(misbehaving, settings):
    """PitchTarget answers every request with a server error."""
    settings.CIRCUIT_FAILURES, settings.CIRCUIT_PAUSE = 5, 60
    misbehaving.script = [BROKEN]
    return misbehaving


@pytest.fixture
def existing(pitchtarget, promise, sandbox_server):
    """A pixel that was made long ago."""
    pixel = promise(pitchtarget, "Old")
    Operation.objects.update(state="done", finished_at=timezone.now())
    Pixel.objects.update(lifecycle="live", remote_id="11", remote_status="in_sync")
    return Pixel.objects.select_related("connection", "ad_account").get(pk=pixel.pk)


@pytest.fixture
def state(pitchtarget):
    def read(*fields):
        return Connection.objects.values_list(*fields).get(pk=pitchtarget.pk)

    return read


def send(connection):
    """Try once to send the waiting operations."""
    Operation.objects.filter(state="pending").update(not_before=None)
    for due in claim.due(1):
        deliver.deliver(due)


def read_list(connection):
    pull.pull(connections.sync_now(connection, None).pk)


def ask_for_a_test(connection):
    connections.test_connection(connection)
    connection_test.check(connection.pk)


def fetch_what_is_missing(connection):
    read_back.read_back(connection.pixels.select_related("connection", "ad_account").first())


def look_for_the_missing(connection):
    Pixel.objects.update(remote_status="absent", absent_at=timezone.now(), read_back_at=None)
    for account in missing.due(10):
        missing.check(account)


def check_for_duplicate(connection):
    create = Operation.objects.filter(kind="create", state="done")
    create.update(duplicate_check_at=clock.now(), sends=2, unconfirmed_count=1, finished_at=timezone.now())
    for operation in duplicate_check.due(10):
        duplicate_check.check(operation)


CALLS = [read_list, ask_for_a_test, fetch_what_is_missing, look_for_the_missing, check_for_duplicate]


# -- Opening --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS)
def test_after_five_failures_of_any_kind_of_call_the_circuit_opens(pitchtarget, existing, away, state, call):
    for number in range(5):
        assert state("failures", "circuit_open_until") == (number, None)
        call(pitchtarget)
    assert len(away.received) == 5
    failures, until, since = state("failures", "circuit_open_until", "down_since")
    assert failures == 5 and since
    assert 50 < (until - timezone.now()).total_seconds() <= 60


def test_failures_of_different_calls_count_together(pitchtarget, existing, promise, away, state):
    promise(pitchtarget, "New")
    for call in (send, read_list, fetch_what_is_missing, look_for_the_missing, check_for_duplicate):
        call(pitchtarget)
    assert state("circuit_open_until") != (None,)


def test_one_answer_resets_the_count_of_failures(pitchtarget, existing, away, state):
    away.script = [*[BROKEN] * 4, says([]), *[BROKEN] * 4, says({"errors": {"name": ["is odd"]}}, 422), BROKEN]
    for _ in range(14):
        read_list(pitchtarget)
    assert state("failures", "circuit_open_until", "down_since") == (4, None, None)
    read_list(pitchtarget)
    assert state("circuit_open_until") != (None,)


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (NotSent("provider.not_reachable", provider="Xandr"), True),
        (NoAnswer("provider.broke_off", provider="Xandr"), True),
        (BadAnswer("xandr.failed", status=503), True),
        (BadAnswer("provider.web_page", provider="Xandr", status=404), False),
        (BadAnswer("provider.not_understood", provider="Xandr", status=200), False),
        (Rejected("provider.rejected", provider="Xandr", status=422), False),
        (Throttled("provider.throttled", provider="Xandr", status=429), False),
    ],
)
def test_only_calls_without_an_answer_count_as_failures(pitchtarget, error, counts, state):
    with pytest.raises(type(error)), open_provider(pitchtarget) as provider:
        provider.reserve("read")  # asked
        raise error
    assert state("failures") == (int(counts),)


def test_a_failure_before_any_request_does_not_count(pitchtarget, state):
    with pytest.raises(NotSent), open_provider(pitchtarget):
        raise NotSent("provider.not_reachable", provider="Xandr")
    assert state("failures") == (0,)


@pytest.mark.parametrize("script", [[silent], [hangs_up]])
def test_a_timeout_counts_as_a_failure(pitchtarget, existing, away, state, script):
    away.script = script
    read_list(pitchtarget)
    assert state("failures") == (1,)


def test_a_refused_connection_counts_as_a_failure(pitchtarget, existing, unreachable, state):
    read_list(pitchtarget)
    assert state("failures") == (1,)


def test_a_delay_of_pixelhub_itself_does_not_count(xandr, sandbox):
    soon = timezone.now() + timedelta(seconds=1)
    with pytest.raises(NotSent), open_provider(xandr, lease_until=soon) as provider:
        provider.sign_in()
    xandr.refresh_from_db()
    assert (xandr.failures, sandbox.asked("xandr", "auth")) == (0, 0)


def test_each_connection_has_a_circuit_of_its_own(pitchtarget, connect, existing, away, charlie, sandbox_server):
    theirs = connections.connect(
        charlie.memberships.get().team,
        charlie,
        provider="pitchtarget",
        environment="sandbox",
        credentials=CREDENTIALS["pitchtarget"],
        ad_account=AD_ACCOUNTS["pitchtarget"],
    )
    for _ in range(5):
        read_list(pitchtarget)
    away.script = [says([])]
    run = connections.sync_now(theirs, None)
    pull.pull(run.pk)
    run.refresh_from_db()
    assert run.state == "done"


# -- Open -----------------------------------------------------------------------------------------------------


@pytest.fixture
def down(pitchtarget, existing, promise, away, state):
    """A connection with five failures, so an open circuit; two creates and a change wait."""
    promise(pitchtarget, "One"), promise(pitchtarget, "Two")
    for _ in range(5):
        read_list(pitchtarget)
    away.received.clear()
    assert state("circuit_open_until") != (None,)
    return pitchtarget


@pytest.mark.parametrize("call", [send, *CALLS])
def test_while_the_circuit_is_open_no_request_is_made_and_the_call_fails_at_once(down, away, call):
    before = timezone.now()
    call(down)
    assert bool(away.received) == (call is ask_for_a_test)
    assert (timezone.now() - before).total_seconds() < 5


def test_while_the_circuit_is_open_nothing_is_enqueued_and_nothing_is_lost(down, away):
    for find in (claim.due, claim.due_connections, missing.due, duplicate_check.due, read_back.due):
        assert find(10) == []
    assert runs.schedule(10) == []
    assert not deliver.drain(down.pk, 60)
    assert away.received == []
    waiting = Pixel.objects.exclude(remote_id="11")
    assert set(waiting.values_list("lifecycle", "error_code")) == {("queued", "")}


def test_a_sync_that_somebody_asks_for_waits_and_says_why(down, away):
    run = connections.sync_now(down, None)
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.waits, error_sentence(run)) == ("queued", 1, "PitchTarget has not been reachable lately.")
    assert away.received == []


# -- Half open ------------------------------------------------------------------------------------------------


def test_after_the_pause_one_call_probes_and_the_rest_waits(down, away, time, state):
    time.pass_by(61)
    deliver.drain(down.pk, 60)
    assert len(away.received) == 1
    assert 50 < (state("circuit_open_until")[0] - timezone.now()).total_seconds() <= 60
    deliver.drain(down.pk, 60)
    assert len(away.received) == 1
    assert Pixel.objects.filter(lifecycle="queued").count() == 2


def test_of_two_workers_that_find_the_circuit_half_open_one_probes(down, time):
    time.pass_by(61)
    first, second = Connection.objects.get(), Connection.objects.get()
    circuit_breaker.enter(first)
    with pytest.raises(NotSent) as caught:
        circuit_breaker.enter(second)
    assert said(caught.value) == "PitchTarget has not been reachable lately."


def test_after_a_worker_died_while_probing_another_one_may_probe(down, away, time, meanwhile):
    time.pass_by(61)
    meanwhile("pitchtarget", "list_pixels", before=dies)
    with pytest.raises(SystemExit):
        read_list(down)
    assert claim.due(10) == []
    time.pass_by(61)
    assert claim.due(10) != []


def test_the_time_since_when_a_provider_is_away_does_not_change_with_probes(down, time, state):
    since = state("down_since")
    for _ in range(3):
        time.pass_by(61)
        read_list(down)
    assert state("down_since") == since


def test_the_count_of_failures_has_an_upper_limit(down, time, state):
    for _ in range(5):
        time.pass_by(61)
        read_list(down)
    assert state("failures") == (5,)


@pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite lets one writer in at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_", range(3))
def test_of_many_workers_at_the_same_moment_one_probes(pitchtarget, promise, away, _):
    for name in "abcd":
        promise(pitchtarget, name)
    ago = timezone.now() - timedelta(seconds=1)
    Connection.objects.update(failures=5, circuit_open_until=ago, down_since=ago)
    due = claim.due(10)
    assert len(due) == 4
    assert at_once(*[lambda pk=pk: deliver.deliver(pk) for pk in due]) == ["done"] * 4
    assert len(away.received) == 1
    assert {pixel.lifecycle for pixel in Pixel.objects.all()} == {"queued"}


# -- Closing --------------------------------------------------------------------------------------------------


def test_when_the_provider_answers_again_waiting_operations_are_due_at_once(
    down, away, time, state, settings, sandbox_server, sandbox, monkeypatch
):
    Operation.objects.filter(state="pending").update(
        not_before=timezone.now() + timedelta(minutes=15), error_code="not_sent"
    )
    time.pass_by(61)
    settings.SANDBOX_URL = sandbox_server.url
    # The short times of one that is away are too short for a real answer on a busy machine.
    settings.CALL_DEADLINE = 30
    monkeypatch.setattr("pixels.providers.transport.http.READ_TIMEOUT", 10)
    read_list(down)
    assert state("failures", "circuit_open_until", "down_since") == (0, None, None)
    assert len(claim.due(10)) == 2
    assert not deliver.drain(down.pk, 60)
    assert set(Pixel.objects.exclude(remote_id="11").values_list("lifecycle", flat=True)) == {"live"}
    assert len(sandbox.held("pitchtarget")) == 2


def test_while_half_open_only_what_was_not_sent_may_probe(down, time):
    unconfirmed, unsent = Operation.objects.filter(state="pending").order_by("created_at")
    later = timezone.now() + timedelta(minutes=15)
    Operation.objects.filter(pk=unconfirmed.pk).update(state="unconfirmed", sent_at=later, not_before=later)
    for error_code, due in (("throttled", []), ("waiting", []), ("not_sent", [unsent.pk])):
        Operation.objects.filter(pk=unsent.pk).update(not_before=later, error_code=error_code)
        time.pass_by(61)
        assert claim.due(10) == due


def test_closing_the_circuit_ends_neither_quiet_times_nor_waits_that_the_provider_asked_for(
    down, time, settings, sandbox
):
    settings.SANDBOX_URL = sandbox.url
    doubtful, throttled = Operation.objects.filter(state="pending").order_by("created_at")
    later = timezone.now() + timedelta(minutes=15)
    Operation.objects.filter(pk=doubtful.pk).update(
        state="unconfirmed", sent_at=later, not_before=later, error_code="no_answer"
    )
    Operation.objects.filter(pk=throttled.pk).update(not_before=later, error_code="throttled")
    time.pass_by(61)
    read_list(down)
    assert claim.due(10) == []


def test_a_person_who_asks_for_a_test_does_not_wait_for_the_pause(down, away, state):
    ask_for_a_test(down)
    assert len(away.received) == 1  # a request is made, and the provider is still away
    away.script = [says([])]
    ask_for_a_test(down)
    assert state("test", "failures", "circuit_open_until", "down_since") == ("works", 0, None, None)
    assert len(claim.due(10)) == 2


def test_a_refusal_is_an_answer_and_closes_the_circuit(down, away, time, state):
    away.script = [says({"errors": ["not yours"]}, 403)]
    time.pass_by(61)
    read_list(down)
    assert state("failures", "circuit_open_until") == (0, None)


def test_a_log_in_that_is_answered_and_then_refused_pauses_instead(down, away, time, state):
    away.script = [says({"errors": ["token"]}, 401)]
    time.pass_by(61)
    read_list(down)
    failures, until, paused = state("failures", "circuit_open_until", "paused_at")
    assert (failures, until) == (0, None) and paused
    assert claim.due(10) == []


def test_without_credentials_there_is_no_circuit(down, time, state):
    Credential.objects.all().delete()
    time.pass_by(61)
    before = state("failures", "circuit_open_until")
    read_list(down)
    assert state("failures", "circuit_open_until") == before
