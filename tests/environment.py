"""The environment every test runs in, set before Django reads its settings (-p in pyproject.toml)."""

import atexit
import base64
import os
import secrets
import shutil
import tempfile
from pathlib import Path

import pytest

# Short, because a unix socket's path is; one per process, because pytest-xdist starts several.
_directory = Path(tempfile.mkdtemp(prefix="pixelhub-test-"))
(_directory / "static").mkdir()
atexit.register(shutil.rmtree, _directory, ignore_errors=True)

os.environ.update(
    READ_DOT_ENV="0",
    DATA_DIR=str(_directory),
    STATIC_ROOT=str(_directory / "static"),
    SECRET_KEY=secrets.token_urlsafe(50),
    CREDENTIAL_KEYS=base64.b64encode(secrets.token_bytes(32)).decode(),
    DEMO_PASSWORD=secrets.token_urlsafe(12),
    ADMIN_PASSWORD=secrets.token_urlsafe(12),
    PULL_CONNECTIONS="1",  # servers that follow a script answer in the order they are asked; some tests ask for more
)
# Only DATABASE_URL is taken from outside: `python -m tests.services` sets it for the tests on PostgreSQL.
for name in ("REDIS_URL", "PRODUCTION", "DEBUG", "ALLOWED_HOSTS", "EMAIL_URL", "SANDBOX_URL", "SANDBOX_PORT"):
    os.environ.pop(name, None)


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    # Without collectstatic there is no manifest; and a test's password needs no hard work.
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
