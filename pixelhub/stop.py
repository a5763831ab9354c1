"""Waits for a signal to stop; a second signal does no harm.

`threading.Event` would have a lock, and a signal that comes while another is being handled would wait for it for ever.
"""

import contextlib
import os
import select
import signal


class StopSignal:
    """Handles TERM and INT from the moment it is made."""

    def __init__(self) -> None:
        self._readable, self._writable = os.pipe()
        os.set_blocking(self._writable, False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait up to so many seconds for a signal. Returns whether one has come."""
        return bool(select.select([self._readable], [], [], seconds)[0])

    def _note(self, *_: object) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._writable, b".")
