"""Metrics against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

import layerwise as lw
from layerwise.parts import metrics
from layerwise.parts.metrics import METRICS, as_metrics

labels = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40)


@settings(deadline=None, max_examples=40)
@given(labels)
def test_accuracy(pairs):
    t, y = np.array(pairs).T
    assert metrics.accuracy(t, y) == sk.accuracy_score(t, y)


def test_accuracy_of_names():
    assert metrics.accuracy(["cat", "dog", "cat"], np.array(["cat", "cat", "cat"])) == pytest.approx(2 / 3)


@settings(deadline=None, max_examples=40)
@given(labels)
def test_confusion_matrix(pairs):
    t, y = np.array(pairs).T
    np.testing.assert_array_equal(metrics.confusion_matrix(t, y, 5), sk.confusion_matrix(t, y, labels=range(5)))


def test_confusion_matrix_finds_its_size():
    assert metrics.confusion_matrix([0, 2], [0, 0]).shape == (3, 3)
    assert metrics.confusion_matrix([0, 2], [0, 0], classes=5).sum() == 2
    with pytest.raises(lw.ShapeError, match="classes=2, but got class 2"):
        metrics.confusion_matrix([0, 2], [0, 0], classes=2)
    with pytest.raises(lw.ShapeError, match="negative"):
        metrics.confusion_matrix([0, -1], [0, 0])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_r2_score(seed, outputs):
    rng = np.random.default_rng(seed)
    t = rng.normal(size=(15, outputs))
    y = t + rng.normal(size=(15, outputs))
    assert metrics.r2_score(t, y) == pytest.approx(sk.r2_score(t, y), rel=1e-12)


def test_r2_of_the_mean_is_0_and_of_the_truth_is_1():
    t = np.array([1.0, 2.0, 6.0])
    assert metrics.r2_score(t, np.full(3, 3.0)) == 0
    assert metrics.r2_score(t, t) == 1


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_binary_accuracy_is_the_mean_over_the_columns(seed):
    rng = np.random.default_rng(seed)
    t, y = rng.integers(2, size=(20, 3)), rng.random((20, 3))
    expected = np.mean([sk.accuracy_score(t[:, j], y[:, j] > 0.5) for j in range(3)])
    assert metrics.binary_accuracy(t, y) == pytest.approx(expected, rel=1e-12)


def test_binary_accuracys_threshold():
    assert metrics.binary_accuracy([1, 0], [0.4, 0.2], threshold=0.3) == 1
    assert metrics.binary_accuracy([1, 0], [0.4, 0.2]) == 0.5


def test_regression_accuracy():
    # std of [0, 2] repeated is 1, so within 1/250 = 0.004 counts
    t = np.array([0.0, 2.0, 0.0, 2.0])
    y = t + np.array([0.0039, -0.0039, 0.0041, 1])
    assert metrics.regression_accuracy(t, y) == 0.5
    assert metrics.regression_accuracy(t, y, precision=0.5) == 0.75


@pytest.mark.parametrize("metric", [*METRICS, metrics.confusion_matrix], ids=lambda m: m.__name__)
def test_shapes_that_differ(metric):
    with pytest.raises(lw.ShapeError, match=r"y_true has shape \(3,\) and y_pred \(3, 1\)"):
        metric(np.ones(3), np.ones((3, 1)))


def test_unknown_names_get_a_suggestion():
    with pytest.raises(lw.UnknownNameError, match="metric 'acuracy' is not known; did you mean 'accuracy'"):
        as_metrics("acuracy")


class TestInANetwork:
    def test_accuracy_of_evaluate_is_scikit_learns_of_predict(self):
        X, y = lw.datasets.make_spiral(samples=50)
        names = np.array(["red", "green", "blue"])[y]
        net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
        net.fit(X, names, epochs=5, verbose=False)
        expected = sk.accuracy_score(names, net.predict(X))
        assert net.evaluate(X, names)["accuracy"] == pytest.approx(expected, rel=1e-12)
        assert net.evaluate(X, names, metrics="accuracy")["accuracy"] == pytest.approx(expected, rel=1e-12)

    def test_on_validation_data_epoch_by_epoch(self):
        X, y = lw.datasets.make_sine(200)
        net = lw.Network([lw.Dense(8), lw.Tanh(), lw.Dense(1)], random_state=0)
        history = net.fit(
            X, y, validation_data=(X[::2], y[::2]), metrics=["r2_score", metrics.regression_accuracy], epochs=3,
            verbose=False,
        )  # fmt: skip
        assert len(history["val_r2_score"]) == len(history["val_regression_accuracy"]) == 3
        assert history["val_r2_score"][-1] == pytest.approx(sk.r2_score(y[::2], net.predict(X[::2])), rel=1e-5)

    def test_several_yes_or_no_answers(self):
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(60, 4)), rng.integers(2, size=(60, 3))
        net = lw.Network([lw.Dense(3), lw.Sigmoid()], random_state=0)
        net.fit(X, y, epochs=3, verbose=False)
        report = net.evaluate(X, y, metrics="binary_accuracy")
        assert report["accuracy"] == pytest.approx(report["binary_accuracy"], rel=1e-6)
        assert report["accuracy"] == pytest.approx(1 - sk.hamming_loss(y, net.predict(X)), rel=1e-6)


def test_small_integers_do_not_wrap_around():
    t, y = np.array([0, 100, 200], np.uint8), np.array([20, 100, 200], np.uint8)
    assert lw.metrics.r2_score(t, y) == pytest.approx(0.98)
    assert lw.metrics.regression_accuracy(t, y, precision=30) == 1


def test_r2_of_a_constant():
    assert lw.metrics.r2_score([5, 5, 5], [5, 5, 105]) == 0
    assert lw.metrics.r2_score([5, 5, 5], [5, 5, 5]) == 1


@pytest.mark.parametrize("labels", [["a", "b"], [0.5, 1.0]])
def test_confusions_of_what_are_no_numbers(labels):
    with pytest.raises(lw.ShapeError, match="return_inverse"):
        lw.metrics.confusion_matrix(labels, labels)


def test_two_metrics_of_one_name():
    with pytest.raises(lw.UnknownNameError, match="another column called '<lambda>'"):
        lw.metrics.as_metrics([lambda t, y: 0.0, lambda t, y: 1.0])
