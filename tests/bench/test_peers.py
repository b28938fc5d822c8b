"""The peers that are installed do the work: they learn, and they predict what the formulas say."""

import itertools
from dataclasses import asdict, replace

import numpy as np
import pytest

import layerwise as lw
from layerwise.app.bench import child, peers, predictors, works
from layerwise.app.bench.peers import PEERS
from layerwise.app.bench.works import Work

TINY = Work("tiny", (20, 16, 2), "relu", "adam", 1e-2, 50, "sines", 2000)
INSTALLED = [peer for peer in PEERS.values() if peer.is_installed()]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("peer", [peer for peer in INSTALLED if peer.train], ids=lambda peer: peer.name)
def test_training(peer, optimizer):
    work = replace(TINY, optimizer=optimizer, rate=0.5 if optimizer == "sgd" else 0.01, activation="tanh", passes=2)
    found = child.train(peer.name, asdict(work), epochs=2, threads=None)
    assert found["microseconds"] > 0
    assert found["accuracy"] > 0.75


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("peer", [peer for peer in INSTALLED if peer.predict], ids=lambda peer: peer.name)
def test_prediction(peer, activation):
    sizes = (7, 5, 4, 3)
    X = np.random.default_rng(0).normal(size=(6, 7)).astype(np.float32)
    expected = X.astype(np.float64)
    forms = {"relu": lambda z: z.clip(0), "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh}
    weights = works.glorot(sizes)
    for W, _ in weights[:-1]:
        expected = forms[activation](expected @ W)
    expected = np.exp(expected @ weights[-1][0])
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(peer.predict(sizes, activation, weights, None)(X), expected, atol=1e-5)


def test_the_plain_loop_is_layerwises_training():
    """The same weights after the same steps, each of the full batch, so that no order of rows comes in."""
    work = replace(TINY, batch=2000, activation="sigmoid", optimizer="adam")
    data = works.load(work)
    net = lw.Network([lw.Dense(16), lw.Sigmoid(), lw.Dense(2), lw.Softmax()]).build(20)
    net.set_parameters([part for pair in works.glorot(work.sizes) for part in pair])
    net.fit(data.X, data.y, optimizer=lw.Adam(0.01), batch_size=2000, epochs=20, shuffle=False, verbose=False)
    [*_, (_, accuracy)] = peers.plain.numpy(work, data, 20)
    assert accuracy() == pytest.approx(net.evaluate(data.X_test, data.y_test)["accuracy"], abs=0.01)


def test_options_that_a_function_has_not_are_left_out():
    def fit(X, engine="auto"):
        pass

    assert peers.accepted(fit, engine="numpy", n_threads=2) == {"engine": "numpy"}
    assert peers.accepted(fit, engine=None, n_threads=None) == {}


def test_the_peers_measured_by_default():
    names = [peer.name for peer in peers.installed()]
    assert names[:3] == ["layerwise", "layerwise-1", "numpy"]
    assert "layerwise-numpy" not in names


def test_unknown_peer():
    with pytest.raises(lw.UnknownNameError, match="did you mean 'torch'"):
        peers.find("pytorch")


def test_peer_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(PEERS, "torch", replace(PEERS["torch"], packages=("absent_torch",)))
    assert PEERS["torch"] not in peers.installed()
    with pytest.raises(ImportError, match="pip install absent_torch"):
        peers.find("torch")


def test_wrong_outputs_are_not_timed():
    right = np.full((2, 2), 0.5)
    child.check_outputs(right + 9e-6, right)
    for wrong in (right + 2e-5, right[:1], right * np.nan):
        with pytest.raises(ValueError, match="nothing was timed"):
            child.check_outputs(wrong, right)


def test_predictions_have_names_of_their_own():
    names = [*works.WORKS, *(one.name for one in predictors.PREDICTIONS)]
    assert all(a != b for a, b in itertools.combinations(names, 2))
