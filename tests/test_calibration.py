"""Temperature scaling: the best temperature, found and folded into the last dense layer, changes no answer."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.parts.metrics import coverage_curve, expected_calibration_error


def as_sure_as(temperature, n=4000, classes=3, seed=0, ending=None):
    """A network whose scores are those that drew y, divided by `temperature`; and X, y."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    width = classes if classes > 2 else 1
    W, b = rng.normal(size=(2, width)) * 2, rng.normal(size=width)
    z = X @ W + b
    if classes > 2:
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        y = (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1)
    else:
        y = (rng.random(n) < 1 / (1 + np.exp(-z[:, 0]))).astype(int)
    net = lw.Network([lw.Dense(width), ending or (lw.Softmax() if classes > 2 else lw.Sigmoid())], dtype="float64")
    net.fit(X, y, epochs=1, verbose=False)
    net.set_parameters([W / temperature, b / temperature])
    return net, X, y


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_temperature_that_the_scores_were_divided_by_is_found(temperature, classes):
    net, X, y = as_sure_as(temperature, classes=classes)
    before, answers = net.predict_proba(X), net.predict(X)
    found = lw.calibrate(net, X, y)
    assert found.temperature == pytest.approx(1 / temperature, rel=0.1)  # what is left is the draw of 4,000 samples
    np.testing.assert_array_equal(net.predict(X), answers)
    after = net.predict_proba(X)
    assert found.error_before == pytest.approx(expected_calibration_error(y, before))
    assert found.error_after == pytest.approx(expected_calibration_error(y, after))
    assert found.error_after < 0.03
    assert found.loss_after == pytest.approx(-np.log(after[np.arange(len(y)), y]).mean())
    assert found.loss_after <= found.loss_before + 1e-9


def test_it_is_the_least_loss_beside_scipy():
    optimize = pytest.importorskip("scipy.optimize")
    net, X, y = as_sure_as(3.0)
    z = net.activations(X)[0]

    def loss(temperature):
        scaled = z / temperature
        return np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(y)), y])

    expected = optimize.minimize_scalar(loss, bounds=(0.01, 100), method="bounded", options={"xatol": 1e-9}).x
    assert lw.calibrate(net, X, y).temperature == pytest.approx(expected, rel=1e-5)


def test_twice_is_once(tmp_path):
    net, X, y = as_sure_as(0.4)
    lw.calibrate(net, X, y)
    net.save(tmp_path / "m")
    again = lw.load(tmp_path / "m")
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
    assert lw.calibrate(again, X, y).temperature == pytest.approx(1, abs=1e-6)


