"""A connection with planted secrets at the sandbox, and the work that meets a fault of the clients' table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from accounts.models import Team, User
from pixels.limits.provider_session import StoredTokens
from pixels.messages import error_sentence
from pixels.models import Connection, Credential, Operation, Pixel, SyncRun
from pixels.outbox import claim, deliver
from pixels.providers.base import Provider
from pixels.providers.registry import PROVIDERS
from pixels.providers.secret import Secret
from pixels.reconcile import connection_test, pull, runs
from pixels.services import connections, pixels
from tests.pixels.conftest import AD_ACCOUNTS, OPTIONS
from tests.pixels.fault_table.table import BY_ADDRESS, NO_TLS, UNREACHABLE, Fault
from tests.pixels.leaks import forms_of, tables
from tests.pixels.moving_clock import MovingClock, installed
from tests.pixels.providers.fault_table.conftest import (
    CAPI_TOKEN,
    CREDENTIALS,
    EVENTS,
    PLANTED,
    Bench,
    _elsewhere,
    _sandbox,
    bench,
    hurry,
)

__all__ = ["_elsewhere", "_sandbox", "bench", "hurry"]  # fixtures

OLD, NEW = "Schuhe für Übergrößen", "Größe 38"  # not ASCII, for the charsets
ROUNDS = 8  # rounds until nothing is open
BETWEEN = 1000.0  # seconds: longer than what waits between two tries


@dataclass
class Desk:
    bench: Bench
    clock: MovingClock
    settings: Any
    nobody: str  # an address where nobody listens
    case: str
    team: Team
    alice: User

    def __post_init__(self) -> None:
        self.slug = "xandr" if self.case.startswith("xandr") else self.case.removesuffix("_list")
        self.settings.EASYFLOW_LIST = self.case == "easyflow_list"
        self.settings.SANDBOX_URL = self.bench.url
        self.tokens: set[str] = set()
        self.connection = connections.connect(
            self.team,
            self.alice,
            provider=self.slug,
            environment="sandbox",
            credentials=self.credentials,
            ad_account=AD_ACCOUNTS[self.slug],
        )

    @property
    def credentials(self) -> dict[str, str]:
        known = CREDENTIALS[self.slug].items()
        return {name: value.reveal() if isinstance(value, Secret) else value for name, value in known}

    @property
    def provider(self) -> type[Provider]:
        return PROVIDERS[self.slug]

    # Work

    def promise(self, name: str = NEW) -> Pixel:
        pk, secrets = Pixel().pk, {}
        options = dict(OPTIONS[self.slug])
        if mark := self.provider.reference_option:
            options[mark] = None if self.case == "xandr_without_code" else f"ph-{pk}"
        if self.slug == "easyflow":
            options["enable_capi"], secrets = True, {"capi_access_token": CAPI_TOKEN}
        draft = pixels.Draft(id=pk, name=name, events=(EVENTS[self.slug],), options=options, secrets=secrets)
        account = self.connection.ad_accounts.get()
        [pixel] = pixels.create_pixels(self.team, self.alice, ad_account=account, website=None, drafts=[draft])
        return pixel

    def live(self, name: str = OLD) -> Pixel:
        pixel = self.promise(name)
        self.work()
        pixel.refresh_from_db()
        assert pixel.lifecycle == "live", error_sentence(pixel)
        return pixel

    def work(self) -> None:
        """Do all due work once."""
        for operation_id in claim.due(100):
            deliver.deliver(operation_id)
        for run_id in runs.due(100):
            pull.pull(run_id)
        token = Credential.objects.filter(connection=self.connection).first()
        stored = token and StoredTokens(Credential.objects.filter(pk=token.pk)).load()
        if stored:
            self.tokens.add(stored.reveal())

    def work_on(self) -> None:
        """Do all work, moving the clock on to whatever waits for a time."""
        for _ in range(ROUNDS):
            if not Operation.objects.open().exists() and not SyncRun.objects.filter(state__in=SyncRun.OPEN).exists():
                return
            self.clock.pass_by(BETWEEN)
            self.work()
        raise AssertionError("it does not come to an end")

    def sync(self, *, full: bool = True) -> SyncRun:
        run = runs.open_run(self.connection, full=full)
        assert run
        self.work()
        run.refresh_from_db()
        return run

    # Faults

    def meet(self, fault: Fault, operation: str) -> None:
        name, given = fault
        if name in BY_ADDRESS:
            url = self.bench.url.replace("http://", "https://")
            self.settings.SANDBOX_URL = {UNREACHABLE: self.nobody, NO_TLS: url}[name]
        else:
            self.bench.faults(self.slug, {"fault": name, "operation": operation, **given})

    def well_again(self) -> None:
        """End the fault, and enter the credentials of a paused connection again."""
        self.settings.SANDBOX_URL = self.bench.url
        self.bench.control("DELETE", "faults")
        self.connection.refresh_from_db()
        if self.connection.paused_at:
            connections.replace_credentials(self.connection, self.alice, self.credentials)
            connection_test.check(self.connection.pk)
            self.connection.refresh_from_db()
            assert not self.connection.paused_at

    # What came of it

    def counted(self) -> tuple[Counter[str], Counter[str]]:
        return self.bench.counted(self.slug)

    def state(self, pixel: Pixel) -> str:
        pixel.refresh_from_db()
        return f"{pixel.lifecycle}/{pixel.operations.latest('created_at').state}"

    def is_paused(self) -> bool:
        return Connection.objects.get(pk=self.connection.pk).paused_at is not None

    def names(self) -> list[str]:
        return [one["name"] for one in self.bench.held(self.slug)]

    def assert_no_secret(self) -> None:
        """In no table and no log; texts for people hold no markup and no address either."""
        shown = tables() + self.bench.log.text.encode()
        for secret in (*PLANTED, *self.tokens):
            assert not any(form in shown for form in forms_of(secret)), secret
        for row in (*Pixel.objects.all(), *SyncRun.objects.all()):
            texts = (row.error_provider_message, error_sentence(row), json.dumps(row.error_params))
            assert not any(sign in text for text in texts for sign in ("<", "://"))


@pytest.fixture
def desk(
    request: pytest.FixtureRequest,
    bench: Bench,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    free_address: str,
    team: Team,
    alice: User,
) -> Iterator[Callable[[str], Desk]]:
    clock = installed(monkeypatch)
    made: list[Desk] = []

    def make(case: str) -> Desk:
        made.append(Desk(bench, clock, settings, free_address, case, team, alice))
        return made[-1]

    yield make
    for one in made:
        one.assert_no_secret()
