"""The training script: the same bits as the NumPy executor, for every part that there is; close to the native one."""

import ast
import contextlib
import io
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layerwise as lw
from layerwise.app.recipes import RECIPES
from layerwise.engine import native_engine
from layerwise.errors import ExportError
from layerwise.exchange.export.script import to_training_script
from layerwise.formula.tree import OPERATIONS
from layerwise.parts.initializers import INITIALIZERS
from layerwise.parts.layers import ACTIVATIONS, LAYERS
from layerwise.parts.losses import LOSSES
from layerwise.parts.optimizers import OPTIMIZERS
from layerwise.parts.penalties import PENALTIES
from layerwise.parts.scaling import SCALERS
from layerwise.parts.schedules import SCHEDULES

DTYPES = ["float32", "float64"]
ARGUMENTS = {lw.Dense: (6,), lw.Dropout: (0.3,), lw.PiecewiseLinear: ([[-1, -0.2, 0.5, 2]],)}
ENDINGS = {lw.CategoricalCrossEntropy: lw.Softmax, lw.BinaryCrossEntropy: lw.Sigmoid, lw.Poisson: lw.Softplus}
every_type = pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])


class Steps(lw.Callback):
    """The loss of each step, and the weights after it."""

    def on_fit_begin(self, run):
        self.losses, self.thetas = [], []

    def on_step_end(self, run):
        self.losses.append(run.loss)
        self.thetas.append(run.parameters.theta.copy())


def trained(layers, X, y, dtype="float32", scaling=None, engine="numpy", random_state=7, **fit):
    """A network, and what its training was step by step."""
    steps = Steps()
    net = lw.Network(layers, random_state=random_state, dtype=dtype, scaling=scaling)
    fit = {"batch_size": 16, "epochs": 2, **fit}
    net.history = net.fit(X, y, engine=engine, verbose=False, callbacks=[steps], **fit)
    net.last_fit["others"].remove("Steps")
    return net, steps


def load(net):
    """The script's functions, as if it had been imported."""
    text = to_training_script(net)
    tree = ast.parse(text)
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))
    assert modules <= {"argparse", "math", "numpy"}
    code = text.removeprefix(f'"""{ast.get_docstring(tree, clean=False)}"""')
    assert all(len(line) <= 120 or "np.array(" in line for line in code.splitlines())
    program = {"__name__": "script"}
    exec(compile(text, "script.py", "exec"), program)
    return program


def repeat(net, X, y, steps=None):
    """What the script gives: the losses, all weights in layerwise's order, and what it prints."""
    program = load(net)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        losses, layers = program["train"](X, y, steps)
    arrays = []
    for layer in layers:
        arrays += [*layer.parameters, *((layer.mean, layer.var) if type(layer).__name__ == "BatchNorm" else ())]
    assert all(array.dtype == net.dtype for array in arrays)
    return losses, np.concatenate([array.ravel() for array in arrays]), printed.getvalue()


def same(layers, X, y, dtype="float32", **arguments):
    """Hold the script to the NumPy executor: each step's loss, the weights, and what an epoch is said to be."""
    net, steps = trained(layers, X, y, dtype, **arguments)
    losses, theta, printed = repeat(net, X, y)
    assert losses == steps.losses
    assert theta.tobytes() == net.theta.tobytes()
    for line, loss in zip(printed.splitlines(), net.history["loss"], strict=True):
        assert f"loss {loss:.6f}" in line
    if "accuracy" in net.history.columns:
        shown = [float(line.split("accuracy ")[1]) for line in printed.splitlines()]
        np.testing.assert_allclose(shown, net.history["accuracy"], atol=6e-5)
    k = len(losses) // 2
    losses, theta, _ = repeat(net, X, y, k)
    assert losses == steps.losses[:k]
    fresh = lw.Network(layers, random_state=net.seed, dtype=dtype).build(net.plan.n_in)
    assert theta.tobytes() == (steps.thetas[k - 1] if k else fresh.theta).tobytes()


def table(rng, dtype="float32", n=41, n_in=5, n_out=3):
    """Rows, and numbers to be learned from them."""
    X = rng.standard_normal((n, n_in)).astype(dtype)
    return X, np.tanh(X @ rng.standard_normal((n_in, n_out)))


