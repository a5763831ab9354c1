"""The rate limiter: for one user of a provider never more calls than allowed, whoever makes them."""

from bisect import bisect_right
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from django.utils import timezone

from pixels.limits import clock
from pixels.limits.rate_limiter import DEFAULT_WAIT, GRANTED_AHEAD, LONGEST_WAIT, MARGIN, RESERVED, UserRateLimiter
from pixels.models import RateLimit
from pixels.providers.errors import NotSent, Throttled, Waiting
from pixels.providers.values import Limits
from tests.pixels.moving_clock import MovingClock
from tests.pixels.said import said

WINDOW = 60.0
LIMITS = {"reads": 40, "writes": 10}


@pytest.fixture
def still(monkeypatch):
    """A clock that stands still until a test moves it."""
    start = timezone.now()
    still = MovingClock(lambda: start)
    monkeypatch.setattr(clock, "now", still.now)
    return still


@pytest.fixture
def limiter(db, still):
    """A function that gives a rate limiter of an owner; all owners speak as the same user."""

    def make(owner="first", *, lease_until=None, key="user", **limits):
        given = {**LIMITS, "window": WINDOW, **limits}
        return UserRateLimiter(key, Limits(**given), owner, "Xandr", lease_until)

    return make


def let_through(one, call="read", wanted=1):
    """How many calls are allowed now, asked for until one is refused."""
    granted = 0
    with suppress(Waiting):
        for _ in range(1000):
            granted += one(call, wanted)
    return granted


def most_in_a_window(moments):
    """The most of these moments (in order) that are within one window."""
    return max(bisect_right(moments, since + WINDOW) - start for start, since in enumerate(moments))


# -- The budget -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_no_window_holds_more_calls_than_the_budget(limiter, still, seed):
    random = Random(seed)
    left = {"read": [], "write": []}
    for _ in range(400):
        still.pass_by(random.choice([0, 0, 0.01, 0.3, 2, 9]))
        call = random.choice(["read", "read", "write"])
        with suppress(Waiting):
            granted = limiter(random.choice("abcde"))(call, random.randint(1, 10))
            left[call] += [still.ahead.total_seconds()] * granted
    for call, moments in left.items():
        assert most_in_a_window(moments) <= LIMITS[f"{call}s"]
        assert len(moments) > 3 * LIMITS[f"{call}s"]  # calls continue in all windows


def test_a_window_may_be_used_in_full(limiter):
    granted = sum(let_through(limiter(owner)) for owner in "abcd")
    assert granted == LIMITS["reads"]


def test_a_refused_caller_learns_when_there_will_be_room(limiter, still):
    let_through(limiter("first"))
    still.pass_by(10)
    let_through(limiter("second"))
    with pytest.raises(Waiting) as caught:
        limiter("second")("read")
    assert said(caught.value) == "PixelHub allows itself 40 reads in 60 seconds at Xandr."
    still.pass_by(caught.value.retry_after - 0.5)
    assert let_through(limiter("second")) == 0
    still.pass_by(0.5)
    assert let_through(limiter("second")) > 0


def test_changes_and_reads_are_counted_apart(limiter):
    let_through(limiter("a"), "read"), let_through(limiter("b"), "read"), let_through(limiter("c"), "read")
    assert let_through(limiter("a"), "write") > 0


def test_an_allowed_request_counts_whatever_its_outcome(limiter, still):
    """After no answer, an error or a worker's death, nobody knows what the provider has counted."""
    one = limiter("first")
    one("write")
    one.release()
    assert len(RateLimit.objects.get().writes) == 1


def test_old_calls_are_forgotten(limiter, still):
    for _ in range(20):
        limiter("first")("read")
        still.pass_by(30)
    row = RateLimit.objects.get()
    assert len(row.reads) <= 3
    assert all(entry[0] >= row.reads[-1][0] - WINDOW - MARGIN for entry in row.reads)


def test_the_same_user_in_another_process_is_the_same_row_though_its_clock_is_a_moment_behind(limiter, still):
    """Each process carries the database's time on by itself; they differ by milliseconds."""
    assert let_through(limiter("a")) + let_through(limiter("b")) + let_through(limiter("c")) == LIMITS["reads"]
    still.pass_by(-0.05)
    assert let_through(limiter("d")) == 0
    still.pass_by(0.05)
    assert let_through(limiter("e")) == 0  # the counted calls are not lost


# -- Whose turn -----------------------------------------------------------------------------------------------


