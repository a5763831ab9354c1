"""`python -m tests.drills`: each drill on each kind of stack, one after the other. Prints a table; exits with 1 if
something did not hold. Drills that this machine cannot run are skipped and named."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, fields
from pathlib import Path

from tests.crash import commands
from tests.services import end_with_parent, lacking
from tests.stack import KINDS as NEEDED
from tests.stack import ROOT

from .findings import FAILED, SKIPPED, Finding, leniency
from .registry import DRILLS, KINDS, Drill, Options
from .table import Played, table

ENDING = 60.0  # seconds in which a drill that is told to end takes its processes down


def main() -> int:
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the drill that runs is ended
    options = Options(**{one.name: getattr(asked, one.name) for one in fields(Options)})
    started = time.monotonic()
    played: list[Played] = []
    with tempfile.TemporaryDirectory(prefix="pixelhub-drills-") as directory:
        static = Path(directory) / "static"
        environment = commands.environment() | {"STATIC_ROOT": str(static), "DATA_DIR": f"{directory}/data"}
        collect = [*commands.MANAGE, "collectstatic", "--noinput", "--verbosity", "0"]
        subprocess.run(collect, cwd=ROOT, env=environment, check=True, timeout=120)
        for drill in DRILLS:
            for kind in drill.kinds:
                if drill.module in (asked.only or [drill.module]) and kind in (asked.kind or KINDS):
                    played.append(_play(drill, kind, options, environment, Path(directory), asked.logs))
                    _say(
                        f"  {played[-1].seconds:.0f} s",
                        *(f"  {one.result:7} {one.must_hold}: {one.measured}" for one in played[-1].findings),
                    )
    _print(table(played))
    findings = [finding for one in played for finding in one.findings]
    skipped = sum(finding.result == SKIPPED for finding in findings)
    failed = sum(finding.result == FAILED for finding in findings)
    _print(f"\n{len(findings)} conditions, {failed} failed, {(time.monotonic() - started) / 60:.1f} minutes.")
    if skipped:
        _print(f"!!! {skipped} drills were SKIPPED: the table says why !!!")
    return 1 if failed or (skipped and os.environ.get("CI") == "true") else 0


def _play(
    drill: Drill, kind: str, options: Options, environment: dict[str, str], directory: Path, logs: str | None
) -> Played:
    _say(f"{drill.name} on {kind}")
    started = time.monotonic()
    if reason := _cannot(drill, kind, directory):
        finding = Finding(must_hold="everything below", measured=reason, result=SKIPPED)
        return Played(drill=drill.name, kind=kind, seconds=0.0, findings=[finding])
    lenient = leniency()
    task, result = directory / "task.json", directory / "result.json"
    result.unlink(missing_ok=True)
    kept = f"{logs}/{drill.module}-{kind}" if logs else ""
    order = {"drill": drill.name, "kind": kind, "options": asdict(options), "leniency": lenient, "logs": kept}
    task.write_text(json.dumps(order))
    command = [*commands.PYTHON, "tests.drills.play", str(task), str(result)]
    if drill.small_disk:  # what it mounts is gone when it ends, however it ends
        command = ["unshare", "--mount", *command]
    bound = (
        drill.seconds + max(0.0, options.frozen - Options.frozen) + max(0.0, options.killing - Options.killing)
    ) * lenient
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=sys.stderr, preexec_fn=end_with_parent)
    measured = ""
    try:
        process.wait(timeout=bound)
    except subprocess.TimeoutExpired:
        measured = f"not within {bound:.0f} s"
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=ENDING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    if result.exists():
        findings = [Finding(**one) for one in json.loads(result.read_text())]
    else:
        measured = measured or f"it ended with {process.returncode}"
        findings = [Finding(must_hold="the drill comes to its end", measured=measured, result=FAILED)]
    return Played(drill=drill.name, kind=kind, seconds=time.monotonic() - started, findings=findings)


def _cannot(drill: Drill, kind: str, directory: Path) -> str:
    """Why this machine cannot run the drill; empty if it can."""
    if missing := lacking(*NEEDED[kind]):
        return f"this machine lacks {missing}"
    if not drill.small_disk:
        return ""
    place = directory / "mount"
    place.mkdir(exist_ok=True)
    attempt = ["unshare", "--mount", "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    try:
        tried = subprocess.run(attempt, capture_output=True, text=True, timeout=30, check=False)
    except OSError as error:
        return f"no right to mount a disk of its own ({error.strerror})"
    said = tried.stderr.strip().splitlines() or [""]
    return f"no right to mount a disk of its own ({said[0][:80]})" if tried.returncode else ""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("--only", action="append", choices=[drill.module for drill in DRILLS], help="all if left out")
    parser.add_argument("--kind", action="append", choices=KINDS, help="both if left out")
    parser.add_argument("--frozen", type=float, default=Options.frozen, help="seconds for which Redis stands still")
    parser.add_argument("--killing", type=float, default=Options.killing, help="seconds for which workers are killed")
    parser.add_argument("--creates", type=int, default=Options.creates, help="while PostgreSQL is restarted")
    parser.add_argument("--logs", help="a directory for what the processes said")
    return parser.parse_args()


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _say(*lines: str) -> None:
    """Progress, for whoever watches."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
