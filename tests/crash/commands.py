"""How the product's processes are started, and with which times: the one place that knows.

Needs no Django: the environment of a run is made before Django reads it.
"""

from __future__ import annotations

import os
import sys

from tests.stack import ROOT

# The same commands as in pixelhub/management/commands/run.py.
PYTHON = (sys.executable, "-m")
MANAGE = (sys.executable, str(ROOT / "manage.py"))
CELERY = (*PYTHON, "celery", "--quiet", "-A")
MIGRATE = (*MANAGE, "migrate", "--verbosity", "0")
BROKER = (*MANAGE, "broker")
SCHEDULER = (*CELERY, "pixelhub", "beat", "--loglevel", "INFO")

# Short, and in their order (docs/decisions/0003): a run takes minutes instead of hours.
TIMES = {
    "CALL_DEADLINE": "1.5",
    "LEASE": "3",
    "TASK_LIMIT": "60",
    "QUIET_TIME": "2",
    "SWEEP_INTERVAL": "1",
    "SYNC_INTERVAL": "7200",  # no pull in between may tidy up
    "LATE_CHECKS": "3,6",
}
LATE_CHECKS_OVER = 6 + 4.0  # seconds after which the last of them has been made
BEYOND_QUIET_TIME = 8.0  # a lost create takes effect when it was looked up and sent again already
BOUND = 40.0  # seconds within which every doubt must be settled; the longest takes about 12 on an idle machine


def worker(name: str, concurrency: int) -> tuple[str, ...]:
    return (
        *(*CELERY, "tests.crash.worker", "worker", "--hostname", f"{name}@%h"),
        *("--concurrency", str(concurrency), "--loglevel", "INFO", "--without-gossip", "--without-mingle"),
    )


def environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
        "DJANGO_SETTINGS_MODULE": "pixelhub.settings",
        "READ_DOT_ENV": "0",
        "PYTHONUNBUFFERED": "1",
        "DEMO": "0",
        **TIMES,
    }
