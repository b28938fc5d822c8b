"""A network of one input, one hidden and one output neuron, sigmoid, quadratic cost: one step of size 0.1, in full.

x = 0.8, y = 1
z1 = w1 x + b1      a1 = σ(z1)      z2 = w2 a1 + b2      a2 = σ(z2)      C = ½ (a2 - y)²
"""

import numpy as np
import pytest

import layerwise as lw

pytestmark = pytest.mark.usefixtures("each_engine")

X, Y = np.array([[0.8]]), np.array([[1.0]])


@pytest.fixture
def net():
    return lw.Network(
        [
            lw.Dense(1, weights=[[1.58]], biases=[-0.14]),
            lw.Sigmoid(),
            lw.Dense(1, weights=[[2.45]], biases=[-0.11]),
            lw.Sigmoid(),
        ],
        dtype="float64",
    )


def exactly(value):
    return pytest.approx(value, rel=1e-14)


def test_forward(net):
    z1, a1, z2, a2 = (float(a[0, 0]) for a in net.activations(X))
    assert z1 == exactly(1.124)  # 1.58 · 0.8 - 0.14
    assert a1 == exactly(0.7547299213576082)  # 1 / (1 + e^-1.124)
    assert z2 == exactly(1.73908830732614)  # 2.45 · 0.7547299213576082 - 0.11
    assert a2 == exactly(0.850571226530534)
    assert net.forward([0.8])[0] == exactly(0.850571226530534)


def test_backward(net):
    a2 = net.forward(X)
    dx = net.backward(a2 - Y)  # ∂C/∂a2 = a2 - y = -0.149428773469466
    d_w1, d_b1, d_w2, d_b2 = net.grad
    assert d_b2 == exactly(-0.018992369482903983)  # ∂C/∂z2 = (a2 - y) a2 (1 - a2)
    assert d_w2 == exactly(-0.014334109526226761)  # ∂C/∂z2 · a1
    assert d_b1 == exactly(-0.008613534018377424)  # ∂C/∂a1 · a1 (1 - a1)
    assert d_w1 == exactly(-0.006890827214701939)  # ∂C/∂b1 · x
    assert dx[0, 0] == exactly(-0.008613534018377424 * 1.58)  # ∂C/∂x = ∂C/∂z1 · w1


def test_gradient_by_the_hidden_output():
    upper = lw.Network([lw.Dense(1, weights=[[2.45]], biases=[-0.11]), lw.Sigmoid()], dtype="float64")
    a2 = upper.forward([0.7547299213576082])
    assert upper.backward(a2 - 1)[0] == exactly(-0.04653130523311476)  # ∂C/∂a1 = ∂C/∂z2 · w2


def test_the_gradient_is_that_of_the_cost(net):
    assert lw.gradcheck(net, X, Y, lw.QuadraticCost()).error < 1e-8


def test_one_step_and_the_cost_after_it(net):
    assert net.evaluate(X, Y, loss=lw.QuadraticCost())["loss"] == exactly(0.011164479170294499)
    history = net.fit(X, Y, loss=lw.QuadraticCost(), optimizer=lw.SGD(0.1), epochs=1, batch_size=1, verbose=False)
    assert history["loss"] == [exactly(0.011164479170294499)]  # as it was when the step was made

    w1, b1, w2, b2 = net.theta
    assert b2 == exactly(-0.1081007630517096)  # -0.11 + 0.1 · 0.018992369482903983
    assert w2 == exactly(2.451433410952623)  # 2.45 + 0.1 · 0.014334109526226761
    assert b1 == exactly(-0.13913864659816227)  # -0.14 + 0.1 · 0.008613534018377424
    assert w1 == exactly(1.5806890827214704)  # 1.58 + 0.1 · 0.006890827214701939

    z1, a1, z2, a2 = (float(a[0, 0]) for a in net.activations(X))
    assert z1 == exactly(1.125412619579014)
    assert a1 == exactly(0.7549913210309638)
    assert z2 == exactly(1.7427101863028525)
    assert a2 == exactly(0.8510309824120517)
    assert net.evaluate(X, Y)["loss"] == exactly(0.011095884100559231)


def test_the_step_by_hand_is_the_step_of_fit(net):
    twin = net.copy()
    net.backward(net.forward(X) - Y)
    lw.SGD(0.1).step(net.theta, net.grad)
    twin.fit(X, Y, loss=lw.QuadraticCost(), optimizer=lw.SGD(0.1), epochs=1, batch_size=1, verbose=False)
    np.testing.assert_array_equal(net.theta, twin.theta)
