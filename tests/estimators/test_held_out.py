"""The held-out share of early stopping: split as scikit-learn splits, and its lack of a class is named."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.metrics import make_scorer, max_error, r2_score
from sklearn.neural_network import MLPClassifier as Theirs

from layerwise import MLPClassifier, MLPRegressor

X, y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
FEW = np.r_[0:8, 50:58, 100:104]
ONE = np.full(5, 2)
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::sklearn.exceptions.UndefinedMetricWarning"
)
BASE = {"hidden_layer_sizes": (5,), "max_iter": 5, "early_stopping": True}
TARGETS = {
    "two_classes": y > 1,
    "rare": np.arange(len(y)) % 15 == 0,
    "three_classes": y,
    "one_column_of_two": (y > 1)[:, None],
    "several_labels": make_multilabel_classification(150, 4, n_classes=3, random_state=0)[1],
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("target", TARGETS)
def test_the_split_is_scikit_learns(target, seed):
    """Stratified for two classes alone: other rows held out would give other losses and other scores."""
    ours, theirs = (kind(**BASE, random_state=seed).fit(X, TARGETS[target]) for kind in (MLPClassifier, Theirs))
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, rtol=1e-12)


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr"])
def test_a_class_that_the_share_lacks_is_named(scoring):
    names = np.array(["a", "b", "c"])[y[FEW]]
    lacking = set()
    for seed in range(5):
        with pytest.raises(
            ValueError, match=rf"scoring='{scoring}' failed: the 2 held-out samples lack the classes"
        ) as e:
            MLPClassifier(**BASE, scoring=scoring, random_state=seed).fit(X[FEW], names)
        assert "raise validation_fraction=0.1, or give fit X_val and y_val with all classes" in str(e.value)
        assert isinstance(e.value.__cause__, ValueError)
        lacking |= {name for name in "abc" if f"'{name}'" in str(e.value)}
    assert lacking == set("abc")
    clf = MLPClassifier(**BASE, scoring=scoring, random_state=0).fit(X[FEW], names, X_val=X[FEW], y_val=names)
    assert np.isfinite(clf.validation_scores_).all()


def test_a_class_that_given_data_lack_is_named():
    with pytest.raises(
        ValueError, match=r"10 held-out samples lack the classes \[2\] of 3; give data with all classes"
    ):
        MLPClassifier(**BASE, scoring="neg_log_loss").fit(X, y, X_val=X[45:55], y_val=y[45:55])


def test_no_class_lacks_where_the_scorer_needs_none():
    clf = MLPClassifier(**BASE, scoring="accuracy").fit(X, y, X_val=X[45:55], y_val=y[45:55])
    assert len(clf.validation_scores_) == 5


def test_another_fault_of_the_scorer_keeps_its_own_error():
    def score(estimator, X, y):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine") as caught:
        MLPClassifier(**BASE, scoring=score).fit(X, y, validation_data=(X, y))
    assert any("raised by scoring=" in note for note in caught.value.__notes__)


WEIGHT = np.ones(len(y))
DEAF = [make_scorer(max_error), lambda estimator, X, y: 0.0, make_scorer(lambda y, said: 0.0)]


@pytest.mark.parametrize("scoring", DEAF)
@pytest.mark.parametrize(
    "weights",
    [{"sample_weight": WEIGHT}, {"X_val": X, "y_val": y, "sample_weight_val": WEIGHT}],
    ids=["share", "given"],
)
def test_a_scorer_that_takes_no_weights_is_refused_before_the_training(scoring, weights):
    model = MLPRegressor(**BASE, scoring=scoring)
    with pytest.raises(ValueError, match="takes no sample_weight, and the held-out samples have weights"):
        model.fit(X, y, **weights)
    assert model.n_iter_ == 0
    assert not model.loss_curve_
    model.fit(X, y)


@pytest.mark.parametrize(
    "scoring",
    ["r2", lambda estimator, X, y, sample_weight=None: 0.0, lambda estimator, X, y, **rest: 0.0, make_scorer(r2_score)],
)
def test_a_scorer_that_takes_weights_gets_them(scoring):
    assert len(MLPRegressor(**BASE, scoring=scoring).fit(X, y, sample_weight=WEIGHT).validation_scores_) > 0


def test_a_score_that_is_nan_chooses_nothing():
    """Compared with NaN nothing is better: the first weights would have come back without a word."""
    with pytest.raises(ValueError, match=r"is NaN: the 5 held-out samples lack the classes \[True\] of 2; give data"):
        MLPClassifier(**BASE, scoring="roc_auc").fit(X, y > 1, X_val=X[:5], y_val=y[:5] > 1)
    with pytest.raises(ValueError, match="is NaN: it needs other data"):
        MLPRegressor(**BASE, scoring=lambda estimator, X, y: np.nan).fit(X, y)
    regr = MLPRegressor(**BASE | {"early_stopping": False}, scoring=lambda estimator, X, y: np.nan)
    assert np.isnan(regr.fit(X, y, validation_data=(X, y)).history_["val_score"]).all()
