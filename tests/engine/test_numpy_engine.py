"""The executor: no memory in the loop, the same numbers however the rows are cut and ordered."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerwise as lw
from layerwise.data.rows import Rows
from layerwise.engine import numpy_engine
from layerwise.parts.layers import LAYERS
from layerwise.parts.losses import LOSSES
from layerwise.parts.optimizers import OPTIMIZERS

ARGUMENTS = {lw.Dense: (8,), lw.Dropout: (0.3,), lw.PiecewiseLinear: ([[-1, -0.2, 0.5, 2], [], [-0.5, 0.5]],)}


class Capture(lw.Callback):
    """Hands out the executor, ready to make steps."""

    def on_fit_begin(self, run):
        self.engine = run.engine
        run.stop("captured")


def executor(layers, X, y, **arguments):
    capture = Capture()
    net = lw.Network(layers, random_state=0)
    net.fit(X, y, callbacks=[capture], verbose=False, engine="numpy", **arguments)
    capture.engine.reorder(np.random.default_rng(0).permutation(len(capture.engine.rows)))
    return capture.engine


def growth(engine, steps=24):
    """What some steps allocate beyond what was there before: the most at any moment, and what stays; in bytes."""
    per_epoch = len(engine.rows) // engine.batch_size
    assert engine.run(0, per_epoch, 0) == per_epoch  # every array that is made once
    tracemalloc.start()
    try:
        engine.run(0, 1, 0)
        found = []
        for _ in range(2):  # another thread may allocate now and then, the loop does in both
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            for _ in range(0, steps // 2, per_epoch):
                engine.run(0, per_epoch, 0)
            after, peak = tracemalloc.get_traced_memory()
            found.append((peak - before, after - before))
        return min(found)
    finally:
        tracemalloc.stop()


BATCH = 4096
SMALLEST_ARRAY = BATCH * 8 * 4  # bytes of an activation of the narrowest layer below: 128 KB
NUMPY_BUFFER = np.getbufsize() * 8 + 2048  # what a broadcasting ufunc takes for a moment, whatever the arrays' size
assert NUMPY_BUFFER < SMALLEST_ARRAY


@pytest.mark.sampled(3)
@pytest.mark.parametrize("kind", [kind for kind in LAYERS if kind.differentiable], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("X_type", [np.float32, np.float64, np.uint8])
def test_no_layer_allocates_in_the_loop(kind, X_type, rng):
    X, y = rng.integers(0, 3, (BATCH * 4, 12)).astype(X_type), rng.integers(0, 8, BATCH * 4)
    layers = [lw.Dense(8), kind(*ARGUMENTS.get(kind, ())), lw.Dense(8), lw.Softmax()]
    peak, kept = growth(executor(layers, X, y, batch_size=BATCH, optimizer=lw.SGD(1e-4)))
    assert peak < NUMPY_BUFFER
    assert kept < 1024


@pytest.mark.parametrize("loss", LOSSES, ids=lambda kind: kind.__name__)
def test_no_loss_allocates_in_the_loop(loss, rng):
    X, y = rng.random((BATCH * 4, 12)), rng.integers(0, 8, BATCH * 4)
    ending = lw.Sigmoid() if loss is lw.BinaryCrossEntropy else lw.Softmax()
    layers = [lw.Dense(8), ending]
    peak, kept = growth(executor(layers, X, y, batch_size=BATCH, loss=loss(), sample_weight=rng.random(len(X))))
    assert peak < NUMPY_BUFFER
    assert kept < 1024


@pytest.mark.parametrize("scaling", [None, "standard", "min_max", "range"])
@pytest.mark.parametrize("X_type", [np.float32, np.float64, np.uint8, np.int64])
def test_no_scaling_allocates_in_the_loop(scaling, X_type, rng):
    X = rng.integers(0, 255, (BATCH * 4, 12)).astype(X_type)
    net = lw.Network([lw.Dense(8), lw.Tanh(), lw.Dense(1)], scaling=scaling, random_state=0)
    capture = Capture()
    net.fit(
        X, rng.random(len(X)), batch_size=BATCH, callbacks=[capture], optimizer=lw.SGD(1e-9), verbose=False,
        engine="numpy",
    )  # fmt: skip
    capture.engine.reorder(rng.permutation(len(capture.engine.rows)))
    peak, kept = growth(capture.engine)
    assert peak < NUMPY_BUFFER
    assert kept < 1024


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_no_optimizer_and_no_penalty_allocates_in_the_loop(optimizer, rng):
    X, y = rng.random((40, 300)), rng.integers(0, 100, 40)
    engine = executor(
        [lw.Dense(100), lw.Softmax()], X, y, batch_size=10, optimizer=optimizer(0.001),
        penalty=[lw.L1(1e-4, 1e-4), lw.L2(1e-4, 1e-4)],
    )  # fmt: skip
    for frozen, clip_norm in ((set(), None), ({0}, 0.1)):
        engine.frozen, engine.clip_norm = frozen, clip_norm
        peak, kept = growth(engine)
        assert peak < NUMPY_BUFFER < engine.parameters.theta.nbytes
        assert kept < 1024


def test_the_figure_for_digits(rng):
    """784-30-10 from uint8, batch 10: the peak of 100 steps is a broadcast row's buffer, less than one batch of x."""
    X, y = rng.integers(0, 256, (1000, 784), dtype=np.uint8), rng.integers(0, 10, 1000)
    peak, kept = growth(executor([lw.Dense(30), lw.Sigmoid(), lw.Dense(10), lw.Softmax()], X, y, batch_size=10))
    assert peak < 4096 < 10 * 784 * 4
    assert kept < 512


