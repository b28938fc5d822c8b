"""What is measured at the end of an epoch: on training data, and by metrics that need probabilities."""

import functools

import numpy as np
import pytest
from sklearn import metrics as sk

import layerwise as lw
from layerwise.parts.metrics import expected_calibration_error


@pytest.fixture
def clouds(rng):
    """Three clouds that overlap, with labels of text."""
    y = np.arange(150) % 3
    return rng.normal(size=(150, 2)) + 1.5 * np.c_[y == 1, y == 2], np.array(["pear", "fig", "apple"])[y]


def network(n_out=3, end=None):
    layers = [lw.Dense(8), lw.ReLU(), lw.Dropout(0.3), lw.Dense(n_out), end or lw.Softmax()]
    return lw.Network(layers, random_state=0, dtype="float64")


def fit(net, X, y, **arguments):
    return net.fit(X, y, **{"epochs": 6, "verbose": False, **arguments})


class Weights(lw.Callback):
    def __init__(self):
        self.thetas = []

    def on_epoch_end(self, run):
        self.thetas.append(run.parameters.theta.copy())


# ---------------------------------------------------------------- the training data


@pytest.mark.parametrize("batch_size", [20, 150])
def test_train_columns_are_of_the_weights_at_the_epoch_s_end(clouds, engine, batch_size):
    X, y = clouds
    net, weights = network(), Weights()
    history = fit(net, X, y, engine=engine, batch_size=batch_size, train_metrics=True, callbacks=weights)
    for epoch, theta in enumerate(weights.thetas):
        net.theta = theta
        score = net.evaluate(X, y)
        assert history["train_loss"][epoch] == pytest.approx(score["loss"], rel=1e-12)
        assert history["train_accuracy"][epoch] == pytest.approx(score["accuracy"], rel=1e-12)
    assert history["train_loss"] != history["loss"]


@pytest.mark.parametrize("monitor", ["loss", "accuracy"])
@pytest.mark.parametrize("batch_size", [20, 150])
def test_the_best_weights_by_a_training_column_are_those_that_were_measured(clouds, engine, monitor, batch_size):
    """At a high rate the loss goes up and down: the mean over an epoch says little of the weights at its end."""
    X, y = clouds
    net, stopping = network(), lw.EarlyStopping(monitor, patience=30)
    history = fit(
        net, X, y, engine=engine, batch_size=batch_size, epochs=30, optimizer=lw.Adam(0.2), callbacks=stopping
    )
    best = {"loss": min, "accuracy": max}[monitor](history[f"train_{monitor}"])
    assert stopping.best == best
    assert history[f"train_{monitor}"][stopping.best_epoch - 1] == best
    assert net.evaluate(X, y)[monitor] == pytest.approx(best, rel=1e-12)


def test_patience_on_the_training_loss_and_a_checkpoint_of_the_best(clouds, tmp_path):
    X, y = clouds
    arguments = {"optimizer": lw.Adam(0.2), "epochs": 20, "patience": 20, "monitor": "loss"}
    net = network()
    history = fit(net, X, y, callbacks=lw.Checkpoint(tmp_path / "best", keep=1, monitor="loss"), **arguments)
    best = min(history["train_loss"])
    assert net.evaluate(X, y)["loss"] == pytest.approx(best, rel=1e-12)
    assert lw.load(tmp_path / "best").evaluate(X, y)["loss"] == pytest.approx(best, rel=1e-12)


def test_the_average_of_the_weights_is_what_is_measured(clouds, engine):
    X, y = clouds
    net, stopping = network(), lw.EarlyStopping("loss", patience=9)
    history = fit(net, X, y, engine=engine, ema=0.9, callbacks=stopping)
    assert net.evaluate(X, y)["loss"] == pytest.approx(min(history["train_loss"]), rel=1e-12)


def test_nothing_is_measured_twice_without_need(clouds):
    X, y = clouds
    history = fit(network(), X, y, validation_data=clouds, patience=3)
    assert not [name for name in history if name.startswith("train_")]


def test_metrics_without_validation_data_are_of_the_training_data(clouds, engine):
    X, y = clouds

    def share_of_pears(y_true, y_pred):
        return float(np.mean(y_pred == "pear"))

    net = network()
    history = fit(net, X, y, engine=engine, metrics=share_of_pears, class_weight="balanced")
    assert history["train_share_of_pears"][-1] == np.mean(net.predict(X) == "pear")
    both = fit(network(), X, y, metrics=share_of_pears, validation_data=(X[:30], y[:30]), train_metrics=True)
    assert {"train_share_of_pears", "val_share_of_pears"} <= set(both)


