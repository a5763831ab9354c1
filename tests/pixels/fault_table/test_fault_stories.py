"""Faults that concern more than one call.

Deletions and taken names at the provider (7, 23), clocks (21), spellings of a value (22), credentials that change in
the middle (24), a provider that is away for hours (25), and a request that takes effect after it was given up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from pixels.limits.provider_session import StoredTokens
from pixels.messages import error_sentence
from pixels.models import AdAccount, Connection, Credential, Operation, Pixel
from pixels.outbox import duplicate_check
from pixels.reconcile import runs
from pixels.sandbox.fault_rules import Faults
from pixels.sandbox.server import SandboxServer
from pixels.services import connections, pixels
from tests.pixels.fault_table.conftest import BETWEEN, NEW, OLD, Desk
from tests.pixels.fault_table.lists import NUMBERS, look_for_missing, seed
from tests.pixels.fault_table.table import FAULTS
from tests.pixels.providers.fault_table.lists import IDS, MANY

HOUR = 3600.0


def test_all_of_them_are_here() -> None:
    stories = {int(found[1]) for name in globals() if (found := re.match(r"test_(\d+)_", name))}
    assert {*FAULTS, *NUMBERS.values(), *stories} == set(range(1, 26))


# 7


@pytest.mark.parametrize(
    ("case", "operation", "state"),
    [
        ("xandr", "update", "live/failed"),
        ("xandr", "delete", "deleted/done"),
        ("easyflow", "update", "live/failed"),
    ],
)
def test_7_a_change_of_what_somebody_has_deleted_there(
    case: str, operation: str, state: str, desk: Callable[[str], Desk], _sandbox: SandboxServer
) -> None:
    at = desk(case)
    pixel = at.live()
    _sandbox.store.delete(at.slug, pixel.remote_id)
    if operation == "update":
        pixels.change_pixel(pixel, at.alice, {"name": NEW})
    else:
        pixels.delete_pixel(pixel, at.alice)
    asked = at.counted()[0]
    at.work()
    assert at.state(pixel) == state
    assert (at.counted()[0] - asked)[operation] == 1
    assert (pixel.name, at.names()) == (OLD, [])
    if state == "live/failed":
        assert error_sentence(pixel)
    if case == "xandr" and operation == "update":  # only a direct look says that it is gone
        assert pixel.remote_status != "gone"
        assert at.sync().state == "done"
        look_for_missing(at)
        pixel.refresh_from_db()
        assert pixel.remote_status == "gone"


@pytest.mark.parametrize("fault", [("status", {"code": 403, "body": "html"}), ("status", {"code": 500}), ("drop", {})])
def test_6_a_failed_look_up_makes_nothing_gone(
    fault: Any, desk: Callable[[str], Desk], _sandbox: SandboxServer
) -> None:
    at = desk("xandr")
    pixel = at.live()
    _sandbox.store.delete("xandr", pixel.remote_id)
    at.sync()
    at.meet(fault, "*")
    look_for_missing(at)
    look_for_missing(at)
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.missed_at) == ("absent", None)
    at.well_again()
    at.clock.pass_by(BETWEEN)
    look_for_missing(at)
    pixel.refresh_from_db()
    assert pixel.remote_status == "gone"


# 21


@pytest.mark.parametrize("skew", [HOUR, -HOUR])
@pytest.mark.parametrize("set_back", [False, True])
def test_21_a_clock_that_is_wrong_or_set_back_loses_nothing(
    skew: float, set_back: bool, desk: Callable[[str], Desk]
) -> None:
    at = desk("xandr")
    at.clock.pass_by(skew)
    pixel, other = at.live(), at.live("Other")
    assert (at.sync().state, at.sync(full=False).state) == ("done", "done")
    if set_back:
        at.clock.pass_by(-2 * HOUR)

    pixels.change_pixel(pixel, at.alice, {"name": NEW})
    at.work()
    assert at.state(pixel) == "live/done"

    at.clock.pass_by(2 * HOUR if set_back else 1)  # what was seen at a time that is still to come is not looked at
    held = next(one for one in at.bench.held("xandr") if one["name"] == "Other")
    at.bench.control("POST", "seed", json={"provider": "xandr", "objects": [{**held, "name": "Theirs"}]})
    assert at.sync(full=False).updated == 1  # by Xandr's clock it is new, whatever ours says
    other.refresh_from_db()
    assert (other.remote_status, other.drift) == ("drifted", ["name"])
    assert not Operation.objects.open().exists()


def test_21_a_time_without_a_zone_is_utc(desk: Callable[[str], Desk], settings: Any) -> None:
    settings.TIME_ZONE = "America/Sao_Paulo"
    at = desk("xandr")
    one = {"advertiser_id": 2, "name": OLD, "state": "active", "trigger_type": "click"}
    objects = [{**one, "id": 1, "last_modified": "2010-01-15 21:41:40"}, {**one, "id": 2, "last_modified": None}]
    at.bench.control("POST", "seed", json={"provider": "xandr", "objects": objects})
    assert at.sync().created == 2
    assert AdAccount.objects.get().changed_until == datetime(2010, 1, 15, 21, 41, 40, tzinfo=UTC)


# 22

FORMS: dict[str, list[dict[str, Any]]] = {
    "easyflow_list": [{"description": None}, {"code": None, "metadata": None}],
    "pitchtarget": [{"tag": "CHECKOUT"}, {"tag": "checkout", "status": None}, {"js_pixel": ""}],
    "xandr": [
        {"piggyback_pixels": None},
        {"piggyback_pixels": []},
        {"post_click_value": None, "min_minutes_per_conv": None},
        {"post_click_expire_mins": 20160.0},
        {"post_view_expire_mins": "1440"},
        {"campaigns": []},
        {"advertiser_id": "2"},
    ],
}


@pytest.mark.parametrize(("case", "forms"), FORMS.items(), ids=FORMS)
def test_22_the_same_in_another_form_is_no_difference(
    case: str, forms: list[dict[str, Any]], desk: Callable[[str], Desk], _sandbox: SandboxServer
) -> None:
    at = desk(case)
    pixel = at.live()
    account = at.connection.ad_accounts.get().remote_id
    [held] = _sandbox.store.objects(at.slug)
    for form in forms:
        _sandbox.store.put(at.slug, account, pixel.remote_id, {**held, **form})
        assert at.sync().state == "done"
        pixel.refresh_from_db()
        assert (form, pixel.drift, pixel.remote_status) == (form, [], "in_sync")
    assert Pixel.objects.count() == 1


# 23


def test_23_a_name_that_was_taken_before_is_a_refusal(desk: Callable[[str], Desk]) -> None:
    at = desk("pitchtarget")
    at.bench.make("pitchtarget", NEW)
    pixel = at.promise()
    at.work()
    assert at.state(pixel) == "failed/failed"
    assert "has already been taken" in pixel.error_provider_message
    at.sync()
    assert at.state(pixel) == "failed/failed"
    assert (Pixel.objects.exclude(pk=pixel.pk).get().name, at.names()) == (NEW, [NEW])


# Beyond the quiet time


@pytest.fixture
def on_the_way(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], Any]]:
    """Effects that come when the test says so."""
    waiting: list[Callable[[], Any]] = []
    monkeypatch.setattr(Faults, "later", lambda faults, seconds, work: waiting.append(work))
    return waiting


def test_23_after_a_lost_answer_the_name_is_taken_by_our_own_object(
    desk: Callable[[str], Desk], on_the_way: list[Callable[[], Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look-up finds nothing, then the first request takes effect, and then the second one is refused."""
    at = desk("pitchtarget")
    pixel = at.promise()
    at.meet(("late_effect", {"count": 1}), "create")
    at.work()
    assert at.state(pixel) == "checking/unconfirmed"
    real = at.provider.create_pixel

    def create(*args: Any) -> Any:
        while on_the_way:
            on_the_way.pop()()
        return real(*args)

    monkeypatch.setattr(at.provider, "create_pixel", create)
    at.clock.pass_by(BETWEEN)
    at.work()
    assert at.state(pixel) == "checking/unconfirmed"
    at.work_on()
    assert (at.state(pixel), at.names()) == ("live/done", [NEW])
    assert at.counted()[0]["create"] == 2


