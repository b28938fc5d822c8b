"""Estimators hold all rows: they take short streams as the arrays that these are, and say what is for long ones."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.streams import opening, scan

pytest.importorskip("sklearn")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
Y = np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)]


def blocks():
    return ((X[i : i + 50], Y[i : i + 50]) for i in range(0, 300, 50))


def test_short_streams_are_arrays():
    whole = lw.MLPClassifier((4,), max_iter=3, random_state=0).fit(X, Y)
    stream = lw.MLPClassifier((4,), max_iter=3, random_state=0).fit(blocks, None)
    assert (whole.network_.theta == stream.network_.theta).all()
    assert stream.classes_.tolist() == ["no", "yes"]
    assert (stream.predict(lambda: (x for x, _ in blocks())) == whole.predict(X)).all()


def test_parquet(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"a": X[:, 0], "b": X[:, 1], "y": X[:, 2]}), tmp_path / "t.parquet")
    whole = lw.MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0).fit(X[:, :2], X[:, 2])
    stream = lw.MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0).fit(tmp_path / "t.parquet", "y")
    assert (whole.network_.theta == stream.network_.theta).all()


def test_long_ones_are_refused_before_they_are_read(monkeypatch):
    monkeypatch.setattr(scan, "WINDOW_BYTES", 100 * X[0].nbytes)
    read = []

    def counted():
        for block in blocks():
            read.append(0)
            yield block

    with pytest.raises(lw.DataError, match=r"MLPClassifier holds all rows in memory.*Network.fit.*partial_fit"):
        lw.MLPClassifier((4,), max_iter=3).fit(counted, None)
    assert len(read) == 3
    assert opening.WINDOW_BYTES > 10**8


def test_partial_fit_takes_blocks_that_lack_classes():
    y = np.arange(300) // 100
    known = lw.MLPClassifier((4,), random_state=0)
    for start in range(0, 300, 50):  # of one class each
        known.partial_fit(X[start : start + 50], y[start : start + 50], classes=[0, 1, 2])
    assert known.classes_.tolist() == [0, 1, 2]
