"""A pixel of which three sides are told apart: what both had last, ours, and theirs."""

from dataclasses import replace

import pytest

from pixels.providers.xandr.client import Xandr
from pixels.services import pixels


@pytest.fixture
def change_at_xandr(sandbox, sync):
    """Somebody changes this pixel at Xandr, and a sync reads it."""

    def change(pixel, **values):
        [held] = [one for one in sandbox.held("xandr") if str(one["id"]) == pixel.remote_id]
        sandbox.seed("xandr", [held | values])
        run = sync(pixel.connection)
        pixel.refresh_from_db()
        return run

    return change


@pytest.fixture
def change_here(bob, carry_out):
    """Bob changes it here, and it is sent."""

    def change(pixel, **values):
        pixels.change_pixel(pixel, bob, values)
        carry_out()
        pixel.refresh_from_db()
        assert pixel.lifecycle == "live"

    return change


@pytest.fixture
def answers(monkeypatch):
    """Xandr says OK to a change, and that the pixel has this name afterwards."""
    real = Xandr.update_pixel

    def say(name):
        monkeypatch.setattr(Xandr, "update_pixel", lambda *args: replace(real(*args), name=name))

    yield say
    monkeypatch.setattr(Xandr, "update_pixel", real)


@pytest.fixture
def pixel(sandbox, xandr, live):
    return live(xandr, "Shoes")
