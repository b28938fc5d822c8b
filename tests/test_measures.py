"""Measures of a model for tables: scikit-learn's numbers, beside its dummies'."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn import metrics
from sklearn.dummy import DummyClassifier

from layerwise.app.measures import beside_no_model, of_classes, of_numbers, sampled, squared_errors


@pytest.mark.parametrize("k", [2, 4])
def test_classes(rng, k):
    classes = np.array(list("abcd"))[:k]
    places = rng.integers(0, k, 200)
    probabilities = rng.dirichlet(np.ones(k), 200) + 0.5 * np.eye(k)[places]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    y, answers = classes[places], classes[probabilities.argmax(axis=1)]
    found = of_classes(y, probabilities, answers, classes)
    scores = probabilities[:, 1] if k == 2 else probabilities
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(y, answers))
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(y, answers))
    assert found["loss"] == pytest.approx(metrics.log_loss(y, probabilities))
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(places, scores, multi_class="ovr"))
    assert [item["recall"] for item in found["recalls"]] == pytest.approx(
        metrics.recall_score(y, answers, average=None)
    )
    dummy, known = DummyClassifier(strategy="prior"), classes[rng.integers(0, k, 99)]
    dummy.fit(np.zeros((99, 1)), known)
    beside = beside_no_model(found, y, known)
    assert beside["accuracy"] == pytest.approx(dummy.score(np.zeros((200, 1)), y))
    assert beside["loss"] == pytest.approx(metrics.log_loss(y, dummy.predict_proba(np.zeros((200, 1)))))
    said = dummy.predict(np.zeros((200, 1)))
    assert beside["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(y, said))
    assert beside["better"]
    assert beside["probabilities_better"]


def test_numbers(rng):
    y = rng.normal(5, 3, 80)
    answers = y + rng.normal(0, 1, 80)
    found = of_numbers(y, answers)
    assert found["r2"] == pytest.approx(metrics.r2_score(y, answers))
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(y, answers))
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(y, answers))
    beside = beside_no_model(found, y, y)
    assert beside["rmse"] == pytest.approx(y.std())
    assert beside["r2"] == pytest.approx(0, abs=1e-9)
    assert beside["better"]
    assert not beside_no_model(of_numbers(y, np.full(80, y.mean() + 1)), y, y)["better"]


def test_several_numbers_are_compared_in_units_of_their_spread(rng):
    y = rng.normal(size=(50, 2)) * [1, 1000]
    worse_in_the_large = y + np.array([0.0, 1500.0])
    assert beside_no_model(of_numbers(y, worse_in_the_large), y, y)["better"]  # ratios 0 and 1.5
    np.testing.assert_allclose(squared_errors(y, worse_in_the_large), 1500**2 / y[:, 1].var())


def test_the_rows_that_make_half_of_the_loss():
    y = np.zeros(10)
    assert of_numbers(y, np.array([3.0] + [1.0] * 9))["rows_of_half_the_loss"] == 1  # 9 of 18
    assert of_numbers(y, np.ones(10))["rows_of_half_the_loss"] == 5
    assert of_numbers(y, y)["rows_of_half_the_loss"] == 0


def test_rows_are_sampled_without_repetition():
    assert sampled(5, 9).tolist() == [0, 1, 2, 3, 4]
    rows = sampled(1000, 90)
    assert len(set(rows.tolist())) == 90
    assert (np.diff(rows) > 0).all()
