"""The model file: everything comes back, nothing is run, nothing is half-written, bad files are refused."""

import os

import numpy as np
import pytest

import layerwise as lw
from layerwise.parts.layers import LAYERS
from layerwise.parts.losses import LOSSES
from layerwise.parts.optimizers import OPTIMIZERS
from model_files import rewrite

ARGUMENTS = {lw.Dense: (4,), lw.Dropout: (0.25,), lw.PiecewiseLinear: ([[-1, 0.5, 2], [], [-0.5, 0.5]],)}


@pytest.fixture
def trained(spiral):
    net = lw.Network([lw.Dense(8), lw.Dropout(0.1), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=5)
    net.fit(*spiral, epochs=2, verbose=False)
    return net


def test_a_loaded_network_is_the_same_and_goes_on_the_same(trained, spiral, tmp_path):
    path = tmp_path / "model.safetensors"
    trained.save(path, optimizer=True)
    loaded = lw.load(path)
    assert repr(loaded) == repr(trained)
    np.testing.assert_array_equal(loaded.theta, trained.theta)
    np.testing.assert_array_equal(loaded.predict_proba(spiral[0]), trained.predict_proba(spiral[0]))
    assert loaded.evaluate(*spiral) == trained.evaluate(*spiral)
    for net in (loaded, trained):  # optimizer state, step count, shuffling and dropout all continue
        net.fit(*spiral, epochs=2, verbose=False)
    np.testing.assert_array_equal(loaded.theta, trained.theta)


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_every_layer_comes_back(kind, tmp_path, rng):
    net = lw.Network([lw.Dense(4), kind(*ARGUMENTS.get(kind, ()))], random_state=0).build(3)
    net.save(tmp_path / "m")
    X = rng.standard_normal((5, 3))
    np.testing.assert_array_equal(lw.load(tmp_path / "m").forward(X), net.forward(X))


@pytest.mark.parametrize("kind", [*LOSSES, *OPTIMIZERS], ids=lambda kind: kind.__name__)
def test_every_loss_and_optimizer_comes_back(kind, tmp_path, rng):
    X, y = rng.random((30, 3)), rng.integers(0, 2, (30, 4))
    arguments = {"loss": kind()} if kind in LOSSES else {"optimizer": kind(0.01)}
    if kind is lw.CategoricalCrossEntropy:
        y = y.argmax(axis=1)
    net = lw.Network([lw.Dense(4), lw.Softmax() if kind is lw.CategoricalCrossEntropy else lw.Sigmoid()])
    net.fit(X, y, epochs=2, penalty=[lw.L1(1e-3), lw.L2(1e-3, 1e-4)], verbose=False, **arguments)
    net.save(tmp_path / "m")
    loaded = lw.load(tmp_path / "m")
    assert repr(loaded.loss) == repr(net.loss)
    assert repr(loaded.optimizer) == repr(net.optimizer)
    assert repr(loaded.penalties) == repr(net.penalties)
    assert loaded.evaluate(X, y) == net.evaluate(X, y)


@pytest.mark.parametrize("scaling", ["standard", "min_max", lw.RangeScaler(-5, 5, -1, 1)])
def test_scaling_and_class_names_travel(scaling, tmp_path, rng):
    X = rng.standard_normal((40, 3)) * [1, 100, 0.01] + [0, 1e4, 5]
    y = np.array(["left", "right"])[(X[:, 1] > 1e4).astype(int)]
    net = lw.Network([lw.Dense(2), lw.Softmax()], scaling=scaling, random_state=0, dtype="float64")
    net.fit(X, y, epochs=3, verbose=False)
    net.save(tmp_path / "m")
    loaded = lw.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict(X), net.predict(X))
    assert loaded.predict(X).dtype.kind == "U"
    np.testing.assert_array_equal(loaded.outputs(X), net.outputs(X))


def test_given_weights_come_back_as_trained(tmp_path):
    net = lw.Network([lw.Dense(2, weights=[[1.0, 2.0]], biases=[3.0, 4.0])])
    net.theta *= 2
    net.save(tmp_path / "m")
    assert lw.load(tmp_path / "m").get_parameters()[0].tolist() == [[2.0, 4.0]]


# ---------------------------------------------------------------- writing


