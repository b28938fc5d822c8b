"""Prediction intervals: split conformal prediction, worked by hand and measured on data of several kinds."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.intervals import Intervals
from layerwise.trust.intervals import learn_intervals


def constant(X, y):
    """A network that was not fitted to anything: 2 x + 1."""
    net = lw.Network([lw.Dense(1)], dtype="float64", random_state=0)
    net.fit(X, y, epochs=1, verbose=False)
    net.parameters.p[0].W[...], net.parameters.p[0].b[...] = 2, 1
    return net


def test_worked_by_hand():
    """Errors 1 … 9: of ten equally likely places of the next one, the eighth smallest has 0.8 below it, and so on."""
    X = np.arange(9.0)[:, None]
    y = 2 * X[:, 0] + 1 + np.arange(1, 10) * np.where(np.arange(9) % 2, 1, -1)
    net = learn_intervals(constant(X, y), X, y)
    for coverage, half in ((0.8, 8), (0.5, 5), (0.75, 8), (0.9, 9)):
        ends = net.predict_interval([[3.0], [0.0]], coverage)
        np.testing.assert_allclose(ends, [[7 - half, 7 + half], [1 - half, 1 + half]])
    with pytest.raises(lw.DataError, match=r"coverage 0\.95 needs at least 19 held-out rows; there were 9"):
        net.predict_interval(X, 0.95)
    with pytest.raises(lw.DataError, match="coverage must be above 0 and below 1"):
        net.predict_interval(X, 1.0)


def test_of_many_rows_a_thousand_errors_are_kept_none_too_small(rng):
    errors = rng.exponential(size=(12_345, 2))
    kept = Intervals.of(errors, 0)
    assert kept.scores.shape == (1000, 2)
    for coverage in (0.01, 0.5, 0.9, 0.99, 0.9999):
        exact = np.sort(errors, axis=0)[int(np.ceil(12_346 * coverage - 1e-9)) - 1]
        next_kept = np.sort(errors, axis=0)[min(int(np.ceil(12_346 * coverage)) + 12, 12_344)]
        assert (kept.half_width(coverage) >= exact).all()
        assert (kept.half_width(coverage) <= next_kept).all()


def test_they_are_kept_in_the_file_until_the_network_learns_on(tmp_path, rng):
    X, y = rng.normal(size=(60, 2)), rng.normal(size=(60, 2))
    net = lw.Network([lw.Dense(2)], random_state=0)
    net.fit(X, y, epochs=1, verbose=False)
    with pytest.raises(lw.DataError, match="does not know how far off it is"):
        net.predict_interval(X)
    learn_intervals(net, X, y)
    assert net.predict_interval(X).shape == (60, 2, 2)
    net.save(tmp_path / "net")
    np.testing.assert_array_equal(lw.load(tmp_path / "net").predict_interval(X, 0.8), net.predict_interval(X, 0.8))
    net.fit(X, y, epochs=1, verbose=False)
    with pytest.raises(lw.DataError, match="trained further"):
        net.predict_interval(X)


def test_what_cannot_be_learned_from_is_refused(rng):
    X = rng.normal(size=(20, 2))
    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
    net.fit(X, np.arange(20) % 2, epochs=1, verbose=False)
    with pytest.raises(lw.DataError, match=r"for classes there is lw\.calibrate"):
        learn_intervals(net, X, np.arange(20) % 2)
    net = lw.Network([lw.Dense(1)], random_state=0)
    net.fit(X, X[:, 0], epochs=1, verbose=False)
    with pytest.raises(lw.ShapeError, match=r"y must have the shape \(20, 1\)"):
        learn_intervals(net, X, X)
    with pytest.raises(lw.DataError, match="the error of row 3 is NaN"):
        learn_intervals(net, X, np.where(np.arange(20) == 3, np.nan, 0.0))


NOISE = {
    "normal": lambda x, rng: rng.normal(size=len(x)),
    "wider to the right": lambda x, rng: rng.normal(size=len(x)) * (0.1 + x**2),
    "heavy tails": lambda x, rng: rng.standard_t(2, size=len(x)),
    "skewed": lambda x, rng: rng.exponential(size=len(x)),
}


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_coverage_on_new_rows(noise, coverage):
    """At least the coverage asked for, and no more than it by 1 / (n + 1), over many held-out sets.

    Of one held-out set of n = 99 the coverage is Beta(k, n + 1 - k), k = (n + 1) · coverage; the mean of 200 of them is
    within four of its standard errors.
    """
    rng, n, repeats = np.random.default_rng(0), 99, 200
    net = constant(np.arange(4.0)[:, None], np.arange(4.0))
    x = rng.uniform(0, 2, size=(repeats, 2 * n + 102))
    y = 2 * x + 1 + np.array([NOISE[noise](row, rng) for row in x])
    found = []
    for row, targets in zip(x, y, strict=True):
        learn_intervals(net, row[:n, None], targets[:n])
        low, high = net.predict_interval(row[n:, None], coverage).T
        found.append(np.mean((low <= targets[n:]) & (targets[n:] <= high)))
    error = np.sqrt(coverage * (1 - coverage) * (1 / (n + 2) + 1 / (x.shape[1] - n)) / repeats)
    assert abs(np.mean(found) - coverage) < 4 * error


def test_estimators_learn_them_from_the_held_out_rows(tmp_path, rng):
    """In the units of the targets; of the share that stops early, or of validation_data."""
    pytest.importorskip("sklearn")
    X = rng.normal(size=(900, 3))
    y = 1e6 + 5e4 * X[:, 0] + rng.normal(size=900) * 1e4
    settings = {"preset": "tabular", "hidden_layer_sizes": (16,), "max_iter": 20, "random_state": 0}
    regr = lw.MLPRegressor(**settings).fit(X[:400], y[:400])
    assert regr.network_.intervals.rows == 240  # three of five parts: a member's own
    regr = lw.MLPRegressor(**settings).fit(X[:200], y[:200], validation_data=(X[200:400], y[200:400]))
    assert regr.network_.intervals.rows == 200
    regr.learn_intervals(X[400:600], y[400:600])
    ends = regr.predict_interval(X[600:], 0.9)
    inside = np.mean((ends[:, 0] <= y[600:]) & (y[600:] <= ends[:, 1]))
    assert abs(inside - 0.9) < 4 * np.sqrt(0.09 * (1 / 202 + 1 / 300))
    np.testing.assert_allclose(ends.mean(axis=1), regr.predict(X[600:]), rtol=1e-6)
    regr.save(tmp_path / "regr")
    np.testing.assert_array_equal(lw.load(tmp_path / "regr").predict_interval(X[600:]), ends)
    both = lw.MLPRegressor(**settings).fit(X[:400], np.column_stack([y, -y])[:400])
    assert both.predict_interval(X[:5]).shape == (5, 2, 2)
    with pytest.raises(lw.DataError, match="does not know how far off"):
        lw.MLPRegressor(max_iter=200, n_iter_no_change=1, tol=1e9).fit(X[:50], y[:50] / 1e6).predict_interval(X)
