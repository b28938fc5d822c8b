"""What the native engine is told of an optimizer's formula, and that its ways to compute one agree."""

import numpy as np
import pytest
from native_and_numpy import needs_native

import layerwise as lw
from layerwise.engine import native_engine, native_rule
from layerwise.parts.optimizers import OPTIMIZERS

OURS = [*(kind() for kind in OPTIMIZERS), lw.SGD(0.1, weight_decay=0.1), lw.SGD(0.1, momentum=0.9),
        lw.SGD(0.1, momentum=0.9, weight_decay=0.1), lw.SGD(0.1, momentum=0.9, nesterov=True),
        lw.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.1), lw.Adam(epsilon_hat=True),
        lw.AdamW(weight_decay=0.0)]  # fmt: skip


class Sign(lw.Optimizer):
    def f(self, w, g, rate, t):
        return w - rate * np.sign(g)


class Careful(lw.Optimizer):
    """Adagrad with a floor for its root."""

    state_names = ("cache",)

    def __init__(self, learning_rate=0.1, floor=0.01):
        super().__init__(learning_rate)
        self.floor = floor

    def f(self, w, g, rate, t, cache):
        cache = cache + np.abs(g)
        return w - rate * g / np.maximum(np.sqrt(cache), self.floor), cache


class Divides(lw.Optimizer):
    """0 / 0 where there is no gradient."""

    def f(self, w, g, rate, t):
        return w - rate * g / np.abs(g)


def copy_of(optimizer):
    return type(optimizer)(**optimizer.config())


def trained(optimizer, X, y, engine="native", dtype="float64"):
    net = lw.Network([lw.Dense(13), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0, dtype=dtype)
    net.fit(X, y, optimizer=copy_of(optimizer), epochs=3, batch_size=20, engine=engine, verbose=False)
    return net


@needs_native
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OURS, ids=repr)
def test_compiled_and_interpreted_formulas_agree(optimizer, dtype, monkeypatch):
    assert optimizer.formulas().text() in native_engine._native.optimizers
    X, y = lw.datasets.make_spiral(30, random_state=0)
    found = trained(optimizer, X, y, dtype=dtype)
    monkeypatch.setattr(native_rule, "texts", list)
    native_rule._native_rule.cache_clear()
    try:
        expected = trained(optimizer, X, y, dtype=dtype)
    finally:
        native_rule._native_rule.cache_clear()
    scale = np.abs(expected.theta).max()
    np.testing.assert_allclose(
        found.theta, expected.theta, rtol=0, atol=scale * (1e-12 if dtype == "float64" else 1e-3)
    )


def numbers_of(optimizer):
    return optimizer.values_of(native_rule.fixed(optimizer.formulas()))


@pytest.mark.parametrize("optimizer", [*OURS, Sign(0.1), Careful()], ids=repr)
def test_what_moves_without_a_gradient(optimizer):
    optimizer, rng = copy_of(optimizer), np.random.default_rng(0)
    theta = rng.normal(size=9)
    optimizer.allocate(theta)
    before = [theta.copy()]
    for state in optimizer.state.values():
        state[:] = rng.random(9)
        before.append(state.copy())
    optimizer.step(theta, np.zeros(9))
    moved = any((a != b).any() for a, b in zip(before, [theta, *optimizer.state.values()], strict=True))
    assert native_rule.moves_without_gradient(optimizer.formulas(), numbers_of(optimizer)) == moved


def test_what_might_not_be_finite_moves():
    assert native_rule.moves_without_gradient(Divides(0.1).formulas(), {})
    floors = {floor: Careful(floor=floor) for floor in (0.01, 0.0)}
    moves = {
        floor: native_rule.moves_without_gradient(one.formulas(), numbers_of(one)) for floor, one in floors.items()
    }
    assert moves == {0.01: False, 0.0: True}


def test_which_steps_are_w_minus_c_g_alone():
    class Own(lw.Optimizer):
        def f(self, w, g, rate, t):
            return w - g * (0.5 * rate)

    assert native_rule.descent(Own(0.1).formulas()) == native_rule.descent(lw.SGD(0.1).formulas()) == 0
    for other in (lw.SGD(0.1, momentum=0.5), lw.SGD(0.1, weight_decay=0.5), Sign(0.1)):
        assert native_rule.descent(other.formulas()) == -1


@needs_native
@pytest.mark.parametrize("optimizer", [*OURS, Sign(0.01), Careful(0.01)], ids=repr)
def test_rows_of_a_sparse_matrix(optimizer):
    sparse = pytest.importorskip("scipy.sparse")
    X = sparse.random(60, 400, 0.02, "csr", random_state=0)
    y = np.random.default_rng(0).integers(0, 3, 60)
    optimizer.learning_rate = 0.01
    found, expected = (trained(optimizer, X, y, engine) for engine in ("native", "numpy"))
    np.testing.assert_allclose(found.theta, expected.theta, rtol=0, atol=1e-10)
