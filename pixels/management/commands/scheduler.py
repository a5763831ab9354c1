"""`python manage.py scheduler`: looks for due work, until the command is stopped."""

import logging
import os
import secrets
import socket
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections

from pixelhub.stop import StopSignal
from pixels import dispatcher
from pixels.limits import clock, lease
from pixels.outbox import claim
from pixels.reconcile import runs

log = logging.getLogger(__name__)

SHORTEST = 0.2  # seconds between two looks
SILENT = 2  # intervals after which another scheduler takes over


class Command(BaseCommand):
    help = (
        "Finds due work in the database every DISPATCH_INTERVAL, and at the moment for which something waits, and "
        "hands it to the workers. Of several schedulers one works and the others stand by."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = StopSignal()
        # In containers all processes may have the same number, and long host names the same beginning.
        self.holder = f"{socket.gethostname()[:40]}:{secrets.token_hex(4)}:{os.getpid()}"
        wait = 0.0
        while not stopped.wait(wait):
            close_old_connections()
            try:
                wait = self.look()
            except Error as error:  # the database is away or full; the rows will still say what is due
                log.warning("scheduler: the database does not answer: %s", type(error).__name__)
                wait = SHORTEST * 5
            except Exception:  # one error must not end the scheduler; the next look may succeed
                log.exception("scheduler: dispatching failed")
                wait = settings.DISPATCH_INTERVAL
        try:
            lease.give_back(lease.DISPATCH, self.holder)
        except Error:
            log.info("scheduler: the lease runs out by itself")

    def look(self) -> float:
        """Dispatch what is due, if this scheduler holds the lease. Returns the seconds until the next look."""
        silence = SILENT * settings.DISPATCH_INTERVAL
        if not lease.hold(lease.DISPATCH, self.holder, silence):
            return min(max(lease.runs_for(lease.DISPATCH) or 0, SHORTEST), settings.DISPATCH_INTERVAL)
        dispatcher.dispatch_due()
        # renewed: without a broker the work was done here and took time
        lease.hold(lease.DISPATCH, self.holder, silence)
        following = min(filter(None, (claim.next_due(), runs.next_due())), default=None)
        if following is None:
            return settings.DISPATCH_INTERVAL
        return min(max((following - clock.now()).total_seconds(), SHORTEST), settings.DISPATCH_INTERVAL)
