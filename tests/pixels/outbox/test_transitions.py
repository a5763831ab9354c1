"""Every state of a pixel, with every action that people can ask for in it: done, refused, or nothing to do.

The provider is Xandr, which can do all that any provider can. A refused action changes nothing in any table. The table
below says what becomes of the pixel; what `actions.allowed` says must agree with what the service does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, Role, Team, User
from pixels import crash
from pixels.actions import CHECKS, ROLES, Action, Decision, allowed, last_operation
from pixels.models import Connection, Operation, Pixel
from pixels.outbox import claim, deliver
from pixels.outbox.record import record
from pixels.providers.values import RemotePixel
from pixels.reconcile import missing
from pixels.services import connections, pixels
from tests.pixels.actions import ACTIONS, all_rows, do
from tests.pixels.conftest import Sandbox, dies
from tests.pixels.elsewhere import at_xandr, delete

# What becomes of the pixel: two letters of its new lifecycle; "=": done, with the same lifecycle; "no": refused; ".":
# nothing to do, which is no error. Below the line: the same for archived pixels.
TABLE = """
                 again change on off delete cancel retry exists absent dismiss adopt resend ignore watch archive restore
draft            .     no     no no  no     no     qu    no     no     .       no    no     no     no    =       .
queued           .     no     no no  no     dr     no    no     no     .       no    no     no     no    no      .
creating         .     no     no no  no     no     no    no     no     .       no    no     no     no    no      .
checking         .     no     no no  no     no     no    no     no     .       no    no     no     no    no      .
live             .     up     .  up  de     no     no    no     no     .       no    no     no     no    =       .
drifted          .     up     .  up  de     no     no    no     no     .       =     up     =      no    =       .
ignored          .     up     .  up  de     no     no    no     no     .       no    no     no     =     =       .
change_refused   .     up     .  up  de     no     up    no     no     =       no    no     no     no    =       .
held_twice       .     up     .  up  de     no     no    no     no     =       no    no     no     no    =       .
inactive         .     up     up .   de     no     no    no     no     .       no    no     no     no    =       .
gone             .     no     no no  no     no     no    no     no     .       no    no     no     no    =       .
live_paused      .     no     .  no  no     no     no    no     no     .       no    no     no     no    =       .
drifted_paused   .     no     .  no  no     no     no    no     no     .       =     no     =      no    =       .
draft_paused     .     no     no no  no     no     no    no     no     .       no    no     no     no    =       .
unknown_paused   .     no     no no  no     no     no    li     no     .       no    no     no     no    =       .
checking_no_conn .     no     no no  no     no     no    no     no     .       no    no     no     no    =       .
updating         .     no     no no  no     li     no    no     no     .       no    no     no     no    no      .
change_sent      .     no     no no  no     no     no    no     no     .       no    no     no     no    no      .
change_in_doubt  .     no     no no  no     no     no    no     no     .       no    no     no     no    no      .
deleting         .     no     no no  no     li     no    no     no     .       no    no     no     no    no      .
delete_in_doubt  .     no     no no  no     no     no    no     no     .       no    no     no     no    no      .
failed           .     no     no no  no     no     qu    no     no     .       no    no     no     no    =       .
unknown          .     no     no no  no     no     no    li     qu     .       no    no     no     no    =       .
in_use_elsewhere .     no     no no  no     no     no    no     no     .       no    no     no     no    =       .
deleted          .     no     no no  no     no     no    no     no     .       no    no     no     no    =       .
---
draft            .     no     no no  no     no     no    no     no     .       no    no     no     no    .       =
live             .     no     no no  no     no     no    no     no     .       no    no     no     no    .       =
drifted          .     no     no no  no     no     no    no     no     .       =     no     =      no    .       =
ignored          .     no     no no  no     no     no    no     no     .       no    no     no     =     .       =
change_refused   .     no     no no  no     no     no    no     no     =       no    no     no     no    .       =
failed           .     no     no no  no     no     no    no     no     .       no    no     no     no    .       =
unknown          .     no     no no  no     no     no    no     no     .       no    no     no     no    .       =
in_use_elsewhere .     no     no no  no     no     no    no     no     .       no    no     no     no    .       =
deleted          .     no     no no  no     no     no    no     no     .       no    no     no     no    .       =
"""
# The column of each action; "again" sends the form of a new pixel once more.
COLUMNS = {
    Action.EDIT: "change",
    Action.ACTIVATE: "on",
    Action.DEACTIVATE: "off",
    Action.DELETE: "delete",
    Action.CANCEL: "cancel",
    Action.RETRY: "retry",
    Action.CONFIRM_EXISTS: "exists",
    Action.CONFIRM_ABSENT: "absent",
    Action.DISMISS: "dismiss",
    Action.ADOPT_THEIRS: "adopt",
    Action.RESTORE_OURS: "resend",
    Action.IGNORE: "ignore",
    Action.WATCH_AGAIN: "watch",
    Action.ARCHIVE: "archive",
    Action.RESTORE: "restore",
}
SHORT = {"qu": "queued", "dr": "draft", "li": "live", "up": "updating", "de": "deleting"}
HEADER, *LINES = [line.split() for line in TABLE.strip().splitlines()]
ROWS = [(state, dict(zip(HEADER, cells, strict=True))) for state, *cells in LINES if cells]
LINE = next(number for number, cells in enumerate(LINES) if len(cells) == 1)
CASES = [
    pytest.param(state, cells, number >= LINE, id=f"{state}{' archived' * (number >= LINE)}")
    for number, (state, cells) in enumerate(ROWS)
]


class States:
    """Makes a pixel in each state, by what people, workers and Xandr do."""

    def __init__(
        self,
        sandbox: Sandbox,
        connection: Connection,
        promise: Callable[..., Pixel],
        actor: User,
        sync: Any,
        again: Any,
    ) -> None:
        self._sandbox, self._connection, self._promise, self._actor = sandbox, connection, promise, actor
        self._sync, self._again = sync, again

    def draft(self) -> Pixel:
        pixel = self.queued()
        pixels.cancel(pixel, self._actor)
        return pixel

    def queued(self, *, code: bool = True) -> Pixel:
        pk = Pixel().pk
        return self._promise(self._connection, id=pk, options={"code": f"ph-{pk}" if code else None})

    def creating(self) -> Pixel:
        return self._died_at("cp4", self.queued())

    def checking(self) -> Pixel:
        return self._after("create", "drop", self.queued())

    def live(self) -> Pixel:
        return self._after("", "", self.queued())

    def drifted(self) -> Pixel:
        pixel = self.live()
        [held] = self._sandbox.held("xandr")
        self._sandbox.seed("xandr", [{**held, "name": "Theirs"}])
        self._sync(self._connection)
        pixel.refresh_from_db()
        assert pixel.remote_status == "drifted"
        return pixel

    def ignored(self) -> Pixel:
        pixel = self.drifted()
        pixels.ignore_drift(pixel, self._actor, {"name"})
        return pixel

    def change_refused(self) -> Pixel:
        return self._after("update", "error_in_200", self.updating(), error_id="SYNTAX")

    def inactive(self) -> Pixel:
        pixel = self.live()
        pixels.set_state(pixel, self._actor, active=False)
        return self._after("", "", pixel)

    def gone(self) -> Pixel:
        pixel = self.drifted()
        delete(self._sandbox, int(pixel.remote_id))
        self._sync(self._connection)
        self._again.setattr(settings, "QUIET_TIME", 0)
        for account in missing.due(9) * 2:  # it counts as gone after two look-ups
            missing.check(account)
        pixel.refresh_from_db()
        assert pixel.remote_status == "gone"
        return pixel

    def live_paused(self) -> Pixel:
        return self._paused(self.live())

    def drifted_paused(self) -> Pixel:
        return self._paused(self.drifted())

    def draft_paused(self) -> Pixel:
        return self._paused(self.draft())

    def unknown_paused(self) -> Pixel:
        return self._paused(self.unknown())

    def checking_no_conn(self) -> Pixel:
        pixel = self.checking()
        connections.disconnect(self._connection, self._actor)
        return pixel

    def held_twice(self) -> Pixel:
        pixel = self.live()
        self._sandbox.seed("xandr", [at_xandr(7, code=pixel.lookup_key)])
        self._sync(self._connection)
        pixel.refresh_from_db()
        assert pixel.remote_status == "duplicate"
        return pixel

    def updating(self) -> Pixel:
        pixel = self.live()
        ACTIONS["change"](pixel, self._actor)
        return pixel

    def change_sent(self) -> Pixel:
        return self._died_at("cp7", self.updating())

    def change_in_doubt(self) -> Pixel:
        return self._after("update", "drop", self.updating(), effect=True)

    def deleting(self) -> Pixel:
        pixel = self.live()
        pixels.delete_pixel(pixel, self._actor)
        return pixel

    def delete_in_doubt(self) -> Pixel:
        return self._after("delete", "drop", self.deleting(), effect=True)

    def failed(self) -> Pixel:
        return self._after("create", "error_in_200", self.queued(), error_id="SYNTAX")

    def unknown(self) -> Pixel:
        return self._after("create", "drop", self.queued(code=False))

    def in_use_elsewhere(self) -> Pixel:
        """A sync brought it in as another row while nobody knew, somebody has put that one to use, and now the worker
        that made it wakes up."""
        pixel = self._after("create", "drop", self.queued(code=False), effect=True)
        self._sync(self._connection)
        other = Pixel.objects.exclude(pk=pixel.pk).get()
        ACTIONS["change"](other, self._actor)
        record(pixel.operations.get(), RemotePixel(remote_id=other.remote_id))
        return pixel

    def deleted(self) -> Pixel:
        return self._after("", "", self.deleting())

    def _after(self, operation: str, fault: str, pixel: Pixel, **more: Any) -> Pixel:
        if fault:
            rule = {"provider": "xandr", "operation": operation, "fault": fault, **more}
            self._sandbox.ask("POST", "faults", json=rule)
        [due] = claim.due(9)
        deliver.deliver(due)
        pixel.refresh_from_db()
        return pixel

    def _paused(self, pixel: Pixel) -> Pixel:
        Connection.objects.update(paused_at=timezone.now())
        return pixel

    def _died_at(self, place: str, pixel: Pixel) -> Pixel:
        self._again.setattr(crash, "armed", lambda name: dies() if name == place else None)
        with pytest.raises(SystemExit):
            deliver.deliver(claim.due(1)[0])
        self._again.setattr(crash, "armed", None)
        pixel.refresh_from_db()
        return pixel


LIFECYCLES = {
    "drifted": "live",
    "inactive": "live",
    "gone": "live",
    "live_paused": "live",
    "drifted_paused": "live",
    "draft_paused": "draft",
    "unknown_paused": "unknown",
    "checking_no_conn": "checking",
    "ignored": "live",
    "change_refused": "live",
    "held_twice": "live",
    "change_sent": "updating",
    "change_in_doubt": "updating",
    "delete_in_doubt": "deleting",
    "in_use_elsewhere": "unknown",
}


@pytest.fixture
def states(
    sandbox: Sandbox, xandr: Connection, promise: Callable[..., Pixel], bob: User, sync: Any, monkeypatch: Any
) -> States:
    return States(sandbox, xandr, promise, bob, sync, monkeypatch)


@pytest.fixture
def memberships(team: Team, alice: User) -> dict[str, Membership]:
    return {role.value: Membership(team=team, user=alice, role=role) for role in Role}


def test_the_table_has_every_lifecycle_and_every_action() -> None:
    assert {LIFECYCLES.get(state, state) for state, _ in ROWS} == set(Pixel.Lifecycle.values)
    assert list(ROWS[0][1]) == list(ACTIONS)


@pytest.mark.parametrize(("state", "cells", "archived"), CASES)
def test_what_can_be_asked_in_each_state(
    state: str, cells: dict[str, str], archived: bool, states: States, bob: User
) -> None:
    pixel = getattr(states, state)()
    pixel.refresh_from_db()
    lifecycle = LIFECYCLES.get(state, state)
    assert pixel.lifecycle == lifecycle
    if archived:
        pixels.archive_pixel(pixel, bob)
    before = all_rows()

    decisions = {action.value: said(decision) for action, decision in decided(pixel).items() if action in COLUMNS}
    assert decisions == {
        action.value: cells[column] if cells[column] in ("no", ".") else "yes" for action, column in COLUMNS.items()
    }
    found = {name: outcome(action, pixel, bob, before) for name, action in ACTIONS.items()}

    assert found == {name: SHORT.get(cell, cell) for name, cell in cells.items()}
    assert all_rows() == before


def test_every_action_is_in_the_table_the_access_table_and_the_checks() -> None:
    assert {*COLUMNS, Action.FILL_IN, Action.MOVE} == set(Action) == set(ROLES) == set(CHECKS)
    assert list(COLUMNS.values()) == [name for name in ACTIONS if name != "again"]


def test_a_role_too_low_is_the_reason_before_any_other(states: States, memberships: dict[str, Membership]) -> None:
    """Whatever state the pixel is in; and a role that is high enough changes nothing else."""
    for state in ("live", "unknown"):
        pixel = Pixel.objects.select_related("connection").get(pk=getattr(states, state)().pk)
        last, by_state = last_operation(pixel), decided(pixel)
        for role, membership in memberships.items():
            for action, decision in allowed(pixel, last, membership).items():
                if Role(role).includes(ROLES[action]):
                    assert decision == by_state[action]
                else:
                    assert (decision.code, bool(decision.sentence)) == ("role", True)


def decided(pixel: Pixel) -> dict[Action, Decision]:
    fresh = Pixel.objects.select_related("connection").get(pk=pixel.pk)
    return allowed(fresh, last_operation(fresh), None)


def said(decision: Decision) -> str:
    """In the words of the table."""
    if decision:
        assert decision.sentence == ""
        return "yes"
    assert decision.sentence.endswith("."), "no reason"
    return "." if decision.nothing_to_do else "no"


def outcome(action: Callable[[Pixel, User], Any], pixel: Pixel, actor: User, before: dict[str, Any]) -> str:
    """In the words of the table; the action is taken back."""
    with transaction.atomic():
        done = do(action, pixel.pk, actor)
        rows = all_rows()
        now = Pixel.objects.get(pk=pixel.pk)
        opened = Operation.objects.open().filter(pixel=pixel).count()
        transaction.set_rollback(True)
    if not done:
        assert rows == before
        return "no"
    if rows == before:
        return "."
    assert opened == now.is_pending
    return now.lifecycle if now.lifecycle != pixel.lifecycle else "="
