"""The sandbox with secrets that occur nowhere else, and our clients connected to it."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from pixels.providers.base import Provider
from pixels.providers.errors import ProviderError
from pixels.providers.registry import PROVIDERS
from pixels.providers.secret import Secret
from pixels.providers.values import AdAccountRef
from pixels.sandbox import members
from pixels.sandbox.server import SandboxServer
from tests.pixels.providers.loopback import Loopback, says
from tests.pixels.said import advised, said

# Nothing else that is sent or answered has these in it, so that wherever they are seen, they were let out.
EASYFLOW_KEY, EASYFLOW_SECRET, CAPI_TOKEN = "planted-key-1f/&", "planted-secret-2e<", "planted-capi-6d%"
PITCHTARGET_TOKEN, PITCHTARGET_PASSWORD = "planted-token-3d", 'planted "password" 7e'
XANDR_USER, XANDR_PASSWORD = "someone", 'planted "password" 4c'
PLANTED = (EASYFLOW_KEY, EASYFLOW_SECRET, CAPI_TOKEN, PITCHTARGET_TOKEN, PITCHTARGET_PASSWORD, XANDR_PASSWORD)
CREDENTIALS: dict[str, dict[str, str | Secret]] = {
    "easyflow": {"api_key": Secret(EASYFLOW_KEY), "api_secret": Secret(EASYFLOW_SECRET)},
    "pitchtarget": {"token": Secret(PITCHTARGET_TOKEN)},
    "pitchtarget by password": {
        "username": members.PITCHTARGET_USER,
        "password": Secret(PITCHTARGET_PASSWORD),
        "client_id": members.PITCHTARGET_CLIENT_ID,
    },
    "xandr": {"username": XANDR_USER, "password": Secret(XANDR_PASSWORD)},
}
ACCOUNTS = {
    "easyflow": AdAccountRef(id="sandbox-owner"),
    "pitchtarget": AdAccountRef(id="9"),
    "xandr": AdAccountRef(id="2", code="adv-2"),
}
OTHER_ACCOUNTS = {"easyflow": "sandbox-demo", "pitchtarget": "8", "xandr": "8"}
EVENTS = {"easyflow": "purchase-completed", "pitchtarget": "CHECKOUT", "xandr": "7"}
OPTIONS: dict[str, dict[str, Any]] = {
    "easyflow": {"platform": "meta", "enable_capi": True, "capi_access_token": Secret(CAPI_TOKEN)},
    "pitchtarget": {},
    "xandr": {"state": "active", "trigger_type": "click"},
}


@dataclass
class Tokens:
    """Session tokens in memory, and all that there ever were."""

    token: Secret | None = None
    given: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def load(self) -> Secret | None:
        return self.token

    def save(self, token: Secret | None) -> None:
        self.token = token
        if token:
            self.given.append(token.reveal())

    def lock(self) -> AbstractContextManager[Any]:
        return self._lock


@dataclass
class Bench:
    """The sandbox and what it was asked; one provider at a time."""

    url: str
    log: pytest.LogCaptureFixture
    elsewhere: Loopback  # where redirects point
    tokens: Tokens = field(default_factory=Tokens)
    _control: requests.Session = field(default_factory=requests.Session)

    def control(self, method: str, path: str, **more: Any) -> Any:
        answer = self._control.request(method, f"{self.url}/_sandbox/{path}", timeout=10, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def __post_init__(self) -> None:
        self._control.trust_env = False

    def close(self) -> None:
        self._control.close()

    def member(self, slug: str, credentials: str = "") -> Provider:
        known = CREDENTIALS[credentials or slug]
        return PROVIDERS[slug](known, f"{self.url}/{slug}", lambda call, wanted=1: wanted, self.tokens)

    def faults(self, slug: str, *rules: dict[str, Any]) -> None:
        """Set a fault; it hits every request unless given otherwise."""
        aimed = {"to": f"{self.elsewhere.url}/pixels"}
        ready = [{**(aimed if rule["fault"] == "redirect" else {}), **rule} for rule in rules]
        self.control("POST", "faults", json=[{"provider": slug, "count": None, **rule} for rule in ready])

    def counted(self, slug: str) -> tuple[Counter[str], Counter[str]]:
        """Requests by operation, and pixels by what became of them: created, updated, deleted."""
        found = self.control("GET", "requests")
        return Counter(found["requests"].get(slug, {})), Counter(found["objects"].get(slug, {}))

    def held(self, slug: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("GET", f"objects?provider={slug}")["objects"]
        return found

    def make(self, slug: str, *names: str, account: str = "") -> list[str]:
        """Pixels that are there before anything goes wrong, in the order of their ids."""
        ref = AdAccountRef(id=account) if account else ACCOUNTS[slug]
        made = [create(self.member(slug), name, ref) for name in names]
        self.log.clear()
        return made

    def wait_for_late_effects(self) -> None:
        self.until(lambda: not self.control("GET", "faults")["late"])

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for what happens at the sandbox, also after we gave up."""
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end, "it never happened"
            time.sleep(0.01)

    def assert_fit_to_be_shown(self, error: ProviderError) -> None:
        """A sentence of our own, perhaps words of theirs, and no secret or address in any of it."""
        assert said(error)[:1].isupper()
        assert said(error).endswith(".")
        assert not advised(error) or advised(error).endswith(".")
        assert not any(sign in said(error) + advised(error) for sign in "<>{}\n")
        assert "fault" not in said(error) + advised(error), "the body's words"
        assert str(error).startswith(error.message), "logs have the code"
        assert len(error.provider_message) <= 200
        assert "<" not in error.provider_message
        hosts = [url.removeprefix("http://") for url in (self.url, self.elsewhere.url)]
        assert not any(host in f"{said(error)} {advised(error)} {error}" for host in hosts)
        link: BaseException | None = error
        while link is not None:
            assert isinstance(link, ProviderError), "a library's exception hangs on ours"
            assert "://" not in f"{link!r} {link} {link.args} {vars(link)}"
            link = link.__cause__ or link.__context__
        trace = "".join(traceback.format_exception(error))
        assert not any(host in trace for host in hosts)
        self.assert_no_secret(f"{error!r} {error} {error.args} {vars(error)} {trace}")

    def assert_no_secret(self, shown: str = "") -> None:
        """Neither there nor in any log, urllib3's included."""
        for secret in (*PLANTED, *self.tokens.given):
            assert secret not in shown
            assert secret not in self.log.text


