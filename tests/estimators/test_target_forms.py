"""Targets whose form cannot be learned from are refused in words, by networks and estimators alike."""

import numpy as np
import pytest

import layerwise as lw

X = np.random.default_rng(0).normal(size=(30, 3))
NUMBERS = np.arange(30) % 3
MIXED = [1, "a", "1"] * 10


def network(n_out=3):
    return lw.Network([lw.Dense(n_out), lw.Softmax()], random_state=0)


def fitted():
    return lw.MLPClassifier((3,), max_iter=400, tol=1.0, random_state=0).fit(X, NUMBERS)


USES = {
    "network": lambda y: network().fit(X, y, epochs=1, verbose=False),
    "validation_data of a network": lambda y: network().fit(
        X, NUMBERS, validation_data=(X, y), epochs=1, verbose=False
    ),
    "classifier": lambda y: lw.MLPClassifier().fit(X, y),
    "classifier, tabular": lambda y: lw.MLPClassifier(preset="tabular").fit(X, y),
    "partial_fit": lambda y: lw.MLPClassifier().partial_fit(X, y, classes=["1", "a"]),
    "validation_data": lambda y: lw.MLPClassifier().fit(X, NUMBERS, validation_data=(X, y)),
    "regressor": lambda y: lw.MLPRegressor().fit(X, y),
    "score": lambda y: fitted().score(X, y),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("form", [list, tuple, lambda y: np.array(y, object)], ids=["list", "tuple", "array"])
def test_text_and_numbers_together_are_refused(use, form):
    """NumPy would make a list of 1 and "1" one label."""
    with pytest.raises(ValueError, match=r"mixes labels of the types int, str: row 0 is 1 and row 1 is 'a'"):
        USES[use](form(MIXED))


def test_series_of_text_and_numbers_too():
    pandas = pytest.importorskip("pandas")
    for use in USES.values():
        with pytest.raises(ValueError, match=r"mixes labels of the types int, str"):
            use(pandas.Series(MIXED))


@pytest.mark.parametrize("use", ["network", "classifier", "regressor"])
def test_a_missing_label_is_named(use):
    y = np.array(["a", None, "b"] * 10, object)
    with pytest.raises(ValueError, match="y: row 1 is None; remove the row"):
        USES[use](y)


@pytest.mark.parametrize("kind", [lw.MLPClassifier, lw.MLPRegressor])
def test_a_row_of_targets_is_to_be_a_column(kind):
    with pytest.raises(ValueError, match=r"y has the shape \(1, 30\), one row, and X has 30: give y.ravel\(\)"):
        kind().fit(X, NUMBERS[np.newaxis])


def test_a_network_says_the_same():
    with pytest.raises(lw.ShapeError, match=r"give y.ravel\(\) if these are the targets of 30 samples"):
        network().fit(X, NUMBERS[np.newaxis], epochs=1, verbose=False)
    with pytest.raises(lw.ShapeError, match=r"or give y.T if its rows are the outputs"):
        network().fit(X, np.zeros((3, 30)), epochs=1, verbose=False)


@pytest.mark.parametrize("y", [["a", "b", "c"] * 10, np.array(["a", "b", "c"] * 10, object), [True, False, True] * 10])
def test_labels_of_one_type_are_learned(y):
    assert set(lw.MLPClassifier((3,), max_iter=400, tol=1.0).fit(X, y).predict(X)) <= set(y)
