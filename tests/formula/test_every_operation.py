"""Every operation that a formula can have stands in all that is made from formulas: none may be forgotten."""

import numpy as np
import pytest

import layerwise as lw
from export_onnx_networks import run
from layerwise.exchange.export.onnx import to_onnx
from layerwise.formula.tree import OPERATIONS

X = np.random.default_rng(0).normal(size=(20, 3))
Y = X[:, 0]

CONDITIONS = {
    "and": lambda x: np.where((x > 0.6) & (x < 1), x, 0.1),
    "or": lambda x: ((x > 1) | (x < 0.7)) * x,
    "not": lambda x: np.where(~(x >= 1), x, 0.2) + (x <= 1),
    "product of conditions": lambda x: (x > 0.6) * (x < 1) * x,
    "condition alone": lambda x: x >= 1,
    "where of a number": lambda x: np.where(x - 1, x, 0.5) + (x > 1) * (x > 1),
}


def formula(name):
    """An operation of NumPy's by its name, or a condition, on one array."""
    operands = OPERATIONS.get(name)
    if operands is None:
        return CONDITIONS[name]
    if name == "where":
        return lambda x: np.where(x > 1, x, 0.3 * x)
    return lambda x: getattr(np, name)(*[x, 1 + 0.5 * x][:operands])


def within(x):
    """Between 0.5 and 1.5, where every operation has a value."""
    return 0.5 + x**2 / (1 + x**2)


def activation(name):
    return lw.Activation(lambda x: formula(name)(within(x)))


def loss(name):
    return lw.Loss(lambda y, t: formula(name)(within(y - t)))


def penalty(name):
    return lw.Penalty(1e-3, f=lambda w: formula(name)(within(w)))


def optimizer(name):
    return lw.Optimizer(0.01, f=lambda w, g, rate, t: w - rate * formula(name)(within(g)))


each = pytest.mark.parametrize("name", [*OPERATIONS, *CONDITIONS])


def network(name, dtype="float32"):
    return lw.Network([lw.Dense(2), activation(name), lw.Dense(1)], random_state=0, dtype=dtype)


@each
def test_a_trace_shows_it_in_every_part(name):
    net = network(name).build(3)
    trace = lw.trace(net, X[0], Y[0], loss=loss(name), penalty=penalty(name), optimizer=optimizer(name))
    for view in (trace.text(), trace.latex(), trace.html(), trace.markdown()):
        assert "C" in view


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@each
def test_onnx_has_it(name, dtype):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    net = network(name, dtype).build(3)
    if (name, dtype) == ("arctan", "float64"):  # onnxruntime has none
        with pytest.raises(lw.ExportError, match=r'layer 1 .*has np\.arctan.*dtype="float32"'):
            to_onnx(net)
        return
    found = run(to_onnx(net), X.astype(dtype))["output"]
    np.testing.assert_allclose(found, net.outputs(X), rtol=0, atol={"float32": 2e-6, "float64": 1e-12}[dtype])
