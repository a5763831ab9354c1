"""A list read over several connections at a time gives the same result as over one, and never uses more than
allowed."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from pixels.providers.errors import NotSent, ProviderError, Throttled, Waiting
from pixels.providers.secret import Secret
from pixels.providers.transport.http import Http
from pixels.providers.values import AdAccountRef
from pixels.providers.xandr.client import Xandr
from pixels.sandbox.server import SandboxServer
from tests.pixels.providers.conftest import Tokens
from tests.pixels.said import said

ACCOUNT = AdAccountRef(id="8", code="adv-8")
COUNT = 1230  # thirteen pages


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


class Member:
    """A Xandr client for the sandbox's member, and control of the sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, **more: Any) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", timeout=10, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, name: str, operation: str = "list", **more: Any) -> None:
        rule = {"provider": "xandr", "operation": operation, "fault": name, **more}
        self.ask("POST", "faults", json=rule)

    def seed(self, *numbers: int) -> None:
        objects = [{"id": n, "advertiser_id": 8, "name": f"Pixel {n}", "trigger_type": "click"} for n in numbers]
        self.ask("POST", "seed", json={"provider": "xandr", "objects": objects})

    def asked(self, operation: str = "list") -> int:
        return int(self.ask("GET", "requests")["requests"].get("xandr", {}).get(operation, 0))

    def provider(self, rate_limiter: Any = lambda call, wanted=1: wanted) -> Xandr:
        credentials = {"username": "sandbox", "password": Secret("sandbox")}
        return Xandr(credentials, f"{self.url}/xandr", rate_limiter, Tokens(None))


@pytest.fixture
def member(server: SandboxServer, settings: Any) -> Member:
    """1,230 pixels; four connections at a time."""
    settings.PULL_CONNECTIONS = 4
    member = Member(server.url)
    member.ask("POST", "reset")
    member.seed(*range(1, COUNT + 1))
    return member


def read(provider: Xandr, **more: Any) -> tuple[list[str], str]:
    """The ids in the order in which they came, and the error in which it ended."""
    ids: list[str] = []
    try:
        for page in provider.list_pixels(ACCOUNT, **more):
            ids += page.objects
    except ProviderError as error:
        return ids, f"{type(error).__name__}: {said(error)}"
    return ids, ""


EVERYTHING = [str(number) for number in range(1, COUNT + 1)]