def targets_for(loss, rng, n, n_out=3):
    kind = type(loss)
    if kind is lw.CategoricalCrossEntropy:
        return np.arange(n) % n_out
    if kind is lw.BinaryCrossEntropy:
        return rng.integers(0, 2, (n, n_out)) | (np.arange(n) % 2)[:, None]
    return rng.poisson(2, (n, n_out)) if kind is lw.Poisson else rng.standard_normal((n, n_out))


# ---------------------------------------------------------------- every part, found by itself

VARIANTS = {
    lw.Step: [{}, {"threshold": 0.5}],
    lw.Linear: [{"slope": -2.5}],
    lw.ReLU: [{}, {"slope": 0.7}],
    lw.LeakyReLU: [{}, {"negative_slope": 0.3, "slope": 0.9}],
    lw.ELU: [{}, {"alpha": 0.3}],
    lw.BatchNorm: [{}, {"momentum": 0.3, "epsilon": 0.01}],
    lw.LayerNorm: [{}, {"epsilon": 0.01}],
    lw.Scale: [{}, {"rate": 0.3}, {"rate": 0.0}],
    lw.Dense: [{}, {"weight_rate": "ntk", "bias_rate": 0.5}, {"weight_rate": 0.0}],
    lw.PiecewiseLinear: [{}, {"knots": [np.linspace(-2, 2, 40), [], [-0.5, 0.5]]}],
}


@every_type
@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_every_layer(kind, dtype, rng):
    """Between two dense layers, first of all, and last of all."""
    X, _ = table(rng, dtype)
    for variant in VARIANTS.get(kind, [{}]):
        layer = kind(*(() if "knots" in variant else ARGUMENTS.get(kind, ())), **variant)
        stacks = [[layer, lw.Dense(6)]]
        if kind.differentiable:
            stacks += [[lw.Dense(8), layer, lw.Dense(6)], [lw.Dense(7), lw.Tanh(), lw.Dense(6), layer]]
        for layers in stacks:
            y = rng.standard_normal((len(X), layers[-1].n_out(6)))
            same(layers, X, y, dtype, loss="mse", optimizer=lw.SGD(0.01, momentum=0.5))


@every_type
@pytest.mark.parametrize("initializer", INITIALIZERS, ids=lambda kind: kind.__name__)
def test_dense_layers_in_groups(initializer, dtype, rng):
    """Of sizes that have no native body; the groups drawn one after the other, beside layers that have none."""
    X, y = table(rng, dtype, n_in=6)
    layers = [
        lw.Dense(9, initializer(), initializer(), groups=3), lw.Tanh(),
        lw.Dense(12, initializer(), groups=3), lw.ReLU(),
        lw.Dense(10, initializer(), groups=2, weight_rate="ntk"), lw.Dense(3),
    ]  # fmt: skip
    same(layers, X, y, dtype, loss="mse", optimizer=lw.Adam(0.01))


LOSS_CASES = [
    *(kind() for kind in LOSSES),
    lw.CategoricalCrossEntropy(label_smoothing=0.1, epsilon=1e-3),
    lw.BinaryCrossEntropy(label_smoothing=0.1, reduction="sum", epsilon=1e-3),
    lw.BinaryCrossEntropy(pos_weight=3.5),
    lw.BinaryCrossEntropy(pos_weight=(0.3, 2.0, 17.0), reduction="sum"),
    lw.Huber(0.3),
    lw.Quantile(0.9),
]


@every_type
@pytest.mark.parametrize("loss", LOSS_CASES, ids=repr)
def test_every_loss(loss, dtype, rng):
    """Joined with its last layer where it can be, and apart from it."""
    X, _ = table(rng, dtype)
    y = targets_for(loss, rng, len(X))
    ending = ENDINGS.get(type(loss), lw.Identity)()
    same([lw.Dense(9), lw.ReLU(), lw.Dense(3), ending], X, y, dtype, loss=loss, optimizer=lw.SGD(0.1))
    same([lw.Dense(9), lw.ReLU(), lw.Dense(3), ending, lw.Dropout(0.1)], X, y, dtype, loss=loss, optimizer=lw.SGD(0.1))