def create(provider: Provider, name: str, account: AdAccountRef | None = None) -> str:
    slug = provider.slug
    account = account or ACCOUNTS[slug]
    return provider.create_pixel(account, name, (EVENTS[slug],), OPTIONS[slug], f"ref {name}").remote_id


@pytest.fixture(scope="package")
def _sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture(scope="package")
def _elsewhere() -> Iterator[Loopback]:
    server = Loopback()
    server.script = [says({"id": "1"})]
    yield server
    server.stop()


@pytest.fixture
def bench(
    _sandbox: SandboxServer,
    _elsewhere: Loopback,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Bench]:
    monkeypatch.setattr(members, "EASYFLOW_KEY", EASYFLOW_KEY)
    monkeypatch.setattr(members, "EASYFLOW_SECRET", EASYFLOW_SECRET)
    monkeypatch.setattr(members, "PITCHTARGET_TOKEN", PITCHTARGET_TOKEN)
    monkeypatch.setattr(members, "PITCHTARGET_PASSWORD", PITCHTARGET_PASSWORD)
    someone = members.XandrUser(id=9, username=XANDR_USER, password=XANDR_PASSWORD)
    monkeypatch.setitem(members.XANDR_USERS, XANDR_USER, someone)
    settings.EASYFLOW_LIST = True
    for name in ("", "pixels", "urllib3", "requests"):
        caplog.set_level(logging.DEBUG, name)
    _elsewhere.received.clear()
    bench = Bench(_sandbox.url, caplog, _elsewhere)
    bench.control("POST", "reset")  # ends too what still waits of the test before
    bench.control("POST", "switch", json={"easyflow_list": True})
    yield bench
    bench.close()
    assert _elsewhere.received == [], "a redirect was followed"


@pytest.fixture
def hurry(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes waits short from now on; what has to work before works without haste."""

    def shorten() -> None:
        settings.CALL_DEADLINE = 0.5
        monkeypatch.setattr("pixels.providers.transport.http.CONNECT_TIMEOUT", 0.3)
        monkeypatch.setattr("pixels.providers.transport.http.READ_TIMEOUT", 0.3)

    return shorten
