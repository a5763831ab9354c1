"""Production refuses unsafe settings, and .env gets only the secrets that it lacks."""

import base64
import functools
import os
import re
import subprocess
import sys
from typing import ClassVar

import environ
import pytest
from django.conf import settings

from pixelhub.local import dotenv
from pixelhub.variables import VARIABLES
from pixels.providers import conf
from pixels.providers.registry import PROVIDERS
from tests.stack import ROOT

EVERY_VARIABLE = (*VARIABLES, *conf.VARIABLES)
PRODUCTION = {
    "PRODUCTION": "1",
    "SECRET_KEY": os.environ["SECRET_KEY"],
    "CREDENTIAL_KEYS": os.environ["CREDENTIAL_KEYS"],
    "ALLOWED_HOSTS": "pixelhub.example",
}


def check(tmp_path, **changes):
    environment = {"PATH": os.environ["PATH"], "READ_DOT_ENV": "0", "DATA_DIR": str(tmp_path)}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment | PRODUCTION | changes,
        capture_output=True,
        text=True,
    )


def test_production_settings_pass_the_deployment_check(tmp_path):
    answer = check(tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "no issues (0 silenced)" in answer.stdout


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"SECRET_KEY": ""}, "needs a SECRET_KEY of at least 50 characters"),
        ({"SECRET_KEY": "short"}, "needs a SECRET_KEY of at least 50 characters"),
        ({"CREDENTIAL_KEYS": ""}, "needs CREDENTIAL_KEYS"),
        ({"ALLOWED_HOSTS": ""}, "needs ALLOWED_HOSTS"),
        ({"DEBUG": "1"}, "does not go with DEBUG=1"),
    ],
)
def test_production_refuses(tmp_path, change, sentence):
    answer = check(tmp_path, **change)
    assert answer.returncode != 0
    assert f"ImproperlyConfigured: PRODUCTION=1 {sentence}" in answer.stderr


def test_a_quiet_time_in_which_the_lost_request_may_still_be_on_its_way_is_refused(tmp_path):
    answer = check(tmp_path, QUIET_TIME="30")
    assert answer.returncode != 0
    assert "QUIET_TIME must be longer than CALL_DEADLINE" in answer.stderr


def test_every_variable_is_in_the_example_file_and_in_the_table():
    """With the same defaults and explanations, and no others."""
    example = re.findall(r"^# ([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    table = re.findall(r"^\| `[A-Z_]+` \|.*$", (ROOT / "docs/running.md").read_text(), re.MULTILINE)
    assert sorted(table) == sorted(
        f"| `{variable.name}` | {variable.default_in_words or written(variable.default)} | {variable.explanation} |"
        for variable in EVERY_VARIABLE
    )
    assert sorted(name for name, _ in example) == sorted(variable.name for variable in EVERY_VARIABLE)
    plain = {variable.name: written(variable.default) for variable in EVERY_VARIABLE if not variable.default_in_words}
    assert {name: value for name, value in example if name in plain} == plain


def written(default):
    """A default as people write it into the environment."""
    if isinstance(default, list):
        return ",".join(default)
    return f"{default:.12g}" if isinstance(default, int | float) else default


def test_the_settings_read_every_variable():
    code = (ROOT / "pixelhub/settings.py").read_text()
    read = set(re.findall(r'\benv(?:\.email)?\(\s*"([A-Z_]+)"', code))
    assert read == {variable.name for variable in VARIABLES}
    assert all(hasattr(settings, variable.name) for variable in conf.VARIABLES)


def test_each_provider_has_its_address_and_no_variable_of_another_name():
    names = {variable.name for variable in conf.VARIABLES}
    assert {name.partition("_")[0].lower() for name in names} == set(PROVIDERS)
    assert {f"{slug.upper()}_URL" for slug in PROVIDERS} <= names


def test_a_provider_is_asked_at_the_address_that_is_set(settings):
    assert PROVIDERS["xandr"].base_url() == PROVIDERS["xandr"].live_url
    settings.XANDR_URL = "https://other.example"
    assert PROVIDERS["xandr"].base_url() == "https://other.example"


def test_an_address_that_is_not_https_is_refused(tmp_path):
    answer = check(tmp_path, XANDR_URL="http://other.example")
    assert answer.returncode != 0
    assert "XANDR_URL must begin with https://" in answer.stderr


def test_variables_of_an_earlier_version_still_work_and_the_log_names_the_new_ones(tmp_path):
    old = {"SWEEP_INTERVAL": "7", "LATE_CHECKS": "60,120", "TELL_DOWN_AFTER": "90"}
    shown = "from django.conf import settings as s; print(s.DISPATCH_INTERVAL, s.DUPLICATE_CHECKS, s.NOTIFY_DOWN_AFTER)"
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", shown]
    environment = {"PATH": os.environ["PATH"], "READ_DOT_ENV": "0", "DATA_DIR": str(tmp_path)}
    run = functools.partial(subprocess.run, command, cwd=ROOT, capture_output=True, text=True)
    answer = run(env=environment | old)
    assert answer.stdout.split() == ["7.0", "[60.0,", "120.0]", "90.0"], answer.stderr
    assert "SWEEP_INTERVAL is called DISPATCH_INTERVAL now" in answer.stderr
    both = run(env=environment | old | {"DISPATCH_INTERVAL": "8"})
    assert both.stdout.split()[0] == "8.0"
    assert "SWEEP_INTERVAL" not in both.stderr


def test_drawn_secrets_are_private_and_readable_by_the_settings(tmp_path):
    path = tmp_path / ".env"
    drawn = dotenv.draw(path, list(dotenv.DRAWN))
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(drawn["SECRET_KEY"]) >= 50
    assert len(base64.b64decode(drawn["CREDENTIAL_KEYS"])) == 32

    class Fresh(environ.Env):
        ENVIRON: ClassVar[dict[str, str]] = {}

    Fresh.read_env(path)
    assert drawn == Fresh.ENVIRON


def test_existing_secrets_stay(tmp_path):
    path = tmp_path / ".env"
    path.write_text("# mine\nSECRET_KEY=chosen\nPORT=9000\nDEMO_PASSWORD=\nADMIN_PASSWORD=kept")
    drawn = dotenv.draw(path, ["CREDENTIAL_KEYS", "DEMO_PASSWORD"])
    assert path.read_text().splitlines() == [
        "# mine",
        "SECRET_KEY=chosen",
        "PORT=9000",
        "ADMIN_PASSWORD=kept",
        f"CREDENTIAL_KEYS={drawn['CREDENTIAL_KEYS']}",
        f"DEMO_PASSWORD={drawn['DEMO_PASSWORD']}",
    ]


def test_only_missing_secrets_are_drawn():
    complete = dict.fromkeys(dotenv.DRAWN, "set")
    assert dotenv.missing(complete) == []
    assert dotenv.missing(complete | {"SECRET_KEY": ""}) == ["SECRET_KEY"]
