"""A pixel with its three sides: base, local and remote values."""

from dataclasses import replace

import pytest

from pixels.providers.xandr.client import Xandr
from pixels.services import pixels


@pytest.fixture
def change_at_xandr(sandbox, sync):
    """A function that changes the pixel at Xandr and syncs."""

    def change(pixel, **values):
        [held] = [one for one in sandbox.held("xandr") if str(one["id"]) == pixel.remote_id]
        sandbox.seed("xandr", [held | values])
        run = sync(pixel.connection)
        pixel.refresh_from_db()
        return run

    return change


@pytest.fixture
def change_here(bob, carry_out):
    """A function that changes the pixel here, as Bob, and sends the change."""

    def change(pixel, **values):
        pixels.change_pixel(pixel, bob, values)
        carry_out()
        pixel.refresh_from_db()
        assert pixel.lifecycle == "live"

    return change


@pytest.fixture
def answers(monkeypatch):
    """A function that makes Xandr answer an update with OK and this name."""
    real = Xandr.update_pixel

    def say(name):
        monkeypatch.setattr(Xandr, "update_pixel", lambda *args: replace(real(*args), name=name))

    yield say
    monkeypatch.setattr(Xandr, "update_pixel", real)


@pytest.fixture
def pixel(sandbox, xandr, live):
    return live(xandr, "Shoes")
