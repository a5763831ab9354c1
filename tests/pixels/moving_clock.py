"""A clock that a test moves, for PixelHub only: the sandbox's clock stays as it is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from pixels.limits import clock


class MovingClock:
    """PixelHub's clock, ahead of the real one by the time that the test has let pass."""

    def __init__(self, real: Callable[[], datetime]) -> None:
        self._real = real
        self.ahead = timedelta()

    def now(self) -> datetime:
        return self._real() + self.ahead

    def pass_by(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)

    def reset(self) -> None:
        self.ahead = timedelta()


def installed(monkeypatch: pytest.MonkeyPatch) -> MovingClock:
    moving = MovingClock(timezone.now)
    monkeypatch.setattr(timezone, "now", moving.now)
    # PostgreSQL's own clock cannot be set, so this one replaces it.
    monkeypatch.setattr(clock, "connection", SimpleNamespace(vendor="sqlite"))
    return moving
