"""An engine that was asked for is the one that works, from the first row to the last answer."""

import copy
import pickle

import numpy as np
import pytest

import layerwise as lw
from layerwise.data import augmentation
from layerwise.engine import native_engine

pytestmark = pytest.mark.skipif(native_engine._native is None, reason="the native executor is not installed")


class Forbidden:
    """Stands where the native module was."""

    def __getattr__(self, name):
        raise AssertionError(f"the native engine was asked for {name}")


@pytest.fixture
def no_native(monkeypatch):
    monkeypatch.setattr(native_engine, "_native", Forbidden())
    monkeypatch.setattr(augmentation, "_native", Forbidden())


@pytest.fixture
def images(rng):
    """Noise, with two bright rows where the class says, for most of the pictures."""
    X, y = rng.integers(0, 150, (60, 6, 6), dtype=np.uint8), np.arange(60) % 3
    for picture, label in zip(X[:50], y):
        picture[2 * label : 2 * label + 2] += 100
    return X.reshape(60, 36), y


def network():
    return lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)


DISTORTED = lw.Augmentation(shape=(6, 6), shift=1, rotation=10)


def test_numpy_does_everything_where_it_was_asked_for(images, no_native):
    X, y = images
    net = network()
    net.fit(X, y, engine="numpy", augmentation=DISTORTED, validation_data=images, epochs=20, verbose=False)
    for made in (net, net.copy(), pickle.loads(pickle.dumps(net))):
        made.predict(X), made.predict_proba(X[:1]), made.outputs(X / 255.0 * 255), made.evaluate(X, y)
    lw.calibrate(net, X, y)


def test_the_estimators_too(images, no_native):
    X, y = images[0] / 255, images[1]
    for solver in ("adam", "sgd", "lbfgs"):
        clf = lw.MLPClassifier(engine="numpy", solver=solver, max_iter=200, tol=1, random_state=0).fit(X, y)
        clf.predict(X), clf.predict_proba(X), clf.score(X, y)


def test_the_newest_fit_chooses(images):
    X, y = images
    net = network()
    net.fit(X, y, engine="native", epochs=1, verbose=False)
    net.predict(X)
    native = net.outputs(X)
    assert net._predictor is not None
    net.fit(X, y, engine="numpy", epochs=1, verbose=False)
    assert (net.engine, net._predictor) == ("numpy", None)
    assert copy.deepcopy(net).engine == "numpy"
    net.fit(X, y, epochs=1, verbose=False)
    assert net.engine == "auto"
    net.predict(X)
    assert net._predictor is not None
    assert native.shape == (60, 3)


def test_files_do_not_keep_it(images, tmp_path):
    net = network()
    net.fit(*images, engine="numpy", epochs=1, verbose=False)
    net.save(tmp_path / "net.safetensors")
    assert lw.load(tmp_path / "net.safetensors").engine == "auto"


def test_both_distort_alike(images):
    X, _ = images
    rows = np.arange(60)
    native, numpy = (DISTORTED.apply(X, rows, 1, 2, engine=engine) for engine in ("auto", "numpy"))
    assert np.abs(native.astype(int) - numpy.astype(int)).max() <= 1
