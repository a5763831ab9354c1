"""A clock that was ahead, ours or the provider's, has left future times in rows: none of them blocks anything."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pixels.models import AdAccount, Pixel, SyncRun
from pixels.reconcile import missing, pull, runs
from pixels.services import connections
from tests.pixels.elsewhere import at_xandr

YEAR = timedelta(days=365)


@pytest.fixture
def account(xandr, sandbox, sync):
    """An ad account with three pixels, all known."""
    old = {"last_modified": "2026-01-01 00:00:00"}
    sandbox.seed("xandr", [at_xandr(number, f"Pixel {number}", **old) for number in range(1, 4)])
    assert sync(xandr).created == 3
    return xandr


def read_changes(connection):
    run = runs.open_run(connection, full=False)
    pull.pull(run.pk)
    run.refresh_from_db()
    return run


@pytest.mark.parametrize("until", ["2099-01-01T00:00Z", "1970-01-01T00:00Z"])
def test_changes_known_until_a_time_that_cannot_be_are_all_read_and_the_time_is_forgotten(account, sandbox, until):
    sandbox.seed("xandr", [at_xandr(2, "Renamed", last_modified="2026-02-01 00:00:00")])
    AdAccount.objects.update(changed_until=until)
    run = read_changes(account)
    assert (run.state, run.seen, run.updated, run.missing) == ("done", 3, 1, 0)
    assert f"{AdAccount.objects.get().changed_until:%Y-%m-%d}" == "2026-02-01"
    assert read_changes(account).seen == 1


@pytest.mark.parametrize("facts", [{"state": "running", "attempt": 1, "lease_until": YEAR}, {"not_before": YEAR}])
def test_a_run_held_for_a_year_goes_on(account, facts):
    run = connections.sync_now(account, None)
    moments = {name: timezone.now() + value if isinstance(value, timedelta) else value for name, value in facts.items()}
    SyncRun.objects.filter(pk=run.pk).update(**moments)
    assert runs.due(10) == [run.pk]
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.seen) == ("done", 3)


def test_a_pixel_that_was_looked_for_in_a_year_is_looked_for_now(account):
    moments = {"absent_at": timezone.now(), "read_back_at": timezone.now() + YEAR}
    Pixel.objects.filter(remote_id="2").update(remote_status="absent", **moments)
    for one in missing.due(10):
        missing.check(one)
    assert Pixel.objects.get(remote_id="2").remote_status == "in_sync"
