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


@pytest.mark.sampled(3)
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


# ---------------------------------------------------------------- numbers that are not finite

NOT_FINITE = {
    "infinity": lambda x: np.minimum(x, np.inf),
    "NaN": lambda x: np.where(x > 0, x, np.nan),
    "what is worked out": lambda x: x + np.log(np.zeros_like(x)),
    "the bound of a clip": lambda x: np.clip(x, 0, np.nan),
    "the result": lambda x: np.inf,
    "too many digits": lambda x: x + 10**400,
    "a complex number": lambda x: x + 1j,
}


@pytest.mark.parametrize("f", NOT_FINITE.values(), ids=NOT_FINITE)
@pytest.mark.parametrize(
    "make",
    [
        lw.Activation,
        lambda f: lw.Loss(lambda y, t: f(y - t)),
        lambda f: lw.Penalty(0.1, f=f),
        lambda f: lw.Optimizer(0.1, f=lambda w, g, rate, t: f(w - rate * g)),
    ],
    ids=["activation", "loss", "penalty", "optimizer"],
)
def test_numbers_that_are_not_finite_are_refused_where_the_formula_is_traced(make, f):
    with pytest.raises(lw.FormulaError, match=r"a formula has (finite )?numbers.*; got"):
        make(f)


def test_the_error_says_the_line():
    with pytest.raises(lw.FormulaError, match=r"got inf \(line \d+ of .*test_every_operation.py: .*np.inf"):
        lw.Activation(NOT_FINITE["infinity"])


def test_an_infinite_bound_of_a_clip_is_none():
    assert repr(lw.Activation(lambda x: np.clip(x, 0, np.inf))) == "Activation(maximum(x, 0))"
    assert repr(lw.Activation(lambda x: x.clip(-np.inf, 1))) == "Activation(minimum(x, 1))"


# ---------------------------------------------------------------- parts that stand in many places


def logistic(x):
    """Of 25 lines; written out, of 2²⁵ terms."""
    z = np.tanh(np.square(x))
    for _ in range(25):
        z = z * (1 - z * 0.5)
    return z


def doubled(x):
    """Each part at least 0, if one looks."""
    z = np.square(x) + 1
    for _ in range(40):
        z = z / (z + z)
    return z


@pytest.mark.parametrize("f", [logistic, doubled])
def test_what_stands_in_many_places_is_written_once(f, tmp_path):
    net = lw.Network([lw.Dense(2), lw.Activation(f), lw.Dense(1)], random_state=0)
    net.fit(
        X, Y, loss=lambda y, t: f(y - t), penalty=lw.Penalty(1e-3, f=f), epochs=1, verbose=False,
        optimizer=lw.Optimizer(0.01, f=lambda w, g, rate, t: w - rate * f(g)),
    )  # fmt: skip
    trace = lw.trace(net, X[0], Y[0])
    texts = [*map(repr, (*net.layers, net.loss, *net.penalties, net.optimizer, net.layers[1].formulas().f))]
    texts += [net.summary(), trace.text(), trace.latex()]
    assert "operations>" in texts[1]
    assert max(map(len, texts)) < 20_000
    net.save(tmp_path / "net.lw")
    same = [lw.load(tmp_path / "net.lw") for _ in range(2)]
    assert same[0].layers[1].formulas() == same[1].layers[1].formulas() == net.layers[1].formulas()
    assert (same[0].predict(X) == net.predict(X)).all()
    for target, ending in (("python", "py"), ("numpy", "py"), ("javascript", "js"), ("c", "c")):
        assert lw.export(net, tmp_path / f"{target}.{ending}", to=target).size < 50_000
