"""A contender's process: reads one order, writes one line of results. Its clock leaves out the imports, for all
alike."""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Facts = dict[str, Any]
Work = Callable[[], Facts]

_counted: list[_Counting] = []
_closed = 0


class _Counting(sqlite3.Connection):
    """SQLite's own count of rows written, kept when the connection is closed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _counted.append(self)

    def close(self) -> None:
        global _closed
        if self in _counted:
            _counted.remove(self)
            _closed += self.total_changes
        super().close()


def _connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
    return _plain(*args, **{**kwargs, "factory": _Counting})


_plain = sqlite3.connect


def _rows_written() -> int:
    open_ones = 0
    for connection in _counted:
        with suppress(sqlite3.ProgrammingError):  # another thread's
            open_ones += connection.total_changes
    return _closed + open_ones


def _peak_kib() -> int:
    """Of this program alone. What wait4 says also covers the moment before it began, when it was still the bench."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def _cpu() -> float:
    """CPU time of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def take(prepare: Callable[[Facts], Work]) -> None:
    """Do what the command line says: `prepare` imports and opens, what it gives back is timed."""
    sqlite3.dbapi2.connect = sqlite3.connect = _connect
    work = prepare(json.loads(sys.argv[1]))
    rows, cpu, started = _rows_written(), _cpu(), time.perf_counter()
    facts = work()
    took = {"seconds": time.perf_counter() - started, "cpu": _cpu() - cpu}
    said = {**took, "rows_written": _rows_written() - rows, "peak_kib": _peak_kib(), **facts}
    sys.stdout.write(json.dumps(said) + "\n")
