"""The slice of the large tables: never without a kind, another for each commit, and all that failed once."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests import cells
from tests.stack import ROOT

MARKS = [SimpleNamespace(args=("fault", "provider")), SimpleNamespace(args=("operation",))]


def cell(fault, provider, operation, marks=MARKS):
    return SimpleNamespace(
        nodeid=f"tests/test_x.py::test_x[{fault}-{provider}-{operation}]",
        callspec=SimpleNamespace(params={"fault": fault, "provider": provider, "operation": operation}),
        iter_markers=lambda name: marks,
    )


TABLE = [cell(fault, provider, operation) for fault in range(20) for provider in "ab" for operation in range(12)]


def slice_of(word, always=(), table=TABLE):
    out = {one.nodeid for one in cells.left_out(table, word, always)}
    return {one.nodeid for one in table} - out


def test_each_kind_has_a_cell_in_each_slice_and_the_slice_is_small():
    for word in map(str, range(20)):
        parameters = [one.callspec.params for one in TABLE if one.nodeid in slice_of(word)]
        assert len({(row["fault"], row["provider"]) for row in parameters}) == 40
        assert len({row["operation"] for row in parameters}) == 12
        assert len(parameters) < len(TABLE) / 2


def test_a_word_draws_the_same_slice_whatever_the_order_and_all_words_together_draw_every_cell():
    assert slice_of("a") == slice_of("a", table=TABLE[::-1]) != slice_of("b")
    assert set.union(*(slice_of(str(word)) for word in range(40))) == {one.nodeid for one in TABLE}


def test_what_failed_once_is_in_each_slice():
    failed = [one.nodeid for one in cells.left_out(TABLE, "a", ())][:5]
    assert failed
    assert set(failed) <= slice_of("a", always=failed)


def test_a_test_that_is_no_table_is_never_left_out():
    plain = [cell(number, "a", 1, marks=[]) for number in range(50)]
    assert cells.left_out(plain, "a", ()) == []


def test_values_that_read_otherwise_in_each_process_are_refused():
    with pytest.raises(pytest.UsageError, match="values that can be read"):
        cells.left_out([cell(object(), "a", 1)], "a", ())


def collected(*arguments):
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", *arguments]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return {line for line in answer.stdout.splitlines() if "::" in line}


def test_a_run_has_a_slice_a_proof_has_all_and_a_cell_that_is_named_always_runs(monkeypatch):
    file = "tests/pixels/providers/test_redaction.py"
    monkeypatch.delenv("PROOF", raising=False)
    every, few = collected(file, "--proof"), collected(file)
    assert few < every
    monkeypatch.setenv("SLICE", "another")
    assert few != collected(file) < every
    left_out = min(every - collected(file))
    assert collected(left_out) == {left_out}


def test_every_cell_that_failed_once_is_still_there():
    """pytest refuses to collect a node id that names nothing."""
    failed = cells.ever_failed(cells.FAILED.read_text())
    assert not failed or collected("--proof", *failed) == set(failed)
    assert cells.ever_failed("# why\ntests/test_x.py::test_x[a b]\n\n") == ["tests/test_x.py::test_x[a b]"]
