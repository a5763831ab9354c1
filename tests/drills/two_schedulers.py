"""Two schedulers at once: one dispatches, once each interval; when it is killed, the other takes over."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from itertools import pairwise

from django.conf import settings

from pixels.models import Lease, SyncRun
from pixels.reconcile.runs import open_run
from pixels.tasks import pull_connection
from tests.crash import commands

from .registry import Options
from .scene import Scene
from .stage import until

SLOTS = 8  # intervals that are watched
TAKES_OVER = 3  # intervals


def play(scene: Scene, options: Options) -> None:
    interval = settings.DISPATCH_INTERVAL
    scene.stage.run("scheduler 2", *commands.SCHEDULER)
    processes = {str(scene.stage.process(name)): name for name in ("scheduler", "scheduler 2")}
    until(lambda: _holder() in processes, 30)
    # Without a worker a sync stays due, and each dispatch enqueues it once more.
    scene.stage.end("w1", signal.SIGTERM)
    open_run(scene.connections["xandr"])
    run = SyncRun.objects.get(connection=scene.connections["xandr"], finished_at=None)
    scene.bulk(2)
    watch = _Watch(scene, run.pk)
    watch.look(SLOTS * interval)
    number = len(watch.dispatched)
    gaps = [later - earlier for earlier, later in pairwise(watch.dispatched)]
    shortest = min(gaps, default=0.0)
    so = SLOTS / 2 <= number <= SLOTS + 1 and shortest >= 0.9 * interval
    measured = f"{number} in {SLOTS} intervals, shortest gap {shortest / interval:.2f}"
    scene.findings.hold("one dispatch each interval, not two", so, measured)
    before = _holder()
    scene.stage.end(processes[before])
    killed = time.monotonic()
    watch.look(4 * TAKES_OVER * interval, enough=lambda: len(watch.dispatched) > number and _holder() != before)
    took = (time.monotonic() - killed) / interval
    allowed = TAKES_OVER * scene.findings.leniency
    scene.findings.hold(
        f"one is killed: the other dispatches within {TAKES_OVER} intervals",
        took <= allowed,
        f"after {took:.1f} intervals",
    )
    scene.stage.run_worker("w1")
    scene.all_is_well(60, most_unknown=0)


def _holder() -> str:
    """The number of the process that works."""
    return str(Lease.objects.values_list("holder", flat=True).first()).rpartition(":")[2]


class _Watch:
    """When a message came for one sync that is due: one for each dispatch."""

    def __init__(self, scene: Scene, run_id: int) -> None:
        self._scene = scene
        self._wanted = (pull_connection.name, f"('{run_id}',)")
        self._known = self._messages()
        self.dispatched: list[float] = []

    def look(self, seconds: float, enough: Callable[[], bool] = lambda: False) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not enough():
            found = self._messages()
            self.dispatched += [time.monotonic()] * (found - self._known)
            self._known = found
            time.sleep(0.02)

    def _messages(self) -> int:
        headers = [json.loads(message)["headers"] for message in self._scene.queued()]
        return [(one["task"], one["argsrepr"]) for one in headers].count(self._wanted)
