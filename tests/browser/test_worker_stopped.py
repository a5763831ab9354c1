"""While the worker is stopped, pages still answer at once, and nothing is lost."""

import os
import signal
import time

import pytest
from playwright.sync_api import expect

from tests.stack import first_of


@pytest.fixture
def worker(stack):
    """The process that takes the messages; started again whatever happens in the test."""
    number = first_of(stack.data_dir, " worker ")
    yield number
    os.kill(number, signal.SIGCONT)


def test_a_pixel_waits_for_the_worker_and_goes_live_by_itself(alice, sandbox, unique, worker):
    alice.connect("Xandr")
    name = unique("Patient")
    alice.start_pixel("Xandr")
    alice.fill(Name=name)
    alice.event("Purchase").check()

    os.kill(worker, signal.SIGSTOP)
    before = time.monotonic()
    alice.button("Create pixel").click()
    expect(alice.heading(name)).to_be_visible()
    assert time.monotonic() - before < 3
    alice.see_status("Queued")
    time.sleep(3)  # more than one refresh of the page and one interval of the dispatcher
    alice.see_status("Queued")
    assert sandbox.objects("xandr", name) == []

    alice.page.evaluate("window.untouched = true")
    os.kill(worker, signal.SIGCONT)
    alice.see_status("Live")
    assert alice.page.evaluate("window.untouched") is True
    assert len(sandbox.objects("xandr", name)) == 1
