"""Trees as text: Python and NumPy run it here, C and JavaScript in tests/export; LaTeX is compared."""

import math

import numpy as np
import pytest
from test_tree import FORMULAS, X

import layerwise as lw
from layerwise.exchange.export.elementwise import PYTHON_HELPERS
from layerwise.formula import JAVASCRIPT, NUMPY, PYTHON, WORDS, C, latex, trace


@pytest.mark.parametrize("f", FORMULAS.values(), ids=FORMULAS)
def test_python_and_numpy_compute_what_is_written(f):
    tree = trace(f, "x")
    with np.errstate(all="ignore"):
        expected = np.asarray(f(X), float)
        lines, value = NUMPY.statements(tree)
        names = {"np": np, "x": X}
        exec("\n".join(lines), names)
        found = np.broadcast_to(np.asarray(eval(value, names), float), X.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    lines, value = PYTHON.statements(tree)
    names = {"math": math}
    exec("\n".join(PYTHON_HELPERS.values()), names)
    finite = np.isfinite(X)
    for x, wanted in zip(X[finite].tolist(), expected[finite]):
        names["x"] = x
        exec("\n".join(lines), names)
        assert eval(value, names) == pytest.approx(wanted, rel=1e-12, abs=1e-14, nan_ok=True)


def text(f, language):
    lines, value = language.statements(trace(f, "x"))
    return [*lines, value]


def test_each_language_in_its_own_words():
    f = FORMULAS["sigmoid"]
    assert text(f, C) == ["1.0f / (1.0f + expf(-x))"]
    assert text(f, JAVASCRIPT) == ["1 / (1 + Math.exp(-x))"]
    assert text(f, NUMPY) == ["1 / (1 + np.exp(-x))"]
    assert text(f, WORDS) == ["1 / (1 + exp(-x))"]
    assert text(FORMULAS["elu"], C) == ["(x > 0.0f ? x : expm1f(x))"]
    assert text(lambda x: x * (x / (2 - (3 - x))), WORDS) == ["x * (x / (2 - (3 - x)))"]


def test_latex_with_symbols_and_with_numbers():
    tree = trace(FORMULAS["sigmoid"], "x")
    assert latex(tree, {"x": "z_{1}"}) == r"\frac{1}{1 + e^{-z_{1}}}"
    assert latex(tree, {"x": "-1.124"}) == r"\frac{1}{1 + e^{1.124}}"
    assert latex(trace(FORMULAS["bent"], "x"), {"x": "-2"}) == r"\frac{\sqrt{(-2)^{2} + 1} - 1}{2} - 2"


def test_a_custom_activation_stands_in_a_trace():
    class Bent(lw.Activation):
        def __init__(self, bend=0.5):
            self.bend = bend

        def f(self, x):
            return (np.sqrt(x**2 + 1) - 1) * self.bend + x

    net = lw.Network([lw.Dense(2), Bent(0.25), lw.Dense(1)], random_state=0, dtype="float64")
    found = lw.trace(net, [[0.5, -1.0]], [1.0]).latex()
    assert r"\sqrt{z_{1}^{2} + 1} - 1) \cdot 0.25 + z_{1}" in found
