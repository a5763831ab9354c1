"""`python manage.py scheduler`: looks for due work, until it is stopped."""

import logging
import os
import secrets
import socket
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections

from pixelhub.stop import StopSignal
from pixels import tasks
from pixels.limits import clock, lease
from pixels.outbox import deliver
from pixels.reconcile import runs

log = logging.getLogger(__name__)

SHORTEST = 0.2  # seconds between two looks
SILENT = 2  # intervals after which another scheduler takes over


class Command(BaseCommand):
    help = (
        "Finds due work in the database every SWEEP_INTERVAL, and at the moment for which something waits, and hands "
        "it to the workers. Of several schedulers one works and the others stand by."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = StopSignal()
        # In containers every process may have the same number, and long names the same beginning.
        self.holder = f"{socket.gethostname()[:40]}:{secrets.token_hex(4)}:{os.getpid()}"
        wait = 0.0
        while not stopped.wait(wait):
            close_old_connections()
            try:
                wait = self.look()
            except Error as error:  # the database is away or full: the rows will still be there
                log.warning("scheduler: the database does not answer: %s", type(error).__name__)
                wait = SHORTEST * 5
            except Exception:  # whatever it is, the next look may do without it
                log.exception("scheduler: a sweep failed")
                wait = settings.SWEEP_INTERVAL
        try:
            lease.give_back(lease.SWEEP, self.holder)
        except Error:
            log.info("scheduler: the lease runs out by itself")

    def look(self) -> float:
        """One sweep, if it is our job; seconds until the next."""
        silence = SILENT * settings.SWEEP_INTERVAL
        if not lease.hold(lease.SWEEP, self.holder, silence):
            return min(max(lease.runs_for(lease.SWEEP) or 0, SHORTEST), settings.SWEEP_INTERVAL)
        tasks.sweep()
        lease.hold(lease.SWEEP, self.holder, silence)  # without a broker a sweep may have taken its time
        following = min(filter(None, (deliver.next_due(), runs.next_due())), default=None)
        if following is None:
            return settings.SWEEP_INTERVAL
        return min(max((following - clock.now()).total_seconds(), SHORTEST), settings.SWEEP_INTERVAL)
