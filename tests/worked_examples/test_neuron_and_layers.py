"""One neuron, one layer, a batch, two layers. The textbook's matrices have a row a neuron; ours are (inputs, units)."""

import numpy as np
import pytest

import layerwise as lw

pytestmark = pytest.mark.usefixtures("each_engine")

W1 = np.array([[0.2, 0.8, -0.5, 1.0], [0.5, -0.91, 0.26, -0.5], [-0.26, -0.27, 0.17, 0.87]]).T  # a row a neuron: turn
B1 = [2.0, 3.0, 0.5]
W2 = np.array([[0.1, -0.14, 0.5], [-0.5, 0.12, -0.33], [-0.44, 0.73, -0.13]]).T
B2 = [-1.0, 2.0, -0.5]
BATCH = [[1.0, 2.0, 3.0, 2.5], [2.0, 5.0, -1.0, 2.0], [-1.5, 2.7, 3.3, -0.8]]


def test_three_neurons_and_one_sample():
    net = lw.Network([lw.Dense(3, weights=W1, biases=B1)], dtype="float64")
    # neuron 1:  1·0.2  + 2·0.8   - 3·0.5  + 2.5·1.0  + 2   = 0.2 + 1.6 - 1.5 + 2.5 + 2         = 4.8
    # neuron 2:  1·0.5  - 2·0.91  + 3·0.26 - 2.5·0.5  + 3   = 0.5 - 1.82 + 0.78 - 1.25 + 3      = 1.21
    # neuron 3: -1·0.26 - 2·0.27  + 3·0.17 + 2.5·0.87 + 0.5 = -0.26 - 0.54 + 0.51 + 2.175 + 0.5 = 2.385
    np.testing.assert_allclose(net.forward([1.0, 2.0, 3.0, 2.5]), [4.8, 1.21, 2.385], rtol=1e-14)


@pytest.mark.parametrize(("neuron", "expected"), [(0, 4.8), (1, 1.21), (2, 2.385)])
def test_the_same_neurons_one_at_a_time(neuron, expected):
    assert lw.Neuron(W1[:, neuron], bias=B1[neuron])([1.0, 2.0, 3.0, 2.5]) == pytest.approx(expected, rel=1e-14)


def test_a_batch_of_three_before_the_biases():
    net = lw.Network([lw.Dense(3, weights=W1, biases=[0.0, 0.0, 0.0])], dtype="float64")
    # row 2, neuron 1: 2·0.2 + 5·0.8 + 1·0.5 + 2·1.0 = 0.4 + 4 + 0.5 + 2 = 6.9
    expected = [[2.8, -1.79, 1.885], [6.9, -4.81, -0.3], [-0.59, -1.949, -0.474]]
    np.testing.assert_allclose(net.forward(BATCH), expected, rtol=1e-13)


def test_a_batch_of_three_with_the_biases():
    net = lw.Network([lw.Dense(3, weights=W1, biases=B1)], dtype="float64")
    expected = [[4.8, 1.21, 2.385], [8.9, -1.81, 0.2], [1.41, 1.051, 0.026]]
    np.testing.assert_allclose(net.forward(BATCH), expected, rtol=1e-13)


def test_a_second_layer_on_top():
    net = lw.Network([lw.Dense(3, weights=W1, biases=B1), lw.Dense(3, weights=W2, biases=B2)], dtype="float64")
    # row 1, neuron 1: 4.8·0.1 - 1.21·0.14 + 2.385·0.5 - 1 = 0.48 - 0.1694 + 1.1925 - 1 = 0.5031
    expected = [[0.5031, -1.04185, -2.03875], [0.2434, -2.7332, -5.7633], [-0.99314, 1.41254, -0.35655]]
    np.testing.assert_allclose(net.forward(BATCH), expected, rtol=1e-13)


def test_float32_gives_the_same_to_its_seven_digits():
    net = lw.Network([lw.Dense(3, weights=W1, biases=B1), lw.Dense(3, weights=W2, biases=B2)])
    y = net.forward(BATCH)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y[0], [0.5031, -1.04185, -2.03875], rtol=2e-6)


