import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import linear_model

import layerwise as lw
from layerwise.parts.penalties import PENALTIES, Penalty

pytestmark = pytest.mark.usefixtures("each_engine")

X = np.random.default_rng(0).normal(size=(12, 3))
Y = np.arange(12) % 3


def network(first=None, second=None):
    layers = [lw.Dense(4, biases="normal", penalty=first), lw.Tanh(), lw.Dense(3, biases="normal", penalty=second)]
    return lw.Network([*layers, lw.Softmax()], random_state=0, dtype="float64")


def reported(net, penalty=None):
    """The penalty before any training: a step of no size."""
    net.fit(X, Y, penalty=penalty, optimizer=lw.SGD(1e-300), epochs=1, batch_size=12, verbose=False)
    return net.evaluate(X, Y)["penalty"]


def test_every_penalty_is_listed():
    assert set(PENALTIES) == {kind for kind in Penalty.__subclasses__() if kind.__module__.startswith("layerwise.")}


class TestValues:
    def test_by_hand(self):
        w = np.array([3.0, -4.0, 0.0])
        assert lw.L2(1.0).value(w, np.empty(3)) == 25
        assert lw.L1(1.0).value(w, np.empty(3)) == 7

    @pytest.mark.parametrize("penalty", [lw.L1(1.0), lw.L2(1.0)], ids=repr)
    @settings(deadline=None, max_examples=30)
    @given(st.lists(st.floats(1e-2, 50) | st.floats(-50, -1e-2), min_size=1, max_size=8))
    def test_the_gradient_is_the_central_difference(self, penalty, values):
        w, h = np.array(values), 1e-5
        gradient, tmp = np.empty_like(w), np.empty_like(w)
        penalty.gradient(w, gradient)
        for i in range(len(w)):
            above, below = w.copy(), w.copy()
            above[i] += h
            below[i] -= h
            numeric = (penalty.value(above, tmp) - penalty.value(below, tmp)) / (2 * h)
            assert gradient[i] == pytest.approx(numeric, rel=1e-5, abs=1e-4)

    def test_l1_pulls_a_zero_neither_way(self):
        gradient = np.empty(1)
        lw.L1(1.0).gradient(np.zeros(1), gradient)
        assert gradient[0] == 0


class TestWhatIsPenalized:
    def test_weights_only_unless_biases_are_asked_for(self):
        w1, _, w2, _ = network().build(3).get_parameters()
        assert reported(network(), lw.L2(0.1)) == pytest.approx(0.1 * (np.sum(w1**2) + np.sum(w2**2)), rel=1e-12)
        assert reported(network(), lw.L1(0.1)) == pytest.approx(0.1 * np.abs(w1).sum() + 0.1 * np.abs(w2).sum())

    def test_biases_have_a_strength_of_their_own(self):
        w1, b1, w2, b2 = network().build(3).get_parameters()
        weights, biases = np.sum(w1**2) + np.sum(w2**2), np.sum(b1**2) + np.sum(b2**2)
        assert reported(network(), lw.L2(0.1, biases=3.0)) == pytest.approx(0.1 * weights + 3 * biases, rel=1e-12)
        assert reported(network(), lw.L2(0.0, biases=3.0)) == pytest.approx(3 * biases, rel=1e-12)

    def test_several_are_added(self):
        w1, _, w2, _ = network().build(3).get_parameters()
        both = sum(0.1 * np.abs(w).sum() + 0.2 * np.sum(w**2) for w in (w1, w2))
        assert reported(network(), [lw.L1(0.1), lw.L2(0.2)]) == pytest.approx(both, rel=1e-12)

    def test_a_layers_own_takes_the_place_of_the_networks(self):
        w1, _, w2, _ = network().build(3).get_parameters()
        found = reported(network(first=lw.L1(0.5)), lw.L2(0.1))
        assert found == pytest.approx(0.5 * np.abs(w1).sum() + 0.1 * np.sum(w2**2), rel=1e-12)

    def test_a_layer_can_be_left_out(self):
        _, _, w2, _ = network().build(3).get_parameters()
        assert reported(network(first=[]), lw.L2(0.1)) == pytest.approx(0.1 * np.sum(w2**2), rel=1e-12)

    def test_none_is_zero(self):
        assert reported(network()) == 0

    def test_by_the_batch_it_is_divided_by_its_rows_and_in_evaluation_by_all(self):
        w1, _, w2, _ = network().build(3).get_parameters()
        squares = np.sum(w1**2) + np.sum(w2**2)
        assert reported(network(), lw.L2(0.6, per_batch=True)) == pytest.approx(0.6 / 12 * squares, rel=1e-12)
        history = network().fit(
            X, Y, penalty=lw.L2(0.6, per_batch=True), optimizer=lw.SGD(1e-300), epochs=1, batch_size=5, verbose=False
        )
        # 5, 5 and 2 rows: the mean over the rows of 0.6 / 5, 0.6 / 5 and 0.6 / 2 is 0.6 · 3 / 12
        assert history["penalty"][0] == pytest.approx(0.6 * 3 / 12 * squares, rel=1e-12)

    @pytest.mark.parametrize(
        "penalty",
        [
            lw.L1(0.3),
            lw.L2(0.3),
            lw.L2(0.1, biases=0.7),
            [lw.L1(0.2, biases=0.1), lw.L2(0.4)],
            [lw.L1(2.0, per_batch=True), lw.L2(4.0, 3.0, per_batch=True)],
        ],
        ids=repr,
    )
    def test_in_a_network_the_gradient_is_right(self, penalty):
        assert lw.gradcheck(network(), X, Y, penalty=penalty).error < 1e-6
        assert lw.gradcheck(network(), X, Y, penalty=penalty, sample_weight=np.arange(12)).error < 1e-6
        assert lw.gradcheck(network(first=penalty, second=lw.L2(0.9)), X, Y, penalty=lw.L1(0.1)).error < 1e-6


