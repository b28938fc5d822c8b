"""What is no function of the right arguments is refused by its name, with what was expected, and what to write."""

import functools

import numpy as np
import pytest

import layerwise as lw
from layerwise.errors import FormulaError


def kind(base, f, **members):
    return type("Mine", (base,), {"f": f, **members})


CASES = [
    (lambda: lw.Activation(lambda x, y: x), r"Activation must be a function of x: lambda x: …; got a function of x, y"),
    (lambda: lw.Activation(np.add), r"Activation must be a function of x; got np\.add, a function of 2"),
    (lambda: lw.Activation(lambda: 1), "got a function of nothing"),
    (lambda: lw.Activation(lambda x: x, derivative=lambda x: 1), "Activation, derivative must be a function of x, y"),
    (lambda: lw.Loss(lambda y: y), "Loss must be a function of y, t: lambda y, t: …; got a function of y"),
    (lambda: lw.Penalty(1, f=lambda w, v: w), "Penalty must be a function of w: .* got a function of w, v"),
    (lambda: lw.Optimizer(1, f=lambda w, g: w), "Optimizer must be a function of w, g, rate, t: .* of w, g$"),
    (
        lambda: lw.Optimizer(1, f=lambda w, g, rate, t: w, state_names=("m",)),
        "Optimizer must be a function of w, g, rate, t, m: ",
    ),
    (lambda: kind(lw.Activation, lambda self: 1)().formulas(), r"Mine\.f must .* def <lambda>\(self, x\); got def"),
    (lambda: kind(lw.Activation, lambda self, x, y: x)().formulas(), r"Mine\.f must be a function of x: "),
    (
        lambda: kind(lw.Activation, lambda self, x: x, derivative=lambda self, x: 1)().formulas(),
        r"Mine\.derivative must be a function of x, y: ",
    ),
    (lambda: kind(lw.Loss, lambda self, y: y)().formulas(), r"Mine\.f must be a function of y, t: "),
    (lambda: kind(lw.Penalty, lambda self, w, v: w)(1).formulas(), r"Mine\.f must be a function of w: "),
    (
        lambda: kind(lw.Optimizer, lambda self, w, g, rate, t: w, state_names=("m",))(1).formulas(),
        r"Mine\.f must be a function of w, g, rate, t, m: ",
    ),
]


@pytest.mark.parametrize(("make", "words"), CASES)
def test_another_number_of_arguments(make, words):
    with pytest.raises(FormulaError, match=words):
        make()


@pytest.mark.parametrize("value", [3, "relu", lw.ReLU, None.__class__])
@pytest.mark.parametrize("make", [lw.Activation, lw.Loss, lambda f: lw.Penalty(1, f=f), lambda f: lw.Optimizer(1, f=f)])
def test_what_is_no_function(make, value):
    with pytest.raises(TypeError, match=r"must be a function of \w.*, such as lambda .*; got "):
        make(value)


@pytest.mark.parametrize(
    "f", [abs, np.tanh, functools.partial(lambda a, x: a * x, 2), lambda x, a=2: a * x, lambda *x: x[0]]
)
def test_any_function_that_can_be_called_so(f):
    np.testing.assert_allclose(lw.Activation(f)([0.5, 2.0]), f(np.array([0.5, 2.0])))
