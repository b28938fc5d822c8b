"""What a report says: accuracies that stand out, the page, the table, the pictures, JSON there and back."""

import json
import math
from dataclasses import replace

import pytest

import layerwise as lw
from layerwise.app.bench import report
from layerwise.app.bench.predictors import PREDICTIONS
from layerwise.app.bench.results import Comparison, Growth, Measured, Report, machine
from layerwise.app.bench.works import WORKS


def comparison(work, description, per="step"):
    found = Comparison(work, description, per, 960_000, 50.0, 80.0, [
        Measured("layerwise", "layerwise", 40.0, 44.0, 0.952, 120.4),
        Measured("layerwise-1", "layerwise, 1 thread", 60.0, 61.0, 0.95, 119.0),
        Measured("numpy", "plain NumPy", 100.0, 130.0, 0.951, 110.0),
        Measured("sklearn", "scikit-learn", 1234.0, 1300.0, 0.89, 130.0),
        Measured("torch", "PyTorch", error="ImportError: no torch | here"),
    ])  # fmt: skip
    if per == "call":
        for one in found.measured:
            one.accuracy = None
    found.conclude({"layerwise-1": 1})
    return found


@pytest.fixture
def made():
    trained = [comparison(work.name, work.description) for work in WORKS.values()]
    predicted = [comparison(work.name, work.description, "call") for work in PREDICTIONS]
    growth = Growth("batch", "µs a step", "64-10", [1, 4], {"layerwise": [1.5, 2.25], "JAX": [3.0, None]})
    settings = {"rounds": 5, "epochs": 2, "threads": None}
    return Report(
        "2026-01-02", "layerwise bench", machine(["sklearn"]), settings, 40.4, [*trained, *predicted], [growth]
    )


def test_conclusions():
    own, single, _, other, failed = comparison("A", "a work").measured
    assert own.share == pytest.approx(0.96e6 / 40e-6 / 80e9)
    assert single.share == pytest.approx(0.96e6 / 60e-6 / 50e9)  # of one core
    assert [one.flagged for one in (own, single, other, failed)] == [False, False, True, False]
    assert failed.share is None


def test_an_accuracy_that_is_no_number_is_flagged():
    found = comparison("A", "a work")
    found.measured[2].accuracy = math.nan
    found.conclude({})
    assert found.measured[2].flagged


def test_rows_and_notes():
    found = comparison("A", "a work")
    rows = report.rows(found)
    assert report.header(found) == [
        "peer", "µs a step, fastest", "slowest", "layerwise is faster", "accuracy", "% of limit", "memory",
    ]  # fmt: skip
    assert rows[0] == ["layerwise", "40", "44", "", "95.20", "30.0", "120"]
    assert rows[3] == ["scikit-learn", "1,234", "1,300", "30.85 x", "89.00 !", "1.0", "130"]
    assert rows[4] == ["PyTorch", "failed", "", "", "", "", ""]
    assert report.notes(found)[0] == "PyTorch failed: ImportError: no torch | here"
    assert "scikit-learn differs by more than 2 points" in report.notes(found)[1]


def test_long_calls_are_in_milliseconds():
    found = comparison("P2", "rows", "call")
    for one in found.measured[:4]:
        one.microseconds, one.slowest = one.microseconds * 1000, one.slowest * 1000
    assert report.header(found)[1] == "ms a call, fastest"
    assert report.rows(found)[0][1] == "40"


def test_json_there_and_back(made):
    content = json.loads(made.to_json())
    assert content["comparisons"][0]["measured"][2]["layerwise_times_faster"] == 2.5
    assert Report.from_json(made.to_json()) == made


@pytest.mark.parametrize("change", [{"format": 2}, {"comparisons": [1]}, {"growth": None}, {"unknown": 1}])
def test_json_that_is_no_report(made, change):
    with pytest.raises(lw.FormatError, match="no report of a benchmark"):
        Report.from_json(json.dumps(made.to_dict() | change))
    with pytest.raises(lw.FormatError):
        Report.from_json("[]")


def test_the_page_has_everything(made):
    page = report.page(made, ["a.png", "a-growth.png"])
    for work in [*WORKS.values(), *PREDICTIONS]:
        assert f"\n### {work.name}: {work.description}\n" in page
    for text in (
        made.machine["processor"], "2026-01-02", "\n    layerwise bench\n", f"layerwise {lw.__version__}",
        "960,000 FLOPs a step", "layerwise reaches 30.0% of the limit", "](a.png)", "](a-growth.png)", "40 ms",
        "| layerwise | 1.5 | 2.25 |", "| JAX | 3 | failed |",
    ):  # fmt: skip
        assert text in page
    for line in page.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")


def test_a_page_of_little(made):
    page = report.page(replace(made, comparisons=[], growth=[], settings=made.settings | {"threads": 1}))
    assert "## Training" not in page
    assert "1 thread" in page


def test_the_table_of_a_terminal(made):
    console = pytest.importorskip("rich.console")
    out = console.Console(width=150)
    with out.capture() as captured:
        out.print(report.table(made.comparisons[0]))
        out.print(report.growth_table(made.growth[0]))
    assert "plain NumPy" in captured.get()
    assert "89.00 !" in captured.get()


def test_page_and_pictures_are_files(made, tmp_path):
    pytest.importorskip("matplotlib")
    written = report.write_page(replace(made, comparisons=made.comparisons[:1]), tmp_path / "page.md")
    assert [path.name for path in written] == ["page.md", "page.png", "page-growth.png"]
    assert "(page-growth.png)" in written[0].read_text(encoding="utf-8")
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written[1:])


def test_panels_show_the_times(made):
    figure = pytest.importorskip("matplotlib.figure")
    from layerwise.plots.benchmarks import draw_comparison, draw_growth

    left, right = figure.Figure().subplots(1, 2)
    draw_comparison(left, made.comparisons[0])
    draw_growth(right, made.growth[0])
    assert left.get_xscale() == right.get_xscale() == right.get_yscale() == "log"
    assert left.get_xlabel() == "µs a step, lower is better"
    assert [label.get_text() for label in left.get_yticklabels()][-1] == "PyTorch"
    assert left.get_lines()[0].get_xdata().tolist() == [40, 44]
    assert [line.get_label() for line in right.get_lines()] == ["layerwise", "JAX"]
    assert right.get_lines()[1].get_xydata().tolist() == [[1, 3]]
