"""A real sandbox on a free port for each test, and callers that know nothing of the product's own clients."""

import json
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
def xandr(sandbox: SandboxServer) -> Caller:
    """Signed in."""
    body = {"auth": {"username": "sandbox", "password": "sandbox"}}
    answer = requests.post(sandbox.url + "/xandr/auth", json=body, timeout=10)
    return Caller(sandbox.url + "/xandr", {"Authorization": answer.json()["response"]["token"]})


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
