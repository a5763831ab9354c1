"""Fixtures for tests of pages, services and workers, with a real sandbox on a free port as the provider.

No Celery runs: `carry_out` does what a worker would do with due work.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Team, User
from pixels import queue
from pixels.limits import clock
from pixels.messages import error_sentence
from pixels.models import AdAccount, Connection, Operation, Pixel, RateLimit, SyncRun
from pixels.outbox import claim, deliver
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import AdAccountRef
from pixels.providers.xandr.client import Xandr
from pixels.reconcile import ad_accounts, connection_test, pull, runs
from pixels.sandbox.server import SandboxServer
from pixels.services import connections, pixels
from tests.pixels.moving_clock import MovingClock, installed
from tests.pixels.page import Page
from tests.pixels.providers.loopback import Loopback

CREDENTIALS = {
    "easyflow": {"api_key": "sandbox-key", "api_secret": "sandbox-secret"},
    "pitchtarget": {"token": "sandbox-token"},
    "xandr": {"username": "sandbox", "password": "sandbox"},
}
AD_ACCOUNTS = {
    "easyflow": AdAccountRef(id="sandbox-owner"),
    "pitchtarget": AdAccountRef(id="9"),
    "xandr": AdAccountRef(id="2", code="adv-2"),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "easyflow": {
        "platform": "meta",
        "conversion_label": None,
        "code": None,
        "description": None,
        "external_reference": "ours-1",
    },
    "pitchtarget": {},
    "xandr": {
        "state": "active",
        "trigger_type": "click",
        "min_minutes_per_conv": None,
        "post_click_expire_mins": 20160,
        "post_view_expire_mins": 1440,
        "post_click_value": None,
        "post_view_value": None,
        "code": None,
        "piggyback_pixels": [],
    },
}
EVENT = {"easyflow": "purchase-completed", "pitchtarget": "CHECKOUT", "xandr": "7"}


@dataclass
class Sandbox:
    url: str

    def ask(self, method: str, path: str, **more: Any) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", timeout=10, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def held(self, provider: str, account: str | None = None) -> list[dict[str, Any]]:
        params = {"provider": provider} | ({"account": account} if account else {})
        objects: list[dict[str, Any]] = self.ask("GET", "objects", params=params)["objects"]
        return objects

    def asked(self, provider: str, operation: str) -> int:
        """How many requests of this kind the sandbox received."""
        return int(self.ask("GET", "requests")["requests"].get(provider, {}).get(operation, 0))

    def seed(self, provider: str, objects: list[dict[str, Any]], **more: Any) -> None:
        self.ask("POST", "seed", json={"provider": provider, "objects": objects, **more})

    def switch(self, **switches: Any) -> None:
        self.ask("POST", "switch", json=switches)


@pytest.fixture(autouse=True)
def broker_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget a failure of the broker, so that the next test publishes its messages."""
    monkeypatch.setattr(queue, "_broker_away_until", 0.0)


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def sandbox(sandbox_server: SandboxServer, settings: Any) -> Sandbox:
    """An empty sandbox, to which the product's sandbox connections talk."""
    settings.SANDBOX_URL = sandbox_server.url
    sandbox = Sandbox(sandbox_server.url)
    sandbox.ask("POST", "reset")
    return sandbox