@given(n=st.integers(2, 40), batch_size=st.integers(1, 45), seed=st.integers(0, 9))
def test_one_epoch_is_the_textbook_loop(n, batch_size, seed):
    """A linear layer with squared error, trained by fit and by five plain lines."""
    rng = np.random.default_rng(seed)
    X, t = rng.standard_normal((n, 3)), rng.standard_normal((n, 2))
    W, b = rng.standard_normal((3, 2)), rng.standard_normal(2)
    net = lw.Network([lw.Dense(2, weights=W, biases=b)], dtype="float64")
    net.fit(X, t, optimizer=lw.SGD(0.1), epochs=2, batch_size=batch_size, shuffle=False, verbose=False)
    for _ in range(2):
        for i in range(0, n, batch_size):
            x, error = X[i : i + batch_size], X[i : i + batch_size] @ W + b - t[i : i + batch_size]
            W, b = W - 0.1 * x.T @ error / len(x), b - 0.1 * error.mean(axis=0)
    np.testing.assert_allclose(net.get_parameters()[0], W, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(net.get_parameters()[1], b, rtol=1e-9, atol=1e-12)


def test_a_weight_of_two_is_the_row_twice(rng):
    X, y = rng.standard_normal((6, 4)), np.array([0, 1, 2, 0, 1, 2])
    layers = [lw.Dense(5), lw.Tanh(), lw.Dense(3), lw.Softmax()]
    weighted, doubled = (lw.Network(layers, random_state=0, dtype="float64") for _ in range(2))
    common = {"optimizer": lw.SGD(0.5), "epochs": 3, "batch_size": 20, "shuffle": False, "verbose": False}
    first = weighted.fit(X, y, sample_weight=[2, 1, 1, 0, 1, 1], **common)
    second = doubled.fit(X[[0, 0, 1, 2, 4, 5]], y[[0, 0, 1, 2, 4, 5]], **common)
    np.testing.assert_allclose(weighted.theta, doubled.theta, rtol=1e-12)
    np.testing.assert_allclose(first["loss"], second["loss"], rtol=1e-12)


def test_class_weights_balance(rng):
    X = rng.standard_normal((40, 2))
    y = np.array([0] * 30 + [1] * 10)
    common = {"optimizer": lw.SGD(0.5), "epochs": 2, "batch_size": 40, "verbose": False}
    nets = [lw.Network([lw.Dense(2), lw.Softmax()], random_state=0) for _ in range(3)]
    nets[0].fit(X, y, class_weight="balanced", **common)
    nets[1].fit(X, y, class_weight={0: 40 / (2 * 30), 1: 40 / (2 * 10)}, **common)
    nets[2].fit(X, y, sample_weight=np.where(y == 0, 2 / 3, 2.0), **common)
    np.testing.assert_allclose(nets[0].theta, nets[1].theta, rtol=1e-6)
    np.testing.assert_allclose(nets[0].theta, nets[2].theta, rtol=1e-6)


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_shared_memory_changes_no_number(kind, rng):
    """In-place outputs, kept outputs and prediction in batches agree to the bit."""
    net = lw.Network([lw.Dense(6), kind(*ARGUMENTS.get(kind, ())), lw.Dense(4), lw.Sigmoid()], random_state=0)
    X = rng.standard_normal((50, 3)).astype(np.float32)
    y = net.forward(X)
    np.testing.assert_array_equal(net.activations(X)[-1], y)
    np.testing.assert_array_equal(numpy_engine.outputs(net.plan, net.parameters, Rows(X, None, X.dtype, 20), 20), y)
    np.testing.assert_allclose(np.vstack([net.forward(X[i]) for i in range(50)]), y, rtol=1e-5)


def test_dropout_draws_the_same_masks_however_the_epoch_is_cut(spiral):
    """One call of many steps, or one step a call: (seed, step, layer) decide the draw."""

    class EachStep(lw.Callback):
        def on_step_end(self, run):
            pass

    nets = []
    for callbacks in ([], [EachStep()]):
        net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dropout(0.5), lw.Dense(3), lw.Softmax()], random_state=4)
        net.fit(*spiral, epochs=3, batch_size=32, callbacks=callbacks, verbose=False)
        nets.append(net)
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)


