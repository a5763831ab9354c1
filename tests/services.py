"""Temporary real services for tests: PostgreSQL and Redis of this machine, on loopback, for one run.

`python -m tests.services COMMAND…` runs a command with the DATABASE_URL of a temporary PostgreSQL.
"""

import ctypes
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

CHROMIUM = "/usr/bin/chromium"
_libc = ctypes.CDLL(None)


def lacking(*needed: str) -> str:
    """Which of "postgres", "redis", "chromium" this machine lacks."""
    found = {
        "postgres": bool(_postgres_binaries()),
        "redis": bool(shutil.which("redis-server")),
        "chromium": os.path.exists(CHROMIUM),
    }
    return ", ".join(name for name in needed if not found[name])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what: str, ready: Callable[[], bool], process: subprocess.Popen, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not answer within {seconds:.0f} s")
        time.sleep(0.05)


def end_with_parent() -> None:
    """In the child: a killed test run takes its services with it."""
    _libc.prctl(1, signal.SIGTERM)


class Service:
    """A server in a directory of its own, ended and cleared away at the end."""

    stop_signal = signal.SIGTERM

    def __init__(self) -> None:
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="pixelhub-service-"))
        self.process = self.start()
        wait_for(type(self).__name__, self.answers, self.process)

    def start(self) -> subprocess.Popen:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def stop(self) -> None:
        self.process.send_signal(self.stop_signal)
        self.process.wait(timeout=30)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


class Redis(Service):
    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> subprocess.Popen:
        options = f"--bind 127.0.0.1 --port {self.port} --dir {self.directory}"
        # Everything it is told lands in a file, so that a planted secret would be found there.
        options += " --appendonly yes --appendfsync no"
        command = ["redis-server", *options.split()]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=end_with_parent)

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


class Postgres(Service):
    stop_signal = signal.SIGINT  # "fast": ends the sessions that are still open

    @property
    def url(self) -> str:
        return f"postgres://pixelhub@127.0.0.1:{self.port}/postgres"

    def start(self) -> subprocess.Popen:
        binaries = _postgres_binaries()
        data = self.directory / "data"
        log = open(self.directory / "log", "wb")  # noqa: SIM115, the server keeps it
        options: dict[str, Any] = {"stdout": log, "stderr": log}
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            user = _unprivileged_user()
            os.chown(self.directory, user.pw_uid, user.pw_gid)
            options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        subprocess.run(
            [f"{binaries}/initdb", "-D", data, "-U", "pixelhub", "--auth=trust", "-E", "UTF8", "--no-sync"],
            check=True,
            cwd=self.directory,
            **options,
        )
        settings = f"-D {data} -k {self.directory} -h 127.0.0.1 -p {self.port} -c max_connections=60"
        settings += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        return subprocess.Popen(
            [f"{binaries}/postgres", *settings.split()],
            cwd=self.directory,
            preexec_fn=end_with_parent,
            **options,
        )

    def answers(self) -> bool:
        ready = [f"{_postgres_binaries()}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready, check=False).returncode == 0


def _postgres_binaries() -> str:
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    return os.path.dirname(found[-1]) if found else ""


def _unprivileged_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


if __name__ == "__main__":
    if lacking("postgres"):
        print("!!! No PostgreSQL on this machine: the tests on it are skipped !!!", file=sys.stderr)  # noqa: T201
        sys.exit(os.environ.get("CI") == "true")
    with Postgres() as postgres:
        environment = os.environ | {"DATABASE_URL": postgres.url}
        sys.exit(subprocess.run(sys.argv[1:], env=environment, check=False).returncode)
