"""The sandbox's state: one SQLite file with the objects as JSON, sessions, switches and counts."""

import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from . import switches
from .memory import Counts, Session, Sessions

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
CREATE INDEX IF NOT EXISTS objects_by_account ON objects (provider, kind, account);
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

WRITE_SECONDS = 1.0  # so long a count or the last use of a session may be in memory alone


class View(Protocol):
    """An API's objects, prepared for reading. It is told which objects have changed, and reads those again when
    needed."""

    def touched(self, provider: str, kind: str, remote_id: str) -> None: ...


V = TypeVar("V", bound=View)


class Store:
    """The state, with one database connection for all threads under one lock, so that a check and its write stay
    together."""

    def __init__(self, path: str | Path) -> None:
        if str(path) != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._in_hand: Counter[str] = Counter()
        # a lock of its own, since a request counts also while it waits for the other one
        self._in_hand_lock = threading.Lock()
        self._depth = 0
        self._undo: list[Callable[[], object]] = []  # undoes in memory what a failed transaction did
        self._views: dict[object, View] = {}
        self._writer: threading.Timer | None = None
        self._db = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        if self._run("PRAGMA user_version")[0][0] < FORM:
            self._run("DROP TABLE IF EXISTS sessions")
        self._db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {FORM}; COMMIT;")
        self._remember()
        self._closed = False

    def close(self) -> None:
        """Twice does no harm."""
        with self._lock:
            if not self._closed:
                self._write_down()
            self._closed = True
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Runs as one transaction that no other thread interrupts. May be nested."""
        with self._lock:
            self._db.execute("SAVEPOINT whole")
            self._depth += 1
            before = len(self._undo)
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK TO whole")
                while len(self._undo) > before:
                    self._undo.pop()()
                raise
            finally:
                self._depth -= 1
                if not self._depth:
                    self._undo.clear()
                self._db.execute("RELEASE whole")

    def reset(self) -> None:
        """Empty everything but the last ids: a real provider never gives an id twice."""
        with self.transaction():
            for table in ("objects", "sessions", "notes", "switches", "counts"):
                self._run(f"DELETE FROM {table}")
            for name in ("_views", "_counts", "_sessions", "_switches"):
                self._keep(name)
            self._remember()

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

    def rows(
        self, provider: str, kind: str = "pixel", remote_ids: Iterable[str] | None = None
    ) -> Iterator[tuple[str, str, Object]]:
        """Id, account and body of each, in no order. `remote_ids`: only those of these that exist."""
        where, values = "provider = ? AND kind = ?", [provider, kind]
        if remote_ids is not None:
            where += " AND remote_id IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(list(remote_ids)))
        rows = self._run(f"SELECT remote_id, account, body FROM objects WHERE {where}", *values)
        for remote_id, account, body in rows:
            yield remote_id, account, json.loads(body)

    def one(self, provider: str, remote_id: str, kind: str = "pixel") -> Object | None:
        for _, _, body in self.rows(provider, kind, [remote_id]):
            return body
        return None

    def number(self, provider: str, kind: str = "pixel") -> int:
        return int(self._run("SELECT count(*) FROM objects WHERE provider = ? AND kind = ?", provider, kind)[0][0])

    def lowest_id(self, provider: str) -> int:
        """The lowest of the ids that are numbers."""
        sql = "SELECT min(CAST(remote_id AS INTEGER)) FROM objects WHERE provider = ? AND kind = 'pixel'"
        return int(self._run(sql, provider)[0][0])

    def accounts(self, provider: str, kinds: Iterable[str]) -> set[str]:
        """The accounts that have an object of these kinds, read one after the other: they are few, the objects many."""
        found: set[str] = set()
        sql = "SELECT account FROM objects WHERE provider = ? AND kind = ? AND account > ? ORDER BY account LIMIT 1"
        for kind in kinds:
            last = ""
            while rows := self._run(sql, provider, kind, last):
                last = rows[0][0]
                found.add(last)
        return found

    def put(self, provider: str, account: str, remote_id: str, body: Object, kind: str = "pixel") -> None:
        """Write an object, or write over it."""
        with self._lock:
            self._run(
                "INSERT INTO objects (provider, kind, remote_id, account, body) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (provider, kind, remote_id)"
                " DO UPDATE SET account = excluded.account, body = excluded.body",
                provider, kind, remote_id, account, json.dumps(body),
            )  # fmt: skip
            self._touched(provider, kind, remote_id)

    def delete(self, provider: str, remote_id: str) -> None:
        sql = "DELETE FROM objects WHERE provider = ? AND kind = 'pixel' AND remote_id = ?"
        with self._lock:
            self._run(sql, provider, remote_id)
            self._touched(provider, "pixel", remote_id)

    def next_id(self, provider: str, first: int) -> int:
        self.seen_id(provider, first - 1)
        self._run("UPDATE last_ids SET last = last + 1 WHERE provider = ?", provider)
        return int(self._run("SELECT last FROM last_ids WHERE provider = ?", provider)[0][0])

    def seen_id(self, provider: str, number: int) -> None:
        """Note an id in use: the next id given out will be larger."""
        self._run(
            "INSERT INTO last_ids (provider, last) VALUES (?, ?)"
            " ON CONFLICT (provider) DO UPDATE SET last = max(last, excluded.last)",
            provider, number,
        )  # fmt: skip

    def view(self, make: Callable[["Store"], V]) -> V:
        """The view of this kind, made when first needed. Use it inside a transaction only."""
        with self._lock:
            if make not in self._views:
                self._views[make] = make(self)
            return self._views[make]  # type: ignore[return-value]

    def _touched(self, provider: str, kind: str, remote_id: str) -> None:
        self._tell(provider, kind, remote_id)
        self._should_it_fail(partial(self._tell, provider, kind, remote_id))  # the earlier values are right again

    def _tell(self, provider: str, kind: str, remote_id: str) -> None:
        for view in self._views.values():
            view.touched(provider, kind, remote_id)

    # Sessions

    def open_session(self, provider: str, username: str, token: str) -> None:
        with self._lock:
            self._sessions.open(provider, username, token)
            self._should_it_fail(partial(self._sessions.close, token))
            self._sessions.write(self._db)

    def end_sessions(self) -> None:
        with self.transaction():
            self._run("DELETE FROM sessions")
            self._keep("_sessions")
            self._sessions = Sessions(self._db)

    def session(self, provider: str, token: str) -> Session | None:
        """The session of this token; None if there never was one."""
        with self._lock:
            return self._sessions.get(provider, token)

    def use_session(self, token: str) -> None:
        with self._lock:
            self._sessions.use(token)
            self._write_soon()

    # What happened lately, for limits

    def note(self, what: str, who: str) -> None:
        self._run("INSERT INTO notes VALUES (?, ?, ?)", what, who, time.time())

    def noted(self, what: str, who: str, *, seconds: float) -> list[float]:
        """The age in seconds of each note of the last `seconds`, oldest first."""
        now = time.time()
        self._run("DELETE FROM notes WHERE what = ? AND at <= ?", what, now - seconds)
        rows = self._run("SELECT at FROM notes WHERE what = ? AND who = ? ORDER BY at", what, who)
        return [now - at for (at,) in rows]

    def let_time_pass(self, seconds: float) -> None:
        """Age all sessions and limits by so many seconds, so that a test need not wait two hours."""
        with self._lock:
            self._sessions.let_time_pass(seconds)
            self._should_it_fail(partial(self._sessions.let_time_pass, -seconds))
            self._write_soon()
            self._run("UPDATE notes SET at = at - ?", seconds)

    # Switches

    def switch(self, name: str) -> Any:
        return self._switches.get(name, SWITCHES[name])

    def set_switch(self, name: str, value: Any) -> None:
        with self._lock:
            self._run("INSERT OR REPLACE INTO switches (name, value) VALUES (?, ?)", name, json.dumps(value))
            self._keep("_switches")
            self._switches = {**self._switches, name: value}

    # Counts

    def count(self, what: str, provider: str, operation: str) -> None:
        with self._lock:
            self._counts.add((what, provider, operation))
            self._should_it_fail(partial(self._counts.take_back, (what, provider, operation)))
            self._write_soon()

    def counts(self, what: str) -> dict[str, dict[str, int]]:
        """{provider: {operation: how often}}"""
        with self._lock:
            return self._counts.of(what)

    # Memory and file

    def _remember(self) -> None:
        self._views = {}
        self._counts, self._sessions = Counts(self._db), Sessions(self._db)
        rows = self._run("SELECT name, value FROM switches")
        self._switches: dict[str, Any] = {name: json.loads(value) for name, value in rows}

    def _should_it_fail(self, undo: Callable[[], object]) -> None:
        """What to do in memory if the transaction is rolled back. Outside of a transaction there is no rollback."""
        if self._depth:
            self._undo.append(undo)

    def _keep(self, name: str) -> None:
        self._should_it_fail(partial(setattr, self, name, getattr(self, name)))

    def _write_soon(self) -> None:
        if self._writer is None and not self._closed:
            self._writer = threading.Timer(WRITE_SECONDS, self._write_down)
            self._writer.daemon = True
            self._writer.start()

    def _write_down(self) -> None:
        """Write to the file what is only in memory."""
        with self._lock:
            if self._writer:
                self._writer.cancel()
                self._writer = None
            if not self._closed:
                with self.transaction():
                    self._counts.write(self._db)
                    self._sessions.write(self._db)

    def _run(self, sql: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()
