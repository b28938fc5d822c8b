"""Where yes begins: one number, which all that answers yes or no follows."""

import json
import pickle

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import FixedThresholdClassifier
from typer.testing import CliRunner

import layerwise as lw
from layerwise.app.cli.app import app
from layerwise.engine import native_engine
from running_exports import needs_compiler, needs_node, run

ENGINES = ["numpy", *(["native"] if native_engine._native is not None else [])]
rng = np.random.default_rng(0)
X = rng.standard_normal((60, 3)).astype(np.float32)
Y = (X + rng.standard_normal((60, 3)) > 0.5).astype(int)


def trained(y, n_out, epochs=3, **options):
    net = lw.Network([lw.Dense(5), lw.Tanh(), lw.Dense(n_out), lw.Sigmoid()], random_state=0)
    options = {
        "loss": lw.BinaryCrossEntropy(),
        "optimizer": lw.Adam(0.05),
        "epochs": epochs,
        "verbose": False,
        **options,
    }
    return net, net.fit(X, y, **options)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.7])
def test_an_output_above_it_is_a_yes(threshold):
    one, _ = trained(Y[:, 0], 1)
    several, _ = trained(Y, 3)
    named, _ = trained(np.array(["no", "yes"])[Y[:, 0]], 1)
    for net in (one, several, named):
        assert net.threshold == 0.5
        given = net.predict(X, threshold=threshold)
        net.threshold = threshold
        np.testing.assert_array_equal(net.predict(X), given)
    np.testing.assert_array_equal(one.predict(X), one.predict_proba(X)[:, 1] > threshold)
    np.testing.assert_array_equal(several.predict(X), several.predict_proba(X) > threshold)
    np.testing.assert_array_equal(named.predict(X) == "yes", named.predict_proba(X)[:, 1] > threshold)


@pytest.mark.parametrize("n_out", [1, 3])
@pytest.mark.parametrize("engine", ENGINES)
def test_accuracy_follows_it_and_targets_do_not(engine, n_out):
    y = Y[:, 0] if n_out == 1 else Y
    for smoothing in (0.0, 0.3):
        net, _ = trained(y, n_out, loss=lw.BinaryCrossEntropy(label_smoothing=smoothing))
        net.threshold = 0.9  # above smoothed targets
        history = net.fit(X, y, epochs=1, validation_data=(X, y), metrics="accuracy", engine=engine, verbose=False)
        assert net.threshold == 0.9  # a further fit keeps it
        assert history["val_accuracy"][-1] == pytest.approx(np.mean(net.predict(X) == y), rel=1e-6)
        assert net.evaluate(X, y)["accuracy"] == pytest.approx(np.mean(net.predict(X) == y), rel=1e-6)
        assert net.evaluate(X, y)["accuracy"] != pytest.approx(np.mean(net.predict(X, threshold=0.5) == y), rel=1e-6)


@pytest.mark.parametrize("n_out", [1, 3])
def test_an_ensemble_is_asked_with_one(n_out):
    ensemble = lw.Ensemble([lw.Dense(n_out), lw.Sigmoid()], size=2, random_state=0)
    y = Y[:, 0] if n_out == 1 else Y
    ensemble.fit(X, y, loss=lw.BinaryCrossEntropy(), epochs=3, verbose=False)
    outputs = ensemble.outputs(X)[:, 0] if n_out == 1 else ensemble.outputs(X)
    for threshold in (0.2, 0.7):
        np.testing.assert_array_equal(ensemble.predict(X, threshold=threshold), outputs > threshold)
    np.testing.assert_array_equal(ensemble.predict(X), outputs > 0.5)
    with pytest.raises(ValueError, match="threshold must be below 1"):
        ensemble.predict(X, threshold=1.5)


def test_an_ensemble_of_numbers_has_none():
    ensemble = lw.Ensemble([lw.Dense(1)], size=1, random_state=0)
    ensemble.fit(X, X[:, 0], epochs=1, verbose=False)
    with pytest.raises(lw.DataError, match="the network answers numbers"):
        ensemble.predict(X, threshold=0.4)
    with pytest.raises(lw.ShapeError, match="X has 60 rows and y 9"):
        ensemble.evaluate(X, X[:9, 0])


def test_it_is_part_of_the_network(tmp_path):
    net, _ = trained(Y[:, 0], 1)
    net.threshold = 0.3
    net.save(tmp_path / "net.safetensors")
    for other in (lw.load(tmp_path / "net.safetensors"), net.copy(), pickle.loads(pickle.dumps(net))):
        assert other.threshold == 0.3
        np.testing.assert_array_equal(other.predict(X), net.predict(X))