def line(**arguments):
    """y = w x on the sample x = 3, t = 0 with w = 1: loss ½ (3 w)², gradient 9 w."""
    layers = [lw.Dense(1, weights=[[1.0]], biases=[0.0], **arguments)]
    capture, net = Capture(), lw.Network(layers, dtype="float64")
    net.fit([[3.0]], [[0.0]], loss=lw.QuadraticCost(), optimizer=lw.SGD(0.1), callbacks=[capture], verbose=False,
            engine="numpy")  # fmt: skip
    return capture.engine


def test_a_long_gradient_is_shortened():
    engine = line()
    engine.clip_norm = 100.0
    engine.run(0, 1, 0)
    np.testing.assert_allclose(engine.parameters.grad, [9.0, 3.0])  # by w: y x = 9; by b: y = 3; length √90 = 9.49
    engine = line()
    engine.clip_norm = 1.0
    engine.run(0, 1, 0)
    np.testing.assert_allclose(engine.parameters.grad, np.array([9.0, 3.0]) / np.sqrt(90))
    np.testing.assert_allclose(engine.parameters.theta, np.array([1.0, 0.0]) - 0.1 * np.array([9.0, 3.0]) / np.sqrt(90))


def test_a_frozen_layer_stays_and_does_not_count_for_the_length():
    engine = line()
    engine.frozen, engine.clip_norm = {0}, 1.0
    engine.run(0, 1, 0)
    np.testing.assert_array_equal(engine.parameters.theta, [1.0, 0.0])
    np.testing.assert_array_equal(engine.parameters.grad, [0.0, 0.0])
    engine.frozen = set()
    engine.run(0, 1, 1)
    assert engine.parameters.theta[0] < 1


def test_an_array_makes_a_share_of_each_step():
    engine = line(weight_rate=0.5, bias_rate=2.0)
    engine.run(0, 1, 0)
    np.testing.assert_allclose(engine.parameters.theta, [1 - 0.5 * 0.1 * 9, -2.0 * 0.1 * 3])


def test_each_step_may_have_a_rate_of_its_own():
    X, t = [[3.0], [3.0]], [[0.0], [0.0]]
    capture, net = Capture(), lw.Network([lw.Dense(1, weights=[[1.0]], bias_rate=0.0)], dtype="float64")
    net.fit(X, t, loss=lw.QuadraticCost(), optimizer=lw.SGD(0.1), batch_size=1, callbacks=[capture], verbose=False,
            engine="numpy")  # fmt: skip
    assert capture.engine.run(0, 2, 0, rates=[0.1, 0.01]) == 2
    np.testing.assert_allclose(net.theta[0], (1 - 0.1 * 9) * (1 - 0.01 * 9))
    assert net.optimizer.learning_rate == 0.01
