"""Writes listed objects to our rows in one transaction. Only differences are written."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from django.db.models import Q

from pixels import snippets
from pixels.limits import clock
from pixels.models import AdAccount, Pixel, SyncRun, bulk
from pixels.models.ids import time_ordered
from pixels.outbox.conflict import cancel_conflicting_update
from pixels.outbox.unconfirmed import preexisting_ids
from pixels.providers.base import Provider
from pixels.providers.values import Read, RemotePixel
from pixels.reconcile.compare import ABSENT_OR_GONE, SEEN_FIELDS, STATE_LENGTH, apply_remote, values_of
from pixels.reconcile.link import link_remote, report_duplicate, resolve_unconfirmed

Lifecycle, RemoteStatus = Pixel.Lifecycle, Pixel.RemoteStatus
# Part of each hash. Raise it when we read objects differently: then the next sync compares every object again.
HASH_VERSION = b"1"
REFERENCE = re.compile(r"ph-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
# The outbox is working on these, and records the object itself.
BEING_CREATED = (Lifecycle.CREATING, Lifecycle.CHECKING)
# Pixels with these statuses are compared even if the object has not changed.
COMPARED_ANYWAY = (*ABSENT_OR_GONE, RemoteStatus.NOT_SEEN)


@dataclass(frozen=True)
class Applied:
    created: int = 0  # rows
    updated: int = 0  # rows
    newest: datetime | None = None  # the latest change of the compared objects, by the provider's clock


def apply(
    run: SyncRun, account: AdAccount, objects: Mapping[str, Mapping[str, Any]], read: Read, *, began: datetime
) -> Applied:
    """Update, link or create the rows of these objects, given by remote id. If nothing is new, nothing is written.

    Pixels that a worker has written since `began`, when reading the list began, are newer than the list and stay.
    """
    hashes = {remote_id: _remote_hash(raw) for remote_id, raw in objects.items()}
    rows = account.pixels.filter(remote_id__in=hashes).order_by()
    stored = {one: row for one, *row in rows.values_list("remote_id", "remote_hash", "remote_status")}
    changed = [remote_id for remote_id in objects if not _is_unchanged(stored.get(remote_id), hashes[remote_id])]
    if not changed:
        return Applied()
    remotes = {remote_id: read(remote_id, objects[remote_id]) for remote_id in changed}
    try:
        created, updated = _Changes(run, account, remotes, hashes, began).write(stored.keys() & remotes.keys())
    except IntegrityError:  # the outbox has recorded one of the objects since we looked which have rows
        created, updated = _Changes(run, account, remotes, hashes, began).write(remotes.keys())
    newest = max((remote.changed_at for remote in remotes.values() if remote.changed_at), default=None)
    return Applied(created, updated, newest)


def _is_unchanged(row: Sequence[Any] | None, remote_hash: int) -> bool:
    """`row`: stored hash and remote status; None if the object has no row."""
    return row is not None and row[0] == remote_hash and row[1] not in COMPARED_ANYWAY


def _remote_hash(raw: Mapping[str, Any]) -> int:
    try:
        text = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer beyond 64 bits
        text = json.dumps(raw, sort_keys=True).encode()
    return int.from_bytes(blake2b(HASH_VERSION + text, digest_size=8).digest(), signed=True)


@dataclass
class _Changes:
    """What a batch of listed objects changes in our rows."""

    run: SyncRun
    account: AdAccount
    remotes: Mapping[str, RemotePixel]
    hashes: Mapping[str, int]
    began: datetime
    compared: list[Pixel] = field(default_factory=list)  # rows compared with their object
    changed: list[Pixel] = field(default_factory=list)  # those in which something has changed
    new: dict[str, RemotePixel] = field(default_factory=dict)  # objects without a row
    saved: int = 0  # rows that were saved one by one

    def write(self, with_rows: Collection[str]) -> tuple[int, int]:
        """Write all in one transaction. Returns how many rows were created and updated.

        `with_rows`: the objects that have rows. If that is out of date, the database refuses the new rows with
        IntegrityError.
        """
        provider = self.run.connection.provider_class
        with transaction.atomic():
            # In this order, so that a create recorded between the two queries is found by the second.
            expected = _ExpectedPixels(self.account, provider, self.remotes.values())
            rows = self._lock_rows(with_rows)
            for remote_id, remote in self.remotes.items():
                if remote_id in rows:
                    self._compare(rows[remote_id], remote)
                elif (pixel := expected.find(remote)) is None:
                    self.new[remote_id] = remote
                elif pixel.lifecycle not in BEING_CREATED:
                    expected.remove(pixel)
                    self._link(pixel, remote)
            bulk.update(self.compared, [*SEEN_FIELDS, "remote_hash"])
            snippets.issue_all(self.changed)
            if self.new:
                self._insert_new()
                self._report_duplicates()
        return len(self.new), len(self.changed) + self.saved

    def _lock_rows(self, remote_ids: Collection[str]) -> dict[str, Pixel]:
        rows = self.account.pixels.select_for_update().filter(remote_id__in=remote_ids) if remote_ids else ()
        for pixel in rows:
            pixel.connection, pixel.ad_account = self.run.connection, self.account  # saves two queries for each
        return {pixel.remote_id: pixel for pixel in rows}

    def _compare(self, pixel: Pixel, remote: RemotePixel) -> None:
        remote_hash = self.hashes[remote.remote_id]
        if (
            pixel.lifecycle == Lifecycle.UPDATING
            and pixel.remote_hash != remote_hash
            and cancel_conflicting_update(pixel, remote)
        ):
            snippets.issue(pixel)
            self.saved += 1
        elif pixel.lifecycle == Lifecycle.LIVE and not (pixel.checked_at and pixel.checked_at >= self.began):
            pixel.remote_hash = remote_hash
            self.compared.append(pixel)
            if apply_remote(pixel, remote):
                self.changed.append(pixel)

    def _link(self, pixel: Pixel, remote: RemotePixel) -> None:
        """Link the object to the pixel whose create was lost and has made it."""
        pixel.connection, pixel.ad_account = self.run.connection, self.account
        self.saved += 1
        if link_remote(pixel, remote):
            pixel.clear_error()
            pixel.checked_at = clock.now()
            pixel.save()
            snippets.issue(pixel)
            resolve_unconfirmed(pixel)

    def _insert_new(self) -> None:
        """Insert rows for objects made elsewhere. Both sides agree, since ours takes the provider's values."""
        readable = self.run.connection.provider_class.can("read")
        shared = Pixel(
            team_id=self.run.team_id,
            connection=self.run.connection,
            ad_account=self.account,
            lifecycle=Lifecycle.LIVE,
            remote_status=RemoteStatus.IN_SYNC if readable else RemoteStatus.UNVERIFIABLE,
            checked_at=clock.now(),
        )
        rows = [self._columns(remote) for remote in self.new.values()]
        bulk.Writer(shared, *rows[0]).insert([list(row.values()) for row in rows])

    def _columns(self, remote: RemotePixel) -> dict[str, Any]:
        return {
            "id": time_ordered(),
            "name": (remote.name or remote.remote_id)[:255],
            "events": remote.events or (),
            "options": remote.options or {},
            "remote_values": values_of(remote),
            "remote_id": remote.remote_id,
            "remote_state": (remote.state or "")[:STATE_LENGTH],
            "remote_snippet": remote.snippet or "",
            "remote_hash": self.hashes[remote.remote_id],
        }

    def _report_duplicates(self) -> None:
        """Report new objects that carry the reference of a pixel that already has an object: an earlier create took
        effect after all."""
        by_pixel = _references(self.run.connection.provider_class, self.new.values())
        if by_pixel:
            for pixel in self.account.pixels.filter(pk__in=by_pixel).exclude(remote_id=""):
                report_duplicate(pixel, by_pixel[str(pixel.pk)])


