"""What the tests of the native executor share: the same training by both executors, and how far they differ."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.engine import native_engine

needs_native = pytest.mark.skipif(native_engine._native is None, reason="the native executor is not installed")

ARGUMENTS = {lw.Dense: (9,), lw.Dropout: (0.3,), lw.PiecewiseLinear: ([[-1, -0.2, 0.5, 2], [], [-0.5, 0.5]],)}
# How far the executors may be apart, as a share of the greatest number: the order of sums differs, nothing else.
TOLERANCE = {np.float32: 2e-5, np.float64: 1e-13}
TASKS = {lw.CategoricalCrossEntropy: "labels", lw.BinaryCrossEntropy: "shares", lw.Poisson: "counts"}


class Capture(lw.Callback):
    """Hands out the executor, ready to make steps."""

    def on_fit_begin(self, run):
        self.engine = run.engine
        run.stop("captured")


def captured(layers, X, y, dtype, engine, n_threads=None, random_state=3, scaling=None, **arguments):
    """An executor with the network's first weights."""
    capture = Capture()
    net = lw.Network(layers, random_state=random_state, dtype=dtype, scaling=scaling)
    net.fit(X, y, engine=engine, n_threads=n_threads, callbacks=[capture], verbose=False, **arguments)
    return capture.engine


def targets(rng, loss, n, n_out):
    kind = TASKS.get(type(loss), "numbers")
    if kind == "labels":
        return np.r_[np.arange(min(n, n_out)), rng.integers(0, n_out, max(0, n - n_out))][:n] if n_out > 1 else None
    if kind == "shares":
        return rng.random((n, n_out))
    return rng.poisson(2, (n, n_out)).astype(float) if kind == "counts" else rng.standard_normal((n, n_out))


def ending(loss):
    """The layer after which this loss can stand."""
    return {lw.CategoricalCrossEntropy: lw.Softmax, lw.BinaryCrossEntropy: lw.Sigmoid, lw.Poisson: lw.Softplus}.get(
        type(loss), lw.Identity
    )()


def apart(a, b):
    """The greatest difference, as a share of the greatest number (at least 1e-3)."""
    scale = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0), 1e-3)
    return float(np.abs(a - b).max(initial=0) / scale)


def differences(layers, X, y, dtype, steps=3, n_threads=2, clip_norm=None, frozen=(), rates=None, **arguments):
    """How far the executors are apart: outputs, gradient, theta and loss after some steps."""
    engines = [captured(layers, X, y, dtype, engine, n_threads, **arguments) for engine in ("numpy", "native")]
    assert [engine.name for engine in engines] == ["numpy", "native"]
    for engine in engines:
        engine.reorder(np.random.default_rng(5).permutation(len(engine.rows)))
    size = min(engines[0].batch_size, len(X))
    with np.errstate(all="ignore"):
        for engine in engines:
            engine.begin_epoch()
            engine.gradient(0, size, 7)
    found = {"gradient": apart(engines[0].parameters.grad, engines[1].parameters.grad)}
    per_epoch = -(-len(X) // engines[0].batch_size)
    for engine in engines:
        engine.begin_epoch()
        engine.clip_norm, engine.frozen = clip_norm, set(frozen)
        for step in range(0, steps, per_epoch):
            assert (
                engine.run(0, per_epoch, step, rates=rates and [rates(step + i) for i in range(per_epoch)]) == per_epoch
            )
    assert engines[0].optimizer.learning_rate == engines[1].optimizer.learning_rate
    if clip_norm or frozen:  # it is no longer what the backward pass made of it
        found["grad"] = apart(engines[0].parameters.grad, engines[1].parameters.grad)
    found["theta"] = apart(engines[0].parameters.theta, engines[1].parameters.theta)
    for name in engines[0].optimizer.state_names:
        found[name] = apart(engines[0].optimizer.state[name], engines[1].optimizer.state[name])
    n = len(X) * -(-steps // per_epoch) if per_epoch else len(X)
    first, second = engines[0].results(len(X)), engines[1].results(n)
    if n == len(X):
        assert first.keys() == second.keys()
        found |= {name: apart(np.array([first[name]]), np.array([second[name]])) for name in ("loss", "penalty")}
    return found