@pytest.fixture
def misbehaving(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A provider that answers as its `script` says, and stores the requests that it received."""
    server = Loopback()
    settings.SANDBOX_URL = server.url
    settings.CALL_DEADLINE = 0.6
    monkeypatch.setattr("pixels.providers.transport.http.CONNECT_TIMEOUT", 0.3)
    monkeypatch.setattr("pixels.providers.transport.http.READ_TIMEOUT", 0.3)
    yield server
    server.stop()


@pytest.fixture
def unreachable(settings: Any, free_address: str) -> str:
    """Lets the provider's address refuse connections."""
    settings.SANDBOX_URL = free_address
    return free_address


@pytest.fixture
def free_address() -> str:
    server = Loopback()
    server.stop()
    return server.url


@pytest.fixture
def connect(team: Team, alice: User) -> Callable[..., Connection]:
    """A function that connects a provider through the service, as Alice."""

    def make(provider: str, **more: Any) -> Connection:
        values = {
            "provider": provider,
            "environment": "sandbox",
            "credentials": CREDENTIALS[provider],
            "ad_account": AD_ACCOUNTS[provider],
        }
        return connections.connect(team, alice, **(values | more))

    return make


@pytest.fixture
def easyflow(connect: Callable[..., Connection]) -> Connection:
    return connect("easyflow")


@pytest.fixture
def pitchtarget(connect: Callable[..., Connection]) -> Connection:
    return connect("pitchtarget")


@pytest.fixture
def xandr(connect: Callable[..., Connection]) -> Connection:
    return connect("xandr")


@pytest.fixture
def promise(bob: User) -> Callable[..., Pixel]:
    """A function that creates a pixel through the service, as Bob; nothing is sent yet."""

    def make(connection: Connection, name: str = "Purchase", **more: Any) -> Pixel:
        provider = connection.provider
        account: AdAccount = more.pop("ad_account", None) or connection.ad_accounts.first()
        draft = pixels.Draft(
            id=more.pop("id", None) or Pixel().pk,
            name=name,
            events=more.pop("events", (EVENT[provider],)),
            options=OPTIONS[provider] | more.pop("options", {}),
        )
        [pixel] = pixels.create_pixels(
            connection.team, bob, ad_account=account, website=more.pop("website", None), drafts=[draft]
        )
        assert not more
        return pixel

    return make


@pytest.fixture
def live(promise: Callable[..., Pixel], carry_out: Callable[[], None]) -> Callable[..., Pixel]:
    """The same, with the create sent to the sandbox."""

    def make(connection: Connection, name: str = "Purchase", **more: Any) -> Pixel:
        pixel = promise(connection, name, **more)
        carry_out()
        pixel.refresh_from_db()
        assert pixel.lifecycle == "live", error_sentence(pixel)
        return pixel

    return make


@pytest.fixture
def carry_out(db: None) -> Callable[[], None]:
    """A function that does all due work once, as a worker does after the dispatcher has looked."""

    def run() -> None:
        for operation_id in claim.due(100):
            deliver.deliver(operation_id)
        for run_id in runs.due(100):
            pull.pull(run_id)
        for connection in Connection.objects.filter(test=Connection.Test.TESTING):
            connection_test.check(connection.pk)
        for connection_id in ad_accounts.due(100):
            ad_accounts.read_ad_accounts(connection_id)

    return run


@pytest.fixture
def sync(carry_out: Callable[[], None]) -> Callable[[Connection], Any]:
    """A function that pulls a connection completely, and returns the run."""

    def run(connection: Connection) -> Any:
        run = connections.sync_now(connection, None)
        pull.pull(run.pk)
        run.refresh_from_db()
        return run

    return run


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that lets something happen during the next call of a provider's method: before it answers, or
    after."""

    def hook(provider: str, method: str, *, before: Any = None, after: Any = None) -> None:
        real = getattr(PROVIDERS[provider], method)

        def asked(*args: Any, **more: Any) -> Any:
            monkeypatch.setattr(PROVIDERS[provider], method, real)
            if before:
                before()
            answer = real(*args, **more)
            if after:
                after()
            return answer

        monkeypatch.setattr(PROVIDERS[provider], method, asked)

    return hook


@pytest.fixture
def while_listing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that lets something happen while Xandr's list is read, once by default: after page `page` (from 1)
    was received and before it is used."""

    def hook(action: Callable[[], None], page: int, *, each_time: bool = False) -> None:
        real = Xandr.list_pixels

        def pages(*args: Any, **more: Any) -> Iterator[Any]:
            for number, one in enumerate(real(*args, **more), 1):
                if number == page:
                    if not each_time:
                        monkeypatch.setattr(Xandr, "list_pixels", real)
                    action()
                yield one

        monkeypatch.setattr(Xandr, "list_pixels", pages)

    return hook


def dies(*args: Any, **more: Any) -> None:
    """End the worker at once, as a power failure does: no code after it runs."""
    raise SystemExit


@pytest.fixture
def no_wait(db: None) -> Callable[[], None]:
    """A function that ends all waits before the next try, also those of rate limits and circuits."""

    def run() -> None:
        Operation.objects.update(not_before=None)
        RateLimit.objects.update(blocked_until=None)
        Connection.objects.exclude(circuit_open_until=None).update(circuit_open_until=clock.now())

    return run


@pytest.fixture
def worker_died(db: None) -> Callable[[], None]:
    """A function that ends the lease of every claim, as if its worker had died."""

    def run() -> None:
        long_ago = timezone.now() - timezone.timedelta(hours=1)
        Operation.objects.filter(state="in_flight").update(lease_until=long_ago)

    return run


@dataclass
class NewPixel:
    """The form for new pixels, as one person's browser shows it."""

    browser: Client
    team: Team

    @property
    def url(self) -> str:
        return reverse("pixel_new", args=[self.team.slug])

    def fill(self, connection: Connection, *ticks: str, **typed: Any) -> dict[str, Any]:
        """What the browser would send: the values on the page, with some of them typed over.

        The rows of several pixels come from the plan, as on the screen. Names with a dash are given with "__".
        """
        page = Page.of(self.browser.get(self.url, {"connection": connection.pk}))
        values: dict[str, Any] = {**page.form_with("token").values, "events": list(ticks)}
        typed = {name.replace("__", "-"): value for name, value in typed.items()}
        values |= {name: value for name, value in typed.items() if name in values}
        if len(ticks) > 1:
            values |= self.rows(values)
        assert typed.keys() <= values.keys(), typed.keys() - values.keys()
        return values | typed

    def plan(self, values: dict[str, Any]) -> Page:
        """The plan that the page would show beside the form for these values."""
        response = self.browser.post(reverse("pixel_plan", args=[self.team.slug]), values)
        assert response.status_code == 200
        return Page(f"<form>{response.content.decode()}</form>")

    def rows(self, values: dict[str, Any]) -> dict[str, list[str]]:
        return self.plan(values).forms[0].values

    def send(self, values: dict[str, Any]) -> Any:
        return self.browser.post(self.url, values)

    def create(self, connection: Connection, *ticks: str, **typed: Any) -> Any:
        return self.send(self.fill(connection, *ticks, **typed))


@pytest.fixture
def new_pixel(browser_of: Callable[[User], Client], team: Team, bob: User) -> NewPixel:
    return NewPixel(browser_of(bob), team)


@pytest.fixture
def at(team: Team) -> Callable[..., str]:
    """A function that gives the address of a page of the team, by its name."""

    def address(name: str, *args: Any) -> str:
        keys = [getattr(one, "pk", one) for one in args]
        return reverse(name, args=[team.slug, *keys])

    return address


def errors(response: Any) -> dict[str, list[str]]:
    """The messages at the fields of the form for new pixels, rows included."""
    form = response.context["form"]
    found = {name: list(texts) for part in (form.draft, form.options) for name, texts in part.errors.items()}
    for row in form.rows:
        found |= {f"{name}-{row.provider_event.value}": texts for name, texts in row.errors.items()}
    return found


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> MovingClock:
    """A clock that a test can move on."""
    return installed(monkeypatch)


@pytest.fixture
def go_on(time: MovingClock) -> Callable[..., SyncRun]:
    """A function that runs the next task of a run, after its wait."""

    def run(one: SyncRun, *, most: int = 20) -> SyncRun:
        for _ in range(most):
            one.refresh_from_db()
            if not one.is_open:
                return one
            if one.not_before:
                time.pass_by((one.not_before - timezone.now()).total_seconds() + 0.1)
            pull.pull(one.pk)
        raise AssertionError("it does not come to an end")

    return run
