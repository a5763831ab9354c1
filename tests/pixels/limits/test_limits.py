"""Rate limits in use: teams that share a user, a pull beside a change, a provider that allows less than we think."""

import json
import multiprocessing
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import connections as databases
from django.utils import timezone

from pixels.limits.rate_limiter import UserRateLimiter, rate_limiter_for
from pixels.messages import error_sentence
from pixels.models import AdAccount, Connection, Credential, Operation, Pixel, RateLimit, SyncRun
from pixels.outbox import claim, deliver
from pixels.providers.errors import Waiting
from pixels.providers.values import Limits
from pixels.reconcile import pull
from pixels.services import connections
from tests.at_once import at_once
from tests.pixels.conftest import AD_ACCOUNTS, CREDENTIALS
from tests.pixels.elsewhere import at_xandr

only_where_several_write = pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite lets one writer in at a time")
COUNTED = 30  # calls allowed to all racing callers together


@pytest.fixture
def rival(charlie):
    """A function that connects a provider as Charlie's team."""

    def make(provider="xandr", credentials=None):
        return connections.connect(
            charlie.memberships.get().team,
            charlie,
            provider=provider,
            environment="sandbox",
            credentials=credentials or CREDENTIALS[provider],
            ad_account=AD_ACCOUNTS[provider],
        )

    return make


def opened(connection):
    return rate_limiter_for(connection, connection.credential.open())


def drain(*of):
    for connection in of:
        deliver.drain(connection.pk, 60)


def lifecycles(connection):
    return sorted(connection.pixels.values_list("lifecycle", flat=True))


# -- Whose calls are counted together -------------------------------------------------------------------------


def test_two_teams_that_connect_the_same_user_share_one_rate_limit(xandr, rival, promise, sandbox, settings):
    settings.XANDR_WRITES = 4
    theirs = rival()
    for number in range(5):
        promise(xandr, f"Ours {number}"), promise(theirs, f"Theirs {number}")
    drain(xandr, theirs)
    assert sandbox.asked("xandr", "create") == 4
    assert (lifecycles(xandr).count("live"), lifecycles(theirs).count("live")) == (3, 1)  # and one leaves a reserve
    assert {"queued", "live"} == set(lifecycles(xandr)) == set(lifecycles(theirs))
    assert RateLimit.objects.count() == 1


def test_another_user_and_another_environment_have_limits_of_their_own(xandr, connect, sandbox, settings):
    settings.XANDR_WRITES = 1
    assert opened(xandr)("write") == 1
    with pytest.raises(Waiting):
        opened(xandr)("write")
    other = connect("xandr", credentials={"username": "reader", "password": "sandbox"})
    assert opened(other)("write") == 1
    live = connect("xandr", environment="live")
    assert opened(live)("write") == 1


def test_the_same_user_by_key_and_by_password_is_one_user(xandr, connect, sandbox, settings):
    settings.XANDR_WRITES = 1
    key = {"way": "key", "key_username": "sandbox", "key_name": "mine", "private_key": "a key"}
    assert opened(connect("xandr", credentials=key))("write") == 1
    with pytest.raises(Waiting):
        opened(xandr)("write")


def test_the_rate_limit_row_does_not_reveal_the_user(xandr, sandbox):
    connections.replace_credentials(xandr, None, {"username": "planted-user", "password": "planted-password"})
    opened(Connection.objects.get())("read")
    row = json.dumps([list(RateLimit.objects.values_list("key", flat=True)), RateLimit.objects.get().reads])
    assert "planted" not in row


@pytest.mark.parametrize("provider", ["easyflow", "pitchtarget"])
def test_a_provider_without_limits_leaves_no_row(connect, live, sync, sandbox, provider):
    connection = connect(provider)
    live(connection)
    if provider == "pitchtarget":
        assert sync(connection).state == "done"
    assert not RateLimit.objects.exists()


