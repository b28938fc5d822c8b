"""Optimizers against their papers' algorithms, written out once more for a single number in plain Python."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layerwise as lw
from layerwise.parts import optimizers
from layerwise.parts.optimizers import OPTIMIZERS, Optimizer

pytestmark = pytest.mark.usefixtures("each_engine")

# ---------------------------------------------------------------- the papers, for one parameter


def sgd(theta, gradients, rate):
    for t, g in enumerate(gradients):
        theta -= rate(t) * g
        yield theta


def momentum(theta, gradients, rate, mu):
    """Polyak 1964: the last move goes on, the gradient pulls."""
    move = 0.0
    for t, g in enumerate(gradients):
        move = mu * move - rate(t) * g
        theta += move
        yield theta


def nesterov(theta, gradients_at, rate, mu, steps):
    """Sutskever et al. 2013, eq. 3 and 4: v ← μ v - ε ∇f(φ + μ v), φ ← φ + v. What a network holds is φ + μ v."""
    phi, v = theta, 0.0
    for t in range(steps):
        look = phi + mu * v
        v = mu * v - rate(t) * gradients_at(look)
        phi += v
        yield phi + mu * v


def adagrad(theta, gradients, rate, epsilon):
    total = 0.0
    for t, g in enumerate(gradients):
        total += g * g
        theta -= rate(t) * g / (math.sqrt(total) + epsilon)
        yield theta


def rmsprop(theta, gradients, rate, rho, epsilon):
    """Lecture 6.5: MeanSquare(w, t) = 0.9 MeanSquare(w, t-1) + 0.1 (∂E/∂w)²."""
    mean_square = 0.0
    for t, g in enumerate(gradients):
        mean_square = rho * mean_square + (1 - rho) * g * g
        theta -= rate(t) * g / (math.sqrt(mean_square) + epsilon)
        yield theta


def adam(theta, gradients, alpha, beta_1, beta_2, epsilon):
    """Kingma and Ba 2015, algorithm 1."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g * g
        m_hat = m / (1 - beta_1**t)
        v_hat = v / (1 - beta_2**t)
        theta = theta - alpha(t - 1) * m_hat / (math.sqrt(v_hat) + epsilon)
        yield theta


def adamw(theta, gradients, alpha, beta_1, beta_2, epsilon, weight_decay):
    """Loshchilov and Hutter 2019, algorithm 2; the decay is multiplied by the learning rate, as in all libraries."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g * g
        m_hat = m / (1 - beta_1**t)
        v_hat = v / (1 - beta_2**t)
        a = alpha(t - 1)
        theta = theta - a * m_hat / (math.sqrt(v_hat) + epsilon) - a * weight_decay * theta
        yield theta


def adam_hat(theta, gradients, alpha, beta_1, beta_2, epsilon_hat):
    """Kingma and Ba 2015, the more efficient order at the end of section 2."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g * g
        a = alpha(t - 1) * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        theta = theta - a * m / (math.sqrt(v) + epsilon_hat)
        yield theta


def sgdw(theta, gradients, rate, mu, weight_decay):
    """Loshchilov and Hutter 2019, algorithm 1; the decay is multiplied by the learning rate, as in all libraries."""
    m = 0.0
    for t, g in enumerate(gradients):
        m = mu * m + rate(t) * g
        theta = theta - m - rate(t) * weight_decay * theta
        yield theta


def falling(first, decay):
    return lambda t: first / (1 + decay * t)


