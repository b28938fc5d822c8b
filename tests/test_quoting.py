"""Whatever a class, a column or a part is called, it arrives everywhere as that name, and nothing of it is run."""

import ast
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerwise as lw
from layerwise.exchange.export import TARGETS
from layerwise.exchange.export.onnx import to_onnx
from layerwise.exchange.export.script import to_training_script
from layerwise.formula import quoting
from nasty_names import CANARY, PLAIN, UNSEEN
from running_exports import every_target, module, run

REFUSED = {"c": ["nul\0inside", "\ud800", "half \udfff of a pair"], "onnx": ["\ud800", "half \udfff of a pair"]}


def network_of(names):
    """A network that answers name i for row i of the identity, and its rows."""
    X = np.eye(len(names), dtype=np.float32)
    layers = [lw.Dense(len(names), weights=9 * X), lw.Softmax()]
    net = lw.Network(layers, random_state=0)
    net.fit(
        X, np.array(sorted(names)), optimizer=lw.SGD(1e-3), batch_size=len(X), epochs=1, engine="numpy", verbose=False
    )
    return net, X


@pytest.fixture(scope="module")
def nasty():
    return network_of(PLAIN)


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path, monkeypatch):
    """A name that is run leaves a file behind in the working directory."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not list(tmp_path.rglob(CANARY))


# ---------------------------------------------------------------- exports


def test_every_target_is_tried_here():
    assert set(TARGETS) == {"c", "python", "numpy", "javascript", "onnx", "training-script"}
    assert len(set(PLAIN)) == len(PLAIN) >= 40
    assert all(quoting.visible(name) == name for name in PLAIN)
    assert all(quoting.visible(name) != name for name in UNSEEN)


@every_target
@pytest.mark.parametrize("weights", ["nasty", "unseen"])
def test_labels_come_back_from_every_target(target, weights, nasty, tmp_path):
    names = [name for name in UNSEEN if name not in REFUSED.get(target, [])]
    net, X = nasty if weights == "nasty" else network_of(names)
    [found] = run(target, [net], [X], tmp_path)
    assert found.predict == net.predict(X).tolist() == sorted(PLAIN if weights == "nasty" else names)


@pytest.mark.parametrize("target", sorted(REFUSED))
def test_what_a_language_cannot_say_is_refused_before_anything_is_written(target, tmp_path):
    if target == "onnx":
        pytest.importorskip("onnx")
    for name in REFUSED[target]:
        net, _ = network_of([name, "other"])
        with pytest.raises(lw.ExportError, match="rename it"):
            lw.export(net, tmp_path / f"net{TARGETS[target].suffixes[0]}", target)
    assert not list(tmp_path.iterdir())


def test_onnx_answers_with_the_names(nasty):
    runtime = pytest.importorskip("onnxruntime")
    for net, X in (nasty, network_of([name for name in UNSEEN if name not in REFUSED["onnx"]])):
        session = runtime.InferenceSession(to_onnx(net).SerializeToString(), providers=["CPUExecutionProvider"])
        assert session.run(["label"], {"input": X})[0].tolist() == net.predict(X).tolist()


def test_columns_of_a_table_reach_onnx():
    pytest.importorskip("onnx")
    pytest.importorskip("sklearn")
    pandas = pytest.importorskip("pandas")
    names = [name for name in PLAIN if name]
    frame = pandas.DataFrame({name: np.resize(["a", name, "c"], 12) for name in names})
    clf = lw.MLPClassifier(preset="tabular", hidden_layer_sizes=(2,), max_iter=1).fit(frame, [0, 1] * 6)
    assert [value.name for value in to_onnx(clf).graph.input] == names
    odd = frame.set_axis(pandas.Index(["half \udfff of a pair", *names[1:]], dtype=object), axis=1)
    clf = lw.MLPClassifier(preset="tabular", hidden_layer_sizes=(2,), max_iter=1).fit(odd, [0, 1] * 6)
    with pytest.raises(lw.ExportError, match="rename it"):
        to_onnx(clf)


@pytest.mark.parametrize("names", [PLAIN, UNSEEN], ids=["nasty", "unseen"])
def test_the_training_script_knows_the_names(names, capsys):
    net, X = network_of(names)
    program = {"__name__": "script"}
    exec(to_training_script(net), program)
    losses, _ = program["train"](X, net.predict(X))
    assert losses == pytest.approx(net.history["loss"])
    np.testing.assert_array_equal(program["targets"](np.array(sorted(names))), X)


class Odd(lw.layers.Layer):
    """A layer that only draws, so that it is left out of exports; its repr is not what one expects."""

    draws = True
    in_place = True
    text = ""

    def forward(self, p, x, out):
        out[...] = x

    def backward(self, p, x, y, dy, g, dx):
        dx[...] = dy

    def __repr__(self):
        return self.text


@every_target
def test_a_custom_repr_stays_in_its_comment(target, tmp_path):
    models = []
    for text in ['""" + x', "*/ int", "*\n/", "??/", "end\\", 'end"', "</script>", *UNSEEN]:
        layer = Odd()
        layer.text = text
        models.append(lw.Network([lw.Dense(2), layer, lw.Softmax()], random_state=0).build(2))
    inputs = [np.eye(2, dtype=np.float32)] * len(models)
    for net, X, found in zip(models, inputs, run(target, models, inputs, tmp_path), strict=True):
        np.testing.assert_allclose(found.outputs, net.predict_proba(X), rtol=1e-5)


