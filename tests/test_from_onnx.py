"""ONNX models become networks: our own come back as they were, others are read node by node or refused at once.

The graphs of other programs are built by hand here, in the shapes in which PyTorch's and scikit-learn's converters
write them; what is expected comes from onnxruntime.
"""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layerwise as lw
from export_onnx_networks import VARIANTS, difference, fill, run
from layerwise.data.tasks import Task
from layerwise.exchange.export.onnx import to_onnx

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto

# ---------------------------------------------------------------- our own


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", VARIANTS, ids=repr)
def test_every_layer_comes_back(layer, dtype, rng):
    net = fill(lw.Network([lw.Dense(8), layer, lw.Dense(3)], dtype=dtype), 5, rng)
    back = lw.from_onnx(to_onnx(net))
    assert repr(back.layers) == repr(net.layers)
    assert back.theta.dtype == net.theta.dtype
    assert (back.theta == net.theta).all()


@pytest.mark.parametrize("scaling", ["standard", "min_max", "range"])
@pytest.mark.parametrize("classes", [["a", "b"], [False, True], [3, 8]])
def test_classes_scaling_loss_and_notes_come_back(scaling, classes, rng, tmp_path):
    net = lw.Network([lw.Dense(6), lw.ELU(), lw.Dense(2), lw.Softmax()], scaling=scaling, random_state=0)
    net.notes = {"columns": ["one", "two", "three"]}
    X = rng.normal(size=(60, 3)) * [1, 100, 1e4] + 200
    y = np.array(classes)[np.arange(60) % 2]
    net.task = Task("classification", np.array(classes), True)
    penalty = lw.L2(0.01)
    net.fit(X, y, loss=lw.CategoricalCrossEntropy(label_smoothing=0.1), penalty=penalty, epochs=2, verbose=False)
    (tmp_path / "net.onnx").write_bytes(to_onnx(net).SerializeToString())
    back = lw.from_onnx(tmp_path / "net.onnx", random_state=5)
    assert (back.outputs(X) == net.outputs(X)).all()
    assert (back.predict(X) == net.predict(X)).all()
    assert repr(back.scaling) == repr(net.scaling)
    assert repr((back.loss, back.penalties, back.notes)) == repr((net.loss, net.penalties, net.notes))
    assert back.random_state == 5
    before = back.evaluate(X, y)["loss"]
    back.fit(X, y, epochs=20, verbose=False)
    assert back.evaluate(X, y)["loss"] < before


def test_a_scaler_of_ones_own_comes_back_as_what_it_does(rng):
    class Halves(lw.Scaler):
        def fit(self, X):
            self.offset, self.factor = X.mean(axis=0), np.full(X.shape[1], 0.5)

    net = lw.Network([lw.Dense(2), lw.Softmax()], scaling=Halves(), random_state=0)
    X = rng.normal(size=(20, 3))
    net.fit(X, np.arange(20) % 2, epochs=1, verbose=False)
    assert (lw.from_onnx(to_onnx(net)).outputs(X) == net.outputs(X)).all()


def test_an_initializer_of_ones_own_is_no_hindrance(rng):
    class Half(lw.Initializer):
        def __init__(self, values=None):
            self.values_of_mine = self.values = None if values is None else np.asarray(values)
            self.table = np.ones(2)

        def draw(self, shape, rng):
            return np.full(shape, 0.5)

    net = lw.Network([lw.Dense(3, weights=Half()), lw.Softmax()]).build(4)
    X = rng.normal(size=(9, 4)).astype(np.float32)
    assert difference(lw.from_onnx(to_onnx(net)).outputs(X), net.outputs(X)) <= 2e-6


class Odd(lw.Initializer):
    """It has an argument that no file can hold."""

    def __init__(self, kind=dict):
        self.kind = kind

    def draw(self, shape, rng):
        return np.full(shape, 0.5)


class Sums(lw.Penalty):
    """It is written on arrays, so that a file cannot hold it."""

    def value(self, w, tmp):
        return float(w.sum())

    def gradient(self, w, out):
        out[...] = 1


