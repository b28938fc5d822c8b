"""What is exported to ONNX gives, in onnxruntime, what the network itself gives.

The bar is 2e-6 of a sample's largest output in float32, and 1e-12 in float64.
"""

import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layerwise as lw
from export_onnx_networks import VARIANTS, difference, fill, run
from layerwise.data.tasks import Task
from layerwise.exchange.export.onnx import to_onnx
from layerwise.parts.layers import LAYERS

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

BAR = {"float32": 2e-6, "float64": 1e-12}


def outputs(net, X):
    """The network's outputs as onnxruntime has them."""
    found = run(to_onnx(net), X)
    return found["output"] if "output" in found else found["probabilities"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", VARIANTS, ids=repr)
def test_every_layer(layer, dtype, rng):
    net = fill(lw.Network([lw.Identity(), layer], dtype=dtype), 16, rng)
    X = np.concatenate([rng.normal(size=(100, 16)), rng.uniform(-20, 20, (100, 16)), np.zeros((1, 16))]).astype(dtype)
    y = outputs(net, X)
    assert y.dtype == dtype
    assert difference(y, net.outputs(X)) <= BAR[dtype]


def test_no_layer_is_left_out():
    assert {type(layer) for layer in VARIANTS} == set(LAYERS)


@st.composite
def networks(draw):
    """Up to three dense layers, each followed by any layer there is, on inputs with any scaling.

    A step stands first alone, since a last digit would decide its output; what is exponentiated is bounded, since
    exponentials of large numbers have a last digit that is large too.
    """
    layers = [lw.Step(0.1)] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        layers.append(lw.Dense(4 * draw(st.integers(1, 10)), weight_rate=draw(st.sampled_from([1.0, "ntk"]))))
        layer = draw(st.sampled_from([layer for layer in VARIANTS if not isinstance(layer, lw.Step)]))
        layers += [lw.Tanh(), layer] if isinstance(layer, lw.Exp) else [layer]
    layers.append(lw.Dense(draw(st.integers(8, 12))))
    layers += draw(st.sampled_from([[], [lw.Softmax()], [lw.Dropout(0.5)], [lw.Sigmoid()]]))
    scaling = draw(st.sampled_from([None, "standard", "min_max"]))
    return lw.Network(layers, scaling=scaling, dtype=draw(st.sampled_from(["float32", "float64"])), random_state=0)


@settings(max_examples=60)
@given(networks(), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_any_network(net, n_in, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(30, n_in)).astype(net.dtype)
    if net.scaling is not None:
        X = (3 * X + 10 * rng.normal(size=n_in)).astype(net.dtype)
        net.scaling.fit(X)
    fill(net, n_in, rng)
    assert difference(outputs(net, X), net.outputs(X)) <= BAR[net.dtype.name]


@pytest.mark.parametrize("layer", [lw.BatchNorm(), lw.LayerNorm()])
def test_normalization_keeps_its_digits_where_the_mean_is_large(layer, rng):
    """Held to float64's result: the network's own mean is rounded to float32, at 1000 to 6e-5."""
    X = (1000 + rng.normal(size=(50, 20))).astype(np.float32)
    wide = X.astype(np.float64)
    net = lw.Network([layer]).build(20)
    if isinstance(layer, lw.BatchNorm):
        net.set_parameters([np.ones(20), np.zeros(20), np.full(20, 1000.0), np.ones(20)])
        reference = (wide - 1000) / np.sqrt(1 + 1e-5)
    else:
        wide -= wide.mean(axis=1, keepdims=True)
        reference = wide / np.sqrt((wide**2).mean(axis=1, keepdims=True) + 1e-5)
    assert difference(outputs(net, X), reference) <= 2e-6


# ---------------------------------------------------------------- what the outputs are


@pytest.mark.parametrize(
    ("labels", "kind"), [([0, 1, 2], "int64"), ([7, 8, 30], "int64"), (["a", "b", "é"], "object"), ([0.5, 1, 2], "f8")]
)
def test_labels_and_probabilities(labels, kind, rng):
    net = fill(lw.Network([lw.Dense(9), lw.ReLU(), lw.Dense(3), lw.Softmax()]), 4, rng)
    net.task = Task("classification", np.array(labels))
    X = rng.normal(size=(60, 4)).astype(np.float32)
    found = run(to_onnx(net), X)
    assert list(found) == ["label", "probabilities"]
    assert found["label"].dtype == kind
    assert (found["label"] == net.predict(X)).all()
    assert difference(found["probabilities"], net.predict_proba(X)) <= 2e-6


@pytest.mark.parametrize("classes", [[False, True], ["no", "yes"], [0, 1]])
def test_a_single_output_is_two_probabilities(classes, rng):
    net = lw.Network([lw.Dense(5), lw.Tanh(), lw.Dense(1), lw.Sigmoid()], random_state=0)
    X = rng.normal(size=(80, 3)).astype(np.float32)
    y = np.array(classes)[(X[:, 0] > 0).astype(int)]
    net.fit(X, y, epochs=2, verbose=False)
    found = run(to_onnx(net), X)
    assert found["label"].shape == (80,)
    assert (found["label"] == net.predict(X)).all()
    assert difference(found["probabilities"], net.predict_proba(X)) <= 2e-6


def test_several_sigmoids_are_shares_of_classes_or_answers_of_their_own(rng):
    X = rng.normal(size=(60, 4)).astype(np.float32)
    layers = [lw.Dense(3), lw.Sigmoid()]
    of_classes = lw.Network(layers, random_state=0)
    of_classes.fit(X, X[:, :3].argmax(axis=1), loss=lw.QuadraticCost(), epochs=1, verbose=False)
    answers = lw.Network(layers, random_state=0)
    answers.fit(X, (X[:, :3] > 0).astype(int), loss="binary_cross_entropy", epochs=1, verbose=False)
    for net in (of_classes, answers):
        found = run(to_onnx(net), X)
        assert (found["label"] == net.predict(X)).all()
        assert found["label"].shape == net.predict(X).shape
        assert difference(found["probabilities"], net.predict_proba(X)) <= 2e-6


def test_scores_are_no_probabilities(rng):
    net = fill(lw.Network([lw.Dense(3)]), 4, rng)
    net.task = Task("classification", np.arange(3))
    X = rng.normal(size=(20, 4)).astype(np.float32)
    found = run(to_onnx(net), X)
    assert list(found) == ["label", "output"]
    assert (found["label"] == net.predict(X)).all()


def test_pixels_go_in_as_they_are(rng):
    X = rng.integers(0, 256, (50, 16), dtype=np.uint8)
    net = lw.Network([lw.Dense(4), lw.Softmax()], random_state=0)
    net.fit(X, np.arange(50) % 4, epochs=2, verbose=False)
    found = run(to_onnx(net), X.astype(np.float32))
    assert difference(found["probabilities"], net.predict_proba(X)) <= 2e-6


@pytest.mark.parametrize("n", [1, 2, 1000])
def test_any_number_of_rows(n, rng):
    net = fill(lw.Network([lw.Dense(3), lw.Softmax()]), 4, rng)
    assert run(to_onnx(net), np.zeros((n, 4), np.float32))["probabilities"].shape == (n, 3)


# ---------------------------------------------------------------- estimators


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimators(rng):
    pytest.importorskip("sklearn")
    X = rng.normal(size=(80, 4)).astype(np.float32)
    targets = [
        np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)],
        np.array([3, 5, 9])[rng.integers(0, 3, 80)],
        (X[:, :3] > 0).astype(int),
    ]
    for y in targets:
        clf = lw.MLPClassifier((8,), max_iter=3, random_state=0, scaling="standard").fit(X, y)
        found = run(to_onnx(clf), X)
        assert (found["label"] == clf.predict(X)).all()
        assert difference(found["probabilities"], clf.predict_proba(X)) <= 2e-6
    regr = lw.MLPRegressor(hidden_layer_sizes=(8,), max_iter=3, random_state=0).fit(X, X[:, :2] + 1)
    assert difference(run(to_onnx(regr), X)["output"], regr.predict(X)) <= 2e-6


