"""The naive version: send, then record. A Celery task as many people write it, with all of Celery's safety options
(acks_late, reject_on_worker_lost, automatic retries) and a table of its own. It is tested at the same points."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from django.conf import settings

from pixels.crash import crash_point
from pixels.models import Connection
from pixels.providers.registry import PROVIDERS
from pixels.providers.secret import Secret
from tests.pixels.conftest import AD_ACCOUNTS

from .oracle import MISSING, Row
from .product import CREDENTIALS, plan

RETRIES = 3
PAUSE = 1.0  # seconds between them
FORGOTTEN = 12.0  # seconds after which a job without a message is forgotten
TABLE = "CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, name TEXT, state TEXT, remote_id TEXT, error TEXT)"


class Naive:
    way = "naive"

    def create(self, connection: Connection, plans: dict[UUID, str]) -> None:
        for job_id, name in plans.items():
            with _table() as table:
                table.execute("INSERT INTO jobs VALUES (?, ?, 'queued', '', '')", (str(job_id), name))
            crash_point("cp1")
            self.notify(connection, job_id)

    def notify(self, connection: Connection, job_id: UUID) -> None:
        create.delay(str(connection.pk), str(job_id))

    def row(self, job_id: UUID) -> Row:
        job = _job(str(job_id))
        if job is None:
            return Row(lifecycle=MISSING)
        name, state, remote_id, error = job
        return Row(
            lifecycle={"done": "live"}.get(state, state),
            remote_id=remote_id,
            name=name,
            open=state if state == "queued" else "",
            last=state,
            sentence=error,
        )


class _Task(Task):
    def on_failure(self, error: Exception, task_id: str, args: Any, kwargs: Any, info: Any) -> None:
        with _table() as table:
            table.execute("UPDATE jobs SET state = 'failed', error = ? WHERE id = ?", (type(error).__name__, args[1]))


@shared_task(
    base=_Task,
    acks_late=True,
    reject_on_worker_lost=True,
    autoretry_for=(Exception,),
    retry_kwargs={"max_retries": RETRIES, "countdown": PAUSE},
)
def create(connection_id: str, job_id: str) -> None:
    job = _job(job_id)
    if job is None or job[1] == "done":  # careful after all
        return
    crash_point("cp3")
    slug = Connection.objects.get(pk=connection_id).provider
    provider = _provider(slug)
    wanted = plan(slug, UUID(job_id), job[0])
    crash_point("cp4")
    remote = provider.create_pixel(AD_ACCOUNTS[slug], wanted.name, wanted.events, wanted.options, f"ph-{job_id}")
    crash_point("cp7")
    with _table() as table:
        table.execute("UPDATE jobs SET state = 'done', remote_id = ? WHERE id = ?", (remote.remote_id, job_id))
        crash_point("cp12")
    crash_point("cp8")


class _Tokens:
    """Of one task."""

    token: Secret | None = None

    def load(self) -> Secret | None:
        return self.token

    def save(self, token: Secret | None) -> None:
        self.token = token

    def lock(self) -> nullcontext[None]:
        return nullcontext()


def _provider(slug: str) -> Any:
    cls = PROVIDERS[slug]
    credentials = {k: Secret(v) if k in cls.secret_fields else v for k, v in CREDENTIALS[slug].items()}
    return cls(credentials, f"{settings.SANDBOX_URL}/{slug}", lambda *_: 1, _Tokens())


def _job(job_id: str) -> tuple[str, str, str, str] | None:
    """Its name, state, remote id and error."""
    with _table() as table:
        rows = table.execute("SELECT name, state, remote_id, error FROM jobs WHERE id = ?", (job_id,))
        found: tuple[str, str, str, str] | None = rows.fetchone()
        return found


@contextmanager
def _table() -> Iterator[sqlite3.Connection]:
    """One transaction."""
    path = Path(os.environ["DATA_DIR"]) / "naive.sqlite3"
    with closing(sqlite3.connect(path, timeout=20)) as table, table:
        table.execute(TABLE)
        yield table
