"""The rounds, in processes of their own: what comes out, not how fast."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from layerwise.app.bench import child, growth, measure, predictors
from layerwise.app.bench.measure import compare
from layerwise.app.bench.peers import PEERS
from layerwise.app.bench.works import Work

TINY = Work("tiny", (20, 8, 2), "relu", "adam", 1e-2, 50, "sines", 500)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(measure, "LIMIT_SIZE", 64)
    monkeypatch.setattr(measure, "IMPORTS", 1)


def test_training_in_processes():
    doing = []
    found = compare(TINY, [PEERS["layerwise"], PEERS["numpy"]], rounds=1, epochs=1, watch=doing.append)
    assert (found.work, found.per, found.flops) == ("tiny", "step", 2 * 50 * (160 + 16) * 2 + 2 * 50 * 16)
    assert [one.peer for one in found.measured] == ["layerwise", "numpy"]
    for one in found.measured:
        assert one.error is None
        assert 0 < one.microseconds == one.slowest
        assert 0 < one.accuracy <= 1
        assert one.memory_mb > 5
        assert one.share == pytest.approx(found.flops / one.microseconds / 1e3 / found.all_cores)
    assert doing[-1] == "tiny, round 1 of 1: plain NumPy"


def test_prediction_in_a_process():
    work = predictors.Prediction("one", (5, 4, 3), "relu", 1)
    found = compare(work, [PEERS["numpy"], PEERS["layerwise-numpy"]], rounds=1)
    assert (found.per, found.flops) == ("call", 2 * (20 + 12))
    [one] = found.measured  # the NumPy executor is no peer in prediction
    assert one.microseconds > 0
    assert one.accuracy is None


def test_a_peer_that_fails_does_not_stop_the_others(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise ImportError('this torch is broken')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    found = compare(TINY, [PEERS["torch"], PEERS["numpy"]], rounds=1, epochs=1)
    broken, fine = found.measured
    assert broken.error == "ImportError: this torch is broken"
    assert broken.microseconds is broken.share is None
    assert fine.error is None
    assert fine.microseconds > 0


def test_rounds_are_interleaved_and_the_fastest_counts(monkeypatch):
    asked, times = [], iter([5.0, 7.0, 4.0, 9.0])

    def ask(requests, threads=None):
        [request] = requests
        if request["task"] == "limit":
            return [{1: 10.0, None: 20.0}[threads]]
        asked.append((request["peer"], threads))
        return [{"microseconds": next(times), "accuracy": 0.5, "memory_mb": None}]

    monkeypatch.setattr(measure, "ask", ask)
    found = compare(TINY, [PEERS["layerwise"], PEERS["layerwise-1"]], rounds=2)
    assert asked == [("layerwise", None), ("layerwise-1", 1)] * 2
    first, second = found.measured
    assert (first.microseconds, first.slowest, second.microseconds, second.slowest) == (4, 5, 7, 9)
    assert (found.one_core, found.all_cores) == (10, 20)
    assert first.share == pytest.approx(found.flops / 4e3 / 20)
    assert second.share == pytest.approx(found.flops / 7e3 / 10)
    assert found.times_faster(second) == pytest.approx(7 / 4)


def test_processes_do_not_inherit_a_forced_kernel(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_L2_SIZE", "1")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert measure._run(["-c", "import os; print([n for n in os.environ if n.startswith('OPENBLAS')])"]) == "[]"


def test_threads_bound_a_process():
    code = "import os; print(os.environ['OMP_NUM_THREADS'], len(getattr(os, 'sched_getaffinity', lambda _: '1')(0)))"
    before = getattr(os, "sched_getaffinity", lambda _: None)(0)
    assert measure._run(["-c", code], threads=1) == "1 1"
    assert getattr(os, "sched_getaffinity", lambda _: None)(0) == before


def test_import_time():
    assert 0 < measure.import_time() < 60_000


def test_limit_and_memory_and_calls():
    assert child.limit(32) > 0
    assert child.peak_memory() is None or child.peak_memory() > 5
    assert 0 < child.time_call(lambda: sum(range(1000))) < 1


def test_growth_asks_for_every_size(monkeypatch):
    def ask(requests, threads=None):
        assert json.loads(json.dumps(requests)) is not None
        return [{"microseconds": 2.0 * request["work"]["batch"], "accuracy": None} for request in requests]

    monkeypatch.setattr(growth, "ask", ask)
    found = growth.measure(quick=True)
    assert [panel.name for panel in found] == ["rows", "width", "depth", "batch", "threads"]
    for panel in found:
        assert {"layerwise", "layerwise (NumPy)"} <= set(panel.series)
        assert all(len(values) == len(panel.sizes) for values in panel.series.values())
    assert found[3].series["layerwise"] == [2.0, 8.0]
    assert found[0].series["layerwise"] == pytest.approx([4 * 500 / 1e6, 40 * 500 / 1e6])  # seconds an epoch


def test_growth_of_a_peer_that_fails(monkeypatch):
    def ask(requests, threads=None):
        if requests[0]["peer"] == "layerwise-numpy":
            raise measure.PeerError("broken")
        return [{"microseconds": 1.0} for _ in requests]

    monkeypatch.setattr(growth, "ask", ask)
    for panel in growth.measure(quick=True):
        assert set(panel.series["layerwise (NumPy)"]) == {None}
        assert None not in panel.series["layerwise"]


def test_growth_takes_sizes_that_are_soon_done():
    panels = {panel.name: panel for panel in growth.panels()}
    assert [*panels["rows"].works] == [1000, 10_000, 100_000, 1_000_000]
    assert [panels["rows"].works[n].rows for n in panels["rows"].works] == [*panels["rows"].works]
    assert panels["depth"].works[16].sizes == (64, *[128] * 16, 10)
    assert {n for n in panels["batch"].works if panels["batch"].works[n].batch == n} == set(panels["batch"].works)
    assert sum(work.steps * work.flops for panel in panels.values() for work in panel.works.values()) < 1e11


def test_a_growth_panel_in_a_process():
    panel = growth.Panel("batch", "µs a step", "20-8-2", {50: TINY, 100: replace(TINY, batch=100)})
    assert np.isfinite(growth._times(panel, PEERS["numpy"])).all()
