"""Weights of samples and classes: what a step is, whatever the size of the batches, by both executors."""

import numpy as np
import pytest
from native_and_numpy import captured, ending, needs_native, targets
from sklearn import metrics as theirs
from sklearn.datasets import load_iris

import layerwise as lw
from layerwise.parts import metrics
from layerwise.parts.losses import LOSSES

BOTH = pytest.mark.parametrize("engine", ["numpy", pytest.param("native", marks=needs_native)])
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
RTOL = {"float32": 2e-5, "float64": 1e-11}
N = 22  # batches of 1, 4 and 7 leave short last ones


def data(seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((N, 3)), rng.integers(0, 3, N), rng.random(N) * (rng.random(N) > 0.2)


def layers():
    return [lw.Dense(5), lw.Tanh(), lw.Dense(3), lw.Softmax()]


def trained(weights, engine, dtype="float64", batch_size=4, **options):
    X, y, _ = data()
    net = lw.Network(layers(), random_state=0, dtype=dtype)
    arguments = {"optimizer": lw.SGD(0.5), "epochs": 3, "verbose": False}
    history = net.fit(X, y, sample_weight=weights, engine=engine, batch_size=batch_size, **{**arguments, **options})
    return net, history


def gradient(engine, start, stop):
    assert engine.gradient(start, stop, 0)
    return engine.parameters.grad.astype(np.float64)


@BOTH
@DTYPES
@pytest.mark.parametrize("batch_size", [1, 4, N])
def test_a_step_is_divided_by_its_rows(engine, dtype, batch_size):
    """W ← W - (η / rows) Σ w_i x_i e_i with w of mean 1: by hand, for a linear network."""
    rng = np.random.default_rng(0)
    X, t, weights = rng.standard_normal((N, 3)), rng.standard_normal((N, 2)), rng.random(N) * 5
    W, b = rng.standard_normal((3, 2)), rng.standard_normal(2)
    net = lw.Network([lw.Dense(2, weights=W, biases=b)], dtype=dtype)
    net.fit(
        X, t, loss=lw.QuadraticCost(), optimizer=lw.SGD(0.1), epochs=2, batch_size=batch_size, shuffle=False,
        sample_weight=weights, verbose=False, engine=engine,
    )  # fmt: skip
    w = (weights / weights.mean())[:, None]
    for _ in range(2):
        for i in range(0, N, batch_size):
            rows = slice(i, i + batch_size)
            error = w[rows] * (X[rows] @ W + b - t[rows])
            W, b = W - 0.1 * X[rows].T @ error / len(error), b - 0.1 * error.mean(axis=0)
    np.testing.assert_allclose(net.get_parameters()[0], W, rtol=RTOL[dtype], atol=1e-6 if dtype == "float32" else 1e-12)
    np.testing.assert_allclose(net.get_parameters()[1], b, rtol=RTOL[dtype], atol=1e-6 if dtype == "float32" else 1e-12)


@BOTH
@DTYPES
def test_with_one_row_a_step_a_weight_is_a_factor_of_the_rate(engine, dtype):
    X, y, weights = data()
    weighted, plain = (
        captured(layers(), X, y, dtype, engine, optimizer=lw.SGD(0.3), batch_size=1, shuffle=False, **options)
        for options in ({"sample_weight": weights}, {})
    )
    for _ in range(3):
        assert weighted.run(0, N, 0) == N
        assert plain.run(0, N, 0, rates=0.3 * weights / weights.mean()) == N
    atol = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(weighted.parameters.theta, plain.parameters.theta, rtol=RTOL[dtype], atol=atol)


@BOTH
@pytest.mark.parametrize("loss", [kind() for kind in LOSSES], ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("batch_size", [1, 4, 7])
def test_batches_are_on_average_the_whole(engine, loss, batch_size, rng):
    """The mean of the batches' gradients, by their rows, is the gradient of the whole training set."""
    X, _, weights = data()
    y = targets(rng, loss, N, 3)
    options = {"loss": loss, "sample_weight": weights, "penalty": lw.L2(0.1), "shuffle": False}
    stack = [lw.Dense(5), lw.Tanh(), lw.Dense(3), ending(loss)]
    whole = gradient(captured(stack, X, y, "float64", engine, batch_size=N, **options), 0, N)
    part = captured(stack, X, y, "float64", engine, batch_size=batch_size, **options)
    parts = sum(
        (min(i + batch_size, N) - i) / N * gradient(part, i, min(i + batch_size, N)) for i in range(0, N, batch_size)
    )
    np.testing.assert_allclose(parts, whole, rtol=1e-10, atol=1e-13)


@BOTH
def test_a_batchs_gradient_is_that_of_the_stated_objective(engine):
    """Central differences of Σ w_i l_i / rows + λ Σ W² / rows, spelled out here."""
    X, y, weights = data()
    w = weights / weights.mean()
    options = {"sample_weight": weights, "penalty": lw.L2(0.3, per_batch=True), "shuffle": False}
    made = captured(layers(), X, y, "float64", engine, batch_size=7, **options)
    net = lw.Network(layers(), random_state=3, dtype="float64").build(3)

    def objective(theta, rows):
        net.theta = theta
        p = net.forward(X[rows])
        squares = sum(float((W**2).sum()) for W in net.get_parameters()[::2])
        return (-w[rows] * np.log(p[np.arange(len(p)), y[rows]])).sum() / len(p) + 0.3 * squares / len(p)

    theta = made.parameters.theta.copy()
    for start in (0, 7, 21):  # the last batch has one row
        rows = np.arange(start, min(start + 7, N))
        step = 1e-5 * np.eye(len(theta))
        numeric = [(objective(theta + h, rows) - objective(theta - h, rows)) / 2e-5 for h in step]
        np.testing.assert_allclose(gradient(made, start, rows[-1] + 1), numeric, rtol=1e-6, atol=1e-9)


@BOTH
@DTYPES
@pytest.mark.parametrize("batch_size", [1, 4, N])
def test_their_scale_changes_nothing(engine, dtype, batch_size):
    weights = data()[2]
    net, history = trained(weights, engine, dtype, batch_size)
    for power in (-30, 1, 9):
        scaled, other = trained(weights * 2.0**power, engine, dtype, batch_size)
        np.testing.assert_array_equal(scaled.theta, net.theta)
        assert other["loss"] == history["loss"]
    for factor in (1e-300, 3.7, 1e300):
        scaled, _ = trained(weights * factor, engine, dtype, batch_size)
        np.testing.assert_allclose(scaled.theta, net.theta, rtol=10 * RTOL[dtype], atol=1e-6)


@BOTH
@DTYPES
@pytest.mark.parametrize("batch_size", [1, 4, N])
def test_equal_weights_are_none(engine, dtype, batch_size):
    net, history = trained(None, engine, dtype, batch_size)
    ones, other = trained(np.full(N, 0.3), engine, dtype, batch_size)
    np.testing.assert_array_equal(ones.theta, net.theta)
    np.testing.assert_allclose(other["loss"], history["loss"], rtol=1e-14)


@BOTH
def test_whole_weights_are_rows_repeated(engine):
    X, y, _ = data()
    times = np.arange(N) % 4
    net, history = trained(times, engine, batch_size=N)
    repeated = lw.Network(layers(), random_state=0, dtype="float64")
    other = repeated.fit(
        X.repeat(times, axis=0), y.repeat(times), optimizer=lw.SGD(0.5), epochs=3, batch_size=999, verbose=False,
        engine=engine,
    )  # fmt: skip
    np.testing.assert_allclose(net.theta, repeated.theta, rtol=1e-11)
    np.testing.assert_allclose(history["loss"], other["loss"], rtol=1e-12)


@BOTH
@pytest.mark.parametrize("batch_size", [1, 4, N])
def test_rows_of_weight_0_teach_nothing(engine, batch_size):
    X, y, weights = data()
    weights[:4] = 0  # a whole batch
    first = captured(layers(), X, y, "float64", engine, batch_size=batch_size, sample_weight=weights, shuffle=False)
    before = first.parameters.theta.copy()
    if batch_size <= 4:
        assert not gradient(first, 0, batch_size).any()
    X[weights == 0] *= -3
    second = captured(layers(), X, y, "float64", engine, batch_size=batch_size, sample_weight=weights, shuffle=False)
    np.testing.assert_array_equal(second.parameters.theta, before)
    steps = -(-N // batch_size)
    assert first.run(0, steps, 0) == second.run(0, steps, 0) == steps
    np.testing.assert_allclose(first.parameters.theta, second.parameters.theta, rtol=1e-13)


@BOTH
@pytest.mark.parametrize("batch_size", [1, 4, N])
def test_an_epochs_loss_is_what_evaluate_finds(engine, batch_size):
    X, y, weights = data()
    made = captured(layers(), X, y, "float64", engine, batch_size=batch_size, sample_weight=weights, shuffle=False)
    for i in range(0, N, batch_size):
        gradient(made, i, min(i + batch_size, N))
    net = lw.Network(layers(), random_state=3, dtype="float64").build(3)
    found = net.evaluate(X, y, sample_weight=weights)
    assert made.results(N)["loss"] == pytest.approx(found["loss"], rel=1e-12)
    assert made.results(N)["accuracy"] == pytest.approx(net.evaluate(X, y)["accuracy"])  # every row counts


def test_a_custom_loss_has_it_too():
    class Own(lw.CategoricalCrossEntropy):
        def forward(self, y, t, out, tmp):
            super().forward(y, t, out, tmp)

    weights = data()[2]
    for batch_size in (1, 4):
        own, _ = trained(weights, "auto", batch_size=batch_size, loss=Own())
        known, _ = trained(weights, "numpy", batch_size=batch_size)
        np.testing.assert_allclose(own.theta, known.theta, rtol=1e-9)


def test_weights_of_classes_count_with_one_row_a_step():
    y = data()[1]
    classes = {0: 1.0, 1: 6.0, 2: 0.5}
    by_class, _ = trained(None, "auto", batch_size=1, class_weight=classes)
    by_sample, _ = trained([classes[label] for label in y], "auto", batch_size=1)
    plain, _ = trained(None, "auto", batch_size=1)
    np.testing.assert_array_equal(by_class.theta, by_sample.theta)
    assert np.abs(by_class.theta - plain.theta).max() > 0.05


class TestHeldOut:
    @BOTH
    @DTYPES
    def test_loss_accuracy_and_metrics_are_weighted(self, engine, dtype):
        X, y, weights = data()
        net, _ = trained(None, "auto", dtype)
        found = net.evaluate(X, y, sample_weight=weights, metrics=["accuracy", theirs.balanced_accuracy_score])
        p, said = net.predict_proba(X), net.predict(X)
        expected = np.average(-np.log(p[np.arange(N), y]), weights=weights)
        assert found["loss"] == pytest.approx(expected, rel=1e-5)
        right = theirs.accuracy_score(y, said, sample_weight=weights)
        assert found["accuracy"] == pytest.approx(right, rel=1e-6)
        balanced = theirs.balanced_accuracy_score(y, said, sample_weight=weights)
        assert found["balanced_accuracy_score"] == pytest.approx(balanced, rel=1e-6)
        held_out, history = trained(None, engine, dtype, validation_data=(X, y, weights), epochs=1)
        after = held_out.evaluate(X, y, sample_weight=weights)
        assert history["val_loss"][-1] == pytest.approx(after["loss"], rel=1e-6)
        assert history["val_accuracy"][-1] == pytest.approx(after["accuracy"], rel=1e-6)

    @BOTH
    def test_answers_of_several_yes_or_no_are_weighted_row_by_row(self, engine):
        X, _, weights = data()
        Y = (X > 0.2).astype(int)
        net = lw.Network([lw.Dense(3), lw.Sigmoid()], random_state=0)
        history = net.fit(X, Y, validation_data=(X, Y, weights), epochs=1, engine=engine, verbose=False)
        right = np.average((net.predict(X) == Y).mean(axis=1), weights=weights)
        assert history["val_accuracy"][-1] == pytest.approx(right, rel=1e-6)

    def test_a_metric_that_takes_no_weights_is_named(self):
        X, y, weights = data()

        def share(y_true, y_pred):
            return 0.0

        net, _ = trained(None, "auto")
        with pytest.raises(lw.DataError, match=r"the metric share takes none"):
            net.evaluate(X, y, sample_weight=weights, metrics=share)
        before = net.theta.copy()
        with pytest.raises(lw.DataError, match=r"the metric share takes none"):
            net.fit(X, y, validation_data=(X, y, weights), metrics=share, verbose=False)
        np.testing.assert_array_equal(net.theta, before)
        assert net.evaluate(X, y, metrics=share)["share"] == 0

    @pytest.mark.parametrize(
        ("weights", "words"),
        [
            (np.zeros(N), f"all {N} weights are 0"),
            (-np.ones(N), "row 0 is -1"),
            (np.r_[np.ones(N - 1), np.nan], f"row {N - 1} is nan"),
            (np.ones(3), r"one a sample \(22,\); its shape is \(3,\)"),
            (["a"] * N, "must (be|hold) numbers"),
        ],
    )
    def test_malformed(self, weights, words):
        X, y, _ = data()
        net, _ = trained(None, "auto", "float32")
        with pytest.raises(ValueError, match=words):
            net.evaluate(X, y, sample_weight=weights)
        with pytest.raises(ValueError, match=f"sample_weight of validation_data.*{words}"):
            net.fit(X, y, validation_data=(X, y, weights), verbose=False)
        with pytest.raises(lw.ShapeError, match=r"\(X, y\) or \(X, y, sample_weight\)"):
            net.fit(X, y, validation_data=(X, y, weights, 1), verbose=False)


@pytest.mark.parametrize(
    ("ours", "peer"), [(metrics.accuracy, theirs.accuracy_score), (metrics.r2_score, theirs.r2_score)]
)
def test_metrics_with_weights_are_scikit_learns(ours, peer, rng):
    for _ in range(20):
        t, y, w = rng.integers(0, 3, 9), rng.integers(0, 3, 9), rng.random(9) * (rng.random(9) > 0.3)
        assert ours(t, y, sample_weight=w) == pytest.approx(peer(t, y, sample_weight=w), rel=1e-12)
        assert ours(t, y) == pytest.approx(peer(t, y), rel=1e-12)


WEIGHTS = {0: 1.0, 1: 6.0, 2: 0.5}  # of classes


class TestEstimators:
    X, y = load_iris(return_X_y=True)
    X = X[::3]
    y = y[::3]

    def made(self, **parameters):
        settings = {"hidden_layer_sizes": (5,), "random_state": 0, "max_iter": 2, "tol": 0, "solver": "sgd"}
        return lw.MLPClassifier(**{**settings, **parameters})

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    @pytest.mark.parametrize("batch_size", [1, 50])
    def test_weights_of_classes_are_by_rows(self, batch_size):
        """As `Network` has them: of mean 1, each batch divided by its rows."""
        X, y = self.X, self.y
        clf = self.made(class_weight=WEIGHTS, batch_size=batch_size, alpha=0.0, momentum=0.0).fit(X, y)
        plain = self.made(batch_size=batch_size, alpha=0.0, momentum=0.0).fit(X, y)
        assert np.abs(clf.coefs_[0] - plain.coefs_[0]).max() > 1e-4
        doubled = {label: 2 * weight for label, weight in WEIGHTS.items()}
        other = self.made(class_weight=doubled, batch_size=batch_size, alpha=0.0, momentum=0.0).fit(X, y)
        np.testing.assert_array_equal(other.coefs_[0], clf.coefs_[0])

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_weights_of_samples_and_classes_together_are_by_rows(self):
        """Their product is; alpha is shared out by the samples' weights alone."""
        X, y, sample = self.X, self.y, np.random.default_rng(0).random(50)
        product = sample * [WEIGHTS[label] for label in y]
        both = self.made(class_weight=WEIGHTS, batch_size=1, alpha=0.01).fit(X, y, sample_weight=sample)
        as_one = self.made(
            class_weight=dict.fromkeys(range(3), 1.0), batch_size=1, alpha=0.01 * product.sum() / sample.sum()
        ).fit(X, y, product)
        np.testing.assert_allclose(both.coefs_[0], as_one.coefs_[0], rtol=1e-12)

    def test_chunks_are_taken_as_they_are(self):
        """A chunk's weights twice as large are a rate twice as high: they are not brought to mean 1."""
        X, y = self.X, self.y
        options = {"alpha": 0.0, "momentum": 0.0, "nesterovs_momentum": False, "batch_size": 7, "shuffle": False}
        doubled = {label: 2 * weight for label, weight in WEIGHTS.items()}
        one = self.made(class_weight=doubled, learning_rate_init=0.01, **options)
        other = self.made(class_weight=WEIGHTS, learning_rate_init=0.02, **options)
        for rows in (slice(0, 20), slice(20, 50)):
            one.partial_fit(X[rows], y[rows], classes=range(3))
            other.partial_fit(X[rows], y[rows], classes=range(3))
        np.testing.assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-12)

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_weights_reach_the_validation_loss_and_the_scorer(self):
        X, y, w = self.X, self.y, np.random.default_rng(0).random(50)
        clf = self.made(scoring="accuracy", early_stopping=True, max_iter=1).fit(X, y, validation_data=(X, y, w))
        assert clf.validation_scores_[-1] == theirs.accuracy_score(y, clf.predict(X), sample_weight=w)
        loss = theirs.log_loss(y, clf.predict_proba(X), sample_weight=w)
        assert clf.history_["val_loss"][-1] == pytest.approx(loss, rel=1e-9)
        with pytest.raises(ValueError, match="takes no sample_weight"):
            self.made(scoring=lambda estimator, X, y: 0.0).fit(X, y, validation_data=(X, y, w))
        with pytest.raises(ZeroDivisionError) as raised:
            self.made(scoring=lambda estimator, X, y, sample_weight: 1 / 0).fit(X, y, validation_data=(X, y, w))
        assert "with sample_weight" in raised.value.__notes__[-1]

    def test_held_out_rows_that_all_weigh_nothing_are_refused(self):
        X, y = self.X, self.y
        with pytest.raises(ValueError, match=r"all 50 weights are 0|at least one non-zero"):
            self.made().fit(X, y, validation_data=(X, y, np.zeros(50)))
        few = np.zeros(50)
        few[[0, 20, 40]] = 1
        with pytest.raises(ValueError, match="all 5 weights are 0"):
            self.made(early_stopping=True).fit(X, y, sample_weight=few)
        regressor = lw.MLPRegressor(max_iter=2)
        with pytest.raises(ValueError, match=r"all 50 weights are 0|at least one non-zero"):
            regressor.fit(X, y, validation_data=(X, y, np.zeros(50)))


FAR = {"float32": 1e30, "float64": 1e200}  # its square is infinite


@BOTH
@DTYPES
@pytest.mark.parametrize("loss", [lw.MeanSquaredError(), lw.QuadraticCost(), lw.Huber(1e35), lw.Poisson()], ids=repr)
@pytest.mark.parametrize("batch_size", [1, 4, N])
def test_the_target_of_a_row_of_weight_0_does_not_count(engine, dtype, loss, batch_size):
    """Training, its loss, validation and evaluation are those with any other target in its place."""
    X, _, weights = data()
    t, far = np.abs(X[:, :2]), np.abs(X[:, :2])
    weights = np.where(np.arange(N) == 5, 0, weights)
    far[weights == 0] = FAR[dtype] if not isinstance(loss, lw.Poisson) else np.finfo(dtype).max / 2
    found = []
    for y in (t, far):
        net = lw.Network([lw.Dense(4), lw.Tanh(), lw.Dense(2), lw.Exp()], random_state=0, dtype=dtype)
        history = net.fit(
            X, y, sample_weight=weights, validation_data=(X, y, weights), loss=loss, optimizer=lw.SGD(1e-3), epochs=3,
            batch_size=batch_size, engine=engine, verbose=False,
        )  # fmt: skip
        assert history.stopped_by == "epochs"
        ensemble = lw.Ensemble(net.layers, 1)
        ensemble.networks = [net]
        scores = [model.evaluate(X, y, sample_weight=weights)["loss"] for model in (net, ensemble)]
        found.append((net.theta, history["loss"], history["val_loss"], scores))
    for near, other in zip(*found, strict=True):
        np.testing.assert_array_equal(near, other)
    assert np.isfinite(found[1][0]).all()


@BOTH
def test_outputs_of_a_row_of_weight_0_that_are_not_finite_are_still_a_divergence(engine):
    """They would make gradients of weights NaN, that of 0 · ∞."""
    X, t, weights = np.full((4, 1), 1e30), np.ones((4, 1)), np.array([1.0, 0.0, 1.0, 1.0])
    X[[0, 2, 3]] = 1
    net = lw.Network([lw.Dense(1, weights=[[1e20]])])
    with pytest.raises(lw.DivergenceError):
        net.fit(X, t, sample_weight=weights, epochs=1, engine=engine, verbose=False)
    assert np.isfinite(net.theta).all()


@BOTH
def test_a_target_that_counts_and_is_too_far_away_is_still_a_divergence(engine):
    X, _, weights = data()
    far = np.where(np.arange(N) == 5, 1e30, X[:, 0])
    with pytest.raises(lw.DivergenceError):
        lw.Network([lw.Dense(1)]).fit(X, far, sample_weight=np.maximum(weights, 0.1), engine=engine, verbose=False)
