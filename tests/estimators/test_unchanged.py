"""A further `partial_fit` does not check again what has not changed: it does the same, and notices all that has."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone

import layerwise as lw
from layerwise import MLPClassifier, MLPRegressor
from layerwise.estimators import base, classes, unchanged

RANDOM = np.random.default_rng(0)
X, LABELS, NUMBERS = RANDOM.normal(size=(32, 5)), RANDOM.integers(0, 3, 32), RANDOM.normal(size=32)
SOME = {"hidden_layer_sizes": (7,), "random_state": 0}


def started(kind=MLPClassifier, dtype=np.float64, **parameters):
    """An estimator after three calls, the last of which was a short one."""
    model = kind(**(SOME | parameters))
    y, first = (LABELS, {"classes": [0, 1, 2]}) if kind is MLPClassifier else (NUMBERS, {})
    model.partial_fit(X.astype(dtype), y, **first)
    for _ in range(2):
        model.partial_fit(X.astype(dtype), y)
    return model


@pytest.fixture
def the_long_way(monkeypatch):
    def go():
        monkeypatch.setattr(unchanged.Settled, "holds", lambda *_: False)
        monkeypatch.setattr(base, "is_plain_rows", lambda *_: False)
        monkeypatch.setattr(classes, "is_plain_labels", lambda *_: False)

    return go


@pytest.mark.parametrize("parameters", [{}, {"batch_size": 10}, {"solver": "sgd", "scaling": "standard"}])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_the_short_way_gives_the_same_bits(the_long_way, kind, dtype, parameters):
    short = started(kind, dtype, **parameters)
    the_long_way()
    long = started(kind, dtype, **parameters)
    assert short.network_.theta.tobytes() == long.network_.theta.tobytes()
    assert short.loss_curve_ == long.loss_curve_
    assert short._random_state.randint(2**31 - 1) == long._random_state.randint(2**31 - 1)


def test_nothing_is_checked_twice(monkeypatch):
    model = started()

    def refuse(*_args, **_kwargs):
        raise AssertionError("this was done by an earlier call")

    for place, name in [
        (base.BaseMLP, "_validate_params"), (base.BaseMLP, "_go_on"), (base.BaseMLP, "_settings"),
        (base, "validate_data"), (classes, "type_of_target"), (classes, "check_classification_targets"),
        (base, "check_random_state"),
    ]:  # fmt: skip
        monkeypatch.setattr(place, name, refuse)
    model.partial_fit(X, LABELS)


BAD = {
    "NaN": (np.where(X[3, 2] == X, np.nan, X), LABELS),
    "infinity": (np.where(X[3, 2] == X, np.inf, X), LABELS),
    "columns": (X[:, :4], LABELS),
    "a vector": (X[0], LABELS[:5]),
    "no rows": (X[:0], LABELS[:0]),
    "fewer labels": (X, LABELS[:31]),
    "another label": (X, LABELS + 1),
    "text": (X, LABELS.astype(str)),
    "numbers": (X, NUMBERS),
    "NaN in y": (X, np.where(LABELS == 1, np.nan, LABELS)),
    "no y": (X, None),
    "bytes": (X, LABELS.astype("S1")),
    "complex": (X + 1j, LABELS),
    "masked": (np.ma.masked_array(X, X > 1), LABELS),
}


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")  # in scikit-learn's look at NaN as labels
@pytest.mark.parametrize("bad", BAD)
def test_bad_data_have_the_errors_of_the_long_way(the_long_way, bad):
    model, expected = started(), started()
    weights = model.network_.theta.copy()
    with pytest.raises((ValueError, TypeError)) as short:
        model.partial_fit(*BAD[bad])
    the_long_way()
    with pytest.raises((ValueError, TypeError)) as long:
        expected.partial_fit(*BAD[bad])
    assert (type(short.value), str(short.value)) == (type(long.value), str(long.value))
    np.testing.assert_array_equal(model.network_.theta, weights)


@pytest.mark.parametrize(
    ("X_given", "y_given"),
    [
        (X.tolist(), LABELS.tolist()),
        (X.astype(">f8"), LABELS.astype(np.uint8)),
        (np.asfortranarray(X), LABELS.astype(np.int8)),
        (X[::-1][::-1], LABELS.astype(float)),
    ],
    ids=["lists", "byte order", "columns first", "floats"],
)
def test_other_forms_of_the_same_data_do_the_same(X_given, y_given):
    model, expected = started(), started()
    model.partial_fit(X_given, y_given)
    expected.partial_fit(X, LABELS)
    np.testing.assert_array_equal(model.network_.theta, expected.network_.theta)


def test_many_labels_are_warned_of_in_each_call():
    model, y = MLPClassifier(**SOME), np.arange(32)
    for _ in range(3):
        with pytest.warns(UserWarning, match="greater than 50%"):
            model.partial_fit(X, y, classes=y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": -1.0}, "The 'alpha' parameter of MLPClassifier must be"),
        ({"shuffle": 1}, "The 'shuffle' parameter of MLPClassifier must be"),
        ({"hidden_layer_sizes": (8,)}, "hidden_layer_sizes was changed"),
        ({"hidden_layer_sizes": (7.5,)}, "must be whole numbers"),
        ({"early_stopping": True}, "does not support early_stopping"),
        ({"dtype": "float32"}, "dtype was changed"),
        ({"scaling": "standard"}, "scaling was changed"),
        ({"random_state": -1}, "The 'random_state' parameter of MLPClassifier must be"),
        ({"callbacks": [3]}, "callback"),
    ],
)
def test_changed_parameters_are_noticed(change, message):
    model = started()
    before = {name: getattr(model, name) for name in change}
    with pytest.raises((ValueError, TypeError), match=message):
        model.set_params(**change).partial_fit(X, LABELS)
    expected = started()
    for one in (model.set_params(**before), expected):
        one.partial_fit(X, LABELS)
    np.testing.assert_array_equal(model.network_.theta, expected.network_.theta)


def test_a_parameter_that_is_changed_in_place_is_noticed():
    model = started(hidden_layer_sizes=[7])
    model.hidden_layer_sizes.append(3)
    with pytest.raises(ValueError, match="hidden_layer_sizes was changed"):
        model.partial_fit(X, LABELS)


def test_changed_numbers_take_effect():
    model, other = started(), started()
    model.set_params(alpha=10.0).partial_fit(X, LABELS)
    other.partial_fit(X, LABELS)
    assert model.loss_ > other.loss_ + 0.1  # by the penalty
    model.set_params(activation="tanh").partial_fit(X, LABELS)
    assert isinstance(model.network_.layers[1], lw.Tanh)


def test_layers_and_networks_that_are_exchanged_are_noticed():
    model = started(activation="leaky_relu")
    model.network_.layers[1].slope = 0.5
    model.partial_fit(X, LABELS)
    assert repr(model.network_.layers[1]) == repr(lw.LeakyReLU())  # the parameters say so
    model.network_ = started(hidden_layer_sizes=(8,)).network_
    with pytest.raises(ValueError, match="hidden_layer_sizes was changed"):
        model.partial_fit(X, LABELS)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_goes_on_to_the_same_bits(copied):
    model = started()
    other = copied(model)
    assert other._settled is None
    for one in (model, other):
        one.partial_fit(X, LABELS).partial_fit(X, LABELS)
    np.testing.assert_array_equal(model.network_.theta, other.network_.theta)


def test_a_file_and_a_clone_know_nothing_of_it(tmp_path):
    model = started(batch_size=10)  # the stream of random_state was drawn from, and is in the file
    model.save(tmp_path / "model.safetensors", optimizer=True)
    other = lw.load(tmp_path / "model.safetensors")
    assert not hasattr(other, "_settled")
    assert not hasattr(clone(model), "_settled")
    for one in (model, other):
        one.partial_fit(X, LABELS)
    np.testing.assert_array_equal(model.network_.theta, other.network_.theta)


def test_predictions_of_plain_arrays_are_not_looked_at_twice(monkeypatch):
    model = started()
    expected = model.predict_proba(X.tolist())
    monkeypatch.setattr(base, "validate_data", None)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="contains NaN"):
        model.predict(BAD["NaN"][0])
