"""Sparse rows: a dense first layer computes with their entries alone, and all is as with the same rows made dense."""

import tracemalloc

import numpy as np
import pytest
from native_and_numpy import TOLERANCE, apart, captured, differences, ending, needs_native, targets

import layerwise as lw
from layerwise.data.targets import encode
from layerwise.engine import native_engine
from layerwise.engine.plan import compile_training
from layerwise.engine.sparse import rows_for
from layerwise.parts.losses import LOSSES
from layerwise.parts.optimizers import OPTIMIZERS

sparse = pytest.importorskip("scipy.sparse")
ENGINES = ["numpy", pytest.param("native", marks=needs_native)]
DTYPES = [np.float32, np.float64]


def matrix(n=83, n_in=61, density=0.1, seed=0):
    """With empty rows and columns that are never there."""
    X = sparse.random(n, n_in, density, "csr", np.float64, np.random.default_rng(seed))
    X.data -= 0.4
    X = X.tolil()
    X[3] = X[n - 1] = 0
    X[:, n_in // 2] = 0
    return X.tocsr()


def as_dense(layers, X, y, dtype, engine, **arguments):
    """How far a training on sparse rows is from that on the same rows made dense."""
    nets = []
    for rows in (X, X.toarray()):
        net = lw.Network(layers, random_state=3, dtype=dtype)
        net.fit(rows, y, engine=engine, epochs=2, verbose=False, **arguments)
        nets.append(net)
    a, b = nets
    found = {"theta": apart(a.theta, b.theta), "grad": apart(a.grad, b.grad)}
    found["outputs"] = apart(a.outputs(X), b.outputs(X.toarray()))
    assert a.history.columns.keys() == b.history.columns.keys()
    for name in set(a.history.columns) - {"seconds", "samples_per_second"}:
        found[name] = apart(np.array(a.history[name]), np.array(b.history[name]))
    return found


def close(found, dtype, factor=1):
    for name, value in found.items():
        assert value <= factor * TOLERANCE[dtype], f"{name} differs by {value:.2e}"


STACKS = {
    "narrow": lambda: [lw.Dense(3), lw.Softmax()],
    "one output": lambda: [lw.Dense(1, penalty=lw.L1(0.01)), lw.Sigmoid()],
    "hidden": lambda: [lw.Dense(20), lw.ReLU(), lw.Dense(3), lw.Softmax()],
    "wide": lambda: [lw.Dense(150), lw.Tanh(), lw.Dropout(0.3), lw.Dense(40), lw.ReLU(), lw.Dense(3), lw.Softmax()],
    "batch norm": lambda: [lw.Dense(17), lw.BatchNorm(), lw.ReLU(), lw.Dense(3), lw.Softmax()],
    "layer norm": lambda: [lw.Dense(16), lw.LayerNorm(), lw.GELU(), lw.Dropout(0.2), lw.Dense(3), lw.Softmax()],
    "rates": lambda: [lw.Dense(20, weight_rate=0.3, bias_rate=2.0), lw.Softplus(), lw.Dense(3), lw.Softmax()],
    "softmax inside": lambda: [lw.Dense(9), lw.Softmax(), lw.Dense(3), lw.Softmax()],
}


@pytest.mark.sampled(5)
@pytest.mark.parametrize("batch_size", [1, pytest.param(200, marks=pytest.mark.slow), 16])
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("engine", ENGINES)
def test_all_is_as_with_dense_rows(engine, dtype, stack, batch_size):
    """Whole trainings; clipped, with penalties, weights and an average; with held-out rows."""
    X, y = matrix(), np.arange(83) % (2 if stack == "one output" else 3)
    loss = lw.BinaryCrossEntropy() if stack == "one output" else lw.CategoricalCrossEntropy(label_smoothing=0.1)
    factor = 200 if stack == "batch norm" and batch_size == 1 else 10
    for more in (
        {"optimizer": lw.SGD(0.05)},
        {"optimizer": lw.SGD(0.05, momentum=0.9), "penalty": [lw.L1(1e-3), lw.L2(1e-3)], "clip_norm": 0.1},
        {"optimizer": lw.RMSprop(0.003, epsilon=1e-3), "sample_weight": np.linspace(0, 2, 83), "ema": 0.9,
         "validation_data": (matrix(40, seed=1), y[:40])},
    ):  # fmt: skip
        close(as_dense(STACKS[stack](), X, y, dtype, engine, loss=loss, batch_size=batch_size, **more), dtype, factor)


@needs_native
@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("dtype", DTYPES)
def test_executors_agree_for_every_optimizer(kind, dtype):
    X, y = matrix(n_in=500), np.arange(83) % 3
    for more in ({}, {"clip_norm": 0.05}, {"frozen": {0}}, {"penalty": [lw.L1(1e-3), lw.L2(1e-3, per_batch=True)]}):
        held = {name: more.pop(name) for name in ("clip_norm", "frozen") if name in more}
        optimizer = kind(0.01) if kind is lw.SGD else kind(0.01, epsilon=1e-3)
        found = differences(
            [lw.Dense(20), lw.ReLU(), lw.Dense(3), lw.Softmax()], Dressed(X), y, dtype, optimizer=optimizer,
            batch_size=20, steps=5, **held, **more,
        )  # fmt: skip
        close(found, dtype)


class Dressed:
    """A sparse matrix that has a length, as the comparison of executors asks for."""

    def __init__(self, X):
        self.X, self.tocsr = X, X.tocsr

    def __len__(self):
        return self.X.shape[0]


@needs_native
@pytest.mark.parametrize("loss", LOSSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("dtype", DTYPES)
def test_executors_agree_for_every_loss(loss, dtype, rng):
    X, loss = matrix(), loss()
    y = targets(rng, loss, 83, 3)
    for layers in ([lw.Dense(3), ending(loss)], [lw.Dense(30), lw.Tanh(), lw.Dense(3), ending(loss)]):
        close(differences(layers, Dressed(X), y, dtype, loss=loss, optimizer=lw.SGD(0.01), batch_size=20), dtype)


@needs_native
@pytest.mark.parametrize("optimizer", [lw.SGD(0.1), lw.SGD(0.1, momentum=0.9), lw.Adam(0.01)], ids=repr)
def test_threads_change_no_bit(optimizer):
    X, y = matrix(300, 2000, 0.02), np.arange(300) % 3
    thetas = []
    for n_threads in (1, 2, 3, 5):
        net = lw.Network([lw.Dense(20), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
        net.fit(X, y, optimizer=optimizer, epochs=3, n_threads=n_threads, engine="native", verbose=False)
        thetas.append(net.theta.copy())
    for theta in thetas[1:]:
        np.testing.assert_array_equal(theta, thetas[0])


def crowded(n, n_in, density, dtype):
    """So many entries that rows go through a large W together, block by block; some rows are empty."""
    rng = np.random.default_rng(5)
    columns = [np.flatnonzero(rng.random(n_in, np.float32) < density * (r % 9 > 0)) for r in range(n)]
    starts = np.cumsum([0, *map(len, columns)])
    return sparse.csr_matrix(
        (rng.standard_normal(starts[-1]).astype(dtype), np.concatenate(columns), starts), (n, n_in)
    )


@pytest.mark.sampled(3)
@needs_native
@pytest.mark.parametrize("following", [[], [lw.Tanh(), lw.Dense(3), lw.Softmax()]], ids=["last", "inner"])
@pytest.mark.parametrize("units", [2, 20, 33, 130])
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_that_read_a_large_layer_together_are_as_rows_alone(dtype, units, following):
    """The same bits, whichever rows share a block of W and whatever the threads; NumPy's to rounding."""
    n, n_in = 150, 600_000 // units
    X = crowded(n, n_in, min(0.2, max(0.02, 4000 / n_in)), dtype)
    net = lw.Network([lw.Dense(units), *following], random_state=0, dtype=dtype).build(n_in)
    predictor = native_engine.NativePredictor(*net.built(), None, sparse=True)

    def outputs(rows, n_threads=1, columns=np.int32):
        return predictor(
            (rows.indptr.astype(np.int64), rows.indices.astype(columns), rows.data), rows.shape[0], n_threads
        )

    together = outputs(X)
    for n_threads in (2, 3, 5):
        np.testing.assert_array_equal(outputs(X, n_threads), together)
    np.testing.assert_array_equal(outputs(X, columns=np.int64), together)
    for r in range(0, n, 13):
        np.testing.assert_array_equal(outputs(X[r : r + 1])[0], together[r])
    net.choose_engine("numpy")
    assert apart(together, net.outputs(X)) <= 10 * TOLERANCE[dtype]


@needs_native
def test_scores_are_the_same_for_any_number_of_threads():
    X, y = crowded(150, 30_000, 0.1, np.float32), np.arange(150) % 3
    net = lw.Network([lw.Dense(20), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, y, epochs=1, verbose=False)
    plan, parameters = net.built()
    rows = rows_for(plan, X, None, net.dtype, 150)
    plan = compile_training(plan, parameters, net.loss, [], lw.SGD())
    targets_of_y = encode(y, 3, net.loss, net.dtype, net.task)
    scores = [native_engine.NativeEvaluator(plan, parameters, rows, targets_of_y, t).run() for t in (1, 2, 3, 5)]
    assert all(score == scores[0] for score in scores)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", [np.uint8, bool, np.int64, np.float32, np.float64])
def test_numbers_of_any_type(dtype, engine):
    """As the dense rows of that type; whole numbers are made the network's own."""
    X, y = sparse.csr_matrix((np.abs(matrix().toarray()) * 9).astype(dtype)), np.arange(83) % 3
    close(as_dense(STACKS["hidden"](), X, y, np.float32, engine), np.float32, 10)


@pytest.mark.parametrize("engine", ENGINES)
def test_entries_out_of_order_and_twice(engine):
    """What came is not changed; duplicates count as their sum."""
    plain, y = matrix(), np.arange(83) % 3
    order = [np.arange(a, b)[::-1] for a, b in zip(plain.indptr, plain.indptr[1:], strict=False)]
    order = np.concatenate([np.r_[part, part] for part in order])
    data, indices = plain.data[order] / 2, plain.indices[order].copy()
    twice = sparse.csr_matrix((data, indices, 2 * plain.indptr), shape=plain.shape)
    kept = data.copy(), indices.copy()
    outputs = []
    for X in (plain, twice):
        net = lw.Network(STACKS["hidden"](), random_state=0)
        net.fit(X, y, engine=engine, verbose=False, validation_data=(X, y))
        outputs.append([net.theta, net.outputs(X), np.array([*net.evaluate(X, y).values()])])
    for a, b in zip(*outputs, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(twice.data, kept[0])
    np.testing.assert_array_equal(twice.indices, kept[1])


@pytest.mark.parametrize("engine", ENGINES)
def test_long_indices(engine):
    """Of 64 bits: the same bits as of 32."""
    X, y = matrix(), np.arange(83) % 3
    wide = X.copy()
    wide.indices, wide.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    thetas = []
    for rows in (X, wide):
        net = lw.Network(STACKS["hidden"](), random_state=0)
        net.fit(rows, y, engine=engine, verbose=False)
        thetas.append(np.r_[net.theta, net.outputs(rows).ravel()])
    np.testing.assert_array_equal(*thetas)


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_but_zeros(engine):
    X = sparse.csr_matrix((6, 4))
    net = lw.Network(STACKS["hidden"](), random_state=0)
    net.fit(X, np.arange(6) % 3, engine=engine, verbose=False)
    np.testing.assert_array_equal(net.outputs(X), np.broadcast_to(net.outputs(X)[:1], (6, 3)))


@pytest.mark.parametrize("engine", ENGINES)
def test_scalers_that_keep_zeros_and_others(engine):
    """A factor alone is applied to the entries; an offset makes rows dense, batch by batch."""
    X, y = sparse.csr_matrix((np.abs(matrix().toarray()) * 100).astype(np.uint8)), np.arange(83) % 3
    close(as_dense(STACKS["hidden"](), X, y, np.float64, engine), np.float64, 10)
    for scaling in ("min_max", "standard"):
        net = lw.Network(STACKS["hidden"](), random_state=0, dtype="float64", scaling=scaling)
        net.fit(X.toarray() + 1.0, y, engine=engine, verbose=False)
        assert apart(net.outputs(X * 1.0), net.outputs(X.toarray() * 1.0)) <= 10 * TOLERANCE[np.float64]


@pytest.mark.parametrize("first", [lw.Dropout(0.3), lw.BatchNorm(), lw.Scale(), lw.Tanh()], ids=repr)
@pytest.mark.parametrize("engine", ENGINES)
def test_other_first_layers_get_dense_rows(engine, first):
    close(as_dense([first, *STACKS["hidden"]()], matrix(), np.arange(83) % 3, np.float64, engine), np.float64, 10)


def test_a_class_derived_from_dense_gets_dense_rows():
    """Its own formulas know nothing of sparse rows, unless it says so."""

    class Counting(lw.Dense):
        def forward(self, p, x, out):
            assert isinstance(x, np.ndarray)
            np.dot(x, p.W, out=out)

    net = lw.Network([Counting(3), lw.Softmax()], random_state=0)
    net.fit(matrix(), np.arange(83) % 3, verbose=False)


@needs_native
def test_the_gradient_is_written_down_at_the_end():
    """`grad` holds the newest step's, zeros of columns that it did not touch included, for every kind of step."""
    X, y = matrix(n_in=900, density=0.01), np.arange(83) % 3
    for optimizer in (lw.SGD(0.1), lw.Adam()):
        engines = [captured(STACKS["hidden"](), X, y, np.float64, e, optimizer=optimizer) for e in ("numpy", "native")]
        for engine in engines:
            engine.parameters.grad[:] = np.nan
            engine.run(0, 3, 0)
        assert apart(engines[0].parameters.grad, engines[1].parameters.grad) <= TOLERANCE[np.float64]


@needs_native
@pytest.mark.parametrize("wrong", ["start", "descends", "beyond", "column", "negative", "order", "type"])
def test_the_native_executor_refuses_what_is_no_matrix(wrong):
    net = lw.Network([lw.Dense(3)], random_state=0).build(10)
    predictor = native_engine.NativePredictor(*net.built(), None, sparse=True)
    starts, columns, values = np.array([0, 2, 4]), np.array([1, 3, 0, 9], np.int32), np.ones(4, np.float32)
    assert predictor((starts, columns, values), 2, 1).shape == (2, 3)
    broken = {
        "start": (np.array([1, 2, 4]), columns, values),
        "descends": (np.array([0, 5, 4]), columns, values),
        "beyond": (np.array([0, 2, 5]), columns, values),
        "column": (starts, np.array([1, 3, 0, 10], np.int32), values),
        "negative": (starts, np.array([-1, 3, 0, 9], np.int32), values),
        "order": (starts, np.array([3, 3, 0, 9], np.int32), values),
        "type": (starts, columns, values.astype(np.float64)),
    }[wrong]
    with pytest.raises(ValueError, match=r"starts|columns|values"):
        predictor(broken, 2, 1)


def test_nothing_as_wide_as_the_columns_is_made():
    """A batch of 500 rows of 100,000 columns would take 200 MB as dense rows; the layer's arrays take 2 MB each."""
    X, y = sparse.random(1000, 100_000, 1e-4, "csr", np.float32, np.random.default_rng(0)), np.arange(1000) % 3
    for engine in ("numpy", "auto"):
        net = lw.Network([lw.Dense(5), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
        tracemalloc.start()
        net.fit(X, y, batch_size=500, epochs=2, engine=engine, verbose=False, validation_data=(X, y))
        net.evaluate(X, y), net.predict(X)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 40e6, f"{engine}: {peak / 1e6:.0f} MB"