OPTIMIZER_CASES = [
    *(kind() for kind in OPTIMIZERS if kind is not lw.SGD),
    *(kind(0.02, decay=0.05) for kind in OPTIMIZERS),
    lw.SGD(0.02, momentum=0.9),
    lw.SGD(0.02, momentum=0.9, nesterov=True, weight_decay=0.01),
    lw.SGD(0.02, weight_decay=0.01),
    lw.Adagrad(0.02, epsilon=1e-3),
    lw.RMSprop(0.02, rho=0.5, epsilon=1e-3),
    lw.Adam(0.02, beta_1=0.5, beta_2=0.9, epsilon=1e-3),
    lw.Adam(0.02, epsilon_hat=True),
    lw.AdamW(0.02, weight_decay=0.2, epsilon_hat=True),
]


@every_type
@pytest.mark.parametrize("optimizer", OPTIMIZER_CASES, ids=repr)
def test_every_optimizer(optimizer, dtype, rng):
    X, y = table(rng, dtype)
    same([lw.Dense(19), lw.Tanh(), lw.Dense(3)], X, y, dtype, loss="mse", optimizer=optimizer, epochs=4)


@every_type
@pytest.mark.parametrize("kind", PENALTIES, ids=lambda kind: kind.__name__)
def test_every_penalty(kind, dtype, rng):
    X, y = table(rng, dtype)
    layers = [lw.Dense(9, penalty=[lw.L2(0.02), lw.L1(0.01, 0.005)]), lw.Tanh(), lw.LayerNorm(), lw.Dense(7),
              lw.BatchNorm(penalty=None), lw.Dense(3, penalty=[lw.L1(0.01, 0.03), lw.L2(0.02)])]  # fmt: skip
    for penalty in (kind(0.01), [kind(0.01, 0.02), lw.L2(0.003)], kind(0.1, 0.2, per_batch=True)):
        same(layers, X, y, dtype, loss="mse", optimizer=lw.Adam(0.01), penalty=penalty)


@pytest.mark.parametrize("kind", INITIALIZERS, ids=lambda kind: kind.__name__)
def test_every_initializer(kind, rng):
    X, y = table(rng)
    for dtype in DTYPES:
        same([lw.Dense(9, kind(), kind()), lw.Tanh(), lw.Dense(3, biases=kind())], X, y, dtype, optimizer=lw.SGD(0.1))
    if "scale" in vars(kind()) or "limit" in vars(kind()) or "gain" in vars(kind()):
        same([lw.Dense(9, kind(0.7), kind(0.3)), lw.Tanh(), lw.Dense(3)], X, y, optimizer=lw.SGD(0.1))


SCHEDULE_CASES = [
    *(kind() for kind in SCHEDULES),
    lw.schedules.Cosine(warm_up=1.5, final=0.1),
    lw.schedules.StepDecay(0.5, every=0.7),
    lw.schedules.OneCycle(0.4, 0.1, 0.01),
    lw.schedules.Constant(0.3),
]


@every_type
@pytest.mark.parametrize("schedule", SCHEDULE_CASES, ids=repr)
def test_every_schedule(schedule, dtype, rng):
    X, y = table(rng, dtype)
    fit = {"epochs": 5, "schedule": schedule}
    same([lw.Dense(9), lw.Tanh(), lw.Dense(3)], X, y, dtype, optimizer=lw.SGD(0.1, momentum=0.5), **fit)
    same([lw.Dense(9), lw.Tanh(), lw.Dense(3)], X, y, dtype, optimizer=lw.Adam(0.1, decay=0.01), **fit)


