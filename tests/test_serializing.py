"""Networks and estimators through every serializer: weights, gradients and the optimizer's state stay what is trained.

`theta` and the views of it (`p.W`, `coefs_`) are one memory. A serializer that copies each array by itself, or gives
arrays that are read-only, must not tear them apart: what is trained, saved, loaded and trained on is, to the bit, what
would be there without the saving.
"""

import copy
import importlib.util
import io
import os
import pickle

import numpy as np
import pytest

import layerwise as lw
from layerwise.parts.parameters import Parameters

sklearn = pytest.importorskip("sklearn")
joblib = pytest.importorskip("joblib")

PLAIN = (type(None), bool, int, float, str, bytes, type, np.dtype, slice, frozenset)


def apart(value, through_state):
    """A copy made as by serializers that know objects by their attributes: none of the arrays share memory."""
    again = lambda inner: apart(inner, through_state)  # noqa: E731
    if isinstance(value, np.ndarray):
        return np.array(value)
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, dict):
        return {again(key): again(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(again, value))
    if not type(value).__module__.startswith("layerwise"):
        return copy.deepcopy(value)
    new = type(value).__new__(type(value))
    if through_state and hasattr(new, "__setstate__"):
        new.__setstate__(again(value.__getstate__()))
    else:
        new.__dict__.update(again(value.__getstate__() if isinstance(value, lw.Network) else value.__dict__))
    return new


def by_joblib(mmap_mode):
    def through(model, folder):
        path = folder / f"{len(os.listdir(folder))}.joblib"  # what is mapped must not be written over
        joblib.dump(model, path)
        return joblib.load(path, mmap_mode=mmap_mode)

    return through


def by_module(name):
    def through(model, folder):
        module = importlib.import_module(name)
        return module.loads(module.dumps(model))

    return through


def by_skops(model, folder):
    skops = importlib.import_module("skops.io")
    skops.dump(model, folder / "model.skops")
    return skops.load(folder / "model.skops", trusted=skops.get_untrusted_types(file=folder / "model.skops"))


def by_read_only_buffers(model, folder):
    buffers = []
    text = pickle.dumps(model, protocol=5, buffer_callback=buffers.append)
    return pickle.loads(text, buffers=[bytes(buffer.raw()) for buffer in buffers])


SERIALIZERS = {
    **{f"pickle {n}": lambda model, folder, n=n: pickle.loads(pickle.dumps(model, n)) for n in range(6)},
    "pickle with read-only buffers": by_read_only_buffers,
    "deepcopy": lambda model, folder: copy.deepcopy(model),
    "joblib": by_joblib(None),
    "joblib mapped read-only": by_joblib("r"),
    "joblib mapped copy-on-write": by_joblib("c"),
    **{name: by_module(name) for name in ("cloudpickle", "dill") if importlib.util.find_spec(name)},
    **({"skops": by_skops} if importlib.util.find_spec("skops") else {}),
    "attributes, through their state": lambda model, folder: apart(model, True),
    "attributes, one by one": lambda model, folder: apart(model, False),
}
each = pytest.mark.parametrize("through", SERIALIZERS.values(), ids=SERIALIZERS)


def network(spiral):
    layers = [lw.Dense(8), lw.BatchNorm(), lw.ReLU(), lw.Dropout(0.1), lw.Dense(3), lw.Softmax()]
    net = lw.Network(layers, random_state=0, scaling="standard")
    net.fit(*spiral, optimizer=lw.Adam(0.01), epochs=2, verbose=False)
    return net


def check_shared(net):
    _, parameters = net.built()
    for flat, views in ((parameters.theta, parameters.p), (parameters.grad, parameters.g)):
        assert flat.flags.writeable
        assert type(flat) is np.ndarray
        for view in views:
            assert all(np.shares_memory(flat, array) for array in vars(view).values())


@each
@pytest.mark.parametrize("engine", ["numpy", "auto"])
def test_a_network_trains_on_and_keeps_what_it_learned(through, engine, spiral, tmp_path):
    """train, save, load, train, save, load: the bits of a training without the saving."""
    net, other = network(spiral), network(spiral)
    for _ in range(2):
        other = through(other, tmp_path)
        check_shared(other)
        np.testing.assert_array_equal(other.theta, net.theta)
        for model in (net, other):
            model.fit(*spiral, epochs=2, engine=engine, verbose=False)
        np.testing.assert_array_equal(other.theta, net.theta)
        np.testing.assert_array_equal(other.predict_proba(spiral[0]), net.predict_proba(spiral[0]))
        assert other.get_parameters()[0].tolist() == net.get_parameters()[0].tolist()
    other.theta[:] = 0
    assert not np.any(other.get_parameters()[0])


@each
def test_an_estimator_trains_on_and_keeps_what_it_learned(through, spiral, tmp_path):
    X, y = spiral

    def begun():
        return lw.MLPClassifier((8,), batch_norm=True, random_state=0).partial_fit(X, y, classes=[0, 1, 2])

    clf, other = begun(), begun()
    for _ in range(2):
        other = through(other, tmp_path)
        check_shared(other.network_)
        for model in (clf, other):
            model.partial_fit(X, y)
        np.testing.assert_array_equal(other.predict_proba(X), clf.predict_proba(X))
        assert all(np.shares_memory(W, other.network_.theta) for W in other.coefs_)
        other.coefs_[0] = other.coefs_[0] * 2
        clf.coefs_[0] = clf.coefs_[0] * 2
        np.testing.assert_array_equal(other.network_.theta, clf.network_.theta)


def test_a_clone_has_nothing_of_the_first(spiral):
    clf = lw.MLPClassifier((4,)).partial_fit(*spiral, classes=[0, 1, 2])
    assert not hasattr(sklearn.base.clone(clf), "network_")


def test_a_copy_shares_nothing(spiral):
    net = network(spiral)
    other = net.copy()
    before = net.theta.copy()
    other.fit(*spiral, epochs=1, verbose=False)
    np.testing.assert_array_equal(net.theta, before)
    assert not np.shares_memory(net.grad, other.grad)
    for name, array in net.optimizer.state.items():
        assert not np.shares_memory(array, other.optimizer.state[name])


def test_pickles_are_no_larger_than_their_vectors():
    parameters = Parameters([{"W": (300, 100)}], np.dtype(np.float32))
    assert len(parameters.p) == 1  # views are made, and not written
    file = io.BytesIO()
    pickle.dump(parameters, file)
    assert file.tell() < 2 * 4 * 30_000 + 2000