def test_limits_set_to_0_limit_nothing(xandr, promise, sandbox, settings):
    settings.XANDR_READS = settings.XANDR_WRITES = 0
    for number in range(8):
        promise(xandr, f"Pixel {number}")
    drain(xandr)
    assert set(lifecycles(xandr)) == {"live"}
    assert (RateLimit.objects.get().reads, RateLimit.objects.get().writes) == ([], [])


# -- Retry-After ----------------------------------------------------------------------------------------------


def test_when_xandr_asks_to_wait_all_of_that_user_wait_and_nobody_else(
    xandr, rival, connect, promise, sandbox, time, sync
):
    theirs, other = rival(), connect("xandr", credentials={"username": "reader", "password": "sandbox"})
    throttled = {"provider": "xandr", "operation": "create", "fault": "throttled", "seconds": 90}
    sandbox.ask("POST", "faults", json=throttled)
    promise(xandr, "Ours"), promise(theirs, "Theirs")
    drain(xandr)
    asked = sandbox.ask("GET", "requests")["requests"]["xandr"]
    drain(xandr, theirs)
    waiting = connections.sync_now(theirs, None)
    pull.pull(waiting.pk)
    assert sandbox.ask("GET", "requests")["requests"]["xandr"] == asked  # not even a log-in
    waiting.refresh_from_db()
    assert (waiting.state, waiting.waits) == ("queued", 1)
    assert 60 < (waiting.not_before - timezone.now()).total_seconds() <= 90
    for operation in Operation.objects.all():
        assert 60 < (operation.not_before - timezone.now()).total_seconds() <= 90
    assert sync(other).state == "done"

    time.pass_by(91)
    drain(xandr, theirs)
    pull.pull(waiting.pk)
    waiting.refresh_from_db()
    assert (lifecycles(xandr), lifecycles(theirs), waiting.state) == (["live"], ["live", "live"], "done")
    assert sandbox.ask("GET", "requests")["objects"]["xandr"]["created"] == 2


def test_pixelhub_finds_the_limit_of_a_provider_by_itself_and_makes_each_pixel_once(xandr, promise, sandbox, time):
    """Xandr allows five changes a minute here; PixelHub thinks it may make sixty."""
    sandbox.switch(xandr_writes=5)
    for number in range(12):
        promise(xandr, f"Pixel {number}")
    for _ in range(40):
        drain(xandr)
        moment = claim.next_due()
        if moment is None:
            break
        wait = max((moment - timezone.now()).total_seconds(), 0) + 0.1
        time.pass_by(wait)
        sandbox.ask("POST", "seed", json={"provider": "xandr", "pass_seconds": wait})
    assert set(lifecycles(xandr)) == {"live"}
    found = sandbox.ask("GET", "requests")
    assert found["objects"]["xandr"]["created"] == 12
    assert found["answers"]["xandr"]["create 429"] <= 2


# -- A pull and a person --------------------------------------------------------------------------------------


def test_a_pull_of_everything_leaves_room_for_what_people_wait_for(xandr, promise, sandbox, settings):
    settings.XANDR_READS = 20
    sandbox.seed("xandr", [at_xandr(number) for number in range(1, 2500)])
    run = connections.sync_now(xandr, None)
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.waits) == ("queued", 1)
    assert 1700 <= run.seen < 2000  # 20 reads, a log-in among them, but for the reserve
    Credential.objects.update(sealed_token=None)  # so the change needs a read as well: a log-in
    promise(xandr)
    drain(xandr)
    assert lifecycles(xandr).count("queued") == 0


@pytest.mark.parametrize("others", [0, 11, 12, 13, 14])
def test_a_pull_with_several_requests_on_the_way_stays_below_what_is_allowed_at_once(
    xandr, sandbox, settings, others, no_wait
):
    """Other sessions have requests under way; with the pull's there are never more than fifteen."""
    settings.PULL_CONNECTIONS = 4
    sandbox.seed("xandr", [at_xandr(number) for number in range(1, 1001)])
    run = connections.sync_now(xandr, None)
    limiter = opened(xandr)
    limiter("read")
    limiter.release()
    until = (timezone.now() + timedelta(seconds=20)).timestamp()
    RateLimit.objects.update(on_the_way=[[until, f"other {number}", 1] for number in range(others)])
    # The sandbox counts: so many of ours, beside the others', are all that it takes at the same time.
    sandbox.switch(xandr_at_once=15 - others)
    slow = {"provider": "xandr", "operation": "list", "fault": "delay_before", "seconds": 0.1, "count": None}
    sandbox.ask("POST", "faults", json=slow)
    for _ in range(5):
        no_wait()
        SyncRun.objects.update(not_before=None)
        pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, error_sentence(run), run.seen) == ("done", "", 1000)


