"""Custom activations: one formula, both engines, every export, and a file that loads without the class."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from native_and_numpy import needs_native

import layerwise as lw
from layerwise.engine import native_engine
from layerwise.errors import EngineError
from layerwise.exchange.export.onnx import to_onnx
from layerwise.parts.layers import LAYERS
from layerwise.parts.losses import LOSSES as BUILT_IN
from running_exports import RUNNERS, run


class Bent(lw.Activation):
    def __init__(self, bend=0.5):
        self.bend = bend

    def f(self, x):
        return (np.sqrt(x**2 + 1) - 1) * self.bend + x


class Snake(lw.Activation):
    def f(self, x):
        return x + np.sin(x) ** 2


class Arrays(lw.Activation):
    """Written on arrays."""

    def forward(self, p, x, out):
        np.tanh(x, out=out)

    def backward(self, p, x, y, dy, g, dx):
        np.multiply(dy, 1 - y**2, out=dx)


class Same(lw.Activation):
    """Another activation's formulas, so that the interpreter has what is compiled ahead."""

    def __init__(self, other):
        self.other = other

    def f(self, x):
        return self.other.f(x)

    def derivative(self, x, y):
        slope = self.other.formulas().slope
        return lw.formula.compute(lw.formula.replace(slope, self.other.numbers()), {"x": x, "y": y})


CUSTOM = [Bent(0.3), Snake(), lw.Activation(lambda x: x * np.tanh(x)), lw.Activation(lambda x: np.clip(x, -1, 1))]
COMPILED = [kind() for kind in LAYERS if issubclass(kind, lw.Activation) and kind not in (lw.Softmax, lw.Step)]
COMPILED += [lw.LeakyReLU(0.3, 1.5), lw.ELU(0.4), lw.ReLU(0.7), lw.Linear(-0.5)]


def trained(activation, engine, dtype="float64", **options):
    X, y = lw.datasets.make_spiral(random_state=0)
    layers = [lw.Dense(12), activation, lw.Dense(9), activation, lw.Dense(3), lw.Softmax()]
    net = lw.Network(layers, random_state=0, dtype=dtype)
    rate = 1e-4 if isinstance(activation, lw.Exp) or "Exp" in repr(activation) else 0.01
    net.fit(X, y, epochs=3, batch_size=50, optimizer=lw.SGD(rate), engine=engine, verbose=False, **options)
    return net


@needs_native
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", CUSTOM, ids=repr)
def test_a_custom_formula_trains_natively_as_on_numpy(activation, dtype):
    found, expected = (trained(activation, engine, dtype) for engine in ("native", "numpy"))
    np.testing.assert_allclose(found.theta, expected.theta, rtol=0, atol=2e-5 if dtype == "float32" else 1e-12)


@needs_native
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", COMPILED, ids=repr)
def test_interpreted_and_compiled_formulas_have_the_same_bits(activation, dtype):
    same = Same(activation)
    assert native_engine.custom_code(same) is not None
    assert native_engine.custom_code(activation) is None
    found, expected = (trained(each, "native", dtype) for each in (same, activation))
    np.testing.assert_array_equal(found.theta, expected.theta)


COSTS = [*(kind() for kind in BUILT_IN), lw.Huber(0.3), lw.Quantile(0.9), lw.BinaryCrossEntropy(pos_weight=3.0),
         lw.L1(0.01, 0.02), lw.L2(0.01, 0.02), lw.L2(0.1, per_batch=True)]  # fmt: skip