@pytest.fixture
def sends(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Counts the requests under way; with `meet`, pages after the first wait until so many are under way."""

    def deadline(meet: int = 0) -> list[int]:
        lock, under_way, most = threading.Lock(), [0], [0]
        barrier = threading.Barrier(meet) if meet else None
        real = Http._send

        def send(*args: Any, **more: Any) -> Any:
            with lock:
                under_way[0] += 1
                most[0] = max(most[0], under_way[0])
            try:
                if barrier and (more.get("params") or {}).get("start_element") in range(100, 100 * meet + 1):
                    barrier.wait(20)
                return real(*args, **more)
            finally:
                with lock:
                    under_way[0] -= 1

        monkeypatch.setattr(Http, "_send", send)
        return most

    return deadline


# -- Order and number -----------------------------------------------------------------------------------------


def test_everything_comes_in_order_and_each_page_is_asked_for_once(member: Member) -> None:
    assert read(member.provider()) == (EVERYTHING, "")
    assert member.asked() == 13


def test_pages_that_overtake_each_other_come_in_their_order(member: Member) -> None:
    for skip in (1, 2, 1):
        member.fault("delay_before", seconds=0.3, skip=skip)
    assert read(member.provider()) == (EVERYTHING, "")


def test_four_are_on_the_way_at_a_time_and_never_five(member: Member, sends: Callable[..., list[int]]) -> None:
    most = sends(meet=4)  # the first page goes alone
    assert read(member.provider()) == (EVERYTHING, "")
    assert most == [4]


@pytest.mark.parametrize("connections", [1, 2, 7, 20])
def test_the_setting_limits_parallel_requests(
    member: Member, settings: Any, sends: Callable[..., list[int]], connections: int
) -> None:
    settings.PULL_CONNECTIONS = connections
    most = sends()
    member.fault("delay_before", seconds=0.05, count=None)
    assert read(member.provider()) == (EVERYTHING, "")
    assert 1 <= most[0] <= connections


def test_the_rate_limiter_is_asked_for_each_request_and_for_several_at_once(member: Member, settings: Any) -> None:
    asks: list[int] = []

    def rate_limiter(call: str, wanted: int = 1) -> int:
        assert call == "read"
        asks.append(wanted)
        return wanted

    assert read(member.provider(rate_limiter)) == (EVERYTHING, "")
    assert sum(asks) == 1 + 1 + 12  # the log-in, the first page, the others
    assert max(asks) <= settings.PULL_CONNECTIONS  # those that leave now, and no others


def test_the_rate_limiter_is_asked_by_the_thread_that_reads(member: Member) -> None:
    """Its row is in this thread's transaction."""
    threads = set()

    def rate_limiter(call: str, wanted: int = 1) -> int:
        threads.add(threading.get_ident())
        return 1

    read(member.provider(rate_limiter))
    assert threads == {threading.get_ident()}


def test_no_more_requests_leave_than_the_rate_limiter_allows(member: Member) -> None:
    left = 7

    def rate_limiter(call: str, wanted: int = 1) -> int:
        nonlocal left
        if not left:
            raise Waiting("limits.crowded", provider="Xandr", retry_after=1)
        granted = min(wanted, left)
        left -= granted
        return granted

    ids, error = read(member.provider(rate_limiter))
    assert error == "Waiting: As much is under way at Xandr as it allows."
    assert member.asked() + member.asked("auth") == 7
    assert ids == EVERYTHING[:600]  # what was on the way has come


# -- What goes wrong in the middle ----------------------------------------------------------------------------


@pytest.mark.parametrize("skip", [1, 5, 12])
@pytest.mark.parametrize(
    ("fault", "more", "error"),
    [
        ("status", {"code": 500}, "BadAnswer: Xandr failed with an error of its own (500)."),
        ("throttled", {"seconds": 9}, "Throttled: Xandr asks us to wait."),
        ("error_in_200", {"error_id": "SYSTEM"}, "BadAnswer: Xandr failed with an error of its own."),
        ("drop", {}, "NoAnswer: Xandr broke the connection off before its answer was complete."),
    ],
)
def test_an_error_ends_a_list_after_the_pages_before_it(
    member: Member, skip: int, fault: str, more: dict[str, Any], error: str
) -> None:
    """Of those behind it some may have been asked for; what they say is dropped."""
    member.fault(fault, skip=skip, **more)
    ids, ended = read(member.provider())
    assert ended == error
    assert ids == EVERYTHING[: len(ids)] and len(ids) % 100 == 0
    assert (skip - 3) * 100 <= len(ids) <= (skip + 3) * 100  # which of four is hit is chance
    # Three others were on the way, and three more left while their answers came first.
    assert member.asked() <= skip + 7


def test_a_wait_that_the_provider_asks_for_is_reported(member: Member) -> None:
    member.fault("throttled", seconds=9, skip=4)
    with pytest.raises(Throttled) as caught:
        list(member.provider().list_pixels(ACCOUNT))
    assert caught.value.retry_after == 9


@pytest.mark.parametrize("skip", [0, 1, 6, 12])
def test_a_session_that_runs_out_in_the_middle_is_opened_anew_once(member: Member, skip: int) -> None:
    provider = member.provider()
    read(provider)
    asked, logged_in = member.asked(), member.asked("auth")
    ids: list[str] = []
    for number, page in enumerate(provider.list_pixels(ACCOUNT)):
        ids += page.objects
        if number == skip:
            member.ask("POST", "expire")  # whatever is asked from here on in the old session is refused
    assert ids == EVERYTHING
    assert member.asked("auth") - logged_in == (skip < 12)
    assert member.asked() - asked <= 13 + 4


def test_sessions_that_are_refused_for_ever_come_to_an_end(member: Member) -> None:
    member.fault("session_expired", skip=3, count=None)
    ids, error = read(member.provider())
    assert error == "BadCredentials: Xandr refused a session that it had just opened."
    assert ids == EVERYTHING[: len(ids)]
    assert member.asked("auth") <= 3
    assert member.asked() <= 20


def test_when_the_rate_limiter_refuses_in_the_middle_requests_under_way_are_finished(member: Member) -> None:
    calls = 0

    def rate_limiter(call: str, wanted: int = 1) -> int:
        nonlocal calls
        calls += 1
        if calls > 5:
            raise Waiting("limits.crowded", provider="Xandr", retry_after=1)
        return 1

    member.fault("delay_before", seconds=0.1, count=None)
    ids, error = read(member.provider(rate_limiter))
    assert (ids, error) == (EVERYTHING[:400], "Waiting: As much is under way at Xandr as it allows.")
    assert member.asked() == 4


def test_a_list_continues_after_the_rate_limiter_has_refused(member: Member) -> None:
    after = ""
    left = [3]

    def rate_limiter(call: str, wanted: int = 1) -> int:
        if left[0] < 1:
            raise Waiting("limits.crowded", provider="Xandr", retry_after=1)
        left[0] -= 1
        return 1

    provider, ids = member.provider(rate_limiter), []
    for _ in range(20):
        try:
            for page in provider.list_pixels(ACCOUNT, after=after or None):
                ids += page.objects
                after = page.after or ""
            break
        except Waiting:
            left[0] = 3
    assert ids == EVERYTHING


def test_a_claim_that_runs_out_in_the_middle_ends_it_at_once(member: Member) -> None:
    calls = 0

    def rate_limiter(call: str, wanted: int = 1) -> int:
        nonlocal calls
        calls += 1
        if calls > 6:
            raise NotSent("limits.held_up")
        return 1

    ids, error = read(member.provider(rate_limiter))
    assert error == "NotSent: PixelHub was held up too long to send this safely."
    assert ids == EVERYTHING[: len(ids)]


def test_a_reader_that_stops_leaves_no_thread_running(member: Member) -> None:
    pages = member.provider().list_pixels(ACCOUNT)
    assert next(pages).total == COUNT and next(pages)
    pages.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]
    assert member.asked() <= 6


