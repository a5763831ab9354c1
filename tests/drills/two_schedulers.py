"""Two schedulers at once: each sweep happens once, and when the one that works is killed the other takes over."""

from __future__ import annotations

import json
import signal
import time
from datetime import datetime
from itertools import pairwise

from django.conf import settings

from pixels.models import Lease
from pixels.tasks import push_connection
from tests.crash import commands

from .registry import Options
from .scene import Scene
from .stage import until

SLOTS = 8  # intervals that are watched
TAKES_OVER = 3  # intervals


def play(scene: Scene, options: Options) -> None:
    interval = settings.SWEEP_INTERVAL
    scene.stage.run("scheduler 2", *commands.SCHEDULER)
    processes = {str(scene.stage.process(name)): name for name in ("scheduler", "scheduler 2")}
    until(lambda: _holder() in processes, 30)
    # Without a worker, what is due stays due, and each sweep hands it out once more.
    scene.stage.end("w1", signal.SIGTERM)
    time.sleep(interval)
    scene.bulk(1, ["xandr"])
    scene.empty_broker()
    started = time.monotonic()
    time.sleep(SLOTS * interval)
    swept = _sweeps(scene, interval)
    slots = (time.monotonic() - started) / interval
    gaps = [later - earlier for earlier, later in pairwise(swept)]
    shortest = min(gaps, default=0.0)
    so = slots / 2 <= len(swept) <= slots + 1 and shortest >= 0.9 * interval
    measured = f"{len(swept)} sweeps in {slots:.1f} intervals, shortest gap {shortest / interval:.2f}"
    scene.findings.hold("a sweep each interval, not two", so, measured)
    before = _holder()
    scene.stage.end(processes[before])
    killed = time.monotonic()
    number = len(_sweeps(scene, interval))
    until(lambda: _holder() != before and len(_sweeps(scene, interval)) > number, 10 * TAKES_OVER * interval, step=0.02)
    took = (time.monotonic() - killed) / interval
    allowed = TAKES_OVER * scene.findings.leniency
    scene.findings.hold(
        f"one is killed: the other sweeps within {TAKES_OVER} intervals", took <= allowed, f"after {took:.1f} intervals"
    )
    scene.stage.run_worker("w1")
    scene.all_is_well(60, most_unknown=0)


def _holder() -> str:
    """The number of the process that works."""
    return str(Lease.objects.values_list("holder", flat=True).first()).rpartition(":")[2]


def _sweeps(scene: Scene, interval: float) -> list[float]:
    """When each was made: what it hands out expires one interval later."""
    headers = [json.loads(message)["headers"] for message in scene.queued()]
    found = [one["expires"] for one in headers if one["task"] == push_connection.name and one["expires"]]
    return sorted(datetime.fromisoformat(at).timestamp() - interval for at in found)
