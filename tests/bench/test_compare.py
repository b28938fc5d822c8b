"""benchmarks/compare.py: two builds timed in turns."""

import runpy
import sys
from pathlib import Path

import pytest

from layerwise.engine import native_engine

COMPARE = Path(__file__).parents[2] / "benchmarks" / "compare.py"
pytestmark = pytest.mark.skipif(not COMPARE.is_file(), reason="the benchmarks are not in this copy of the sources")


@pytest.fixture
def compare():
    return runpy.run_path(str(COMPARE))


def test_summary_has_the_fastest_runs_and_the_quartiles_of_the_ratios(compare):
    # Ratios by round: 1/4, 2/2, 4/8, sorted 0.25, 0.5, 1; a quarter of the way is 0.375, three quarters 0.75.
    assert compare["summary"]([4.0, 2.0, 8.0], [1.0, 2.0, 4.0]) == (2.0, 1.0, 0.5, 0.375, 0.75)
    assert compare["summary"]([2.0], [3.0]) == (2.0, 3.0, 1.5, 1.5, 1.5)


def test_table_in_markdown(compare):
    found = compare["table"]({"old": {"A": [2.0]}, "new": {"A": [3.0]}}, markdown=True).splitlines()
    assert found[2] == "| A | µs a step | 2.00 | 3.00 | 1.500 | 1.500 to 1.500 |"


@pytest.mark.skipif(native_engine._native is None, reason="the native executor is not installed")
def test_a_build_beside_itself(compare, capsys):
    compare["main"]([sys.executable, sys.executable, "--rounds", "1", "--works", "D", "P1", "import"])
    _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == ["D", "P1", "import"]
    assert all(float(number.replace(",", "")) > 0 for row in rows for number in row.split()[-6:-2])


def test_a_python_without_layerwise_is_named(compare, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no layerwise here >&2\nexit 1\n", encoding="utf-8")
    python.chmod(0o755)
    if sys.platform == "win32":
        pytest.skip("a script of POSIX shells")
    with pytest.raises(SystemExit, match=r"python: no layerwise here"):
        compare["main"]([str(python), str(python), "--rounds", "1", "--works", "import"])
    with pytest.raises(SystemExit):
        compare["main"](["old", "new", "--rounds", "0"])
