"""GET /healthz tells the truth about each part, quickly, to anybody who asks."""

import socket
import time
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.utils import timezone

from pixelhub.health import HEARTBEAT
from pixels.limits import lease
from pixels.models import Lease

pytestmark = pytest.mark.django_db


def ask(client):
    answer = client.get("/healthz")
    return answer, answer.json()


@pytest.fixture
def beating():
    """A worker and a scheduler that have just shown a sign of life."""
    cache.set(HEARTBEAT, time.time())
    lease.hold(lease.DISPATCH, "somebody", 30)


def point_cache_at(settings, location):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": location}}


def test_strangers_read_200_when_all_parts_answer(client, beating):
    answer, parts = ask(client)
    assert answer.status_code == 200
    assert parts["status"] == parts["database"] == parts["broker"] == parts["worker"]["status"] == "ok"
    assert 0 <= parts["worker"]["last_heartbeat"] < 5
    assert "no-store" in answer["Cache-Control"]


def test_a_worker_never_seen_is_down(client):
    answer, parts = ask(client)
    assert answer.status_code == 503
    assert parts["worker"] == {"status": "down", "last_heartbeat": None}
    assert parts["broker"] == "ok"


@pytest.mark.parametrize(("age", "status"), [(25, 200), (31, 503)])
def test_a_worker_silent_for_30_seconds_is_down(client, beating, age, status):
    cache.set(HEARTBEAT, time.time() - age)
    assert ask(client)[0].status_code == status


def test_a_scheduler_never_seen_is_down(client, beating):
    lease.give_back(lease.DISPATCH, "somebody")
    answer, parts = ask(client)
    assert (answer.status_code, parts["scheduler"], parts["worker"]["status"]) == (503, "down", "ok")


@pytest.mark.parametrize(("age", "status"), [(25, 200), (31, 503)])
def test_a_scheduler_whose_lease_ran_out_half_a_minute_ago_is_down(client, beating, age, status):
    Lease.objects.update(until=timezone.now() - timedelta(seconds=age))
    assert ask(client)[0].status_code == status


def test_a_dead_broker_is_down(client, settings, tmp_path):
    point_cache_at(settings, f"unix://{tmp_path}/nobody.sock")
    answer, parts = ask(client)
    assert answer.status_code == 503
    assert parts["broker"] == "down"
    assert parts["database"] == "ok"


def test_a_frozen_broker_costs_seconds_not_minutes(client, settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        point_cache_at(settings, f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        before = time.monotonic()
        answer, parts = ask(client)
        assert time.monotonic() - before < 4
    assert answer.status_code == 503
    assert parts["broker"] == "down"


def test_a_dead_database_is_down(client, beating):
    with patch("pixelhub.health.connection.cursor", side_effect=OperationalError("password=hunter2")):
        answer, parts = ask(client)
    assert answer.status_code == 503
    assert parts["database"] == "down"
    assert b"hunter2" not in answer.content


def test_the_sandbox_is_reported_and_does_not_count(client, beating, settings):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        settings.SANDBOX_URL = f"http://127.0.0.1:{port}"
        assert ask(client)[1]["sandbox"] == "ok"
    answer, parts = ask(client)
    assert parts["sandbox"] == "down"
    assert answer.status_code == 200
    settings.SANDBOX_ENABLED = False
    assert ask(client)[1]["sandbox"] == "off"


def test_nothing_but_reading(client):
    assert client.post("/healthz").status_code == 405