@pytest.mark.parametrize(
    "target", ["python", "numpy", pytest.param("c", marks=needs_compiler), pytest.param("javascript", marks=needs_node)]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_exports_follow_it(target, dtype, tmp_path):
    nets = []
    for y, n_out in ((Y[:, 0], 1), (np.array(["no", "yes"])[Y[:, 0]], 1), (Y, 3)):
        net = lw.Network([lw.Dense(5), lw.Tanh(), lw.Dense(n_out), lw.Sigmoid()], random_state=0, dtype=dtype)
        net.fit(X, y, loss=lw.BinaryCrossEntropy(), optimizer=lw.Adam(0.05), epochs=3, verbose=False)
        net.threshold = 0.3
        nets.append(net)
    for net, found in zip(nets, run(target, nets, [X] * 3, tmp_path), strict=True):
        np.testing.assert_array_equal(np.array(found.predict), net.predict(X))
        assert (net.predict(X) != net.predict(X, threshold=0.5)).any()


def test_onnx_follows_it(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    for y, n_out in ((Y[:, 0], 1), (Y, 3)):
        net, _ = trained(y, n_out)
        net.threshold = 0.3
        lw.export(net, tmp_path / "net.onnx", force=True)
        session = runtime.InferenceSession(tmp_path / "net.onnx")
        (label,) = session.run(["label"], {session.get_inputs()[0].name: X})
        np.testing.assert_array_equal(label, net.predict(X))


def test_no_answer_where_the_one_given_is_unsure():
    net, _ = trained(Y[:, 0], 1)
    net.threshold = 0.3
    p, given = net.predict_proba(X), net.predict(X, min_confidence=0.6)
    np.testing.assert_array_equal(given.mask, p[np.arange(60), net.predict(X)] < 0.6)
    several, _ = trained(Y, 3)
    p, given = several.predict_proba(X), several.predict(X, threshold=0.3, min_confidence=0.6)
    np.testing.assert_array_equal(given.mask, np.where(p > 0.3, p, 1 - p) < 0.6)


def test_calibration_keeps_the_answers():
    net, _ = trained(Y[:, 0], 1, epochs=60)
    net.threshold = 0.25
    before = net.predict(X)
    assert lw.calibrate(net, X, Y[:, 0]).temperature != pytest.approx(1, abs=1e-3)
    np.testing.assert_array_equal(net.predict(X), before)
    assert net.threshold != 0.25


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimators_follow_it():
    for y in (Y[:, 0], Y):
        clf = lw.MLPClassifier((4,), max_iter=5, random_state=0).fit(X, y)
        clf.network_.threshold = 0.3
        if y.ndim == 1:
            fixed = FixedThresholdClassifier(lw.MLPClassifier((4,), max_iter=5, random_state=0), threshold=0.3)
            np.testing.assert_array_equal(clf.predict(X), fixed.fit(X, y).predict(X))
        else:
            np.testing.assert_array_equal(clf.predict(X), clf.predict_proba(X) > 0.3)


def test_the_command_follows_it(tmp_path):
    net, _ = trained(np.array(["no", "yes"])[Y[:, 0]], 1)
    net.threshold = 0.3
    net.save(tmp_path / "net.safetensors")
    np.savetxt(tmp_path / "rows.csv", X, delimiter=",", header="a,b,c", comments="")
    arguments = ["predict", str(tmp_path / "rows.csv"), "-m", str(tmp_path / "net.safetensors"), "--json"]
    for options, threshold in (([], 0.3), (["--threshold", "0.6"], 0.6)):
        result = CliRunner().invoke(app, [*arguments, *options])
        rows = json.loads(result.stdout)
        assert [row["answer"] for row in rows] == net.predict(X, threshold=threshold).tolist()
        shares = net.predict_proba(X)
        expected = [share[int(row["answer"] == "yes")] for row, share in zip(rows, shares, strict=True)]
        np.testing.assert_allclose([row["confidence"] for row in rows], expected, rtol=1e-6)
    assert "yes above 0.3" in CliRunner().invoke(app, ["info", str(tmp_path / "net.safetensors")]).output


def test_pictures_follow_it():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    net = lw.Network([lw.Dense(1, weights=[[1.0], [0.0]]), lw.Sigmoid()], random_state=0)
    points, y = X[:, :2], (X[:, 0] > -0.8).astype(int)
    net.fit(points, y, loss=lw.BinaryCrossEntropy(), optimizer=lw.SGD(1e-9), epochs=1, verbose=False)
    net.threshold = 0.31  # sigmoid(-0.8)
    assert "100.0%" in lw.plots.decision_regions(net, points, y, Figure().subplots()).get_title()


def test_what_has_none():
    fresh = lw.Network([lw.Dense(1), lw.Sigmoid()])
    with pytest.raises(lw.NotBuiltError, match="call fit"):
        fresh.threshold = 0.3
    classes, _ = trained(Y[:, 0], 2, loss=lw.MeanSquaredError())
    with pytest.raises(lw.DataError, match=r"answers one of 2 classes, .*predict\(X, threshold=\)"):
        classes.threshold = 0.3
    numbers = lw.Network([lw.Dense(1)], random_state=0)
    numbers.fit(X, X[:, 0], epochs=1, verbose=False)
    with pytest.raises(lw.DataError, match="answers numbers"):
        numbers.predict(X, threshold=0.3)
    net, _ = trained(Y[:, 0], 1)
    for wrong in (0, 1, -1, 1.5, np.nan, "x"):
        with pytest.raises((ValueError, TypeError), match="threshold must be"):
            net.threshold = wrong
    assert net.threshold == 0.5


def test_an_ensemble_has_one_for_all_its_networks():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    ensemble = lw.Ensemble([lw.Dense(4), lw.ReLU(), lw.Dense(1), lw.Sigmoid()], size=2, random_state=0)
    ensemble.fit(X, X[:, 0] > 1, epochs=2, verbose=False)
    ensemble.threshold = 0.05
    assert [network.threshold for network in ensemble.networks] == [ensemble.threshold] * 2 == [0.05] * 2
    np.testing.assert_array_equal(ensemble.predict(X), ensemble.outputs(X)[:, 0] > 0.05)
    with pytest.raises(ValueError, match="threshold"):
        ensemble.threshold = 2.0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("ending", [lw.Softmax(), lw.Sigmoid()])
@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
def test_of_two_classes_with_an_output_each(engine, ending, threshold):
    net = lw.Network([lw.Dense(2), ending], random_state=0)
    net.fit(X, np.array(["no", "yes"])[Y[:, 0]], epochs=3, engine=engine, verbose=False)
    second = net.predict_proba(X)[:, 1]
    answers = net.predict(X, threshold=threshold)
    np.testing.assert_array_equal(answers == "yes", second > threshold)
    sure = net.predict(X, threshold=threshold, min_confidence=0.6)
    np.testing.assert_array_equal(sure.mask, np.where(second > threshold, second, 1 - second) < 0.6)


def test_of_two_classes_an_ensemble_takes_it():
    ensemble = lw.Ensemble([lw.Dense(2), lw.Softmax()], size=2, random_state=0)
    ensemble.fit(X, Y[:, 0], epochs=3, verbose=False)
    np.testing.assert_array_equal(ensemble.predict(X, threshold=0.3), ensemble.predict_proba(X)[:, 1] > 0.3)
    with pytest.raises(lw.DataError, match="answers one of 2 classes"):
        ensemble.threshold = 0.3


@pytest.mark.parametrize("threshold", [0.01, 0.99])
def test_the_command_takes_it_for_what_train_makes_of_two_classes(tmp_path, monkeypatch, threshold):
    monkeypatch.chdir(tmp_path)
    rows = [f"{a},{b},{'yes' if y else 'no'}" for (a, b, _), y in zip(X.tolist(), Y[:, 0], strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,y", *rows]))
    assert CliRunner().invoke(app, ["train", "t.csv", "-e", "2", "--layers", "64,64", "--no-plot"]).exit_code == 0
    words = ["predict", "t.csv", "--model", "t.safetensors", "--threshold", str(threshold), "--json"]
    found = json.loads(CliRunner().invoke(app, words).stdout)
    net = lw.load("t.safetensors")
    expected = net.predict(X[:, :2].astype(float), threshold=threshold)
    assert [row["answer"] for row in found] == expected.tolist()
    assert len(set(expected)) == 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("y", [Y[:, 0], Y], ids=["two classes", "several labels"])
def test_estimators_take_it_after_fit(y, tmp_path):
    clf = lw.MLPClassifier((4,), max_iter=5, random_state=0)
    with pytest.raises(NotFittedError):
        clf.threshold = 0.3
    clf.fit(X, y)
    assert clf.threshold == 0.5
    clf.threshold = 0.3
    p = clf.predict_proba(X)
    expected = p > 0.3 if y.ndim == 2 else p[:, 1] > 0.3
    clf.save(tmp_path / "clf")
    for other in (clf, lw.load(tmp_path / "clf"), pickle.loads(pickle.dumps(clf))):
        np.testing.assert_array_equal(other.predict(X), expected)
        assert other.threshold == 0.3
    assert (clf.predict(X) != (p > 0.5 if y.ndim == 2 else p[:, 1] > 0.5)).any()
    with pytest.raises(ValueError, match="threshold"):
        clf.threshold = 3
    with pytest.raises(ValueError, match="Invalid parameter 'threshold'"):
        clf.set_params(threshold=0.3)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimators_without_yes_or_no_refuse_it():
    for estimator, y, message in (
        (lw.MLPClassifier(max_iter=1), np.arange(60) % 3, "an output for each of 3 classes"),
        (lw.MLPClassifier(max_iter=1, preset="tabular"), Y[:, 0], "an output for each of 2 classes"),
        (lw.MLPRegressor(max_iter=1), X[:, 0], "answers numbers"),
    ):
        estimator.fit(X, y)
        with pytest.raises(ValueError, match=message):
            estimator.threshold = 0.3
