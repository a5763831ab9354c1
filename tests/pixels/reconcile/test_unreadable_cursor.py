"""Cursors and places of syncs that make no sense: logged, refused, and no list is misread because of them."""

import zlib
from datetime import timedelta

import pytest
from django.utils import timezone

from pixels.models import AdAccount, Pixel, SyncRun
from pixels.reconcile import missing, pull, runs
from pixels.services import connections
from tests.pixels.elsewhere import at_xandr

YEAR = timedelta(days=365)
OLD = {"last_modified": "2026-01-01 00:00:00"}


@pytest.fixture
def account(xandr, sandbox, sync):
    """250 pixels, all known."""
    sandbox.seed("xandr", [at_xandr(number, f"Pixel {number}", **OLD) for number in range(1, 251)])
    assert sync(xandr).created == 250
    return xandr


def look(connection, **facts):
    run = runs.open_run(connection, **facts)
    pull.pull(run.pk)
    run.refresh_from_db()
    return run


@pytest.mark.parametrize("until", ["2099-01-01T00:00Z", "9999-12-31T00:00Z", "1970-01-01T00:00Z", "0001-01-01T00:00Z"])
def test_a_garbage_cursor_misses_nothing_and_is_forgotten(account, sandbox, until):
    sandbox.seed("xandr", [at_xandr(7, "Renamed", last_modified="2026-02-01 00:00:00")])
    AdAccount.objects.update(changed_until=until)
    run = look(account, full=False)
    assert (run.state, run.updated, run.missing) == ("done", 1, 0)
    assert f"{AdAccount.objects.get().changed_until:%Y-%m-%d}" == "2026-02-01"
    asked = sandbox.asked("xandr", "list")
    assert look(account, full=False).state == "done"
    assert sandbox.asked("xandr", "list") - asked == 1


def whole(**cursor):
    """A cursor behind the first page, but for what is given."""
    usual = {
        "account": AdAccount.objects.first().pk,
        "after": "100",
        "began": timezone.now().isoformat(),
        "total": 250,
        "newest": None,
        "earlier": 0,
        "stopped": "",
        "counts": {"pages": 1, "seen": 100, "missing": 0, "lacking": 0},
    }
    return usual | cursor


def packed(numbers):
    return zlib.compress("\n".join(str(number) for number in numbers).encode())


@pytest.mark.parametrize(
    ("cursor", "seen"),
    [
        ([], b""),
        ("text", b""),
        (5, packed(range(1, 101))),
        ({}, packed(range(1, 101))),
        ({"after": "100"}, packed(range(1, 101))),
        ({"counts": {"pages": "many", "seen": 1, "missing": 0, "lacking": 0}}, packed(range(1, 101))),
        ({"counts": 5}, packed(range(1, 101))),
        ({"account": "text"}, packed(range(1, 101))),
        ({"account": None}, packed(range(1, 101))),
        ({"account": 999_999}, packed(range(1, 101))),
        ({"earlier": 0}, None),
        ({"earlier": 0}, b"garbage"),
        ({"earlier": 0}, zlib.compress(b"\xff\xfe")),
    ],
)
def test_from_a_place_that_makes_no_sense_the_list_begins_again(account, cursor, seen, caplog):
    run = connections.sync_now(account, None)
    if cursor not in ({}, {"after": "100"}) and isinstance(cursor, dict):
        cursor = whole(**cursor)
    SyncRun.objects.filter(pk=run.pk).update(cursor=cursor, seen_ids=seen, pages=77, seen=7700, missing=7)
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.pages, run.seen, run.unchanged, run.missing) == ("done", 3, 250, 250, 0)
    assert not Pixel.objects.filter(remote_status="absent").exists()
    assert "the cursor that was kept makes no sense" in caplog.text


def test_the_place_of_another_connections_ad_account_is_not_ours(account, connect):
    """It lies behind all of ours, where nothing is left to be read."""
    other = connect("xandr").ad_accounts.get()
    run = connections.sync_now(account, None)
    SyncRun.objects.filter(pk=run.pk).update(cursor=whole(account=other.pk), seen_ids=packed(range(1, 101)))
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.seen) == ("done", 250)


@pytest.mark.parametrize("after", ["text", "-5", "100000", "99999999999999999999"])
def test_a_place_outside_the_list_marks_nothing_and_the_next_sync_is_right(account, after, sync):
    run = connections.sync_now(account, None)
    SyncRun.objects.filter(pk=run.pk).update(cursor=whole(after=after), seen_ids=packed(range(1, 101)))
    pull.pull(run.pk)
    run.refresh_from_db()
    # Behind the end there is nothing: too short, so it is read once more. The others Xandr refuses.
    assert run.state == ("done" if after == "100000" else "failed")
    assert not Pixel.objects.filter(remote_status="absent").exists()
    assert sync(account).unchanged == 250


def test_seen_ids_of_others_hide_nothing_for_long(account, sync, sandbox):
    """They are judged over the whole list, and a list that is too short for them is not believed."""
    run = connections.sync_now(account, None)
    SyncRun.objects.filter(pk=run.pk).update(cursor=whole(), seen_ids=packed(range(5001, 5101)))
    pull.pull(run.pk)
    run.refresh_from_db()
    assert run.state == "stopped"  # a hundred would be missing: a person has to look
    assert not Pixel.objects.filter(remote_status="absent").exists()
    assert sync(account).missing == 0


def test_ids_of_another_account_in_a_list_are_refused(account, sandbox, sync):
    sandbox.seed("xandr", [at_xandr(9001, "Not ours") | {"advertiser_id": 8}])
    foreign = {"provider": "xandr", "operation": "list", "fault": "foreign_objects", "account": "8"}
    sandbox.ask("POST", "faults", json=foreign)
    run = sync(account)
    assert run.state == "failed"
    assert Pixel.objects.count() == 250
    assert not Pixel.objects.filter(remote_status="absent").exists()


@pytest.mark.parametrize(
    "facts",
    [
        {"state": "running", "attempt": 1, "lease_until": YEAR},
        {"state": "running", "attempt": 1, "lease_until": None},
        {"not_before": YEAR},
        {"not_before": 5000 * YEAR},
    ],
)
def test_a_sync_held_for_a_year_goes_on(account, facts):
    run = connections.sync_now(account, None)
    moments = {name: timezone.now() + value if isinstance(value, timedelta) else value for name, value in facts.items()}
    SyncRun.objects.filter(pk=run.pk).update(**moments)
    assert runs.due(10) == [run.pk]
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.seen) == ("done", 250)


def test_a_pixel_that_was_looked_for_in_a_year_to_come_is_looked_for_now(account, sandbox):
    Pixel.objects.filter(remote_id="7").update(
        remote_status="absent", absent_at=timezone.now(), read_back_at=timezone.now() + YEAR
    )
    for one in missing.due(10):
        missing.look(one)
    assert Pixel.objects.get(remote_id="7").remote_status == "in_sync"