class _ExpectedPixels:
    """Our pixels without a remote id, whose unconfirmed create may have made one of the objects.

    They are recognised by our reference or code, or by name where the provider lets no two objects share one. A pixel
    that is neither being created nor unknown counts only if an object carries its reference, which nobody else has. The
    rows are locked until the transaction ends.
    """

    def __init__(self, account: AdAccount, provider: type[Provider], remotes: Iterable[RemotePixel]) -> None:
        self._by_name = provider.can("name_unique")
        self._option = provider.reference_option or ""
        created = Q(lifecycle__in=[*BEING_CREATED, Lifecycle.UNKNOWN]) | Q(pk__in=_references(provider, remotes))
        rows = account.pixels.select_for_update().exclude(lifecycle=Lifecycle.DELETED).filter(created, remote_id="")
        pixels = list(rows)
        self._preexisting_ids = preexisting_ids(pixels) if pixels else {}
        self._pixels: dict[str, list[Pixel]] = {}
        for pixel in pixels:
            for key in {pixel.name} if self._by_name else {pixel.lookup_key, pixel.reference}:
                self._pixels.setdefault(key, []).append(pixel)

    def find(self, remote: RemotePixel) -> Pixel | None:
        """The pixel whose create made this object, or None. An object that existed before the create was sent is not
        taken."""
        key = remote.name if self._by_name else (remote.options or {}).get(self._option)
        candidates = self._pixels.get(key, []) if isinstance(key, str) and key else []
        return next((one for one in candidates if remote.remote_id not in self._preexisting_ids.get(one.pk, ())), None)

    def remove(self, pixel: Pixel) -> None:
        """Note that this pixel has its object now."""
        for candidates in self._pixels.values():
            if pixel in candidates:
                candidates.remove(pixel)


def _references(provider: type[Provider], remotes: Iterable[RemotePixel]) -> dict[str, list[str]]:
    """Remote ids of the objects that carry a reference of ours, by the key of the pixel that it names."""
    found: dict[str, list[str]] = {}
    if provider.reference_option:
        for remote in remotes:
            value = (remote.options or {}).get(provider.reference_option)
            if match := REFERENCE.fullmatch(str(value or "")):
                found.setdefault(match[1], []).append(remote.remote_id)
    return found
