import math

import numpy as np
import pytest

import layerwise as lw

pytestmark = pytest.mark.usefixtures("each_engine")


def test_mean_squared_error():
    # errors 0, 1, 0: (0 + 1 + 0) / 3
    assert lw.MeanSquaredError()([4, 8, 6], [4, 9, 6]) == 0.3333333333333333


def test_mean_squared_error_of_one_sample_with_three_outputs_is_the_same():
    assert lw.MeanSquaredError()([[4, 8, 6]], [[4, 9, 6]]) == pytest.approx(0.3333333333333333, rel=1e-15)


def test_quadratic_cost():
    # ½ (0.850571226530534 - 1)² = ½ · 0.149428773469466² = ½ · 0.022328958340589
    assert lw.QuadraticCost()(0.850571226530534, 1) == pytest.approx(0.011164479170294499, rel=1e-15)


def test_quadratic_cost_sums_over_outputs_and_averages_over_samples():
    # sample 1: ½ (1² + 2²) = 2.5; sample 2: ½ (0 + 3²) = 4.5; mean 3.5
    assert lw.QuadraticCost()([[1.0, 2.0], [5.0, 3.0]], [[0.0, 0.0], [5.0, 0.0]]) == 3.5


@pytest.mark.parametrize("targets", [[0, 1, 1], [[1, 0, 0], [0, 1, 0], [0, 1, 0]]], ids=["labels", "one-hot"])
def test_categorical_cross_entropy_is_the_mean_over_the_batch(targets):
    y = [[0.7, 0.1, 0.2], [0.1, 0.5, 0.4], [0.02, 0.9, 0.08]]
    # -log 0.7 = 0.35667494, -log 0.5 = 0.69314718, -log 0.9 = 0.10536052: their mean is 0.38506088
    assert lw.CategoricalCrossEntropy()(y, targets) == pytest.approx(0.38506088005216804, rel=1e-14)


def test_categorical_cross_entropy_of_full_confidence_is_zero():
    assert lw.CategoricalCrossEntropy()([[0.0, 1.0, 0.0]], [1]) == 0.0


def test_categorical_cross_entropy_is_clipped():
    # confidence 0 counts as 1e-7: -log 1e-7 = 7 log 10 = 16.118
    assert lw.CategoricalCrossEntropy()([[0.0, 1.0, 0.0]], [0]) == pytest.approx(7 * math.log(10), rel=1e-12)


def test_binary_cross_entropy():
    # -log 0.9, -log(1 - 0.2) = -log 0.8: (0.10536052 + 0.22314355) / 2 = 0.16425203
    assert lw.BinaryCrossEntropy()([[0.9], [0.2]], [[1], [0]]) == pytest.approx(0.164252033486018, rel=1e-13)


def test_binary_cross_entropy_is_clipped():
    assert lw.BinaryCrossEntropy()([[0.0]], [[1]]) == pytest.approx(7 * math.log(10), rel=1e-12)
    assert lw.BinaryCrossEntropy()([[1.0]], [[0]]) == pytest.approx(7 * math.log(10), rel=1e-12)
    assert lw.BinaryCrossEntropy()([[1.0], [0.0]], [[1], [0]]) == 0.0


def test_mean_absolute_error():
    # (|4 - 4| + |8 - 9| + |3 - 6|) / 3 = 4 / 3
    assert lw.MeanAbsoluteError()([4, 8, 3], [4, 9, 6]) == pytest.approx(4 / 3, rel=1e-15)


def test_the_loss_of_the_1_1_1_network_by_evaluate():
    net = lw.Network(
        [lw.Dense(1, [[1.58]], [-0.14]), lw.Sigmoid(), lw.Dense(1, [[2.45]], [-0.11]), lw.Sigmoid()], dtype="float64"
    )
    loss = net.evaluate([[0.8]], np.array([[1.0]]), loss=lw.QuadraticCost())["loss"]
    assert loss == pytest.approx(0.011164479170294499, rel=1e-14)
