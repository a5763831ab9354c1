"""Redis accepts connections and never answers. Neither pages nor work may wait for it."""

from __future__ import annotations

import signal
import time

from tests.crash.points import PROVIDERS

from .people import Reader, said, slowest
from .registry import Options
from .scene import TEAM, Scene

POST, GET = 3.0, 1.0


def play(scene: Scene, options: Options) -> None:
    scene.bulk(2)
    scene.settle(30)
    reader = Reader(scene.somebody(), scene.pages)
    scene.stage.send("broker", signal.SIGSTOP)
    frozen = time.monotonic()
    reader.start()
    posts, names = [], []
    while time.monotonic() - frozen < options.frozen:
        provider = PROVIDERS[len(names) % len(PROVIDERS)]
        names.append(scene.name(provider))
        connection = str(scene.connections[provider].pk)
        *_, sent = scene.visitor.create(TEAM, connection, provider, names[-1], patience=5)
        posts.append(sent)
        time.sleep(0.7)
    live = scene.live(names)
    lasted = time.monotonic() - frozen
    scene.stage.send("broker", signal.SIGCONT)
    gets = reader.stop()
    hold, within = scene.findings.hold, scene.findings.within
    within("a form that creates is answered", POST, slowest(posts), f", {said(posts)}")
    hold("every form creates", all(post.status == 302 for post in posts), said(posts))
    within("a page is answered", GET, slowest(gets), f", {said(gets)}")
    hold("every page is there", bool(gets) and all(one.status == 200 for one in gets), said(gets))
    measured = f"{live} of {len(names)} live after {lasted:.0f} s, still frozen"
    hold("the work goes on meanwhile", live > 0, measured)
    scene.all_is_well(45, most_unknown=0)
