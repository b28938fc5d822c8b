"""The figures that the course must assert, as plain data: its sources' worked examples and published results."""

from pathlib import Path

import pytest

pytest.importorskip("sphinx")

from lesson_source import lessons
from published import read_figures

DOCS = Path(__file__).parents[2] / "docs"
NEEDED = """
    4.8, 1.21, 2.385
    2.8, -1.79, 1.885; 6.9, -4.81, -0.3; -0.59, -1.949, -0.474
    4.8, 1.21, 2.385; 8.9, -1.81, 0.2; 1.41, 1.051, 0.026
    0.5031, -1.04185, -2.03875; 0.2434, -2.7332, -5.7633; -0.99314, 1.41254, -0.35655
    0, 0, 0, 0.5, 1, 1, 1
    [0, 0], [0.00299556, 0.00964661], [0.01288097, 0.01556285], [0.02997479, 0.0044481], [0.03931246, 0.00932828]
    0.89528266, 0.02470831, 0.08000903
    0.3333333333333333
    1.124, 0.7547299213576082
    1.73908830732614, 0.850571226530534
    -0.018992369482903983
    -0.014334109526226761
    -0.04653130523311476
    -0.008613534018377424
    -0.006890827214701939
    1.5806890827214704, -0.13913864659816227
    2.451433410952623, -0.1081007630517096
    1.125412619579014, 0.7549913210309638
    1.7427101863028525, 0.8510309824120517
    0.011164479170294499
    0.011095884100559231
    0.63156739, 0.58574577, 0.43001486
    0.27676805, 0.29440967
    -0.33337478, 0.07526987
    0.0072134, -0.49464211, -0.82013814; -0.86530232, -0.07493331, -0.76904472
    0.53701384, 0.75994728, 0.01702788
    -0.11738908, 0.45404968; -0.65772813, 0.56625966; -0.15820821, -0.87532981
    0.967
    0.07
    0.97
    75%
    9,032
    9,458
    8,957
    9,385
    95.42%
    96.59%
    95.49%
    96.82%
    96.49%
    97.92%
    98.04%
    97.80%
    82.27%
    87.1%
    250,000
"""


def test_every_needed_figure_is_asserted_in_a_lesson():
    asserted = [
        figure.figure.removeprefix("about ").removeprefix("at least ")
        for name in lessons(DOCS)
        for figure in read_figures((DOCS / f"{name}.md").read_text(encoding="utf-8"))
    ]
    missing = [needed for needed in map(str.strip, NEEDED.strip().splitlines()) if needed not in asserted]
    assert not missing
