"""Diagnose: each finding on a network made ill on purpose, none on healthy ones, and the numbers behind them."""

import ast
import contextlib
import dataclasses
import importlib.util
import itertools
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw
from layerwise.app import recipes
from layerwise.app.cli.data import load
from layerwise.explain.diagnosis import ROWS
from layerwise.parts.layers import LAYERS
from layerwise.training import health
from layerwise.training.callbacks.diagnosing import SHARE
from layerwise.training.callbacks.histograms import gradients
from layerwise.training.health import Look, of_columns, of_history, of_inputs
from layerwise.training.health.settings import KINDS as SETTINGS

EXAMPLE = Path(__file__).parent.parent / "examples" / "ill_networks.py"


def ill_networks():
    if not EXAMPLE.exists():
        return []
    spec = importlib.util.spec_from_file_location("ill_networks", EXAMPLE)
    module = sys.modules["ill_networks"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ILL


ILL = ill_networks()
every_illness = pytest.mark.parametrize("case", ILL, ids=lambda case: case.finding)


def kinds(diagnosis):
    return [finding.kind for finding in diagnosis.findings]


def small(X, y, *layers, **arguments):
    layers = layers or (lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax())
    net = lw.Network(layers, random_state=0)
    net.fit(X, y, **{"epochs": 3, "verbose": False, "optimizer": lw.Adam(0.01), **arguments})
    return net


# ---------------------------------------------------------------- ill ones


@every_illness
def test_it_is_found_and_its_cure_helps(case):
    found = lw.diagnose(*case.ill())
    assert case.finding in kinds(found)
    assert case.finding in str(found)
    assert kinds(lw.diagnose(*case.cured())) == []


@every_illness
def test_the_callback_finds_it_too(case, monkeypatch):
    watcher, fit = lw.Diagnose(warn=False), lw.Network.fit
    monkeypatch.setattr(lw.Network, "fit", lambda *words, **named: fit(*words, callbacks=watcher, **named))
    net, X, y = case.ill()
    if net.history is None:
        with pytest.raises(lw.DivergenceError):
            net.fit(X, y, epochs=1, verbose=False)
        assert [finding.kind for finding in watcher.findings] == [
            "large first weights",
            "equal weights",
            "not finite",
            "learning rate too high",
        ]
    else:  # some are suspects only, until they are tried
        found = case.finding in [finding.kind for finding in watcher.findings]
        assert found == (case.finding not in (*SETTINGS, "class drowned by weights", "underfitting"))


def test_every_kind_of_finding_has_its_ill_network():
    if not ILL:
        pytest.skip("the examples are not beside these tests")
    made = {
        name.value
        for path in Path(health.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"
        for name in ast.walk(node.args[0])
        if isinstance(name, ast.Constant)
    }
    assert made == {case.finding for case in ILL}
    assert len(made) == 25


@pytest.mark.sampled(4)
@every_illness
def test_a_finding_says_what_why_and_how(case):
    net, X, y = case.ill()
    for finding in lw.diagnose(net, X, y).findings:
        with contextlib.suppress(lw.DivergenceError):  # that the call runs, not what comes of it
            exec(finding.call, {"net": net.copy(), "X": X, "y": y, "X_val": X, "y_val": y, "lw": lw, "np": np})
        assert finding.severity in health.SEVERITIES
        assert all((finding.where, finding.seen, finding.why, finding.change))
        ast.parse(finding.call)
        json.dumps(finding.to_dict())


# ---------------------------------------------------------------- healthy ones


def trained(name, epochs=None, samples=None):
    recipe = recipes.find(name)
    data = load(recipe.data[0])
    net = recipe.network(0)
    recipe = dataclasses.replace(recipe, epochs=epochs or recipe.epochs, samples=samples)
    recipe.fit(net, *data.train, validation_data=data.validation, verbose=False)
    return net, *data.train


def of_table(name):
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    recipe = recipes.for_table(len(np.unique(y)) if name != "diabetes" else None)
    if name == "diabetes":
        y = (y - y.mean()) / y.std()
        recipe = dataclasses.replace(recipe, epochs=8)
    net = recipe.network(0)
    train, held_out = lw.datasets.train_validation_split(X, y, validation_size=len(y) // 5, random_state=0)
    recipe.fit(net, *train, validation_data=held_out, verbose=False)
    return net, *train


def untrained():
    X, y = lw.datasets.make_spiral()
    return lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0), X, y


HEALTHY = {
    "iris": lambda: trained("iris-4-10-5-3"),
    "spiral": lambda: trained("spiral-adam"),
    "spiral-rmsprop": lambda: trained("spiral-rmsprop", 1500),
    "sine": lambda: trained("sine"),
    "mnist": lambda: trained("mnist", 2, 4000),
    "sigmoids": lambda: trained("nielsen-100-softmax", 2, 4000),
    "no hidden layer": lambda: trained("nielsen-0", 2, 4000),
    "cancer": lambda: of_table("breast_cancer"),
    "wine": lambda: of_table("wine"),
    "digits": lambda: of_table("digits"),
    "diabetes": lambda: of_table("diabetes"),
    "untrained": untrained,
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "mnist" else ()) for name in HEALTHY]
)
def test_nothing_is_found_on_healthy_ones(name):
    found = lw.diagnose(*HEALTHY[name]())
    if name == "no hidden layer":  # its published N(0, 1) weights, for 784 inputs, are indeed longer than is good
        assert {finding.kind for finding in found.findings} <= {"large first weights"}
        return
    assert [(finding.kind, finding.seen) for finding in found.findings] == []
    assert str(found).startswith("Nothing found\n")
    assert "rows, the columns and targets, and" in str(found)


