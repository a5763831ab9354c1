"""The data is stored in DATA_DIR, whatever characters its path has; a database that an earlier version stored
elsewhere is named."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pixelhub.checks import _is_ours
from tests.services import free_port, wait_for
from tests.stack import ROOT, Stack

ODD = ["a#b", "a?b", "a+b", "a%20b", "a b", "a%b", "ä#é"]
OPENED = "from django.db import connection; connection.ensure_connection(); print(connection.settings_dict['NAME'])"


def manage(*arguments, data_dir, **more):
    environment = {"PATH": os.environ["PATH"], "READ_DOT_ENV": "0", "DATA_DIR": str(data_dir)} | more
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("name", ODD)
def test_the_database_is_in_the_data_directory_and_nowhere_else(tmp_path, name):
    data_dir = tmp_path / name / "data"
    opened = manage("shell", "--no-imports", "-c", OPENED, data_dir=data_dir)
    assert opened.stdout.strip() == str(data_dir / "pixelhub.sqlite3"), opened.stderr
    assert [path.relative_to(data_dir) for path in tmp_path.rglob("*") if path.is_file()] == [Path("pixelhub.sqlite3")]


@pytest.mark.services
def test_the_product_runs_in_such_a_checkout(tmp_path, copy_checkout, make_run, product):
    """`make run` as typed there: checkout, data and temporary directory all have such names."""
    checkout = copy_checkout(tmp_path / "pixel #1? a+b %20c" / "checkout")
    temporary = tmp_path / "t #?+%20"
    temporary.mkdir()
    log = tmp_path / "log"
    variables = [f"PORT={product.port}", f"SANDBOX_PORT={product.sandbox_port}", f"TMPDIR={temporary}"]
    running = make_run(checkout, log, *variables)
    wait_for("make run", lambda: "Ctrl-C stops it." in log.read_text(), running)
    assert product.healthy()
    assert f"Data:           {checkout}/var\n" in log.read_text()
    assert (checkout / "var/pixelhub.sqlite3").stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["log"]
    assert [path.name for path in (tmp_path / "pixel #1? a+b %20c").iterdir()] == ["checkout"]


@pytest.mark.services
def test_the_product_runs_on_such_data(tmp_path):
    stack = Stack("sqlite", DATA_DIR=str(tmp_path / "my%20data #2"))
    stack.data_dir = tmp_path / "my%20data #2"
    try:
        stack.start()
        assert (stack.data_dir / "pixelhub.sqlite3").stat().st_size > 0
        assert [path.name for path in tmp_path.iterdir()] == [stack.data_dir.name]
    finally:
        stack.clear()


@pytest.fixture
def left_behind(tmp_path):
    """A database of ours where an earlier version stored it: at the path up to the "#"."""
    path, data_dir = tmp_path / "shop", tmp_path / "shop#1"
    made = manage("migrate", "--verbosity", "0", data_dir=tmp_path / "x", DATABASE_URL=f"sqlite:///{path}")
    assert made.returncode == 0, made.stderr
    shutil.rmtree(tmp_path / "x")
    return path, data_dir


def test_what_an_earlier_start_left_elsewhere_is_named_before_a_second_database_is_made(left_behind):
    path, data_dir = left_behind
    for command in (["check"], ["migrate"], ["run"]):
        answer = manage(*command, data_dir=data_dir, PORT=str(free_port()), SANDBOX_PORT=str(free_port()))
        assert answer.returncode == 1
        assert f"kept its database in {path}, outside of DATA_DIR" in answer.stderr
        assert f"move it to {data_dir}/pixelhub.sqlite3" in answer.stderr
        assert "Traceback" not in answer.stderr
    assert not _is_ours(data_dir / "pixelhub.sqlite3")
    assert _is_ours(path)


def test_a_misplaced_database_is_named_until_it_is_moved(left_behind):
    path, data_dir = left_behind
    data_dir.mkdir()
    shutil.copy(path, data_dir / "pixelhub.sqlite3")
    both = manage("check", data_dir=data_dir)
    assert both.returncode == 0
    assert f"kept its database in {path}" in both.stderr
    assert sorted(tmp.name for tmp in path.parent.iterdir()) == [path.name, data_dir.name]  # no file beside it
    path.unlink()
    alone = manage("check", data_dir=data_dir)
    assert (alone.returncode, "no issues" in alone.stdout) == (0, True), alone.stderr


@pytest.mark.parametrize("content", [b"", b"notes of mine", b"SQLite format 3\0 but cut off"])
def test_somebody_elses_file_of_that_name_is_let_be(tmp_path, content):
    (tmp_path / "shop").write_bytes(content)
    answer = manage("check", data_dir=tmp_path / "shop#1")
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "shop").read_bytes() == content


@pytest.mark.parametrize(("sign", "written"), [("#", "%23"), ("?", "%3F"), ("+", "%2B")])
def test_a_database_url_that_would_mean_another_file_is_refused(tmp_path, sign, written):
    answer = manage("check", data_dir=tmp_path / "data", DATABASE_URL=f"sqlite:///{tmp_path}/a{sign}b.sqlite3")
    assert answer.returncode == 1
    assert "as %23, %3F and %2B" in answer.stderr
    url = f"sqlite:///{tmp_path}/a{written}b.sqlite3"
    opened = manage("shell", "--no-imports", "-c", OPENED, data_dir=tmp_path / "data", DATABASE_URL=url)
    assert opened.stdout.strip() == f"{tmp_path}/a{sign}b.sqlite3", opened.stderr