def test_sparse_and_distorted_training_data(rng, engine):
    sparse = pytest.importorskip("scipy.sparse")
    X, y = (rng.random((60, 9)) * (rng.random((60, 9)) > 0.7)), np.arange(60) % 3
    histories = [
        fit(network(), some, y, engine=engine, train_metrics=True)["train_loss"] for some in (X, sparse.csr_array(X))
    ]
    np.testing.assert_allclose(*histories, rtol=1e-9)
    pictures = rng.integers(0, 256, (60, 9), dtype=np.uint8)
    net = network()
    augmentation = lw.Augmentation(shape=(3, 3), shift=1)
    history = fit(net, pictures, y, engine=engine, train_metrics=True, augmentation=augmentation)
    assert history["train_loss"][-1] == pytest.approx(net.evaluate(pictures, y)["loss"], rel=1e-9)


def test_weights_are_part_of_the_measured_loss(clouds, engine):
    X, y = clouds
    net, w = network(), np.where(y == "fig", 5.0, 0.5)
    history = fit(net, X, y, engine=engine, train_metrics=True, sample_weight=w)
    assert history["train_loss"][-1] == pytest.approx(net.evaluate(X, y, sample_weight=w)["loss"], rel=1e-9)


@pytest.mark.parametrize("class_weight", [None, "some"])
def test_the_training_data_are_measured_as_held_out_ones_are(clouds, engine, class_weight):
    """Their columns are the same, where they are the same rows with the same weights."""
    X, y = clouds
    net, w = network(), np.where(y == "fig", 5.0, 0.5)
    class_weight = class_weight and dict.fromkeys(np.unique(y).tolist(), 1.0) | {"fig": 3.0}
    arguments = {
        "engine": engine,
        "sample_weight": w,
        "class_weight": class_weight,
        "metrics": sk.balanced_accuracy_score,
    }
    history = fit(net, X, y, validation_data=(X, y, w), train_metrics=True, **arguments)
    for name in ("loss", "accuracy", "balanced_accuracy_score"):
        np.testing.assert_allclose(history[f"train_{name}"], history[f"val_{name}"], rtol=1e-6, err_msg=name)
    expected = sk.accuracy_score(y, net.predict(X), sample_weight=w)
    assert history["train_accuracy"][-1] == pytest.approx(expected, rel=1e-6)
    assert expected != pytest.approx(sk.accuracy_score(y, net.predict(X)), rel=1e-3)
    alone = fit(network(), X, y, **arguments)  # without held-out data, the metrics are those of the training
    assert alone["train_balanced_accuracy_score"] == history["train_balanced_accuracy_score"]


def test_a_metric_that_takes_no_weights_is_refused_of_training_data_too(clouds):
    X, y = clouds
    net = network()

    def share_of_pears(y_true, y_pred):
        return float((y_pred == "pear").mean())

    with pytest.raises(lw.DataError, match="share_of_pears"):
        fit(net, X, y, metrics=share_of_pears, sample_weight=np.linspace(1, 2, len(y)))
    assert net.history is None


# ---------------------------------------------------------------- metrics that need probabilities

ovr = functools.partial(sk.roc_auc_score, multi_class="ovr")


@pytest.mark.parametrize("metric", [sk.log_loss, ovr, sk.top_k_accuracy_score], ids=["log_loss", "ovr", "top_k"])
def test_of_several_classes(clouds, metric, engine):
    """scikit-learn's own number, from predict_proba with the columns of sorted labels."""
    X, y = clouds
    net = network()
    history = fit(net, X, y, engine=engine, metrics=metric)
    name = next(name for name in history if name.startswith("train_") and name not in FIXED)
    expected = metric(y, net.predict_proba(X)[:, np.argsort(net.task.classes)])
    assert history[name][-1] == pytest.approx(expected, rel=1e-12)
    assert net.evaluate(X, y, metrics=metric)[name.removeprefix("train_")] == pytest.approx(expected, rel=1e-12)


FIXED = ("train_loss", "train_penalty", "train_accuracy")


