"""What the bench knows of the product from outside: how its processes are started and what its tables are called."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

PIXEL_TABLES = ("pixels_pixel", "pixels_snippet")  # and what begins like them
COUNT = "SELECT count(*) FROM pixels_pixel"


@cache
def _keys() -> dict[str, str]:
    """Keys shared by all processes of a run, which share sealed values."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "CREDENTIAL_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
    }


def environment(
    database: str, sandbox_url: str, data_dir: Path, more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Of a process that works on this database alone: no budgets of ours, and no pause for web writes.

    `more` adds to it; an empty value takes away.
    """
    url = database if urlsplit(database).scheme else f"sqlite:///{database}"
    env = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        **_keys(),
        "READ_DOT_ENV": "0",
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": url,
        "SANDBOX_URL": sandbox_url,
        "XANDR_READS": "0",
        "XANDR_WRITES": "0",
        "PULL_PAUSE": "0",
        **(more or {}),
    }
    return {name: value for name, value in env.items() if value}
