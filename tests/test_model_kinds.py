"""What model files hold beside a network's weights; their schema; files of every version."""

import json
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw
from layerwise import files as storage
from layerwise.parts import schedules
from model_files import parts, rewrite

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("network-*.safetensors"))


def test_there_is_a_file_of_every_version():
    assert [path.stem for path in FIXTURES] == [f"network-{n}" for n in range(1, storage.FORMAT_VERSION + 1)]


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_old_files_keep_loading(path):
    """They were written by the version that wrote such files; the numbers beside them are what it predicted."""
    net, known = lw.load(path), np.load(path.with_suffix(".npz"))
    np.testing.assert_array_equal(net.theta, known["theta"])
    np.testing.assert_allclose(net.outputs(known["X"]), known["outputs"], rtol=1e-5, atol=1e-7)
    assert repr(net.layers) == "(Dense(5, weights=HeNormal()), BatchNorm(), ReLU(), Dropout(0.25), Dense(3), Softmax())"
    assert (net.steps, net.optimizer.iterations, net.notes["data"]) == (12, 12, "made")
    assert repr(net.penalties) == "(L2(0.001),)"
    twin = net.copy()
    for each in (net, twin):
        each.fit(known["X"], known["y"], epochs=1, batch_size=16, verbose=False)
    np.testing.assert_array_equal(net.theta, twin.theta)


@pytest.fixture(scope="module")
def schema():
    jsonschema = pytest.importorskip("jsonschema")
    path = Path(storage.__file__).parent / f"model-{storage.FORMAT_VERSION}.schema.json"
    schema = json.loads(path.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def estimators():
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 4))
    words = np.array(["yes", "no", "may be"])[rng.integers(0, 3, 60)]
    yield lw.MLPClassifier((5,), max_iter=300, tol=1).fit(X, words), X
    yield lw.MLPClassifier((5,), max_iter=300, tol=1, early_stopping=True, random_state=0).fit(X, X[:, 0] > 0), X
    yield lw.MLPClassifier((5,), max_iter=300, tol=1, class_weight={0: 1.0, 1: 3.0}).fit(X, (X[:, 0] > 0) + 0), X
    yield lw.MLPClassifier((5,), max_iter=300, tol=1).fit(X, (X[:, :3] > 0).astype(int)), X
    yield lw.MLPRegressor(hidden_layer_sizes=(5,), max_iter=300, tol=1, solver="lbfgs").fit(X, X[:, :2]), X
    yield (
        lw.MLPRegressor(hidden_layer_sizes=(5,), max_iter=5, tol=9, schedule="one_cycle", scaling="standard").fit(
            X, X[:, 0]
        ),
        X,
    )
    yield (
        lw.MLPClassifier(layers=[lw.Dense(4), lw.SELU()], max_iter=300, tol=1, ema=0.9, dtype="float32").fit(X, words),
        X,
    )
    table = np.array([[a, b] for a, b in zip(X[:, 0], words)], dtype=object)
    yield lw.MLPRegressor(preset="tabular", max_iter=3).fit(table, X[:, 1]), table


@pytest.mark.filterwarnings("ignore:.*hasn't converged")
def test_estimators_come_back(tmp_path, schema):
    for estimator, X in estimators():
        path = tmp_path / "m"
        estimator.save(path)
        schema.validate(json.loads(parts(path)[0]))
        for twin in (lw.load(path), pickle.loads(pickle.dumps(estimator))):
            assert type(twin) is type(estimator)
            assert repr(twin) == repr(estimator)
            np.testing.assert_array_equal(twin.predict(X), estimator.predict(X))
            assert twin.predict(X).dtype == estimator.predict(X).dtype
            if hasattr(estimator, "predict_proba"):
                np.testing.assert_array_equal(twin.predict_proba(X), estimator.predict_proba(X))
            for name in ("loss_curve_", "n_iter_", "t_", "best_loss_", "validation_scores_", "out_activation_"):
                assert getattr(twin, name) == getattr(estimator, name)
            apart = {"history_", "_optimizer_config", "_optimizer_left_out", "_settled"}  # for a fit that goes on
            assert vars(twin).keys() - apart == vars(estimator).keys() - apart


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_an_estimator_whose_loss_is_a_function_is_saved_by_its_formula(kind, tmp_path):
    base = pytest.importorskip("sklearn.base")
    X, y = np.random.default_rng(0).random((50, 3)), np.arange(50) % 2

    def squared(y, t):
        return (y - t) ** 2

    one = getattr(lw, kind)(
        hidden_layer_sizes=(5,), loss=squared, random_state=0, max_iter=3, tol=0, n_iter_no_change=5
    )
    assert one.get_params()["loss"] is base.clone(one).loss is squared
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # three epochs do not converge
        one.fit(X, y).save(tmp_path / "m")
        twin = lw.load(tmp_path / "m")
        assert one.loss is squared
        assert twin.loss.formulas() == lw.Loss(squared).formulas()
        np.testing.assert_array_equal(twin.predict(X), one.predict(X))
        np.testing.assert_array_equal(twin.fit(X, y).predict(X), one.predict(X))


