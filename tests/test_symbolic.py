"""What is written as a formula follows whatever its formula reads, and says what it lacks."""

import copy
import sys
import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import layerwise as lw

FACTOR = 1.0
KINDS = {
    "activation": lambda c: type("Mine", (lw.Activation,), {"f": lambda self, x: c(self) * x}),
    "loss": lambda c: type("Mine", (lw.Loss,), {"f": lambda self, y, t: c(self) * (y - t)}),
    "penalty": lambda c: type("Mine", (lw.Penalty,), {"f": lambda self, w: c(self) * w}),
    "optimizer": lambda c: type("Mine", (lw.Optimizer,), {"f": lambda self, w, g, rate, t: w - c(self) * rate * g}),
}
of_each = pytest.mark.parametrize("kind", KINDS)
ONE, ZERO = np.ones((1, 1)), np.zeros((1, 1))


def made(kind, cls):
    return cls(1.0) if kind in ("penalty", "optimizer") else cls()


def computed(kind, part):
    """What a part gives for a weight, input, output or gradient of 1: the factor of its formula."""
    if kind == "activation":
        return part(1.0)
    if kind == "loss":
        return part(ONE, ZERO)
    if kind == "penalty":
        return part.value(np.ones(1), np.empty(1))
    theta = TWINS.setdefault(id(part), (np.zeros(1), np.ones(1)))
    theta[0][...] = 0
    part.step(*theta)
    return -theta[0][0]


TWINS = {}  # the same arrays for each step of an optimizer, for which its calls are bound once


@of_each
def test_an_attribute_of_the_class_that_is_changed_takes_effect_at_once(kind):
    cls = KINDS[kind](lambda self: self.factor)
    cls.factor = 1.0
    part = made(kind, cls)
    assert computed(kind, part) == 1
    cls.factor = 2.0
    assert computed(kind, part) == computed(kind, made(kind, cls)) == 2


@of_each
def test_so_does_an_attribute_that_is_changed_in_place(kind):
    cls = KINDS[kind](lambda self: self.factors[0] * self.more.factor)
    cls.factors, cls.more = [1.0], types.SimpleNamespace(factor=1.0)
    part = made(kind, cls)
    assert computed(kind, part) == 1
    cls.factors[0] = 3.0
    assert computed(kind, part) == 3
    cls.more.factor = 2.0
    assert computed(kind, part) == 6
    part.factors = np.array([4.0])
    assert computed(kind, part) == 8
    part.factors[0] = 5.0
    assert computed(kind, part) == 10


def test_so_does_a_global_or_an_enclosing_variable(monkeypatch):
    class Mine(lw.Activation):
        def f(self, x):
            return FACTOR * enclosing * x

    enclosing = 1.0
    assert Mine()(1.0) == 1
    enclosing = 2.0
    assert Mine()(1.0) == 2
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    assert Mine()(1.0) == 6


def test_what_is_vast_or_holds_itself_is_not_gone_through():
    class Mine(lw.Activation):
        def f(self, x):
            return self.own.factor * x

        def shows(self):
            return table

    table, knot = np.zeros(10**6), types.SimpleNamespace(factor=2.0)
    knot.itself, knot.items = knot, [table, list(range(10**5))]
    part = Mine()
    part.own = knot
    assert part(1.0) == 2
    assert sys.getsizeof(str(part.read_by_formulas())) < 10**4
    knot.factor = 3.0
    assert part(1.0) == 3


def test_a_number_and_a_truth_value_are_told_apart():
    class Mine(lw.Activation):
        def __init__(self, flag):
            self.flag = flag

        def f(self, x):
            return x if self.flag is True else 2 * x

    assert [Mine(flag)(1.0) for flag in (True, 1, 1.0, True)] == [1, 2, 2, 1]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: lw.Activation(), r"Activation needs a formula: lw\.Activation\(f\), or a class .* f\(self, x\)"),
        (lambda: lw.Loss(), r"Loss needs a formula: lw\.Loss\(f\), .* f\(self, y, t\)"),
        (lambda: lw.Penalty(0.1), r"Penalty needs a formula: lw\.Penalty\(0\.001, f=f\), .* f\(self, w\)"),
        (lambda: lw.Optimizer(0.1), r"Optimizer needs a formula: lw\.Optimizer\(0\.001, f=f\), .* f\(self, w, g, "),
        (lambda: type("Mine", (lw.Penalty,), {})(0.1, name="other"), r"Mine takes no name=: define Mine\.f"),
        (lambda: type("Mine", (lw.Optimizer,), {})(0.1, values={"a": 1}), "Mine takes no values="),
        (
            lambda: lw.Optimizer(0.1, f=lambda w, g, rate, t, m: (w, m), state_names="momentum"),
            r"Optimizer: state_names must be a tuple of names, such as \('momentum',\); got the text 'momentum'",
        ),
        (lambda: type("Mine", (lw.Optimizer,), {"state_names": "m"}), r"Mine: state_names must be a tuple"),
    ],
)
def test_what_is_missing_or_too_much_is_named(make, words):
    with pytest.raises(TypeError, match=words):
        make()


@pytest.mark.parametrize(
    ("names", "words"), [(("w",), "cannot be called 'w'"), (("m", "m"), "a name of its own; got m")]
)
def test_states_have_names_of_their_own(names, words):
    with pytest.raises(lw.FormulaError, match=words):
        lw.Optimizer(0.1, f=lambda w, g, rate, t, *states: (w, *states), state_names=names)


