"""A resumed fit has the custom parts that it was begun with: by what they compute, not by their names alone."""

import warnings

import numpy as np
import pytest

import layerwise as lw
from layerwise.formula import trace
from layerwise.network.custom import _text

RNG = np.random.default_rng(0)
X, Y = RNG.random((40, 3)), RNG.random((40, 2))


def fit(path, epochs=2, resume=False, activation=None, net=None, **options):
    net = net or lw.Network([lw.Dense(4), activation or lw.Tanh(), lw.Dense(2)], random_state=1, dtype="float64")
    options = {"loss": "mse", "optimizer": lw.SGD(0.1), **options}
    net.fit(X, Y, epochs=epochs, resume=resume, verbose=False, callbacks=[lw.Checkpoint(path)], **options)
    return net


def bent(k, attribute=1.0):
    class Bent(lw.Activation):
        c = attribute

        def f(self, x):
            return np.tanh(k * x) * self.c + x

    return Bent()


def powered(k, sum_or_mean="mean"):
    class Powered(lw.Loss):
        reduction = sum_or_mean

        def f(self, y, t):
            return k * (y - t) ** 2

    return Powered()


def signed(k):
    class Signed(lw.Optimizer):
        state_names = ("m",)

        def __init__(self, learning_rate=0.01):
            super().__init__(learning_rate)

        def f(self, w, g, rate, t, m):
            return w - rate * m, k * m + g

    return Signed()


def cauchy(k):
    class Cauchy(lw.Penalty):
        def f(self, w):
            return np.log(k + w**2)

    return Cauchy(0.001)


def on_arrays(k):
    class Scaled(lw.Activation):
        def forward(self, p, x, out):
            np.multiply(x, k, out=out)

        def backward(self, p, x, y, dy, g, dx):
            np.multiply(dy, k, out=dx)

    return Scaled()


def stepping(more):
    class Stepping(lw.Optimizer):
        def __init__(self, learning_rate=0.01):
            super().__init__(learning_rate)

        if more:

            def update(self, theta, grad, *arrays):
                theta -= 2 * self.rate() * grad
        else:

            def update(self, theta, grad, *arrays):
                theta -= self.rate() * grad

    return Stepping()


def shaking(k):
    class Shaking(lw.Callback):
        def on_epoch_end(self, run):
            run.optimizer.learning_rate *= k

    return Shaking()


CHANGES = {
    "a formula": ("activation", lambda: bent(1.0), lambda: bent(2.0), r"layers\[1\]: another formula, .*tanh.*2.* now"),
    "a class attribute": ("activation", lambda: bent(1.0), lambda: bent(1.0, 3.0), r"layers\[1\]: another formula"),
    "a loss": ("loss", lambda: powered(1.0), lambda: powered(2.0), "loss: another formula, .* then, .* now"),
    "a reduction": ("loss", lambda: powered(1.0), lambda: powered(1.0, "sum"), "loss: another reduction"),
    "an optimizer's state": ("optimizer", lambda: signed(0.5), lambda: signed(0.6), "another formula of m, .* now"),
    "a penalty": ("penalty", lambda: cauchy(1.0), lambda: cauchy(2.0), "penalty: another formula, .* then, .* now"),
    "arrays": ("activation", lambda: on_arrays(1.0), lambda: on_arrays(2.0), r"layers\[1\]: another forward, backward"),
    "an update": ("optimizer", lambda: stepping(False), lambda: stepping(True), "optimizer: another update"),
    "a lambda": (
        "activation", lambda: lw.Activation(lambda x: np.tanh(x) * 2), lambda: lw.Activation(lambda x: np.tanh(x) * 3),
        r"layers\[1\]: another formula, .*2.* then, .*3.* now",
    ),
    "a lambda as loss": (
        "loss", lambda: lambda y, t: (y - t) ** 2, lambda: lambda y, t: 2 * (y - t) ** 2, "loss: another formula",
    ),
    "a derivative": (
        "loss", lambda: lw.Loss(lambda y, t: abs(y - t)), lambda: lw.Loss(lambda y, t: abs(y - t), lambda y, t: y - t),
        "loss: another formula of derivative",
    ),
    "a penalty of a lambda": (
        "penalty", lambda: lw.Penalty(0.01, f=lambda w: w**2), lambda: lw.Penalty(0.01, f=lambda w: w**4),
        "penalty: another formula",
    ),
    "an optimizer of a lambda": (
        "optimizer", lambda: lw.Optimizer(0.1, f=lambda w, g, rate, t: w - rate * g),
        lambda: lw.Optimizer(0.1, f=lambda w, g, rate, t: w - 2 * rate * g), "optimizer: another formula",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_another_rule_is_refused_and_the_same_goes_on(tmp_path, case):
    name, same, other, message = CHANGES[case]
    whole = fit(tmp_path / "whole", 4, **{name: same()})
    fit(tmp_path / "run", 2, **{name: same()})
    with pytest.raises(lw.DataError, match=message) as caught:
        fit(tmp_path / "run", 4, resume=True, **{name: other()})
    assert "Tree" not in str(caught.value)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = fit(tmp_path / "run", 4, resume=True, **{name: same()})
    np.testing.assert_array_equal(net.theta, whole.theta)


def test_another_optimizer_on_purpose(tmp_path):
    fit(tmp_path / "run", 2, optimizer=signed(0.5))
    net = fit(tmp_path / "run", 3, resume="optimizer", optimizer=signed(0.6))
    assert [change["name"] for change in net.history.changes] == ["optimizer"]
    assert net.history.changes[0]["then"] != net.history.changes[0]["now"] or "m" in net.optimizer.state


def test_a_callback_that_does_other_things_is_refused(tmp_path):
    def run(k, epochs, **options):
        net = lw.Network([lw.Dense(4), lw.Tanh(), lw.Dense(2)], random_state=1)
        callbacks = [lw.Checkpoint(tmp_path / "run"), shaking(k)]
        net.fit(X, Y, epochs=epochs, loss="mse", verbose=False, callbacks=callbacks, **options)

    run(0.5, 2)
    with pytest.raises(lw.DataError, match="Shaking: another on_epoch_end"):
        run(0.6, 3, resume=True)
    run(0.5, 3, resume=True)


def test_a_checkpoint_that_does_not_tell_the_rule_goes_on_with_a_warning(tmp_path):
    from model_files import rewrite

    def forget(description):
        description["checkpoint"]["settings"]["loss"].pop("computed by", None)

    fit(tmp_path / "run", 2, loss=powered(1.0))
    for path in lw.Checkpoint(tmp_path / "run").files():
        rewrite(path, forget)
    with pytest.warns(RuntimeWarning, match="loss cannot be compared .* by its arguments alone"):
        fit(tmp_path / "run", 3, resume=True, loss=powered(1.0))


def test_a_long_formula_is_shown_in_brief():
    def f(x):
        for _ in range(40):  # 2 ** 40 operations, written out
            x = x * np.tanh(x)
        return x

    assert _text(trace(f, "x")) == "a formula of 81 operations"
    assert len(_text(trace(lambda x: np.tanh(1.23456789 * x) + np.exp(9.87654321 * x) ** np.tanh(3.5 * x), "x"))) <= 60
