"""`layerwise bench`: what it prints and writes, and its errors."""

from dataclasses import replace

import pytest

from layerwise.app.bench import growth, measure
from layerwise.app.bench.peers import PEERS
from layerwise.app.bench.results import Growth, Report
from layerwise.app.bench.works import WORKS

TINY = "20-4-2,relu,adam,0.01,5000"


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(measure, "LIMIT_SIZE", 64)
    monkeypatch.setattr(measure, "IMPORTS", 1)


def test_table_files_and_page(run, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    grown = Growth("batch", "µs a step", "64-10", [1, 4], {"layerwise": [1.5, 2.5]})
    monkeypatch.setattr(growth, "measure", lambda quick, watch: [grown])
    words = ["--peers", "numpy", "--rounds", 1, "--epochs", 1, "--growth"]
    done = run("bench", TINY, *words, "-o", "b.json", "--plot", "b.svg", "--page", "b.md")
    assert done.exit_code == 0, done.stderr
    assert "20-4-2, ReLU, Adam 0.01" in done.stdout
    assert "plain NumPy" in done.stdout
    assert "With batch: 64-10" in done.stdout
    assert "written  b.md" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {
        "b.json", "b.svg", "b-growth.svg", "b.md", "b.png", "b-growth.png",
    }  # fmt: skip
    report = Report.from_json((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert [one.peer for one in report.comparisons[0].measured] == ["layerwise", "numpy"]
    assert report.command == f"layerwise bench {TINY} --peers numpy --rounds 1 --epochs 1 --growth"
    assert report.growth == [grown]
    assert "### 20-4-2, ReLU" in (tmp_path / "b.md").read_text(encoding="utf-8")


def test_json(run, monkeypatch):
    def ask(requests, threads=None):
        [request] = requests
        if request["task"] == "limit":
            return [50.0]
        if request["peer"] == "numpy":
            raise measure.PeerError("it broke")
        return [{"microseconds": 5.0, "accuracy": 0.9, "memory_mb": 30.0}]

    monkeypatch.setattr(measure, "ask", ask)
    done = run("bench", "--peers", "numpy", "--predict", "--json")
    found = done.json()
    assert [one["work"] for one in found["comparisons"]] == [*WORKS, "P1", "P2", "P3", "P4"]
    assert [one["error"] for one in found["comparisons"][0]["measured"]] == [None, "it broke"]
    assert done.exit_code == 1  # for the peer that failed
    shown = run("bench", "A", "--peers", "numpy")
    assert "failed" in shown.stdout
    assert shown.stderr == "plain NumPy failed: it broke\n"


@pytest.mark.parametrize(("words", "text"), [
    (["F"], "'F' is not known"),
    (["A", "--peers", "sklaern"], "did you mean 'sklearn'"),
    (["A", "--threads", "100000"], "fewer than 100000"),
    (["A", "--rounds", "0"], "--rounds"),
    (["A", "--plot", "a.xyz"], "no format for pictures"),
])  # fmt: skip
def test_what_is_not_understood(run, words, text):
    done = run("bench", *words)
    assert done.exit_code == 2
    assert text in " ".join(done.stderr.replace("│", " ").split())


def test_what_cannot_be_used(run, monkeypatch):
    done = run("bench", "A", "--output", "absent/b.json")
    assert (done.exit_code, "no directory" in done.stderr) == (1, True)
    monkeypatch.setitem(PEERS, "jax", replace(PEERS["jax"], packages=("absent_jax",)))
    done = run("bench", "A", "--peers", "jax")
    assert done.exit_code == 1
    assert done.stderr == "error: peer jax is not installed: pip install absent_jax\n"