@every_type
@pytest.mark.parametrize("kind", SCALERS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("of", ["uint8", "int64", "float32", "float64"])
def test_every_scaler(kind, of, dtype, rng):
    X = (rng.random((41, 6)) * 200 + [0, 0, 40, 0, 0, 0]).astype(of)
    X[:, 3] = 5
    y = rng.standard_normal(41)
    scalers = [kind()]
    if kind is not lw.StandardScaler:
        scalers.append(kind(to_low=-0.5, to_high=2))
    for scaler in scalers:
        same([lw.Dense(9), lw.Tanh(), lw.Dense(1)], X, y, dtype, scaling=scaler, optimizer=lw.SGD(0.01))


def test_a_table_of_many_rows_is_scaled_in_the_same_parts(rng):
    X, y = rng.standard_normal((5000, 3)) + 7, rng.standard_normal(5000)
    same([lw.Dense(2), lw.Dense(1)], X, y, scaling="standard", batch_size=1000, epochs=1)


# ---------------------------------------------------------------- whole trainings


@every_type
def test_batches_of_all_sizes(dtype, rng):
    """One row, an odd number, all rows, more than there are; a short last batch; with and without a shuffled order."""
    X, y = table(rng, dtype)
    layers = [lw.Dense(7), lw.BatchNorm(), lw.ReLU(), lw.Dropout(0.2), lw.Dense(3)]
    for batch_size in (1, 7, 20, 41, 50):
        for shuffle in (True, False):
            same(layers, X, y, dtype, batch_size=batch_size, shuffle=shuffle, optimizer=lw.Adam(0.01))


@every_type
@pytest.mark.parametrize("norm", [0.05, 1e6])
def test_a_clipped_gradient(norm, dtype, rng):
    """Its length is summed in theta's order, running means and arrays that stay as they are included."""
    X, y = table(rng, dtype)
    stacks = [
        [lw.Dense(17), lw.Tanh(), lw.Dense(3)],
        [lw.Dense(17), lw.BatchNorm(), lw.Dense(3, weight_rate=0.0), lw.BatchNorm(), lw.Scale(rate=0.5)],
    ]
    for layers in stacks:
        same(layers, X, y, dtype, clip_norm=norm, optimizer=lw.SGD(0.1), penalty=lw.L2(0.01))


TARGETS = {
    "labels": np.arange(41) % 3,
    "labels in a column": (np.arange(41) % 3)[:, None],
    "whole floats": np.arange(41.0) % 3,
    "text": np.array(["cat", "dog", "emu"])[np.arange(41) % 3],
    "one-hot": np.eye(3)[np.arange(41) % 3],
    "shares": np.full((41, 3), [0.5, 0.3, 0.2]),
}


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_targets_of_classes(name, smoothing, rng):
    X, _ = table(rng)
    loss = lw.CategoricalCrossEntropy(label_smoothing=smoothing)
    same([lw.Dense(7), lw.ReLU(), lw.Dense(3), lw.Softmax()], X, TARGETS[name], loss=loss)


@pytest.mark.parametrize("name", ["labels", "text", "bool", "column", "shares", "several"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_targets_of_yes_and_no(name, smoothing, rng):
    X, _ = table(rng)
    yes = rng.integers(0, 2, 41)
    y = {
        "labels": yes,
        "text": np.array(["no", "yes"])[yes],
        "bool": yes == 1,
        "column": yes[:, None],
        "shares": yes * 0.5 + 0.25,
        "several": np.stack([yes, 1 - yes, yes | (np.arange(41) % 2)], axis=1),
    }[name]
    units = 3 if name == "several" else 1
    loss = lw.BinaryCrossEntropy(label_smoothing=smoothing)
    same([lw.Dense(7), lw.ReLU(), lw.Dense(units), lw.Sigmoid()], X, y, loss=loss)


@pytest.mark.parametrize("name", ["number", "column", "several"])
def test_targets_of_numbers(name, rng):
    X, y = table(rng)
    same([lw.Dense(7), lw.ReLU(), lw.Dense(3 if name == "several" else 1)], X,
         {"number": y[:, 0], "column": y[:, :1], "several": y}[name])  # fmt: skip


def test_weights_that_were_given():
    """The network of a worked example, its weights written in the script."""
    layers = [lw.Dense(3, [[0.1, 0.2, 0.3], [-0.4, 0.5, 1 / 3]], [0.0, 0.1, 0.2]), lw.Sigmoid(), lw.Dense(1)]
    same(layers, np.array([[0.5, 1.0], [0.25, -1.0]]), np.array([1.0, 0.0]), batch_size=1)


def fitted(recipe, rows, dtype):
    """The recipe's network after a short training on rows like its data."""
    rng = np.random.default_rng(3)
    sizes = {"mnist": 784, "fashion": 784, "optdigits": 1024, "pendigits": 16, "iris": 4, "spiral": 2, "sine": 1}
    n_in = sizes[recipe.data[0]]
    n_out = next(layer.units for layer in reversed(recipe.layers) if isinstance(layer, lw.Dense))
    X = rng.standard_normal((rows, n_in)) if n_in < 784 else rng.integers(0, 256, (rows, n_in)).astype(np.uint8)
    y = np.arange(rows) % n_out if n_out > 1 else np.sin(X[:, 0])
    return X, y, {
        "dtype": dtype, "scaling": recipe.scaling, "loss": recipe.loss, "optimizer": recipe.optimizer,
        "penalty": recipe.penalty, "batch_size": min(recipe.batch_size, 100),
    }  # fmt: skip


@every_type
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_every_recipe(recipe, dtype):
    X, y, arguments = fitted(recipe, 150, dtype)
    same(recipe.layers, X, y, **arguments)


@pytest.mark.parametrize("name", ["nielsen-30", "mnist", "sine"])
def test_the_native_executor_is_near(name):
    """Adam's ε is made larger: a gradient that is all but 0, divided by itself, shows the last digits of its sum."""
    if native_engine._native is None:
        pytest.skip("the native executor is not installed")
    recipe = next(recipe for recipe in RECIPES if recipe.name == name)
    for dtype, tolerance in (("float32", 2e-5), ("float64", 1e-13)):
        X, y, arguments = fitted(recipe, 150, dtype)
        if isinstance(recipe.optimizer, lw.Adam):
            arguments["optimizer"] = lw.Adam(recipe.optimizer.learning_rate, epsilon=1e-3)
        net, steps = trained(recipe.layers, X, y, engine="native", **arguments)
        losses, theta, _ = repeat(net, X, y, 3)
        assert np.abs(theta - steps.thetas[2]).max() <= tolerance * np.abs(theta).max()
        np.testing.assert_allclose(losses, steps.losses[:3], rtol=10 * tolerance)


@st.composite
def networks(draw):
    """Stacks of any layers, of any widths, and how they are trained."""
    layers = []
    for _ in range(draw(st.integers(1, 3))):
        layers.append(lw.Dense(draw(st.integers(1, 20)), draw(st.sampled_from(INITIALIZERS))()))
        kinds = st.sampled_from([kind for kind in LAYERS if kind.differentiable and kind is not lw.Dense])
        layers += [kind(*ARGUMENTS.get(kind, ())) for kind in draw(st.lists(kinds, max_size=2))]
    optimizer = draw(st.sampled_from(OPTIMIZERS))(0.001)
    fit = {
        "optimizer": optimizer,
        "batch_size": draw(st.integers(1, 40)),
        "penalty": draw(st.sampled_from([None, lw.L1(0.01), lw.L2(0.01, 0.01)])),
        "clip_norm": draw(st.sampled_from([None, 0.5])),
        "random_state": draw(st.integers(0, 2**40)),
    }
    return layers, draw(st.integers(1, 20)), draw(st.integers(1, 33)), fit


@settings(max_examples=20)
@given(networks(), st.sampled_from(DTYPES))
def test_any_network(made, dtype):
    layers, n_in, rows, fit = made
    rng = np.random.default_rng(rows)
    X = rng.standard_normal((rows, n_in)).astype(dtype)
    units = next(layer.units for layer in reversed(layers) if isinstance(layer, lw.Dense))
    with contextlib.suppress(lw.DivergenceError):  # eˣ of eˣ
        same([*layers, lw.Dense(units)], X, rng.standard_normal((rows, units)), dtype, loss="mse", **fit)


# ---------------------------------------------------------------- the program


def test_the_script_runs_alone(tmp_path, rng):
    """In another process, without layerwise; with and without data for the test, with a number of steps."""
    X, y = table(rng)
    labels = y.argmax(axis=1)
    layers = [lw.Dense(9), lw.BatchNorm(), lw.ReLU(), lw.Dropout(0.2), lw.Dense(3), lw.Softmax()]
    net, _ = trained(layers, X, labels, epochs=3)
    (tmp_path / "script.py").write_text(to_training_script(net), encoding="utf-8")
    np.savez(tmp_path / "data.npz", X=X, y=labels, X_test=X, y_test=labels)
    np.savez(tmp_path / "plain.npz", X=X, y=labels)

    def run(*arguments):
        command = [sys.executable, "-I", "-W", "error", "script.py", *arguments]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, encoding="utf-8")
        assert not result.stderr
        return result.stdout.splitlines()

    lines = run("data.npz")
    assert [line.split(":")[0] for line in lines[::2]] == ["epoch 1", "epoch 2", "epoch 3"]
    assert lines[-1] == f"    test accuracy {net.evaluate(X, labels)['accuracy']:.4f}"
    assert f"loss {net.history['loss'][-1]:.6f}" in lines[-2]
    assert run("plain.npz", "--steps", "4") == lines[:1]


def test_the_script_diverges_where_the_network_did(rng):
    X, y = table(rng)
    net = lw.Network([lw.Dense(20), lw.ReLU(), lw.Dense(3)], random_state=7)
    with pytest.raises(lw.DivergenceError) as error:
        net.fit(X, y, optimizer=lw.SGD(1e6), batch_size=16, engine="numpy", verbose=False)
    assert error.value.step > 0
    with pytest.raises(ArithmeticError, match=f"step {error.value.step} "):
        load(net)["train"](X, y)


def test_data_in_any_order_of_memory(rng):
    X, y = table(rng, n_in=12)
    net, steps = trained([lw.Dense(20), lw.Tanh(), lw.Dense(3)], X, y)
    losses, theta, _ = repeat(net, np.asfortranarray(X), y)
    assert losses == steps.losses
    assert theta.tobytes() == net.theta.tobytes()


def test_what_the_network_does_not_use_is_not_there(rng):
    """A network of dense layers and sigmoids is about a page."""
    X = rng.integers(0, 256, (60, 784)).astype(np.uint8)
    X[0, 0] = 255
    net = lw.Network([lw.Dense(30), lw.Sigmoid(), lw.Dense(10), lw.Sigmoid()], random_state=0)
    net.fit(X, np.arange(60) % 10, loss=lw.QuadraticCost(), optimizer=lw.SGD(3.0), verbose=False, epochs=1)
    text = to_training_script(net)
    tree = ast.parse(text)
    defined = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert defined - used - {"__init__"} == set()
    assert {"Dense", "Sigmoid", "SGD"} <= defined
    assert len(text.splitlines()) < 185
    for absent in ("momentum", "schedule", "uniform(step", "rates", "CLIP", "DECAY", "predict"):
        assert absent not in text


@pytest.mark.parametrize("kind", ACTIVATIONS, ids=lambda kind: kind.__name__)
def test_the_formulas_stand_in_the_script(kind, rng):
    """Every class has a docstring that gives y and, where there is one, its derivative."""
    X, y = table(rng)
    net, _ = trained([kind(), lw.Dense(3)], X, y, loss="mse", optimizer=lw.SGD(0.01))
    classes = [node for node in ast.parse(to_training_script(net)).body if isinstance(node, ast.ClassDef)]
    text = ast.get_docstring(next(node for node in classes if node.name == kind.__name__))
    assert "y = " in text
    assert "dx = " in text or "derivative is 0" in text


# ---------------------------------------------------------------- what cannot be written


class Own(lw.Activation):
    def forward(self, p, x, out):
        out[:] = 2 * x

    def backward(self, p, x, y, dy, g, dx):
        dx[:] = 2 * dy


class OwnLoss(lw.MeanSquaredError):
    def forward(self, y, t, out, tmp):
        super().forward(y, t, out, tmp)


class OwnOptimizer(lw.Optimizer):
    def update(self, theta, grad, tmp):
        theta -= self.rate() * grad


class OwnSchedule(lw.schedules.Schedule):
    def __call__(self, t, total):
        return 1.0


@pytest.mark.parametrize(
    ("layers", "fit", "words"),
    [
        ([Own(), lw.Dense(3)], {}, r"layer 0 \(Own\(\)\)"),
        ([lw.Dense(3)], {"loss": OwnLoss()}, "OwnLoss"),
        ([lw.Dense(3)], {"optimizer": OwnOptimizer(0.1)}, "OwnOptimizer"),
        ([lw.Dense(3)], {"schedule": OwnSchedule()}, "OwnSchedule"),
        ([lw.Dense(3)], {"schedule": lambda t, total: 1.0}, "a schedule of your own"),
        ([lw.Dense(3)], {"shuffle": np.arange}, "an order of your own"),
        ([lw.Dense(3)], {"sample_weight": np.ones(41)}, "sample_weight"),
        ([lw.Dense(3)], {"ema": 0.9}, "ExponentialMovingAverage"),
        ([lw.Dense(3)], {"callbacks": lw.Freeze(0)}, "Freeze"),
        ([lw.Dense(3)], {"callbacks": Steps()}, "Steps"),
    ],
)
def test_what_is_no_part_of_it_is_named(layers, fit, words, rng):
    X, y = table(rng)
    net = lw.Network(layers, random_state=0).copy()
    net.fit(X, y, verbose=False, epochs=1, **fit)
    with pytest.raises(ExportError, match=f"training script: .*{words}.*single fit"):
        to_training_script(net)


def test_all_problems_are_named_at_once(rng):
    X, y = table(rng)
    net = lw.Network([Own(), lw.Dense(3), Own()], random_state=0)
    net.fit(X, y, verbose=False, epochs=1, ema=0.9)
    with pytest.raises(ExportError, match=r"layer 0 .*layer 2 .*ExponentialMovingAverage"):
        to_training_script(net)


def test_what_came_before_the_fit_is_told(rng):
    X, y = table(rng)
    net = lw.Network([lw.Dense(3)], random_state=0)
    with pytest.raises(TypeError, match="takes a Network; got list"):
        to_training_script([net])
    with pytest.raises(ExportError, match="call fit first"):
        to_training_script(net)
    net.fit(X, y, verbose=False, epochs=2, batch_size=41)
    to_training_script(net.copy())
    net.fit(X, y, verbose=False, epochs=1)
    with pytest.raises(ExportError, match="went on from step 2"):
        to_training_script(net)
    net = lw.Network([lw.Dense(3)], random_state=0).build(5)
    net.theta[0] = 1
    net.fit(X, y, verbose=False, epochs=1)
    with pytest.raises(ExportError, match="other weights than its seed draws"):
        to_training_script(net)
    net = lw.Network([lw.Dense(3)], random_state=0).freeze(0)
    net.fit(X, y, verbose=False, epochs=1)
    with pytest.raises(ExportError, match="frozen layers"):
        to_training_script(net)
    scaler = lw.StandardScaler()
    scaler.fit(X[:20])
    net = lw.Network([lw.Dense(3)], random_state=0, scaling=scaler)
    net.fit(X, y, verbose=False, epochs=1)
    with pytest.raises(ExportError, match="scaling that was fitted before"):
        to_training_script(net)


def same_bits(layers, **fit):
    X, y = np.random.default_rng(0).normal(size=(40, 3)), np.random.default_rng(1).normal(size=(40, 2))
    net, steps = trained(layers, X, y, **fit)
    script = load(net)
    with contextlib.redirect_stdout(io.StringIO()):
        losses, _ = script["train"](X, y)
    assert list(losses) == steps.losses


def of_operation(op, n):
    def f(y, t):
        return getattr(np, op)(*[np.tanh(y - t) + 1.5, 1 + np.tanh(t)][:n])

    return lw.Loss(f)


class Asymmetric(lw.Loss):
    def f(self, y, t):
        return np.where(y > t, 2.0, 1.0) * (y - t) ** 2


@pytest.mark.parametrize(
    "loss",
    [
        lambda y, t: (y - t) ** 2,
        Asymmetric(),
        lw.Loss(lambda y, t: np.log(np.cosh(y - t)), reduction="sum"),
        *(of_operation(op, n) for op, n in OPERATIONS.items() if n < 3),
    ],
)
def test_custom_losses(loss):
    same_bits([lw.Dense(4), lw.Tanh(), lw.Dense(2)], loss=loss, optimizer=lw.SGD(0.001))


@pytest.mark.parametrize("name", ["Dense", "Dropout", "Layer", "Sigmoid"])
def test_custom_activations_are_told_apart_whatever_they_are_called(name):
    kind = type(name, (lw.Activation,), {"f": lambda self, x: x / (1 + np.abs(x))})
    layers = [lw.Dense(4), kind(), lw.Dense(4), lw.Activation(np.sin), lw.Dropout(0.2), lw.Sigmoid(), lw.Dense(4)]
    same_bits([*layers, lw.Activation(np.cos), lw.Dense(2)])
