"""PostgreSQL is stopped at once, as by `pg_ctl restart -m immediate`, while people create hundreds of pixels."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from tests.bench.person import Answer
from tests.crash.points import PROVIDERS

from .people import Visitor, is_calm, said, slowest
from .registry import Options
from .scene import TEAM, Scene
from .stage import until

PEOPLE = 4
AWAY = 3.0  # seconds for which nobody listens
RECONNECTED = 10.0
CREATE = 0.05  # seconds that a provider takes for one, so that there is work when the database comes back


def play(scene: Scene, options: Options) -> None:
    database = scene.stage.database
    assert database is not None
    scene.slow("create", CREATE)
    names = [(provider, scene.name(provider)) for provider, _ in zip(_round(), range(options.creates), strict=False)]
    share = len(names) // PEOPLE
    people = [
        _Creator(scene, scene.somebody(), names[number * share : (number + 1) * share or None])
        for number in range(PEOPLE)
    ]
    scene.promised = {provider: [] for provider in PROVIDERS}
    for one in people:
        one.start()
    until(lambda: sum(one.done for one in people) >= options.creates // 3, 90 * scene.findings.leniency)
    before = sum(one.done for one in people)
    database.end_at_once()
    time.sleep(AWAY)
    made = _made(scene)
    database.start_again()
    back = time.monotonic()
    until(lambda: _made(scene) > made, 4 * RECONNECTED)
    worked = time.monotonic() - back if _made(scene) > made else None
    for one in people:
        one.join(timeout=120 * scene.findings.leniency)
    for provider, name in (promise for one in people for promise in one.promised):
        scene.promised[provider].append(name)
    _tell(scene, people, before, worked, options)
    scene.all_is_well(60, most_unknown=4)


def _tell(scene: Scene, people: list[_Creator], before: int, worked: float | None, options: Options) -> None:
    hold = scene.findings.hold
    answers = [answer for one in people for answer in one.answers]
    failed = [answer for answer in answers if answer.status not in (200, 302)]
    done = sum(one.done for one in people)
    hold("it is in the middle of them", 0 < before < options.creates, f"{before} of {options.creates} were promised")
    so = bool(failed) and all(is_calm(answer) for answer in failed)
    hold("pages in the gap: our 503, no traceback", so, f"{said(answers)}, slowest {slowest(failed):.1f} s")
    scene.findings.within("a worker has work again", RECONNECTED, worked)
    hold("sent again, every form creates", done == options.creates, f"{done} of {options.creates}")


def _round() -> Iterator[str]:
    while True:
        yield from PROVIDERS


def _made(scene: Scene) -> int:
    return sum(scene.sandbox.asked(provider, "create") for provider in PROVIDERS)


class _Creator(threading.Thread):
    """Somebody who sends one form after the other, and sends a failed one again."""

    def __init__(self, scene: Scene, visitor: Visitor, names: list[tuple[str, str]]) -> None:
        super().__init__(daemon=True)
        self._visitor, self._names = visitor, names
        self._connections = {provider: str(one.pk) for provider, one in scene.connections.items()}
        self.answers: list[Answer] = []
        self.promised: list[tuple[str, str]] = []

    @property
    def done(self) -> int:
        return len(self.promised)

    def run(self) -> None:
        for provider, name in self._names:
            found = self._visitor.create(TEAM, self._connections[provider], provider, name, patience=60)
            self.answers += found
            if found[-1].status == 302:
                self.promised.append((provider, name))
