"""Handwritten digits: sigmoid, quadratic cost, mini-batches of 10, step 3.0, weights and biases N(0, 1).

Published, of 10,000 test images: 784-30-10: 9,032 after the first epoch, 9,458 after the last of 30;
784-16-16-10: 8,957, then 9,385; 784-10: about 75%.

With N(0, 1) weights a digit sometimes stays unlearned for some epochs, which costs nearly 1,000 images. So a first
epoch is held to the published figure for one seed, and to what the other nine digits give for the rest.
"""

import numpy as np
import pytest

import layerwise as lw

pytestmark = pytest.mark.usefixtures("each_engine")

STANDARD_NORMAL = lw.initializers.Normal(1.0)


@pytest.fixture(scope="module")
def digits():
    return lw.datasets.load_mnist()


def network(sizes, seed, dtype):
    layers = []
    for units in sizes:
        layers += [lw.Dense(units, weights=STANDARD_NORMAL, biases=STANDARD_NORMAL), lw.Sigmoid()]
    return lw.Network(layers, random_state=seed, dtype=dtype)


def right_of_10_000(sizes, seed, epochs, digits, dtype=np.float32):
    (X_train, y_train), _, (X_test, y_test) = digits
    net = network(sizes, seed, dtype)
    net.fit(
        X_train, y_train, loss=lw.QuadraticCost(), optimizer=lw.SGD(3.0), batch_size=10, epochs=epochs, verbose=False
    )
    right = int(np.count_nonzero(net.predict(X_test) == y_test))
    assert net.evaluate(X_test, y_test)["accuracy"] == pytest.approx(right / 10_000, abs=1e-9)
    return right


@pytest.mark.parametrize(
    ("sizes", "published", "tolerance"),
    [((30, 10), 9032, 200), pytest.param((16, 16, 10), 8957, 250, marks=pytest.mark.slow)],
    ids=["784-30-10", "784-16-16-10"],
)
def test_the_first_epoch(sizes, published, tolerance, digits):
    assert right_of_10_000(sizes, seed=1, epochs=1, digits=digits) == pytest.approx(published, abs=tolerance)


def test_the_first_epoch_without_a_hidden_layer(digits):
    right = right_of_10_000((10,), seed=0, epochs=1, digits=digits)
    assert 5_000 < right < 9_300  # on its way to about 7,500: some digits are never answered


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("sizes", "published"), [((30, 10), 9458), ((16, 16, 10), 9385)], ids=["784-30-10", "784-16-16-10"]
)
def test_thirty_epochs(sizes, published, seed, digits):
    # In float64, as the published program. In float32 every other order of a sum ends elsewhere: of 8 seeds of
    # 784-16-16-10, by NumPy and by the native executor, the means are 9,318 and 9,316, but one run ends at 9,188.
    right = right_of_10_000(sizes, seed, epochs=30, digits=digits, dtype=np.float64)
    assert right == pytest.approx(published, abs=150)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_thirty_epochs_without_a_hidden_layer(seed, digits):
    # "about 75%": one to three digits stay unanswered, each a tenth of the images, for all the training
    assert 6_300 < right_of_10_000((10,), seed, epochs=30, digits=digits) < 9_300