def test_what_a_description_cannot_say_is_left_out_by_itself(rng):
    """The activation is no operator of ONNX: without the description there would be nothing to read it by."""
    penalty = [Sums(1e-4), lw.L2(1e-3), lw.Penalty(1e-3, f=lambda w: np.log(1 + w**2))]
    layers = [
        lw.Dense(3, weights=Odd(), penalty=[Sums(1e-3), lw.L1(1e-3)]),
        lw.Activation(lambda x: x / (1 + np.abs(x)), name="Softsign"),
        lw.Dense(2),
        lw.Softmax(),
    ]
    net = lw.Network(layers, random_state=0)
    X, y = rng.normal(size=(30, 4)), np.arange(30) % 2
    net.fit(X, y, penalty=penalty, loss=lambda y, t: (y - t) ** 2, epochs=1, engine="numpy", verbose=False)
    net.notes = {"kind": dict, "from": "here", "nothing": None, ("a", 1): 2}
    back = lw.from_onnx(to_onnx(net))
    np.testing.assert_allclose(back.outputs(X), net.outputs(X), rtol=1e-5)
    assert repr(back.layers[0]) == "Dense(3, weights=Zeros(), penalty=(L1(0.001),))"
    assert repr(back.layers[1:]) == repr(net.layers[1:])
    assert repr(back.penalties) == repr(net.penalties[1:])
    assert repr(back.loss) == repr(net.loss)
    assert back.notes == {"from": "here", "nothing": None, ("a", 1): 2}
    assert repr(net.layers[0]) == "Dense(3, weights=Odd(), penalty=(Sums(0.001), L1(0.001)))"


def test_a_description_that_claims_a_vast_network_is_refused():
    """The arrays of the file are looked at before anything is made in the sizes that it tells."""
    model = to_onnx(lw.Network([lw.Dense(2)]).build(3))
    entry = next(entry for entry in model.metadata_props if entry.key == "layerwise")
    entry.value = entry.value.replace('"n_in": 3', '"n_in": 1000000000000')
    refused(model, "layer 0 (Dense(2", "(1000000000000, 2); got (3, 2)")


def test_a_file_of_ours_that_was_changed_is_read_by_its_nodes(rng):
    """The description no longer tells what the nodes do: they are followed instead."""
    net = fill(lw.Network([lw.Dense(6), lw.ReLU(), lw.Dense(3), lw.Softmax()], scaling="range"), 4, rng)
    model = to_onnx(net)
    next(node for node in model.graph.node if node.op_type == "Relu").op_type = "Tanh"
    back = lw.from_onnx(model)
    assert [type(layer) for layer in back.layers] == [lw.Dense, lw.Tanh, lw.Dense, lw.Softmax]
    X = rng.uniform(0, 255, (20, 4)).astype(np.float32)
    assert difference(back.outputs(X), run(model, X)["probabilities"]) <= 2e-6


def test_without_its_description_a_file_is_read_by_its_nodes(rng):
    """All layers that are operators of ONNX, and classes from the labels at the end."""
    layers = [lw.LeakyReLU(0.2), lw.ELU(0.5), lw.SELU(), lw.GELU(), lw.SiLU(), lw.Mish(), lw.Softplus(), lw.Sigmoid(),
              lw.Tanh(), lw.Linear(-2.0), lw.Scale(), lw.Step(0.3)]  # fmt: skip
    for layer in layers:
        net = fill(lw.Network([lw.Dense(9), layer, lw.Dense(3), lw.Softmax()], scaling="standard"), 4, rng)
        X = rng.normal(3, 2, size=(40, 4)).astype(np.float32)
        net.scaling.fit(X)
        net.task = Task("classification", np.array(["x", "y", "z"]))
        model = to_onnx(net)
        del model.metadata_props[:]
        back = lw.from_onnx(model)
        assert repr(back.layers[1]) == repr(layer) or isinstance(layer, (lw.LeakyReLU, lw.Step))  # α in float32
        assert difference(back.outputs(X), net.outputs(X)) <= 2e-6
        assert (back.predict(X) == net.predict(X)).all()


# ---------------------------------------------------------------- of other programs