def test_an_optimizer_without_a_learning_rate_says_so():
    class Still(lw.Optimizer):
        def __init__(self):
            self.beta = 0.9

        def f(self, w, g, rate, t):
            return w - rate * g

    for use in (lambda: Still().step(np.zeros(1), np.ones(1)), lambda: Still().rate()):
        with pytest.raises(AttributeError, match=r"Still has no learning rate: its constructor must call super\(\)"):
            use()
    net = lw.Network([lw.Dense(1)], random_state=0)
    with pytest.raises(AttributeError, match="Still has no learning rate"):
        net.fit(ONE, ONE, optimizer=Still(), verbose=False)


@pytest.mark.usefixtures("each_engine")
@pytest.mark.parametrize("base", [lw.L1, lw.L2])
def test_a_formula_takes_the_place_of_inherited_methods_on_arrays(base):
    class Fourth(base):
        def f(self, w):
            return w**4

    part, w, slope = Fourth(1.0), np.array([2.0]), np.empty(1)
    assert part.has_formula
    assert part.value(w, np.empty(1)) == 16
    part.gradient(w, slope)
    assert slope == 32


def test_so_it_does_for_losses_and_activations():
    class Squared(lw.CategoricalCrossEntropy):
        def f(self, y, t):
            return (y - t) ** 2

    class Doubled(lw.Softmax):
        def f(self, x):
            return 2 * x

    assert Squared().has_formula
    assert Squared()([[3.0, 1.0]], [[1.0, 1.0]]) == 2
    assert Doubled().has_formula
    np.testing.assert_array_equal(Doubled()([1.0, 2.0]), [2, 4])


@pytest.mark.parametrize(
    ("part", "slope"),
    [
        (type("Doubled", (lw.Tanh,), {"f": lambda self, x: np.tanh(2 * x)})(), 2 * (1 - np.tanh(1.0) ** 2)),
        (type("Cubed", (lw.QuadraticCost,), {"f": lambda self, y, t: (y - t) ** 3})(), 0.75),
        (type("Fourth", (lw.L2,), {"f": lambda self, w: w**4})(1.0), 0.5),
    ],
    ids=lambda part: type(part).__name__,
)
def test_a_formula_takes_the_place_of_an_inherited_derivative(part, slope):
    """At 0.5, with the target 0."""
    y, dy = np.array([[0.5]]), np.empty((1, 1))
    if isinstance(part, lw.Activation):
        net = lw.Network([part], dtype="float64")
        net.forward(y)
        dy[:] = net.backward(np.ones((1, 1)))
    elif isinstance(part, lw.Loss):
        part.backward(y, np.zeros((1, 1)), dy, (np.empty((1, 1)), np.empty((1, 1))))
    else:
        part.gradient(y[0], dy[0])
    assert dy[0, 0] == pytest.approx(slope)


def test_an_argument_that_is_called_as_one_of_the_base_is_kept(tmp_path):
    class Named(lw.Penalty):
        def __init__(self, weights, name):
            super().__init__(weights)
            self.name = name

        def f(self, w):
            return w**2

    assert repr(Named(0.1, "mine")) == "Named(0.1, 'mine')"
    assert Named(0.1, "mine").config() == {"weights": 0.1, "name": "mine"}


def test_threads_that_share_a_part_work_in_arrays_of_their_own():
    part = lw.Penalty(1.0, f=lambda w: np.log(1 + w**2) * np.tanh(w) * np.where(w > 0, w**2, np.sin(w) * w))
    inputs = [np.random.default_rng(i).normal(size=20_000) for i in range(4)]

    def values(w):
        return [part.value(w, np.empty_like(w)) for _ in range(20)]

    expected = [values(w)[0] for w in inputs]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(values, inputs)) == [[value] * 20 for value in expected]
    twin = copy.deepcopy(part)
    assert twin.value(inputs[0], np.empty(20_000)) == expected[0]


class Bent(lw.Activation):
    scale = 2.0

    def __init__(self, beta=1.0):
        self.beta = beta

    def f(self, x):
        return np.tanh(self.beta * self.scale * x)


@pytest.mark.parametrize("engine", ["numpy", "auto"])
def test_a_number_of_a_part_without_its_class_can_be_changed(engine, tmp_path):
    net = lw.Network([lw.Dense(3), Bent(), lw.Dense(1)], random_state=0).build(2)
    net.choose_engine(engine)
    net.save(tmp_path / "bent.safetensors")
    loaded = lw.load(tmp_path / "bent.safetensors")
    loaded.choose_engine(engine)
    X = np.ones((4, 2))
    loaded.outputs(X)
    for part in (net.layers[1], loaded.layers[1]):
        part.beta = 3
    assert loaded.layers[1].beta == 3
    np.testing.assert_allclose(loaded.outputs(X), net.outputs(X), rtol=1e-6)
    with pytest.raises(AttributeError, match="gamma"):
        _ = loaded.layers[1].gamma


@pytest.mark.parametrize("engine", ["numpy", "auto"])
def test_outputs_follow_an_attribute_of_the_class(engine, monkeypatch):
    net = lw.Network([lw.Dense(3), Bent(), lw.Dense(1)], random_state=0, dtype="float64").build(2)
    net.choose_engine(engine)
    X = np.ones((4, 2))
    before = net.outputs(X)
    monkeypatch.setattr(Bent, "scale", 1.0)
    W1, b1, W2, b2 = net.get_parameters()
    expected = np.tanh(X @ W1 + b1) @ W2 + b2
    np.testing.assert_allclose(net.outputs(X), expected, rtol=1e-12)
    assert not np.allclose(before, expected)
