"""Processes end at a signal: a worker whose broker has gone, and a process that gets a second signal."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.services import end_with_parent
from tests.stack import ROOT

pytestmark = pytest.mark.services

# The product's own command; the broker dies just as it is to be told that this worker has started.
START = """
import os, signal, sys
from celery.worker.heartbeat import Heart

tell = Heart.start

def start(self):
    os.kill(int(os.environ["BROKER_PROCESS"]), signal.SIGKILL)
    tell(self)

Heart.start = start
from celery.__main__ import main

sys.argv = "celery --quiet -A pixelhub worker --concurrency 1 --without-gossip --without-mingle".split()
main()
"""

SIGNALS = """
import signal, sys
from pixelhub.stop import StopSignal

def another(*_):
    signal.raise_signal(signal.SIGTERM)
    return another

stop = StopSignal()
sys.settrace(another)
signal.raise_signal(signal.SIGTERM)
sys.settrace(None)
sys.exit(not stop.wait(0))
"""


@pytest.fixture
def started(product):
    """Starts a process of this product; all are ended afterwards, with their children."""
    running = []

    def start(*command, **environment):
        running.append(
            subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=product.env | environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        )
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=30)


def test_a_worker_whose_broker_went_away_while_it_started_ends_at_a_signal(started):
    broker = started("manage.py", "broker")
    worker = started("-c", START, BROKER_PROCESS=str(broker.pid))
    broker.wait(timeout=60)
    time.sleep(2)  # it tries to reach the broker again and again
    assert worker.poll() is None
    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=30)


def test_a_signal_that_comes_while_another_is_handled_does_no_harm(started):
    """At every line of the handler; one that takes a lock would wait for itself."""
    assert started("-c", SIGNALS).wait(timeout=30) == 0
