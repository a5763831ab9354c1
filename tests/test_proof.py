"""What `make proof` makes of pytest's report."""

from xml.etree import ElementTree

from tests import cells, proof

REPORT = """<testsuites><testsuite>
  <testcase classname="tests.pixels.test_a" name="test_all[x-1]"><properties><property name="table" value="yes"/>
    </properties></testcase>
  <testcase classname="tests.pixels.test_a" name="test_all[x-2]"><properties><property name="table" value="yes"/>
    </properties><failure message="no"/></testcase>
  <testcase classname="tests.test_b" name="test_alone"><error message="no"/></testcase>
  <testcase classname="tests.test_b" name="test_skipped"><skipped/></testcase>
</testsuite></testsuites>"""


def runs():
    return [proof.Run("SQLite", list(proof.cases_of(ElementTree.fromstring(REPORT))), 90, 1)]


def test_the_page_counts_tests_and_cells_and_names_what_failed():
    text = "\n".join(proof.lines(runs(), "0123456789abcdef"))
    assert "Commit `0123456789ab`" in text
    assert "| SQLite | 4 | 1 | 1 | 2 | 1.5 |" in text
    assert "- all: 2 cells, 1 failed\n  (`tests/pixels/test_a.py`)" in text
    assert text.endswith("- SQLite: `tests/pixels/test_a.py::test_all[x-2]`\n- SQLite: `tests/test_b.py::test_alone`")
    assert max(map(len, text.splitlines())) <= 140


def test_a_cell_that_failed_is_kept_once_with_where_it_failed(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "FAILED", tmp_path / "failed.txt")
    cells.FAILED.write_text("# Why.\n")
    for _ in range(2):
        proof.remember(runs(), "0123456789abcdef")
    said = "# Why.\n# on SQLite, at 0123456789ab\ntests/pixels/test_a.py::test_all[x-2]\n"
    assert cells.FAILED.read_text() == said
