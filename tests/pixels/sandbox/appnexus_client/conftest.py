"""numberly's `appnexus-client`, which was written for the real Xandr, at the sandbox.

It trusts what it gets: it reads no status, sends again for ever when its session or budget is over, and takes the
first list or object that is not `dbg_info` for the data. So every test has an end of its own, and counts requests.
"""

import importlib
import signal
from collections import Counter

import pytest
from appnexus.client import AppNexusClient
from appnexus.exceptions import AppNexusException
from appnexus.representations import raw

SECONDS = 30  # far more than any test here takes
FIRST = 5000  # the id of the first seeded pixel

NEW = {"name": "Purchase", "trigger_type": "hybrid", "state": "active", "post_click_value": 2.5}


@pytest.fixture(autouse=True)
def an_end():
    """What goes on for ever fails. A Failed is no Exception: nothing on the way can catch it and go on."""

    def stop(*_):
        pytest.fail(f"still not done after {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def asked(happened):
    """The requests that came since this was last called, by operation."""
    seen = Counter()

    def new():
        fresh = Counter(happened("requests", "xandr")) - seen
        seen.update(fresh)
        return dict(fresh)

    return new


@pytest.fixture
def held(control):
    return lambda: control("GET", "/objects?provider=xandr").json()["objects"]


@pytest.fixture
def switch(control):
    def set_switches(**values):
        assert control("POST", "/switch", json=values).status_code == 200

    return set_switches


@pytest.fixture
def later(control):
    """Let time pass for sessions and limits."""
    return lambda seconds: control("POST", "/seed", json={"provider": "xandr", "pass_seconds": seconds})


@pytest.fixture
def waits(later, monkeypatch):
    """For how many seconds it waited, each time. They pass at the sandbox, and nobody waits for them."""

    class Clock(list):
        def sleep(self, seconds):
            self.append(seconds)
            later(seconds)

    clock = Clock()
    for module in ("appnexus.client", "appnexus.model"):
        monkeypatch.setattr(importlib.import_module(module), "time", clock)
    return clock


@pytest.fixture
def new_client(sandbox):
    """Its addresses are attributes of the class, with a slash at the end."""

    class ToSandbox(AppNexusClient):
        url = test_url = sandbox.url + "/xandr/"

    def make(username="sandbox", password="sandbox", **more):
        return ToSandbox(username, password, representation=raw, **more)

    return make


@pytest.fixture
def client(new_client, asked):
    """Logged in, and nothing asked yet."""
    signed_in = new_client()
    assert signed_in.user.get(current=True)["user"]["username"] == "sandbox"
    asked()
    return signed_in


@pytest.fixture
def many(seed):
    """205 pixels of advertiser 2 and one of advertiser 8; their ids."""
    mine = [{"id": FIRST + n, "advertiser_id": 2, "name": f"Pixel {n}"} for n in range(205)]
    seed("xandr", [*mine, {"id": FIRST + 205, "advertiser_id": 8, "name": "Pixel"}])
    return [pixel["id"] for pixel in mine]


def ids(rows):
    return [row["id"] for row in rows]


def refusal(call):
    """The error_id that a call comes back with."""
    with pytest.raises(AppNexusException) as caught:
        call()
    return caught.value.response.json()["response"]["error_id"]