CASES = [
    (lw.SGD(0.3), lambda x, g: sgd(x, g, falling(0.3, 0))),
    (lw.SGD(0.3, decay=0.1), lambda x, g: sgd(x, g, falling(0.3, 0.1))),
    (lw.SGD(0.1, momentum=0.9), lambda x, g: momentum(x, g, falling(0.1, 0), 0.9)),
    (lw.SGD(0.1, momentum=0.5, decay=0.02), lambda x, g: momentum(x, g, falling(0.1, 0.02), 0.5)),
    (lw.SGD(0.1, weight_decay=0.3, decay=0.1), lambda x, g: sgdw(x, g, falling(0.1, 0.1), 0.0, 0.3)),
    (lw.SGD(0.1, momentum=0.9, weight_decay=0.02), lambda x, g: sgdw(x, g, falling(0.1, 0), 0.9, 0.02)),
    (lw.Adagrad(), lambda x, g: adagrad(x, g, falling(1.0, 0), 1e-7)),
    (lw.Adagrad(0.2, epsilon=1e-3, decay=1e-2), lambda x, g: adagrad(x, g, falling(0.2, 1e-2), 1e-3)),
    (lw.RMSprop(), lambda x, g: rmsprop(x, g, falling(0.001, 0), 0.9, 1e-7)),
    (lw.RMSprop(0.02, rho=0.99, epsilon=1e-4, decay=1e-3),
     lambda x, g: rmsprop(x, g, falling(0.02, 1e-3), 0.99, 1e-4)),
    (lw.Adam(), lambda x, g: adam(x, g, falling(0.001, 0), 0.9, 0.999, 1e-7)),
    (lw.Adam(0.05, beta_1=0.8, beta_2=0.9, epsilon=1e-2, decay=5e-2),
     lambda x, g: adam(x, g, falling(0.05, 5e-2), 0.8, 0.9, 1e-2)),
    (lw.Adam(epsilon=1e-3, epsilon_hat=True), lambda x, g: adam_hat(x, g, falling(0.001, 0), 0.9, 0.999, 1e-3)),
    (lw.AdamW(0.01, epsilon=1e-3, weight_decay=0, epsilon_hat=True),
     lambda x, g: adam_hat(x, g, falling(0.01, 0), 0.9, 0.999, 1e-3)),
    (lw.AdamW(), lambda x, g: adamw(x, g, falling(0.001, 0), 0.9, 0.999, 1e-7, 0.01)),
    (lw.AdamW(0.05, beta_1=0.7, beta_2=0.95, epsilon=1e-3, weight_decay=0.2, decay=1e-2),
     lambda x, g: adamw(x, g, falling(0.05, 1e-2), 0.7, 0.95, 1e-3, 0.2)),
]  # fmt: skip
EXAMPLES = [case[0] for case in CASES] + [lw.SGD(0.1, momentum=0.9, nesterov=True)]
every_optimizer = pytest.mark.parametrize("optimizer", EXAMPLES, ids=repr)


def subclasses(kind):
    for child in kind.__subclasses__():
        if child.__module__.startswith("layerwise."):
            yield child
            yield from subclasses(child)


def test_every_optimizer_is_listed_and_covered():
    assert set(OPTIMIZERS) == set(subclasses(Optimizer)) == {type(optimizer) for optimizer in EXAMPLES}


@pytest.mark.parametrize(("optimizer", "paper"), CASES, ids=[repr(case[0]) for case in CASES])
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 2e-4)])
def test_fifty_steps_of_the_paper(optimizer, paper, dtype, rtol):
    optimizer, rng = copy.deepcopy(optimizer), np.random.default_rng(0)
    start, gradients = rng.normal(size=4), rng.normal(size=(50, 4)) * 10.0 ** rng.integers(-3, 3, size=(50, 1))
    theta, grad = start.astype(dtype), np.empty(4, dtype)
    expected = np.array([list(paper(float(start[i]), [float(g) for g in gradients[:, i]])) for i in range(4)]).T
    for t in range(50):
        grad[:] = gradients[t]
        optimizer.step(theta, grad)
        np.testing.assert_allclose(theta, expected[t], rtol=rtol, atol=rtol)
    assert optimizer.iterations == 50


@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_nesterov_looks_ahead(decay):
    # f(x) = x⁴/4 - x: the gradient depends on where it is taken, which tells Nesterov from plain momentum
    def gradient(x):
        return x**3 - 1

    optimizer = lw.SGD(0.05, momentum=0.8, nesterov=True, decay=decay)
    theta, grad = np.array([2.0]), np.empty(1)
    for expected in nesterov(2.0, gradient, falling(0.05, decay), 0.8, steps=50):
        grad[0] = gradient(theta[0])
        optimizer.step(theta, grad)
        assert theta[0] == pytest.approx(expected, rel=1e-12)


