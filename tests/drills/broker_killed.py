"""Redis is killed while workers carry out creates, and started again. The workers survive it."""

from __future__ import annotations

import time

from .people import Reader, said, slowest
from .registry import Options
from .scene import Scene
from .stage import until

SLOW = 2.0  # seconds a provider takes for a create: within CALL_DEADLINE of the drills
AWAY = 5.0  # seconds without Redis: longer than what is in hand takes, so that its acknowledgement fails as well
BACK = 40.0  # seconds; between two attempts Celery waits up to 32


def play(scene: Scene, options: Options) -> None:
    scene.slow("create", SLOW)
    scene.bulk(1, ["xandr"])  # one process of the two stays free: the worker goes on to ask for messages
    in_hand = until(lambda: scene.claimed() > 0, 30) is not None
    reader = Reader(scene.somebody(), scene.pages)
    reader.start()
    scene.stage.end("broker")
    time.sleep(AWAY)
    scene.findings.hold("killed with a create in hand", in_hand, "claimed" if in_hand else "nothing was claimed")
    ended = scene.stage.ended()
    scene.findings.hold("the worker outlives it", not ended, ", ".join(ended) or "all run")
    scene.stage.start_broker()
    scene.quick()
    started = time.monotonic()
    back = until(lambda: scene.stage.log("w1").count("Connected to redis") > 1, BACK * scene.findings.leniency)
    scene.findings.within("the worker is connected again", BACK, back)
    names = scene.bulk(1)
    live = until(lambda: scene.live(names) == len(names), 30)
    took = time.monotonic() - started if live is not None else None
    scene.findings.within("the next creates are live", BACK, took, f", {scene.live(names)} of {len(names)}")
    answers = reader.stop()
    so = bool(answers) and all(answer.status == 200 for answer in answers)
    scene.findings.hold("pages keep answering", so, f"{said(answers)}, slowest {slowest(answers):.1f} s")
    scene.all_is_well(30, most_unknown=0)