def test_a_second_object_that_is_made_late_is_reported(
    desk: Callable[[str], Desk], on_the_way: list[Callable[[], Any]]
) -> None:
    """Xandr accepts a code twice. This cannot be prevented; the check ten minutes later reports it and deletes
    nothing."""
    at = desk("xandr")
    pixel = at.promise()
    at.meet(("late_effect", {"count": 1}), "create")
    at.work()
    at.work_on()
    assert at.state(pixel) == "live/done"
    on_the_way.pop()()
    assert at.names() == [NEW, NEW]
    for _ in range(2):
        for operation in duplicate_check.due(10):
            duplicate_check.check(operation)
        at.clock.pass_by(BETWEEN)
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.error_code) == ("duplicate", "duplicate")
    assert at.names() == [NEW, NEW]


# 24


OTHER_USER = {"username": "reader", "password": "sandbox"}


@pytest.fixture
def other_user(desk: Callable[[str], Desk]) -> Callable[[Desk], None]:
    return lambda at: connections.replace_credentials(at.connection, at.alice, OTHER_USER)


def who_is_signed_in(at: Desk, server: SandboxServer) -> str | None:
    token = StoredTokens(Credential.objects.filter(connection=at.connection)).load()
    session = token and server.store.session("xandr", token.reveal())
    return session.username if session else None