@every_optimizer
def test_it_goes_down_a_valley(optimizer):
    optimizer = copy.deepcopy(optimizer)
    curvature = np.array([1.0, 0.3, 0.1])
    theta, grad = np.array([3.0, -2.0, 1.0]), np.empty(3)
    optimizer.learning_rate, optimizer.decay = 0.3 if isinstance(optimizer, (lw.SGD, lw.Adagrad)) else 0.02, 0
    cost = []
    for _ in range(400):
        cost.append(0.5 * float(curvature @ theta**2))
        grad[:] = curvature * theta
        optimizer.step(theta, grad)
    assert cost[-1] < 0.02 * cost[0]


@every_optimizer
def test_the_gradient_is_only_read(optimizer):
    grad = np.random.default_rng(0).normal(size=10)
    grad.flags.writeable = False
    copy.deepcopy(optimizer).step(np.zeros(10), grad)


@every_optimizer
@pytest.mark.parametrize("size", [1, 2, 17, 70_001])
def test_each_entry_is_on_its_own(optimizer, size):
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=size), rng.normal(size=(3, size))
    whole, theta, grad = copy.deepcopy(optimizer), start.copy(), np.empty(size)
    for g in gradients:
        grad[:] = g
        whole.step(theta, grad)
    for i in {0, size // 2, size - 1}:
        single, one, slope = copy.deepcopy(optimizer), start[i : i + 1].copy(), np.empty(1)
        for g in gradients:
            slope[:] = g[i]
            single.step(one, slope)
        assert theta[i] == pytest.approx(one[0], rel=1e-14)


@every_optimizer
def test_a_copy_goes_on_by_itself(optimizer):
    rng = np.random.default_rng(0)
    first, theta, grad = copy.deepcopy(optimizer), rng.normal(size=8), rng.normal(size=8)
    first.step(theta, grad)
    twin, other = copy.deepcopy(first), theta.copy()
    for _ in range(3):
        first.step(theta, grad)
        twin.step(other, grad)
    np.testing.assert_array_equal(theta, other)
    for name, array in first.state.items():
        np.testing.assert_array_equal(twin.state[name], array)
        assert not np.shares_memory(twin.state[name], array)
    twin.step(other, grad)
    assert first.iterations == twin.iterations - 1 == 4


@every_optimizer
def test_reset_forgets(optimizer):
    grad = np.random.default_rng(0).normal(size=8)
    used, fresh = copy.deepcopy(optimizer), copy.deepcopy(optimizer)
    for _ in range(5):
        used.step(np.ones(8), grad)
    used.reset()
    assert used.iterations == 0
    a, b = np.ones(8), np.ones(8)
    used.step(a, grad)
    fresh.step(b, grad)
    np.testing.assert_array_equal(a, b)


@every_optimizer
def test_state_of_its_own_is_as_long_as_theta_and_named(optimizer):
    optimizer = copy.deepcopy(optimizer)
    optimizer.step(np.ones(5, np.float32), np.ones(5, np.float32))
    assert set(optimizer.state) == set(optimizer.state_names)
    assert all(array.shape == (5,) and array.dtype == np.float32 for array in optimizer.state.values())


def test_the_learning_rate_may_change_in_mid_run():
    optimizer, theta, grad = lw.SGD(1.0), np.zeros(1), np.ones(1)
    for rate in (1.0, 0.5, 0.25):
        optimizer.learning_rate = rate
        optimizer.step(theta, grad)
    assert theta[0] == -1.75


def test_a_callback_changes_the_learning_rate_of_fit():
    class Halve(lw.Callback):
        def on_epoch_end(self, run):
            run.optimizer.learning_rate /= 2

    net = lw.Network([lw.Dense(1)], random_state=0)
    mine = lw.SGD(0.8)
    history = net.fit(np.eye(4), np.ones(4), optimizer=mine, epochs=3, callbacks=[Halve()], verbose=False)
    assert history["learning_rate"] == [0.8, 0.4, 0.2]
    assert mine.learning_rate == 0.8  # the network has a copy of its own
    assert net.optimizer.learning_rate == 0.1


def test_decay_is_one_over_one_plus():
    optimizer, theta, grad = lw.SGD(1.0, decay=0.5), np.zeros(1), np.ones(1)
    rates = []
    for _ in range(4):
        rates.append(optimizer.rate())
        optimizer.step(theta, grad)
    np.testing.assert_allclose(rates, [1, 1 / 1.5, 1 / 2, 1 / 2.5], rtol=1e-15)
    assert theta[0] == pytest.approx(-sum(rates))


@settings(deadline=None, max_examples=30)
@given(st.floats(1e-6, 1e6), st.sampled_from([-1.0, 1.0]))
def test_adams_first_step_is_the_learning_rate_whatever_the_gradient(size, sign):
    theta = np.zeros(1)
    lw.Adam(0.01, epsilon=1e-12).step(theta, np.array([sign * size]))
    assert theta[0] == pytest.approx(-sign * 0.01, rel=1e-5)


def test_adamws_decay_does_not_pass_through_the_gradient():
    theta = np.array([2.0, -4.0])
    lw.AdamW(0.1, weight_decay=0.5).step(theta, np.zeros(2))
    np.testing.assert_allclose(theta, [1.9, -3.8])  # (1 - 0.1 · 0.5) of them


def test_defaults_are_those_of_the_books():
    assert (lw.SGD().learning_rate, lw.SGD().momentum) == (1.0, 0.0)
    assert (lw.Adagrad().learning_rate, lw.Adagrad().epsilon) == (1.0, 1e-7)
    assert (lw.RMSprop().learning_rate, lw.RMSprop().rho, lw.RMSprop().epsilon) == (0.001, 0.9, 1e-7)
    adam = lw.Adam()
    assert (adam.learning_rate, adam.beta_1, adam.beta_2, adam.epsilon) == (0.001, 0.9, 0.999, 1e-7)
    assert lw.SGD().weight_decay == 0
    assert not lw.Adam().epsilon_hat
    assert all(kind().decay == 0 for kind in OPTIMIZERS)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: lw.SGD(0), "SGD: learning_rate must be above 0; got 0"),
        (lambda: lw.SGD(0.1, momentum=1), "SGD: momentum must be below 1"),
        (lambda: lw.SGD(-0.1), "SGD: learning_rate must be above 0"),
        (lambda: lw.Adam(beta_2=1.0), "Adam: beta_2 must be below 1"),
        (lambda: lw.Adam(epsilon=0), "Adam: epsilon must be above 0"),
        (lambda: lw.Adam("fast"), "Adam: learning_rate must be a finite number; got 'fast'"),
        (lambda: lw.RMSprop(rho=-0.1), "RMSprop: rho must be at least 0"),
        (lambda: lw.AdamW(weight_decay=-1), "AdamW: weight_decay must be at least 0"),
        (lambda: lw.Adagrad(decay=-1), "Adagrad: decay must be at least 0"),
        (lambda: optimizers.as_optimizer("adamm"), "optimizer='adamm' is not known; did you mean 'Adam'"),
    ],
)
def test_arguments_out_of_range(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_second_fit_goes_on_with_the_state():
    X, y = lw.datasets.make_spiral(samples=20)
    options = {"batch_size": 60, "shuffle": False, "verbose": False}
    once, twice = (lw.Network([lw.Dense(3), lw.Softmax()], random_state=0) for _ in range(2))
    once.fit(X, y, optimizer=lw.Adam(0.1, decay=0.01), epochs=6, **options)
    twice.fit(X, y, optimizer=lw.Adam(0.1, decay=0.01), epochs=2, **options)
    twice.fit(X, y, epochs=4, **options)
    np.testing.assert_array_equal(once.theta, twice.theta)
