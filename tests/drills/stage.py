"""The running product: its own processes by their own commands, on the servers and data of one drill.

All are started by the thread that made the stage: the kernel ends a process when the thread that started it ends
(tests.services.end_with_parent).
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pixelhub.local import broker
from tests.crash import commands
from tests.services import Service, end_with_parent, free_port, wait_for
from tests.stack import ROOT

from .servers import Database, ForgetfulRedis, mount, unmount

READY = 120.0  # seconds, on a busy machine
WORKER = (*commands.CELERY, "pixelhub", "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle")
WEB = (*commands.PYTHON, "gunicorn", "pixelhub.wsgi", "--preload", "--no-control-socket", "--worker-class", "gthread")


class Stage:
    """kind "sqlite": SQLite and the embedded broker; kind "postgres": PostgreSQL, and a Redis that keeps nothing.

    Its environment becomes that of this process too, so that rows can be read and services called here.
    """

    def __init__(self, kind: str, *, workers: int, small_disk: bool, environment: Mapping[str, str]) -> None:
        self.kind = kind
        self.directory = Path(tempfile.mkdtemp(prefix="pixelhub-drill-"))
        self.worker_names = [f"w{number}" for number in range(1, workers + 1)]
        self.port = free_port()
        self.database: Database | None = None
        self.redis: ForgetfulRedis | None = None
        self._processes: dict[str, subprocess.Popen[Any]] = {}
        data = self.directory / "data"
        data.mkdir(mode=0o700)
        self.env = commands.environment() | {
            "DATA_DIR": str(data),
            "STATIC_ROOT": os.environ["STATIC_ROOT"],
            "PORT": str(self.port),
            "SECRET_KEY": secrets.token_urlsafe(50),
            "CREDENTIAL_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
            **environment,
        }
        if small_disk and kind == "sqlite":
            mount(data)
        self.small_disk, self._is_small = data, small_disk
        if kind == "postgres":
            self.redis = ForgetfulRedis()
            self.database = Database(small_disk=small_disk)
            self.small_disk = self.database.data
            self.env |= {"DATABASE_URL": self.database.url, "REDIS_URL": self.redis.url}
        os.environ.update(self.env)

    # Up

    def start(self) -> None:
        self._start_stand_in()
        subprocess.run(commands.MIGRATE, cwd=ROOT, env=self.env, check=True, timeout=READY)
        self.start_broker()
        self.start_product()

    def start_product(self) -> None:
        self.run("scheduler", *commands.SCHEDULER)
        self.run("web", *WEB, "--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{self.port}")
        for name in self.worker_names:
            self.run_worker(name)
        wait_for("The web process", self._serves, self._processes["web"], READY)
        for name in self.worker_names:
            wait_for(f"Worker {name}", lambda name=name: self.is_ready(name), self._processes[name], READY)

    def run_worker(self, name: str) -> None:
        (self.directory / f"{name}.log").unlink(missing_ok=True)
        self.run(name, *WORKER, "--hostname", f"{name}@%h", "--concurrency", "2")

    def is_ready(self, worker: str) -> bool:
        return " ready." in self.log(worker)

    def start_broker(self) -> None:
        if self.redis is None:
            wait_for("The broker", broker.answers, self.run("broker", *commands.BROKER), READY)
        elif self.redis.process.poll() is not None:
            self.redis.process = self.redis.start()
            wait_for("Redis", self.redis.answers, self.redis.process)

    def run(self, name: str, *command: str) -> subprocess.Popen[Any]:
        with open(self.directory / f"{name}.log", "ab") as log:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own: it is stopped and ended with its children
                preexec_fn=end_with_parent,
            )
        return self._processes[name]

    def _start_stand_in(self) -> None:
        command = [*commands.PYTHON, "tests.crash.stand_ins", str(self.directory), "1"]
        with open(self.directory / "stand-in.log", "ab") as log:
            self._stand_in = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                preexec_fn=end_with_parent,
                text=True,
            )
        assert self._stand_in.stdout
        [self.sandbox_url] = json.loads(self._stand_in.stdout.readline())
        os.environ["SANDBOX_URL"] = self.env["SANDBOX_URL"] = self.sandbox_url

    def _serves(self) -> bool:
        web = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            web.request("GET", "/healthz")
            return web.getresponse().status in (200, 503)
        except (OSError, http.client.HTTPException):
            return False
        finally:
            web.close()

    # What happens to them

    def process(self, name: str) -> int:
        if name == "broker" and self.redis is not None:
            return self.redis.process.pid
        return self._processes[name].pid

    def send(self, name: str, number: signal.Signals) -> None:
        """To a process and its children."""
        if name == "broker" and self.redis is not None:
            self.redis.process.send_signal(number)
        else:
            with suppress(ProcessLookupError):
                os.killpg(self._processes[name].pid, number)

    def end(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        process = self.redis.process if name == "broker" and self.redis is not None else self._processes.get(name)
        if process is None:
            return
        if process.poll() is None:
            if number == signal.SIGKILL:
                self.send(name, number)
            else:
                process.send_signal(number)
        process.wait(timeout=60)
        self._processes.pop(name, None)

    def ended(self) -> list[str]:
        """What has ended though nobody ended it."""
        return [name for name, process in self._processes.items() if process.poll() is not None]

    def end_product(self) -> None:
        """As an administrator does before a backup is put back."""
        for name in ("web", "scheduler", *self.worker_names):
            self.end(name, signal.SIGTERM)

    def manage(self, *arguments: str) -> str:
        command = [*commands.MANAGE, *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.env, check=True, capture_output=True, text=True, timeout=READY
        ).stdout

    # Down

    def stop(self) -> None:
        """Each by itself, so that one that does not end keeps no other."""
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in self._processes.values():
            process.wait(timeout=30)
        if hasattr(self, "_stand_in"):
            self._stand_in.kill()
            self._stand_in.wait(timeout=30)
        servers: list[Service | None] = [self.redis, self.database]
        for server in filter(None, servers):
            with suppress(subprocess.TimeoutExpired):
                server.stop()
            if server.process.poll() is None:
                server.process.kill()
        if self.redis is None:
            broker.clear()
        if self._is_small and self.database is None:
            unmount(self.small_disk)
        shutil.rmtree(self.directory, ignore_errors=True)

    def log(self, name: str) -> str:
        path = self.directory / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def keep_logs(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        for path in self.directory.glob("*.log"):
            shutil.copy(path, directory)
        if self.database is not None:
            shutil.copy(self.database.directory / "log", directory / "postgres.log")


def until(so: Any, seconds: float, step: float = 0.1) -> float | None:
    """After how many seconds it was so; None: not within these."""
    started = time.monotonic()
    while not so():
        if time.monotonic() - started > seconds:
            return None
        time.sleep(step)
    return time.monotonic() - started
