"""One drill on one kind of stack, in a process of its own: Django reads its environment once.

`python -m tests.drills.play TASK.json RESULT.json`; __main__.py starts it.
"""

from __future__ import annotations

import importlib
import json
import signal
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

import django

from .findings import Findings
from .registry import DRILLS, Options
from .stage import Stage


def play(task: dict[str, Any]) -> list[dict[str, str]]:
    drill = next(one for one in DRILLS if one.name == task["drill"])
    findings = Findings(task["leniency"])
    stage: Stage | None = None
    try:
        stage = Stage(task["kind"], workers=drill.workers, small_disk=drill.small_disk, environment=drill.environment)
        stage.start()
        django.setup()  # not before: the addresses are known now
        from .scene import Scene

        module = importlib.import_module(f"{__package__}.{drill.module}")
        module.play(Scene(stage, findings), Options(**task["options"]))
    except Exception as error:
        sys.stderr.write(traceback.format_exc())
        findings.hold("the drill comes to its end", False, f"{type(error).__name__}: {error}"[:300])
    finally:
        if stage is not None:
            if task["logs"]:
                stage.keep_logs(Path(task["logs"]))
            stage.stop()
    return [asdict(finding) for finding in findings]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    result = play(json.loads(Path(sys.argv[1]).read_text()))
    Path(sys.argv[2]).write_text(json.dumps(result))
