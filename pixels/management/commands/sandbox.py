"""`python manage.py sandbox`: the sandbox providers, until the command is stopped."""

import logging
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pixelhub.stop import StopSignal
from pixels.sandbox import members
from pixels.sandbox.server import CannotServe, serve


class Command(BaseCommand):
    help = "Serve stand-ins for the pixel APIs of Easyflow, PitchTarget and Xandr on this machine."
    requires_system_checks = []  # neither database nor models are used

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")
        parser.add_argument("--port", type=int, help="default: SANDBOX_PORT (8010); 0 takes any free one")
        parser.add_argument("--state", help="the state file (default: sandbox.sqlite3 in DATA_DIR)")
        parser.add_argument("--xandr-2010", action="store_true", help="answer in the form of Xandr's samples of 2010")

    def handle(self, *args: Any, **options: Any) -> None:
        # Installed before the server starts, so that no signal comes too early.
        stopped = StopSignal()
        _log_to_stderr()
        try:
            server = serve(
                options["host"],
                settings.SANDBOX_PORT if options["port"] is None else options["port"],
                options["state"] or settings.DATA_DIR / "sandbox.sqlite3",
                xandr_2010=options["xandr_2010"],
            )
        except CannotServe as error:
            raise CommandError(str(error)) from None
        try:
            self.stdout.write(f"Sandbox on {server.url}")
            for line in members.lines():
                self.stdout.write(f"  {line}")
            self.stdout.flush()
            stopped.wait()
        finally:
            server.stop()


def _log_to_stderr() -> None:
    """Log one line for each request, whatever the project's logging settings do with other messages."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("sandbox: %(message)s"))
    logger = logging.getLogger("pixels.sandbox")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