def test_every_export_is_calibrated(tmp_path, monkeypatch):
    net, X, y = as_sure_as(0.4, n=500)
    lw.calibrate(net, X, y)
    lw.export(net, tmp_path / "calibrated_model.py", "python")
    monkeypatch.syspath_prepend(tmp_path)
    import calibrated_model

    np.testing.assert_allclose(calibrated_model.probabilities(X[0].tolist()), net.predict_proba(X[:1])[0], rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_training_script_comes_to_calibrated_weights(tmp_path, dtype):
    """To the same bits, also of a network that was calibrated twice, and from its file."""
    X, y = lw.datasets.make_spiral()
    layers = [lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Identity(), lw.Dropout(0.1), lw.Softmax()]
    net = lw.Network(layers, random_state=0, dtype=dtype)
    net.fit(X, y, epochs=20, optimizer=lw.Adam(0.05), engine="numpy", verbose=False)
    plain = net.copy()
    lw.calibrate(net, X[::2], y[::2])
    lw.calibrate(net, X, y)
    net.save(tmp_path / "m")
    program = {"__name__": "script"}
    lw.export(lw.load(tmp_path / "m"), tmp_path / "train.py", to="training-script")
    exec((tmp_path / "train.py").read_text(), program)
    _, layers = program["train"](X, y)
    theta = np.concatenate([array.ravel() for layer in layers for array in layer.parameters])
    assert theta.tobytes() == net.theta.tobytes()
    assert theta.tobytes() != plain.theta.tobytes()
    net.fit(X, y, epochs=1, verbose=False)  # goes on from them, and is another fit
    with pytest.raises(lw.ExportError, match="went on from step"):
        lw.export(net, tmp_path / "train.py", to="training-script", force=True)


def test_several_yes_no_answers_and_a_sigmoid_a_class():
    net, X, y = as_sure_as(1.0, ending=lw.Sigmoid())
    found = lw.calibrate(net, X, y)
    p = net.predict_proba(X)
    assert found.loss_after == pytest.approx(-np.log(p[np.arange(len(y)), y]).mean())
    several = lw.Network([lw.Dense(2), lw.Sigmoid()], random_state=0, dtype="float64")
    t = np.random.default_rng(1).random((4000, 2)) < 1 / (1 + np.exp(-2 * X))
    several.fit(X, t.astype(float), epochs=1, verbose=False)
    several.set_parameters([np.eye(2) * 10, np.zeros(2)])
    found = lw.calibrate(several, X, t.astype(float))
    assert found.temperature == pytest.approx(5, rel=0.1)
    assert np.isnan(found.error_after)


def test_an_identity_between_the_two_and_dropout_are_no_hindrance():
    net, X, y = as_sure_as(3.0)
    other = lw.Network([lw.Dense(3), lw.Identity(), lw.Dropout(0.2), lw.Softmax()], dtype="float64")
    other.fit(X, y, epochs=1, verbose=False)
    other.set_parameters(net.get_parameters())
    assert lw.calibrate(other, X, y).temperature == pytest.approx(lw.calibrate(net, X, y).temperature)
    np.testing.assert_allclose(other.predict_proba(X), net.predict_proba(X))


@pytest.mark.parametrize("sure", [2.0, 30.0, 500.0])
def test_answers_that_are_all_right_and_far_from_wrong_fit_no_temperature(sure):
    """The loss comes to 0, in floating point, long before the largest temperature that is tried."""
    X = np.repeat(np.eye(3), 20, axis=0) * sure
    y = np.repeat([0, 1, 2], 20)
    net = lw.Network([lw.Dense(3), lw.Softmax()], dtype="float64")
    net.fit(X, y, epochs=1, verbose=False)
    net.set_parameters([np.eye(3), np.zeros(3)])
    before = net.theta.copy()
    with pytest.raises(lw.DataError, match="all answers on these rows are right"):
        lw.calibrate(net, X, y)
    np.testing.assert_array_equal(net.theta, before)


def test_what_cannot_be_calibrated_says_why():
    X, y = lw.datasets.make_vertical(samples=30)
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    with pytest.raises(lw.DataError, match="trained on classes"):
        lw.calibrate(net, X, y)
    net.fit(X, y, epochs=300, optimizer=lw.Adam(0.1), verbose=False)
    right = net.predict(X) == y
    before = net.theta.copy()
    with pytest.raises(lw.DataError, match="all answers on these rows are right"):
        lw.calibrate(net, X[right], y[right])
    with pytest.raises(lw.DataError, match="is it y of this X"):
        lw.calibrate(net, X, (net.predict(X) + 1) % 3)
    np.testing.assert_array_equal(net.theta, before)
    for last in ([lw.Dense(3), lw.LayerNorm(), lw.Softmax()], [lw.Dense(3)]):
        other = lw.Network(last, random_state=0)
        other.fit(X, y, loss="categorical_cross_entropy" if len(last) > 1 else "quadratic_cost", verbose=False)
        with pytest.raises(lw.DataError, match="must end with Dense and Softmax"):
            lw.calibrate(other, X, y)


def test_coverage_is_counted_as_by_hand():
    p = np.array([[0.6, 0.4], [0.1, 0.9], [0.8, 0.2], [0.45, 0.55]])
    coverage, accuracy, confidence = coverage_curve(
        [1, 1, 0, 1], p
    )  # sorted: 0.9 right, 0.8 right, 0.6 wrong, 0.55 right
    np.testing.assert_allclose(coverage, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(accuracy, [1, 1, 2 / 3, 3 / 4])
    np.testing.assert_allclose(confidence, [0.9, 0.8, 0.6, 0.55])
    with pytest.raises(lw.ShapeError):
        coverage_curve([2, 1, 0, 1], p)
