"""What a provider object is given: a rate limiter, and a store for its session token."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Literal, Protocol

from .secret import Secret

CallKind = Literal["read", "write"]


class RateLimiter(Protocol):
    """Called before requests: with how many are `wanted`, it returns how many may be sent now, at least one.

    Raises Throttled, with the time to wait, if none may. What it permits is counted, whether it is sent or not.
    `wanted=0`: a request permitted earlier is about to be sent; raises if it may not be any more.
    """

    def __call__(self, call: CallKind, wanted: int = 1) -> int: ...


class Tokens(Protocol):
    """Stores the session token of a connection, encrypted, for all workers (limits/provider_session.py)."""

    def load(self) -> Secret | None: ...
    def save(self, token: Secret | None) -> None: ...
    def lock(self) -> AbstractContextManager[None]: ...