def test_one_owner_alone_leaves_a_reserve_for_others(limiter):
    reserved = LIMITS["reads"] // RESERVED
    assert let_through(limiter("long pull")) == LIMITS["reads"] - reserved
    assert let_through(limiter("somebody")) == reserved


def test_two_constantly_calling_owners_get_half_each(limiter, still):
    left = {"first": [], "second": []}
    for second in range(180):
        still.pass_by(1)
        for owner in ["first", "second"] if second > 30 else ["first"]:
            left[owner] += [second] * let_through(limiter(owner), wanted=3)
    steady = {owner: sum(moment > 120 for moment in moments) for owner, moments in left.items()}
    half = (LIMITS["reads"] - LIMITS["reads"] // RESERVED) // 2
    assert all(half - 2 <= calls <= half + 2 for calls in steady.values()), steady


def test_an_owner_that_calls_seldom_reduces_the_others_share_by_its_own_calls_only(limiter, still):
    left = []
    for second in range(240):
        still.pass_by(1)
        left += [second] * let_through(limiter("many"))
        if second % 40 == 0:
            limiter("seldom")("read")
    steady = sum(moment >= 120 for moment in left) / 2
    reserved = LIMITS["reads"] // RESERVED
    assert steady >= LIMITS["reads"] - reserved - 2, steady


def test_a_new_owner_among_many_waits_one_window_at_most(limiter, still):
    owners = [f"busy {number}" for number in range(30)]
    for _ in range(60):
        still.pass_by(1)
        for owner in owners:
            let_through(limiter(owner))
    came = still.ahead
    while not let_through(limiter("newcomer")):
        still.pass_by(0.5)
    assert still.ahead - came <= timedelta(seconds=WINDOW + MARGIN)


@pytest.mark.parametrize(("limit", "one", "other"), [(1, 1, 0), (2, 1, 1), (3, 2, 1)])
def test_the_smallest_budgets_are_used_too(limiter, limit, one, other):
    assert let_through(limiter("one", writes=limit), "write") == one
    assert let_through(limiter("other", writes=limit), "write") == other


# -- The provider says that it is too much --------------------------------------------------------------------


def test_the_time_it_names_is_waited_for_by_all(limiter, still):
    one = limiter("first")
    one("write")
    one.throttled(Throttled("provider.throttled", provider="Xandr", retry_after=90))
    for owner, call in (("first", "write"), ("second", "write"), ("third", "read")):
        with pytest.raises(Waiting) as caught:
            limiter(owner)(call)
        assert caught.value.retry_after == pytest.approx(90)
    still.pass_by(89)
    with pytest.raises(Waiting):
        limiter("second")("read")
    still.pass_by(1.1)
    assert limiter("second")("read") == 1


def test_another_user_does_not_wait(limiter):
    one = limiter("first")
    one("write")
    one.throttled(Throttled("provider.throttled", provider="Xandr", retry_after=90))
    assert limiter("first", key="another user")("write") == 1


@pytest.mark.parametrize(("asked", "waited"), [(None, DEFAULT_WAIT), (86400, LONGEST_WAIT), (5, 5)])
def test_after_too_many_calls_wait_for_a_bounded_time(limiter, asked, waited):
    one = limiter()
    one("read")
    one.throttled(Throttled("provider.throttled", provider="Xandr", retry_after=asked))
    with pytest.raises(Waiting) as caught:
        limiter()("read")
    assert caught.value.retry_after == pytest.approx(waited)


def test_of_two_waits_the_longer_one_counts(limiter):
    one = limiter()
    one("read")
    for seconds in (90, 5):
        one.throttled(Throttled("provider.throttled", provider="Xandr", retry_after=seconds))
    with pytest.raises(Waiting) as caught:
        limiter()("read")
    assert caught.value.retry_after == pytest.approx(90)


@pytest.mark.parametrize(("used", "allowed"), [(1, 20), (10, 20), (30, 29), (38, 37)])
def test_afterwards_fewer_calls_leave(limiter, still, used, allowed):
    one = limiter()
    for _ in range(used):
        one("read")
    one.throttled(Throttled("provider.throttled", provider="Xandr", retry_after=1))
    assert RateLimit.objects.get().reads_allowed == allowed
    assert RateLimit.objects.get().writes_allowed is None
    still.pass_by(WINDOW - 1)
    assert sum(let_through(limiter(owner)) for owner in "abcdef") == max(allowed - used, 0)


def test_after_too_many_the_allowance_grows_back_to_the_limit(limiter, still):
    one = limiter()
    one("read")
    one.throttled(Throttled("provider.throttled", provider="Xandr", retry_after=1))
    seen = []
    for _ in range(8):
        still.pass_by(WINDOW + 1)
        seen.append(sum(let_through(limiter(owner)) for owner in "abcdef"))
    assert seen == [24, 28, 32, 36, 40, 40, 40, 40]
    assert RateLimit.objects.get().reads_allowed is None
    assert all(more - less <= LIMITS["reads"] / 10 for less, more in pairwise(seen))


def test_after_repeated_too_many_one_call_stays_allowed(limiter, still):
    for _ in range(12):
        one = limiter()
        assert one("write") == 1
        one.throttled(Throttled("provider.throttled", provider="Xandr", retry_after=30))
        still.pass_by(WINDOW + 1)
    assert RateLimit.objects.get().writes_allowed >= 1


# -- On the way at the same time ------------------------------------------------------------------------------


def test_no_more_requests_are_under_way_than_allowed(limiter):
    under_way = [limiter(f"{number}", reads=None, at_once=3) for number in range(3)]
    for one in under_way:
        assert one("read")
    with pytest.raises(Waiting) as caught:
        limiter("late", reads=None, at_once=3)("read")
    assert said(caught.value) == "As much is under way at Xandr as it allows."
    assert caught.value.retry_after < 5
    under_way[0].release()
    assert limiter("late", reads=None, at_once=3)("read")


def test_the_next_request_of_a_session_frees_its_earlier_slot(limiter):
    one = limiter(at_once=1)
    assert [one("read"), one("read"), one("write")] == [1, 1, 1]


def test_requests_of_a_dead_worker_stop_counting_after_the_call_deadline(limiter, still, settings):
    limiter("dead", at_once=1)("read")
    still.pass_by(settings.CALL_DEADLINE - 1)
    assert let_through(limiter("next", at_once=1)) == 0
    still.pass_by(2)
    assert limiter("next", at_once=1)("read") == 1


def test_parallel_requests_of_a_session_are_counted_one_by_one(limiter, settings):
    settings.PULL_CONNECTIONS = 4
    pull = limiter("pull", at_once=6)
    assert pull("read", 10) == 4  # so many as leave at a time
    assert limiter("second", at_once=6)("read") == 1
    assert limiter("third", at_once=6)("read") == 1
    with pytest.raises(Waiting):
        limiter("fourth", at_once=6)("read")


def test_slots_are_freed_only_when_all_parallel_requests_have_ended(limiter, settings):
    """While the last page is requested, three others may still be under way."""
    settings.PULL_CONNECTIONS = 4
    pull = limiter("pull", at_once=4)
    assert pull("read", 10) == 4
    assert pull("read", 1) == 1
    with pytest.raises(Waiting):
        limiter("second", at_once=4)("read")


def test_without_a_limit_nothing_waits_and_nothing_is_counted(limiter, still):
    free = limiter(reads=None, writes=None, at_once=15)
    assert [free("read") for _ in range(200)] == [GRANTED_AHEAD] * 200  # and so seldom has to be asked
    row = RateLimit.objects.get()
    assert (row.reads, row.writes) == ([], [])


def test_without_limits_no_row_is_written_until_the_provider_asks_us_to_wait(limiter, still):
    free = limiter(reads=None, writes=None)
    assert free("write") == 1 and free("read", 10) == 10
    assert not RateLimit.objects.exists()
    free.throttled(Throttled("provider.throttled", provider="Easyflow", retry_after=20))
    row = RateLimit.objects.get()
    assert (row.reads_allowed, row.writes_allowed) == (None, None)
    with pytest.raises(Waiting):
        limiter("other", reads=None, writes=None)("read")
    still.pass_by(20.1)
    assert limiter("other", reads=None, writes=None)("read") == 1


# -- A claim that runs out ------------------------------------------------------------------------------------


def test_no_request_leaves_whose_answer_might_come_after_the_claim_ends(limiter, still, settings):
    settings.CALL_DEADLINE = 30
    one = limiter(lease_until=clock.now() + timedelta(seconds=40))
    assert one("write") == 1
    still.pass_by(11)
    with pytest.raises(NotSent):
        one("write")
    assert len(RateLimit.objects.get().writes) == 1  # and is not counted
