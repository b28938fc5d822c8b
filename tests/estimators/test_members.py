"""Ensembles in one estimator: what its members learn from, how they answer together, and what is refused."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

import layerwise as lw
from layerwise.estimators import members, presets
from layerwise.network.merging import merged

X, y = load_iris(return_X_y=True)
X = X.astype(np.float32)
SETTINGS = {"hidden_layer_sizes": (16,), "max_iter": 8, "learning_rate_init": 0.02, "random_state": 0}


@pytest.fixture
def trained(monkeypatch):
    """What each fit of a member was called with, and the members, by training."""
    found = []
    plain = members.fit_each

    def watched(networks, calls, *others):
        outcome = plain(networks, calls, *others)
        found.append((networks, calls))
        return outcome

    monkeypatch.setattr(members, "fit_each", watched)
    return found


def logits(network, rows):
    return network.activations(rows)[-2]


def test_scores_are_the_mean_of_the_members(trained):
    clf = lw.MLPClassifier(**SETTINGS, ensemble=4).fit(X, y)
    networks, _ = trained[0]
    assert len(networks) == 4
    expected = np.mean([logits(network, X) for network in networks], axis=0)
    np.testing.assert_allclose(logits(clf.network_, X), expected, atol=1e-5)
    assert clf.network_.layers[0].units == 64
    assert len({network.theta.tobytes() for network in networks}) == 4


def test_each_holds_out_another_part_and_keeps_its_best_epoch(trained):
    clf = lw.MLPClassifier(**SETTINGS, ensemble=5, early_stopping=True, validation_fraction=0.2).fit(X, y)
    networks, calls = trained[0]
    held = np.concatenate([call["validation_data"][0] for call in calls])
    np.testing.assert_array_equal(np.sort(held, axis=0), np.sort(X, axis=0))  # each row once
    for network, call in zip(networks, calls, strict=True):
        learned, (rows, labels, _) = call["X"], call["validation_data"]
        assert len(learned) == 120
        assert np.bincount(labels).tolist() == [10, 10, 10]
        losses = network.history["val_loss"]
        assert network.evaluate(rows, labels)["loss"] == pytest.approx(min(losses), rel=1e-6)
    means = np.mean([network.history["val_loss"] for network in networks], axis=0)
    np.testing.assert_allclose(clf.validation_scores_, -means)
    np.testing.assert_allclose(clf.history_["val_loss"], means)


@pytest.mark.parametrize(
    ("arguments", "rows"), [({}, 135), ({"validation_fraction": 0.2}, 120), ({"preset": "tabular"}, 120)]
)
def test_few_members_hold_out_their_share(trained, arguments, rows):
    lw.MLPClassifier(**SETTINGS, ensemble=2, early_stopping=True, **arguments).fit(X, y)
    assert [len(call["X"]) for call in trained[0][1]] == [rows, rows]


@pytest.mark.parametrize("ensemble", [1, 3])
def test_counts_begin_with_their_mean(ensemble):
    data, target = load_diabetes(return_X_y=True)
    regr = lw.MLPRegressor("poisson", preset="tabular", random_state=0, ensemble=ensemble).fit(
        data[:300], target[:300] * 1e3
    )
    assert regr.score(data[300:], target[300:] * 1e3) > 0.2


def test_validation_data_are_for_all(trained):
    lw.MLPClassifier(**SETTINGS, ensemble=2, early_stopping=True).fit(
        X[::2], y[::2], validation_data=(X[1::2], y[1::2])
    )
    for call in trained[0][1]:
        np.testing.assert_array_equal(call["X"], X[::2])
        np.testing.assert_array_equal(call["validation_data"][0], X[1::2])


def test_weights_follow_their_rows(trained):
    weight = np.arange(1.0, 151.0)
    lw.MLPClassifier(**SETTINGS, ensemble=5, early_stopping=True, validation_fraction=0.2).fit(
        X, y, sample_weight=weight
    )
    order = {row.tobytes(): w for row, w in zip(X, weight, strict=True)}
    for call in trained[0][1]:
        expected = [order[row.tobytes()] for row in call["X"]]
        same = np.isclose(call["sample_weight"].values, expected)
        assert same.mean() > 0.95  # iris has one row twice


def test_no_more_threads_than_were_asked_for(trained, monkeypatch):
    monkeypatch.setattr(members, "default_threads", lambda: 8)
    for asked, each in ((1, 1), (2, 1), (7, 2), (None, 2)):
        lw.MLPClassifier(**SETTINGS, ensemble=3, n_threads=asked).fit(X, y)
        assert {call["n_threads"] for call in trained[-1][1]} == {each}


@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_the_seed_decides(engine):
    one, two = (lw.MLPClassifier(**SETTINGS, ensemble=3, engine=engine, n_threads=n).fit(X, y) for n in (1, 2))
    np.testing.assert_array_equal(one.network_.theta, two.network_.theta)
    other = clone(one).set_params(random_state=1).fit(X, y)
    assert not np.array_equal(other.network_.theta, one.network_.theta)


def test_an_ensemble_is_saved_as_one_network(tmp_path):
    clf = lw.MLPClassifier(preset="tabular", random_state=0, max_iter=4).fit(X, y)
    assert isinstance(clf.network_.layers[0], lw.PiecewiseLinear)
    clf.save(tmp_path / "clf")
    loaded = lw.load(tmp_path / "clf")
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    assert loaded.history_["loss"] == clf.history_["loss"]
    refitted = clone(loaded).fit(X, y)
    np.testing.assert_array_equal(refitted.network_.theta, clf.network_.theta)


def test_numbers_get_intervals_from_rows_their_member_has_not_seen():
    data, target = load_diabetes(return_X_y=True)
    regr = lw.MLPRegressor(preset="tabular", random_state=0).fit(data[:300], target[:300])
    assert regr.network_.intervals.rows == 180
    ends = regr.predict_interval(data[300:], 0.8)
    inside = np.mean((ends[:, 0] <= target[300:]) & (target[300:] <= ends[:, 1]))
    assert abs(inside - 0.8) < 4 * np.sqrt(0.16 * (1 / 180 + 1 / 142))


def test_probabilities_are_calibrated_by_the_parts_held_out():
    data, target = load_breast_cancer(return_X_y=True)
    clf = lw.MLPClassifier(preset="tabular", random_state=0).fit(data[::2], target[::2])
    shares = clf.predict_proba(data[1::2])
    loss = -np.log(shares[np.arange(len(shares)), target[1::2]]).mean()
    assert loss < 0.15
    found = lw.calibrate(clf.network_, clf._check_X(data[1::2]), target[1::2])
    assert 0.4 < found.temperature < 2.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"solver": "lbfgs"}, "ensemble=3 cannot be used with solver='lbfgs'"),
        ({"scoring": "accuracy", "early_stopping": True}, "cannot be used with scoring='accuracy'"),
        ({"warm_start": True}, "cannot be used with warm_start=True"),
        ({"scaling": "standard"}, "cannot be used with scaling='standard'.*Pipeline"),
        ({"layer_norm": True}, "LayerNorm.* looks at several units at once"),
        ({"hidden_layer_sizes": ()}, "the networks need a hidden layer"),
    ],
)
def test_what_members_cannot_have_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        lw.MLPClassifier(**SETTINGS | arguments, ensemble=3).fit(X, y)


def test_too_few_rows_are_refused():
    with pytest.raises(ValueError, match=r"each of ensemble=6 networks holds out one of 10 parts.*20 rows; got 11"):
        lw.MLPClassifier(**SETTINGS, ensemble=6, early_stopping=True).fit(X[::14], y[::14])


@pytest.mark.parametrize(("preset", "fewest"), [("tabular", 10), ("tabular-best", 16)])
def test_presets_train_one_network_on_rows_too_few_to_part(preset, fewest):
    for rows, several in ((fewest - 1, False), (fewest, True)):
        regr = lw.MLPRegressor(preset=preset, max_iter=2, random_state=0).fit(X[:rows], X[:rows, 0])
        assert (regr.n_members_ > 1) is several


def test_what_one_network_alone_can_do_is_done_by_one():
    for arguments in ({"warm_start": True}, {"scoring": "accuracy"}, {"layer_norm": True}, {"hidden_layer_sizes": ()}):
        clf = lw.MLPClassifier(**{"preset": "tabular", "max_iter": 2, "random_state": 0} | arguments).fit(X, y)
        assert all(layer.groups == 1 for layer in clf.network_.layers if isinstance(layer, lw.Dense))
        assert not isinstance(clf.network_.layers[0], lw.PiecewiseLinear)
    clf = lw.MLPClassifier(preset="tabular").partial_fit(X, y, classes=[0, 1, 2])
    assert clf.network_.layers[1].units == 64
    with pytest.raises(AttributeError, match="no attribute 'partial_fit'") as caught:
        lw.MLPClassifier(ensemble=2).partial_fit(X, y, classes=[0, 1, 2])
    assert "partial_fit is not available with an ensemble" in str(caught.value.__cause__)


def test_knots_are_quantiles_of_what_has_several_values(rng):
    table = np.column_stack([rng.normal(size=200), np.tile([-1.0, 1.0], 100), np.zeros(200)]).astype(np.float32)
    knots = presets.knots(table)
    assert [len(each) for each in knots] == [17, 0, 0]
    np.testing.assert_allclose(knots[0][4], np.quantile(table[:, 0], 0.25), rtol=1e-6)


def test_merged_needs_the_same_layers():
    one = lw.Network([lw.Dense(4), lw.ReLU(), lw.Dense(2), lw.Softmax()]).build(3)
    other = lw.Network([lw.Dense(4), lw.Tanh(), lw.Dense(2), lw.Softmax()]).build(3)
    with pytest.raises(lw.ShapeError, match="the same layers"):
        merged([one, other])
