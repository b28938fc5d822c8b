"""The same seed gives the network, and epoch by epoch the losses, that scikit-learn's own estimator has."""

import itertools
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn import neural_network as theirs
from sklearn.datasets import load_diabetes, load_digits, load_iris, load_linnerud, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

import layerwise as ours

IRIS = tuple(load_iris(return_X_y=True))
PAIR = (IRIS[0][:100], np.array(["no", "yes"])[IRIS[1][:100]])
DIGITS = (load_digits().data[:500] / 16, load_digits().target[:500])
SEVERAL = make_multilabel_classification(120, 10, random_state=0)
DIABETES = (lambda X, y: (X * 20, y / 100))(*load_diabetes(return_X_y=True))
LINNERUD = (lambda X, y: (scale(X), scale(y)))(*load_linnerud(return_X_y=True))
COUNTS = (DIABETES[0], np.round(DIABETES[1]))


def fitted(name, data, fit_arguments=(), **parameters):
    arguments = dict(fit_arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [
            getattr(package, name)(**{"random_state": 3, "max_iter": 12, **parameters}).fit(*data, **arguments)
            for package in (theirs, ours)
        ]


def same(them, us, X, rtol):
    assert us.n_iter_ == them.n_iter_
    np.testing.assert_allclose(us.loss_, them.loss_, rtol=rtol)
    for name in ("n_layers_", "n_outputs_", "out_activation_", "t_", "n_features_in_"):
        assert getattr(us, name) == getattr(them, name), name
    for mine, other in zip(us.coefs_ + us.intercepts_, them.coefs_ + them.intercepts_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e3 * rtol, atol=1e3 * rtol)
    if hasattr(them, "loss_curve_"):
        np.testing.assert_allclose(us.loss_curve_, them.loss_curve_, rtol=rtol)
        for name in ("best_loss_", "best_validation_score_", "validation_scores_"):
            expected = getattr(them, name)
            assert (getattr(us, name) is None) == (expected is None), name
            if expected is not None:
                np.testing.assert_allclose(getattr(us, name), expected, rtol=rtol)
    np.testing.assert_allclose(us.predict_proba(X) if hasattr(us, "predict_proba") else us.predict(X),
                               them.predict_proba(X) if hasattr(us, "predict_proba") else them.predict(X),
                               rtol=1e4 * rtol, atol=1e3 * rtol)  # fmt: skip


@pytest.mark.parametrize("data", [IRIS, PAIR, DIGITS, SEVERAL], ids=["iris", "pair", "digits", "several labels"])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"solver": "sgd", "learning_rate_init": 0.05},
        {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3, "nesterovs_momentum": False},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 1, "max_iter": 40},
        {"batch_size": 17, "alpha": 0.5},
        {"activation": "logistic", "hidden_layer_sizes": (9, 7)},
        {"activation": "tanh", "shuffle": False, "batch_size": 32},
        {"activation": "identity", "hidden_layer_sizes": 5, "beta_1": 0.5, "epsilon": 1e-3},
        {"early_stopping": True, "n_iter_no_change": 3, "max_iter": 30, "batch_size": 20},
        {"early_stopping": True, "validation_fraction": 0.3, "solver": "sgd"},
        {"tol": 0.1, "n_iter_no_change": 2, "max_iter": 60},
    ],
    ids=str,
)
def test_each_epoch_of_a_classifier(data, parameters):
    same(*fitted("MLPClassifier", data, **parameters), data[0], 1e-9)


@pytest.mark.parametrize("data", [DIABETES, LINNERUD], ids=["diabetes", "three outputs"])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"solver": "sgd", "learning_rate_init": 1e-3, "momentum": 0.5},
        {"solver": "sgd", "learning_rate_init": 1e-3, "learning_rate": "invscaling"},
        {"activation": "tanh", "hidden_layer_sizes": (8, 4), "batch_size": 9},
        {"early_stopping": True, "max_iter": 30, "n_iter_no_change": 2},
    ],
    ids=str,
)
def test_each_epoch_of_a_regressor(data, parameters):
    same(*fitted("MLPRegressor", data, **parameters), data[0], 1e-9)


def test_each_epoch_of_counts():
    same(*fitted("MLPRegressor", COUNTS, loss="poisson", learning_rate_init=1e-3), COUNTS[0], 1e-8)


@pytest.mark.parametrize("engine", ["numpy", "native"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_executors_and_precisions(engine, dtype):
    X, y = DIGITS[0].astype(dtype), DIGITS[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        them = theirs.MLPClassifier(random_state=0, max_iter=5).fit(X, y)
        us = ours.MLPClassifier(random_state=0, max_iter=5, engine=engine).fit(X, y)
    assert us.coefs_[0].dtype == dtype
    assert us.predict_proba(X).dtype == dtype
    np.testing.assert_allclose(us.loss_curve_, them.loss_curve_, rtol=1e-4 if dtype == np.float32 else 1e-10)
    wide = X.astype(np.float64)  # in which scikit-learn answers whatever the weights are, and we in the weights' type
    assert (us.predict_proba(wide).dtype, them.predict_proba(wide).dtype) == (dtype, np.float64)
    np.testing.assert_allclose(us.predict_proba(wide), us.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("data", [IRIS, PAIR], ids=["iris", "pair"])
def test_weights_of_samples(solver, data):
    weight = np.random.default_rng(0).integers(0, 4, len(data[0]))
    them, us = fitted("MLPClassifier", data, {"sample_weight": weight}.items(), solver=solver, max_iter=8)
    same(them, us, data[0], 1e-6 if solver == "lbfgs" else 1e-9)


@pytest.mark.parametrize("data", [IRIS, SEVERAL], ids=["iris", "several labels"])
@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse_rows(data, container, solver):
    X, y = np.where(np.abs(data[0]) > 1.5, data[0], 0), data[1]
    them, us = fitted("MLPClassifier", (container(X), y), solver=solver, max_iter=6, batch_size=32)
    same(them, us, container(X), 1e-6 if solver == "lbfgs" else 1e-9)


@pytest.mark.parametrize(("name", "data"), [("MLPClassifier", IRIS), ("MLPRegressor", DIABETES)])
def test_lbfgs_comes_to_the_same_minimum(name, data):
    them, us = fitted(name, data, solver="lbfgs", max_iter=15, alpha=0.1, hidden_layer_sizes=(6,))
    same(them, us, data[0], 1e-6)


@pytest.mark.parametrize(("name", "data"), [("MLPClassifier", IRIS), ("MLPRegressor", DIABETES)])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fits(name, data, solver):
    parameters = {"random_state": 1, "solver": solver, "learning_rate_init": 1e-3}
    models = [getattr(package, name)(**parameters) for package in (theirs, ours)]
    for start, model in itertools.product(range(0, 90, 30), models):
        part = slice(start, start + 60)
        classes = {"classes": np.unique(data[1])} if name == "MLPClassifier" else {}
        model.partial_fit(data[0][part], data[1][part], **classes)
    same(*models, data[0], 1e-9)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_warm_starts(early_stopping):
    parameters = {"random_state": 1, "warm_start": True, "max_iter": 4, "early_stopping": early_stopping}
    models = [package.MLPClassifier(**parameters) for package in (theirs, ours)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for model in models:
            model.fit(*DIGITS).fit(*DIGITS)
    assert len(models[0].loss_curve_) == len(models[1].loss_curve_) == 8
    np.testing.assert_allclose(models[1].loss_curve_, models[0].loss_curve_, rtol=1e-9)
