import numpy as np
import pytest

import layerwise as lw

pytestmark = pytest.mark.usefixtures("each_engine")


def test_the_spirals_first_rows():
    X, y = lw.datasets.make_spiral(samples=100, classes=3, random_state=0)
    expected = [
        [0.0, 0.0],
        [0.00299556, 0.00964661],
        [0.01288097, 0.01556285],
        [0.02997479, 0.0044481],  # seven decimals where the others have eight
        [0.03931246, 0.00932828],
    ]
    np.testing.assert_allclose(X[:5], expected, atol=1e-8)
    assert X.shape == (300, 2)
    np.testing.assert_array_equal(np.bincount(y), [100, 100, 100])


def test_the_spirals_second_row_by_its_formula():
    # arm 0, the second of 100 points: r = 1/99, t = 4/99 + 0.2 g, where g is the second draw of RandomState(0)
    g = 0.4001572083672233
    r, t = 1 / 99, 4 / 99 + 0.2 * g
    np.testing.assert_allclose(lw.datasets.make_spiral()[0][1], [r * np.sin(2.5 * t), r * np.cos(2.5 * t)], rtol=1e-12)


def test_iris_has_150_flowers_of_three_kinds():
    X, y = lw.datasets.load_iris()
    assert X.shape == (150, 4)
    np.testing.assert_array_equal(np.bincount(y), [50, 50, 50])
    np.testing.assert_allclose(X[0], [5.1, 3.5, 1.4, 0.2])


def test_the_digits_are_split_50_10_10_and_scaled_to_one():
    splits = lw.datasets.load_mnist()
    assert [X.shape for X, _ in splits] == [(50_000, 784), (10_000, 784), (10_000, 784)]
    (X, y), _, _ = splits
    assert X.dtype == np.uint8
    assert y[:5].tolist() == [5, 0, 4, 1, 9]
    net = lw.Network([lw.Identity()])
    seen = net.forward(X[:100])  # what the first layer gets: 0…255 becomes 0…1
    assert seen.min() == 0
    assert seen.max() == 1
    np.testing.assert_allclose(seen, X[:100] / 255, rtol=1e-6)
