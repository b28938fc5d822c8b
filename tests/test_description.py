"""Every part is described by its constructor's arguments: shown, copied, named and stored by them alone."""

import copy
import inspect
import json
import pickle

import numpy as np
import pytest

import layerwise as lw
from layerwise import files as storage
from layerwise.parts import initializers
from layerwise.parts.description import Description, flag, number, resolve, whole_number
from layerwise.parts.initializers import INITIALIZERS
from layerwise.parts.layers import ACTIVATIONS, LAYERS
from layerwise.parts.losses import LOSSES
from layerwise.parts.optimizers import OPTIMIZERS
from layerwise.parts.penalties import PENALTIES
from layerwise.parts.scaling import SCALERS

REQUIRED = {"units": 3, "rate": 0.25, "weights": 0.5, "knots": [[-1.0, 0.5], []]}
KINDS = [*LAYERS, *LOSSES, *PENALTIES, *OPTIMIZERS, *INITIALIZERS, *SCALERS]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
NAMES = {**{name: getattr(lw, name) for name in dir(lw)}, **vars(initializers)}


def plain(kind, **arguments):
    """An instance with its required arguments."""
    needed = {
        name: REQUIRED[name]
        for name, parameter in inspect.signature(kind).parameters.items()
        if parameter.default is parameter.empty
    }
    return kind(**{**needed, **arguments})


def variant(kind):
    """An instance with every number argument a little off its default."""
    changed = {
        name: parameter.default * 0.9 + (0.05 if not parameter.default else 0)
        for name, parameter in inspect.signature(kind).parameters.items()
        if type(parameter.default) is float and parameter.default < 200
    }
    return plain(kind, **changed)


def same(a, b):
    if isinstance(a, Description):
        return type(a) is type(b) and all(same(value, b.config()[name]) for name, value in a.config().items())
    return a == b


@every_kind
@pytest.mark.parametrize("make", [plain, variant])
def test_config_makes_it_again(kind, make):
    part = make(kind)
    assert same(kind(**part.config()), part)
    assert set(part.config()) == set(inspect.signature(kind).parameters)


@every_kind
@pytest.mark.parametrize("make", [plain, variant])
def test_repr_is_the_call_that_makes_it(kind, make):
    part = make(kind)
    assert same(eval(repr(part), dict(NAMES)), part)


@every_kind
@pytest.mark.parametrize("make", [plain, variant])
def test_the_model_file_keeps_it(kind, make):
    part = make(kind)
    text = json.dumps(storage.encode(part), allow_nan=False)
    assert same(storage.decode(json.loads(text), {}), part)


@every_kind
@pytest.mark.parametrize("make", [plain, variant])
def test_copies_and_pickles(kind, make):
    part = make(kind)
    assert same(copy.deepcopy(part), part)
    assert same(pickle.loads(pickle.dumps(part)), part)


@every_kind
def test_it_has_a_public_name(kind):
    assert NAMES[kind.__name__] is kind


@every_kind
def test_arguments_by_their_name_only_where_they_differ(kind):
    assert repr(plain(kind)).count("=") == 0


def test_layers_shown():
    assert repr(lw.Dense(3)) == "Dense(3)"
    assert repr(lw.Dense(3, weights="he_normal")) == "Dense(3, weights=HeNormal())"
    assert repr(lw.Dense(3, penalty=lw.L2(0.1))) == "Dense(3, penalty=(L2(0.1),))"
    assert repr(lw.Dense(1, weights=np.ones((20, 1)))) == "Dense(1, weights=Given(<array (20, 1)>))"
    assert repr(lw.Adam(0.01, decay=1e-3)) == "Adam(learning_rate=0.01, decay=0.001)"


