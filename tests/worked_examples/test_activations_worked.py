import math

import numpy as np
import pytest

import layerwise as lw

pytestmark = pytest.mark.usefixtures("each_engine")


def test_sigmoid_of_126_is_one():
    assert lw.Sigmoid()(126) == 1.0  # e⁻¹²⁶ = 2e-55, far below the last digit of 1; warnings are errors here


def test_sigmoid_of_minus_1000_is_zero():
    assert lw.Sigmoid()(-1000) == 0.0  # e¹⁰⁰⁰ overflows; the result does not


def test_softmax_of_the_first_layers_output():
    # e⁴·⁸ = 121.51041752, e¹·²¹ = 3.35348465, e²·³⁸⁵ = 10.85906266; their sum is 135.72296483
    # 121.51041752 / 135.72296483 = 0.89528266, 3.35348465 / … = 0.02470831, 10.85906266 / … = 0.08000903
    np.testing.assert_allclose(lw.Softmax()([4.8, 1.21, 2.385]), [0.89528266, 0.02470831, 0.08000903], atol=5e-9)


def test_softmax_is_not_moved_by_a_shift_nor_broken_by_large_inputs():
    plain = lw.Softmax()([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(lw.Softmax()([10_001.0, 10_002.0, 10_003.0]), plain)
    np.testing.assert_array_equal(lw.Softmax()([-10_001.0, -10_000.0, -9_999.0]), plain)


def test_softmax_jacobian_by_hand():
    # y = softmax(0, log 3) = [1/4, 3/4]; ∂y0/∂x0 = 1/4·3/4 = 3/16, ∂y0/∂x1 = -3/16
    net = lw.Network([lw.Softmax()], dtype="float64")
    y = net.forward([0.0, math.log(3)])
    np.testing.assert_allclose(y, [0.25, 0.75], rtol=1e-15)
    np.testing.assert_allclose(net.backward([1.0, 0.0]), [3 / 16, -3 / 16], rtol=1e-14)
    np.testing.assert_allclose(net.backward([0.0, 1.0]), [-3 / 16, 3 / 16], rtol=1e-14)


@pytest.mark.parametrize(
    ("activation", "x", "y", "slope"),
    [
        (lw.Step(), [-1.0, 0.0, 2.0], [0, 0, 1], [0, 0, 0]),
        (lw.Step(threshold=1.5), [1.0, 1.5, 2.0], [0, 0, 1], [0, 0, 0]),
        (lw.Linear(slope=3.0), [-1.0, 0.0, 2.0], [-3, 0, 6], [3, 3, 3]),
        (lw.Identity(), [-1.0, 0.0, 2.0], [-1, 0, 2], [1, 1, 1]),
        # σ(log 3) = 1 / (1 + 1/3) = 3/4, σ′ = 3/4·1/4 = 3/16
        (lw.Sigmoid(), [0.0, math.log(3), -math.log(3)], [0.5, 0.75, 0.25], [0.25, 3 / 16, 3 / 16]),
        # tanh(log 2) = (2 - 1/2) / (2 + 1/2) = 3/5, 1 - 9/25 = 16/25
        (lw.Tanh(), [0.0, math.log(2), -math.log(2)], [0, 0.6, -0.6], [1, 0.64, 0.64]),
        (lw.ReLU(), [-1.0, 0.0, 2.0], [0, 0, 2], [0, 0, 1]),
        (lw.ReLU(slope=0.5), [-1.0, 0.0, 2.0], [0, 0, 1], [0, 0, 0.5]),
        (lw.LeakyReLU(negative_slope=0.1), [-1.0, 0.0, 2.0], [-0.1, 0, 2], [0.1, 0.1, 1]),
        (lw.LeakyReLU(negative_slope=0.25, slope=2.0), [-1.0, 0.0, 2.0], [-0.25, 0, 4], [0.25, 0.25, 2]),
    ],
    ids=repr,
)
def test_forward_and_backward_by_hand(activation, x, y, slope):
    net = lw.Network([activation], dtype="float64")
    np.testing.assert_allclose(net.forward(x), y, rtol=1e-15, atol=1e-16)
    np.testing.assert_allclose(net.backward([1.0, 1.0, 1.0]), slope, rtol=1e-14)
    np.testing.assert_allclose(net.backward([2.0, -1.0, 0.5]), np.multiply(slope, [2.0, -1.0, 0.5]), rtol=1e-14)


def test_a_perceptron_computes_nand():
    nand = lw.Neuron([-2.0, -2.0], bias=3.0, activation=lw.Step())
    np.testing.assert_array_equal(nand([[0, 0], [0, 1], [1, 0], [1, 1]]), [1, 1, 1, 0])


def test_training_through_a_step_is_refused():
    net = lw.Network([lw.Dense(2), lw.Step(), lw.Dense(1), lw.Sigmoid()], random_state=0)
    with pytest.raises(lw.GradientError, match=r"layer 1 \(Step\(\)\) has gradient 0 everywhere.*Sigmoid"):
        net.fit([[0.0, 1.0], [1.0, 0.0]], [0, 1], verbose=False)


def test_a_network_that_ends_with_a_step_can_be_evaluated():
    net = lw.Network([lw.Dense(1, weights=[[1.0], [1.0]], biases=[-1.5]), lw.Step()])
    report = net.evaluate([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1], loss=lw.QuadraticCost())
    assert report["loss"] == 0
