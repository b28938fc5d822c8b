"""Zarr, Dask, PyTorch and Keras as streams: the real libraries."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw

pytestmark = pytest.mark.heavy
N = 503
X = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def fitted(X, y=None, **more):
    net = lw.Network([lw.Dense(6), lw.ReLU(), lw.Dense(2), lw.Softmax()], random_state=0)
    net.fit(X, y, epochs=2, batch_size=16, verbose=False, **more)
    return net


def blocks(*arrays, size=50):
    return [tuple(a[i : i + size] for a in arrays) for i in range(0, len(arrays[0]), size)]


def same(one, other):
    return bool((one.theta == other.theta).all())


def test_dask_arrays():
    da = pytest.importorskip("dask.array")
    data, y = da.from_array(X, chunks=(50, 2)), da.from_array(Y, chunks=50)
    assert same(fitted(data, y), fitted(X, Y))
    stream = fitted(data, y, window=100)
    assert same(stream, fitted(blocks(X, Y), window=100))
    assert same(stream, fitted(data, Y, window=100))
    unknown = data[data[:, 0] > -9]
    assert same(stream, fitted(unknown, y, window=100))
    weights = np.linspace(0.5, 1.5, N)
    assert fitted(data, y, window=100, sample_weight=da.from_array(weights, chunks=100)).last_fit["rows"] == N
    assert (stream.predict(data) == stream.predict(X)).all()
    with pytest.raises(lw.ShapeError, match="X has 503 rows and y 500"):
        fitted(data, y[:500], window=100)
    spoiled = data.copy()
    spoiled[260, 1] = np.nan
    with pytest.raises(lw.DataError, match=r"chunk 5 \(rows 250 to 299\): X: row 10, column 1 is nan"):
        fitted(spoiled, y, window=100)


def test_dask_frames():
    dd, pd = pytest.importorskip("dask.dataframe"), pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd")).assign(y=Y)
    parted = dd.from_pandas(frame, npartitions=6)
    whole = fitted(parted, "y")
    assert same(whole, fitted(X, Y))
    assert [column["name"] for column in whole.columns] == list("abcd")
    stream = fitted(parted, "y", window=100)
    sizes = [len(parted.get_partition(i)) for i in range(6)]
    ends = np.cumsum(sizes)
    assert same(stream, fitted([(X[b - n : b], Y[b - n : b]) for n, b in zip(sizes, ends)], window=100))
    assert (stream.predict(parted) == stream.predict(X)).all()
    with pytest.raises(lw.UnknownNameError, match="the Dask DataFrame has no column 'z'"):
        fitted(parted, "z")


def test_zarr(tmp_path):
    zarr = pytest.importorskip("zarr")
    data = zarr.open(tmp_path / "X.zarr", mode="w", shape=X.shape, chunks=(50, 4), dtype="f4")
    y = zarr.open(tmp_path / "y.zarr", mode="w", shape=Y.shape, chunks=(70,), dtype="i8")
    data[:], y[:] = X, Y
    assert same(fitted(data, y), fitted(X, Y))
    stream = fitted(data, y, window=100)
    assert same(stream, fitted(data, Y, window=100, n_threads=1))
    assert (stream.predict(data) == stream.predict(X)).all()


def test_a_data_loader():
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    loader = torch.utils.data.DataLoader(data, batch_size=50)
    assert same(fitted(loader), fitted(X, Y))
    assert same(fitted(loader, window=100), fitted(lambda: iter(blocks(X, Y)), window=100))
    with pytest.raises(lw.DataError, match="DataLoader"):
        fitted(data, window=100)


def test_keras_py_dataset():
    keras = pytest.importorskip("keras")

    class Blocks(keras.utils.PyDataset):
        def __len__(self):
            return len(blocks(X))

        def __getitem__(self, i):
            return blocks(X, Y)[i]

    assert same(fitted(Blocks(), window=100), fitted(blocks(X, Y), window=100))


def test_a_gigabyte_takes_little_memory_beside_the_window(tmp_path):
    script = Path(__file__).parents[2] / "benchmarks" / "streams.py"
    if not script.exists() or sys.platform != "linux":
        pytest.skip("no /proc, or the benchmarks are not beside these tests")
    command = [sys.executable, str(script), "memory", "--gigabytes", "1", "--folder", str(tmp_path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    more = [float(line.split(": ")[-1].split()[0]) for line in shown.splitlines() if line.startswith("resident")]
    assert len(more) == 2
    assert max(more) < 256 + 300
