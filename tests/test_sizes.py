"""A file of the product has one job, and so has a function: neither grows beyond what can be read at a sitting."""

import ast
from collections.abc import Iterator

from tests.stack import ROOT

FILE, FUNCTION = 400, 50  # lines, at most
REASONS: dict[str, str] = {}  # what may be longer, and why: "file" or "file:function"


def _sizes() -> Iterator[tuple[str, int, int]]:
    """Every file and every function: its name, its lines, and how many it may have."""
    for top in ("accounts", "pixelhub", "pixels"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            name, text = str(path.relative_to(ROOT)), path.read_text()
            yield name, text.count("\n"), FILE
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    assert node.end_lineno
                    yield f"{name}:{node.name}", node.end_lineno - node.lineno + 1, FUNCTION


def test_no_file_and_no_function_is_too_long():
    sizes = list(_sizes())
    assert len(sizes) > 1000
    assert [name for name, lines, most in sizes if lines > most and name not in REASONS] == []
