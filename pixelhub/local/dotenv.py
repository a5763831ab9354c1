"""The untracked .env, which holds the secrets that were drawn once for this installation."""

import base64
import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

DRAWN: Mapping[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "CREDENTIAL_KEYS": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
    "DEMO_PASSWORD": lambda: secrets.token_urlsafe(12),
    "ADMIN_PASSWORD": lambda: secrets.token_urlsafe(12),
}


def missing(environment: Mapping[str, str]) -> list[str]:
    return [name for name in DRAWN if not environment.get(name)]


def draw(path: Path, names: list[str]) -> dict[str, str]:
    """Draw these secrets, add them to the file and return them. Every other line stays as it is."""
    drawn = {name: DRAWN[name]() for name in names}
    text = path.read_text() if path.exists() else ""
    for name in names:
        # An empty assignment, as copied from .env.example, would win over the line below.
        text = re.sub(rf"^(export )?{name}=[ \t]*(\n|\Z)", "", text, flags=re.MULTILINE)
    if text and not text.endswith("\n"):
        text += "\n"
    text += "".join(f"{name}={value}\n" for name, value in drawn.items())
    # A new file replaces the old one, so that it is never half written and only its owner can read it.
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
    return drawn
