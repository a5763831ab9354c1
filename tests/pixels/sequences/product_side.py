"""The product's side: what people ask for, and what workers do with due work. Workers die, sleep, or are overtaken."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from accounts.models import Team, User
from accounts.services import RuleViolation
from pixels import crash
from pixels.models import Connection, Operation, Pixel
from pixels.outbox import claim, deliver, duplicate_check
from pixels.providers.base import Provider
from pixels.providers.registry import PROVIDERS
from pixels.reconcile import connection_test, missing, pull, read_back, runs
from pixels.services import connections, pixels
from tests.pixels.actions import ACTIONS, all_rows, do
from tests.pixels.conftest import CREDENTIALS, EVENT, OPTIONS, dies
from tests.pixels.moving_clock import MovingClock
from tests.pixels.sequences.provider_side import ProviderSide

WRONG = {
    "easyflow": {"api_key": "sandbox-key", "api_secret": "wrong"},
    "pitchtarget": {"token": "wrong"},
    "xandr": {"username": "sandbox", "password": "wrong"},
}
# Where a worker can be stopped: before its claim, before the first byte, after the answer, while writing it, and after
# a look-up.
CRASH_POINTS = ("cp3", "cp4", "cp7", "cp14", "cp12", "cp9")
# Where something else can happen during its work; "listed": a page of a list has come and is not used yet.
GAPS = ("cp4", "cp7", "cp14", "cp9", "listed")
FALLS_ASLEEP = "falls asleep"


class ProductSide:
    def __init__(
        self,
        remote: ProviderSide,
        clock: MovingClock,
        team: Team,
        alice: User,
        bob: User,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.remote, self.clock, self.team, self.alice, self.bob = remote, clock, team, alice, bob
        monkeypatch.setattr(crash, "armed", self._at)
        for name in ("record", "record_error", "link_found"):
            monkeypatch.setattr(deliver, name, partial(self._write_down, getattr(deliver, name)))
        provider = PROVIDERS[remote.slug]
        monkeypatch.setattr(provider, "list_pixels", _with_gap(provider.list_pixels, self._at))

    def reset(self) -> None:
        """Begin anew, with nothing from earlier sequences."""
        self.clock.reset()
        self.remote.reset()
        self.sleeping: list[Callable[[], Any]] = []
        self.wrongly_absent: set[str] = set()  # somebody said that it did not exist, and it appeared later
        self.dismissed: set[str] = set()
        self.tags: dict[Any, str] = {}
        self._step, self._action = "", dies
        self.connection = connections.connect(
            self.team,
            self.alice,
            provider=self.remote.slug,
            environment="sandbox",
            credentials=CREDENTIALS[self.remote.slug],
            ad_account=self.remote.account,
        )

    @property
    def provider(self) -> type[Provider]:
        return PROVIDERS[self.remote.slug]

    def pixels(self) -> list[Pixel]:
        """The pixels that people here have asked for, in that order."""
        return list(Pixel.objects.filter(pk__in=self.tags).select_related("connection").order_by("created_at"))

    # People

    def create(self, *, with_reference: bool) -> None:
        pk, tag = Pixel().pk, f"pixel-{len(self.tags)}"
        options = dict(OPTIONS[self.remote.slug])
        if mark := self.provider.reference_option:
            options[mark] = f"ph-{pk}" if with_reference or self.remote.slug == "easyflow" else None
        draft = pixels.Draft(id=pk, name=tag, events=(EVENT[self.remote.slug],), options=options)
        account = self.connection.ad_accounts.get()
        with suppress(RuleViolation):  # while the connection is not in use
            pixels.create_pixels(self.team, self.bob, ad_account=account, website=None, drafts=[draft])
            self.tags[pk] = tag

    def ask(self, pixel: Pixel, name: str) -> None:
        """Ask for an action; if it is refused, nothing changes. People who resolve an unknown pixel look at the
        provider first."""
        tag = self.tags[pixel.pk]
        action = ACTIONS[name]
        made = sorted(self.remote.made_for(tag), key=lambda one: (len(one), one))
        if name in ("exists", "absent"):
            name = "exists" if made else "absent"
            action = ACTIONS["absent"] if not made else partial(_confirm_exists, remote_id=made[0])
        before = all_rows()
        if not do(action, pixel.pk, self.bob):
            assert all_rows() == before, name
        elif name == "absent":
            self.wrongly_absent.add(tag)
        elif name == "dismiss" and pixel.error_code == "duplicate":
            self.dismissed.add(tag)

    def credentials(self, what: str) -> None:
        self.connection.refresh_from_db()
        known = {"right": CREDENTIALS, "wrong": WRONG}.get(what)
        with suppress(RuleViolation):
            if known:
                connections.replace_credentials(self.connection, self.alice, known[self.remote.slug])
            elif what == "disconnected":
                connections.disconnect(self.connection, self.alice)
            else:
                connections.test_connection(self.connection)

    def test_again(self) -> None:
        """Ask for another test if the last one got no answer or was throttled."""
        self.connection.refresh_from_db()
        if self.connection.paused_at:
            self.credentials("tested")

    def ask_for_sync(self, *, full: bool = True, confirms: bool = False) -> None:
        self.connection.refresh_from_db()
        if full:
            with suppress(RuleViolation):
                stopped = connections.stopped_run(self.connection) if confirms else None
                connections.sync_now(self.connection, self.alice, stopped=stopped)
        else:
            runs.open_run(self.connection, full=self.provider.can("changed_since") is False)

    def somebody_else(self, number: int, *, renames: bool) -> None:
        """Somebody changes or deletes one of our pixels at the provider."""
        known = [pixel for pixel in self.pixels() if pixel.remote_id in self.remote.held()]
        if known:
            pixel = known[number % len(known)]
            if renames:
                self.remote.rename(pixel.remote_id, f"{self.tags[pixel.pk]} theirs")
            elif self.provider.can("list"):  # without a list nobody would notice
                self.remote.remove(pixel.remote_id)

    # Workers

    def meanwhile(self, step: str, action: Callable[[], Any]) -> None:
        """Let something happen when the next worker comes to this step."""
        self._step, self._action = step, action

    def stop_at(self, step: str) -> None:
        self.meanwhile(step, dies)

    def push(self) -> None:
        for operation_id in claim.due(10):
            with suppress(SystemExit):
                deliver.deliver(operation_id)

    def pull(self) -> None:
        for run_id in runs.due(10):
            with suppress(SystemExit):
                pull.pull(run_id)

    def dispatch(self) -> None:
        """Do all that the rows say is due."""
        runs.schedule(10)
        self.push()
        self.pull()
        for connection in Connection.objects.filter(test=Connection.Test.TESTING):
            connection_test.check(connection.pk)
        for pixel_id in read_back.due(10):
            read_back.read_back(Pixel.objects.select_related("connection", "ad_account").get(pk=pixel_id))
        for account_id in missing.due(10):
            missing.check(account_id)
        for operation_id in duplicate_check.due(10):
            duplicate_check.check(operation_id)

    def wake(self) -> None:
        """A sleeping worker writes down its result, as if no time had passed."""
        sleeping, self.sleeping = self.sleeping, []
        for write in sleeping:
            with suppress(SystemExit):  # it may be stopped now
                write()

    # What comes between, while a worker is in the middle of something

    def another(self) -> None:
        """The worker is so slow that its lease ends and another worker takes over."""
        self.clock.pass_by(300)
        self.dispatch()
        self.clock.pass_by(100)
        self.dispatch()

    def synced(self) -> None:
        self.ask_for_sync()
        self.pull()

    def disconnected(self) -> None:
        self.credentials("disconnected")

    def reconnected(self) -> None:
        self.credentials("right")

    def arrives(self) -> None:
        self.remote.arrive()

    def _at(self, step: str) -> None:
        if step == self._step:
            self._step = ""
            self._action()

    def _write_down(self, real: Callable[..., Any], operation: Operation, *rest: Any) -> Any:
        if self._step == FALLS_ASLEEP:
            self._step = ""
            self.sleeping.append(partial(real, operation, *rest))
            raise SystemExit
        return real(operation, *rest)


def _confirm_exists(pixel: Pixel, actor: User, *, remote_id: str) -> None:
    pixels.confirm_exists(pixel, actor, remote_id)


def _with_gap(real: Any, gap: Callable[[str], None]) -> Any:
    def pages(*args: Any, **more: Any) -> Any:
        for page in real(*args, **more):
            gap("listed")
            yield page

    return pages
