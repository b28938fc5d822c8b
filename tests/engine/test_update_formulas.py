"""Custom optimizers and penalties: one formula, both engines, and a file that loads without the class."""

import copy
import math
import pickle

import numpy as np
import pytest
from native_and_numpy import needs_native

import layerwise as lw
from layerwise.exchange.export.script import to_training_script
from layerwise.files.formulas import formula_of, from_formula


class Lion(lw.Optimizer):
    """Chen et al. 2023, algorithm 2."""

    state_names = ("m",)

    def __init__(self, learning_rate=1e-3, beta_1=0.9, beta_2=0.99, weight_decay=0.1):
        super().__init__(learning_rate)
        self.beta_1, self.beta_2, self.weight_decay = beta_1, beta_2, weight_decay

    def f(self, w, g, rate, t, m):
        c = np.sign(self.beta_1 * m + (1 - self.beta_1) * g)
        return w - rate * (c + self.weight_decay * w), self.beta_2 * m + (1 - self.beta_2) * g


class PaperAdam(lw.Optimizer):
    state_names = ("m", "v")

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, decay=0.0):
        super().__init__(learning_rate, decay)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def f(self, w, g, rate, t, m, v):
        m = self.beta_1 * m + (1 - self.beta_1) * g
        v = self.beta_2 * v + (1 - self.beta_2) * g**2
        m_hat = m / (1 - self.beta_1**t)
        v_hat = v / (1 - self.beta_2**t)
        return w - rate * m_hat / (np.sqrt(v_hat) + self.epsilon), m, v


class Nadam(PaperAdam):
    """Dozat 2016, with a constant share."""

    def f(self, w, g, rate, t, m, v):
        m = self.beta_1 * m + (1 - self.beta_1) * g
        v = self.beta_2 * v + (1 - self.beta_2) * g**2
        look = self.beta_1 * m / (1 - self.beta_1 ** (t + 1)) + (1 - self.beta_1) * g / (1 - self.beta_1**t)
        return w - rate * look / (np.sqrt(v / (1 - self.beta_2**t)) + self.epsilon), m, v


class AMSGrad(lw.Optimizer):
    """Reddi, Kale, Kumar 2018: three states."""

    state_names = ("m", "v", "top")

    def f(self, w, g, rate, t, m, v, top):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        top = np.maximum(top, v)
        return w - rate * m / (np.sqrt(top) + 1e-7), m, v, top


class Drifting(lw.Optimizer):
    """It moves what is 0 and has no gradient."""

    def f(self, w, g, rate, t):
        return w - rate * (g + 0.01 * np.cos(w))


class Crossed(lw.Optimizer):
    """Each state needs the other's old one."""

    state_names = ("a", "b")

    def f(self, w, g, rate, t, a, b):
        return w - rate * (a + g), 0.5 * b + 1e-3 * t, 0.5 * a + g


class Cauchy(lw.Penalty):
    def f(self, w):
        return np.log(1 + w**2)


class Wave(lw.Penalty):
    """It and its derivative are not 0 at 0."""

    def __init__(self, weights, biases=0.0, scale=2.0, per_batch=False):
        super().__init__(weights, biases, per_batch)
        self.scale = scale

    def f(self, w):
        return np.cos(self.scale * w + 1) + w**2


class Given(lw.Penalty):
    def f(self, w):
        return np.abs(w)

    def derivative(self, w):
        return np.where(w > 0, 1, -1)


OPTIMIZERS = {
    "lion": lambda: Lion(0.003),
    "adam": lambda: PaperAdam(0.01, decay=0.01),
    "nadam": lambda: Nadam(0.01),
    "amsgrad": lambda: AMSGrad(0.01),
    "drifting": lambda: Drifting(0.1),
    "crossed": lambda: Crossed(0.01),
    "function": lambda: lw.Optimizer(0.01, f=lambda w, g, rate, t: w - rate * np.sign(g)),
}
PENALTIES = [Cauchy(0.01), Wave(0.01, 0.02), Wave(0.3, scale=1.5, per_batch=True), Given(0.01),
             lw.Penalty(0.01, f=lambda w: np.sqrt(w**2 + 1))]  # fmt: skip
X, Y = lw.datasets.make_spiral(random_state=0)