def test_given_weights_and_biases_are_read_back():
    net = lw.Network([lw.Dense(3, weights=W1, biases=B1), lw.Dense(3, weights=W2, biases=B2)], dtype="float64")
    for found, given in zip(net.get_parameters(), [W1, B1, W2, B2], strict=True):
        np.testing.assert_array_equal(found, given)


def test_a_sigmoid_neuron():
    # 12·19 + 24·23 + 7 = 787, and 1 / (1 + e⁻⁷⁸⁷) is 1 to the last digit
    assert lw.Neuron([19, 23], bias=7, activation=lw.Sigmoid())([12, 24]) == 1.0


def test_a_4_3_1_sigmoid_network():
    hidden = np.array([[19, 23, 14, 2], [4, 7, 11, 18], [3, 13, 52, 20]]).T
    net = lw.Network(
        [
            lw.Dense(3, weights=hidden, biases=[4, 6, 9]),
            lw.Sigmoid(),
            lw.Dense(1, weights=[[5], [10], [15]], biases=[7]),
            lw.Sigmoid(),
        ],
        dtype="float64",
    )
    # every hidden sum is above 600, so the hidden outputs are 1; 5 + 10 + 15 + 7 = 37, and 1 / (1 + e⁻³⁷) = 1 - 8.5e-17
    np.testing.assert_array_equal(net.activations([[12, 24, 9, 16]])[1], [[1.0, 1.0, 1.0]])
    assert net.forward([12, 24, 9, 16])[0] == 1.0


def test_a_pair_of_relu_neurons_has_one_activation_and_one_deactivation_point():
    net = lw.Network(
        [
            lw.Dense(1, weights=[[-1.0]], biases=[0.5]),
            lw.ReLU(),
            lw.Dense(1, weights=[[-2.0]], biases=[1.0]),
            lw.ReLU(),
        ],
        dtype="float64",
    )
    # first: max(0.5 - x, 0), 0 from x = 0.5 on; second: max(1 - 2·first, 0), above 0 from first < 0.5, x > 0, on
    x = np.array([-1, -0.1, 0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_array_equal(net.forward(x[:, None])[:, 0], [0, 0, 0, 0.5, 1, 1, 1])
    between = np.linspace(0, 0.5, 9)
    np.testing.assert_allclose(net.forward(between[:, None])[:, 0], 2 * between, atol=1e-15)


def test_two_linear_layers_are_one():
    rng = np.random.default_rng(0)
    w1, b1, w2, b2 = rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=(5, 2)), rng.normal(size=2)
    two = lw.Network([lw.Dense(5, weights=w1, biases=b1), lw.Dense(2, weights=w2, biases=b2)], dtype="float64")
    one = lw.Network([lw.Dense(2, weights=w1 @ w2, biases=b1 @ w2 + b2)], dtype="float64")
    X = rng.normal(size=(50, 3))
    np.testing.assert_allclose(two.forward(X), one.forward(X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("w1", "b1", "w2", "b2"), [(2.0, -1.0, 0.5, 3.0), (-1.5, 0.25, -4.0, 0.0)])
def test_two_linear_neurons_are_one(w1, b1, w2, b2):
    net = lw.Network(
        [lw.Dense(1, [[w1]], [b1]), lw.Identity(), lw.Dense(1, [[w2]], [b2]), lw.Linear()], dtype="float64"
    )
    for x in (-2.0, 0.0, 0.7):
        assert net.forward([x])[0] == pytest.approx(w2 * w1 * x + (w2 * b1 + b2), rel=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_a_network_at_its_start_knows_nothing(seed):
    X, _ = lw.datasets.make_spiral(samples=100, classes=3, random_state=0)
    small = lw.initializers.Normal(0.01)
    net = lw.Network(
        [lw.Dense(3, weights=small), lw.ReLU(), lw.Dense(3, weights=small), lw.Softmax()], random_state=seed
    )
    dense, relu, _, probabilities = net.activations(X)
    # points lie within the unit circle, weights are 0.01·N(0, 1): |x·w| is hardly ever above 0.01·4.5
    assert np.abs(dense).max() < 0.045
    assert relu.min() == 0
    np.testing.assert_allclose(probabilities, 1 / 3, atol=1e-3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    weights, biases, *_ = net.get_parameters()
    assert weights.std() < 0.03
    assert not biases.any()
