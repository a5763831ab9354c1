"""A real sandbox on a free port for each test, and callers that know nothing of the product's own clients."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from pixels.sandbox.server import SandboxServer

SAMPLES = Path(__file__).parent / "samples"


@dataclass
class Caller:
    """HTTP with fixed headers and no cookies kept; paths are below one prefix."""

    prefix: str
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
        all_headers = {**self.headers, **(headers or {})}
        return requests.request(method, self.prefix + path, headers=all_headers, timeout=10, **more)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what happens in another thread."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path / "sandbox.sqlite3") as server:
        yield server


@pytest.fixture
def control(sandbox: SandboxServer) -> Caller:
    return Caller(sandbox.url + "/_sandbox")


@pytest.fixture
def seed(control: Caller) -> Callable[..., None]:
    def load(provider: str, objects: list[dict[str, Any]], **more: Any) -> None:
        answer = control("POST", "/seed", json={"provider": provider, "objects": objects, **more})
        assert answer.status_code == 200, answer.text

    return load


@pytest.fixture
def easyflow(sandbox: SandboxServer) -> Caller:
    return Caller(sandbox.url + "/easyflow", {"x-api-key": "sandbox-key", "x-api-secret": "sandbox-secret"})


@pytest.fixture
def pitchtarget(sandbox: SandboxServer) -> Caller:
    return Caller(sandbox.url + "/pitchtarget", {"Authorization": "OAuth sandbox-token"})


@pytest.fixture
def xandr_as(sandbox: SandboxServer) -> Callable[[str], Caller]:
    """A user of Xandr, signed in."""

    def sign_in(username: str) -> Caller:
        body = {"auth": {"username": username, "password": "sandbox"}}
        answer = requests.post(sandbox.url + "/xandr/auth", json=body, timeout=10)
        return Caller(sandbox.url + "/xandr", {"Authorization": answer.json()["response"]["token"]})

    return sign_in


@pytest.fixture
def xandr(xandr_as: Callable[[str], Caller]) -> Caller:
    return xandr_as("sandbox")


@pytest.fixture
def sample() -> Callable[[str], Any]:
    """A sample of a provider's document, as it stands there."""
    return lambda name: json.loads((SAMPLES / f"{name}.json").read_text())


@pytest.fixture
def new_pixel(xandr: Caller) -> Callable[..., dict[str, Any]]:
    """A Xandr pixel made through the API, for advertiser 2 unless told otherwise."""

    def make(advertiser_id: int = 2, **fields: Any) -> dict[str, Any]:
        body = {"pixel": {"name": "Purchase", **fields}}
        answer = xandr("POST", f"/pixel?advertiser_id={advertiser_id}", json=body).json()["response"]
        assert answer.get("status") == "OK", answer
        pixel: dict[str, Any] = answer["pixel"]
        return pixel

    return make


@pytest.fixture
def fault(control: Caller) -> Callable[..., None]:
    """Tell the sandbox to misbehave: fault("xandr", "drop", "create", effect=True)."""

    def set_rule(provider: str, name: str, operation: str = "*", **more: Any) -> None:
        rule = {"provider": provider, "operation": operation, "fault": name, **more}
        answer = control("POST", "/faults", json=rule)
        assert answer.status_code == 200, answer.text

    return set_rule


@pytest.fixture
def happened(control: Caller) -> Callable[..., dict[str, int]]:
    """What was counted: happened("objects", "xandr") is {"created": 1}."""
    return lambda what, provider: control("GET", "/requests").json()[what].get(provider, {})