ACTIVATIONS = {lw.ReLU: "he_normal", lw.Tanh: "glorot_uniform", lw.GELU: "he_normal", lw.SELU: "lecun_normal"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits"])
def test_networks_that_learn_are_healthy(name):
    """Of hundreds that answer 98% right in the end, next to none is called ill, and none seriously."""
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    learned, found = 0, []
    for (activation, weights), depth, is_normalized in itertools.product(ACTIVATIONS.items(), (1, 2, 4), (False, True)):
        for optimizer, seed in itertools.product((lw.Adam(0.003), lw.SGD(0.05), lw.RMSprop(0.001)), range(3)):
            block = [lw.Dense(48, weights=weights), *[lw.BatchNorm()] * is_normalized, activation()]
            layers = [*block * depth, lw.Dense(len(np.unique(y))), lw.Softmax()]
            net = lw.Network(layers, random_state=seed, scaling="standard")
            net.fit(X, y, epochs=25, optimizer=optimizer, verbose=False)
            if net.history["accuracy"][-1] >= 0.98:
                learned += 1
                found += lw.diagnose(net, X, y).findings
    assert learned > 40
    assert [finding.line for finding in found if finding.severity == "serious"] == []
    assert len(found) <= learned / 50


def test_nielsens_own_first_network_is_saturated_by_large_weights():
    """As he finds himself in chapter 3: weights from N(0, 1) on 784 inputs."""
    assert kinds(lw.diagnose(*trained("nielsen-30", 2, 4000))) == ["large first weights", "saturated units"]


# ---------------------------------------------------------------- what it leaves alone


def everything(net):
    optimizer = net.optimizer
    state = {} if optimizer is None else {name: a.copy() for name, a in optimizer.state.items()}
    return (
        net.theta.tobytes(), net.grad.tobytes(), {name: a.tobytes() for name, a in state.items()}, net.steps,
        None if optimizer is None else (optimizer.iterations, optimizer.learning_rate),
        net.history and net.history.to_dict(), repr(net.last_fit), repr(net.task), repr(net.loss), repr(net.scaling),
    )  # fmt: skip


@pytest.mark.sampled(4)
@every_illness
def test_the_network_stays_as_it_is(case):
    net, X, y = case.ill()
    net.build(X.shape[1])
    before, data = everything(net), X.copy()
    first = lw.diagnose(net, X, y).to_dict()
    assert everything(net) == before
    np.testing.assert_array_equal(X, data)
    assert json.dumps(lw.diagnose(net, X, y).to_dict()) == json.dumps(first)


def test_an_untrained_network_stays_unbuilt():
    net, X, y = untrained()
    lw.diagnose(net, X, y)
    assert net.plan is None
    assert net.loss is net.task is net.optimizer is None


def test_a_fit_goes_on_to_the_same_bits(spiral):
    one, other = small(*spiral), small(*spiral)
    lw.diagnose(one, *spiral)
    for net in (one, other):
        net.fit(*spiral, epochs=2, verbose=False)
    np.testing.assert_array_equal(one.theta, other.theta)


# ---------------------------------------------------------------- its numbers


def test_the_step_is_the_one_that_fit_would_make(spiral):
    """update/weights, from a real step of all rows at once."""
    X, y = spiral
    for optimizer in (lw.SGD(0.5, momentum=0.9), lw.Adam(0.01), lw.RMSprop(0.01)):
        net = small(X, y, optimizer=optimizer, batch_size=100)
        before = [array for array in net.get_parameters() if array.ndim == 2]
        layers = lw.diagnose(net, X, y).layers
        net.fit(X, y, epochs=1, batch_size=len(X), shuffle=False, engine="numpy", verbose=False)
        after = [array for array in net.get_parameters() if array.ndim == 2]
        ratios = [np.linalg.norm(b - a) / np.linalg.norm(a) for a, b in zip(before, after, strict=True)]
        found = [layer.update_ratio for layer in layers if layer.update_ratio is not None]
        np.testing.assert_allclose(found, ratios, rtol=2e-3)


def test_norms_and_outputs(spiral):
    X, y = spiral
    net = small(X, y, lw.Dense(16), lw.ReLU(), lw.Dense(8), lw.Tanh(), lw.Dense(3), lw.Softmax())
    layers = lw.diagnose(net, X, y).layers
    outputs, slopes = net.activations(X), gradients(net, X, y)
    for layer, output, g, p in zip(layers, outputs, slopes, net.parameters.p, strict=True):
        assert layer.mean == pytest.approx(output.mean(), abs=1e-5)
        assert layer.std == pytest.approx(output.std(), rel=1e-4)
        assert layer.largest == pytest.approx(np.abs(output).max(), rel=1e-5)
        if "W" in vars(p):
            assert layer.weight_norm == pytest.approx(np.linalg.norm(p.W), rel=1e-5)
            assert layer.gradient_norm == pytest.approx(np.linalg.norm(g.W), rel=1e-4)
    assert layers[1].dead == np.mean((outputs[1] == 0).all(axis=0))
    assert layers[3].saturated == np.mean(np.abs(outputs[3]) > 0.995)
    scores = outputs[4]
    assert layers[5].spread == pytest.approx(np.median(scores.max(axis=1) - scores.min(axis=1)), rel=1e-5)
    assert [layer.dead is None for layer in layers] == [True, False, True, True, True, True]


def test_delta_is_the_gradient_by_the_scores(spiral):
    """After softmax and cross-entropy it is p - t for each sample."""
    X, y = spiral
    net = small(X, y)
    layers = lw.diagnose(net, X, y).layers
    expected = math.sqrt(np.mean((net.predict_proba(X) - np.eye(3)[y]) ** 2))
    assert layers[2].delta == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "y", "expected"),
    [
        ("categorical_cross_entropy", np.arange(300) % 3, math.log(3)),
        ("mean_squared_error", np.eye(3)[np.arange(300) % 3], 2 / 9),
    ],
)
def test_the_best_constant_answer(spiral, loss, y, expected):
    net = lw.Network([lw.Dense(3), lw.Softmax()] if "entropy" in loss else [lw.Dense(3)], random_state=0)
    net.fit(spiral[0], y, loss=loss, epochs=1, verbose=False)
    assert lw.diagnose(net, spiral[0], y).constant_loss == pytest.approx(expected, rel=1e-4)


