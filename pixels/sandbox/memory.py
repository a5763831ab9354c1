"""What every request reads or changes, kept in memory: who is signed in, and counts of requests.

The state file gets it a moment later (store.py): a write for every request would be most of its work.
"""

import sqlite3
import time
from dataclasses import dataclass

Key = tuple[str, str, str]  # what, provider, operation


class Counts:
    """Always exact. Counts that are not in the state file yet are lost only if the sandbox itself is killed."""

    def __init__(self, db: sqlite3.Connection) -> None:
        rows = db.execute("SELECT what, provider, operation, n FROM counts").fetchall()
        self._numbers: dict[Key, int] = {(what, provider, operation): n for what, provider, operation, n in rows}
        self._unwritten: set[Key] = set()

    def add(self, key: Key) -> None:
        self._numbers[key] = self._numbers.get(key, 0) + 1
        self._unwritten.add(key)

    def take_back(self, key: Key) -> None:
        self._numbers[key] -= 1
        if not self._numbers[key]:
            del self._numbers[key]

    def of(self, what: str) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for (one, provider, operation), n in sorted(self._numbers.items()):
            if one == what:
                found.setdefault(provider, {})[operation] = n
        return found

    def write(self, db: sqlite3.Connection) -> None:
        rows = [(*key, self._numbers[key]) for key in self._unwritten if key in self._numbers]
        db.executemany("INSERT OR REPLACE INTO counts (what, provider, operation, n) VALUES (?, ?, ?, ?)", rows)
        self._unwritten.clear()


@dataclass(slots=True)
class _Opened:
    provider: str
    username: str
    issued: float
    used: float


@dataclass(frozen=True, kw_only=True)
class Session:
    username: str
    age: float  # seconds since the token was given out
    idle: float  # seconds since its last call


class Sessions:
    def __init__(self, db: sqlite3.Connection) -> None:
        rows = db.execute("SELECT token, provider, username, issued, used FROM sessions").fetchall()
        self._opened = {token: _Opened(*rest) for token, *rest in rows}
        self._unwritten: set[str] = set()

    def open(self, provider: str, username: str, token: str) -> None:
        now = time.time()
        self._opened[token] = _Opened(provider, username, now, now)
        self._unwritten.add(token)

    def close(self, token: str) -> None:
        self._opened.pop(token, None)

    def get(self, provider: str, token: str) -> Session | None:
        found = self._opened.get(token)
        if found is None or found.provider != provider:
            return None
        now = time.time()
        return Session(username=found.username, age=now - found.issued, idle=now - found.used)

    def use(self, token: str) -> None:
        self._opened[token].used = time.time()
        self._unwritten.add(token)

    def let_time_pass(self, seconds: float) -> None:
        for found in self._opened.values():
            found.issued -= seconds
            found.used -= seconds
        self._unwritten.update(self._opened)

    def write(self, db: sqlite3.Connection) -> None:
        rows = [
            (token, it.provider, it.username, it.issued, it.used)
            for token in self._unwritten
            if (it := self._opened.get(token))
        ]
        db.executemany("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?)", rows)
        self._unwritten.clear()
