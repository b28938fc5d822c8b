"""Long and constant custom formulas in every text that `export` writes: short lines, no warnings, the same numbers."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.exchange.export.script import to_training_script
from layerwise.formula import JAVASCRIPT, NUMPY, PYTHON, C, trace
from running_exports import RUNNERS, needs_compiler, run

X, Y = np.random.default_rng(0).normal(size=(40, 3)), np.random.default_rng(1).normal(size=(40, 2))
MOST = 120


def long(x):
    bent = (np.sqrt(x**2 + 1.23456789) - 1) / 2 + x * np.tanh(x + 0.987654321) * np.exp(-(x**2) / 3.14159265)
    return bent + np.log1p(np.exp(-np.abs(x * 1.2345678))) + np.where(x > 0.123456, x * 0.777777, np.sin(x) * 0.55555)


class Long(lw.Penalty):
    def f(self, w):
        a = 1 + w**2 / 0.123456789
        return np.log(a) * np.tanh(a) + np.sqrt(a) * np.exp(-a)


class Slow(lw.Optimizer):
    state_names = ("m",)

    def f(self, w, g, rate, t, m):
        m = 0.9 * m + 0.1 * long(g)
        once = rate * (1 - 0.123456789**t) * np.sqrt(1 - 0.987654321**t) / (1 + np.sqrt(1 - 0.87654321**t) * 0.5**t)
        return w - rate * long(m) / (1 - 0.9**t) - once * g, m


def trained(activation):
    net = lw.Network([lw.Dense(4), activation, lw.Dense(2)], random_state=0, dtype="float64")
    penalty = [Long(1e-4, 1e-3), Long(1e-3, per_batch=True), lw.L2(1e-4)]
    loss = lw.Loss(lambda y, t: long(y - t) ** 2)
    net.fit(X, Y, epochs=2, engine="numpy", verbose=False, loss=loss, penalty=penalty, optimizer=Slow(0.01))
    return net


def test_a_training_script_of_long_formulas_has_short_lines_and_the_same_bits():
    net = trained(lw.Activation(long))
    assert [line for line in to_training_script(net).split("\n") if len(line) > MOST] == []
    script = {"__name__": "script"}
    exec(to_training_script(net), script)
    _, layers = script["train"](X, Y)
    for w, own in zip((w for layer in layers for w in layer.parameters), net.get_parameters(), strict=True):
        np.testing.assert_array_equal(w, own)


def test_what_a_penalty_has_in_several_places_is_computed_once():
    text = to_training_script(trained(lw.Tanh()))
    assert text.count("np.tanh(t1)") == text.count("t1 = 1 + np.square(w) / 0.123456789") == 3  # two terms, one array
    assert "gradients[i] += 2 * parameters[i] * 0.0001" in text


@pytest.mark.parametrize("target", RUNNERS)
def test_a_program_of_long_formulas_has_short_lines_and_the_same_numbers(target, tmp_path):
    net = trained(lw.Activation(long))
    [found] = run(target, [net], [X], tmp_path)
    np.testing.assert_allclose(found.outputs, net.outputs(X), rtol=1e-12, atol=1e-12)
    for path in tmp_path.iterdir():
        if path.suffix in (".c", ".h", ".py", ".mjs"):
            assert [line for line in path.read_text().split("\n") if len(line) > MOST] == []


@pytest.mark.parametrize("language", [NUMPY, PYTHON, JAVASCRIPT, C])
def test_no_expression_is_longer_than_it_may_be(language):
    lines, value = language.statements(trace(long, "x"))
    assert max(map(len, (*lines, value))) <= language.longest + len("const float t10 = ;")


class Half(lw.Activation):
    """A number that the derivative alone has."""

    def __init__(self, slope=2.0):
        self.slope = slope

    def f(self, x):
        return np.tanh(x)

    def derivative(self, x, y):
        return self.slope * (1 - y**2)


@needs_compiler
@pytest.mark.parametrize(
    "activation", [lw.Activation(lambda x: 0 * x + 1), lw.Activation(lambda x: 1.5), Half(0.5)], ids=repr
)
def test_constant_formulas_and_unread_numbers_give_no_warning_in_c(activation, tmp_path):
    net = lw.Network([lw.Dense(3), activation, lw.Dense(2)], random_state=0).build(3)
    [found] = run("c", [net], [X.astype(np.float32)], tmp_path)
    np.testing.assert_allclose(found.outputs, net.outputs(X), rtol=1e-5, atol=1e-5)