@every_target
def test_a_file_may_have_any_name(target, tmp_path):
    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0).build(2)
    for name in PLAIN:
        if not name or "/" in name or len(name) > 200:
            continue
        path = tmp_path / f"{name}{TARGETS[target].suffixes[0]}"
        if target == "c" and any(mark in name for mark in ('"', "\\", "??")):
            with pytest.raises(lw.ExportError, match="a header cannot be included"):
                lw.export(net, path, target)
            continue
        written = lw.export(net, path, target)
        assert written.files[0].name == path.name
        if target in ("python", "numpy"):
            assert module(path).predict([1.0, 0.0] if target == "python" else [[1.0, 0.0]]) in (0, 1)


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    "number", [quoting.python_number, quoting.javascript_number, lambda value: quoting.c_number(value, single=False)]
)
def test_only_finite_numbers_become_numbers(number):
    assert [number(np.float32(0.5)), number(np.int64(-3)), number(-0.0)][0] == "0.5"
    assert math.copysign(1, float(number(-0.0))) == -1
    for value in ("1", "1.0", b"1", None, True, np.True_, math.inf, -math.inf, math.nan, 1j, [1], float("1e400")):
        with pytest.raises(lw.ExportError, match="a finite number was expected; got"):
            number(value)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70))
def test_python_reads_the_same_number(value):
    found = ast.literal_eval(quoting.python_number(value))
    assert (found, type(found)) == (value, type(value))
    assert quoting.python_number(Fraction(value)) == repr(float(Fraction(value)))  # which knows no -0.0


@pytest.mark.parametrize("value", ["3", 3.0, -1, True, math.nan, None])
def test_a_size_is_a_whole_number(value):
    with pytest.raises(lw.ExportError, match="expected; got"):
        quoting.whole(value)


def test_numbers_of_c():
    for value in (2**63, -(2**63) - 1, 0.5, "1", True):
        with pytest.raises(lw.ExportError):
            quoting.c_whole(value)
    with pytest.raises(lw.ExportError, match="too large for a float"):
        quoting.c_number(1e39, single=True)
    assert quoting.c_whole(-(2**63)) == "(-INT64_C(9223372036854775807) - 1)"


@pytest.mark.parametrize("name", ["clip_norm", "epochs", "batch_size", "rows"])
def test_what_a_fit_says_of_itself_cannot_be_code(name):
    """As a model file could have it."""
    net, _ = network_of(["a", "b"])
    for value in (f"1; open({CANARY!r}, 'w')", math.inf, [1], True):
        net.last_fit = {**net.last_fit, name: value}
        with pytest.raises(lw.ExportError, match=r"number (from 0 )?was expected; got"):
            to_training_script(net)


# ---------------------------------------------------------------- the functions themselves

texts = st.text(st.characters() | st.sampled_from("\"'\\`*/?#%${}<>&|_\n\0\ud800"), max_size=20)


@given(texts)
def test_python_reads_the_same_text(text):
    assert ast.literal_eval(quoting.python_text(text)) == text
    tree = ast.parse(f'"""{quoting.python_docstring(text)}"""')
    assert ast.get_docstring(tree, clean=False) == quoting.visible(text, keep="\n")
    assert len(tree.body) == 1
