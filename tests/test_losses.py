"""Losses against scikit-learn and SciPy, and their gradients against central differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from sklearn import metrics

import layerwise as lw
from layerwise.data.targets import encode
from layerwise.parts.losses import LOSSES, Loss, as_loss

pytestmark = pytest.mark.usefixtures("each_engine")

EXAMPLES = [
    lw.MeanSquaredError(),
    lw.QuadraticCost(),
    lw.MeanAbsoluteError(),
    lw.Huber(),
    lw.Huber(delta=0.3),
    lw.Quantile(),
    lw.Quantile(q=0.9),
    lw.Poisson(),
    lw.CategoricalCrossEntropy(),
    lw.CategoricalCrossEntropy(label_smoothing=0.2),
    lw.BinaryCrossEntropy(),
    lw.BinaryCrossEntropy(label_smoothing=0.1),
    lw.BinaryCrossEntropy(reduction="sum"),
    lw.BinaryCrossEntropy(pos_weight=4.0),
    lw.BinaryCrossEntropy(pos_weight=0.3, reduction="sum"),
    lw.CategoricalCrossEntropy(epsilon=1e-30),
    lw.BinaryCrossEntropy(epsilon=1.2e-7),
]
every_loss = pytest.mark.parametrize("loss", EXAMPLES, ids=repr)
every_type = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda t: t.__name__)
REGRESSION = [
    (lw.MeanSquaredError(), metrics.mean_squared_error),
    (lw.QuadraticCost(), lambda t, y: metrics.mean_squared_error(t, y) * t.shape[1] / 2),
    (lw.MeanAbsoluteError(), metrics.mean_absolute_error),
    (lw.Quantile(q=0.5), lambda t, y: metrics.mean_pinball_loss(t, y, alpha=0.5)),
    (lw.Quantile(q=0.1), lambda t, y: metrics.mean_pinball_loss(t, y, alpha=0.1)),
    (lw.Quantile(q=0.83), lambda t, y: metrics.mean_pinball_loss(t, y, alpha=0.83)),
    (lw.Huber(), lambda t, y: special.huber(1.0, t - y).mean()),
    (lw.Huber(delta=0.4), lambda t, y: special.huber(0.4, t - y).mean()),
    (lw.Huber(delta=1e-3), lambda t, y: special.huber(1e-3, t - y).mean()),
]


def subclasses(kind):
    for child in kind.__subclasses__():
        if child.__module__.startswith("layerwise."):
            yield child
            yield from subclasses(child)


def data_for(loss, dtype=np.float64, n=6, outputs=3, seed=0):
    """Outputs that the loss takes, well inside of their range, and targets."""
    rng = np.random.default_rng(seed)
    y, t = rng.normal(size=(n, outputs)), rng.normal(size=(n, outputs))
    if isinstance(loss, lw.Poisson):
        y, t = np.exp(y), rng.poisson(2, (n, outputs)).astype(float)
    elif isinstance(loss, lw.CategoricalCrossEntropy):
        y, t = special.softmax(y, axis=1), np.eye(outputs)[rng.integers(outputs, size=n)]
    elif isinstance(loss, lw.BinaryCrossEntropy):
        y, t = special.expit(y), rng.integers(2, size=(n, outputs)).astype(float)
    t = t.astype(dtype)
    loss.smooth(t)
    return y.astype(dtype), t


def forward(loss, y, t):
    out = np.full(len(y), np.nan, y.dtype)
    loss.forward(y, t, out, (np.empty_like(y), np.empty_like(y)))
    return out


def backward(loss, y, t):
    dy = np.full_like(y, np.nan)
    loss.backward(y, t, dy, (np.empty_like(y), np.empty_like(y)))
    return dy


def test_every_loss_is_listed_and_covered():
    assert set(LOSSES) == set(subclasses(Loss)) == {type(loss) for loss in EXAMPLES}


class TestEveryLoss:
    @every_loss
    @pytest.mark.parametrize("outputs", [1, 2, 5])
    def test_gradient(self, loss, outputs):
        y, t = data_for(loss, outputs=outputs)
        found, h = backward(loss, y, t), 1e-6
        for i in range(len(y)):
            for j in range(outputs):
                above, below = y.copy(), y.copy()
                above[i, j] += h
                below[i, j] -= h
                numeric = (forward(loss, above, t)[i] - forward(loss, below, t)[i]) / (2 * h)
                assert found[i, j] == pytest.approx(numeric, rel=1e-6, abs=1e-8)

    @every_loss
    def test_float32_follows_float64(self, loss):
        y, t = data_for(loss)
        y32, t32 = y.astype(np.float32), t.astype(np.float32)
        assert forward(loss, y32, t32).dtype == np.float32
        np.testing.assert_allclose(forward(loss, y32, t32), forward(loss, y, t), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(backward(loss, y32, t32), backward(loss, y, t), rtol=2e-5, atol=1e-6)

    @every_loss
    def test_outputs_and_targets_are_only_read(self, loss):
        y, t = data_for(loss)
        y.flags.writeable = t.flags.writeable = False
        forward(loss, y, t)
        backward(loss, y, t)

    @every_loss
    @every_type
    def test_right_outputs_cost_least(self, loss, dtype):
        _, t = data_for(loss, dtype)
        rng = np.random.default_rng(1)
        other = np.clip(t + rng.normal(scale=0.2, size=t.shape).astype(dtype), 1e-3, 1 - 1e-3)
        if isinstance(loss, lw.CategoricalCrossEntropy):
            other = other / other.sum(axis=1, keepdims=True)
        assert (forward(loss, t, t) <= forward(loss, other, t)).all()

    @every_loss
    @every_type
    def test_the_edges_of_the_range_are_finite(self, loss, dtype):
        if loss.takes == "probabilities" or isinstance(loss, lw.Poisson):
            y, t = np.array([[0, 1], [1, 0], [0, 1]], dtype), np.array([[1, 0], [1, 0], [0, 1]], dtype)
        else:
            y, t = np.array([[1e4, -1e4], [0, 0]], dtype), np.array([[-1e4, 1e4], [0, 0]], dtype)
        assert np.isfinite(forward(loss, y, t)).all()
        assert np.isfinite(backward(loss, y, t)).all()

    @every_loss
    def test_weights_are_repeated_rows(self, loss):
        y, t = data_for(loss, n=4)
        times = np.array([1, 3, 0, 2])
        losses, repeated = forward(loss, y, t), forward(loss, y.repeat(times, axis=0), t.repeat(times, axis=0))
        assert loss.mean(losses, times.astype(float)) == pytest.approx(loss.mean(repeated, None), rel=1e-14)

        weighted, plain = backward(loss, y, t), backward(loss, y.repeat(times, axis=0), t.repeat(times, axis=0))
        loss.average_gradient(weighted, times.astype(float))
        loss.average_gradient(plain, None)
        starts = np.cumsum(times) - times
        summed = [plain[start : start + count].sum(axis=0) for start, count in zip(starts, times, strict=True)]
        np.testing.assert_allclose(weighted, summed, rtol=1e-13, atol=1e-16)

    @every_loss
    def test_weighted_training_is_training_on_repeated_rows(self, loss):
        if isinstance(loss, lw.CategoricalCrossEntropy):
            last, y = lw.Softmax(), np.array([0, 1, 2, 1])
        elif isinstance(loss, lw.BinaryCrossEntropy):
            last, y = lw.Sigmoid(), np.array([[0, 1, 1], [1, 1, 0], [0, 0, 0], [1, 0, 1]])
        else:
            last, y = lw.Softplus(), np.array([[0, 1, 4], [1, 2, 0], [0, 3, 0], [1, 0, 5]])
        X, times = np.random.default_rng(0).normal(size=(4, 2)), np.array([1, 3, 2, 2])
        weighted = lw.Network([lw.Dense(3), last], random_state=0, dtype="float64")
        repeated = weighted.copy()
        options = {"loss": loss, "optimizer": lw.SGD(0.1), "epochs": 3, "batch_size": 99, "verbose": False}
        h1 = weighted.fit(X, y, sample_weight=times, **options)
        h2 = repeated.fit(X.repeat(times, axis=0), y.repeat(times, axis=0), **options)
        np.testing.assert_allclose(weighted.theta, repeated.theta, rtol=1e-12)
        np.testing.assert_allclose(h1["loss"], h2["loss"], rtol=1e-12)

    def test_all_weights_zero_in_a_batch_change_nothing(self):
        loss = lw.MeanSquaredError()
        dy = np.ones((2, 1))
        loss.average_gradient(dy, np.zeros(2))
        assert not dy.any()
        assert loss.mean(np.ones(2), np.zeros(2)) == 0


class TestAgainstScikitLearnAndSciPy:
    @pytest.mark.parametrize(("loss", "reference"), REGRESSION, ids=lambda v: repr(v) if isinstance(v, Loss) else "")
    @pytest.mark.parametrize("outputs", [1, 4])
    @settings(deadline=None, max_examples=15)
    @given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-3, 1e3))
    def test_regression(self, loss, reference, outputs, seed, scale):
        rng = np.random.default_rng(seed)
        y, t = scale * rng.normal(size=(9, outputs)), scale * rng.normal(size=(9, outputs))
        assert loss(y, t) == pytest.approx(reference(t, y), rel=1e-12, abs=1e-14)

    @settings(deadline=None, max_examples=25)
    @given(st.integers(0, 2**32 - 1))
    def test_poisson_is_half_the_deviance_and_a_constant(self, seed):
        rng = np.random.default_rng(seed)
        t, y = rng.poisson(3, 20).astype(float), np.exp(rng.normal(size=20))
        constant = np.mean(special.xlogy(t, t) - t)  # of the targets alone
        half = metrics.mean_poisson_deviance(t, y) / 2
        assert lw.Poisson()(y, t) == pytest.approx(half - constant, rel=1e-10, abs=1e-12)

    @pytest.mark.parametrize("classes", [2, 3, 10])
    @settings(deadline=None, max_examples=15)
    @given(seed=st.integers(0, 2**32 - 1))
    def test_categorical_cross_entropy(self, classes, seed):
        rng = np.random.default_rng(seed)
        y, t = special.softmax(rng.normal(size=(12, classes)), axis=1), rng.integers(classes, size=12)
        expected = metrics.log_loss(t, y, labels=range(classes))
        assert lw.CategoricalCrossEntropy()(y, t) == pytest.approx(expected, rel=1e-7)
        assert lw.CategoricalCrossEntropy()(y, np.eye(classes)[t]) == pytest.approx(expected, rel=1e-7)

    def test_categorical_cross_entropy_with_weights(self):
        rng = np.random.default_rng(0)
        y, t, w = special.softmax(rng.normal(size=(12, 3)), axis=1), rng.integers(3, size=12), rng.random(12)
        expected = metrics.log_loss(t, y, sample_weight=w)
        assert lw.CategoricalCrossEntropy()(y, t, w) == pytest.approx(expected, rel=1e-12)

    @settings(deadline=None, max_examples=25)
    @given(st.integers(0, 2**32 - 1))
    def test_binary_cross_entropy(self, seed):
        rng = np.random.default_rng(seed)
        y, t = special.expit(2 * rng.normal(size=(8, 3))), rng.integers(2, size=(8, 3))
        columns = [metrics.log_loss(t[:, j], y[:, j], labels=[0, 1]) for j in range(3)]
        assert lw.BinaryCrossEntropy()(y, t) == pytest.approx(np.mean(columns), rel=1e-6)
        assert lw.BinaryCrossEntropy(reduction="sum")(y, t) == pytest.approx(np.sum(columns), rel=1e-6)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_certain_and_wrong_answers_cost_what_they_cost_in_scikit_learn(self, dtype):
        y, t = np.array([[0, 1], [1, 0], [0.5, 0.5]], dtype), np.array([0, 1, 0])
        least = float(np.finfo(dtype).eps)
        expected = metrics.log_loss(t, y)
        assert lw.CategoricalCrossEntropy(epsilon=least)(y, t) == pytest.approx(expected, rel=1e-6)
        assert lw.BinaryCrossEntropy(epsilon=least)(y[:, 1:], t[:, None]) == pytest.approx(expected, rel=1e-6)

    @pytest.mark.parametrize("loss", [lw.CategoricalCrossEntropy, lw.BinaryCrossEntropy])
    def test_an_epsilon_below_what_the_type_holds_leaves_everything_finite(self, loss):
        for dtype, least in ((np.float64, 1e-300), (np.float32, float(np.finfo(np.float32).tiny))):
            y, t = np.array([[0.0, 1.0]], dtype), np.array([[1.0, 0.0]], dtype)
            assert forward(loss(epsilon=1e-300), y, t)[0] == pytest.approx(-np.log(least), rel=1e-6)
            assert np.isfinite(backward(loss(epsilon=1e-300), y, t)).all()

    def test_label_smoothing_mixes_in_every_class_evenly(self):
        y, t = special.softmax(np.random.default_rng(0).normal(size=(5, 4)), axis=1), np.array([0, 1, 2, 3, 0])
        every = [metrics.log_loss(np.full(5, k), y, labels=range(4)) for k in range(4)]
        expected = 0.7 * metrics.log_loss(t, y) + 0.3 * np.mean(every)
        assert lw.CategoricalCrossEntropy(label_smoothing=0.3)(y, t) == pytest.approx(expected, rel=1e-12)

    def test_label_smoothing_of_yes_and_no(self):
        # 0.2: yes counts as 0.9, no as 0.1
        y = np.array([[0.8], [0.3]])
        expected = -(0.9 * np.log(0.8) + 0.1 * np.log(0.2) + 0.1 * np.log(0.3) + 0.9 * np.log(0.7)) / 2
        assert lw.BinaryCrossEntropy(label_smoothing=0.2)(y, [[1], [0]]) == pytest.approx(expected, rel=1e-12)

    def test_smoothing_reaches_training_with_labels_and_with_one_hot_rows(self):
        loss, X = lw.CategoricalCrossEntropy(label_smoothing=0.3), np.random.default_rng(0).normal(size=(6, 2))
        labels, nets = np.array([0, 1, 2, 0, 1, 2]), []
        for y in (labels, np.eye(3)[labels], 0.7 * np.eye(3)[labels] + 0.1):
            net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0, dtype="float64")
            smoothed = y is not labels and y[0, 0] < 1
            net.fit(X, y, loss=lw.CategoricalCrossEntropy() if smoothed else loss, epochs=2, verbose=False)
            nets.append(net)
        np.testing.assert_allclose(nets[0].theta, nets[1].theta, rtol=1e-13)
        np.testing.assert_allclose(nets[0].theta, nets[2].theta, rtol=1e-12)


class TestFused:
    @pytest.mark.parametrize(
        ("loss", "last"),
        [
            (lw.CategoricalCrossEntropy(), lw.Softmax()),
            (lw.CategoricalCrossEntropy(label_smoothing=0.1), lw.Softmax()),
            (lw.BinaryCrossEntropy(), lw.Sigmoid()),
            (lw.BinaryCrossEntropy(reduction="sum", label_smoothing=0.1), lw.Sigmoid()),
        ],
        ids=repr,
    )
    def test_the_joint_gradient_is_the_two_in_turn(self, loss, last):
        scores = np.random.default_rng(0).normal(size=(7, 4))
        net = lw.Network([last], dtype="float64")
        y, (_, t) = net.forward(scores), data_for(loss, n=7, outputs=4)
        joint = np.empty_like(y)
        loss.backward_fused(y, t, joint)
        np.testing.assert_allclose(joint, net.backward(backward(loss, y, t)), rtol=1e-10, atol=1e-13)

    @pytest.mark.parametrize("kind", [lw.Softmax, lw.Sigmoid])
    def test_training_is_the_same_with_and_without(self, kind):
        class Apart(kind):  # not the very class, so that it is not fused
            pass

        X, loss = np.random.default_rng(0).normal(size=(20, 3)), kind is lw.Softmax
        y = np.arange(20) % 4 if loss else np.random.default_rng(1).integers(2, size=(20, 4))
        loss = lw.CategoricalCrossEntropy() if loss else lw.BinaryCrossEntropy()
        nets = [lw.Network([lw.Dense(4), last], random_state=0, dtype="float64") for last in (kind(), Apart())]
        for net in nets:
            net.fit(X, y, loss=loss, optimizer=lw.SGD(0.3), epochs=10, batch_size=7, verbose=False)
        np.testing.assert_allclose(nets[0].theta, nets[1].theta, rtol=1e-9, atol=1e-12)

    def test_certain_and_wrong_answers_still_teach(self):
        # σ(-800) is 0: alone, the sigmoid's slope there is 0 and nothing would be learned
        net = lw.Network([lw.Dense(1, weights=[[-800.0]]), lw.Sigmoid()])
        net.fit([[1.0], [1.0]], [[1.0], [0.0]], optimizer=lw.SGD(1.0), epochs=1, batch_size=1, shuffle=False,
                verbose=False)  # fmt: skip
        assert net.theta[0] == pytest.approx(-799)

    @pytest.mark.parametrize("lost", ["f", "derivative", "forward", "backward"])
    def test_a_class_with_another_formula_has_not_the_joint_gradient(self, lost):
        own = {"f": lambda self, y, t: t * (1 - y), "derivative": lambda self, y, t: 2 * (y - t)}
        own |= dict.fromkeys(("forward", "backward"), lambda self, *arrays: None)
        kind = type("Other", (lw.CategoricalCrossEntropy,), {lost: own[lost]})
        assert lw.CategoricalCrossEntropy.fuses()
        assert not kind.fuses()
        assert type("Fused", (kind,), {"fused": lambda self, y, t: y - t}).fuses()
        assert type("OnArrays", (kind,), {"backward_fused": lambda self, y, t, dz: None}).fuses()

    def test_a_custom_joint_gradient_is_a_formula_or_on_arrays(self):
        class Half(lw.CategoricalCrossEntropy):
            def fused(self, y, t):
                return (y - t) / 2

        class OnArrays(Half):
            def backward_fused(self, y, t, dz):
                super().backward_fused(y, t, dz)
                np.multiply(dz, 2, out=dz)

        X, y = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 4
        moved = []
        for loss in (lw.CategoricalCrossEntropy(), Half(), OnArrays()):
            net = lw.Network([lw.Dense(4), lw.Softmax()], random_state=0, dtype="float64").build(3)
            before = net.theta.copy()
            net.fit(X, y, loss=loss, optimizer=lw.SGD(0.1), epochs=1, batch_size=20, engine="numpy", verbose=False)
            moved.append(net.theta - before)
        np.testing.assert_allclose(moved[1], moved[0] / 2, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(moved[2], moved[0], rtol=1e-12, atol=1e-15)


class TestPositiveWeights:
    def test_one_for_each_output_is_each_output_by_itself(self):
        y, t = data_for(lw.BinaryCrossEntropy(), n=5)
        loss = lw.BinaryCrossEntropy(pos_weight=(0.5, 2.0, 7.0), reduction="sum")
        of_each = [lw.BinaryCrossEntropy(pos_weight=p) for p in (0.5, 2.0, 7.0)]
        columns = [forward(own, y[:, [j]], t[:, [j]]) for j, own in enumerate(of_each)]
        np.testing.assert_allclose(forward(loss, y, t), sum(columns), rtol=1e-14)
        slopes = [backward(own, y[:, [j]], t[:, [j]]) for j, own in enumerate(of_each)]
        np.testing.assert_allclose(backward(loss, y, t), np.hstack(slopes), rtol=1e-14)
        assert [repr(loss.of_output(j)) for j in (0, 2)] == [
            "BinaryCrossEntropy(reduction='sum', pos_weight=0.5)", "BinaryCrossEntropy(reduction='sum', pos_weight=7.0)"
        ]  # fmt: skip

    def test_a_class_derived_from_it_keeps_them(self, tmp_path):
        class Mine(lw.BinaryCrossEntropy):
            pass

        X, y = np.random.default_rng(0).normal(size=(20, 3)), np.random.default_rng(1).integers(2, size=(20, 2))
        nets = []
        for kind in (lw.BinaryCrossEntropy, Mine):
            net = lw.Network([lw.Dense(2), lw.Sigmoid()], random_state=0, dtype="float64")
            net.fit(X, y, loss=kind(pos_weight=(0.5, 3.0)), epochs=3, engine="numpy", verbose=False)
            nets.append(net)
        assert nets[0].theta.tobytes() == nets[1].theta.tobytes()
        nets[1].save(tmp_path / "net")
        assert lw.load(tmp_path / "net", custom=[Mine]).loss.pos_weight == (0.5, 3.0)


class TestCall:
    def test_labels_and_one_hot_are_the_same(self):
        y = [[0.2, 0.8], [0.6, 0.4]]
        assert lw.MeanSquaredError()(y, [1, 0]) == lw.MeanSquaredError()(y, [[0, 1], [1, 0]])

    @pytest.mark.parametrize("labels", [[0, 2], [0, -1], [0, 0.5], ["a", "b"]])
    def test_labels_out_of_range_name_the_row(self, labels):
        row = 0 if labels[0] == "a" else 1
        with pytest.raises(lw.DataError, match=rf"CategoricalCrossEntropy: the label of row {row} is .*0 to 1"):
            lw.CategoricalCrossEntropy()([[0.2, 0.8], [0.6, 0.4]], labels)

    def test_shapes_that_do_not_fit(self):
        with pytest.raises(lw.ShapeError, match=r"MeanSquaredError: outputs of shape \(2, 2\).*\(3, 2\)"):
            lw.MeanSquaredError()([[1, 2], [3, 4]], [[1, 2], [3, 4], [5, 6]])
        with pytest.raises(lw.ShapeError, match=r"outputs of shape \(2, 2\) and targets of shape \(3,\)"):
            lw.CategoricalCrossEntropy()([[0.2, 0.8], [0.6, 0.4]], [0, 1, 1])

    def test_it_leaves_its_arguments_alone(self):
        y, t = np.array([[0.2, 0.8]]), np.array([[0.0, 1.0]])
        lw.CategoricalCrossEntropy(label_smoothing=0.5)(y, t)
        assert y.tolist() == [[0.2, 0.8]]
        assert t.tolist() == [[0, 1]]

    def test_it_is_what_evaluate_reports(self):
        X, y = lw.datasets.make_spiral(samples=50)
        net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0, dtype="float64")
        assert net.evaluate(X, y)["loss"] == pytest.approx(lw.CategoricalCrossEntropy()(net.forward(X), y), rel=1e-12)


class TestArguments:
    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda: lw.Huber(delta=0), "Huber: delta must be above 0; got 0"),
            (lambda: lw.Quantile(q=1), "Quantile: q must be below 1; got 1"),
            (lambda: lw.Quantile(q=0.0), "Quantile: q must be above 0"),
            (lambda: lw.CategoricalCrossEntropy(label_smoothing=1.0), "label_smoothing must be below 1"),
            (lambda: lw.BinaryCrossEntropy(label_smoothing=-0.1), "label_smoothing must be at least 0"),
            (lambda: lw.CategoricalCrossEntropy(epsilon=0.0), "CategoricalCrossEntropy: epsilon must be above 0"),
            (lambda: lw.BinaryCrossEntropy(epsilon=0.5), "BinaryCrossEntropy: epsilon must be below 0.5"),
            (lambda: lw.BinaryCrossEntropy(reduction="total"), 'reduction must be "mean" or "sum"; got \'total\''),
        ],
    )
    def test_out_of_range(self, make, words):
        with pytest.raises(ValueError, match=words):
            make()

    def test_names(self):
        net = lw.Network([lw.Dense(1)], random_state=0)
        assert isinstance(net.choose_loss("mean_squared_error"), lw.MeanSquaredError)
        assert isinstance(net.choose_loss("Huber"), lw.Huber)
        with pytest.raises(lw.UnknownNameError, match="did you mean 'MeanSquaredError'"):
            net.choose_loss("mean_square_error")

    def test_the_loss_that_suits_the_last_layer(self):
        for last, kind in (
            (lw.Softmax(), lw.CategoricalCrossEntropy),
            (lw.Sigmoid(), lw.BinaryCrossEntropy),
            (lw.Dense(1), lw.MeanSquaredError),
        ):
            assert isinstance(lw.Network([lw.Dense(2), last]).choose_loss(), kind)

    @pytest.mark.parametrize(
        ("loss", "outputs", "ending"),
        [(lw.CategoricalCrossEntropy(), 3, "Softmax"), (lw.BinaryCrossEntropy(), 1, "Sigmoid")],
    )
    def test_a_loss_of_probabilities_refuses_any_numbers(self, loss, outputs, ending):
        net = lw.Network([lw.Dense(outputs)], random_state=0)
        with pytest.raises(lw.GradientError, match=rf"Dense\({outputs}\).*any number: end with {ending}\(\)"):
            net.fit(np.eye(3), [0, 1, 1], loss=loss, verbose=False)


def test_the_quantile_is_what_is_learned():
    rng = np.random.default_rng(0)
    y = rng.exponential(size=4000)
    net = lw.Network([lw.Dense(1, weights="zeros")], random_state=0)
    net.fit(np.zeros((4000, 1)), y, loss=lw.Quantile(0.8), optimizer=lw.Adam(0.02), batch_size=4000, epochs=400,
            verbose=False)  # fmt: skip
    assert net.predict(np.zeros((1, 1)))[0] == pytest.approx(np.quantile(y, 0.8), abs=0.03)


def test_every_loss_can_be_encoded_for_labels():
    for loss in EXAMPLES:
        targets = encode([0, 2, 1], 3, loss, np.dtype(np.float64))
        np.testing.assert_allclose(targets.values(3).sum(axis=1), 1 + (loss.label_smoothing * 0.5) * (
            isinstance(loss, lw.BinaryCrossEntropy)))  # fmt: skip


def test_a_vector_is_the_outputs_of_one_sample():
    """As for the activations: a cost that sums over the outputs is not divided by their number."""
    assert lw.QuadraticCost()([0.5, 0.0], [0.0, 1.0]) == pytest.approx((0.25 + 1) / 2)
    assert lw.CategoricalCrossEntropy()([0.7, 0.1, 0.2], [1, 0, 0]) == pytest.approx(-np.log(0.7))
    assert lw.CategoricalCrossEntropy()([0.7, 0.1, 0.2], 0) == pytest.approx(-np.log(0.7))
    assert lw.QuadraticCost()([[0.5], [0.0]], [0.0, 1.0]) == pytest.approx((0.125 + 0.5) / 2)


def test_short_names():
    assert repr(as_loss("mse")) == "MeanSquaredError()"
    assert repr(as_loss("mae")) == "MeanAbsoluteError()"


class TestPosWeight:
    """p of -(p t log y + (1 - t) log(1 - y))."""

    P = (0.5, 1.0, 7.0)

    def test_by_hand(self):
        y, t = [[0.25, 0.5, 0.8], [0.5, 0.75, 0.1]], [[1, 0, 1], [0, 1, 1]]
        terms = [
            [0.5 * np.log(4), np.log(2), 7 * np.log(1.25)],
            [np.log(2), np.log(4 / 3), 7 * np.log(10)],
        ]
        assert lw.BinaryCrossEntropy(pos_weight=self.P)(y, t) == pytest.approx(np.mean(terms), rel=1e-6)
        summed = lw.BinaryCrossEntropy(pos_weight=self.P, reduction="sum")
        assert summed(y, t) == pytest.approx(np.sum(terms) / 2, rel=1e-6)

    @every_type
    @pytest.mark.parametrize("reduction", ["mean", "sum"])
    @pytest.mark.parametrize("p", [P, 3.0])
    def test_gradients(self, p, reduction, dtype):
        """By the outputs, central differences; by the sigmoid's inputs, those times y (1 - y). Soft targets too."""
        loss = lw.BinaryCrossEntropy(pos_weight=p, reduction=reduction)
        y, t = data_for(loss)
        t = 0.1 + 0.7 * t
        found, fused = backward(loss, y.astype(dtype), t.astype(dtype)), np.empty(y.shape, dtype)
        loss.backward_fused(y.astype(dtype), t.astype(dtype), fused)
        h, tolerance = 1e-6, {"rel": 1e-5 if dtype == np.float32 else 1e-8, "abs": 1e-6}
        for i, j in np.ndindex(y.shape):
            step = np.zeros_like(y)
            step[i, j] = h
            numeric = (forward(loss, y + step, t)[i] - forward(loss, y - step, t)[i]) / (2 * h)
            assert found[i, j] == pytest.approx(numeric, **tolerance)
            assert fused[i, j] == pytest.approx(numeric * y[i, j] * (1 - y[i, j]), **tolerance)

    def test_ones_change_nothing(self):
        y, t = data_for(lw.BinaryCrossEntropy())
        plain, ones = lw.BinaryCrossEntropy(), lw.BinaryCrossEntropy(pos_weight=(1, 1, 1))
        np.testing.assert_array_equal(forward(plain, y, t), forward(ones, y, t))
        np.testing.assert_array_equal(backward(plain, y, t), backward(ones, y, t))

    def test_it_is_a_weight_of_the_rows_that_say_yes(self, rng):
        X, y = rng.standard_normal((30, 2)), rng.integers(0, 2, 30)
        options = {"optimizer": lw.SGD(0.5), "epochs": 5, "batch_size": 7, "verbose": False}
        weighted = lw.Network([lw.Dense(1), lw.Sigmoid()], random_state=0, dtype="float64")
        plain = weighted.copy()
        weighted.fit(X, y, loss=lw.BinaryCrossEntropy(pos_weight=3.0), **options)
        weights = np.where(y == 1, 3.0, 1.0)
        options["optimizer"] = lw.SGD(0.5 * weights.mean())  # weights of samples are brought to mean 1
        plain.fit(X, y, loss=lw.BinaryCrossEntropy(), sample_weight=weights, **options)
        np.testing.assert_allclose(weighted.theta, plain.theta, rtol=1e-10)

    @pytest.mark.parametrize("engine", ["numpy", "auto"])
    def test_rare_yes_answers_are_found(self, engine, rng):
        X = rng.standard_normal((2000, 2))
        Y = np.stack([X[:, 0] + rng.standard_normal(2000) > 2.6, X[:, 1] > 0], axis=1).astype(int)
        said = []
        for p in (None, (15.0, 1.0)):
            net = lw.Network([lw.Dense(2), lw.Sigmoid()], random_state=0)
            loss = lw.BinaryCrossEntropy(pos_weight=p)
            net.fit(X, Y, loss=loss, optimizer=lw.Adam(0.05), epochs=10, engine=engine, verbose=False)
            said.append(net.predict(X)[Y[:, 0] == 1, 0].mean())
        assert said[0] < 0.4 < 0.6 < said[1]

    def test_the_model_file_has_it(self, tmp_path, rng):
        X, Y = rng.standard_normal((12, 2)), rng.integers(0, 2, (12, 3))
        for p in (self.P, 2.5):
            net = lw.Network([lw.Dense(3), lw.Sigmoid()], random_state=0)
            net.fit(X, Y, loss=lw.BinaryCrossEntropy(pos_weight=p), epochs=1, verbose=False)
            net.save(tmp_path / "net.safetensors")
            loaded = lw.load(tmp_path / "net.safetensors")
            assert loaded.loss.pos_weight == p
            assert loaded.evaluate(X, Y) == net.evaluate(X, Y)

    @pytest.mark.parametrize(
        ("p", "words"),
        [
            (0, "pos_weight must be above 0; got 0"),
            ((1, -2), "pos_weight must be above 0; got -2"),
            (np.nan, "pos_weight must be a finite number"),
            ([], "a number, or one an output"),
            ([[1.0]], "a number, or one an output"),
        ],
    )
    def test_malformed(self, p, words):
        with pytest.raises(ValueError, match=words):
            lw.BinaryCrossEntropy(pos_weight=p)

    def test_one_for_each_output(self, rng):
        net = lw.Network([lw.Dense(3), lw.Sigmoid()], random_state=0)
        with pytest.raises(lw.ShapeError, match=r"pos_weight has 2 numbers, the network 3 outputs"):
            net.fit(rng.random((4, 2)), np.eye(4)[:, :3], loss=lw.BinaryCrossEntropy(pos_weight=[1, 2]), verbose=False)
        with pytest.raises(lw.ShapeError, match="pos_weight has 2 numbers"):
            lw.BinaryCrossEntropy(pos_weight=[1, 2])([[0.5] * 3], [[1, 0, 1]])