def model_of(nodes, arrays, shape=("N", 5), outputs=("y",), opset=17, dtype=TensorProto.FLOAT, extra=()):
    """A graph from the input x: an output is a name, or a name and its type where it is a label."""
    made = [
        helper.make_node(op, inputs, out, name=f"{op.lower()}_{i}", **attributes)
        for i, (op, inputs, out, attributes) in enumerate(nodes)
    ]
    ends = [
        helper.make_tensor_value_info(output, dtype, ["N", "outputs"])
        if isinstance(output, str)
        else helper.make_tensor_value_info(*output, ["N"])
        for output in outputs
    ]
    constants = [numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()]
    start = helper.make_tensor_value_info("x", dtype, list(shape))
    graph = helper.make_graph(made, "g", [start, *extra], ends, constants)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def arrays(rng, *sizes):
    made = {}
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        made[f"W{i}"] = rng.normal(size=(n_in, n_out)).astype(np.float32)
        made[f"b{i}"] = rng.normal(size=n_out).astype(np.float32)
    return made


def same_outputs(model, rng, name="y", n_in=5, rows=None):
    X = rng.normal(size=(40, n_in)).astype(np.float32)
    net = lw.from_onnx(model.SerializeToString())
    reference = run(model, X if rows is None else X.reshape(rows), "x")[name]
    assert difference(net.outputs(X), reference) <= 2e-6
    return net


def test_gemm_as_pytorch_writes_it(rng):
    a = arrays(rng, 5, 8, 3)
    a["W0"], a["W1"] = a["W0"].T.copy(), a["W1"].T.copy()
    net = same_outputs(
        model_of(
            [
                ("Flatten", ["x"], ["f"], {}),
                ("Gemm", ["f", "W0", "b0"], ["0"], {"transB": 1, "alpha": 1.0, "beta": 1.0}),
                ("Relu", ["0"], ["1"], {}),
                ("Identity", ["1"], ["2"], {}),
                ("Gemm", ["2", "W1", "b1"], ["3"], {"transB": 1}),
                ("Softmax", ["3"], ["y"], {"axis": 1}),
            ],
            a,
        ),
        rng,
    )
    assert repr(net.layers) == "(Dense(8), ReLU(), Dense(3), Softmax())"
    before = net.evaluate(np.eye(5), [0, 1, 2, 0, 1])["loss"]
    net.fit(np.eye(5), [0, 1, 2, 0, 1], epochs=20, verbose=False)
    assert net.evaluate(np.eye(5), [0, 1, 2, 0, 1])["loss"] < before


def test_gemm_with_factors_and_without_a_bias(rng):
    a = arrays(rng, 5, 8, 3)
    same_outputs(
        model_of(
            [
                ("Gemm", ["x", "W0", "b0"], ["0"], {"alpha": 0.5, "beta": 2.0}),
                ("Tanh", ["0"], ["1"], {}),
                ("Gemm", ["1", "W1"], ["y"], {}),
            ],
            a,
        ),
        rng,
    )


def test_matmul_add_and_a_transposed_constant(rng):
    a = arrays(rng, 5, 8, 3)
    a["W0"] = a["W0"].T.copy()
    a["b1"] = a["b1"][None]
    net = same_outputs(
        model_of(
            [
                ("Transpose", ["W0"], ["Wt"], {"perm": [1, 0]}),
                ("MatMul", ["x", "Wt"], ["0"], {}),
                ("Add", ["b0", "0"], ["1"], {}),
                ("Sigmoid", ["1"], ["s"], {}),
                ("Mul", ["1", "s"], ["2"], {}),
                ("MatMul", ["2", "W1"], ["3"], {}),
                ("Add", ["3", "b1"], ["4"], {}),
                ("Softplus", ["4"], ["p"], {}),
                ("Tanh", ["p"], ["t"], {}),
                ("Mul", ["4", "t"], ["y"], {}),
            ],
            a,
        ),
        rng,
    )
    assert repr(net.layers) == "(Dense(8), SiLU(), Dense(3), Mish())"


