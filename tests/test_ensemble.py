"""Networks side by side: each as it would be alone, all of them together better, and stopped together."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import layerwise as lw
from layerwise.engine import threads

X, y = lw.datasets.make_spiral()
LAYERS = [lw.Dense(16), lw.ReLU(), lw.Dropout(0.1), lw.Dense(3), lw.Softmax()]
FIT = {"optimizer": lw.Adam(0.05), "epochs": 60, "batch_size": 100, "verbose": False}


def test_each_member_is_what_it_is_alone():
    ensemble = lw.Ensemble(LAYERS, size=3, random_state=7)
    ensemble.fit(X, y, **FIT)
    again = lw.Ensemble(LAYERS, size=4, random_state=7)
    again.fit(X, y, n_jobs=1, **FIT)
    for one, other in zip(ensemble.networks, again.networks, strict=False):
        alone = lw.Network(LAYERS, random_state=one.seed)
        alone.fit(X, y, n_threads=2, **FIT)
        np.testing.assert_array_equal(one.theta, alone.theta)
        np.testing.assert_array_equal(one.theta, other.theta)
    assert len({network.seed for network in again.networks}) == 4


def test_the_answer_is_that_of_the_mean():
    ensemble = lw.Ensemble(LAYERS, size=3, random_state=0)
    histories = ensemble.fit(X, y, **FIT)
    assert [history.epochs for history in histories] == [60] * 3
    mean = np.mean([network.predict_proba(X) for network in ensemble.networks], axis=0)
    np.testing.assert_allclose(ensemble.predict_proba(X), mean, rtol=1e-6)
    np.testing.assert_array_equal(ensemble.predict(X), mean.argmax(axis=1))
    row = ensemble.evaluate(X, y, metrics="accuracy")
    assert row["accuracy"] == np.mean(mean.argmax(axis=1) == y)
    assert row["loss"] == pytest.approx(-np.log(mean[np.arange(len(y)), y]).mean(), rel=1e-5)


def test_numbers_and_several_answers():
    several = np.stack([X[:, 0] > 0, X[:, 1] > 0], axis=1).astype(int)
    ensemble = lw.Ensemble([lw.Dense(8), lw.Tanh(), lw.Dense(2), lw.Sigmoid()], size=2, random_state=0)
    ensemble.fit(X, several, epochs=20, verbose=False)
    assert ensemble.predict(X).shape == several.shape
    assert ensemble.evaluate(X, several)["accuracy"] > 0.9
    numbers = lw.Ensemble([lw.Dense(8), lw.Tanh(), lw.Dense(1)], size=2, random_state=0)
    numbers.fit(X, X[:, 0] * 2, epochs=20, verbose=False)
    assert numbers.predict(X).shape == (300,)
    assert "accuracy" not in numbers.evaluate(X, X[:, 0] * 2)


def test_an_error_of_one_ends_all_and_is_shown():
    class Fails(lw.Callback):
        def on_epoch_end(self, run):
            if run.epoch == 3:
                raise RuntimeError("the third epoch")

    ensemble = lw.Ensemble(LAYERS, size=4, random_state=0)
    with pytest.raises(RuntimeError, match="the third epoch"):
        ensemble.fit(X, y, **{**FIT, "epochs": 10**6}, callbacks=Fails())
    assert threads._at_work == 0


def test_an_interrupt_ends_all(ctrl_c):
    ensemble = lw.Ensemble(LAYERS, size=3, random_state=0)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    begin = time.monotonic()
    with pytest.warns(lw.InterruptWarning, match=r"when \d of 3 networks had been begun"):
        histories = ensemble.fit(X, y, **{**FIT, "epochs": 10**7})
    assert time.monotonic() - begin < 10
    assert histories
    assert {history.stopped_by for history in histories} == {"interrupt"}
    assert all(np.isfinite(network.theta).all() for network in ensemble.networks if network.parameters is not None)


def test_lines_of_progress(capsys):
    lw.Ensemble(LAYERS, size=2, random_state=0).fit(X, y, epochs=1)
    assert [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()] == ["network 1/2", "network 2/2"]


def test_what_it_refuses():
    with pytest.raises(ValueError, match="size must be a whole number, at least 1"):
        lw.Ensemble(LAYERS, size=0)
    with pytest.raises(lw.NotBuiltError, match="call fit"):
        lw.Ensemble(LAYERS, size=2).predict(X)
    with pytest.raises(lw.ShapeError):
        lw.Ensemble(LAYERS, size=2).fit(X, y[:-1], verbose=False)


def test_evaluate_with_weights(rng):
    X, y, weights = rng.standard_normal((30, 2)), np.arange(30) % 3, rng.random(30)
    ensemble = lw.Ensemble([lw.Dense(3), lw.Softmax()], 2, random_state=0)
    ensemble.fit(X, y, epochs=1, verbose=False)
    found, p = ensemble.evaluate(X, y, sample_weight=weights, metrics="accuracy"), ensemble.predict_proba(X)
    assert found["loss"] == pytest.approx(np.average(-np.log(p[np.arange(30), y]), weights=weights), rel=1e-5)
    right = np.average(p.argmax(axis=1) == y, weights=weights)
    assert found["accuracy"] == pytest.approx(right, rel=1e-6)
    with pytest.raises(lw.DataError, match="takes none"):
        ensemble.evaluate(X, y, sample_weight=weights, metrics=lambda y_true, y_pred: 0.0)
