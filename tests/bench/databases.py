"""Where the contenders write: a SQLite file or a PostgreSQL database, fresh for each; and how many rows were
written."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.services import Postgres
from tests.stack import ROOT

from . import product

COUNTER = "bench_written"


@dataclass(frozen=True)
class Written:
    all: int
    pixels: int | None = None  # those of the product's pixels; None where nobody counted them apart


class SQLite:
    label = "SQLite"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._number = 0

    @property
    def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    def fresh(self, template: str | None = None) -> str:
        self._number += 1
        path = self._directory / f"{self._number}.sqlite3"
        if template is not None:
            shutil.copyfile(template, path)
        return str(path)

    def close_template(self, database: str) -> None:
        """What its log holds goes into the one file that is copied."""
        with self._open(database) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def count_pixels_apart(self, database: str) -> None:
        """Triggers: where nothing is written they cost nothing."""
        with self._open(database) as connection:
            connection.execute(f"CREATE TABLE {COUNTER} (n INTEGER NOT NULL)")
            connection.execute(f"INSERT INTO {COUNTER} VALUES (0)")
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in (name for name in names if name.startswith(product.PIXEL_TABLES)):
                for verb in ("INSERT", "UPDATE", "DELETE"):
                    connection.execute(
                        f'CREATE TRIGGER "{COUNTER}_{name}_{verb}" AFTER {verb} ON "{name}"'
                        f" BEGIN UPDATE {COUNTER} SET n = n + 1; END"
                    )

    def before(self, database: str) -> int | None:
        return self._counted(database)

    def written(self, database: str, before: int | None, facts: dict[str, Any]) -> Written:
        """All: as the contender's own connections counted, less what the triggers added."""
        after = self._counted(database)
        pixels = None if after is None or before is None else after - before
        return Written(int(facts["rows_written"]) - (pixels or 0), pixels)

    def ask(self, database: str, sql: str) -> Any:
        with self._open(database) as connection:
            return connection.execute(sql).fetchone()[0]

    def forget(self, database: str) -> None:
        for path in self._directory.glob(f"{Path(database).stem}*"):
            path.unlink()

    def _counted(self, database: str) -> int | None:
        if not Path(database).exists():
            return None
        with self._open(database) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [COUNTER]).fetchone():
                return None
            return int(connection.execute(f"SELECT n FROM {COUNTER}").fetchone()[0])

    @contextmanager
    def _open(self, database: str) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(database, isolation_level=None)
        try:
            yield connection
        finally:
            connection.close()


class PostgreSQL:
    label = "PostgreSQL"

    def __init__(self, server: Postgres) -> None:
        self._url = server.url
        self._number = 0

    @property
    def version(self) -> str:
        return f"PostgreSQL {str(self.ask(self._url, 'SHOW server_version')).split()[0]}"

    def fresh(self, template: str | None = None) -> str:
        self._number += 1
        name = f"bench_{self._number}"
        copied = f" TEMPLATE {_name(template)}" if template else ""
        self._command(f"CREATE DATABASE {name}{copied}")
        return urlsplit(self._url)._replace(path=f"/{name}").geturl()

    def close_template(self, database: str) -> None:
        """Nobody is connected any more."""

    def count_pixels_apart(self, database: str) -> None:
        """The server does."""

    def before(self, database: str) -> tuple[int, int]:
        begins = " OR ".join(f"starts_with(relname, '{name}')" for name in product.PIXEL_TABLES)
        written = "sum(n_tup_ins + n_tup_upd + n_tup_del)"
        columns = f"coalesce({written}, 0), coalesce({written} FILTER (WHERE {begins}), 0)"
        with psycopg.connect(database, autocommit=True) as connection:
            row = connection.execute(f"SELECT {columns} FROM pg_stat_user_tables").fetchone()
        assert row
        return int(row[0]), int(row[1])

    def written(self, database: str, before: tuple[int, int], facts: dict[str, Any]) -> Written:
        """As the server counted, once the contender's sessions are over."""
        after = self.before(database)
        return Written(after[0] - before[0], after[1] - before[1])

    def ask(self, database: str, sql: str) -> Any:
        with psycopg.connect(database, autocommit=True) as connection:
            row = connection.execute(sql).fetchone()
        assert row
        return row[0]

    def forget(self, database: str) -> None:
        self._command(f"DROP DATABASE {_name(database)} WITH (FORCE)")

    def _command(self, sql: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(sql)


Database = SQLite | PostgreSQL


def _name(url: str) -> str:
    return urlsplit(url).path.strip("/")


def migrated(database: Database, data_dir: Path) -> str:
    """A database with the product's tables and nothing in them."""
    url = database.fresh()
    env = product.environment(url, "http://127.0.0.1:9", data_dir)
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=env, check=True)
    database.close_template(url)
    return url