def test_softplus_as_pytorch_writes_it(rng):
    a = {**arrays(rng, 5, 3), "twenty": np.float32(20)}
    nodes = [
        ("Gemm", ["x", "W0", "b0"], ["0"], {}),
        ("Softplus", ["0"], ["1"], {}),
        ("Greater", ["0", "twenty"], ["2"], {}),
        ("Where", ["2", "0", "1"], ["y"], {}),
    ]
    assert repr(same_outputs(model_of(nodes, a), rng).layers) == "(Dense(3), Softplus())"
    refused(model_of(nodes, {**a, "twenty": np.float32(2)}), "'where_3' (Where)")


def test_images_scaled_and_flattened(rng):
    a = {**arrays(rng, 12, 4), "mean": np.float32(0.5), "255": np.float32(255), "shape": np.array([-1, 12])}
    model = model_of(
        [
            ("Cast", ["x"], ["c"], {"to": TensorProto.FLOAT}),
            ("Div", ["c", "255"], ["0"], {}),
            ("Sub", ["0", "mean"], ["1"], {}),
            ("Reshape", ["1", "shape"], ["2"], {}),
            ("Gemm", ["2", "W0", "b0"], ["y"], {}),
        ],
        a,
        shape=("N", 1, 3, 4),
    )
    net = same_outputs(model, rng, n_in=12, rows=(-1, 1, 3, 4))
    X = rng.integers(0, 256, (9, 12), dtype=np.uint8)
    assert difference(net.outputs(X), run(model, X.astype(np.float32).reshape(-1, 1, 3, 4), "x")["y"]) <= 2e-6


def test_normalization_and_dropout(rng):
    a = {**arrays(rng, 5, 8, 3), "no": np.array(False), "rate": np.float32(0.3)}
    a |= {name: rng.normal(size=8).astype(np.float32) for name in ("g", "h", "m", "g2", "h2")}
    a["v"] = rng.uniform(0.5, 2, 8).astype(np.float32)
    net = same_outputs(
        model_of(
            [
                ("Gemm", ["x", "W0", "b0"], ["0"], {}),
                ("BatchNormalization", ["0", "g", "h", "m", "v"], ["1"], {"epsilon": 1e-3, "momentum": 0.8}),
                ("Dropout", ["1", "rate", "no"], ["2"], {}),
                ("LayerNormalization", ["2", "g2", "h2"], ["3"], {"axis": -1}),
                ("LeakyRelu", ["3"], ["4"], {"alpha": 0.25}),
                ("Gemm", ["4", "W1", "b1"], ["y"], {}),
            ],
            a,
        ),
        rng,
    )
    assert net.layers[1].momentum == pytest.approx(0.8)
    assert net.layers[2].rate == pytest.approx(0.3)
    assert net.layers[4].negative_slope == 0.25


def test_a_binary_classifier_as_converters_of_scikit_learn_write_it(rng):
    a = {**arrays(rng, 5, 8, 1), "one": np.float32(1), "classes": np.array(["no", "yes"], dtype=object)}
    model = model_of(
        [
            ("Cast", ["x"], ["c"], {"to": TensorProto.FLOAT}),
            ("MatMul", ["c", "W0"], ["0"], {}),
            ("Add", ["0", "b0"], ["1"], {}),
            ("Relu", ["1"], ["2"], {}),
            ("MatMul", ["2", "W1"], ["3"], {}),
            ("Add", ["3", "b1"], ["4"], {}),
            ("Sigmoid", ["4"], ["5"], {}),
            ("Sub", ["one", "5"], ["6"], {}),
            ("Concat", ["6", "5"], ["y"], {"axis": 1}),
            ("ArgMax", ["y"], ["7"], {"axis": 1, "keepdims": 0}),
            ("Gather", ["classes", "7"], ["label"], {}),
        ],
        a,
        outputs=(("label", TensorProto.STRING), "y"),
    )
    net = lw.from_onnx(model)
    X = rng.normal(size=(40, 5)).astype(np.float32)
    found = run(model, X, "x")
    assert (net.predict(X) == found["label"]).all()
    assert difference(net.predict_proba(X), found["y"]) <= 2e-6


