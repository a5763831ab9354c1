"""A backup is taken while creates, changes and deletes are open; work goes on; then the backup is restored."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connections
from django.db.models import QuerySet

from pixels.models import Operation, Pixel
from tests.bench.person import Answer
from tests.crash.points import FINDING, PROVIDERS
from tests.crash.product import Outbox

from .registry import Options
from .scene import TEAM, Scene
from .stage import until

Lifecycle = Pixel.Lifecycle
SLOW = 0.8  # seconds that a provider takes: there is time for a backup while things are under way
CHANGED = ("easyflow", "xandr")


def play(scene: Scene, options: Options) -> None:
    to_change = {provider: scene.bulk(2, [provider]) for provider in CHANGED}
    to_delete = scene.bulk(2, ["xandr"])
    scene.settle(30)
    changed = _open(scene, to_change, to_delete)
    put_back = _postgres(scene) if scene.stage.database else _sqlite(scene)
    scene.quick()
    scene.settle(60)
    after = scene.bulk(2, PROVIDERS)
    scene.settle(30)
    scene.stage.end_product()
    connections.close_all()
    put_back()
    in_backup = {one.pk: one.name for one in Pixel.objects.filter(operations__in=_creates())}
    updates = scene.sandbox.asked("easyflow", "update") + scene.sandbox.asked("xandr", "update")
    said = scene.stage.manage("after_restore").strip()
    scene.findings.hold("the backup has open creates, changes, deletes", _has_all(said), said[:110])
    scene.stage.start_product()
    _judge(scene, in_backup, changed, updates, after, to_delete)


def _open(scene: Scene, to_change: dict[str, list[str]], to_delete: list[str]) -> list[str]:
    """Some open operations of each kind, with a create under way at each provider. Returns the new names."""
    scene.slow("create", SLOW)
    scene.slow("update", SLOW, CHANGED)
    scene.slow("delete", SLOW, ["xandr"])
    scene.bulk(3)
    new_names = []
    for names in to_change.values():
        for pixel in scene.rows(names):
            new_names.append(f"{pixel.name} changed")
            Outbox().change(pixel.pk, new_names[-1])
            scene.promised[pixel.connection.provider].remove(pixel.name)
    for pixel in scene.rows(to_delete):
        Outbox().delete(pixel.pk)
        scene.promised["xandr"].remove(pixel.name)
    until(lambda: _creates().exclude(sent_at=None).count() > 0, 30, step=0.02)
    return new_names


def _creates() -> QuerySet[Operation]:
    return Operation.objects.open().filter(kind=Operation.Kind.CREATE)


def _has_all(said: str) -> bool:
    numbers = [int(word) for word in said.split() if word.isdecimal()]
    return len(numbers) == 3 and all(numbers)


def _sqlite(scene: Scene) -> Callable[[], None]:
    path, backup = Path(settings.DATABASES["default"]["NAME"]), scene.stage.directory / "backup.sqlite3"
    with sqlite3.connect(path) as live:
        live.execute("VACUUM INTO ?", (str(backup),))
    live.close()

    def put_back() -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        backup.rename(path)

    return put_back


def _postgres(scene: Scene) -> Callable[[], None]:
    database, backup = scene.stage.database, scene.stage.directory / "backup.dump"
    assert database is not None
    database.run("pg_dump", "--format=custom", "--file", str(backup))
    return lambda: database.run("pg_restore", "--clean", "--if-exists", str(backup))


def _judge(
    scene: Scene, in_backup: dict[UUID, str], changed: list[str], updates: int, after: list[str], to_delete: list[str]
) -> None:
    hold = scene.findings.hold
    seen: dict[UUID, set[str]] = {pk: set() for pk in in_backup}

    def look() -> bool:
        for pk, lifecycle in Pixel.objects.filter(pk__in=in_backup).values_list("pk", "lifecycle"):
            seen[pk].add(lifecycle)
        return scene.open() == 0

    took = until(look, 90 * scene.findings.leniency, step=0.05)
    scene.findings.within("what was open comes to its end", 60, took)
    _press_sync(scene)
    rows = {pixel.pk: pixel for pixel in Pixel.objects.filter(pk__in=in_backup).select_related("connection")}
    finding = [pk for pk, pixel in rows.items() if pixel.connection.provider in FINDING]
    checked = [pk for pk in finding if Lifecycle.CHECKING in seen[pk]]
    hold("open creates come back as checking", checked == finding, f"{len(checked)} of {len(finding)}")
    ends = [rows[pk].lifecycle for pk in finding]
    hold("and end live", all(end == Lifecycle.LIVE for end in ends), f"{ends.count(Lifecycle.LIVE)} of {len(ends)}")
    rest = [pixel.lifecycle for pk, pixel in rows.items() if pk not in finding]
    so = bool(rest) and all(end == Lifecycle.UNKNOWN for end in rest)
    hold("Easyflow's are asked about", so, f"{rest.count(Lifecycle.UNKNOWN)} of {len(rest)} unknown")
    again = scene.sandbox.asked("easyflow", "update") + scene.sandbox.asked("xandr", "update") - updates
    hold("changes are not sent again", again == 0, f"{again} sent")
    there = {str(one["name"]) for provider in PROVIDERS for one in scene.sandbox.held(provider)}
    hold("nor undone", set(changed) <= there, f"{len(set(changed) & there)} of {len(changed)} as they were changed")
    gone = [name for name in to_delete if name in there]
    hold("deletes are carried out", not gone, f"{len(to_delete) - len(gone)} of {len(to_delete)}")
    listed = [name for name in after if not name.startswith("Drill easyflow")]
    brought = {pixel.name for pixel in scene.rows(listed)}
    hold("what came after it is brought by the sync", brought == set(listed), f"{len(brought)} of {len(listed)}")
    _count(scene, after)


def _press_sync(scene: Scene) -> None:
    visitor = scene.somebody()
    for provider in FINDING:
        path = f"/t/{TEAM}/connections/{scene.connections[provider].pk}/"
        visitor.get(path)
        answer: Answer = visitor.post(f"{path}sync/", {})
        assert answer.status == 302, answer.status
    time.sleep(1)
    until(lambda: not any(one.sync_runs.filter(finished_at=None).exists() for one in scene.connections.values()), 60)


def _count(scene: Scene, after: list[str]) -> None:
    """No object twice at a provider, and no object with two rows here."""
    held = [str(one["name"]) for provider in PROVIDERS for one in scene.sandbox.held(provider)]
    rows = list(Pixel.objects.exclude(remote_id="").values_list("ad_account", "remote_id"))
    twice = len(held) - len(set(held)), len(rows) - len(set(rows))
    promised = {name for names in scene.promised.values() for name in names}
    lost = promised - set(held)
    measured = f"{len(held)} objects, {twice[0]} twice there, {twice[1]} twice here, {len(lost)} lost"
    scene.findings.hold("0 lost, 0 twice", twice == (0, 0) and not lost, measured)