def trained(optimizer, engine="auto", dtype="float64", penalty=None, frozen=None, batch_norm=True, **options):
    middle = [lw.Tanh(), lw.BatchNorm()] if batch_norm else [lw.Tanh()]
    net = lw.Network([lw.Dense(13), *middle, lw.Dense(3), lw.Softmax()], random_state=0, dtype=dtype)
    if frozen is not None:
        net.freeze(frozen)
    options = {"epochs": 3, "batch_size": 50, "verbose": False, **options}
    history = net.fit(X, Y, optimizer=optimizer, engine=engine, penalty=penalty, **options)
    return net, history


@needs_native
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(
    "options",
    [{}, {"clip_norm": 0.1}, {"schedule": lw.schedules.Cosine()}, {"frozen": 0}],
    ids=["plain", "clipped", "scheduled", "frozen"],
)
def test_a_custom_optimizer_trains_natively_as_on_numpy(name, dtype, options):
    (found, _), (expected, _) = (
        trained(OPTIMIZERS[name](), engine, dtype, **options) for engine in ("native", "numpy")
    )
    signs = name in ("lion", "function")  # a gradient that is rounded to the other side of 0 makes a whole step
    atol = 1e-12 if dtype == "float64" else 0.01 if signs else 2e-5
    np.testing.assert_allclose(found.theta, expected.theta, rtol=0, atol=atol)


@needs_native
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_states_of_a_custom_optimizer(name):
    found, expected = (trained(OPTIMIZERS[name](), engine, batch_norm=False)[0] for engine in ("native", "numpy"))
    for state, array in expected.optimizer.state.items():
        np.testing.assert_allclose(found.optimizer.state[state], array, rtol=0, atol=1e-12)


@needs_native
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
def test_a_custom_penalty_trains_natively_as_on_numpy(penalty, dtype):
    (found, made), (expected, known) = (trained(lw.SGD(0.1), engine, dtype, penalty) for engine in ("native", "numpy"))
    atol = 1e-12 if dtype == "float64" else 2e-5
    np.testing.assert_allclose(found.theta, expected.theta, rtol=0, atol=atol)
    np.testing.assert_allclose(made["penalty"], known["penalty"], rtol=100 * atol)


