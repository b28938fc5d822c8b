"""Parameters that a preset may set are 'auto': scikit-learn's default, or the preset's value; what is set stays."""

import inspect
import pickle

import numpy as np
import pytest
from sklearn import neural_network as theirs
from sklearn.base import clone
from sklearn.datasets import load_iris

import layerwise as lw
from layerwise import MLPClassifier, MLPRegressor
from layerwise.estimators.presets import DEFAULTS

X, y = load_iris(return_X_y=True)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
PAIRS = [(theirs.MLPClassifier, MLPClassifier), (theirs.MLPRegressor, MLPRegressor)]


def defaults(kind):
    return {name: p.default for name, p in inspect.signature(kind).parameters.items()}


@pytest.mark.parametrize(("their", "our"), PAIRS)
def test_auto_is_the_default_of_scikit_learn(their, our):
    ours, scikit_learns = defaults(our), defaults(their)
    assert list(scikit_learns) == list(ours)[:2] + [name for name in ours if name in scikit_learns][2:]
    for name, value in scikit_learns.items():
        found = DEFAULTS[name] if name in DEFAULTS else ours[name]
        assert (found, type(found)) == (value, type(value)), name
        assert ours[name] == ("auto" if name in DEFAULTS else value), name


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_what_a_preset_sets_is_auto(kind):
    """Whatever differs between the settings with and without the preset can be left to it or set."""
    plain, preset = kind()._settings(False), kind(preset="tabular")._settings(False)
    changed = {name for name in vars(plain) if vars(plain)[name] != vars(preset)[name]} - {
        "preset", "layers", "epsilon_hat"
    }  # fmt: skip
    assert changed
    assert {name for name in changed if defaults(kind)[name] != "auto"} == set()


@pytest.mark.parametrize("name", [*DEFAULTS, "batch_size"])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_value_that_is_set_stays_though_it_is_the_default(kind, name):
    if name not in defaults(kind):
        return
    value = DEFAULTS.get(name, 200)
    set_one = kind(preset="tabular", **{name: value})
    for estimator in (set_one, clone(set_one), pickle.loads(pickle.dumps(set_one)), kind(**set_one.get_params())):
        assert getattr(estimator._settings(False), name) == value
    assert getattr(kind(preset="tabular")._settings(False), name) != value
    left = clone(kind(preset="tabular"))
    assert getattr(left, name) == "auto"
    assert name in repr(set_one)


def test_the_activation_that_was_set_is_trained():
    clf = MLPClassifier((8,), "relu", preset="tabular", max_iter=2, schedule=None, random_state=0).fit(X, y)
    assert [type(layer).__name__ for layer in clf.network_.layers][2] == "ReLU"
    assert clf.history_["learning_rate"][-1] == pytest.approx(0.04)
    left = MLPClassifier((8,), preset="tabular", max_iter=2, random_state=0).fit(X, y)
    assert [type(layer).__name__ for layer in left.network_.layers][2] == "SELU"


def test_auto_trains_as_the_values_do():
    auto = MLPClassifier(random_state=0, max_iter=5).fit(X, y)
    explicit = MLPClassifier(random_state=0, **(DEFAULTS | {"max_iter": 5})).fit(X, y)
    np.testing.assert_array_equal(auto.coefs_[0], explicit.coefs_[0])


def test_a_file_keeps_what_was_set(tmp_path):
    clf = MLPClassifier(preset="tabular", alpha=0.0001, max_iter=1).fit(X, y)
    clf.save(tmp_path / "clf.safetensors")
    again = lw.load(tmp_path / "clf.safetensors")
    assert (again.alpha, again.activation) == (0.0001, "auto")


def test_a_preset_needs_steps():
    with pytest.raises(ValueError, match=r"preset='tabular' trains step by step, not with solver='lbfgs'"):
        MLPClassifier(preset="tabular", solver="lbfgs").fit(X, y)
    assert MLPClassifier(preset="tabular").partial_fit(X, y, classes=[0, 1, 2]).n_iter_ == 1