def test_an_untrained_network_cannot_be_saved(classifier, tmp_path):
    with pytest.raises(lw.NotBuiltError):
        classifier.save(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "error", "message"),
    [("none/m", FileNotFoundError, "there is no directory"), ("", IsADirectoryError, "it is a directory")],
)
def test_places_that_cannot_be_written(trained, tmp_path, place, error, message):
    with pytest.raises(error, match=message):
        trained.save(tmp_path / place)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(trained, tmp_path, monkeypatch):
    path = tmp_path / "m"
    trained.save(path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        trained.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_usual_permissions(trained, tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    trained.save(tmp_path / "m")
    assert (tmp_path / "m").stat().st_mode == (tmp_path / "plain").stat().st_mode


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(format_version=4), "format version 4; this layerwise reads 1, 2, 3"),
        (lambda d: d.pop("format_version"), "format version None"),
        (lambda d: d["layers"][0].update(type="Dnse"), "'Dnse' is not known: did you mean 'Dense'"),
        (lambda d: d["layers"][0].update(type="os.system"), r"'os.system' is not known: .*custom=\[system\]"),
        (lambda d: d["layers"][0].update(type=3), r"layers\[0\]\.type must be text; got 3"),
        (lambda d: d["layers"][0].update(units=9), "layers.0.W has shape"),
        (lambda d: d["layers"][0].update(units=-1), "units must be a whole number"),
        (lambda d: d["layers"][0].update(colour="red"), "Dense cannot be made from"),
        (lambda d: d["layers"].pop(0), "there is no array|nobody asked for|has shape"),
        (lambda d: d.pop("layers"), "there is no field layers"),
        (lambda d: d.update(layers=5), "layers must be a list; got 5"),
        (lambda d: d.update(dtype="int8"), "dtype must be one of 'float32', 'float64'; got 'int8'"),
        (lambda d: d.update(n_in="two"), "n_in must be a whole number; got 'two'"),
        (lambda d: d.update(steps=-1), "steps must be at least 0; got -1"),
        (lambda d: d.update(loss={"type": "Dense", "units": 3}), "loss must be a Loss; got Dense"),
        (lambda d: d["task"].update(kind="oracle"), "task.kind must be one of .*; got 'oracle'"),
    ],
)
def test_descriptions_that_are_wrong(trained, tmp_path, change, message):
    path = tmp_path / "m"
    trained.save(path)
    rewrite(path, change)
    with pytest.raises(lw.FormatError, match=message) as caught:
        lw.load(path)
    assert str(path) in str(caught.value)


def test_weights_that_are_not_finite(trained, tmp_path):
    path = tmp_path / "m"
    trained.save(path)
    rewrite(path, change_arrays=lambda arrays: arrays["layers.0.W"].__setitem__((0, 3), np.nan))
    with pytest.raises(lw.FormatError, match=r"layers\.0\.W holds NaN or infinity"):
        lw.load(path)
    trained.theta[3] = np.inf
    with pytest.raises(lw.FormatError, match=r"layers\.0\.W holds NaN or infinity: .* is not saved"):
        trained.save(tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_notes_travel(trained, tmp_path):
    trained.notes = {"columns": ["length", "width"], "data": "flowers", "rows": np.int64(7)}
    trained.save(tmp_path / "m")
    assert lw.load(tmp_path / "m").notes == {"columns": ["length", "width"], "data": "flowers", "rows": 7}
    trained.notes = {"why": np.inf, 3: (1, 2), "type": {"a": np.array([True, False])}}
    trained.save(tmp_path / "m")
    notes = lw.load(tmp_path / "m").notes
    assert notes.keys() == trained.notes.keys()
    assert (notes["why"], notes[3], notes["type"]["a"].tolist()) == (np.inf, (1, 2), [True, False])
    trained.notes["how"] = print
    with pytest.raises(lw.FormatError, match="builtin_function_or_method cannot be written"):
        trained.save(tmp_path / "m")


def test_a_scaler_that_has_seen_nothing_yet(tmp_path):
    lw.Network([lw.Dense(2)], scaling="standard").build(3).save(tmp_path / "m")
    assert lw.load(tmp_path / "m").scaling.offset is None


def test_a_link_stays_a_link(trained, tmp_path):
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    trained.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert lw.load(tmp_path / "target").steps == trained.steps


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_what_is_no_regular_file_is_left_alone(trained, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileExistsError, match="not a regular file"):
        trained.save(tmp_path / "pipe")
    with pytest.raises(IsADirectoryError, match="it is a directory"):
        trained.save("")


def test_files_that_are_no_model(trained, tmp_path):
    path = tmp_path / "m"
    with pytest.raises(FileNotFoundError, match="there is no model file"):
        lw.load(path)
    for content in (b"", b"x", b"\x80\x04K\x01.", b"\xff" * 100, os.urandom(300)):
        path.write_bytes(content)
        with pytest.raises(lw.FormatError, match="not a whole safetensors file"):
            lw.load(path)
    from safetensors.numpy import save

    path.write_bytes(save({"W": np.zeros(3)}))
    with pytest.raises(lw.FormatError, match="not a model of layerwise"):
        lw.load(path)


def test_a_file_cut_anywhere_is_refused(trained, tmp_path):
    path = tmp_path / "m"
    trained.save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        with pytest.raises(lw.FormatError):
            lw.load(path)
