"""The points between two commits or calls at which a process ends, or a message or answer is lost or late, and what
must follow.

The names are those of pixels/crash.py; the others, from "500 before" on, are faults of the provider.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from . import commands
from .orders import Order

EASYFLOW, PITCHTARGET, XANDR = PROVIDERS = ("easyflow", "pitchtarget", "xandr")
FINDING = (PITCHTARGET, XANDR)  # can be asked what became of a create
# How many scenarios run beside each other, at whom: Xandr, which can do the most, has the most.
LANES = PROVIDERS * 4 + (XANDR,) * 3
CHANGING = (EASYFLOW, XANDR)  # have an update


@dataclass(frozen=True, kw_only=True)
class Point:
    """`orders` are for the workers, `faults` for the sandbox; `special` is done by the scenario itself.

    may_be_unknown: from here nobody can know whether it was done; where the provider cannot be asked, it becomes
    unknown.

    resume: the stopped process goes on after another worker has claimed it ("taken"), is sending it again ("sending")
    or has done so ("sent").

    reported: where a second object cannot be prevented, but is found later and shown.

    naive: whether the naive version is tested with it as well.
    """

    name: str
    providers: tuple[str, ...] = PROVIDERS
    kind: str = "create"
    orders: tuple[Order, ...] = ()
    faults: tuple[dict[str, Any], ...] = ()
    special: str = ""
    may_be_unknown: bool = True
    resume: str = ""
    reported: tuple[str, ...] = ()
    naive: bool = False

    def for_naive(self) -> Point:
        """A whole worker's end leaves its message with the broker for five minutes: the naive version would only be
        waited for. The end of one of its processes gives the message back at once."""
        return replace(self, orders=tuple(replace(o, act=o.act.replace("_worker", "_child")) for o in self.orders))


def fault(name: str, operation: str = "create", **parameters: Any) -> tuple[dict[str, Any], ...]:
    return ({"fault": name, "operation": operation, **parameters},)


def killed(point: str, after: str = "", name: str = "", before: tuple[Order, ...] = (), **facts: Any) -> list[Point]:
    """Twice: the process that carries out the task, and the whole worker."""
    naive = facts.pop("naive", False)
    return [
        Point(
            name=f"{name or point}, child", orders=(*before, Order(point, "kill_child", after)), naive=naive, **facts
        ),
        Point(name=f"{name or point}, worker", orders=(*before, Order(point, "kill_worker", after)), **facts),
    ]


LOST = fault("drop", effect=True)

POINTS = [
    # A worker ends
    *killed("cp3", may_be_unknown=False, naive=True),
    *killed("cp4", naive=True),
    *killed("cp5", after="cp4", naive=True),
    *killed("cp7", naive=True),
    *killed("cp8", may_be_unknown=False, naive=True),
    *killed("cp9", name="cp9 there", providers=FINDING, faults=LOST),
    *killed("cp9", name="cp9 absent", providers=FINDING, before=(Order("cp4", "kill_child"),)),
    *killed("cp12", name="cp12", naive=True),
    *killed("cp13", providers=FINDING, special="expired"),
    *killed("cp14", providers=(XANDR,), kind="delete", may_be_unknown=False),
    *killed("cp5", after="cp4", name="cp5 delete", providers=(XANDR,), kind="delete", may_be_unknown=False),
    *killed("cp4", name="cp4 update", providers=CHANGING, kind="update", may_be_unknown=False),
    *killed("cp7", name="cp7 update", providers=CHANGING, kind="update", may_be_unknown=False),
    # The database, a pause, two at once, the broker, the page
    Point(name="cp12 refused", orders=(Order("cp12", "refuse"),), naive=True),
    Point(
        name="cp12 refused update",
        kind="update",
        providers=CHANGING,
        orders=(Order("cp12", "refuse"),),
        may_be_unknown=False,
    ),
    Point(name="cp11", orders=(Order("cp4", "stop"),), resume="taken"),
    Point(name="cp11 half", orders=(Order("cp5", "stop", after="cp4"),), resume="taken"),
    Point(
        name="cp11 half, long",
        providers=FINDING,
        orders=(Order("cp5", "stop", after="cp4"),),
        resume="sent",
        reported=(XANDR,),
    ),
    Point(
        name="cp11 overtaken",
        providers=FINDING,
        orders=(Order("cp5", "stop", after="cp4"),),
        faults=fault("delay_after", seconds=1.2),  # hits the other's request: the stopped one is not complete
        resume="sending",
        reported=(XANDR,),
    ),
    Point(name="cp10", orders=(Order("cp3", "together"), Order("cp3", "together")), may_be_unknown=False, naive=True),
    Point(name="cp1", special="dies", may_be_unknown=False, naive=True),
    Point(name="cp2", special="lost", may_be_unknown=False, naive=True),
    # The provider
    Point(name="cp6 lost", faults=LOST, naive=True),
    Point(name="cp6b late", faults=fault("delay_after", seconds=3), naive=True),
    Point(name="500 before", faults=fault("status", code=500), naive=True),
    Point(name="500 after", faults=fault("status", code=500, effect=True), naive=True),
    Point(name="502 after", faults=fault("status", code=502, body="html", effect=True), naive=True),
    Point(name="truncated", faults=fault("truncated_json"), naive=True),
    Point(name="429", faults=fault("throttled", seconds=1), may_be_unknown=False, naive=True),
    Point(name="refused", special="refused", may_be_unknown=False, naive=True),
    Point(name="late effect", faults=fault("late_effect", seconds=1), naive=True),
    Point(
        name="late effect beyond",
        faults=fault("late_effect", seconds=commands.BEYOND_QUIET_TIME),
        reported=(XANDR,),
        naive=True,
    ),
    Point(
        name="500 after update",
        kind="update",
        providers=CHANGING,
        faults=fault("status", "update", code=500, effect=True),
        may_be_unknown=False,
    ),
    Point(
        name="lost delete",
        kind="delete",
        providers=(XANDR,),
        faults=fault("drop", "delete", effect=True),
        may_be_unknown=False,
    ),
]

# The part that runs with the other tests: on SQLite each point once, so one of the two ways to end a worker; on
# PostgreSQL those that have most to do with the database and the broker.
_BY_THE_WHOLE_WORKER = ("cp4", "cp8", "cp14", "cp7 update")
FAST = {
    "sqlite": [
        point
        for point in POINTS
        if not point.name.endswith((", child", ", worker"))
        or point.name.endswith(", worker") == (point.name.rpartition(",")[0] in _BY_THE_WHOLE_WORKER)
    ],
    "postgres": [
        point
        for point in POINTS
        if point.name
        in (
            *("cp2", "cp3, child", "cp4, worker", "cp8, child", "cp9 there, child", "cp10", "cp11"),
            *("cp12, child", "cp12 refused", "cp14, worker", "late effect"),
        )
    ],
}
FAST_NAIVE = {"sqlite": ("cp7, child",), "postgres": ("cp1", "cp7, child", "cp12 refused", "cp6 lost", "502 after")}
