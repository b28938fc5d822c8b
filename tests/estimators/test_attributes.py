"""Attributes of scikit-learn's estimators that programs and converters read, private ones included."""

import numpy as np
import pytest
from sklearn import neural_network as theirs
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import NotFittedError

import layerwise as ours

X, y = load_iris(return_X_y=True)
SEVERAL = make_multilabel_classification(40, 4, n_classes=3, random_state=0)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SOME = {"hidden_layer_sizes": (5, 4), "max_iter": 3, "random_state": 0}


def both(name, data, **parameters):
    return [getattr(package, name)(**SOME | parameters).fit(*data) for package in (theirs, ours)]


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_none_of_them_is_there_before_fit(name, solver):
    estimator = getattr(ours, name)(solver=solver, **SOME)
    fitted = getattr(theirs, name)(solver=solver, **SOME).fit(X, y)
    for attribute in set(vars(fitted)) - set(estimator.get_params()):
        assert not hasattr(estimator, attribute), attribute
    with pytest.raises(NotFittedError, match=rf"This {name} instance is not fitted yet, and has no 'coefs_'"):
        estimator.coefs_  # noqa: B018
    with pytest.raises(AttributeError, match="intercepts_"):
        estimator.intercepts_ = []


INSIDE = {"_coef_indptr", "_intercept_indptr", "_best_coefs", "_best_intercepts"}  # how scikit-learn packs its weights


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_all_of_them_are_there_after_fit(name, solver):
    them, us = both(name, (X, y), solver=solver)
    for attribute in set(vars(them)) - INSIDE:
        assert hasattr(us, attribute), attribute
    assert us.n_iter_ == them.n_iter_
    assert us.t_ == them.t_
    assert hasattr(us, "_optimizer") == hasattr(them, "_optimizer")


@pytest.mark.parametrize(
    "data", [(X, y), (X[y < 2], y[y < 2]), (X, np.array(list("abc"))[y]), SEVERAL], ids=["3", "2", "text", "several"]
)
def test_the_label_binarizer(data):
    them, us = both("MLPClassifier", data)
    assert us._label_binarizer.y_type_ == them._label_binarizer.y_type_
    np.testing.assert_array_equal(us._label_binarizer.classes_, them._label_binarizer.classes_)
    np.testing.assert_array_equal(us._label_binarizer.transform(data[1]), them._label_binarizer.transform(data[1]))
    assert us.out_activation_ == them.out_activation_


@pytest.mark.parametrize(
    ("solver", "numbers", "states"),
    [
        ("adam", ("learning_rate", "learning_rate_init", "beta_1", "beta_2", "epsilon", "t"), ("ms", "vs")),
        ("sgd", ("learning_rate", "learning_rate_init", "momentum", "nesterov"), ("velocities",)),
    ],
)
def test_the_optimizer(solver, numbers, states):
    them, us = both("MLPClassifier", (X, y), solver=solver)
    if solver == "adam":
        assert us._optimizer.learning_rate == us._optimizer.learning_rate_init == them._optimizer.learning_rate_init
    for name in numbers:
        if (solver, name) != ("adam", "learning_rate"):  # theirs is that of the newest step, bias correction included
            assert getattr(us._optimizer, name) == getattr(them._optimizer, name), name
    for name in states:
        for mine, other in zip(getattr(us._optimizer, name), getattr(them._optimizer, name), strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-15)


def test_a_rate_set_by_hand_is_trained_with():
    clf = ours.MLPClassifier(**SOME).partial_fit(X, y, classes=[0, 1, 2])
    clf._optimizer.learning_rate = 1e-12
    before = clf.coefs_[0].copy()
    clf.partial_fit(X, y)
    np.testing.assert_allclose(clf.coefs_[0], before, atol=1e-10)


def converter_reads(model, X):
    """What converters compute: the activation and the attributes that scikit-learn's estimators have, nothing else."""
    hidden = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "identity": lambda z: z}[model.activation]
    for i in range(model.n_layers_ - 1):
        X = X @ model.coefs_[i] + model.intercepts_[i]
        X = hidden(X) if i + 2 < model.n_layers_ else X
    last = {"softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), "identity": lambda z: z,
            "logistic": lambda z: 1 / (1 + np.exp(-z))}  # fmt: skip
    p = last[model.out_activation_](X)
    if hasattr(model, "classes_") and len(model.classes_) == 2:
        p = np.hstack([1 - p, p])
    return (p > 0.5) * 1 if model._label_binarizer.y_type_ == "multilabel-indicator" else model.classes_[p.argmax(1)]


@pytest.mark.parametrize("data", [(X, y), (X[y < 2], y[y < 2]), SEVERAL], ids=["3", "2", "several"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_converters_formula(data, activation):
    clf = ours.MLPClassifier(**SOME, activation=activation).fit(*data)
    np.testing.assert_array_equal(converter_reads(clf, data[0]), clf.predict(data[0]))


@pytest.mark.parametrize(
    "sizes", [(50.0,), [5.0, np.int64(4)], np.array([6, 3]), np.array([6.0]), 7, 7.0, np.float32(3)]
)
def test_sizes_as_searches_give_them(sizes):
    clf = ours.MLPClassifier(sizes, max_iter=1).fit(X, y)
    assert [w.shape[1] for w in clf.coefs_[:-1]] == [int(n) for n in np.ravel(sizes)]


@pytest.mark.parametrize("sizes", [(50.5,), ("50",), (True,), (None,), (np.nan,), (np.inf,), ((5, 4),)])
def test_sizes_that_are_none(sizes):
    with pytest.raises(ValueError, match=r"hidden_layer_sizes must be whole numbers, such as \(100, 50\); got"):
        ours.MLPClassifier(sizes).fit(X, y)