# -- A list that moves while it is read -----------------------------------------------------------------------


MOVES: dict[str, list[dict[str, Any]]] = {
    "shrinks": [{"fault": "moving_pages", "how": "deleted", "items": 3}],
    "loses a whole page": [{"fault": "moving_pages", "how": "deleted", "items": 100}],
    "grows": [{"fault": "moving_pages", "how": "inserted", "items": 3}],
    "shows some twice": [{"fault": "repeated_items", "items": 5, "count": None}],
    "shows the first page again": [{"fault": "first_page_again", "skip": 1, "count": None}],
    "shows the first page always": [{"fault": "first_page_again", "count": None}],
    "says more": [{"fault": "wrong_total", "total": "larger", "count": None}],
    "says many more": [{"fault": "wrong_total", "total": "larger", "by": 1000, "count": None}],
    "says less": [{"fault": "wrong_total", "total": "smaller", "count": None}],
    "says much less": [{"fault": "wrong_total", "total": "smaller", "by": 1000, "count": None}],
    "does not say": [{"fault": "wrong_total", "total": "null", "count": None}],
    "lacks some": [{"fault": "missing_items", "items": 2, "count": None}],
    "lacks some of the first page": [{"fault": "missing_items", "items": 2}],
    "is another's": [{"fault": "foreign_objects", "account": "2", "skip": 1, "count": None}],
}


@pytest.mark.parametrize("move", MOVES)
def test_several_connections_list_the_same_as_one(member: Member, settings: Any, move: str) -> None:
    results = []
    for connections in (1, 4):
        settings.PULL_CONNECTIONS = connections
        member.ask("POST", "reset")
        member.seed(*range(5001, 5001 + COUNT))
        member.ask(
            "POST",
            "seed",
            json={"provider": "xandr", "objects": [{"id": 1, "advertiser_id": 2, "name": "Not ours"}]},
        )
        for rule in MOVES[move]:
            member.fault(rule["fault"], **{key: value for key, value in rule.items() if key != "fault"})
        ids, error = read(member.provider())
        results.append((sorted(set(ids)), error))
        assert member.asked() < 100
    assert results[0] == results[1]


@pytest.mark.parametrize(("count", "asked"), [(0, 1), (1, 1), (99, 1), (100, 1), (101, 2), (200, 2), (201, 3)])
def test_small_lists_cost_no_request_too_many(member: Member, count: int, asked: int) -> None:
    member.ask("POST", "reset")
    member.seed(*range(1, count + 1))
    ids, error = read(member.provider())
    assert (len(ids), error) == (count, "")
    assert member.asked() == asked
