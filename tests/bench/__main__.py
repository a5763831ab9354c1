"""`python -m tests.bench` writes docs/benchmarks.md. With --only, --on, --size or --repeat it shows a part of it.

Ends with 1 where something could not be measured or is wrong; a goal that was only missed by speed is said.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.services import Postgres, lacking

from . import creates, report, web
from .databases import Database, PostgreSQL, SQLite
from .goals import missed
from .pulls import Field
from .results import Results
from .sandbox import Sandbox

SMALL, LARGE = 10_000, 100_000
REPETITIONS = {SMALL: 5, LARGE: 3}
FAR_REPETITIONS = 3
SECTIONS = ("pulls", "far", "web", "creates")
KINDS = {"SQLite": "sqlite", "PostgreSQL": "postgres"}

_started = time.monotonic()


def say(text: str) -> None:
    sys.stderr.write(f"{time.monotonic() - _started:6.0f} s  {text}\n")


class Bench:
    def __init__(self, asked: argparse.Namespace) -> None:
        self._asked = asked
        large = asked.size or LARGE
        self.results = Results(small=asked.size or SMALL, large=large)

    def run(self) -> None:
        for size in self.results.sizes:
            here = self._here(size)
            if here:
                with self._trying(f"{size:,} pixels"), Sandbox(size) as sandbox:
                    say(f"{size:,} pixels are in the sandbox")
                    self._at(sandbox, here)
        for name in self._asked.on if "creates" in self._asked.only else ():
            with self._trying(f"creates on {name}"):
                self.results.creates.append(creates.measure(KINDS[name], _within(f"creates on {name}")))

    def _here(self, size: int) -> list[str]:
        """The sections that run at this size."""
        places = {"pulls": self.results.sizes, "far": [self.results.small], "web": [self.results.large]}
        return [name for name, sizes in places.items() if name in self._asked.only and size in sizes]

    def _at(self, sandbox: Sandbox, here: list[str]) -> None:
        with self._databases() as databases:
            self.results.versions = [database.version for database in databases]
            if "pulls" in here or "far" in here:
                self._read(sandbox, here, databases)
        for name in self._asked.on if "web" in here else ():
            with self._trying(f"web on {name}"):
                self.results.web.append(web.measure(KINDS[name], sandbox, _within(f"web on {name}")))

    def _read(self, sandbox: Sandbox, here: list[str], databases: list[Database]) -> None:
        with tempfile.TemporaryDirectory(prefix="pixelhub-bench-") as directory:
            fields = [Field(sandbox, one, Path(directory), _within(one.label)) for one in databases]
            try:
                for number in range(self._asked.repeat or REPETITIONS.get(sandbox.size, 3)) if "pulls" in here else ():
                    for field in fields:
                        field.repeat(number)
                for number in range(self._asked.repeat or FAR_REPETITIONS) if "far" in here else ():
                    for field in fields:
                        field.repeat_far_away(number)
            finally:
                self.results.samples += [sample for field in fields for sample in field.samples]

    @contextlib.contextmanager
    def _databases(self) -> Iterator[list[Database]]:
        with contextlib.ExitStack() as stack:
            found: list[Database] = []
            if "SQLite" in self._asked.on:
                found.append(SQLite(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixelhub-bench-")))))
            if "PostgreSQL" in self._asked.on:
                found.append(PostgreSQL(stack.enter_context(Postgres())))
            yield found

    @contextlib.contextmanager
    def _trying(self, what: str) -> Iterator[None]:
        """Put a failure into the report and go on measuring."""
        try:
            yield
        except Exception as error:
            say(f"{what}: {error}")
            self.results.failures.append(f"{what}: {type(error).__name__}: {str(error).splitlines()[0]}")


def _within(what: str) -> Callable[[str], None]:
    return lambda text: say(f"{what:10} {text}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--on", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--size", type=int, help="pixels, in place of both sizes")
    parser.add_argument("--repeat", type=int, help="repetitions, in place of each section's own number")
    asked = parser.parse_args()
    missing = lacking("postgres", "redis")
    if missing and "PostgreSQL" in asked.on:
        parser.error(f"this machine lacks {missing}: see `make packages`, or add --on SQLite")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that servers and directories go as well
    bench = Bench(asked)
    bench.run()
    whole = asked == parser.parse_args([])
    if whole:
        say(f"written to {report.write(bench.results)}")
    else:
        sys.stdout.write(report.text(bench.results))
    for line in missed(bench.results):
        say(f"missed: {line}")
    return 1 if bench.results.failures or missed(bench.results, conditions_only=True) else 0


if __name__ == "__main__":
    sys.exit(main())
