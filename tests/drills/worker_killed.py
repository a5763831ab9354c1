"""Every two seconds the worker that has run longest is killed, with its children, and replaced at once."""

from __future__ import annotations

import time

from .registry import Options
from .scene import Scene

EVERY = 2.0
SLOW = 0.3  # seconds that a provider takes for a create: many of what is killed was just being sent


def play(scene: Scene, options: Options) -> None:
    stage = scene.stage
    line = list(stage.worker_names)  # the next victim first
    scene.slow("create", SLOW)
    started = time.monotonic()
    at_thirds: list[int] = []
    ticks = kills = 0
    while (gone := time.monotonic() - started) < options.killing:
        scene.bulk(1)
        # One that is still starting does nothing yet; if none got further, nothing would be proven by going on.
        victim = next(filter(stage.is_ready, line), None)
        if victim is not None:
            stage.end(victim)
            stage.run_worker(victim)
            line.append(line.pop(line.index(victim)))
            kills += 1
        ticks += 1
        if gone >= (len(at_thirds) + 1) * options.killing / 3 - EVERY:
            at_thirds.append(_live(scene))
        time.sleep(max(0.0, started + ticks * EVERY - time.monotonic()))
    scene.quick()
    steps = [later - earlier for earlier, later in zip([0, *at_thirds], at_thirds, strict=False)]
    promised = sum(len(one) for one in scene.promised.values())
    so = len(steps) == 3 and all(steps)
    measured = (
        f"{' + '.join(map(str, steps))} of {promised} live in the thirds of {options.killing:.0f} s, {kills} kills"
    )
    scene.findings.hold("it goes on while workers are killed", so, measured)
    # Each kill may hit two tasks; only Easyflow's creates have nobody who can be asked.
    scene.all_is_well(60, most_unknown=kills)


def _live(scene: Scene) -> int:
    return sum(scene.live(names) for names in scene.promised.values())
