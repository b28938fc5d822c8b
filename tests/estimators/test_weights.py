"""Weights of samples together with weights of classes: a sample of weight 2 is two samples, one of weight 0 is none."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from layerwise import MLPClassifier
from layerwise.data.sample_weights import balanced

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RANDOM = np.random.default_rng(3)
X, COUNTS = RANDOM.normal(size=(40, 4)), RANDOM.integers(0, 4, 40)
LABELS = np.where(X[:, 0] > 0.8, 2, np.where(X[:, 1] > 0.5, 1, 0))
SEVERAL = np.stack([X[:, 0] > 0.8, X[:, 1] > 0, X[:, 2] > -0.7], axis=1).astype(int)


@pytest.mark.parametrize("engine", ["numpy", "native"])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize(
    ("y", "class_weight"),
    [(LABELS, None), (LABELS, "balanced"), (LABELS, {0: 1.0, 1: 5.0, 2: 0.2}), (SEVERAL, "balanced"), (SEVERAL, None)],
    ids=["labels", "labels, balanced", "labels, dict", "several, balanced", "several"],
)
def test_weights_are_repetitions(y, class_weight, solver, engine):
    def fitted(X, y, sample_weight=None):
        model = MLPClassifier(
            (6,), solver=solver, alpha=2.0, max_iter=20, learning_rate_init=0.02, class_weight=class_weight,
            engine=engine, random_state=0,
        )  # fmt: skip
        return model.fit(X, y, sample_weight)

    weighted = fitted(X, y, COUNTS)
    repeated = fitted(np.repeat(X, COUNTS, axis=0), np.repeat(y, COUNTS, axis=0))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-6)
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-6)
    plain = fitted(X, y)
    assert np.abs(weighted.predict_proba(X) - plain.predict_proba(X)).max() > 1e-3


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_penalty_is_shared_by_the_sum_of_the_weights(solver):
    """Equal weights of 4: alpha / (4 n), as for four times the samples."""
    some = {"solver": solver, "max_iter": 20, "class_weight": "balanced", "random_state": 0}
    weighted = MLPClassifier((6,), alpha=4.0, **some).fit(X, LABELS, np.full(40, 4.0))
    weaker = MLPClassifier((6,), alpha=1.0, **some).fit(X, LABELS)
    np.testing.assert_allclose(weighted.predict_proba(X), weaker.predict_proba(X), rtol=1e-7)


def test_balanced_is_scikit_learns_and_counts_by_the_weights():
    np.testing.assert_allclose(balanced(LABELS), compute_sample_weight("balanced", LABELS))
    repeated = compute_sample_weight("balanced", np.repeat(LABELS, COUNTS))
    np.testing.assert_allclose(np.repeat(balanced(LABELS, COUNTS), COUNTS), repeated)
    # worked: classes of 3 and 1 samples, the last of which counts 2: 5 / (2 · 3) and 5 / (2 · 2)
    np.testing.assert_allclose(balanced(np.array([0, 0, 0, 1]), np.array([1, 1, 1, 2])), [5 / 6, 5 / 6, 5 / 6, 5 / 4])


def test_a_dict_for_several_labels_is_refused_before_anything_is_learned():
    model = MLPClassifier(class_weight={0: 2.0})
    with pytest.raises(ValueError, match="a dict of class_weight needs one label a sample"):
        model.fit(X, SEVERAL)
    assert not hasattr(model, "network_")


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 2.0}])
@pytest.mark.parametrize("weights", [np.zeros(40), np.where(np.arange(40) == 3, -1.0, 1.0)], ids=["zeros", "negative"])
def test_weights_that_cannot_be_are_refused(class_weight, weights):
    with pytest.raises(ValueError, match="weights"):
        MLPClassifier(class_weight=class_weight).fit(X, LABELS, weights)
