"""What the suite uses of the product besides its processes: services, rows, and which connection a task is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Model

from accounts.models import Team, User
from pixels.messages import error_sentence
from pixels.models import AdAccount, Connection, Operation, Pixel, SyncRun
from pixels.services import connections, pixels
from tests.pixels.conftest import AD_ACCOUNTS, EVENT, OPTIONS
from tests.pixels.conftest import CREDENTIALS as MEMBERS

from .oracle import MISSING, Row

CREDENTIALS = MEMBERS | {
    # Those that log in first, for the sake of cp13.
    "pitchtarget": {"username": "sandbox", "password": "sandbox", "client_id": "sandbox-client"},
}

BY_NUMBER: dict[str, type[Model]] = {
    "pull_connection": SyncRun,
    "check_missing": AdAccount,
    "read_last_fired": AdAccount,
}
BY_UUID: list[tuple[type[Model], str]] = [
    (Connection, "pk"),
    (Operation, "pixel__connection_id"),
    (Pixel, "connection_id"),
]


class Outbox:
    """The product as it is."""

    way = "outbox"

    def create(self, connection: Connection, plans: dict[UUID, str]) -> None:
        """Through the service, as a bulk form does: names of pixels by their ids."""
        account = connection.ad_accounts.get()
        pixels.create_pixels(
            connection.team,
            _actor(connection),
            ad_account=account,
            website=None,
            drafts=[plan(connection.provider, pixel_id, name) for pixel_id, name in plans.items()],
        )

    def change(self, pixel_id: UUID, name: str) -> None:
        pixel = Pixel.objects.get(pk=pixel_id)
        pixels.change_pixel(pixel, _actor(pixel.connection), {"name": name})

    def delete(self, pixel_id: UUID) -> None:
        pixel = Pixel.objects.get(pk=pixel_id)
        pixels.delete_pixel(pixel, _actor(pixel.connection))

    def row(self, pixel_id: UUID) -> Row:
        # The pixel last: its change and the end of its operation are committed together.
        operation = Operation.objects.filter(pixel_id=pixel_id).order_by("-created_at").first()
        pixel = Pixel.objects.filter(pk=pixel_id).first()
        if operation is None or pixel is None:
            return Row(lifecycle=MISSING)
        return Row(
            lifecycle=pixel.lifecycle,
            remote_status=pixel.remote_status,
            remote_id=pixel.remote_id,
            name=pixel.name,
            open=f"{operation.state} {operation.attempt}" if operation.state in Operation.OPEN else "",
            last=operation.state,
            sentence=error_sentence(pixel),
            looks_again=operation.duplicate_check_at is not None,
        )


def plan(provider: str, pixel_id: UUID, name: str) -> pixels.Draft:
    """With our own reference where the provider has a place for it, as the form fills it in."""
    reference = {"easyflow": "external_reference", "xandr": "code"}.get(provider)
    options = OPTIONS[provider] | ({reference: f"ph-{pixel_id}"} if reference else {})
    return pixels.Draft(id=pixel_id, name=name, events=(EVENT[provider],), options=options)


def connect(team: Team, actor: User, provider: str) -> Connection:
    return connections.connect(
        team,
        actor,
        provider=provider,
        environment="sandbox",
        credentials=CREDENTIALS[provider],
        ad_account=AD_ACCOUNTS[provider],
    )


def busy(connection: Connection) -> str:
    """What is being asked of its provider now, or blocks new work; empty if it is idle."""
    connection.refresh_from_db()
    runs = connection.sync_runs.filter(state__in=[SyncRun.State.QUEUED, SyncRun.State.RUNNING])
    waiting = Operation.objects.open().filter(pixel__connection=connection)
    reasons = [f"a pull is {run.state}" for run in runs] + [f"{one} is {one.state}" for one in waiting]
    if connection.test in (Connection.Test.TESTING, Connection.Test.NEVER):
        reasons.append(f"its test is {connection.test}")
    if not connection.is_usable:
        reasons.append("it is not usable")
    return ", ".join(reasons)


def connection_of(task: str, args: Sequence[Any]) -> UUID | None:
    """Whose work a task is: its first argument is the id of a row that belongs to a connection."""
    if not args:
        return None
    by_number = BY_NUMBER.get(task.rpartition(".")[2])
    rows: list[tuple[type[Model], str]] = [(by_number, "connection_id")] if by_number else BY_UUID
    for model, path in rows:
        found: UUID | None = model.objects.filter(pk=args[0]).values_list(path, flat=True).first()
        if found:
            return found
    raise LookupError(f"Whose is {task}{tuple(args)}?")


def _actor(connection: Connection) -> User:
    return User.objects.get(memberships__team=connection.team)
