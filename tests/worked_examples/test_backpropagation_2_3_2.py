"""Two inputs, three hidden and two output neurons, sigmoid, quadratic cost: one step of size 0.1, in full.

The matrices are written a row a neuron, as they are published, and turned for the network: ours are (inputs, units).
"""

import numpy as np
import pytest

import layerwise as lw

pytestmark = pytest.mark.usefixtures("each_engine")

X, Y = np.array([[0.8, 0.2]]), np.array([[0.0, 1.0]])
W1 = np.array([[-0.11499179, 0.454649], [-0.65801895, 0.56618695], [-0.15686814, -0.87499479]])
B1 = np.array([0.54001045, 0.75958375, 0.01870296])
W2 = np.array([[0.01071228, -0.49139708, -0.81775586], [-0.87455946, -0.08351883, -0.77534763]])
B2 = np.array([-0.32783478, 0.06061246])
# What the step shall give
NEW_W1 = np.array([[-0.11738908, 0.45404968], [-0.65772813, 0.56625966], [-0.15820821, -0.87532981]])
NEW_B1 = np.array([0.53701384, 0.75994728, 0.01702788])
NEW_W2 = np.array([[0.0072134, -0.49464211, -0.82013814], [-0.86530232, -0.07493331, -0.76904472]])
NEW_B2 = np.array([-0.33337478, 0.07526987])
DIGITS = 1e-8  # the figures have eight decimals, each rounded, as the weights that they come from are


@pytest.fixture
def net():
    return lw.Network(
        [lw.Dense(3, weights=W1.T, biases=B1), lw.Sigmoid(), lw.Dense(2, weights=W2.T, biases=B2), lw.Sigmoid()],
        dtype="float64",
    )


def test_forward(net):
    z1, a1, _, a2 = net.activations(X)
    # first hidden neuron: -0.11499179 · 0.8 + 0.454649 · 0.2 + 0.54001045 = 0.538946818
    assert z1[0, 0] == pytest.approx(0.538946818, abs=1e-12)
    np.testing.assert_allclose(a1, [[0.63156739, 0.58574577, 0.43001486]], atol=DIGITS)
    np.testing.assert_allclose(a2, [[0.27676805, 0.29440967]], atol=DIGITS)


def test_backward_is_the_published_step_divided_by_its_size(net):
    net.backward(net.forward(X) - Y)
    d_w1, d_b1 = net.grad[:6].reshape(2, 3), net.grad[6:9]
    d_w2, d_b2 = net.grad[9:15].reshape(3, 2), net.grad[15:]
    # ∂C/∂b2 = (a2 - y) a2 (1 - a2): 0.27676805 · 0.27676805 · 0.72323195 = 0.05539999…,
    #          (0.29440967 - 1) · 0.29440967 · 0.70559033 = -0.1465741…
    np.testing.assert_allclose(d_b2, [0.0554000, -0.1465741], atol=1e-7)
    for gradient, old, new in ((d_w1, W1.T, NEW_W1.T), (d_b1, B1, NEW_B1), (d_w2, W2.T, NEW_W2.T), (d_b2, B2, NEW_B2)):
        np.testing.assert_allclose(gradient, (old - new) / 0.1, atol=DIGITS / 0.1)


def test_the_gradient_is_that_of_the_cost(net):
    assert lw.gradcheck(net, X, Y, lw.QuadraticCost()).error < 1e-8


def test_one_step(net):
    net.fit(X, Y, loss=lw.QuadraticCost(), optimizer=lw.SGD(0.1), epochs=1, batch_size=1, verbose=False)
    for found, expected in zip(net.get_parameters(), (NEW_W1.T, NEW_B1, NEW_W2.T, NEW_B2), strict=True):
        np.testing.assert_allclose(found, expected, atol=DIGITS)