def test_zipmap_names_the_classes(rng):
    a = arrays(rng, 5, 3)
    model = model_of(
        [
            ("Gemm", ["x", "W0", "b0"], ["0"], {}),
            ("Softmax", ["0"], ["1"], {}),
            ("ZipMap", ["1"], ["z"], {"domain": "ai.onnx.ml", "classlabels_int64s": [4, 6, 9]}),
        ],
        a,
        outputs=("z",),
    )
    net = lw.from_onnx(model)
    assert set(net.predict(rng.normal(size=(60, 5)))) == {4, 6, 9}


def test_only_labels_come_out(rng):
    a = arrays(rng, 5, 3)
    model = model_of(
        [("Gemm", ["x", "W0", "b0"], ["0"], {}), ("ArgMax", ["0"], ["y"], {"axis": 1, "keepdims": 0})],
        a,
        outputs=(("y", TensorProto.INT64),),
    )
    X = rng.normal(size=(40, 5)).astype(np.float32)
    net = lw.from_onnx(model, classes=[0, 1, 2])
    assert (net.predict(X) == run(model, X, "x")["y"]).all()


@pytest.mark.parametrize("wide", [np.float16, np.float64])
def test_numbers_of_other_widths(wide, rng):
    a = {name: array.astype(wide) for name, array in arrays(rng, 5, 3).items()}
    kind = TensorProto.DOUBLE if wide is np.float64 else TensorProto.FLOAT16
    model = model_of([("Gemm", ["x", "W0", "b0"], ["y"], {})], a, dtype=kind)
    net = lw.from_onnx(model)
    assert net.dtype == (np.float64 if wide is np.float64 else np.float32)
    X = rng.normal(size=(10, 5))
    assert np.allclose(net.outputs(X), X @ a["W0"].astype(float) + a["b0"], atol=1e-5)


# ---------------------------------------------------------------- what cannot be read


def refused(model, *parts):
    with pytest.raises(lw.FormatError) as raised:
        lw.from_onnx(model)
    for part in parts:
        assert part in str(raised.value)


def test_all_operators_that_are_no_layers_are_named_at_once(rng):
    a = {**arrays(rng, 5, 3), "k": np.ones((1, 1, 3), np.float32), "c": np.float32([1, 2, 3])}
    model = model_of(
        [
            ("Conv", ["x", "k"], ["0"], {}),
            ("Gemm", ["0", "W0", "b0"], ["1"], {}),
            ("HardSigmoid", ["1"], ["2"], {}),
            ("Relu", ["2"], ["y"], {}),
        ],
        a,
    )
    refused(model, "node 'conv_0' (Conv)", "node 'hardsigmoid_2' (HardSigmoid)")


@pytest.mark.parametrize(
    ("nodes", "part"),
    [
        ([("Gemm", ["x", "W0"], ["y"], {"transA": 1})], "transA=1"),
        ([("Gemm", ["x", "W0", "b0"], ["0"], {}), ("Gelu", ["0"], ["y"], {})], "approximate='tanh'"),
        ([("Gemm", ["x", "W0"], ["0"], {}), ("Mul", ["0", "0"], ["y"], {})], "two values that both come from"),
        ([("Neg", ["x"], ["0"], {}), ("Sigmoid", ["0"], ["1"], {}), ("Mul", ["x", "1"], ["y"], {})], "two values"),
        ([("Gemm", ["x", "W0"], ["0"], {}), ("Relu", ["0"], ["1"], {}), ("Add", ["1", "b0"], ["y"], {})], "has a bias"),
        ([("Gemm", ["x", "W0"], ["0"], {}), ("Softmax", ["0"], ["y"], {"axis": 0})], "axis=0"),
        ([("Gemm", ["x", "W0"], ["0"], {}), ("Gemm", ["0", "W0"], ["y"], {})], "are for 5 inputs where 3 come"),
        ([("Gemm", ["x", "W0"], ["0"], {}), ("Selu", ["0"], ["y"], {"alpha": 3.0})], "alpha=3"),
        ([("ArgMax", ["x"], ["0"], {}), ("MatMul", ["0", "W0"], ["y"], {})], "a label"),
        ([("Relu", ["W0"], ["y"], {})], "of constants"),
        ([("Identity", ["x"], ["y"], {})], "no output of it comes from layers"),
        ([("Gemm", ["x", "W0"], ["0"], {}), ("Mul", ["0", "zero"], ["y"], {})], "with 0"),
    ],
)  # fmt: skip
def test_what_an_operator_here_cannot_say(nodes, part, rng):
    refused(model_of(nodes, {**arrays(rng, 5, 3), "zero": np.float32(0)}, opset=20), part)


