"""`lw.diagnose` on real tables: settings that do harm are named with what mends them, others are left alone."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.explain.shortening import FEWEST, HELD_OUT, ROWS, folds
from layerwise.parts import schedules

datasets = pytest.importorskip("sklearn.datasets")


def table(name):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return X, (y - y.mean()) / y.std() if name == "diabetes" else y


def network(X, y, *more, first="glorot_uniform", end=None, penalty=None):
    end = end or ([lw.Dense(1)] if y.dtype.kind == "f" else [lw.Dense(len(np.unique(y))), lw.Softmax()])
    return lw.Network([lw.Dense(32, first, penalty=penalty), *more, lw.ReLU(), *end], random_state=0)


def kinds(network, X, y, **arguments):
    network.fit(X, y, **{"epochs": 20, "verbose": False, "optimizer": lw.Adam(0.01), **arguments})
    return [finding.kind for finding in lw.diagnose(network, X, y).findings]


YES = [lw.Dense(1), lw.Sigmoid()]
DROWNED = {"loss": lw.BinaryCrossEntropy(pos_weight=1e-3), "optimizer": lw.Adam()}
ARGUMENTS = {
    "L1": ("wine", {}, {"penalty": lw.L1(0.1)}, "penalty too strong"),
    "of a layer": ("wine", {"penalty": lw.L2(1.0)}, {}, "penalty too strong"),
    "weight_decay": ("wine", {}, {"optimizer": lw.AdamW(0.01, weight_decay=20.0)}, "penalty too strong"),
    "sigmoid, softmax": ("wine", {"end": [lw.Dense(3), lw.Sigmoid(), lw.Softmax()]}, {}, "two output activations"),
    "Exponential": ("wine", {}, {"schedule": schedules.Exponential(0.001)}, "learning rate decays too fast"),
    "Constant": ("wine", {}, {"schedule": schedules.Constant(1e-5)}, "learning rate decays too fast"),
    "class_weight": ("wine", {}, {"class_weight": {0: 1e-4, 1: 1, 2: 1}}, "class drowned by weights"),
    "pos_weight": ("breast_cancer", {"end": YES}, DROWNED, "class drowned by weights"),
    "N(0, 30²)": ("wine", {"first": lw.initializers.Normal(30.0)}, {}, "large first weights"),
    "dropout": ("wine", {"end": [lw.Dropout(0.95), lw.Dense(3), lw.Softmax()]}, {}, "dropout too strong"),
}  # fmt: skip


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_setting_that_does_harm_is_named(name):
    source, layers, arguments, kind = ARGUMENTS[name]
    X, y = table(source)
    found = kinds(network(X, y, **layers), X, y, **arguments)
    assert kind in found
    assert "learning rate too low" not in found
    assert "underfitting" not in found


def test_a_custom_penalty_is_weakened_too():
    class Steep(lw.L2):
        def __init__(self, steepness):
            self.steepness = steepness
            super().__init__(steepness / 10)

    X, y = table("wine")
    net = network(X, y)
    assert kinds(net, X, y, penalty=Steep(10.0)) == ["penalty too strong"]


def test_weights_that_drown_a_class():
    X, y = table("wine")
    net = network(X, y)
    assert kinds(net, X, y, sample_weight=np.where(y == 1, 1e-5, 1.0)) == ["class drowned by weights"]
    [finding] = lw.diagnose(net, X, y).findings
    assert "mean of the classes' losses" in finding.tried
    exec(finding.call.replace("y, ", "y, verbose=False, "), {"net": net, "X": X, "y": y})
    assert net.evaluate(X, y)["accuracy"] > 0.97


@pytest.mark.parametrize("epochs", [1, 3])
def test_batches_of_one_row_in_a_short_fit(epochs):
    """Larger batches make few steps: the cure is one that still makes enough."""
    X, y = table("wine")
    net = network(X, y, lw.BatchNorm())
    assert "batches of one row" in kinds(net, X, y, epochs=epochs, batch_size=1, optimizer=lw.Adam())


def test_balanced_weights_are_no_fault():
    """With them the loss of all rows alike is above that of a new network without them."""
    rng = np.random.default_rng([32, 5])
    y = (rng.random(200) < 0.92).astype(int)
    X = rng.normal(size=(200, 2)) + 0.5 * y[:, None]
    net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(2), lw.Softmax()], random_state=32)
    assert kinds(net, X, y, class_weight="balanced", epochs=25, optimizer=lw.Adam(0.005)) == []


@pytest.mark.parametrize("optimizer", [lw.Adam(0.01), lw.SGD(0.1)], ids=lambda optimizer: type(optimizer).__name__)
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_settings_that_do_no_harm_are_left_alone(name, optimizer):
    X, y = table(name)
    is_number = name == "diabetes"
    end = [lw.Dropout(0.5), *([lw.Dense(1)] if is_number else [lw.Dense(len(np.unique(y))), lw.Softmax()])]
    weights = {} if is_number else {"class_weight": "balanced"}
    rate = type(optimizer)(0.1 * optimizer.learning_rate if is_number else optimizer.learning_rate)
    fitted = {"optimizer": rate, "penalty": lw.L2(1e-3), "schedule": "cosine", "clip_norm": 5.0, **weights}
    assert kinds(network(X, y, end=end), X, y, epochs=40, **fitted) == []


@pytest.mark.parametrize(("share", "units"), [(0.4, 64), (0.7, 8)])
def test_labels_of_which_many_are_wrong(share, units):
    """A larger network or a higher rate would learn them by heart: that is no advice."""
    rng = np.random.default_rng(0)
    X, y = table("breast_cancer")
    y = np.where(rng.random(len(y)) < share, rng.integers(0, 2, len(y)), y)
    net = lw.Network([lw.Dense(units), lw.ReLU(), lw.Dense(2), lw.Softmax()], random_state=0)
    assert kinds(net, X, y, epochs=15) == []


def test_what_was_not_tried_says_so():
    X, y = table("wine")
    net = network(X, y)
    X = np.column_stack([X, X[:, 0]])
    assert kinds(net, X, y) == ["duplicate columns"]
    found = lw.diagnose(net, X, y)
    assert found.findings[0].tried == ""
    assert "    tried   not here" in str(found)
    assert "Tried: not here" in found._repr_html_()


@pytest.mark.parametrize("batch_size", [1, 16, 32])
@pytest.mark.parametrize("n", [1, FEWEST - 1, FEWEST, 97, 513, ROWS + HELD_OUT, 5000])
def test_rows_held_out(n, batch_size):
    """Of few rows each once; none is trained on in the same trial; a last batch of one row stays one."""
    pairs = folds(n, batch_size)
    assert len(pairs) == (0 if n < FEWEST else 4 if n < ROWS + HELD_OUT else 1)
    for train, rest in pairs:
        assert not set(train) & set(rest)
        assert 1 <= len(train) <= ROWS
        assert (len(train) % batch_size == 1) == (n % batch_size == 1)
    if len(pairs) > 1:
        assert sorted(np.concatenate([rest for _, rest in pairs])) == list(range(n))
