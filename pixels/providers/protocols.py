"""What a provider is given to work with: a rate limiter, and a place that keeps its session token."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Literal, Protocol

from .secret import Secret

CallKind = Literal["read", "write"]


class RateLimiter(Protocol):
    """Asked before each request, and for several at once; says how many of them may leave now, at least one.

    Raises Throttled with the time to wait for. A request that has been let through counts, whatever becomes of it.
    None wanted: one that was let through before is about to leave, if it still may.
    """

    def __call__(self, call: CallKind, wanted: int = 1) -> int: ...


class Tokens(Protocol):
    """Keeps a session token for a connection, shared by all workers and encrypted at rest; given by sync."""

    def load(self) -> Secret | None: ...
    def save(self, token: Secret | None) -> None: ...
    def lock(self) -> AbstractContextManager[None]: ...
