"""An upgrade in the middle of work: this version finishes what an earlier version (migration 0007) has begun."""

import zlib
from datetime import timedelta

import pytest
from django.utils import timezone

from pixels.models import Connection, Operation, Pixel, SyncRun
from pixels.outbox import deliver
from pixels.reconcile import connection_test, pull
from pixels.services import connections, pixels
from tests.pixels.elsewhere import at_xandr

# State and `maybe_sent` of an open operation in the earlier version, and whether its change took effect at the
# provider.
CREATES = {
    "waits": ("pending", False, False),
    "waits for its look-up, not made": ("pending", True, False),
    "waits for its look-up, made": ("pending", True, True),
    "claimed": ("in_flight", False, False),
    "sent, not made": ("in_flight", True, False),
    "sent, made": ("in_flight", True, True),
}
CHANGES = {"waits": ("pending", False), "claimed": ("in_flight", False), "sent": ("in_flight", True)}


def begun(apps, name, state, maybe_sent):
    """A pixel with an operation that the earlier version's worker left at this point."""
    over = timezone.now() - timedelta(hours=1)
    row = apps.get_model("pixels", "Operation").objects.get(finished_at=None, pixel__name=name)
    row.state, row.attempt, row.maybe_sent = state, 1, maybe_sent
    row.sends = row.doubts = int(maybe_sent)
    row.seen_before = [] if maybe_sent else None
    row.lease_until = over if state == "in_flight" else None
    row.save()
    if row.kind == "create" and maybe_sent and state == "pending":
        apps.get_model("pixels", "Pixel").objects.filter(pk=row.pixel_id).update(lifecycle="checking")


@pytest.fixture
def work(no_wait):
    """A worker that looks several times, with the waits in between over."""

    def run(connection):
        for _ in range(4):
            no_wait()
            deliver.drain(connection.pk, 60)

    return run


def test_every_create_ends_as_one_pixel(xandr, easyflow, promise, sandbox, upgrade, work):
    for number, (name, (_, _, made)) in enumerate(CREATES.items(), start=1):
        pk = Pixel().pk
        promise(xandr, name, id=pk, options={"code": f"ph-{pk}"})
        if made:
            sandbox.seed("xandr", [at_xandr(number, name, code=f"ph-{pk}")])
    promise(easyflow, "Nobody can look it up")

    def write(apps):
        for name, (state, maybe_sent, _) in CREATES.items():
            begun(apps, name, state, maybe_sent)
        begun(apps, "Nobody can look it up", "in_flight", True)

    upgrade(write)
    assert Operation.objects.filter(state="unconfirmed").count() == 2
    work(xandr), work(easyflow)
    held = {one["name"]: str(one["id"]) for one in sandbox.held("xandr")}
    assert {pixel.name: pixel.remote_id for pixel in xandr.pixels.filter(lifecycle="live")} == held
    assert set(held) == set(CREATES)
    assert sandbox.asked("xandr", "create") == sum(not made for _, _, made in CREATES.values())
    assert (easyflow.pixels.get().lifecycle, sandbox.asked("easyflow", "create")) == ("unknown", 0)


def test_every_change_and_every_delete_is_carried_out(xandr, live, bob, sandbox, upgrade, work):
    rows = {name: (live(xandr, f"{name}, changed"), live(xandr, f"{name}, deleted")) for name in CHANGES}
    for name, (changed, deleted) in rows.items():
        pixels.change_pixel(changed, bob, {"name": f"{name}, new"})
        pixels.delete_pixel(deleted, bob)

    def write(apps):
        for name, phase in CHANGES.items():
            begun(apps, f"{name}, changed", *phase)
            begun(apps, f"{name}, deleted", *phase)

    upgrade(write)
    work(xandr)
    new = {f"{name}, new" for name in CHANGES}
    assert {one["name"] for one in sandbox.held("xandr")} == new
    assert set(Pixel.objects.filter(lifecycle="live").values_list("name", flat=True)) == new
    assert Pixel.objects.filter(lifecycle="deleted").count() == len(CHANGES)


def test_a_paused_connection_stays_paused_and_a_half_read_pull_goes_on(
    xandr, easyflow, promise, sandbox, upgrade, work
):
    promise(easyflow)
    Connection.objects.filter(pk=easyflow.pk).update(paused_at=timezone.now(), test="refused")
    sandbox.seed("xandr", [at_xandr(number, f"Pixel {number}") for number in range(1, 251)])
    account = xandr.ad_accounts.get()

    def write(apps):
        now = timezone.now()
        seen = zlib.compress("\n".join(str(number) for number in range(1, 101)).encode())
        counts = {"pages": 1, "seen": 100, "missing": 0, "lacking": 0}
        place = {"account": account.pk, "after": "100", "began": now.isoformat(), "total": 250, "counts": counts}
        apps.get_model("pixels", "SyncRun").objects.create(
            **{"team_id": xandr.team_id, "connection_id": xandr.pk, "state": "queued", "full": True, "seen": 100},
            **{"pages": 1, "place": place | {"newest": None, "earlier": 0, "stopped": ""}, "seen_ids": seen},
        )

    upgrade(write)
    run = SyncRun.objects.get()
    pull.pull(run.pk)
    run.refresh_from_db()
    assert (run.state, run.seen, run.pages) == ("done", 250, 3)
    assert sandbox.asked("xandr", "list") == 2  # the first page is not read again
    assert xandr.pixels.count() == 150  # those of the first page were adopted by the earlier version

    work(easyflow)
    assert (easyflow.pixels.get().lifecycle, sandbox.asked("easyflow", "create")) == ("queued", 0)
    easyflow.refresh_from_db()
    assert easyflow.paused_at
    connections.test_connection(easyflow)
    connection_test.check(easyflow.pk)
    work(easyflow)
    assert (easyflow.pixels.get().lifecycle, sandbox.asked("easyflow", "create")) == ("live", 1)
