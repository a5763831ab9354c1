"""A contender's process, seen from the bench: started fresh, timed, and measured by the kernel's counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services import end_with_parent
from tests.stack import ROOT

AT_MOST = 900  # seconds of one process


class Failed(Exception):
    """A contender did not do its work; with the end of its output."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    seconds: float  # of the work alone
    cpu: float  # likewise, with its children
    start: float  # CPU of the process before and after
    peak: float  # MB
    facts: dict[str, Any]


def run(module: str, order: dict[str, Any], *, env: dict[str, str] | None = None) -> Measured:
    command = [sys.executable, "-m", f"tests.bench.{module}", json.dumps(order)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=env or plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=end_with_parent,
    )
    assert process.stdout and process.stderr
    complaints: list[bytes] = []
    reader = threading.Thread(target=lambda: complaints.append(process.stderr.read()), daemon=True)
    reader.start()
    alarm = threading.Timer(AT_MOST, process.kill)
    alarm.start()
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    alarm.cancel()
    reader.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        end = b"".join(complaints).decode(errors="replace")[-2000:]
        raise Failed(f"{module} {order.get('action', '')} ended with {process.returncode}: {end}")
    facts = json.loads(said.splitlines()[-1])
    cpu = facts.pop("cpu")
    return Measured(
        seconds=facts.pop("seconds"),
        cpu=cpu,
        start=used.ru_utime + used.ru_stime - cpu,
        peak=facts.pop("peak_kib") * 1024 / 1e6,
        facts=facts,
    )


def plain_environment(directory: Path | None = None) -> dict[str, str]:
    """The environment of contenders other than the product. The rival sends no reports and keeps its files in our
    directory."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    return kept | quiet | ({"DLT_DATA_DIR": str(directory)} if directory else {})
