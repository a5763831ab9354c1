"""Provider objects as sync makes them, aimed at a loopback server."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import pytest

from pixels.providers.base import Provider
from pixels.providers.protocols import RateLimiter
from pixels.providers.registry import PROVIDERS
from pixels.providers.secret import Secret
from pixels.providers.values import AdAccountRef
from tests.pixels.providers.loopback import Loopback

PLANTED = {
    "easyflow": {"api_key": Secret("planted-key-1f/&"), "api_secret": Secret("planted-secret-2e<")},
    "pitchtarget": {"token": Secret("planted-token-3d")},
    "xandr": {"username": "someone", "password": Secret('planted "password" 4c')},
}
SESSION = Secret("planted:session:5b")

ACCOUNT = AdAccountRef(id="2")
CHOSEN: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "easyflow": (
        ("purchase-completed", "pix-copied"),
        {
            "platform": "google",
            "conversion_label": "AbC-D_efG",
            "code": "AW-123",
            "description": "Shop",
            "external_reference": "ph-1",
        },
    ),
    "pitchtarget": (("CHECKOUT",), {}),
    "xandr": (
        ("7",),
        {
            "state": "active",
            "trigger_type": "hybrid",
            "min_minutes_per_conv": None,
            "post_click_expire_mins": 20160,
            "post_view_expire_mins": 1440,
            "post_click_value": 10.0,
            "post_view_value": None,
            "code": "ph-1",
            "piggyback_pixels": [],
        },
    ),
}


class Tokens:
    """A session token kept in memory."""

    def __init__(self, token: Secret | None = SESSION) -> None:
        self.token = token
        self._lock = threading.Lock()

    def load(self) -> Secret | None:
        return self.token

    def save(self, token: Secret | None) -> None:
        self.token = token

    def lock(self) -> AbstractContextManager[Any]:
        return self._lock


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.stop()


@pytest.fixture
def connect(loopback: Loopback) -> Callable[..., Provider]:
    """A provider that calls the loopback server, or another address."""

    def make(
        slug: str,
        url: str = "",
        credentials: Mapping[str, str | Secret] | None = None,
        tokens: Tokens | None = None,
        rate_limiter: RateLimiter = lambda call, wanted=1: wanted,
    ) -> Provider:
        return PROVIDERS[slug](credentials or PLANTED[slug], url or loopback.url, rate_limiter, tokens or Tokens())

    return make


@pytest.fixture
def hurried(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits short enough for a test; the deadline is the longest of them."""
    settings.CALL_DEADLINE = 0.4
    monkeypatch.setattr("pixels.providers.transport.http.CONNECT_TIMEOUT", 0.2)
    monkeypatch.setattr("pixels.providers.transport.http.READ_TIMEOUT", 0.2)


def create(provider: Provider, **more: Any) -> Any:
    events, options = CHOSEN[provider.slug]
    return provider.create_pixel(ACCOUNT, "Shoes purchase", events, {**options, **more}, "ph-1")


def secrets_of(slug: str) -> list[str]:
    planted = [value.reveal() for value in PLANTED[slug].values() if isinstance(value, Secret)]
    return [*planted, SESSION.reveal()] if slug == "xandr" else planted
