"""Model files with weights of 8 bits: a quarter of the size, exactly scale times int8, and nothing of it believed."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import layerwise as lw
from layerwise.parts.quantization import dequantize, quantize
from model_files import parts, rewrite

FLOAT32 = np.dtype(np.float32)


@pytest.fixture(scope="module")
def digits():
    """A network that has learned 4,000 digits, and the test images."""
    (X, y), _, test = lw.datasets.load_mnist()
    net = lw.Network([lw.Dense(128), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    net.fit(X[:4000], y[:4000], epochs=4, batch_size=64, verbose=False)
    return lw.learn_novelty(net, X[:4000], coverage=0.95), test


def small(dtype="float32"):
    layers = [lw.Dense(6), lw.Tanh(), lw.BatchNorm(), lw.Dense(4, groups=2), lw.ReLU(), lw.Dense(3), lw.Softmax()]
    net = lw.Network(layers, random_state=0, dtype=dtype, scaling="standard")
    X = np.random.default_rng(0).standard_normal((60, 5))
    net.fit(X, np.arange(60) % 3, epochs=2, optimizer=lw.Adam(0.01), verbose=False)
    return net, X


def test_worked_numbers():
    W = np.array([[1.27, 0.0, -5.0], [-0.634, 0.0, 2.5]], np.float32)
    Q, scale = quantize(W, FLOAT32)
    assert Q.tolist() == [[127, 0, -127], [-63, 0, 64]]  # -63.4 and 63.5, to the nearest, halves to even
    np.testing.assert_array_equal(scale, np.float32([1.27, 1.0, 5.0]) / np.float32(127))


@given(
    W=npst.arrays(
        st.sampled_from([np.float32, np.float64]),
        npst.array_shapes(min_dims=2, max_dims=2, max_side=5),
        elements=st.floats(-(2.0**100), 2.0**100, width=32),
    )
)
def test_no_weight_moves_by_more_than_half_its_scale_and_rounding_again_changes_nothing(W):
    Q, scale = quantize(W, FLOAT32)
    rounded = dequantize(Q, scale, W.dtype)
    error = np.abs(rounded.astype(np.float64) - W)
    assert (error <= (0.5 + 1e-4) * scale.astype(np.float64)).all()
    again, _ = quantize(rounded, FLOAT32)
    if (np.abs(W).max(axis=0) > 1e-30).all():  # above the least normal numbers
        np.testing.assert_array_equal(again, Q)


def test_the_file_takes_a_quarter_and_loses_next_to_nothing(digits, tmp_path):
    net, (X, y) = digits
    net.save(tmp_path / "whole")
    net.save(tmp_path / "small", weights="int8")
    sizes = [(tmp_path / name).stat().st_size for name in ("whole", "small")]
    assert sizes[1] < 0.3 * sizes[0]
    found = lw.load(tmp_path / "small")
    assert abs(found.evaluate(X, y)["accuracy"] - net.evaluate(X, y)["accuracy"]) < 0.001
    p, exact = found.predict_proba(X), net.predict_proba(X)
    assert np.abs(p - exact).max() < 0.1
    assert np.abs(p - exact).mean() < 1e-3
    assert found.dtype == np.float32
    novel, refused = (np.ma.getmaskarray(model.predict(X, reject_novel=True)) for model in (found, net))
    assert (novel != refused).mean() < 0.002


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_are_scale_times_int8_and_all_else_is_as_in_other_files(tmp_path, dtype):
    net, X = small(dtype)
    net.save(tmp_path / "whole")
    net.save(tmp_path / "small", weights="int8")
    text, arrays = parts(tmp_path / "small")
    whole = parts(tmp_path / "whole")[1]
    dense = ["layers.0.W", "layers.3.W", "layers.5.W"]
    assert json.loads(text)["stored"] == dict.fromkeys(dense, "int8")
    assert arrays.keys() == whole.keys() | {f"{name}.scale" for name in dense}
    for name in whole.keys() - set(dense):
        np.testing.assert_array_equal(arrays[name], whole[name])
    found = lw.load(tmp_path / "small")
    for name in dense:
        W = found.parameters.p[int(name.split(".")[1])].W
        Q, scale = arrays[name], arrays[f"{name}.scale"]
        assert (Q.dtype, scale.dtype, scale.shape) == (np.int8, np.float32, W.shape[1:])
        np.testing.assert_array_equal(W, Q.astype(dtype) * scale.astype(dtype))
    np.testing.assert_allclose(found.predict_proba(X), net.predict_proba(X), atol=0.05)
    found.save(tmp_path / "again", weights="int8")  # rounded weights are rounded to themselves
    np.testing.assert_allclose(lw.load(tmp_path / "again").theta, found.theta, rtol=1e-6)


def test_it_trains_on_with_a_new_optimizer_and_its_script_says_that_it_differs(tmp_path):
    net, X = small()
    net.save(tmp_path / "small", weights="int8")
    found = lw.load(tmp_path / "small")
    assert found.optimizer.iterations == 0
    assert not found.optimizer.state
    before = found.evaluate(X, np.arange(60) % 3)["loss"]
    found.fit(X, np.arange(60) % 3, epochs=5, optimizer=lw.Adam(0.01), verbose=False)
    assert found.evaluate(X, np.arange(60) % 3)["loss"] < before
    assert "rounded to 8 bits" not in str(net.last_fit)
    with pytest.raises(lw.ExportError, match="weights rounded to 8 bits"):
        lw.export(lw.load(tmp_path / "small"), tmp_path / "script.py", to="training-script")


@pytest.mark.filterwarnings("ignore:adam made max_iter")
def test_estimators_and_ensembles(tmp_path):
    X, y = lw.datasets.load_iris()
    table = lw.MLPClassifier((16,), max_iter=30, random_state=0).fit(X, y)
    numbers = lw.MLPRegressor(hidden_layer_sizes=(16,), max_iter=3, random_state=0, preset="tabular").fit(
        X[:, :3], X[:, 3]
    )
    several = lw.Ensemble([lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Softmax()], 2, random_state=0)
    several.fit(X, y, epochs=20, verbose=False)
    for model, rows in ((table, X), (numbers, X[:, :3]), (several, X)):
        model.save(tmp_path / "m", weights="int8")
        found = lw.load(tmp_path / "m")
        answers, exact = (getattr(m, "predict_proba", m.predict)(rows) for m in (found, model))
        np.testing.assert_allclose(answers, exact, atol=0.05)
        assert np.abs(answers - exact).max() > 0


def test_what_cannot_be_kept_so_is_refused_and_the_file_stays(tmp_path):
    net, _ = small("float64")
    net.save(tmp_path / "m")
    before = (tmp_path / "m").read_bytes()
    with pytest.raises(ValueError, match='state of the optimizer is not kept with weights="int8"'):
        net.save(tmp_path / "m", weights="int8", optimizer=True)
    with pytest.raises(lw.UnknownNameError, match="weights must be one of float32, int8; got 'float16'"):
        net.save(tmp_path / "m", weights="float16")
    net.parameters.p[0].W[0, 0] = 1e60
    with pytest.raises(lw.FormatError, match=r"layers\.0\.W holds numbers that are too large for int8"):
        net.save(tmp_path / "m", weights="int8")
    assert (tmp_path / "m").read_bytes() == before


def changed(name, value):
    return lambda arrays: arrays.update({name: value(arrays[name]) if callable(value) else value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            changed("layers.0.W", lambda W: W.astype(np.float32)),
            r"layers\.0\.W must be an array of int8; it is of type",
        ),
        (changed("layers.0.W", lambda W: W[:-1]), r"layers\.0\.W has shape \(4, 6\)"),
        (changed("layers.0.W", lambda W: W[0]), r"layers\.0\.W of int8 must be a matrix; it has shape \(6,\)"),
        (lambda arrays: arrays.pop("layers.0.W"), r"layers\.0\.W must be an array of int8; it is not there"),
        (lambda arrays: arrays.pop("layers.0.W.scale"), r"there is no array layers\.0\.W\.scale"),
        (changed("layers.0.W.scale", lambda s: s[:-1]), r"layers\.0\.W\.scale has shape \(5,\)"),
        (changed("layers.0.W.scale", lambda s: s.astype(np.float64)), r"layers\.0\.W\.scale has .* type float64"),
        (changed("layers.0.W.scale", lambda s: -s), r"layers\.0\.W\.scale must be at least 0"),
        (changed("layers.0.W.scale", lambda s: s * np.nan), r"layers\.0\.W\.scale holds NaN"),
        (changed("layers.0.W.scale", lambda s: s + np.float32(3e38)), r"layers\.0\.W holds NaN or infinity"),
        (changed("layers.1.W.scale", np.ones(6, np.float32)), r"nobody asked for layers\.1\.W\.scale"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_file_that_is_wrong_is_refused_by_name(tmp_path, change, message):
    small()[0].save(tmp_path / "m", weights="int8")
    rewrite(tmp_path / "m", change_arrays=change)
    with pytest.raises(lw.FormatError, match=message):
        lw.load(tmp_path / "m")


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({}, r"layers\.0\.W has shape \(5, 6\) and type int8"),
        ({"layers.0.W": "float16"}, r"layers\.0\.W must be an array of float16; it is of type int8"),
        ({"scaling.offset": "int8"}, r"stored: scaling\.offset is no array that is kept in fewer bits"),
        ({"layers.0.W.scale": "int8"}, r"stored: layers\.0\.W\.scale is no array"),
    ],
)
def test_a_description_that_does_not_belong_to_the_arrays(tmp_path, stored, message):
    small()[0].save(tmp_path / "m", weights="int8")
    rewrite(tmp_path / "m", lambda d: d.update(stored=stored))
    with pytest.raises(lw.FormatError, match=message):
        lw.load(tmp_path / "m")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_bytes_that_change_are_found(tmp_path_factory, data):
    """Wherever a byte of the file changes, it is refused, or the network is the same."""
    path = tmp_path_factory.getbasetemp() / "int8"
    if not path.exists():
        small()[0].save(path, weights="int8")
    raw, theta = bytearray(path.read_bytes()), lw.load(path).theta
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    other = path.with_name("int8-changed")
    other.write_bytes(raw)
    try:
        found = lw.load(other)
    except lw.FormatError:
        return
    np.testing.assert_array_equal(found.theta, theta)


def test_info_counts_no_scale_as_a_parameter(tmp_path):
    typer_testing = pytest.importorskip("typer.testing")
    from layerwise.app.cli.app import app

    net, _ = small()
    net.save(tmp_path / "m", weights="int8")
    shown = typer_testing.CliRunner().invoke(app, ["info", str(tmp_path / "m")]).stdout
    assert f"in all       {net.theta.size:,} parameters, float32, weights kept as int8" in shown
