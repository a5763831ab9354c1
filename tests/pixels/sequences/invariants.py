"""What must hold after every event, and after all faults have ended and all waits are over."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from pixels.limits import clock
from pixels.models import Operation, Pixel, SyncRun
from pixels.outbox.retry_policy import LONGEST_WAIT, MAX_UNCONFIRMED
from tests.pixels.sequences.product_side import ProductSide

Lifecycle, Kind, State = Pixel.Lifecycle, Operation.Kind, Operation.State

# The lifecycles of a pixel whose operation is open, by its kind and its state.
OPEN = {
    (Kind.CREATE, State.PENDING): {Lifecycle.QUEUED},
    (Kind.CREATE, State.UNCONFIRMED): {Lifecycle.CHECKING},
    # While it is looked up it stays "checking", also if it is then sent again.
    (Kind.CREATE, State.IN_FLIGHT): {Lifecycle.CREATING, Lifecycle.CHECKING},
    **{(Kind.UPDATE, state): {Lifecycle.UPDATING} for state in (State.PENDING, State.IN_FLIGHT)},
    **{(Kind.DELETE, state): {Lifecycle.DELETING} for state in (State.PENDING, State.IN_FLIGHT)},
}
# How the last create or delete of a pixel ended, if nothing is open.
ENDED = {
    Lifecycle.DRAFT: (Kind.CREATE, {State.CANCELLED}),
    Lifecycle.FAILED: (Kind.CREATE, {State.FAILED, State.CANCELLED}),
    Lifecycle.UNKNOWN: (Kind.CREATE, {State.UNKNOWN}),
    Lifecycle.LIVE: (Kind.CREATE, {State.DONE}),
    Lifecycle.DELETED: (Kind.DELETE, {State.DONE}),
}


class Invariants:
    """Checks the rows after every event, and remembers what only people may change until the next event."""

    def __init__(self, product: ProductSide) -> None:
        self.product = product
        self._unknown: dict[str, int] = {}  # the unknown pixels, and how often each had been requested

    def look(self) -> None:
        self.product.remote.look()
        pixels = self.product.pixels()
        operations: dict[UUID, list[Operation]] = {pixel.pk: [] for pixel in pixels}
        for one in Operation.objects.order_by("created_at"):
            operations.setdefault(one.pixel_id, []).append(one)
            _check_it_will_end(one)
        for pixel in pixels:
            _check_consistent(pixel, operations[pixel.pk])
            self._objects(pixel, operations[pixel.pk])
            assert pixel.remote_id or pixel.lifecycle not in (Lifecycle.LIVE, Lifecycle.UPDATING, Lifecycle.DELETING)
        for run in SyncRun.objects.filter(state=SyncRun.State.RUNNING):
            assert run.lease_until and run.lease_until <= _latest(settings.LEASE)
        self._unknown_ones_are_not_sent(pixels)

    def _objects(self, pixel: Pixel, operations: list[Operation]) -> None:
        remote, tag = self.product.remote, self.product.tags[pixel.pk]
        is_late = tag in remote.took_effect_late  # a request took effect after it was given up
        if not is_late:
            assert len(remote.ever_held[tag]) <= 1, "made twice"
        if pixel.lifecycle in (Lifecycle.DRAFT, Lifecycle.QUEUED, Lifecycle.FAILED):
            assert is_late or not remote.ever_held[tag], f"{pixel.lifecycle}, but it was made"
        if any(one.kind == Kind.CREATE and one.state == State.DONE for one in operations):
            assert remote.ever_held[tag], "done, but never made"
        if pixel.remote_id:
            assert pixel.remote_id in remote.ever_held[tag], "somebody else's"

    def _unknown_ones_are_not_sent(self, pixels: list[Pixel]) -> None:
        asked, tags = self.product.remote.asked, self.product.tags
        for tag, times in self._unknown.items():
            assert asked[tag] == times, "sent again, and nobody has decided so"
        unknown = [tags[pixel.pk] for pixel in pixels if pixel.lifecycle == Lifecycle.UNKNOWN]
        self._unknown = {tag: asked[tag] for tag in unknown}

    # The end

    def settle(self) -> None:
        """End all faults and let all waits pass."""
        product, remote = self.product, self.product.remote
        remote.no_faults()
        product.wake()
        remote.arrive()
        product.credentials("right")
        for _ in range(12):
            product.dispatch()
            self.look()
            product.clock.pass_by(1000)
            product.test_again()
            if not Operation.objects.open().exists():
                break
        product.clock.pass_by(100_000)  # time for the duplicate checks
        for _ in range(3):
            product.ask_for_sync(confirms=True)
            product.dispatch()
            product.clock.pass_by(1000)
            self.look()

    def assert_settled(self) -> None:
        assert not Operation.objects.open().exists()
        assert not SyncRun.objects.filter(state__in=SyncRun.OPEN).exists()
        held = self.product.remote.held()
        rows = Pixel.objects.exclude(remote_id="").exclude(lifecycle=Lifecycle.DELETED)
        assert all(count == 1 for count in Counter(rows.values_list("remote_id", flat=True)).values())
        for pixel in rows.select_related("connection"):
            assert pixel.lifecycle == Lifecycle.LIVE
            self._same_on_both_sides(pixel, held.get(pixel.remote_id))
        if self.product.provider.can("list"):
            assert set(held) <= set(rows.values_list("remote_id", flat=True)), "no row for an object"
            self._duplicates_are_reported()

    def _same_on_both_sides(self, pixel: Pixel, one: dict[str, Any] | None) -> None:
        if not pixel.provider_class.can("list"):
            return self._as_last_accepted(pixel, one)
        if one is None:
            # An archived pixel is not looked up.
            absent = {Pixel.RemoteStatus.ABSENT} if pixel.archived_at else set()
            assert pixel.remote_status in {Pixel.RemoteStatus.GONE, *absent}
            return None
        assert (pixel.remote_values or {}).get("name") == one["name"]
        if pixel.remote_status != Pixel.RemoteStatus.DUPLICATE:
            ours = pixel.name == one["name"] or "name" in pixel.ignored
            differs = bool(set(pixel.drift) - {"name"})
            assert pixel.remote_status == (
                Pixel.RemoteStatus.IN_SYNC if ours and not differs else Pixel.RemoteStatus.DRIFTED
            )
        return None

    def _as_last_accepted(self, pixel: Pixel, one: dict[str, Any] | None) -> None:
        """Where nothing can be read: our values are those last accepted, unless an unconfirmed change failed."""
        assert one is not None
        unconfirmed = pixel.operations.filter(
            kind=Kind.UPDATE, unconfirmed_count__gt=0, state__in=[State.FAILED, State.CANCELLED]
        )
        if "theirs" not in one["name"] and not unconfirmed.exists():
            assert pixel.name == one["name"]

    def _duplicates_are_reported(self) -> None:
        product = self.product
        for pixel in product.pixels():
            tag = product.tags[pixel.pk]
            has_several = len(product.remote.made_for(tag)) > 1 and pixel.lookup_key == pixel.reference
            if has_several and tag not in product.dismissed:
                assert pixel.error_code == "duplicate", "held twice, and not reported"


def _check_consistent(pixel: Pixel, operations: list[Operation]) -> None:
    """The pixel agrees with its operations, which are in the order in which they were made."""
    opened = [one for one in operations if one.state in Operation.OPEN]
    if opened:
        [one] = opened
        allowed = OPEN[Kind(one.kind), State(one.state)]
        assert pixel.lifecycle in allowed, (pixel.lifecycle, one.kind, one.state)
        return
    assert not pixel.is_pending, "nobody will ever do it"
    kind, states = ENDED[Lifecycle(pixel.lifecycle)]
    last = next(one for one in reversed(operations) if one.kind == kind)
    assert last.state in states or pixel.remote_status == Pixel.RemoteStatus.DUPLICATE, (pixel.lifecycle, last.state)


def _check_it_will_end(operation: Operation) -> None:
    """An open operation has a time at which it is due, or a worker whose lease ends."""
    assert operation.unconfirmed_count <= MAX_UNCONFIRMED
    if operation.state == State.IN_FLIGHT:
        assert operation.lease_until and operation.lease_until <= _latest(settings.LEASE)
    elif operation.state == State.PENDING:
        assert not operation.lease_until
        assert not operation.not_before or operation.not_before <= _latest(LONGEST_WAIT)


def _latest(seconds: float) -> datetime:
    return clock.now() + timedelta(seconds=seconds)