class TestResolve:
    KNOWN = (lw.ReLU, lw.LeakyReLU, lw.Tanh)

    @pytest.mark.parametrize("name", ["LeakyReLU", "leakyrelu", "leaky_relu", "LEAKY_RELU", "leaky-relu", "leaky relu"])
    def test_any_way_of_writing(self, name):
        assert type(resolve("activation", name, lw.Activation, self.KNOWN)) is lw.LeakyReLU

    def test_an_instance_is_itself(self):
        part = lw.Tanh()
        assert resolve("activation", part, lw.Activation, self.KNOWN) is part

    @pytest.mark.parametrize(
        ("value", "error", "words"),
        [
            ("leakrelu", lw.UnknownNameError, "activation='leakrelu' is not known; did you mean 'LeakyReLU'?"),
            ("zzz", lw.UnknownNameError, "known: LeakyReLU, ReLU, Tanh"),
            (lw.ReLU, TypeError, r"activation is the class ReLU; give an instance: ReLU\(\.\.\.\)"),
            (3, TypeError, "must be an instance of Activation or one of the names LeakyReLU, ReLU, Tanh; got int"),
            (None, TypeError, "got NoneType"),
        ],
    )
    def test_what_is_none_of_them(self, value, error, words):
        with pytest.raises(error, match=words):
            resolve("activation", value, lw.Activation, self.KNOWN)


class TestNumbers:
    @pytest.mark.parametrize("value", [1, 1.5, np.float32(2), np.int8(3)])
    def test_any_finite_number(self, value):
        found = number("Thing", "size", value)
        assert found == value
        assert type(found) is float

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, "1", None, True, [1], 1j, np.array([1.0])])
    def test_nothing_else(self, value):
        with pytest.raises(ValueError, match="Thing: size must be a finite number"):
            number("Thing", "size", value)

    def test_bounds(self):
        assert number("Thing", "size", 0, least=0, below=1) == 0
        with pytest.raises(ValueError, match="size must be below 1; got 1"):
            number("Thing", "size", 1, least=0, below=1)
        with pytest.raises(ValueError, match="size must be above 0; got 0"):
            number("Thing", "size", 0, above=0, most=1)
        with pytest.raises(ValueError, match="size must be at most 1; got 2"):
            number("Thing", "size", 2, above=0, most=1)

    def test_whole_numbers(self):
        assert whole_number("Thing", "count", np.int64(3), least=1) == 3
        for value in (0, 1.0, True, "2", None):
            with pytest.raises(ValueError, match="Thing: count must be a whole number, at least 1"):
                whole_number("Thing", "count", value, least=1)

    def test_flags(self):
        assert flag("Thing", "warn", np.True_) is True
        assert flag("Thing", "warn", 0) is False
        for value in ("x", "False", None, np.nan, 2, [True]):
            with pytest.raises(ValueError, match="Thing: warn must be True or False; got"):
                flag("Thing", "warn", value)
        for make in (
            lambda value: lw.SGD(nesterov=value), lambda value: lw.Adam(epsilon_hat=value),
            lambda value: lw.AdamW(epsilon_hat=value), lambda value: lw.L2(1, per_batch=value),
            lambda value: lw.EarlyStopping(restore_best=value),
        ):  # fmt: skip
            with pytest.raises(ValueError, match="must be True or False; got 'x'"):
                make("x")

    def test_cycles_are_whole(self):
        with pytest.raises(ValueError, match=r"CosLog: cycles must be a whole number, at least 1; got 2\.5"):
            lw.schedules.CosLog(2.5)


def test_every_activation_says_what_it_gives():
    assert {kind.gives for kind in ACTIVATIONS} == {"values", "probabilities", "distribution"}


def test_a_number_in_an_array_without_dimensions_is_one():
    """As reductions of other libraries give it."""
    assert lw.BinaryCrossEntropy(pos_weight=np.array(3.0)).pos_weight == 3.0
    assert repr(lw.SGD(np.array(0.1), momentum=np.array(0.5))) == repr(lw.SGD(0.1, momentum=0.5))
    assert type(lw.Dense(np.array(3)).units) is int
    for wrong in (np.array([3.0]), np.array("3"), np.array(True), np.array(np.nan)):
        with pytest.raises(ValueError, match=r"pos_weight must be (a finite number|a number)|pos_weight has 1 numbers"):
            lw.BinaryCrossEntropy(pos_weight=wrong).check_outputs(2)
