"""A signal that says to stop, waited for in a way in which a second one does no harm.

`threading.Event` has a lock: a signal that comes while another is being handled waits for it for ever.
"""

import contextlib
import os
import select
import signal


class StopSignal:
    """Takes TERM and INT from its making on."""

    def __init__(self) -> None:
        self._readable, self._writable = os.pipe()
        os.set_blocking(self._writable, False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def wait(self, seconds: float | None = None) -> bool:
        """Whether one has come, within so many seconds at most."""
        return bool(select.select([self._readable], [], [], seconds)[0])

    def _note(self, *_: object) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._writable, b".")
