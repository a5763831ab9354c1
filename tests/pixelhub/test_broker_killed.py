"""`make run` with an external Redis, which is killed while the worker carries out a create."""

import re
import time
import uuid

import pytest
import requests

from tests.drills.people import Visitor
from tests.services import Redis, wait_for
from tests.stack import Stack, first_of, require

pytestmark = pytest.mark.services

SLOW = 4.0  # seconds that the provider takes for a create
CONNECTION = "from pixels.models import Connection; print(Connection.objects.get(provider='xandr').pk)"
STATES = """
from pixels.models import Pixel
print(*Pixel.objects.filter(name__in=%r).values_list("lifecycle", flat=True))
"""
DONE_BY_WORKER = re.compile(r"^worker +\|.*Xandr POST /pixel: 200", re.MULTILINE)


@pytest.fixture
def redis():
    require("redis")
    with Redis() as server:
        yield server


@pytest.fixture
def product(redis):
    made = Stack("sqlite", REDIS_URL=redis.url, DEMO="1")
    try:
        made.start()
        wait_for("The demo", lambda: "PixelHub is ready" in made.logs(), made.process)
        yield made
    finally:
        made.clear()


@pytest.fixture
def create(product):
    """Create a pixel through the form at a slow provider; returns once the provider has received it."""
    demo = Visitor(product.port)
    demo.sign_in("demo@pixelhub.example", product.env["DEMO_PASSWORD"])
    connection = product.manage("shell", "--no-imports", "-c", CONNECTION).strip()
    slow = {"provider": "xandr", "operation": "create", "fault": "delay_after", "seconds": SLOW, "count": None}
    requests.post(f"{product.sandbox_url}/_sandbox/faults", json=[slow], timeout=10).raise_for_status()

    def begin() -> str:
        name = f"Kept {uuid.uuid4().hex[:8]}"
        answers = demo.create("demo", connection, "xandr", name, patience=5)
        assert answers[-1].status == 302
        wait_for("The provider", lambda: len(held(product, name)) == 1, product.process)
        return name

    return begin


def held(product, name):
    objects = requests.get(f"{product.sandbox_url}/_sandbox/objects", {"provider": "xandr"}, timeout=10).json()
    return [one for one in objects["objects"] if one["name"] == name]


def done_by_worker(product):
    return len(DONE_BY_WORKER.findall(product.logs()))


def test_the_worker_outlives_its_broker_and_what_it_has_in_hand_comes_to_its_end(product, redis, create):
    worker, before = first_of(product.data_dir, "celery"), done_by_worker(product)
    first = create()
    redis.process.kill()
    redis.process.wait(timeout=10)
    # Longer than the create takes: the worker meets the dead server when the connection breaks, and once more when it
    # wants to acknowledge the message.
    until = time.monotonic() + SLOW + 3
    while time.monotonic() < until:
        assert requests.get(f"{product.url}/accounts/login/", timeout=5).status_code == 200
        assert product.process.poll() is None, product.logs()
        time.sleep(0.3)
    wait_for("The worker", lambda: done_by_worker(product) == before + 1, product.process)

    redis.process = redis.start()
    wait_for("Redis", redis.answers, redis.process)
    wait_for("The worker", lambda: heartbeat_is_fresh(product), product.process)
    second = create()
    wait_for("The worker", lambda: done_by_worker(product) == before + 2, product.process)
    assert first_of(product.data_dir, "celery") == worker
    states = product.manage("shell", "--no-imports", "-c", STATES % [first, second])
    assert states.split() == ["live", "live"]
    assert [len(held(product, name)) for name in (first, second)] == [1, 1]


def heartbeat_is_fresh(product):
    seconds = requests.get(f"{product.url}/healthz", timeout=10).json()["worker"]["last_heartbeat"]
    return seconds is not None and seconds < 3