def columns(frame):
    """A frame as onnxruntime is given it."""
    given = {}
    for name, column in frame.items():
        if column.dtype.kind == "M":
            column = (column - column.dtype.type(0, "s")) / np.timedelta64(1, "s")
        is_text = column.dtype.kind not in "fiub"
        values = column.fillna("").to_numpy(object) if is_text else column.to_numpy(np.float64)
        given[name] = values[:, None]
    return given


def test_tables(rng):
    pytest.importorskip("sklearn")
    pandas = pytest.importorskip("pandas")
    text = {"colour": rng.choice(["red", "green", "blue", None], 120), "side": rng.choice(["l", "r", None], 120)}
    frame = pandas.DataFrame({"size": rng.normal(2000, 3, 120), "age": rng.integers(0, 9, 120), **text})
    frame = frame.astype(dict.fromkeys(text, object))
    frame.loc[::7, "size"] = np.nan
    settings = {"preset": "tabular", "hidden_layer_sizes": (16,), "max_iter": 3, "random_state": 0}
    other = frame.iloc[::-1].assign(colour="violet", side=None)  # a category that is unknown, and one that is missing
    for y in (rng.choice(["a", "b", "c"], 120), rng.choice([4, 6], 120)):
        clf = lw.MLPClassifier(**settings).fit(frame, y)
        for table in (frame, other):
            found = run(to_onnx(clf), columns(table))
            assert (found["label"] == clf.predict(table)).all()
            assert difference(found["probabilities"], clf.predict_proba(table)) <= 2e-6
    regr = lw.MLPRegressor(**settings).fit(frame, 100 * frame["age"] + 7)
    assert difference(run(to_onnx(regr), columns(frame))["output"], regr.predict(frame)[:, None]) <= 2e-6


