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
SCHEDULER = (*MANAGE, "scheduler")

# Short, and in their order (docs/decisions/0003): a run takes minutes instead of hours.
TIMES = {
    "CALL_DEADLINE": "1.5",
    "LEASE": "3",
    "TASK_LIMIT": "60",
    "QUIET_TIME": "2",
    "DISPATCH_INTERVAL": "1",
    "DUPLICATE_CHECKS": "3,12",
    "CIRCUIT_PAUSE": "2",
    # No pull in between may tidy up, and one lane's calls are not to be counted against another's.
    "SYNC_INTERVAL": "7200",
    "FULL_SYNC_INTERVAL": "7200",
    "XANDR_READS": "0",
    "XANDR_WRITES": "0",
}
LATE_CHECKS_OVER = 60.0  # seconds after which the last duplicate check has been made on a busy machine
BEYOND_QUIET_TIME = 8.0  # a lost create takes effect after it was looked up and sent again
BOUND = 90.0  # seconds within which every operation must have ended on a busy machine; on an idle one it takes about 10


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
