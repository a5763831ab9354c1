"""Starts the processes of one machine, prints their output with their names, and ends them together.

Processes that serve the others end last, and each gets time to end: the worker may finish its provider call while the
broker still accepts its acknowledgement. (Why not honcho: it signals all at once, kills after five seconds, fails on a
signal during the start, and leaves its children behind when it is killed.)
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Self, TextIO

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
COLOURS = ("36", "33", "32", "35", "34", "31")
WIDTH = 9
PR_SET_PDEATHSIG = 1


class Asked(Exception):
    """Somebody has asked for the end, by Ctrl-C or a signal."""


class Died(Exception):
    """A process has ended by itself, so the product is no longer complete."""


@dataclass
class Child:
    name: str
    process: subprocess.Popen[bytes]
    reader: threading.Thread
    grace: float
    serves: bool


class Supervisor:
    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._children: list[Child] = []
        self._asked = False  # set by a signal; not an Event, as a second signal would wait for its lock
        self._hurry = False
        self._printing = threading.Lock()
        self._handlers: dict[int, object] = {}
        self._libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def __enter__(self) -> Self:
        self._handlers = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for serving in (False, True):
            ending = [child for child in self._children if child.serves is serving]
            for child in ending:
                child.process.terminate()
            for child in ending:
                self._end(child)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def start(self, name: str, *command: str, grace: float = 10, serves: bool = False) -> None:
        """Start a process that has to run as long as this one.

        `grace`: seconds that it gets to end. `serves`: the others need it until they have ended.
        """
        self._children.append(self._spawn(name, command, grace, serves))

    def run(self, name: str, *command: str) -> int:
        """Run a process that ends by itself, beside the others. Returns its exit code."""
        child = self._spawn(name, command, grace=5, serves=False)
        try:
            self.wait(lambda: child.process.poll() is not None)
        finally:
            child.process.terminate()
            self._end(child)
        return child.process.returncode

    def wait(self, until: Callable[[], bool] = lambda: False) -> None:
        """Return once `until` is true. Raises Asked or Died if that comes first."""
        while True:
            if self._asked:
                raise Asked
            for child in self._children:
                code = child.process.poll()
                if code is not None:
                    child.reader.join(timeout=1)
                    raise Died(f"The {child.name} process ended by itself (return code {code}).")
            if until():
                return
            time.sleep(0.1)

    def print(self, text: str, name: str = "run", colour: str = "0") -> None:
        label = f"{name:<{WIDTH}} | "
        if self._out.isatty():
            label = f"\x1b[{colour}m{label}\x1b[0m"
        # If nobody reads the output any more (`make run | head`), the children's output must still be read.
        with self._printing, contextlib.suppress(OSError, ValueError):
            self._out.write("".join(f"{label}{line}\n" for line in text.splitlines()))
            self._out.flush()

    def _spawn(self, name: str, command: tuple[str, ...], grace: float, serves: bool) -> Child:
        colour = COLOURS[len(self._children) % len(COLOURS)]
        process = subprocess.Popen(
            command,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # In a session of its own, so that the terminal's Ctrl-C reaches only the supervisor, which knows the order.
            start_new_session=True,
            preexec_fn=self._end_with_supervisor,
        )
        reader = threading.Thread(target=self._read, args=(process, name, colour), daemon=True)
        reader.start()
        return Child(name, process, reader, grace, serves)

    def _end_with_supervisor(self) -> None:
        """Runs in the child: the kernel sends it TERM when the supervisor dies, even by kill -9 (Linux only)."""
        if self._libc:
            self._libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    def _read(self, process: subprocess.Popen[bytes], name: str, colour: str) -> None:
        assert process.stdout
        for line in process.stdout:
            self.print(line.decode(errors="replace").rstrip(), name, colour)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # A second signal means: do not wait for any process.
        self._hurry = self._asked
        self._asked = True

    def _end(self, child: Child) -> None:
        """Wait until a process that was told to end has ended, for its grace at most; then kill it."""
        deadline = time.monotonic() + child.grace
        while child.process.poll() is None and time.monotonic() < deadline and not self._hurry:
            time.sleep(0.05)
        # Kill what is left of its session: a pool process, or a server that does not end.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
        child.reader.join(timeout=1)