@needs_native
@pytest.mark.parametrize("cost", COSTS, ids=repr)
def test_interpreted_and_compiled_losses_and_penalties_are_the_same(cost, rng):
    """A class that adds nothing is a custom one."""
    same = type("Same", (type(cost),), {})(**cost.config())
    is_loss = isinstance(cost, lw.Loss)
    custom = native_engine.custom_loss if is_loss else native_engine.custom_penalty
    assert custom(same) is not None
    assert custom(cost) is None
    X, t = rng.standard_normal((50, 5)), rng.dirichlet(np.ones(3), 50)
    ending = {lw.Softmax: lw.Softmax(), lw.Sigmoid: lw.Sigmoid()}.get(getattr(cost, "fuses_with", None), lw.Softplus())
    for last in ([ending], [ending, lw.Dropout(0.0)]):
        found = []
        for each in (cost, same):
            net = lw.Network([lw.Dense(19), lw.Tanh(), lw.Dense(3), *last], random_state=0, dtype="float64")
            given = {"loss": each} if is_loss else {"loss": "mse", "penalty": each}
            history = net.fit(
                X, t, **given, optimizer=lw.SGD(0.1), epochs=3, batch_size=9, engine="native", verbose=False
            )
            found.append((net.theta, history["loss"], history["penalty"]))
        for one, other in zip(*found, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@needs_native
def test_the_generated_headers_are_those_of_the_formulas():
    path = Path(__file__).parents[2] / "tools" / "native_formulas.py"
    if not path.exists():
        pytest.skip("the sources without their tools")
    spec = importlib.util.spec_from_file_location("native_formulas", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    for name, make in tool.FILES.items():
        assert (tool.NATIVE / name).read_text() == make(), f"run tools/native_formulas.py: {name} is stale"


@pytest.mark.parametrize("activation", CUSTOM, ids=repr)
@pytest.mark.parametrize("target", RUNNERS)
def test_a_custom_formula_is_exported(activation, target, tmp_path):
    net = trained(activation, "numpy")
    X = np.random.default_rng(0).normal(0, 3, (40, 2))
    [found] = run(target, [net], [X], tmp_path)
    np.testing.assert_allclose(found.outputs, net.outputs(X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", CUSTOM, ids=repr)
def test_a_custom_formula_in_onnx(activation, dtype):
    runtime = pytest.importorskip("onnxruntime")
    net = trained(activation, "numpy", dtype)
    X = np.random.default_rng(0).normal(0, 3, (40, 2)).astype(dtype)
    session = runtime.InferenceSession(to_onnx(net).SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(["probabilities"], {session.get_inputs()[0].name: X})[0]
    np.testing.assert_allclose(found, net.predict_proba(X), rtol=0, atol=1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("activation", CUSTOM, ids=repr)
def test_a_file_of_a_custom_formula_loads_without_its_class(activation, tmp_path):
    net = trained(activation, "auto")
    X = np.random.default_rng(0).normal(size=(30, 2))
    net.save(tmp_path / "net")
    for _ in range(2):  # and once more, saved from what was loaded
        loaded = lw.load(tmp_path / "net")
        assert repr(loaded.layers[1]) == repr(activation)
        np.testing.assert_array_equal(loaded.outputs(X), net.outputs(X))
        loaded.save(tmp_path / "net")


def test_a_class_that_is_passed_in_is_used(tmp_path):
    trained(Bent(0.3), "auto").save(tmp_path / "net")
    assert type(lw.load(tmp_path / "net", custom=[Bent]).layers[1]) is Bent


def test_arrays_still_do():
    net = trained(Arrays(), "auto")
    np.testing.assert_allclose(net.theta, trained(lw.Tanh(), "numpy").theta, rtol=0, atol=1e-12)
    with pytest.raises(EngineError, match=r"Arrays\(\) has no native body"):
        trained(Arrays(), "native")


def test_an_activation_without_any_formula_is_refused():
    class Nothing(lw.Activation):
        pass

    with pytest.raises(lw.FormulaError, match=r"Nothing has no formula: define f\(self, x\)"):
        trained(Nothing(), "auto")


def test_one_with_a_branch_is_refused_with_its_line():
    class Branch(lw.Activation):
        def f(self, x):
            return x if x > 0 else 0 * x

    with pytest.raises(lw.FormulaError, match=r"(?s)Branch\.f: .*np\.where.*return x if x > 0"):
        trained(Branch(), "auto")


def test_numbers_that_a_formula_decides_by_are_taken_as_they_are():
    class Kind(lw.Activation):
        def __init__(self, power=1.0):
            self.power = power

        def f(self, x):
            return np.tanh(x) if self.power == 1 else np.tanh(x) ** self.power

    assert Kind()(0.5) == pytest.approx(math.tanh(0.5))
    assert Kind(3.0)(0.5) == pytest.approx(math.tanh(0.5) ** 3)


def test_functions_of_one_name_and_other_formulas_are_told_apart(tmp_path):
    class Kind(lw.Activation):
        def __init__(self, sharp=False):
            self.sharp = sharp

        def f(self, x):
            return np.tanh(4 * x) if self.sharp else np.tanh(x)

    net = lw.Network([lw.Dense(3), Kind(), lw.Dense(3), Kind(True), lw.Dense(1)], random_state=0).build(2)
    X = np.random.default_rng(0).normal(size=(10, 2)).astype(np.float32)
    [found] = run("numpy", [net], [X], tmp_path)
    np.testing.assert_allclose(found.outputs, net.outputs(X), rtol=1e-5)


# -------------------------------------------------------------------- losses


class LogCosh(lw.Loss):
    def f(self, y, t):
        return np.log(np.cosh(y - t))


class Power(lw.Loss):
    reduction = "sum"

    def __init__(self, exponent=1.5):
        self.exponent = exponent

    def f(self, y, t):
        return np.abs(y - t) ** self.exponent


LOSSES = [LogCosh(), Power(3.0), lw.Loss(lambda y, t: np.sqrt((y - t) ** 2 + 1) - 1)]


def regressed(loss, engine, dtype="float64"):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 4))
    y = np.tanh(X @ rng.normal(size=(4, 2)))
    net = lw.Network([lw.Dense(9), lw.Tanh(), lw.Dense(2)], random_state=0, dtype=dtype)
    weights = rng.random(90)
    net.fit(X, y, loss=loss, epochs=3, batch_size=20, optimizer=lw.SGD(0.05), engine=engine, verbose=False,
            sample_weight=weights)  # fmt: skip
    return net, X, y


@needs_native
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_a_custom_loss_trains_natively_as_on_numpy(loss, dtype):
    (found, X, y), (expected, *_) = (regressed(loss, engine, dtype) for engine in ("native", "numpy"))
    np.testing.assert_allclose(found.theta, expected.theta, rtol=0, atol=2e-5 if dtype == "float32" else 1e-12)
    assert found.evaluate(X, y)["loss"] == pytest.approx(loss(expected.outputs(X), y), rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_the_gradient_of_a_custom_loss(loss):
    net, X, y = regressed(loss, "auto")
    assert lw.gradcheck(net, X, y, loss).error < 1e-6


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_a_file_of_a_custom_loss_loads_without_its_class(loss, tmp_path):
    net, X, y = regressed(loss, "auto")
    net.save(tmp_path / "net")
    for _ in range(2):
        loaded = lw.load(tmp_path / "net")
        assert loaded.evaluate(X, y)["loss"] == net.evaluate(X, y)["loss"]
        loaded.save(tmp_path / "net")


def test_a_plain_function_is_a_loss():
    by_name, *_ = regressed("mse", "numpy")
    by_function, *_ = regressed(lambda y, t: (y - t) ** 2, "numpy")
    np.testing.assert_allclose(by_function.theta, by_name.theta, rtol=0, atol=1e-13)
    assert repr(by_function.loss) == "Loss(square(y - t))"


def test_a_loss_that_no_tree_can_express_is_refused_with_its_line():
    with pytest.raises(lw.FormulaError, match=r"(?s)np\.where.*y - t if y > t else t - y"):
        regressed(lambda y, t: y - t if y > t else t - y, "auto")


def test_a_custom_loss_in_a_trace():
    net = lw.Network([lw.Dense(1)], random_state=0, dtype="float64")
    found = lw.trace(net, [[0.5, -1.0]], [1.0], lw.Loss(lambda y, t: np.sqrt((y - t) ** 2 + 1))).latex()
    assert r"\sqrt{(" in found


class Named(lw.Activation):
    def __init__(self, a=1.0, name='a"b'):
        self.a, self.name = a, name

    def f(self, x):
        return self.a * np.tanh(x)


@pytest.mark.parametrize("name", ['a"b', "", "n", "x" * 300])
def test_an_argument_called_name_is_not_the_parts_name(name, tmp_path):
    net = lw.Network([lw.Dense(3), Named(2.0, name), lw.Dense(1)], random_state=0).build(2)
    net.save(tmp_path / "m")
    loaded, X = lw.load(tmp_path / "m"), np.ones((2, 2))
    np.testing.assert_array_equal(loaded.outputs(X), net.outputs(X))
    assert repr(loaded.layers[1]) == "Named(a=2.0)"
    assert lw.load(tmp_path / "m", custom=[Named]).layers[1].name == name


@pytest.mark.usefixtures("each_engine")
def test_a_number_that_is_changed_takes_effect_at_once(tmp_path):
    leaky, own = lw.LeakyReLU(0.1), Named(1.0, "n")
    net = lw.Network([lw.Dense(4), leaky, own, lw.Dense(2)], random_state=0, dtype="float64").build(3)
    X = np.random.default_rng(0).normal(size=(5, 3))
    before = net.outputs(X)
    leaky.negative_slope, own.a = 0.9, 3.0
    assert not np.allclose(net.outputs(X), before)
    np.testing.assert_allclose(net.outputs(X), net.forward(X), rtol=1e-12)
    net.save(tmp_path / "m")
    np.testing.assert_allclose(lw.load(tmp_path / "m").outputs(X), net.outputs(X), rtol=1e-12)
