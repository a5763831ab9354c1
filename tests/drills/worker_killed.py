"""One of three workers is killed every two seconds, with its children, and replaced at once."""

from __future__ import annotations

import time

from .registry import Options
from .scene import Scene

EVERY = 2.0
SLOW = 0.3  # seconds that a provider takes for a create: many of what is killed was just being sent


def play(scene: Scene, options: Options) -> None:
    names = scene.stage.worker_names
    scene.slow("create", SLOW)
    started = time.monotonic()
    ended: list[int] = []  # how many were final at each third
    kills = 0
    while (gone := time.monotonic() - started) < options.killing:
        scene.bulk(1)
        name = names[kills % len(names)]
        scene.stage.end(name)
        kills += 1
        scene.stage.run_worker(name)
        if gone >= (len(ended) + 1) * options.killing / 3 - EVERY:
            ended.append(_live(scene))
        time.sleep(max(0.0, started + kills * EVERY - time.monotonic()))
    scene.quick()
    steps = [later - earlier for earlier, later in zip([0, *ended], ended, strict=False)]
    promised = sum(len(one) for one in scene.promised.values())
    so = all(step > 0 for step in steps) and len(steps) == 3
    measured = (
        f"{' + '.join(map(str, steps))} live of {promised} in the thirds of {options.killing:.0f} s, {kills} kills"
    )
    scene.findings.hold("it goes on while workers are killed", so, measured)
    # Each kill may hit two tasks, and a third of the creates are Easyflow's.
    scene.all_is_well(60, most_unknown=2 * kills)


def _live(scene: Scene) -> int:
    return sum(scene.live(names) for names in scene.promised.values())