def test_24_a_run_stops_and_the_next_one_is_the_new_users(
    desk: Callable[[str], Desk],
    other_user: Callable[[Desk], None],
    while_listing: Callable[..., None],
    _sandbox: SandboxServer,
) -> None:
    at = desk("xandr")
    seed(at, IDS["xandr"])
    while_listing(lambda: other_user(at), page=1)
    run = at.sync()
    assert (run.state, error_sentence(run)) == (
        "failed",
        "The credentials of this connection were removed or replaced meanwhile.",
    )
    assert not at.is_paused()
    assert not Pixel.objects.filter(remote_status="absent").exists()
    assert who_is_signed_in(at, _sandbox) is None  # the old session is not kept beside the new password
    logged_in = at.counted()[0]["auth"]
    assert at.sync().state == "done"
    assert Pixel.objects.count() == MANY
    assert (at.counted()[0]["auth"], who_is_signed_in(at, _sandbox)) == (logged_in + 1, "reader")


@pytest.fixture
def replaced_before_the_answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Desk], None]:
    """A function that replaces the credentials while a create is under way, whatever its answer."""

    def set_up(at: Desk) -> None:
        real = at.provider.create_pixel

        def create(*args: Any) -> Any:
            monkeypatch.setattr(at.provider, "create_pixel", real)
            try:
                return real(*args)
            finally:
                connections.replace_credentials(at.connection, at.alice, at.credentials)

        monkeypatch.setattr(at.provider, "create_pixel", create)

    return set_up


@pytest.mark.parametrize("slug", IDS)
def test_24_what_is_said_of_the_old_ones_does_not_pause_the_new_ones(
    slug: str, desk: Callable[[str], Desk], replaced_before_the_answer: Callable[[Desk], None]
) -> None:
    at = desk(slug)
    pixel = at.promise()
    replaced_before_the_answer(at)
    at.meet(("session_expired", {"error_id": "NOAUTH_DISABLED"}), "create")
    at.work()
    assert at.state(pixel) == "queued/pending"
    assert not at.is_paused()
    at.well_again()
    at.work_on()
    assert (at.state(pixel), at.names()) == ("live/done", [NEW])


@pytest.mark.parametrize("slug", IDS)
def test_24_an_answer_that_the_old_ones_got_is_taken(
    slug: str, desk: Callable[[str], Desk], replaced_before_the_answer: Callable[[Desk], None]
) -> None:
    at = desk(slug)
    pixel = at.promise()
    replaced_before_the_answer(at)
    at.work()
    assert (at.state(pixel), at.names()) == ("live/done", [NEW])
    assert at.counted()[0]["create"] == 1


@pytest.mark.parametrize("slug", IDS)
def test_24_where_they_are_taken_away_it_is_sent_once_or_not_at_all(
    slug: str, desk: Callable[[str], Desk], meanwhile: Callable[..., None]
) -> None:
    """Xandr's session is read for each call; the keys of the others are already in the worker's memory."""
    at = desk(slug)
    pixel = at.promise()
    meanwhile(slug, "create_pixel", before=lambda: connections.disconnect(at.connection, at.alice))
    at.work()
    assert (at.state(pixel), at.names()) == (("failed/cancelled", []) if slug == "xandr" else ("live/done", [NEW]))


# 25


@pytest.mark.parametrize("number", [1, 5])
def test_25_a_provider_that_is_away_for_six_hours(number: int, desk: Callable[[str], Desk], settings: Any) -> None:
    """Nothing is dropped, one call a minute probes, and afterwards everything goes on, the oldest first."""
    at = desk("xandr")
    at.meet(("status", {"code": 503, "body": "html"}), "*")
    names = [f"Pixel {one}" for one in range(number)]
    waiting = [at.promise(name) for name in names]
    began = at.clock.now()

    def asked_in(rounds: int, seconds: float) -> int:
        before = at.counted()[0].total()
        for _ in range(rounds):
            runs.schedule(10)
            at.work()
            at.clock.pass_by(seconds)
        return at.counted()[0].total() - before

    assert 0 < asked_in(10, settings.DISPATCH_INTERVAL) <= settings.CIRCUIT_FAILURES + 3
    assert 15 <= asked_in(80, settings.DISPATCH_INTERVAL) <= 20  # minutes
    assert 32 <= asked_in(33, 600) <= 33
    row = Connection.objects.get()
    assert row.is_down
    assert row.down_since and (row.down_since - began).total_seconds() < 600
    assert {at.state(pixel) for pixel in waiting} == {"queued/pending"}
    assert at.names() == []

    at.well_again()
    at.work()  # one tries
    at.work()  # and the others follow
    assert {at.state(pixel) for pixel in waiting} == {"live/done"}
    assert at.names() == names
    assert at.counted()[0]["create"] == number
    assert not Connection.objects.get().is_down