# -- Several at the same moment -------------------------------------------------------------------------------


def ask_until_refused(owner, granted):
    limiter = UserRateLimiter("user", Limits(reads=COUNTED, window=60, at_once=15), owner, "Xandr", None)
    try:
        for _ in range(COUNTED):
            granted.append(limiter("read"))
    except Waiting:
        pass
    finally:
        limiter.release()


def within_the_budget(granted):
    """Checks that all calls were counted, and that at most the remainder of equal shares is left unused."""
    counted = len(RateLimit.objects.get().reads)
    return granted == counted and COUNTED - 8 <= counted <= COUNTED


@only_where_several_write
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_", range(3))
def test_many_threads_together_stay_within_the_budget(_):
    granted = []
    asks = [lambda owner=f"owner {number}": ask_until_refused(owner, granted) for number in range(8)]
    assert at_once(*asks) == ["done"] * 8
    assert within_the_budget(sum(granted))
    assert RateLimit.objects.get().on_the_way == []


def _in_a_process(owner, results):
    databases.close_all()
    granted = []
    ask_until_refused(owner, granted)
    databases.close_all()
    results.put(sum(granted))


@only_where_several_write
@pytest.mark.django_db(transaction=True)
def test_many_processes_together_stay_within_the_budget():
    databases.close_all()
    fork = multiprocessing.get_context("fork")
    results = fork.Queue()
    workers = [fork.Process(target=_in_a_process, args=(f"worker {number}", results)) for number in range(4)]
    for worker in workers:
        worker.start()
    granted = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert within_the_budget(sum(granted))


@only_where_several_write
@pytest.mark.django_db(transaction=True)
def test_many_workers_of_two_teams_create_no_more_than_allowed_and_lose_nothing(
    xandr, rival, promise, sandbox, settings
):
    settings.XANDR_WRITES = 6
    theirs = rival()
    for number in range(5):
        promise(xandr, f"Ours {number}"), promise(theirs, f"Theirs {number}")
    drains = [lambda pk=one.pk: deliver.drain(pk, 60) for one in (xandr, theirs)] * 3
    assert at_once(*drains) == ["done"] * 6
    made = Pixel.objects.filter(lifecycle="live").count()
    assert 4 <= made == sandbox.asked("xandr", "create") <= 6
    assert Pixel.objects.filter(lifecycle="queued").count() == 10 - made


def test_a_look_up_that_the_limit_never_lets_end_is_given_to_a_person(xandr, promise, sandbox, settings, time):
    """Its list is longer than what may be asked; the other changes go on meanwhile."""
    lost = promise(xandr, "Lost", options={"code": "lost"})
    AdAccount.objects.update(code="")  # so that Xandr can only be asked by lists
    just_now = f"{timezone.now():%Y-%m-%d %H:%M:%S}"
    sandbox.seed("xandr", [at_xandr(number, last_modified=just_now) for number in range(1, 501)])
    sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": "create", "fault": "drop"})
    deliver.drain(xandr.pk, 60)
    settings.XANDR_READS = 3
    time.pass_by(settings.QUIET_TIME + 1)
    promise(xandr, "Other")
    deliver.drain(xandr.pk, 60)
    assert Pixel.objects.get(name="Other").lifecycle == "live"
    lost.refresh_from_db()
    assert lost.lifecycle == "checking"
    for _ in range(30):
        time.pass_by(3600)
        deliver.drain(xandr.pk, 60)
    lost.refresh_from_db()
    assert lost.lifecycle == "unknown"
    assert sandbox.asked("xandr", "create") == 2