def test_frozen_layers_make_no_step(spiral):
    net = small(*spiral).freeze(0)
    found = lw.diagnose(net, *spiral)
    assert found.layers[0].update_ratio == 0
    assert found.layers[2].update_ratio > 0
    assert "0 Dense(16) (frozen)" in str(found)


def test_at_most_so_many_rows():
    X, y = lw.datasets.make_spiral(samples=1000)
    found = lw.diagnose(small(X, y), X, y)
    assert (found.rows, found.rows_in_all) == (ROWS, 3000)


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_every_layer_can_be_looked_at(kind, spiral):
    X, y = spiral
    layer = kind(*{lw.Dense: (8,), lw.Dropout: (0.2,), lw.PiecewiseLinear: ([[-1, 0, 1]],)}.get(kind, ()))
    differentiable = [lw.Dense(8), layer, lw.Dense(3), lw.Softmax()]
    net = lw.Network(differentiable if kind.differentiable else [layer, lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, y, epochs=1, verbose=False)
    found = lw.diagnose(net, X, y)
    assert len(found.layers) == len(net.layers)
    assert all(math.isfinite(layer.std) for layer in found.layers)


# ---------------------------------------------------------------- kinds of data


def test_names_of_columns(spiral):
    pandas = pytest.importorskip("pandas")
    X, y = spiral
    frame = pandas.DataFrame({"length": X[:, 0], "width <b>": np.ones(len(X)), "depth": X[:, 0]})
    found = lw.diagnose(small(frame, y), frame, y)
    assert kinds(found) == ["constant columns", "duplicate columns"]
    assert [finding.where for finding in found.findings] == ["column 1 (width <b>)", "column 2 (depth)"]
    assert "width &lt;b&gt;" in found._repr_html_()
    assert "<b>)" not in found._repr_html_()
    net = small(frame.to_numpy(), y)
    net.columns = [{"name": name, "kind": "number"} for name in "abc"]
    assert lw.diagnose(net, frame.to_numpy(), y).findings[0].where == "column 1 (b)"


def test_sparse_rows_and_yes_no_answers(spiral):
    sparse = pytest.importorskip("scipy.sparse")
    X = spiral[0]
    Y = np.column_stack([X[:, 0] > 0, X[:, 1] > 0, X[:, 0] > X[:, 1]]).astype(int)
    net = small(sparse.csr_matrix(X), Y, lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Sigmoid(), epochs=30)
    found = lw.diagnose(net, sparse.csr_matrix(X), Y)
    assert kinds(found) == kinds(lw.diagnose(net, X, Y)) == []


def test_what_all_rows_say_counts():
    """A column that varies in one row of 5,000, which is none of those looked at, is not constant."""
    some = np.random.default_rng(0).normal(size=(1000, 3))
    some[:, 1] = 7.0
    some[:, 2] = some[:, 0]
    X = np.concatenate([some, np.random.default_rng(1).normal(size=(4000, 3))])
    names = ["a", "b", "c"]
    assert [*of_columns(X, some, names)] == []
    assert [finding.kind for finding in of_columns(some, some, names)] == ["constant columns", "duplicate columns"]


def test_the_background_of_pictures_is_no_fault():
    X = np.zeros((50, 64), np.uint8)
    X[:, 20:40] = np.random.default_rng(0).integers(0, 255, (50, 20))
    X[7, 3] = X[7, 4] = 9  # drawn on once
    names = [f"column {j}" for j in range(64)]
    assert [*of_columns(X, X, names)] == []
    X[:, 5] = 100
    [finding] = of_columns(X, X, names)
    assert (finding.kind, finding.where) == ("constant columns", "column 5")


def test_a_faint_column():
    x = np.random.default_rng(0).normal(size=(200, 4)) * [1, 1, 1, 1e-5]
    [finding] = of_inputs(x, "abcd")
    assert (finding.kind, finding.where) == ("unscaled inputs", "d")
    assert [*of_inputs(x[:, :3], "abc")] == []


def test_weighed_classes_are_not_imbalanced():
    X, y = lw.datasets.make_spiral(samples=300)
    kept = (y > 0) | (np.arange(900) < 20)
    X, y = X[kept], y[kept]
    assert "class imbalance" in kinds(lw.diagnose(small(X, y), X, y))
    weighed = small(X, y, class_weight="balanced")
    assert "class imbalance" not in kinds(lw.diagnose(weighed, X, y))


# ---------------------------------------------------------------- histories


def looked(level, **more):
    return Look((), level, 1.0, "", 1.0, level, **more)


def fall(n=12, start=1.0, end=0.1):
    return np.geomspace(start, end, n).tolist()


@pytest.mark.parametrize(
    ("history", "stopped_by", "level", "expected"),
    [
        ({"loss": fall()}, "epochs", 0.1, []),
        ({"loss": [1.0]}, "divergence", 0.9, ["learning rate too high"]),
        ({"loss": [1.0, 0.4, 0.2, 0.9, 0.9, 0.9]}, "epochs", 0.9, ["learning rate too high"]),
        ({"loss": [1.0, 0.2, 0.9, 0.9, 0.1]}, "epochs", 0.1, []),  # the last is the best
        ({"loss": [1.0, 0.4, 0.2, 0.201, 0.199, 0.2, 0.198]}, "epochs", 0.2, []),
        ({"loss": [1.0, 0.4, 0.6, 0.35, 0.55, 0.4, 0.6, 0.38]}, "epochs", 0.4, ["learning rate too high"]),
        ({"loss": [1.0, 0.4, 0.45, 0.4, 0.45, 0.4, 0.45, 0.38]}, "epochs", 0.4, []),  # as random batches may be
        ({"loss": [1.0, 1.0, 5.0, 2.0, 3.0]}, "epochs", 3.0, ["learning rate too high"]),
        ({"loss": np.linspace(559.9, 550.7, 20)}, "epochs", 20.0, ["learning rate too low"]),  # targets with an offset
        ({"loss": np.linspace(1.1, 1.09, 10)}, "epochs", 0.99, ["learning rate too low"]),
        ({"loss": [1.1, 0.96, 0.95, 0.95, 0.95, 0.95]}, "epochs", 0.95, ["underfitting"]),
        ({"loss": [1.1, 1.05, 0.99, 0.92, 0.85]}, "epochs", 0.8, ["underfitting"]),
        ({"loss": [1.0, 0.9, 0.9]}, "epochs", 0.9, []),  # too short to say
        ({"loss": fall(), "val_loss": fall()}, "epochs", 0.1, []),
        ({"loss": fall(), "val_loss": [1.0, 0.5, *fall(10, 0.5, 0.9)]}, "epochs", 0.1, ["overfitting"]),
        ({"loss": fall(), "val_loss": [1.0, 0.5, *fall(10, 0.5, 0.9)]}, "val_loss was no better", 0.1, []),
        ({"loss": fall(), "val_loss": [1.0, 0.02, *fall(10, 0.02, 0.04)]}, "epochs", 0.1, []),  # hardly seen
        ({"loss": fall(), "val_loss": fall(), "accuracy": [0.99] * 12, "val_accuracy": [0.8] * 12}, "epochs", 0.1, []),
        ({"loss": fall(), "val_loss": [*fall(7, 1, 0.5), *[0.51] * 5], "accuracy": [0.99] * 12,
          "val_accuracy": [0.8] * 12}, "epochs", 0.1, ["overfitting"]),
        ({"loss": fall(), "val_loss": fall(), "accuracy": [0.99] * 12, "val_accuracy": [0.95] * 12}, "epochs", 0.1, []),
    ],
)  # fmt: skip
def test_what_a_history_says(history, stopped_by, level, expected):
    assert [finding.kind for finding in of_history(history, stopped_by, looked(level))] == expected


TURNS = {"loss": fall(), "val_loss": [1.0, 0.5, *fall(10, 0.5, 0.9)]}


@pytest.mark.parametrize(
    ("history", "stopped_by", "kept_epoch", "expected"),
    [
        (TURNS, "epochs", 0, ["overfitting"]),
        (TURNS, "epochs", 2, []),  # the best by val_loss
        (TURNS, "interrupt", 2, []),
        (TURNS, "", 2, []),  # early stopping is at work
        (TURNS, "train_loss was no better for 3 epochs", 12, ["overfitting"]),  # chosen by what was learned from
        (TURNS | {"val_accuracy": np.linspace(0.5, 0.9, 12).tolist()}, "epochs", 12, []),  # the best by val_accuracy
        (TURNS | {"val_score": [math.nan, *np.linspace(0.9, 0.5, 11)]}, "epochs", 12, ["overfitting"]),
        (TURNS | {"val_accuracy": [math.nan] * 12}, "epochs", 12, ["overfitting"]),
    ],
)  # fmt: skip
def test_weights_that_early_stopping_has_kept_are_judged_as_of_their_epoch(history, stopped_by, kept_epoch, expected):
    found = of_history(history, stopped_by, looked(0.1), kept_epoch)
    assert [finding.kind for finding in found] == expected


def overfit(**arguments):
    """Fit many units to 40 rows of which a third are labelled wrongly, with the other rows held out."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(300, 2))
    y = (X[:, 0] > 0).astype(int)
    y[:40] = np.where(rng.random(40) < 0.35, 1 - y[:40], y[:40])
    net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(2), lw.Softmax()], random_state=0)
    held_out = (X[40:], y[40:])
    net.fit(X[:40], y[:40], validation_data=held_out, epochs=60, optimizer=lw.Adam(0.02), batch_size=16,
            verbose=False, **arguments)  # fmt: skip
    return net, X[:40], y[:40], held_out


@pytest.mark.slow
def test_early_stopping_is_the_cure_of_overfitting(tmp_path):
    net, X, y, _ = overfit()
    [finding] = [finding for finding in lw.diagnose(net, X, y).findings if finding.kind == "overfitting"]
    assert (finding.remedies[0].change, finding.remedies[0].value) == ("patience", 5)
    assert net.history.kept_epoch == 0
    for patience in (5, 100):  # which ends the training, and which does not
        net, X, y, held_out = overfit(patience=patience, callbacks=lw.Diagnose(warn=False))
        best = int(np.argmin(net.history["val_loss"])) + 1
        assert net.history.kept_epoch == best < net.history.epochs
        assert net.evaluate(*held_out)["loss"] == pytest.approx(net.history["val_loss"][best - 1])
        assert (net.history.stopped_by == "epochs") == (patience == 100)
        net.save(tmp_path / "m")
        for model in (net, lw.load(tmp_path / "m")):
            assert "overfitting" not in kinds(lw.diagnose(model, X, y))
        assert (net.history + net.history).kept_epoch == net.history.epochs + best


def test_a_history_of_standardized_targets_is_read_in_its_own_units():
    """The target's variance is 1e6, the history's 1: a rise of its validation loss by 0.5 is half of it."""
    history = {"loss": fall(), "val_loss": [1.0, 0.4, *fall(10, 0.4, 0.9)]}
    look = Look((), 1e5, 1e6, "", 1.0, 1.0, "regression")
    assert [finding.kind for finding in of_history(history, "epochs", look)] == ["overfitting"]


# ---------------------------------------------------------------- the object, and mistakes


def test_what_there_is_to_read(spiral):
    X, y = spiral
    found = lw.diagnose(small(1000 * X, y), 1000 * X, y)
    text = str(found)
    assert text.splitlines()[0] == "1 finding"
    assert "tried   from first weights on 300 rows for 3 epochs: a loss of " in text
    assert "seen    column" in text
    assert 'net = lw.Network(net.layers, scaling="standard")' in text
    assert found.table()[0][0] == "layer"
    assert len(found.table()) == 5
    assert {len(row) for row in found.table()} == {9}
    assert json.loads(json.dumps(found.to_dict()))["findings"][0]["kind"] == "unscaled inputs"
    severities = [health.SEVERITIES.index(finding.severity) for finding in found.findings]
    assert severities == sorted(severities)
    assert "and a history of 3 epochs" in text
    assert "no history" in str(lw.diagnose(*untrained()))


def test_mistakes(spiral):
    X, y = spiral
    net = small(X, y)
    with pytest.raises(lw.ShapeError, match="X has 1 columns; the network takes 2"):
        lw.diagnose(net, X[:, :1], y)
    with pytest.raises(lw.ShapeError, match="X has 300 rows and y 299"):
        lw.diagnose(net, X, y[1:])
    with pytest.raises(TypeError, match="diagnose takes a Network; got int"):
        lw.diagnose(3, X, y)
    estimator = lw.MLPClassifier((4,), max_iter=200, tol=1.0, random_state=0).fit(X, y)
    with pytest.raises(TypeError, match="give its network_"):
        lw.diagnose(estimator, X, y)
    assert lw.diagnose(estimator.network_, X, y).rows == 300


# ---------------------------------------------------------------- the callback


@pytest.mark.parametrize("arguments", [{}, {"epochs": 9, "batch_size": 1000}, {"ema": 0.9}, {"schedule": "cosine"}])
@pytest.mark.parametrize("engine", ["auto", "numpy"])
def test_the_training_is_the_same_with_it(engine, arguments, spiral):
    layers = [lw.Dense(16), lw.ReLU(), lw.Dropout(0.2), lw.Dense(3), lw.Softmax()]
    nets = [small(*spiral, *layers, engine=engine, callbacks=c, **arguments) for c in ((), lw.Diagnose(warn=False))]
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)
    assert nets[0].history["loss"] == nets[1].history["loss"]


def test_each_kind_is_warned_of_once(spiral):
    X, y = spiral
    with pytest.warns(lw.DiagnosisWarning) as warned:
        small(1000 * X, y, callbacks=lw.Diagnose(), epochs=6)
    said = [str(warning.message).partition(", ")[0] for warning in warned]
    assert said[0] == "unscaled inputs"
    assert len(said) == len(set(said))
    assert 'scaling="standard"' in str(warned[0].message)


def test_no_warning_on_a_healthy_one(spiral):
    watcher = lw.Diagnose()
    layers = (lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax())
    small(*spiral, *layers, callbacks=watcher, optimizer=lw.Adam(0.02), epochs=200)  # a warning would be an error here
    assert watcher.findings == []
    assert [layer.index for layer in watcher.layers] == [0, 1, 2, 3]


def test_a_fit_that_diverges_is_told_of(spiral):
    watcher, X = lw.Diagnose(warn=False), spiral[0]
    with pytest.raises(lw.DivergenceError):
        small(X, X, lw.Dense(8), lw.Dense(2), optimizer=lw.SGD(1e3), callbacks=watcher, epochs=9)
    assert [finding.kind for finding in watcher.findings] == ["learning rate too high"]


def looks(monkeypatch, seconds_per_look, epochs=40, **arguments):
    """In which epochs it looks, by a clock on which an epoch takes a second."""
    clock = [0.0]
    monkeypatch.setattr("layerwise.training.callbacks.diagnosing.time.perf_counter", lambda: clock[0])
    seen = []

    class Watched(lw.Diagnose):
        def _look(self, run):
            start = clock[0]
            clock[0] += seconds_per_look
            self._looks, self._spent = self._looks + 1, self._spent + clock[0] - start
            seen.append(run.epoch)

    class Clock(lw.Callback):
        def on_epoch_begin(self, run):
            clock[0] += 1

    X, y = lw.datasets.make_spiral()
    small(X, y, callbacks=[Clock(), Watched(warn=False, **arguments)], epochs=epochs)
    return seen


def test_how_often_it_looks(monkeypatch):
    assert looks(monkeypatch, 0.001, 12) == [*range(1, 13), 12]  # once more at the end, with the weights that stay
    assert looks(monkeypatch, 0.001, 12, every=5) == [1, 5, 10, 12]


def test_looking_takes_a_share_of_the_time(monkeypatch):
    seen = looks(monkeypatch, 0.1)  # a tenth of an epoch: every tenth may be looked at
    assert seen[0] == 1
    assert seen[-1] == 40
    assert 5 <= len(seen) <= 40 * SHARE / 0.1 + 2


@pytest.mark.parametrize("arguments", [{"every": 0}, {"rows": 0}])
def test_its_arguments(arguments):
    with pytest.raises(ValueError, match="Diagnose: "):
        lw.Diagnose(**arguments)