def test_columns_that_onnx_cannot_take(rng):
    pytest.importorskip("sklearn")
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"label": rng.normal(size=60), "scaling": rng.normal(size=60), "one": rng.normal(size=60)})
    clf = lw.MLPClassifier(preset="tabular", hidden_layer_sizes=(4,), max_iter=1).fit(frame, [0, 1] * 30)
    with pytest.raises(lw.ExportError, match="columns 'label' of the table"):
        to_onnx(clf)
    mixed = pandas.DataFrame({"a": [1, "x", "y"] * 20, "b": ["z", 2, 3] * 20})
    clf = lw.MLPClassifier(preset="tabular", hidden_layer_sizes=(4,), max_iter=1).fit(mixed, [0, 1] * 30)
    with pytest.raises(lw.ExportError, match=r"'a', whose categories are text and numbers; 'b'"):
        to_onnx(clf)


# ---------------------------------------------------------------- what the file says


def test_the_file_describes_the_network(rng):
    net = lw.Network([lw.Dense(6), lw.GELU(), lw.Dropout(0.2), lw.Dense(2), lw.Softmax()], scaling="standard")
    net.notes = {"columns": ["length", "width"]}
    net.fit(rng.normal(size=(40, 2)), np.array(["ja", "nein"] * 20), epochs=1, verbose=False)
    model = to_onnx(net)
    assert [node.name for node in model.graph.node][:6] == [
        "scaling/centered", "scaling", "dense_0", "gelu_1", "dense_3", "softmax_4",
    ]  # fmt: skip
    assert {"scaling/offset", "scaling/factor", "dense_0/W", "dense_0/b", "dense_3/W", "dense_3/b"} <= {
        array.name for array in model.graph.initializer
    }
    assert [node.doc_string for node in model.graph.node][2:4] == ["Dense(6)", "GELU()"]
    assert (model.producer_name, model.producer_version) == ("layerwise", lw.__version__)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 20)]
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(said["classes"]) == ["ja", "nein"]
    assert said["layers"] == "Dense(6), GELU(), Dropout(0.2), Dense(2), Softmax()"
    assert said["training"].startswith("2 steps, loss CategoricalCrossEntropy(), optimizer Adam(")


# ---------------------------------------------------------------- what cannot be


class Doubled(lw.Activation):
    def forward(self, p, x, out):
        np.multiply(x, 2, out=out)

    def backward(self, p, x, y, dy, g, dx):
        np.multiply(dy, 2, out=dx)


class SofterReLU(lw.ReLU):
    """Derives from a layer that can be exported, and computes something else."""

    def predict(self, p, x, out):
        np.logaddexp(x, 0, out=out)


def test_layers_of_ones_own_are_all_named():
    net = lw.Network([lw.Dense(3), Doubled(), lw.Dense(2), SofterReLU()]).build(2)
    with pytest.raises(lw.ExportError, match=r"ONNX .*layer 1 \(Doubled\(\)\); layer 3 \(SofterReLU\(\)\).*Dense"):
        to_onnx(net)


def test_other_things_are_refused():
    with pytest.raises(lw.NotBuiltError):
        to_onnx(lw.Network([lw.Dense(2)]))
    with pytest.raises(lw.ExportError, match=r"Export each of ensemble\.networks"):
        to_onnx(lw.Ensemble([lw.Dense(2), lw.Softmax()]))
    with pytest.raises(lw.ExportError, match=r"got builtins\.list"):
        to_onnx([])


def test_the_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    net = lw.Network([lw.Dense(2)]).build(2)
    for call in (lambda: to_onnx(net), lambda: lw.from_onnx(b"")):
        with pytest.raises(ImportError, match=r"layerwise\[onnx\]"):
            call()
