"""Redis, which keeps no file, is emptied, and then killed and restarted, with more than a hundred creates queued."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from .people import Reader, said, slowest
from .registry import Options
from .scene import Scene
from .stage import until

EACH = 36  # creates at each provider: 108
CLAIMED = 30.0


def play(scene: Scene, options: Options) -> None:
    scene.bulk(1)
    scene.settle(30)
    reader = Reader(scene.somebody(), scene.pages)
    reader.start()
    _lose(scene, "emptied", scene.empty_broker)
    _lose(scene, "restarted", lambda: _restart(scene))
    answers = reader.stop()
    so = bool(answers) and all(answer.status == 200 for answer in answers)
    scene.findings.hold("pages keep answering", so, f"{said(answers)}, slowest {slowest(answers):.1f} s")
    scene.all_is_well(30, most_unknown=0)


def _lose(scene: Scene, word: str, lose: Callable[[], None]) -> None:
    """While the worker stands still, so that all of them are queued."""
    scene.stage.send("w1", signal.SIGSTOP)
    names = [name for _ in range(EACH) for name in scene.bulk(1)]
    queued, messages = scene.unclaimed(names), scene.messages()
    lose()
    left = scene.messages()
    started = time.monotonic()
    scene.stage.send("w1", signal.SIGCONT)
    until(lambda: scene.unclaimed(names) == 0, 4 * CLAIMED)
    took = time.monotonic() - started if scene.unclaimed(names) == 0 else None
    measured = f"{queued} creates; {messages} messages before, {left} after"
    scene.findings.hold(f"{word} with 100 creates queued", queued >= 100 and messages > left, measured)
    scene.findings.within(f"{word}: all {len(names)} claimed", CLAIMED, took, strict=True)


def _restart(scene: Scene) -> None:
    scene.stage.end("broker")
    scene.stage.start_broker()