def test_an_estimator_goes_on_from_its_file(tmp_path):
    pytest.importorskip("sklearn")
    X, y = np.random.default_rng(0).random((50, 3)), np.arange(50) % 2
    one = lw.MLPClassifier((5,), random_state=0)
    for _ in range(3):
        one.partial_fit(X, y, classes=[0, 1])
    one.save(tmp_path / "m", optimizer=True)
    other = lw.load(tmp_path / "m")
    for each in (one, other):
        each.partial_fit(X, y)
    np.testing.assert_array_equal(one.network_.theta, other.network_.theta)


def test_a_parameter_that_no_file_holds_is_named(tmp_path):
    pytest.importorskip("sklearn")
    X, y = np.random.default_rng(0).random((50, 3)), np.arange(50) % 2
    estimator = lw.MLPClassifier((5,), max_iter=200, tol=1, early_stopping=True, scoring=lambda e, X, y: 0.5).fit(X, y)
    with pytest.raises(lw.FormatError, match=r"parameter of MLPClassifier 'scoring' cannot be written.*pickle can"):
        estimator.save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_an_ensemble_comes_back(spiral, tmp_path, schema):
    ensemble = lw.Ensemble([lw.Dense(8), lw.Tanh(), lw.Dense(3), lw.Softmax()], 3, random_state=0)
    ensemble.fit(*spiral, epochs=2, verbose=False)
    ensemble.save(tmp_path / "m")
    schema.validate(json.loads(parts(tmp_path / "m")[0]))
    loaded = lw.load(tmp_path / "m")
    assert repr(loaded) == repr(ensemble)
    np.testing.assert_array_equal(loaded.predict_proba(spiral[0]), ensemble.predict_proba(spiral[0]))


def test_history_columns_frozen_layers_and_how_it_was_trained(spiral, tmp_path, schema):
    net = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0).freeze(2)
    net.columns = [{"name": "x", "kind": "number"}, {"name": "y", "kind": "number"}]
    X, y = spiral
    net.fit(X, y, epochs=3, validation_data=(X, y), metrics=["r2_score"], verbose=False,
            schedule=schedules.Cosine(warm_up=1), callbacks=lw.Checkpoint(tmp_path / "c", 4, keep=1))  # fmt: skip
    for path in (tmp_path / "m", tmp_path / "c"):
        if path.name == "m":
            net.save(path)
        schema.validate(json.loads(parts(path)[0]))
        loaded = lw.load(path)
        assert loaded.history.to_dict() == net.history.to_dict()
        assert loaded.frozen == {2}
        assert loaded.columns == net.columns
        assert repr(loaded.last_fit) == repr(net.last_fit)
    assert net.last_fit["metrics"] == ["r2_score"]
    assert loaded.history.stopped_by in ("epochs", "")
    assert not any(name.startswith("optimizer.") for name in parts(tmp_path / "m")[1])


def test_the_state_of_an_optimizer_is_kept_on_request(spiral, tmp_path):
    net = lw.Network([lw.Dense(60), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(*spiral, epochs=2, verbose=False)
    net.save(tmp_path / "plain")
    net.save(tmp_path / "with", optimizer=True)
    sizes = [(tmp_path / name).stat().st_size for name in ("plain", "with")]
    assert sizes[1] - sizes[0] >= 2 * net.theta.nbytes
    assert lw.load(tmp_path / "plain").optimizer.iterations == 0
    assert lw.load(tmp_path / "with").optimizer.iterations == net.optimizer.iterations


def test_the_schema_refuses_what_is_no_model(schema):
    assert not schema.is_valid({})
    assert not schema.is_valid({"format_version": 3, "library": "1", "kind": "oracle"})


@pytest.mark.parametrize("kept", ["float16", "int8"])
def test_weights_in_fewer_bits_are_read(kept, tmp_path):
    """As later versions may write them: float16 as it is, int8 times a factor a column."""
    net = lw.Network([lw.Dense(4), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0).build(5)
    net.save(tmp_path / "m")
    scales, expected = {}, []

    def shorten(arrays):
        for name in ("layers.0.W", "layers.2.W"):
            W = arrays[name]
            scales[name] = (np.abs(W).max(axis=0) / 127).astype(np.float32)
            arrays[name] = W.astype(np.float16) if kept == "float16" else np.rint(W / scales[name]).astype(np.int8)
            expected.append(arrays[name].astype(np.float32) * (scales[name] if kept == "int8" else np.float32(1)))
            if kept == "int8":
                arrays[f"{name}.scale"] = scales[name]

    rewrite(tmp_path / "m", lambda d: d.update(stored={"layers.0.W": kept, "layers.2.W": kept}, run="3f"), shorten)
    found = lw.load(tmp_path / "m")
    for W, should_be, was in zip(found.get_parameters()[::2], expected, net.get_parameters()[::2], strict=True):
        np.testing.assert_array_equal(W, should_be)
        np.testing.assert_allclose(W, was, atol=0.01)
