"""Time goes by as fast as a test wants it to, for PixelHub alone: the providers' clocks stay as they are."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from pixels.limits import clock


class MovingClock:
    """PixelHub's clock, ahead of the real one by what has gone by."""

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
    # Of PostgreSQL's own clock nobody can turn the hands: there too it is this one.
    monkeypatch.setattr(clock, "connection", SimpleNamespace(vendor="sqlite"))
    return moving
