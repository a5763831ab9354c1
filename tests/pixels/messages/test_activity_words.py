"""What is recorded in the activity log can be said, and nothing can be said that is never recorded."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from accounts.activity import DETAILS, KINDS, VERBS, line
from accounts.models import Activity
from tests.pixels.activity_codes import VALUES, parameters_of
from tests.stack import ROOT


def recorded() -> Iterator[tuple[str, set[str]]]:
    """(code, names of the parameters) of every call of `accounts.activity.record`, as the sources have it."""
    for app in ("accounts", "pixels"):
        for path in (ROOT / app).rglob("*.py"):
            tree = ast.parse(path.read_text())
            names = {
                alias.asname or alias.name
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2] == "activity"
                for alias in node.names
                if alias.name == "record"
            }
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                    code = node.args[2]
                    for value in [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]:
                        assert isinstance(value, ast.Constant), f"{path}:{node.lineno}: a code is written out"
                        yield value.value, {word.arg for word in node.keywords}


def test_every_recorded_code_has_its_words_with_just_the_parameters_it_is_recorded_with():
    calls = list(recorded())
    assert len(calls) > 30
    assert [(code, given) for code, given in calls if code not in VERBS or given != parameters_of(code)] == []


def test_no_words_are_left_over():
    codes = {code for code, _ in recorded()}
    assert (set(VERBS) - codes, set(DETAILS) - codes) == (set(), set())
    assert {code.partition(".")[0] for code in codes} == set(KINDS)


@pytest.mark.parametrize("code", sorted(VERBS))
def test_every_line_reads_in_full(code):
    params = {name: VALUES[name] for name in parameters_of(code)}
    said = line(Activity(code=code, params=params, label="Shop"))
    assert said.verb == str(VERBS[code])
    assert bool(said.detail) == (code in DETAILS)
    assert "%(" not in said.detail


@pytest.mark.parametrize(
    ("code", "params", "verb", "detail"),
    [
        ("pixel.moved", {"website": "100 %(off)s"}, "moved pixel", "to 100 %(off)s"),
        ("pixel.moved_out", {}, "moved pixel", "to no website"),
        ("pixel.found", {"remote_id": "7"}, "found after a lost answer pixel", "as 7"),
        ("connection.ad_account_added", {"ad_account": "7 (x)"}, "added an ad account to connection", "7 (x)"),
        ("pixel.change_asked", {"provider": "xandr", "fields": ["events", "name", "trigger_type"]},
         "asked to change pixel", "Events, Name, Trigger type"),
        ("pixel.drift_ignored", {"provider": "easyflow", "fields": ["no_longer_there"]},
         "ignores differences of pixel", "No longer there"),
    ],
)  # fmt: skip
def test_what_is_said_beside_the_name(code, params, verb, detail):
    said = line(Activity(code=code, params=params, label="Shop"))
    assert (said.verb, said.detail) == (verb, detail)