class TestTraining:
    def test_data_loss_and_penalty_are_apart(self):
        net = network()
        before = network().build(3).evaluate(X, Y)["loss"]
        history = net.fit(X, Y, penalty=lw.L2(0.5), optimizer=lw.SGD(1e-300), epochs=1, verbose=False)
        assert history["loss"][0] == pytest.approx(before, rel=1e-12)  # the penalty is not in it
        assert history["penalty"][0] > 1

    def test_validation_reports_it_too(self):
        history = network().fit(X, Y, penalty=lw.L2(0.5), validation_data=(X, Y), epochs=2, verbose=False)
        assert set(history) >= {"penalty", "val_penalty", "val_loss"}
        assert history["val_penalty"][1] < history["val_penalty"][0]

    def test_nielsens_step_shrinks_the_weights(self):
        # his L2 is λ/(2n) Σ w²; a step is w ← (1 - ηλ/n) w - η ∂C/∂w, biases as without it
        eta, lam, n = 0.5, 5.0, len(X)
        net = network().build(3)
        w1, b1, w2, b2 = net.get_parameters()
        plain = net.copy()
        options = {"optimizer": lw.SGD(eta), "batch_size": n, "epochs": 1, "verbose": False}
        plain.fit(X, Y, **options)
        net.fit(X, Y, penalty=lw.L2(lam / (2 * n)), **options)
        shrunk = [-eta * lam / n * w1, 0 * b1, -eta * lam / n * w2, 0 * b2]
        for found, without, extra in zip(net.get_parameters(), plain.get_parameters(), shrunk, strict=True):
            np.testing.assert_allclose(found - without, extra, rtol=1e-9, atol=1e-14)

    def test_ridge_regression(self):
        rng = np.random.default_rng(1)
        A = rng.normal(size=(40, 3))
        t = A @ [1.0, -2.0, 0.5] + 0.7 + 0.1 * rng.normal(size=40)
        net = lw.Network([lw.Dense(1)], random_state=0, dtype="float64")
        net.fit(A, t, penalty=lw.L2(0.05), optimizer=lw.SGD(0.2), batch_size=40, epochs=500, verbose=False)
        # mean of squares + λ Σ w² is scikit-learn's sum of squares + α Σ w² for α = 40 λ
        ridge = linear_model.Ridge(alpha=40 * 0.05).fit(A, t)
        np.testing.assert_allclose(net.get_parameters()[0][:, 0], ridge.coef_, rtol=1e-8)
        np.testing.assert_allclose(net.get_parameters()[1], ridge.intercept_, rtol=1e-8)

    def test_lasso_regression(self):
        rng = np.random.default_rng(1)
        A = rng.normal(size=(40, 3))
        t = A @ [1.0, 0.0, 0.5] + 0.7 + 0.1 * rng.normal(size=40)
        net = lw.Network([lw.Dense(1)], random_state=0, dtype="float64")
        options = {"penalty": lw.L1(0.2), "batch_size": 40, "verbose": False}
        net.fit(A, t, optimizer=lw.SGD(0.2), epochs=300, **options)
        net.fit(A, t, optimizer=lw.SGD(1e-3), epochs=3000, **options)
        # scikit-learn's is half the mean of squares + α Σ |w|: α = λ / 2
        lasso = linear_model.Lasso(alpha=0.1).fit(A, t)
        np.testing.assert_allclose(net.get_parameters()[0][:, 0], lasso.coef_, atol=1e-3)

    def test_it_survives_saving(self, tmp_path):
        net = network(first=lw.L1(0.5))
        expected = reported(net, lw.L2(0.1))
        net.save(tmp_path / "net.safetensors")
        loaded = lw.load(tmp_path / "net.safetensors")
        assert loaded.evaluate(X, Y)["penalty"] == expected
        assert repr(loaded.layers) == repr(net.layers)


@pytest.mark.parametrize("strength", [-1, np.nan, np.inf, "0.1", None])
@pytest.mark.parametrize("kind", [lw.L1, lw.L2])
def test_strengths_that_are_none(kind, strength):
    with pytest.raises(ValueError, match=rf"{kind.__name__}: weights must be"):
        kind(strength)
    with pytest.raises(ValueError, match=rf"{kind.__name__}: biases must be"):
        kind(0.1, biases=strength)


def test_what_is_no_penalty():
    with pytest.raises(TypeError, match=r"Dense: penalty must be a penalty .*, such as L2\(0\.001\); got 0\.1"):
        lw.Dense(3, penalty=0.1)
    with pytest.raises(TypeError, match=r"such as L2\(0\.001\); got <class"):
        network().fit(X, Y, penalty=lw.L2, verbose=False)
