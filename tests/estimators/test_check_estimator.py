"""scikit-learn's own checks of estimators, on both of ours, with every solver and with what is ours alone."""

import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

import layerwise as lw
from layerwise import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BEYOND = {
    "hidden_layer_sizes": (20, 10), "activation": ("tanh", "gelu"), "layer_norm": True, "weight_decay": 1e-3,
    "clip_norm": 1.0, "schedule": "cosine", "ema": 0.9, "scaling": None, "engine": "numpy",
}  # fmt: skip
SOLVERS = [
    MLPClassifier(max_iter=100),
    MLPClassifier(solver="lbfgs", max_iter=100),
    MLPRegressor(max_iter=100),
]
OTHERS = [
    MLPClassifier(solver="sgd", max_iter=100, learning_rate="adaptive"),
    MLPRegressor(solver="lbfgs"),
    MLPClassifier(solver="sgd", max_iter=100, learning_rate_init=0.1, momentum=0.5, nesterovs_momentum=False),
    MLPClassifier(max_iter=100, label_smoothing=0.1, **BEYOND),
    MLPClassifier(max_iter=100, class_weight="balanced"),
    MLPClassifier(max_iter=100, loss="mean_squared_error", n_threads=2, engine="auto"),
    MLPClassifier(max_iter=100, layers=[lw.Dense(12, "he_normal"), lw.LeakyReLU()], learning_rate_init=0.01),
    MLPRegressor(solver="sgd", max_iter=100),
    MLPRegressor(max_iter=100, **BEYOND),
    MLPRegressor(max_iter=100, loss="huber", learning_rate_init=0.01),
    MLPRegressor(max_iter=100, layers=[lw.Dense(12, "he_normal"), lw.Mish()], learning_rate_init=0.01),
]


@parametrize_with_checks(SOLVERS)
def test_scikit_learn_has_no_complaint(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)


@pytest.mark.slow
@parametrize_with_checks(OTHERS)
def test_nor_of_other_parameters(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)


def slow(estimator):
    return pytest.param(estimator, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    "estimator",
    [
        MLPClassifier(dropout=0.2, max_iter=100),  # masks are drawn for the places in a batch, not for the samples
        slow(MLPClassifier(batch_norm=True, max_iter=100)),  # a sample that counts nothing is still part of its batch
        slow(MLPClassifier(preset="tabular", max_iter=20)),  # part of the samples is set aside
        slow(MLPRegressor(preset="tabular", max_iter=20)),
        slow(MLPClassifier(max_iter=100, dtype="float32")),  # seven digits
    ],
    ids=str,
)
def test_where_weights_cannot_be_repetitions_all_else_holds(estimator):
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    failed = {result["check_name"] for result in results if result["status"] == "failed"}
    assert {name.removesuffix("_on_dense_data").removesuffix("_on_sparse_data") for name in failed} <= {
        "check_sample_weight_equivalence"
    }


@pytest.mark.parametrize("estimator", [MLPClassifier(), MLPRegressor()], ids=["classifier", "regressor"])
def test_no_check_is_expected_to_fail(estimator):
    assert not getattr(estimator, "_xfail_checks", None)
    assert not estimator.__sklearn_tags__().no_validation
    assert not estimator.__sklearn_tags__().non_deterministic
