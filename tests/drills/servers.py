"""Temporary servers for drills to damage: a Redis without persistence, a PostgreSQL that keeps committed data and
can be started again on it, and a disk of 64 MiB."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests import services
from tests.services import Redis, Service, end_with_parent, wait_for

SMALL = "64m"


class ForgetfulRedis(Redis):
    def start(self) -> subprocess.Popen:
        options = f"--bind 127.0.0.1 --port {self.port} --dir {self.directory} --appendonly no"
        command = ["redis-server", *options.split(), "--save", ""]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=end_with_parent)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGCONT)  # a frozen one would not hear that it is to end
        super().stop()


class Database(Service):
    """PostgreSQL on data that outlives its process. What it has committed is written, so that its death loses nothing
    (tests.services.Postgres takes that liberty); only the machine's own death would."""

    stop_signal = signal.SIGINT

    def __init__(self, *, small_disk: bool = False) -> None:
        self._small_disk = small_disk
        super().__init__()

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def url(self) -> str:
        return f"postgres://pixelhub@127.0.0.1:{self.port}/pixelhub"

    def start(self) -> subprocess.Popen:
        binaries = services._postgres_binaries()
        with open(self.directory / "log", "ab") as log:
            as_whom: dict[str, Any] = {"stdout": log, "stderr": log, "cwd": self.directory}
            if os.getuid() == 0:  # PostgreSQL refuses to run as root
                user = services._unprivileged_user()
                as_whom |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
                os.chown(self.directory, user.pw_uid, user.pw_gid)
            if not self.data.exists():
                self._make(binaries, as_whom)
            options = f"-D {self.data} -k {self.directory} -h 127.0.0.1 -p {self.port}"
            # The log is small enough for the small disk, and has files to spare when that is full.
            options += " -c max_connections=60 -c fsync=off -c min_wal_size=8MB -c max_wal_size=8MB"
            return subprocess.Popen([f"{binaries}/postgres", *options.split()], preexec_fn=end_with_parent, **as_whom)

    def _make(self, binaries: str, as_whom: dict[str, Any]) -> None:
        self.data.mkdir()
        if self._small_disk:
            mount(self.data)
        self.data.chmod(0o700)
        if "user" in as_whom:
            os.chown(self.data, as_whom["user"], as_whom["group"])
        options = ["-U", "pixelhub", "--auth=trust", "-E", "UTF8", "--no-sync", "--wal-segsize=1"]
        subprocess.run([f"{binaries}/initdb", "-D", self.data, *options], check=True, **as_whom)
        single = [f"{binaries}/postgres", "--single", "-D", self.data, "postgres"]
        subprocess.run(single, input=b"CREATE DATABASE pixelhub;\n", check=True, **as_whom)

    def answers(self) -> bool:
        ready = [f"{services._postgres_binaries()}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready, check=False).returncode == 0

    def stop(self) -> None:
        self.process.send_signal(self.stop_signal)
        self.process.wait(timeout=30)
        if self._small_disk:
            unmount(self.data)
        super().stop()

    def end_at_once(self) -> None:
        """What `pg_ctl stop -m immediate` does: no session is ended properly, and the next start recovers."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=30)

    def start_again(self) -> None:
        self.process = self.start()
        wait_for("PostgreSQL", self.answers, self.process)

    def run(self, tool: str, *arguments: str) -> None:
        """pg_dump and pg_restore, on this server."""
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "pixelhub", "--dbname", "pixelhub")
        subprocess.run([f"{services._postgres_binaries()}/{tool}", *where, *arguments], check=True, timeout=60)


def mount(directory: Path) -> None:
    """A disk of 64 MiB, in the mount namespace of this process: it is gone when the drill's last process is."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(directory)], check=True)


def unmount(directory: Path) -> None:
    subprocess.run(["umount", "--lazy", str(directory)], check=False)


class Filler(threading.Thread):
    """A file that takes all the free space, also space that others free meanwhile, until `free` is called."""

    def __init__(self, directory: Path) -> None:
        super().__init__(daemon=True)
        self._path = directory / "filler"
        self._ended = threading.Event()
        self.full = threading.Event()

    def run(self) -> None:
        with open(self._path, "ab", buffering=0) as file:
            while not self._ended.is_set():
                for size in (1 << 20, 4096):
                    with suppress(OSError):  # no room for one more of these
                        while file.write(bytes(size)) == size and not self._ended.is_set():
                            pass
                self.full.set()
                self._ended.wait(0.05)

    def free(self) -> None:
        self._ended.set()
        self.join(timeout=30)
        self._path.unlink(missing_ok=True)
