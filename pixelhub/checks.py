"""Checks of where the data is stored, run by Django's `check`."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import environ
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

HAS_PIXELS = "SELECT 1 FROM django_migrations WHERE app = 'pixels'"


@register
def misplaced_database(**kwargs: Any) -> list[CheckMessage]:
    """Name a database that an earlier version wrote outside of DATA_DIR.

    That version put the path into a URL unquoted: "#" and "?" cut the path off, and "+" and "%20" became a space.
    """
    if settings.DATABASES["default"]["NAME"] != settings.DATABASE_FILE:
        return []
    current = Path(settings.DATABASE_FILE)
    earlier = Path(environ.Env.db_url_config(f"sqlite:///{current}")["NAME"])
    if earlier == current or not _is_ours(earlier):
        return []
    said = f"An earlier version of PixelHub kept its database in {earlier}, outside of DATA_DIR."
    if _is_ours(current, "mode=ro"):  # a connection makes an empty file, which is no database yet
        hint = f"PixelHub uses {current}. If nothing in the other one is needed any more, delete it."
        return [Warning(said, hint=hint, id="pixelhub.W001")]
    hint = (
        f"Stop every PixelHub that still uses it. To keep its data, move it to {current}, and the files beside it, if "
        f"there are any, to {current.name}-wal and {current.name}-shm there. To begin without it, give it another name."
    )
    return [Error(said, hint=hint, id="pixelhub.E001")]


def _is_ours(path: Path, how: str = "immutable=1") -> bool:
    """Whether this file holds PixelHub's tables. It is opened as immutable, so that SQLite makes no other file
    beside it."""
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?{how}", uri=True)) as database:
            return database.execute(HAS_PIXELS).fetchone() is not None
    except sqlite3.Error:
        return False