def test_several_inputs_or_ends(rng):
    a = arrays(rng, 5, 3)
    other = helper.make_tensor_value_info("other", TensorProto.FLOAT, ["N", 3])
    refused(model_of([("Gemm", ["x", "W0"], ["y"], {})], a, extra=[other]), "must have one input", "x, other")
    heads = [("Gemm", ["x", "W0"], ["y"], {}), ("Gemm", ["x", "W0", "b0"], ["z"], {})]
    refused(model_of(heads, a, outputs=("y", "z")), "several outputs")


def test_graphs_inside_and_operators_of_other_domains(rng):
    a = {**arrays(rng, 5, 3), "yes": np.array(True)}
    inner = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["i"])], "i", [], [helper.make_tensor_value_info("i", TensorProto.FLOAT, None)]
    )
    model = model_of(
        [("If", ["yes"], ["0"], {"then_branch": inner, "else_branch": inner}), ("Gemm", ["0", "W0"], ["y"], {})], a
    )
    refused(model, "node 'if_0' (If)")
    model = model_of([("Gemm", ["x", "W0"], ["0"], {}), ("Relu", ["0"], ["y"], {})], a)
    model.graph.node[1].domain, model.graph.node[1].op_type = "com.example", "Frobnicate"
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    refused(model, "(Frobnicate) of com.example")


def test_arrays_elsewhere_missing_or_not_finite(rng):
    model = model_of([("Gemm", ["x", "W0", "b0"], ["y"], {})], arrays(rng, 5, 3))
    away = onnx.ModelProto.FromString(model.SerializeToString())
    away.graph.initializer[0].data_location = TensorProto.EXTERNAL
    refused(away, "W0", "onnx.load(path)")
    lost = onnx.ModelProto.FromString(model.SerializeToString())
    del lost.graph.initializer[0]
    refused(lost, "W0")
    short = onnx.ModelProto.FromString(model.SerializeToString())
    short.graph.initializer[0].raw_data = b"1234"
    refused(short, "not a sound ONNX model")
    infinite = arrays(rng, 5, 3)
    infinite["b0"][1] = np.inf
    refused(model_of([("Gemm", ["x", "W0", "b0"], ["y"], {})], infinite), "layer 0 (Dense(3))", "infinity")


def test_files_that_are_none(tmp_path):
    for content in (b"", b"hello", b"\x08\x07"):
        (tmp_path / "m.onnx").write_bytes(content)
        with pytest.raises(lw.FormatError, match=r"m\.onnx"):
            lw.from_onnx(tmp_path / "m.onnx")
    with pytest.raises(FileNotFoundError):
        lw.from_onnx(tmp_path / "nowhere.onnx")
    with pytest.raises(TypeError, match="got int"):
        lw.from_onnx(3)


def _written():
    net = lw.Network([lw.Dense(4), lw.BatchNorm(), lw.Dense(2), lw.Softmax()], random_state=0).build(3)
    own = to_onnx(net)
    plain = to_onnx(net)
    del plain.metadata_props[:]
    return [own.SerializeToString(), plain.SerializeToString()]


@settings(max_examples=150)
@given(st.integers(0, 1), st.floats(0, 1, exclude_max=True), st.integers(0, 255), st.booleans())
def test_a_damaged_file_is_refused_or_read(which, place, value, cut):
    """Whatever byte is changed and wherever it is cut, there is a network or a FormatError, and nothing else."""
    content = bytearray(FILES[which])
    at = int(place * len(content))
    content[at] = value
    try:
        net = lw.from_onnx(bytes(content[:at] if cut else content))
    except lw.FormatError:
        return
    assert np.isfinite(net.theta).all()


FILES = _written()
