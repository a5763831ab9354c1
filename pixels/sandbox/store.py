"""The sandbox's state: one SQLite file with the objects as JSON, sessions, switches and counts."""

import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import switches

Object = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    account TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (provider, kind, remote_id)
);
CREATE TABLE IF NOT EXISTS last_ids (provider TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
    token TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    username TEXT NOT NULL,
    issued REAL NOT NULL,
    used REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS notes (what TEXT NOT NULL, who TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counts (
    what TEXT NOT NULL,
    provider TEXT NOT NULL,
    operation TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (what, provider, operation)
);
"""

FORM = 2  # of the state file; sessions of an older one are dropped, the objects stay

SWITCHES: dict[str, Any] = {name: switch.default for name, switch in switches.ALL.items()}


@dataclass(frozen=True, kw_only=True)
class Session:
    username: str
    age: float  # seconds since the token was given out
    idle: float  # seconds since its last call


class Store:
    """One connection for all threads, under one lock: a check and its write stay together."""

    def __init__(self, path: str | Path) -> None:
        if str(path) != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._in_hand: Counter[str] = Counter()
        self._in_hand_lock = threading.Lock()  # of its own: a request counts also while it waits for the other
        self._db = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        if self._run("PRAGMA user_version")[0][0] < FORM:
            self._run("DROP TABLE IF EXISTS sessions")
        self._db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {FORM}; COMMIT;")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody else in between. May be nested."""
        with self._lock:
            self._db.execute("SAVEPOINT whole")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK TO whole")
                raise
            finally:
                self._db.execute("RELEASE whole")

    def reset(self) -> None:
        """Empty everything but the last ids: a real provider never gives an id twice."""
        for table in ("objects", "sessions", "notes", "switches", "counts"):
            self._run(f"DELETE FROM {table}")

    @contextmanager
    def in_hand(self, provider: str) -> Iterator[int]:
        """While a request is being answered: how many there are, this one included."""
        with self._in_hand_lock:
            self._in_hand[provider] += 1
            number = self._in_hand[provider]
        try:
            yield number
        finally:
            with self._in_hand_lock:
                self._in_hand[provider] -= 1

    # Objects

    def objects(self, provider: str, kind: str = "pixel", account: str | None = None) -> list[Object]:
        """In the order they came."""
        where, values = "provider = ? AND kind = ?", [provider, kind]
        if account is not None:
            where, values = where + " AND account = ?", [*values, account]
        rows = self._run(f"SELECT body FROM objects WHERE {where} ORDER BY seq", *values)
        return [json.loads(body) for (body,) in rows]

    def accounts(self, provider: str, kinds: tuple[str, ...]) -> set[str]:
        rows = self._run("SELECT DISTINCT kind, account FROM objects WHERE provider = ?", provider)
        return {account for kind, account in rows if kind in kinds}

    def put(self, provider: str, account: str, remote_id: str, body: Object, kind: str = "pixel") -> None:
        """Write an object, or write over it."""
        self._run(
            "INSERT INTO objects (provider, kind, remote_id, account, body) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (provider, kind, remote_id)"
            " DO UPDATE SET account = excluded.account, body = excluded.body",
            provider, kind, remote_id, account, json.dumps(body),
        )  # fmt: skip

    def delete(self, provider: str, remote_id: str) -> None:
        self._run("DELETE FROM objects WHERE provider = ? AND kind = 'pixel' AND remote_id = ?", provider, remote_id)

    def next_id(self, provider: str, first: int) -> int:
        self.seen_id(provider, first - 1)
        self._run("UPDATE last_ids SET last = last + 1 WHERE provider = ?", provider)
        return int(self._run("SELECT last FROM last_ids WHERE provider = ?", provider)[0][0])

    def seen_id(self, provider: str, number: int) -> None:
        """An id that exists: the next one given will be larger."""
        self._run(
            "INSERT INTO last_ids (provider, last) VALUES (?, ?)"
            " ON CONFLICT (provider) DO UPDATE SET last = max(last, excluded.last)",
            provider, number,
        )  # fmt: skip

    # Sessions

    def open_session(self, provider: str, username: str, token: str) -> None:
        now = time.time()
        self._run("INSERT INTO sessions VALUES (?, ?, ?, ?, ?)", token, provider, username, now, now)

    def end_sessions(self) -> None:
        self._run("DELETE FROM sessions")

    def session(self, provider: str, token: str) -> Session | None:
        """None for a token that never was."""
        sql = "SELECT username, issued, used FROM sessions WHERE provider = ? AND token = ?"
        for username, issued, used in self._run(sql, provider, token):
            now = time.time()
            return Session(username=username, age=now - issued, idle=now - used)
        return None

    def use_session(self, token: str) -> None:
        self._run("UPDATE sessions SET used = ? WHERE token = ?", time.time(), token)

    # What happened lately, for limits

    def note(self, what: str, who: str) -> None:
        self._run("INSERT INTO notes VALUES (?, ?, ?)", what, who, time.time())

    def noted(self, what: str, who: str, *, seconds: float) -> list[float]:
        """How long ago each was, oldest first, of those within the last `seconds`."""
        now = time.time()
        self._run("DELETE FROM notes WHERE what = ? AND at <= ?", what, now - seconds)
        rows = self._run("SELECT at FROM notes WHERE what = ? AND who = ? ORDER BY at", what, who)
        return [now - at for (at,) in rows]

    def let_time_pass(self, seconds: float) -> None:
        """For sessions and limits, as if so much time had gone by: a test need not wait two hours."""
        self._run("UPDATE sessions SET issued = issued - ?, used = used - ?", seconds, seconds)
        self._run("UPDATE notes SET at = at - ?", seconds)

    # Switches

    def switch(self, name: str) -> Any:
        rows = self._run("SELECT value FROM switches WHERE name = ?", name)
        return json.loads(rows[0][0]) if rows else SWITCHES[name]

    def set_switch(self, name: str, value: Any) -> None:
        self._run("INSERT OR REPLACE INTO switches (name, value) VALUES (?, ?)", name, json.dumps(value))

    # Counts

    def count(self, what: str, provider: str, operation: str) -> None:
        self._run(
            "INSERT INTO counts (what, provider, operation, n) VALUES (?, ?, ?, 1)"
            " ON CONFLICT (what, provider, operation) DO UPDATE SET n = n + 1",
            what, provider, operation,
        )  # fmt: skip

    def counts(self, what: str) -> dict[str, dict[str, int]]:
        """{provider: {operation: how often}}"""
        found: dict[str, dict[str, int]] = {}
        rows = self._run("SELECT provider, operation, n FROM counts WHERE what = ? ORDER BY 1, 2", what)
        for provider, operation, n in rows:
            found.setdefault(provider, {})[operation] = n
        return found

    def _run(self, sql: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()