@needs_native
def test_sparse_rows():
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(0)
    rows = sparse.random(60, 40, 0.1, "csr", random_state=0)
    y = rng.integers(0, 3, 60)
    found = []
    for engine in ("native", "numpy"):
        net = lw.Network([lw.Dense(7), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0, dtype="float64")
        net.fit(rows, y, optimizer=Drifting(0.1), penalty=Wave(0.01), epochs=3, batch_size=20, engine=engine,
                verbose=False)  # fmt: skip
        found.append(net.theta)
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("engine", ["numpy", pytest.param("native", marks=needs_native)])
def test_adam_by_its_formula_is_adam(engine):
    found, expected = (trained(o, engine)[0] for o in (PaperAdam(0.01, decay=0.01), lw.Adam(0.01, decay=0.01)))
    np.testing.assert_allclose(found.theta, expected.theta, rtol=0, atol=1e-12)


def test_two_steps_of_lion_by_hand():
    theta, optimizer = np.array([1.0, -2.0]), Lion(0.1, weight_decay=0.5)
    optimizer.step(theta, np.array([0.2, -3.0]))
    # c = sign(0.1 g) = 1, -1;  1 - 0.1 (1 + 0.5) = 0.85, -2 - 0.1 (-1 - 1) = -1.8;  m = 0.01 g
    np.testing.assert_allclose(theta, [0.85, -1.8], rtol=1e-15)
    np.testing.assert_allclose(optimizer.state["m"], [0.002, -0.03], rtol=1e-13)
    optimizer.step(theta, np.array([-0.01, 1.0]))
    # 0.9 · 0.002 - 0.001 > 0, -0.027 + 0.1 > 0
    np.testing.assert_allclose(theta, [0.85 - 0.1 * 1.425, -1.8 - 0.1 * (1 - 0.9)], rtol=1e-15)


def test_the_first_step_of_nadam_by_hand():
    theta = np.array([1.0])
    Nadam(0.1, epsilon=1e-8).step(theta, np.array([2.0]))
    # m = 0.2, v = 0.004;  look = 0.9 · 0.2 / 0.19 + 0.1 · 2 / 0.1 = 2.947…;  √(v / 0.001) = 2
    assert theta[0] == pytest.approx(1 - 0.1 * (0.18 / 0.19 + 2) / (2 + 1e-8), rel=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_calls_on_arrays_give_what_the_formula_gives(name, dtype):
    optimizer, rng = OPTIMIZERS[name](), np.random.default_rng(0)
    plain = copy.deepcopy(optimizer)
    if name == "function":
        plain.f = None
        plain = type("Plain", (lw.Optimizer,), {"f": lambda self, w, g, rate, t: w - rate * np.sign(g)})(0.01)
    theta = rng.normal(size=50).astype(dtype)
    w, states = theta.copy(), [np.zeros_like(theta) for _ in optimizer.state_names]
    for t in range(1, 5):
        g = rng.normal(size=50).astype(dtype)
        found = plain.f(w, g, plain.learning_rate / (1 + plain.decay * (t - 1)), t, *states)
        w, *states = found if isinstance(found, tuple) else (found,)
        optimizer.step(theta, g)
    np.testing.assert_array_equal(theta, w)
    for state, expected in zip(optimizer.state_names, states):
        np.testing.assert_array_equal(optimizer.state[state], expected)


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
def test_the_gradient_of_a_custom_penalty(penalty):
    net = lw.Network([lw.Dense(5), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0)
    assert lw.gradcheck(net, X[:10], Y[:10], penalty=penalty).error < 1e-6


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_file_loads_without_the_classes_and_trains_on(name, tmp_path):
    penalty = Wave(0.01, scale=1.5)
    net, _ = trained(OPTIMIZERS[name](), penalty=penalty)
    net.save(tmp_path / "net", optimizer=True)
    loaded = lw.load(tmp_path / "net")
    loaded.save(tmp_path / "net", optimizer=True)
    loaded = lw.load(tmp_path / "net")  # and once more, saved from what was loaded
    assert type(loaded.optimizer) is lw.Optimizer
    assert loaded.optimizer.iterations == net.optimizer.iterations
    assert loaded.evaluate(X, Y)["loss"] == net.evaluate(X, Y)["loss"]
    for twin in (net, loaded):
        twin.fit(X, Y, epochs=2, batch_size=50, verbose=False, penalty=twin.penalties)
    np.testing.assert_array_equal(loaded.theta, net.theta)


def test_classes_that_are_passed_in_are_used(tmp_path):
    net, _ = trained(Lion(), penalty=Cauchy(0.01))
    net.save(tmp_path / "net", optimizer=True)
    loaded = lw.load(tmp_path / "net", custom=[Lion, Cauchy])
    assert type(loaded.optimizer) is Lion
    assert repr(loaded.penalties) == "(Cauchy(0.01),)"


def test_a_run_goes_on_from_a_checkpoint(tmp_path):
    def fit(name, epochs, resume=False):
        net = lw.Network([lw.Dense(9), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0)
        net.fit(X, Y, optimizer=Lion(0.003), penalty=Wave(0.01), epochs=epochs, batch_size=50, verbose=False,
                callbacks=[lw.Checkpoint(tmp_path / name)], resume=resume)  # fmt: skip
        return net

    whole = fit("whole", 4)
    fit("run", 2)
    resumed = fit("run", 4, resume=True)
    assert resumed.optimizer.iterations == whole.optimizer.iterations
    np.testing.assert_array_equal(resumed.theta, whole.theta)


def test_settings_may_change_between_steps():
    theta, optimizer = np.ones(3), PaperAdam()
    optimizer.step(theta, np.ones(3))
    optimizer.learning_rate, optimizer.epsilon, before = 10.0, 1.0, theta.copy()
    optimizer.step(theta, np.ones(3))
    np.testing.assert_allclose(before - theta, 10 / 2, rtol=1e-12)


def test_a_formula_may_ask_whether_its_numbers_are_0():
    class Either(lw.Optimizer):
        def __init__(self, learning_rate=0.5, shrink=0.0):
            super().__init__(learning_rate)
            self.shrink = shrink

        def f(self, w, g, rate, t):
            return w * (1 - self.shrink) - rate * g if self.shrink else w - rate * g

    theta, optimizer = np.array([2.0]), Either()
    assert "shrink" not in optimizer.formulas().w.symbols
    optimizer.step(theta, np.array([1.0]))
    optimizer.shrink = 0.5
    optimizer.step(theta, np.array([1.0]))
    assert theta[0] == 1.5 * 0.5 - 0.5


def test_what_stands_in_the_nearer_class_is_used():
    class Later(PaperAdam):
        def update(self, theta, grad, m, v, tmp):
            theta += 1

    class Again(Later):
        def f(self, w, g, rate, t, m, v):
            return w + 2, m, v

    for kind, expected in ((Later, 1), (Again, 2)):
        theta = np.zeros(1)
        kind().step(theta, np.ones(1))
        assert theta[0] == expected


def test_copies_and_pickles():
    for optimizer in (Lion(), lw.Optimizer(0.1, f=lambda w, g, rate, t: w - rate * g)):
        theta = np.ones(3)
        optimizer.step(theta, np.ones(3))
        twins = [pickle.loads(pickle.dumps(optimizer)), copy.deepcopy(optimizer)]
        found = [theta.copy() for _ in twins]
        optimizer.step(theta, np.ones(3))
        for twin, own in zip(twins, found):
            twin.step(own, np.ones(3))
            np.testing.assert_array_equal(own, theta)


def test_what_no_tree_can_express_is_refused_with_its_line():
    class Branch(lw.Optimizer):
        def f(self, w, g, rate, t):
            return w - rate * g if t > 5 else w

    with pytest.raises(lw.FormulaError, match=r"(?s)Branch\.f: .*np\.where.*if t > 5"):
        trained(Branch(0.1))
    with pytest.raises(lw.FormulaError, match=r"(?s)Penalty: .*np\.where.*w if w > 0"):
        lw.Penalty(0.1, f=lambda w: w if w > 0 else -w)


def test_a_function_for_a_class_that_has_its_own_is_refused():
    with pytest.raises(TypeError, match=r"Cauchy takes no f=: define Cauchy\.f, or give the function to Penalty"):
        Cauchy(0.1, f=lambda w: w)
    with pytest.raises(TypeError, match="AMSGrad takes no f="):
        AMSGrad(0.1, f=lambda w, g, rate, t: w)


def test_a_class_derived_from_one_of_ours_is_a_formula_too(tmp_path, capsys):
    class Own(lw.Adam):
        pass

    net, _ = trained(Own(0.01, epsilon_hat=True), "numpy", batch_norm=False)
    expected, _ = trained(lw.Adam(0.01, epsilon_hat=True), "numpy", batch_norm=False)
    np.testing.assert_array_equal(net.theta, expected.theta)
    np.testing.assert_array_equal(repeated(net), net.theta)


def test_another_number_of_results_is_refused():
    class Forgets(lw.Optimizer):
        state_names = ("m",)

        def f(self, w, g, rate, t, m):
            return w - rate * g

    with pytest.raises(lw.FormulaError, match=r"Forgets\.f: it must return w, m; got one result"):
        trained(Forgets(0.1))


def test_a_state_with_the_name_of_an_argument_is_refused():
    class Twice(lw.Optimizer):
        state_names = ("g",)

        def f(self, w, g, rate, t, m):
            return w, m

    with pytest.raises(lw.FormulaError, match="a state cannot be called 'g'"):
        trained(Twice(0.1))


def test_a_value_that_is_not_finite_at_0_stays_out_of_what_pads_the_lines():
    class Root(lw.Optimizer):
        state_names = ("v",)

        def f(self, w, g, rate, t, v):
            v = 0.9 * v + 0.1 * g**2
            return w - rate * g / np.sqrt(v), v

    net, _ = trained(Root(0.001), batch_norm=False)
    assert np.isfinite(net.theta).all()
    assert math.isfinite(net.evaluate(X, Y)["loss"])


# -------------------------------------------------------------------- files that say anything

RULE = formula_of(Lion())
TERM = formula_of(Wave(0.1))


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ({**RULE, "states": [1]}, "states must be formulas by their names"),
        ({**RULE, "states": {"w": RULE["w"]}}, "states must be formulas by their names"),
        ({**RULE, "states": {"no name": RULE["w"]}}, "states must be formulas by their names"),
        ({**RULE, "w": [["symbol", "stranger"]]}, "w: part 0 is no part of a formula"),
        ({**RULE, "w": [["__import__", 0]]}, "w: part 0 is no part of a formula"),
        ({**RULE, "values": {"beta_1": "x"}}, "its numbers must be finite"),
        ({**RULE, "values": {"m": 1.0}}, "the names of its numbers are not right"),
        ({**RULE, "values": None}, "the names of its numbers are not right"),
        ({**RULE, "learning_rate": -1.0}, "learning_rate must be above 0"),
        ({**RULE, "decay": "much"}, "decay must be a finite number"),
        ({**TERM, "per_batch": 1}, "per_batch must be true or false"),
        ({**TERM, "weights": None}, "weights must be a finite number"),
        ({**TERM, "f": []}, "f must be a list of 1 to"),
    ],
)
def test_a_formula_in_a_file_that_is_none_is_refused(formula, words):
    with pytest.raises(lw.FormatError, match=words):
        from_formula("Own", {}, formula)


@pytest.mark.parametrize("name", ["no name", "class", "x" * 101, ""])
def test_a_name_in_a_file_that_is_none_is_refused(name):
    with pytest.raises(lw.FormatError, match="a custom part needs a name"):
        from_formula(name, {}, RULE)


# -------------------------------------------------------------------- the training script and the trace


def repeated(net):
    """What the script of a network's training learns."""
    program = {"__name__": "script"}
    exec(to_training_script(net), program)
    _, layers = program["train"](X, Y)
    return np.concatenate([array.ravel() for layer in layers for array in layer.parameters])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", [{}, {"schedule": lw.schedules.Cosine()}], ids=["plain", "scheduled"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_script_of_a_custom_optimizer_has_the_same_bits(name, options, dtype, capsys):
    net, _ = trained(OPTIMIZERS[name](), "numpy", dtype, batch_norm=False, **options)
    np.testing.assert_array_equal(repeated(net), net.theta)


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
def test_the_script_of_a_custom_penalty_has_the_same_bits(penalty, capsys):
    net, _ = trained(lw.SGD(0.1), "numpy", "float32", [penalty, lw.L2(0.001)], batch_norm=False)
    np.testing.assert_array_equal(repeated(net), net.theta)


def test_the_script_of_what_was_loaded_without_its_class(tmp_path, capsys):
    trained(Lion(0.003), "numpy", penalty=Wave(0.01), batch_norm=False)[0].save(tmp_path / "net")
    net = lw.load(tmp_path / "net")
    assert "class Lion:" in to_training_script(net)
    np.testing.assert_array_equal(repeated(net), net.theta)


def test_names_that_a_script_has_already(capsys):
    class Dense(lw.Optimizer):
        state_names = ("self", "np", "t1")

        def f(self, w, g, rate, t, one, two, three):
            return w - rate * (g + one + two + three), g, one + t, 0.5 * two

    net, _ = trained(Dense(0.001), "numpy", batch_norm=False)
    np.testing.assert_array_equal(repeated(net), net.theta)


def test_a_formula_that_reads_a_moving_learning_rate_has_no_script():
    class Reads(lw.Optimizer):
        def f(self, w, g, rate, t):
            return w - self.learning_rate * g

    net, _ = trained(Reads(0.1), batch_norm=False, schedule=lw.schedules.Cosine())
    with pytest.raises(lw.ExportError, match="reads learning_rate, which a schedule moves"):
        to_training_script(net)


def test_a_trace_of_custom_formulas():
    net = lw.Network([lw.Dense(1)], random_state=0, dtype="float64").build(2)
    optimizer = Lion(0.1, weight_decay=0.5)
    step = lw.trace(net, [[0.5, -1.0]], [1.0], optimizer=optimizer, penalty=Cauchy(0.01))
    text = str(step)
    assert "m_W₁' = β₂·m_W₁ + (1 - β₂)·g_W₁" in text
    assert "W₁' = W₁ - η·(sign(β₁·m_W₁ + (1 - β₁)·g_W₁) + λ·W₁)" in text
    lines = [line.strip().split(" = ") for line in text.splitlines() if line.strip().startswith("w₁'[")]
    assert lines
    for _, worked, result in lines:
        python = worked.replace("·", "*").replace("sign", "np.sign")
        assert eval(python, {"np": np}) == pytest.approx(float(result), abs=1e-5)


def test_a_trace_of_adam_names_the_new_states():
    net = lw.Network([lw.Dense(1)], random_state=0, dtype="float64").build(2)
    found = lw.trace(net, [[0.5, -1.0]], [1.0], optimizer=PaperAdam()).latex()
    assert r"\frac{m_{W_{1}}'}{1 - \beta_{1}^{t}}" in found
