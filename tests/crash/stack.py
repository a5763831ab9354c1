"""The product's processes of one run, started by their own commands with data of their own, killed and replaced.

All are started by the thread that calls `start` and `tend`: the kernel ends a process when the thread that started it
ends (tests.services.end_with_parent).
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import psycopg

from pixelhub.local import broker
from tests.services import Postgres, Redis, Service, end_with_parent, wait_for
from tests.stack import ROOT

from . import commands
from .orders import VARIABLE

READY = 90.0  # seconds, on a busy machine


class CrashStack:
    """kind "sqlite": SQLite and the embedded broker; kind "postgres": temporary PostgreSQL and Redis servers.

    Its environment becomes that of this process too, so that the services can be called here as the web does.
    """

    def __init__(self, kind: str, *, stand_ins: int, workers: int) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="pixelhub-crash-"))
        self.orders = self.directory / "orders"
        self.orders.mkdir()
        self.worker_names = [f"w{number}" for number in range(1, workers + 1)]
        self.concurrency = 1  # so that a whole worker's end hits one task and no bystander
        self.replaced = 0
        self.services: list[Service] = []
        self._stand_ins = stand_ins
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._told = threading.Lock()
        self._working = False
        self.env = commands.environment() | {
            "DATA_DIR": str(self.directory / "data"),
            "STATIC_ROOT": str(self.directory / "static"),
            "SECRET_KEY": secrets.token_urlsafe(50),
            "CREDENTIAL_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
            VARIABLE: str(self.orders),
        }
        if kind == "postgres":
            postgres, redis = Postgres(), Redis()
            with psycopg.connect(postgres.url) as database:
                # As in production. The other tests' servers are quicker without, and lose promises when they crash.
                database.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = on")
            self.services = [postgres, redis]
            self.env |= {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url}
        os.environ.update(self.env)

    # Up

    def start(self) -> None:
        """Everything but the workers."""
        command = [*commands.PYTHON, "tests.crash.stand_ins", str(self.directory), str(self._stand_ins)]
        with self._log("stand-ins") as log:
            self.stand_ins = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                preexec_fn=end_with_parent,
                text=True,
            )
        assert self.stand_ins.stdout
        self.urls: list[str] = json.loads(self.stand_ins.stdout.readline())
        # Workers look up each connection's own. The scheduler works by itself only while there is no broker: in chaos,
        # which has the first.
        os.environ["SANDBOX_URL"] = self.env["SANDBOX_URL"] = self.urls[0]
        subprocess.run(commands.MIGRATE, cwd=ROOT, env=self.env, check=True, timeout=READY)
        self._start_broker()
        self._start("scheduler", commands.SCHEDULER)

    def start_workers(self) -> None:
        self._working = True
        self.tend()
        deadline = time.monotonic() + READY
        while not all(" ready." in self.log(name) for name in self.worker_names):
            self.tend()
            if time.monotonic() > deadline:
                raise RuntimeError("The workers did not start:\n" + self.log(self.worker_names[0])[-2000:])
            time.sleep(0.1)

    def stop_workers(self) -> None:
        self._working = False
        for name in self.worker_names:
            self.kill(name)

    def tend(self) -> None:
        """Replaces what has ended."""
        for name in self.worker_names if self._working else ():
            process = self._processes.get(name)
            if process is None or process.poll() is not None:
                self.replaced += process is not None
                self._start(name, commands.worker(name, self.concurrency))
        if self._processes["scheduler"].poll() == -signal.SIGKILL:
            self._start("scheduler", commands.SCHEDULER)
        for name, process in self._processes.items():
            if name not in self.worker_names and process.poll() is not None:
                raise RuntimeError(f"The {name} ended with {process.returncode}:\n" + self.log(name)[-2000:])

    def _start_broker(self) -> None:
        if not self.services:
            wait_for("The broker", broker.answers, self._start("broker", commands.BROKER))

    def _start(self, name: str, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
        with self._log(name) as log:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own: a worker can be killed with its children
                preexec_fn=end_with_parent,
            )
        return self._processes[name]

    # What happens to them

    def kill(self, name: str) -> None:
        """A worker with its children, or the scheduler, as when the machine is switched off."""
        process = self._processes.get(name)
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=30)

    def kill_child(self, name: str) -> None:
        """One of the processes in which a worker's tasks run."""
        process = self._processes.get(name)
        children = _children(process.pid) if process else []
        if children:
            with suppress(ProcessLookupError):
                os.kill(children[0], signal.SIGKILL)

    def restart_broker(self) -> None:
        if self.services:
            redis = self.services[1]
            redis.process.kill()
            redis.process.wait(timeout=30)
            redis.process = redis.start()
            wait_for("Redis", redis.answers, redis.process)
        else:
            process = self._processes.pop("broker")
            process.kill()
            process.wait(timeout=30)
            self._start_broker()

    def crash_database(self) -> bool:
        """PostgreSQL ends all sessions and recovers when one of its processes is killed; SQLite has none to kill."""
        if not self.services:
            return False
        os.kill(_children(self.services[0].process.pid)[-1], signal.SIGKILL)
        return True

    @contextmanager
    def refused(self, index: int) -> Iterator[None]:
        """Nobody listens at this stand-in's address."""
        self._tell("down", index)
        try:
            yield
        finally:
            self._tell("up", index)

    def _tell(self, word: str, index: int) -> None:
        assert self.stand_ins.stdin and self.stand_ins.stdout
        with self._told:
            self.stand_ins.stdin.write(f"{word} {index}\n")
            self.stand_ins.stdin.flush()
            self.stand_ins.stdout.readline()

    # Down

    def stop(self) -> None:
        self._working = False
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=30)
        self.stand_ins.kill()
        self.stand_ins.wait(timeout=30)
        for service in self.services:
            service.stop()
        if not self.services:
            broker.clear()
        shutil.rmtree(self.directory, ignore_errors=True)

    def log(self, name: str) -> str:
        path = self.directory / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _log(self, name: str) -> BinaryIO:
        return open(self.directory / f"{name}.log", "ab")


def _children(process: int) -> list[int]:
    path = Path(f"/proc/{process}/task/{process}/children")
    with suppress(OSError):  # it ended meanwhile
        return [int(number) for number in path.read_text().split()]
    return []
