"""The cache holds only JSON, so that somebody who can write to Redis cannot run code here."""

import os
import pickle
import time

import pytest
from django.core.cache import cache, caches
from django.urls import reverse

from pixelhub.health import HEARTBEAT


class MakesDirectory:
    """An object whose pickle makes a directory in the process that reads it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def plant(key, data):
    """A function that writes to the Redis server directly, without Django."""
    backend = caches["broker"]
    backend._cache.get_client(None, write=True).set(backend.make_and_validate_key(key), data)


@pytest.mark.django_db
def test_a_pickle_that_somebody_planted_is_not_run_by_the_health_page(client, tmp_path):
    made = tmp_path / "made by the pickle"
    plant(HEARTBEAT, pickle.dumps(MakesDirectory(str(made))))
    answer = client.get("/healthz")
    assert not made.exists()
    assert answer.status_code == 503
    assert answer.json()["worker"] == {"status": "down", "last_heartbeat": None}


@pytest.mark.django_db
@pytest.mark.parametrize("alias", ["default", "broker"])
def test_a_planted_pickle_is_not_run_by_any_other_reader(alias, tmp_path):
    made = tmp_path / "made by the pickle"
    plant("planted", pickle.dumps(MakesDirectory(str(made))))
    assert caches[alias].get("planted", "nothing") == "nothing"
    assert not made.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "data", [b'"yesterday"', b"[1]", b"NaN", b"[" * 100_000, b"\xff", b"", b"true", b"1" + b"0" * 400]
)
def test_a_forged_heartbeat_breaks_no_page(client, data):
    plant(HEARTBEAT, data)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["worker"]["status"]) == (503, "down")


@pytest.mark.django_db
def test_people_sign_in_where_an_earlier_version_left_pickled_counts(client, alice):
    alice.set_password("correct-horse-7-battery")
    alice.save()
    sign_in = {"login": alice.email, "password": "correct-horse-7-battery"}
    client.post(reverse("account_login"), sign_in | {"password": "wrong"})
    server = caches["broker"]._cache.get_client(None, write=True)
    counted = [key for key in server.keys("*") if b"rl" in key]
    assert counted
    for key in counted:
        server.set(key, pickle.dumps([time.time()]))
    assert client.post(reverse("account_login"), sign_in).status_code == 302


@pytest.mark.parametrize("value", [0, 7, 1.5, "text", True, None, [1.5, 2.5], {"a": [None, "–"]}])
def test_what_is_json_comes_back_as_it_was(value):
    cache.set("value", value)
    assert cache.get("value", "missing") == value
    assert type(cache.get("value", "missing")) is type(value)


def test_redis_counts_with_whole_numbers():
    cache.set("count", 1)
    assert cache.incr("count") == 2
    assert cache.get("count") == 2


def test_what_is_not_json_is_refused_when_it_is_written():
    with pytest.raises(TypeError):
        cache.set("value", object())
