"""The drills. Needs no Django: the environment of a drill is made before Django reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KINDS = ("sqlite", "postgres")

# Calls of the stand-in take milliseconds: a claim need not be as long as in life, or a drill would mostly wait for it.
SHORT = {"CALL_DEADLINE": "3", "LEASE": "8", "QUIET_TIME": "4", "DISPATCH_INTERVAL": "2"}
# Where a bound depends on the dispatcher's interval, that is the product's own.
USUAL_DISPATCH = {**SHORT, "DISPATCH_INTERVAL": "15"}


@dataclass(frozen=True, kw_only=True)
class Drill:
    """`module`: where its `play` is. `seconds`: after which it has failed, start and end included."""

    name: str
    module: str
    kinds: tuple[str, ...]
    seconds: float
    environment: Mapping[str, str] = field(default_factory=lambda: SHORT)
    workers: int = 1
    small_disk: bool = False


DRILLS = [
    Drill(
        name="Redis restarted, emptied",
        module="broker_lost",
        kinds=("postgres",),
        seconds=120,
        environment=USUAL_DISPATCH,
    ),
    Drill(name="Redis killed, creates in hand", module="broker_killed", kinds=("postgres",), seconds=140),
    Drill(name="Redis frozen", module="broker_frozen", kinds=("postgres",), seconds=140, environment=USUAL_DISPATCH),
    Drill(name="Redis down", module="broker_down", kinds=("postgres",), seconds=120, environment=USUAL_DISPATCH),
    Drill(name="PostgreSQL restarted", module="database_restarted", kinds=("postgres",), seconds=150),
    Drill(name="disk full", module="disk_full", kinds=KINDS, seconds=120, small_disk=True),
    Drill(name="two schedulers", module="two_schedulers", kinds=("postgres",), seconds=90),
    Drill(name="worker killed", module="worker_killed", kinds=("postgres",), seconds=200, workers=3),
    Drill(name="backup put back", module="backup_put_back", kinds=KINDS, seconds=120),
]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What can be asked for at the command line."""

    frozen: float = 40  # seconds for which Redis is frozen: more than two of the dispatcher's intervals
    killing: float = 60  # seconds for which workers are killed
    creates: int = 500  # while PostgreSQL is restarted
