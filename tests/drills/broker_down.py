"""The broker is down. Pixels become live without it, and pages say when work is delayed."""

from __future__ import annotations

import signal
import time
from datetime import timedelta

from django.utils import timezone

from pixels.models import Operation, Pixel
from tests.bench.person import Answer
from tests.crash.points import PROVIDERS

from .people import said, slowest
from .registry import Options
from .scene import TEAM, Scene
from .stage import until

POST = 3.0
BOUND = 45.0  # seconds: three intervals
DELAYED = "Background work is delayed"


def play(scene: Scene, options: Options) -> None:
    scene.stage.end("broker")
    posts, names = [], []
    for provider in PROVIDERS * 4:
        names.append(scene.name(provider))
        posts.append(_create(scene, provider, names[-1]))
    hold, within = scene.findings.hold, scene.findings.within
    within("a form that creates is answered", POST, slowest(posts), f", {said(posts)}")
    hold("every form creates", all(post.status == 302 for post in posts), said(posts))
    took = until(lambda: scene.live(names) == len(names), BOUND * scene.findings.leniency)
    within("live without a broker", BOUND, took, f", {scene.live(names)} of {len(names)}")
    _nobody_works(scene)
    back = time.monotonic()
    scene.stage.start_broker()
    name = scene.name("xandr")
    _create(scene, "xandr", name)
    until(lambda: scene.live([name]) == 1, 2 * BOUND)
    within("the broker is back: the next one is live", 30, time.monotonic() - back if scene.live([name]) else None)
    scene.all_is_well(30, most_unknown=0)


def _create(scene: Scene, provider: str, name: str) -> Answer:
    return scene.visitor.create(TEAM, str(scene.connections[provider].pk), provider, name, patience=5)[-1]


def _nobody_works(scene: Scene) -> None:
    """The scheduler stands still as well. A minute passes in the rows, not here."""
    name = scene.name("easyflow")
    scene.stage.send("scheduler", signal.SIGSTOP)
    _create(scene, "easyflow", name)
    pixel = Pixel.objects.get(name=name)
    path = f"/t/{TEAM}/pixels/{pixel.pk}/"
    at_first = DELAYED in scene.visitor.get(path).text
    a_while_ago = timezone.now() - timedelta(seconds=90)
    Operation.objects.filter(pixel=pixel).update(created_at=a_while_ago)
    Operation.objects.filter(finished_at__gt=a_while_ago).update(finished_at=a_while_ago)
    late = DELAYED in scene.visitor.get(path).text
    scene.stage.send("scheduler", signal.SIGCONT)
    until(lambda: scene.live([name]) == 1, BOUND * scene.findings.leniency)
    at_last = DELAYED in scene.visitor.get(path).text
    said_so = (at_first, late, at_last) == (False, True, False)
    measured = f"at once: {_word(at_first)}, 90 s late: {_word(late)}, live: {_word(at_last)}"
    scene.findings.hold("nobody works: its page says “delayed”", said_so, measured)


def _word(shown: bool) -> str:
    return "said" if shown else "not said"
