"""Iris, 4-10-5-3, three quarters to train and one to test: at least 0.97 of the test flowers are named rightly."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

import layerwise as lw

pytestmark = pytest.mark.usefixtures("each_engine")


def trained(X, y, seed):
    net = lw.Network(
        [lw.Dense(10), lw.ReLU(), lw.Dense(5), lw.ReLU(), lw.Dense(3), lw.Softmax()],
        random_state=seed,
    )
    net.fit(X, y, optimizer=lw.Adam(0.005), batch_size=10, epochs=200, verbose=False)
    return net


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_iris_with_scikit_learns_split(seed):
    X, y = lw.datasets.load_iris()
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=42)
    assert len(y_test) == 38
    report = trained(X_train, y_train, seed).evaluate(X_test, y_test)
    assert report["accuracy"] >= 0.97  # at most one flower of 38 is wrong


def test_iris_with_the_split_of_the_library():
    X, y = lw.datasets.load_iris()
    (X_train, y_train), (X_test, y_test) = lw.datasets.train_validation_split(
        X, y, validation_size=0.25, random_state=42
    )
    assert len(y_test) == 38
    net = trained(X_train, y_train, seed=0)
    assert net.evaluate(X_test, y_test)["accuracy"] >= 0.97
    assert np.mean(net.predict(X_test) == y_test) >= 0.97
    assert [layer.units for layer in net.layers if isinstance(layer, lw.Dense)] == [10, 5, 3]
    assert net.theta.size == 4 * 10 + 10 + 10 * 5 + 5 + 5 * 3 + 3
