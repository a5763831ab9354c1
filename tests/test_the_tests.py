"""The tests themselves: each can be read alone, and none is left out of every run by accident."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import ROOT

HIDING = """
import pytest

@pytest.fixture
def thing():
    return 1

@pytest.mark.parametrize({names!r}, [(2, 3)]{more})
def test_thing(thing, other):
    assert thing

@pytest.fixture
def {fixture}():
    return 1
"""


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").rpartition(".")[2], *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name.rpartition(".")[2] for alias in node.names}
    return found


def test_no_test_module_imports_another():
    modules = {path.stem: path for path in (ROOT / "tests").rglob("*.py")}
    tests = {name for name in modules if name.startswith("test_")}
    assert len(tests) > 100
    both = {str(path): sorted(imported(path) & tests) for path in (ROOT / "tests").rglob("*.py")}
    assert {path: names for path, names in both.items() if names} == {}


@pytest.mark.parametrize(
    ("names", "more", "fixture", "code"),
    [
        ("thing, other", "", "unused", 4),
        ("thing,other", ", indirect=['thing']", "unused", 0),
    ],
)
def test_an_argument_named_like_a_fixture_is_refused_when_tests_are_collected(tmp_path, names, more, fixture, code):
    """As "page" would mark a test as one for the browser, and no run would play it."""
    path = tmp_path / "test_hiding.py"
    path.write_text(HIDING.format(names=names, more=more, fixture=fixture))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--collect-only",
        f"--rootdir={ROOT}",
        "-c",
        "pyproject.toml",
        path,
    ]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (answer.returncode, "hides the fixture" in answer.stdout + answer.stderr) == (code, code == 4), answer.stdout
