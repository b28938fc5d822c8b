"""The tests that docs/how-to/page.md names are there."""

import ast
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "page.md"


def test_each_request_has_its_test():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ") and "#" in line]
    named = [re.findall(r"`(test_\w+\.py)::(\w+)`", row) for row in rows]
    assert len(rows) > 20
    assert all(named), [row for row, found in zip(rows, named, strict=True) if not found]
    for file, name in {pair for found in named for pair in found}:
        tree = ast.parse((Path(__file__).parent / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{name}"
