"""Names in custom formulas: numbers called as arguments are, parts called as no class can be."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.engine import native_engine

RANDOM = np.random.default_rng(1)
X = np.random.default_rng(0).normal(size=(40, 2))
Y = X[:, :1] - X[:, 1:]


class Momentum(lw.Optimizer):
    state_names = ("m",)

    def __init__(self, learning_rate=0.01, m=0.9):
        super().__init__(learning_rate)
        self.m = m

    def f(self, w, g, rate, t, m):
        new = self.m * m + g
        return w - rate * new, new


class Clocked(lw.Optimizer):
    def __init__(self, learning_rate=0.01, t=2.0, w=0.5, g=3.0):
        super().__init__(learning_rate)
        self.t, self.w, self.g = t, w, g

    def f(self, w, g, rate, t):
        return w - rate * g * self.t / (t + self.w) / self.g


class Leaning(lw.Activation):
    def __init__(self, x=0.5, y=2.0, dy=0.1):
        self.x, self.y, self.dy = x, y, dy

    def f(self, x):
        return self.x * x + self.y * np.tanh(x) + self.dy * x**2


class Weighing(lw.Loss):
    def __init__(self, y=0.5, t=2.0):
        self.y, self.t = y, t

    def f(self, y, t):
        return self.y * (y - self.t * t) ** 2


class Heavy(lw.Penalty):
    def __init__(self, weights=0.01, w=3.0):
        super().__init__(weights)
        self.w = w

    def f(self, w):
        return self.w * w**2


def network(activation=None, penalty=None):
    layers = [lw.Dense(3, penalty=penalty), activation or lw.Tanh(), lw.Dense(1)]
    return lw.Network(layers, random_state=1)


NAMED = {
    "momentum": (lambda: network(), lambda: {"optimizer": Momentum()}),
    "clocked": (lambda: network(), lambda: {"optimizer": Clocked()}),
    "activation": (lambda: network(activation=Leaning()), dict),
    "loss": (lambda: network(), lambda: {"loss": Weighing()}),
    "penalty": (lambda: network(penalty=Heavy()), dict),
}


@pytest.mark.parametrize("which", NAMED)
def test_a_number_called_as_an_argument_is_the_same_on_both_engines_and_in_files(which, tmp_path):
    build, settings = NAMED[which]
    trained = {}
    for engine in ("numpy", "native"):
        if engine == "native" and native_engine._native is None:
            continue
        net = build()
        net.fit(X, Y, epochs=3, batch_size=8, engine=engine, verbose=False, **settings())
        trained[engine] = net.predict(X)
        path = tmp_path / f"{engine}.safetensors"
        net.save(path)
        loaded = lw.load(path)
        np.testing.assert_allclose(loaded.predict(X), net.predict(X), rtol=1e-4, atol=1e-5)
        loaded.fit(X, Y, epochs=1, engine=engine, verbose=False)
    for found in trained.values():
        np.testing.assert_allclose(found, trained["numpy"], rtol=1e-4, atol=1e-5)


def test_momentum_is_what_it_says():
    theta, grad, optimizer = np.zeros(1), np.ones(1), Momentum(0.1)
    optimizer.step(theta, grad)
    optimizer.step(theta, grad)
    np.testing.assert_allclose(theta, -0.1 * (1 + 1.9))


def test_a_clock_is_what_it_says():
    theta, optimizer = np.zeros(1), Clocked(0.1)
    optimizer.step(theta, np.ones(1))
    np.testing.assert_allclose(theta, -0.1 * 2 / 1.5 / 3)


@pytest.mark.parametrize("state", ["decay", "learning_rate", "t"])
def test_a_state_called_as_a_number_of_every_optimizer_is_refused(state):
    with pytest.raises(lw.FormulaError, match=f"a state cannot be called '{state}'"):
        lw.Optimizer(0.1, f=lambda w, g, rate, t, s: (w - rate * g, s), state_names=(state,))


MAKES = {
    "activation": lambda name: lw.Activation(lambda x: 2 * x, name=name),
    "loss": lambda name: lw.Loss(lambda y, t: (y - t) ** 2, name=name),
    "penalty": lambda name: lw.Penalty(0.1, f=lambda w: w**2, name=name),
    "optimizer": lambda name: lw.Optimizer(0.1, f=lambda w, g, rate, t: w - rate * g, name=name),
}


@pytest.mark.parametrize("kind", MAKES)
@pytest.mark.parametrize("name", ["my act", "", "a-b", "class", None, 3, "a" * 101])
def test_a_name_that_no_file_takes_is_refused_by_the_constructor(kind, name):
    with pytest.raises(ValueError, match=f"{kind.title()}: name must be .*; got "):
        MAKES[kind](name)
    assert MAKES[kind]("mine").name == "mine"


@pytest.mark.parametrize("name", ["x", "y", "dy", "a b"])
def test_a_value_called_as_an_argument_is_refused(name):
    with pytest.raises(ValueError, match="cannot be called"):
        lw.Activation(lambda x: 2 * x, values={name: 1.0})


@pytest.mark.parametrize("engine", ["numpy", "auto"])
@pytest.mark.parametrize("way", ["class", "instance", "later"])
@pytest.mark.parametrize("reduction", ["foo", None])
def test_an_unknown_reduction_is_refused_by_fit(engine, way, reduction):
    class Odd(lw.Loss):
        def f(self, y, t):
            return (y - t) ** 2

    if way == "class":
        Odd.reduction = reduction
    loss = lw.MeanSquaredError() if way == "later" else Odd()
    if way != "class":
        loss.reduction = reduction
    for use in (
        lambda: network().fit(X, Y, loss=loss, epochs=1, engine=engine, verbose=False),
        lambda: loss(Y, Y),
    ):
        with pytest.raises(lw.errors.UnknownNameError, match='reduction must be "mean" or "sum"; got'):
            use()


class Typed(lw.Activation):
    def __init__(self, type=0.5, formula=2.0):
        self.type, self.formula = type, formula

    def f(self, x):
        return self.type * np.tanh(self.formula * x)


class TypedLoss(lw.Loss):
    def __init__(self, type=0.5, formula=2.0):
        self.type, self.formula = type, formula

    def f(self, y, t):
        return self.type * (y - t) ** 2 + self.formula


class TypedPenalty(lw.Penalty):
    def __init__(self, weights=0.01, type=3.0, formula=0.5):
        super().__init__(weights)
        self.type, self.formula = type, formula

    def f(self, w):
        return self.type * w**2 + self.formula * np.abs(w)


class TypedOptimizer(lw.Optimizer):
    def __init__(self, learning_rate=0.01, type=3.0, formula=0.5):
        super().__init__(learning_rate)
        self.type, self.formula = type, formula

    def f(self, w, g, rate, t):
        return w - rate * self.type * np.tanh(self.formula * g)


@pytest.mark.parametrize("custom", [[], [Typed, TypedLoss, TypedPenalty, TypedOptimizer]], ids=["no class", "classes"])
def test_numbers_called_as_words_of_the_file_are_the_same_in_it(custom, tmp_path):
    net = network(Typed(0.7, 1.5), TypedPenalty(0.02, 2.5, 0.75))
    fit = {"epochs": 2, "verbose": False, "loss": TypedLoss(0.3, 1.25), "optimizer": TypedOptimizer(0.05, 1.5, 0.25)}
    net.fit(X, Y, **fit)
    net.save(tmp_path / "net.safetensors")
    loaded = lw.load(tmp_path / "net.safetensors", custom=custom)
    for part, own in zip(
        (loaded.layers[1], loaded.loss, *loaded.penalties, loaded.optimizer),
        (net.layers[1], net.loss, *net.penalties, net.optimizer),
        strict=True,
    ):
        assert {k: part.numbers().get(k) for k in own.numbers()} == own.numbers()
    np.testing.assert_array_equal(loaded.outputs(X), net.outputs(X))
    assert loaded.evaluate(X, Y) == net.evaluate(X, Y)
    again = lw.load(tmp_path / "net.safetensors", custom=custom)
    again.save(tmp_path / "again.safetensors")
    np.testing.assert_array_equal(lw.load(tmp_path / "again.safetensors").outputs(X), net.outputs(X))


BASES = [
    (lw.Activation, ("values", "arguments", "name", "settings", "base", "methods", "forward", "f")),
    (lw.Loss, ("values", "takes", "reduction", "mean", "share")),
    (lw.Penalty, ("values", "value", "gradient", "methods")),
    (lw.Optimizer, ("values", "rate", "step", "state", "state_names", "reset")),
]


@pytest.mark.parametrize(("base", "name"), [(base, name) for base, names in BASES for name in names])
def test_a_number_called_as_something_else_of_the_base_is_refused(base, name):
    part = type("Mine", (base,), {})(*([0.1] if base in (lw.Penalty, lw.Optimizer) else []))
    with pytest.raises(AttributeError, match=f"Mine: a number cannot be called '{name}', which {base.__name__} has"):
        setattr(part, name, 0.7)
    with pytest.raises(AttributeError, match=f"Mine: a number cannot be called '{name}'"):
        type("Mine", (base,), {name: 0.7})


def assigns(x):
    x[x < 0] = 0
    return x


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (assigns, r"no assignments to elements: use np.where.*x\[x < 0\] = 0"),
        (lambda x: len(x) * x, r"knows no length \(len\)"),
        (lambda x: float(x) * x, r"needs no float\(x\)"),
        (lambda x: x * RANDOM.random(), "another formula at each call: a formula has no random numbers"),
    ],
)
def test_what_a_formula_cannot_do_is_named(f, message):
    with pytest.raises(lw.FormulaError, match=message):
        lw.Activation(f)


def test_nor_can_the_formula_of_a_class_be_another_at_each_call():
    class Noisy(lw.Activation):
        def f(self, x):
            return x + RANDOM.random()

    with pytest.raises(lw.FormulaError, match=r"Noisy\.f: it is another formula at each call"):
        Noisy()([1.0])
