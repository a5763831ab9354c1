"""A disk of 64 MiB under the database fills up while people create and the worker records what it has sent."""

from __future__ import annotations

import time

from django.db import connection

from tests.bench.person import Answer
from tests.crash.points import PROVIDERS

from .people import Reader, is_calm, said, slowest
from .registry import Options
from .scene import TEAM, Scene
from .servers import Filler

FULL = 8.0  # seconds
SLOW = 0.3  # seconds that a provider takes for a create: some are under way when there is no room any more


def play(scene: Scene, options: Options) -> None:
    scene.bulk(3)
    scene.settle(30)
    reader = Reader(scene.somebody(), scene.pages)
    scene.slow("create", SLOW)
    scene.bulk(8)
    time.sleep(1)
    filler = Filler(scene.stage.small_disk)
    filler.start()
    assert filler.full.wait(60)
    full = time.monotonic()
    reader.start()
    tried: list[Answer] = []
    names: list[tuple[str, str]] = []
    while time.monotonic() - full < FULL:
        provider = PROVIDERS[len(names) % len(PROVIDERS)]
        names.append((provider, scene.name(provider)))
        tried += scene.visitor.create(TEAM, str(scene.connections[provider].pk), *names[-1], patience=0)
    gets = reader.stop()
    filler.free()
    scene.quick()
    hold = scene.findings.hold
    refused = [answer for answer in tried if answer.status not in (200, 302)]
    hold("writes fail with a clear page", bool(refused) and all(map(is_calm, refused)), said(tried))
    so = bool(gets) and all(one.status == 200 for one in gets)
    hold("reads go on", so, f"{said(gets)}, slowest {slowest(gets):.1f} s")
    # As people do who have seen that page: the forms again.
    again = [
        scene.visitor.create(TEAM, str(scene.connections[provider].pk), provider, name, patience=10)[-1]
        for provider, name in names
        if not scene.rows([name])
    ]
    hold("there is room again: every form creates", all(one.status == 302 for one in again), said(again))
    # An operation that is sent while its answer cannot be stored becomes unknown at Easyflow, where a person is asked.
    scene.all_is_well(45, most_unknown=10)
    hold("nothing has to be repaired", *_sound(scene))


def _sound(scene: Scene) -> tuple[bool, str]:
    if scene.stage.database is None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA integrity_check")
            [said] = cursor.fetchone()
        return said == "ok", f"integrity check: {said}"
    panics = (scene.stage.database.directory / "log").read_text(errors="replace").count("PANIC")
    runs = scene.stage.database.process.poll() is None
    return runs and not panics, f"the server {'runs' if runs else 'has ended'}, {panics} panics"
