"""One run on one kind of stack, in a process of its own: Django reads its environment once.

`python -m tests.crash.director WORK.json RESULT.json`; work.py starts it.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import django

from .points import LANES
from .stack import CrashStack
from .work import Work

WORKERS = 6


def direct(work: Work) -> dict[str, Any]:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    stack = CrashStack(work.kind, stand_ins=1 + len(LANES), workers=WORKERS)
    try:
        stack.start()
        django.setup()  # not before: the addresses are known now
        from .run import Run

        return Run(stack, work).whole()
    finally:
        stack.stop()


if __name__ == "__main__":
    result = direct(Work.read(Path(sys.argv[1])))
    Path(sys.argv[2]).write_text(json.dumps(result))
