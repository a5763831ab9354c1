"""Some objects of a list, put beside our rows: only differences are written."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from django.db.models import Q

from pixels import snippets
from pixels.limits import clock
from pixels.models import AdAccount, Connection, Pixel, SyncRun, bulk
from pixels.models.ids import time_ordered
from pixels.outbox.record import stop_for_theirs
from pixels.outbox.unconfirmed import preexisting_ids
from pixels.providers.values import Read, RemotePixel
from pixels.reconcile.compare import SEEN_FIELDS, STATE_LENGTH, see, values_of
from pixels.reconcile.link import link_remote, report_duplicate, resolve_unconfirmed

Lifecycle, RemoteStatus = Pixel.Lifecycle, Pixel.RemoteStatus
REFERENCE = re.compile(r"ph-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
# Ours without a remote id that may be the object in the list: the outbox records them.
BEING_CREATED = (Lifecycle.CREATING, Lifecycle.CHECKING)
# Of all others, one that carries our own reference: nobody else has it, so the object was made of this row.
EXPECTED = (*BEING_CREATED, Lifecycle.UNKNOWN)
ABSENT_OR_GONE = (RemoteStatus.ABSENT, RemoteStatus.GONE)
TO_LOOK_AT = (*ABSENT_OR_GONE, RemoteStatus.NOT_SEEN)  # also where the object is as it was
# Part of each hash. Another one makes the next sync read every object anew: for when what we read of them changes.
HASH_VERSION = b"1"


@dataclass
class Applied:
    """What they came to, and the latest change that the provider tells of in what had to be read."""

    created: int = 0
    updated: int = 0
    newest: datetime | None = None


def apply(
    run: SyncRun, account: AdAccount, objects: Mapping[str, Mapping[str, Any]], read: Read, *, since: datetime
) -> Applied:
    """One transaction, and none where nothing is new.

    What a push has recorded `since` the list was begun is newer than what the list may say of it, and stays.
    """
    hashes = {remote_id: _remote_hash(raw) for remote_id, raw in objects.items()}
    ours = account.pixels.filter(remote_id__in=hashes).order_by()
    have = {one: row for one, *row in ours.values_list("remote_id", "remote_hash", "lifecycle", "remote_status")}
    rest = [
        remote_id for remote_id, remote_hash in hashes.items() if not _is_as_before(have.get(remote_id), remote_hash)
    ]
    applied = Applied()
    if rest:
        remotes = {remote_id: read(remote_id, objects[remote_id]) for remote_id in rest}
        applied.newest = max((remote.changed_at for remote in remotes.values() if remote.changed_at), default=None)
        try:
            _put(run, account, remotes, hashes, since, applied, rows_of=have.keys() & remotes.keys())
        except IntegrityError:  # a push has recorded one of them between our look and our write
            _put(run, account, remotes, hashes, since, applied, rows_of=remotes.keys())
    return applied


def _is_as_before(row: Sequence[Any] | None, remote_hash: int) -> bool:
    """`row`: hash, lifecycle and remote status, where there is one."""
    return row is not None and row[0] == remote_hash and row[1] == Lifecycle.LIVE and row[2] not in TO_LOOK_AT


def _put(
    run: SyncRun,
    account: AdAccount,
    remotes: Mapping[str, RemotePixel],
    hashes: Mapping[str, int],
    since: datetime,
    applied: Applied,
    *,
    rows_of: Collection[str],
) -> None:
    """`rows_of`: the ids that have rows; where that is out of date, the database refuses the page."""
    with transaction.atomic():
        connection = run.connection
        # In this order: a create recorded between the two queries is still found by the second.
        expected = _Expected(connection, account, remotes.values())
        rows = account.pixels.select_for_update().filter(remote_id__in=rows_of) if rows_of else ()
        known = {pixel.remote_id: pixel for pixel in rows}
        new: dict[str, RemotePixel] = {}
        touched: list[Pixel] = []
        changed: list[Pixel] = []
        attached = 0
        for remote_id, remote in remotes.items():
            pixel = known.get(remote_id)
            if pixel is not None:
                pixel.connection, pixel.ad_account = connection, account
                is_other = pixel.remote_hash != hashes[remote_id]
                if pixel.lifecycle == Lifecycle.UPDATING and is_other and stop_for_theirs(pixel, remote):
                    snippets.issue(pixel)
                    attached += 1
                    continue
                if pixel.lifecycle != Lifecycle.LIVE or (pixel.checked_at and pixel.checked_at >= since):
                    continue  # newer than the page
                pixel.remote_hash = hashes[remote_id]
                touched.append(pixel)
                if see(pixel, remote):
                    changed.append(pixel)
            elif (ours := expected.behind(remote)) is not None:
                if ours.lifecycle not in BEING_CREATED:  # this is what the answer that was lost was about
                    expected.remove(ours)
                    _link_late(ours, connection, account, remote)
                    attached += 1
            else:
                new[remote_id] = remote
        bulk.update(touched, [*SEEN_FIELDS, "remote_hash"])
        snippets.issue_all(changed)
        if new:
            _adopt(run, account, new, hashes)
            _report_twins(account, new.values())
    applied.created = len(new)
    applied.updated = len(changed) + attached


def _remote_hash(raw: Mapping[str, Any]) -> int:
    try:
        said = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a whole number that only Python can hold
        said = json.dumps(raw, sort_keys=True).encode()
    return int.from_bytes(blake2b(HASH_VERSION + said, digest_size=8).digest(), signed=True)


def _adopt(run: SyncRun, account: AdAccount, new: Mapping[str, RemotePixel], hashes: Mapping[str, int]) -> None:
    """Rows for what was made elsewhere: both sides agree, as ours is taken from theirs."""
    pattern = Pixel(
        team_id=run.team_id,
        connection=run.connection,
        ad_account=account,
        lifecycle=Lifecycle.LIVE,
        remote_status=RemoteStatus.IN_SYNC if run.connection.provider_class.can("read") else RemoteStatus.UNVERIFIABLE,
        checked_at=clock.now(),
    )
    own = (
        "id",
        "name",
        "events",
        "options",
        "remote_values",
        "remote_id",
        "remote_state",
        "remote_snippet",
        "remote_hash",
    )
    rows = []
    for remote_id, remote in new.items():
        pk, name, snippet = time_ordered(), (remote.name or remote_id)[:255], remote.snippet or ""
        events, options = remote.events or (), remote.options or {}
        state, theirs = (remote.state or "")[:STATE_LENGTH], values_of(remote)
        rows.append((pk, name, events, options, theirs, remote_id, state, snippet, hashes[remote_id]))
    bulk.Writer(pattern, *own).insert(rows)


def _references(connection: Connection, remotes: Iterable[RemotePixel]) -> dict[str, list[str]]:
    """Remote ids by the keys of pixels of ours whose reference they carry."""
    found: dict[str, list[str]] = {}
    if option := connection.provider_class.reference_option:
        for remote in remotes:
            if reference := REFERENCE.fullmatch(str((remote.options or {}).get(option) or "")):
                found.setdefault(reference[1], []).append(remote.remote_id)
    return found


def _report_twins(account: AdAccount, new: Iterable[RemotePixel]) -> None:
    """What carries the reference of a pixel that has its object already: a create took effect after all, and late."""
    claimed = _references(account.connection, new)
    if not claimed:
        return
    for ours in account.pixels.filter(pk__in=claimed).exclude(remote_id=""):
        report_duplicate(ours, claimed[str(ours.pk)])


class _Expected:
    """Our pixels without a remote id that an object of this page may belong to: by reference or code, or by name."""

    def __init__(self, connection: Connection, account: AdAccount, remotes: Iterable[RemotePixel]) -> None:
        provider = connection.provider_class
        self._by_name = provider.can("name_unique")
        self._option = provider.reference_option
        ours = Q(lifecycle__in=EXPECTED) | Q(pk__in=_references(connection, remotes))
        rows = list(account.pixels.select_for_update().exclude(lifecycle=Lifecycle.DELETED).filter(ours, remote_id=""))
        self._namesakes = preexisting_ids(rows) if rows else {}
        self._pixels: dict[str, list[Pixel]] = {}
        for pixel in rows:
            for mark in {pixel.name} if self._by_name else {pixel.mark, pixel.reference}:
                self._pixels.setdefault(mark, []).append(pixel)

    def behind(self, remote: RemotePixel) -> Pixel | None:
        mark = remote.name if self._by_name else (remote.options or {}).get(self._option or "")
        alike = self._pixels.get(mark, []) if isinstance(mark, str) and mark else []
        return next((one for one in alike if remote.remote_id not in self._namesakes.get(one.pk, ())), None)

    def remove(self, pixel: Pixel) -> None:
        for alike in self._pixels.values():
            if pixel in alike:
                alike.remove(pixel)


def _link_late(pixel: Pixel, connection: Connection, account: AdAccount, remote: RemotePixel) -> None:
    pixel.connection, pixel.ad_account = connection, account
    if link_remote(pixel, remote):
        pixel.clear_error()
        pixel.checked_at = clock.now()
        pixel.save()
        snippets.issue(pixel)
        resolve_unconfirmed(pixel)