@pytest.mark.parametrize("metric", [sk.roc_auc_score, sk.average_precision_score, sk.log_loss, sk.brier_score_loss])
@pytest.mark.parametrize("n_out", [1, 2])
@pytest.mark.parametrize("labels", [[0, 1], ["yes", "no"], ["b", "a"]])
def test_of_two_classes(rng, metric, n_out, labels):
    X = rng.normal(size=(80, 2))
    second = (X[:, 0] + rng.normal(size=80) > 0).astype(int)
    y = np.array(labels)[second]
    net = network(n_out, lw.Sigmoid() if n_out == 1 else lw.Softmax())
    fit(net, X, y, epochs=20)
    greater = net.predict_proba(X)[:, list(net.task.classes).index(max(labels))]
    arguments = {"pos_label": max(labels)} if metric in (sk.average_precision_score, sk.brier_score_loss) else {}
    expected = metric(y, greater, **arguments)
    measured = net.evaluate(X, y, metrics=functools.partial(metric, **arguments))
    assert measured[metric.__name__] == pytest.approx(expected, rel=1e-12)
    if metric is sk.roc_auc_score:
        assert measured["roc_auc_score"] != pytest.approx(metric(y == max(labels), net.predict(X) == max(labels)))


def test_of_yes_and_no_answers(rng):
    X = rng.normal(size=(80, 2))
    y = (X @ rng.normal(size=(2, 3)) > 0).astype(int)
    net = network(3, lw.Sigmoid())
    fit(net, X, y)
    measured = net.evaluate(X, y, metrics=[sk.roc_auc_score, sk.hamming_loss])
    assert measured["roc_auc_score"] == pytest.approx(sk.roc_auc_score(y, net.predict_proba(X)))
    assert measured["hamming_loss"] == pytest.approx(sk.hamming_loss(y, net.predict(X)))


def test_of_sigmoids_one_a_class_the_shares_sum_to_1(clouds):
    X, y = clouds
    net = network(3, lw.Sigmoid())
    fit(net, X, y, loss=lw.QuadraticCost())
    shares, outputs = net.predict_proba(X), net.outputs(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(shares, outputs / outputs.sum(axis=1, keepdims=True), rtol=1e-12)
    assert abs(outputs.sum(axis=1) - 1).max() > 0.01


def test_one_that_counts_in_columns(clouds):
    X, y = clouds
    net = network()
    fit(net, X, y)
    columns = np.searchsorted(net.task.classes, y)
    measured = net.evaluate(X, y, metrics=expected_calibration_error)
    assert measured["expected_calibration_error"] == expected_calibration_error(columns, net.predict_proba(X))


def test_of_an_ensemble(clouds):
    X, y = clouds
    ensemble = lw.Ensemble([lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Softmax()], size=2, random_state=0)
    ensemble.fit(X, y, epochs=3, verbose=False)
    measured = ensemble.evaluate(X, y, metrics=[sk.log_loss])
    assert measured["log_loss"] == pytest.approx(sk.log_loss(y, ensemble.predict_proba(X)), rel=1e-6)


def test_of_numbers_they_get_the_predictions(rng):
    X, y = rng.normal(size=(40, 2)), rng.random(40)
    net = network(1, lw.Identity())
    fit(net, X, y)

    def ranking(y_true, y_score):
        return float(np.corrcoef(y_true, y_score)[0, 1])

    assert net.evaluate(X, y, metrics=ranking)["ranking"] == pytest.approx(ranking(y, net.predict(X)))


def test_two_settings_of_one_metric_by_names_of_their_own(clouds):
    X, y = clouds
    net = network()
    fit(net, X, y)
    half, twice = (functools.partial(sk.fbeta_score, beta=beta, average="macro") for beta in (0.5, 2))
    with pytest.raises(lw.UnknownNameError, match="give the metric another __name__"):
        net.evaluate(X, y, metrics=[half, twice])
    twice.__name__ = "f2"
    assert {"fbeta_score", "f2"} <= set(net.evaluate(X, y, metrics=[half, twice]))


@pytest.mark.parametrize("value", [None, "text", np.zeros(3)], ids=repr)
def test_a_metric_that_returns_no_number_is_named(value, spiral):
    def odd(y, answers):
        return value

    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    with pytest.raises(lw.DataError, match="the metric 'odd' must return a number; got"):
        net.fit(*spiral, epochs=1, validation_data=spiral, metrics=odd, verbose=False)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("factor", [1e-300, 1e-44, 1e39, 1e300])
def test_weights_multiplied_by_a_constant_do_the_same(factor, dtype, spiral):
    X, y = spiral
    weights = np.random.default_rng(0).random(len(X)) + 0.1
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0, dtype=dtype)
    net.fit(X, y, epochs=1, sample_weight=weights * factor, validation_split=0.2, verbose=False)
    found, expected = (net.evaluate(X, y, sample_weight=weights * f) for f in (factor, 1))
    assert found == pytest.approx(expected, rel=1e-5)
