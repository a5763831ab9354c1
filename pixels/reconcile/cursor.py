"""How far a sync run has read, saved in its row: a wait, the end of a task or a worker's death costs the last pages."""

from __future__ import annotations

import logging
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pixels.limits import clock
from pixels.models import SyncRun
from pixels.reconcile.runs import save_progress

log = logging.getLogger(__name__)

# The counts of a run that its cursor repeats: what lies behind the cursor is read, and counted, again.
COUNTS = ("pages", "seen", "missing", "lacking")


@dataclass
class Cursor:
    """A place in the list of one ad account. Ad accounts are read in the order of their keys."""

    account: int  # key of the ad account; 0: before the first
    after: str | None = None  # the provider's own cursor; None: the beginning of the list
    seen: set[str] = field(default_factory=set)  # remote ids that came so far
    began: datetime = field(default_factory=clock.now)  # when the reading of this list began
    total: int | None = None  # the size of the list, as far as the provider says one
    newest: datetime | None = None  # the latest change in it, by the provider's clock
    earlier: int = 0  # pixels seen in the ad accounts before
    stopped: str = ""  # why of one of those ad accounts nothing was marked

    def restart(self) -> None:
        """Back to the beginning of the list."""
        self.after, self.seen, self.began, self.total = None, set(), clock.now(), None


def save_cursor(run: SyncRun, cursor: Cursor) -> None:
    """Raises TakenOver. A list that cannot be read from the middle on begins again."""
    if cursor.after is None:
        cursor.restart()
        run.seen = cursor.earlier
    values = {
        "account": cursor.account,
        "after": cursor.after,
        "began": cursor.began.isoformat(),
        "total": cursor.total,
        "newest": cursor.newest.isoformat() if cursor.newest else None,
        "earlier": cursor.earlier,
        "stopped": cursor.stopped,
        "counts": {name: getattr(run, name) for name in COUNTS},
    }
    save_progress(run, cursor=values, seen_ids=zlib.compress("\n".join(cursor.seen).encode(), 1))


def open_cursor(run: SyncRun) -> Cursor:
    """The cursor that was saved, and the run's counts as they were there (unsaved). Where none was saved, or one that
    cannot be read, the run begins again."""
    cursor, counts = Cursor(account=0), dict.fromkeys(COUNTS, 0)
    if run.cursor is not None:
        try:
            cursor, counts = _read(run.cursor, run.seen_ids or b"")
        except (KeyError, TypeError, ValueError, zlib.error):
            log.warning("run %s: its cursor cannot be read, so it begins again", run.pk)
    for name, count in counts.items():
        setattr(run, name, count)
    return cursor


def _read(saved: dict[str, Any], seen_ids: bytes | memoryview) -> tuple[Cursor, dict[str, int]]:
    cursor = Cursor(
        account=int(saved["account"]),
        after=saved["after"],
        seen=set(zlib.decompress(seen_ids).decode().split("\n")) - {""},
        began=datetime.fromisoformat(saved["began"]),
        total=saved["total"],
        newest=datetime.fromisoformat(saved["newest"]) if saved["newest"] else None,
        earlier=saved["earlier"],
        stopped=saved["stopped"],
    )
    return cursor, {name: saved["counts"][name] for name in COUNTS}
