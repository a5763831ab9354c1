"""After a backup was restored, its open operations may have been sent since: they are looked up before anything is
sent."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models.functions import Now
from django.utils import timezone

from pixels.models import AdAccount, Connection, Operation, Pixel, Snippet, SyncRun
from pixels.outbox import claim, deliver
from pixels.reconcile import pull, runs
from pixels.services import connections, pixels
from pixels.services.restore import after_restore
from tests.pixels.elsewhere import at_pitchtarget, at_xandr
from tests.pixels.page import Page

KEPT = (Connection, AdAccount, Pixel, Snippet, Operation, SyncRun)


@pytest.fixture
def backup(time):
    """A function that saves the rows; the function it returns restores them minutes later and runs after_restore."""

    def take():
        kept = {model: list(model.objects.all()) for model in KEPT}

        def put_back():
            time.pass_by(600)
            for model in (SyncRun, Operation, Snippet, Pixel):
                model.objects.all().delete()
            for model in KEPT:
                for row in kept[model]:
                    created = getattr(row, "created_at", None)
                    row.save()
                    if created:
                        model.objects.filter(pk=row.pk).update(created_at=created)
            return after_restore()

        return put_back

    return take


@pytest.fixture
def go(time, settings):
    """A function that does all due work, now and after its waits."""

    def run(times=3):
        for _ in range(times):
            for connection in claim.due_connections(10):
                deliver.drain(connection, 60)
            time.pass_by(settings.QUIET_TIME + 1)

    return run


@pytest.fixture
def recognisable(connect, promise):
    """A pixel that can be looked up: at Xandr its code holds our reference."""

    def make(provider, name="Purchase"):
        pk = Pixel().pk
        return promise(connect(provider), name, id=pk, options={"code": f"ph-{pk}"} if provider == "xandr" else {})

    return make


def state(pixel):
    pixel.refresh_from_db()
    return pixel.lifecycle, pixel.operations.order_by("-created_at").first().state


# -- Creates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["pitchtarget", "xandr"])
def test_a_pixel_that_was_created_since_is_found_and_not_created_twice(recognisable, backup, go, sandbox, provider):
    pixel = recognisable(provider)
    put_back = backup()
    go(1)
    [held] = sandbox.held(provider)
    assert put_back()["creates"] == 1
    go(1)
    assert state(pixel) == ("checking", "unconfirmed")
    go()
    assert state(pixel) == ("live", "done")
    assert pixel.remote_id == str(held["id"])
    assert sandbox.asked(provider, "create") == 1


@pytest.mark.parametrize("provider", ["pitchtarget", "xandr"])
def test_a_pixel_that_was_not_created_since_is_looked_up_and_then_created_once(
    recognisable, backup, go, sandbox, provider
):
    pixel = recognisable(provider)
    backup()()
    go(1)
    assert sandbox.asked(provider, "create") == 0
    go()
    assert state(pixel) == ("live", "done")
    assert sandbox.asked(provider, "create") == len(sandbox.held(provider)) == 1


@pytest.mark.parametrize("sent_since", [True, False])
def test_where_nobody_can_be_asked_a_person_decides(recognisable, backup, go, sandbox, bob, sent_since):
    pixel = recognisable("easyflow")
    put_back = backup()
    if sent_since:
        go(1)
    put_back()
    go()
    assert state(pixel) == ("unknown", "unknown")
    assert sandbox.asked("easyflow", "create") == int(sent_since)
    if not sent_since:
        pixels.confirm_absent(pixel, bob)
        go()
        assert state(pixel) == ("live", "done")


@pytest.mark.parametrize("facts", [{}, {"sent_at": Now(), "sends": 1, "preexisting_ids": []}])
def test_a_create_that_a_worker_held_in_the_backup_is_looked_up_too(recognisable, backup, go, sandbox, facts):
    pixel = recognisable("xandr")
    lease = timezone.now() + timedelta(seconds=90)
    Operation.objects.update(state="in_flight", attempt=1, lease_until=lease, **facts)
    backup()()
    go(1)
    assert sandbox.asked("xandr", "create") == 0
    go()
    assert state(pixel) == ("live", "done")
    assert sandbox.asked("xandr", "create") == 1


def test_an_object_of_the_same_name_in_the_backup_is_not_linked(pitchtarget, promise, sandbox, sync, backup, go):
    """The pixel had not been sent when the backup was made, so that object cannot be its own."""
    pixel = promise(pitchtarget, "Purchase")
    sandbox.seed("pitchtarget", [at_pitchtarget("77", "Purchase")], ad_account="9")
    sync(pitchtarget)
    theirs = Pixel.objects.get(remote_id="77")
    backup()()
    go(8)
    pixel.refresh_from_db(), theirs.refresh_from_db()
    assert theirs.lifecycle == "live"
    assert pixel.lifecycle in ("failed", "unknown")  # PitchTarget says that the name is taken
    assert pixel.remote_id == ""


# -- Changes and deletes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent_since", [True, False])
def test_a_change_is_not_sent_and_its_page_says_so(xandr, live, bob, backup, go, sandbox, browser_of, at, sent_since):
    pixel = live(xandr, "Shoes")
    pixels.change_pixel(pixel, bob, {"name": "Boots"})
    put_back = backup()
    if sent_since:
        go(1)
    assert put_back()["changes"] == 1
    go()
    assert state(pixel) == ("live", "cancelled")
    assert sandbox.asked("xandr", "update") == int(sent_since)
    page = Page.of(browser_of(bob).get(at("pixel", pixel))).text
    assert "A backup was put back while this change was open; it may have been sent since." in page
    pixels.retry(pixel, bob)  # a person may retry after comparing them
    go()
    assert state(pixel) == ("live", "done")
    assert sandbox.held("xandr")[0]["name"] == "Boots"


@pytest.mark.parametrize("sent_since", [True, False])
def test_a_delete_only_repeats_what_somebody_wanted(xandr, live, alice, backup, go, sandbox, sent_since):
    pixel = live(xandr)
    pixels.delete_pixel(pixel, alice)
    put_back = backup()
    if sent_since:
        go(1)
    assert put_back()["deletes"] == 1
    go()
    assert state(pixel) == ("deleted", "done")
    assert sandbox.held("xandr") == []


def test_a_restore_leaves_finished_operations_as_they_are(xandr, live, promise, backup, go, sandbox, bob):
    live(xandr, "Live")
    draft = promise(xandr, "Draft")
    pixels.cancel(draft, bob)
    before = list(Operation.objects.order_by("pk").values("pk", "state", "attempt", "finished_at"))
    assert backup()() == {"creates": 0, "changes": 0, "deletes": 0}
    go()
    assert list(Operation.objects.order_by("pk").values("pk", "state", "attempt", "finished_at")) == before
    assert sandbox.asked("xandr", "create") == 1


# -- The next sync reads everything ---------------------------------------------------------------------------


def test_a_restore_makes_the_next_sync_compare_every_object(xandr, sandbox, sync, backup):
    old = {"last_modified": "2026-01-01 00:00:00"}
    sandbox.seed("xandr", [at_xandr(number, f"Pixel {number}", **old) for number in range(1, 21)])
    sync(xandr)
    AdAccount.objects.update(changed_until=timezone.now())
    put_back = backup()
    sandbox.seed("xandr", [at_xandr(7, "Renamed meanwhile", **old)])
    put_back()
    run = runs.open_run(Connection.objects.get(), full=False)
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.seen) == ("done", 20)
    assert Pixel.objects.get(remote_id="7").drift == ["name"]


def test_a_sync_that_was_under_way_in_the_backup_begins_again(xandr, sandbox, sync, backup):
    """What it had read by then may have changed since."""
    old = {"last_modified": "2026-01-01 00:00:00"}
    sandbox.seed("xandr", [at_xandr(number, f"Pixel {number}", **old) for number in range(1, 251)])
    sync(xandr)
    run = connections.sync_now(xandr, None)
    throttled = {"provider": "xandr", "operation": "list", "fault": "throttled", "skip": 1, "seconds": 1}
    sandbox.ask("POST", "faults", json=throttled)
    pull.pull(run.pk)
    assert SyncRun.objects.get(pk=run.pk).cursor["after"] == "100"
    put_back = backup()
    sandbox.seed("xandr", [at_xandr(7, "Renamed meanwhile", **old)])
    put_back()
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.seen, run.missing) == ("done", 250, 0)
    assert Pixel.objects.get(remote_id="7").drift == ["name"]


# -- The command ----------------------------------------------------------------------------------------------


def test_circuits_and_drain_leases_of_the_backup_block_nobody(recognisable, backup, go, sandbox):
    recognisable("xandr")
    later = timezone.now() + timedelta(seconds=50)
    Connection.objects.update(failures=5, down_since=timezone.now(), circuit_open_until=later, drain_lease_until=later)
    backup()()
    connection = Connection.objects.get()
    assert (connection.failures, connection.down_since, connection.circuit_open_until) == (0, None, None)
    go()
    assert sandbox.asked("xandr", "create") == 1


def test_run_twice_it_does_no_harm(recognisable, backup, go, sandbox):
    pixel = recognisable("xandr")
    put_back = backup()
    go(1)
    put_back()
    after_restore()
    go()
    after_restore()
    go()
    assert state(pixel) == ("live", "done")
    assert sandbox.asked("xandr", "create") == 1


def test_the_operator_reads_what_was_found(xandr, live, promise, alice, bob, sandbox):
    one, two = live(xandr, "One"), live(xandr, "Two")
    pixels.change_pixel(one, bob, {"name": "1"})
    pixels.delete_pixel(two, alice)
    promise(xandr, "Three"), promise(xandr, "Four")
    said = StringIO()
    call_command("after_restore", stdout=said)
    assert "To be looked up: 2 creates." in said.getvalue()
    assert "Not sent again: 1 changes" in said.getvalue()
    assert "To be repeated: 1 deletes." in said.getvalue()
