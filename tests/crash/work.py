"""The work of one run, handed to a director in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from tests.services import end_with_parent
from tests.stack import ROOT

from . import commands


@dataclass(frozen=True, kw_only=True)
class Work:
    """points, naive: names of the points that the product and the naive version are put to, `repeat` times each."""

    kind: str
    seed: int
    points: tuple[str, ...]
    naive: tuple[str, ...]
    repeat: int = 1
    chaos_runs: int = 0
    chaos_pixels: int = 0  # in each

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls(**json.loads(path.read_text()))


class Failed(Exception):
    """The director did not finish."""


def carry_out(work: Work, *, seconds: float) -> dict[str, Any]:
    """The result, within so many seconds. Its output goes to our standard error meanwhile."""
    with tempfile.TemporaryDirectory(prefix="pixelhub-crash-") as directory:
        task, result = Path(directory) / "work.json", Path(directory) / "result.json"
        task.write_text(json.dumps(asdict(work)))
        command = [*commands.PYTHON, "tests.crash.director", str(task), str(result)]
        process = subprocess.Popen(
            command, cwd=ROOT, env=commands.environment(), stdout=sys.stderr, preexec_fn=end_with_parent
        )
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"the run on {work.kind} took longer than {seconds:.0f} s") from None
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=60)
        if code:
            raise Failed(f"the director of {work.kind} ended with {code}")
        found: dict[str, Any] = json.loads(result.read_text())
        return found


def say(text: str) -> None:
    """Progress, for whoever watches."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
