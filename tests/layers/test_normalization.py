"""Normalization: figures worked by hand, and what running means do."""

import numpy as np
import pytest

import layerwise as lw

pytestmark = pytest.mark.usefixtures("each_engine")

# Three samples of two inputs. Means over the samples: 3 and 10; variances (4 + 0 + 4) / 3 = 8/3, (0 + 9 + 9) / 3 = 6.
X = np.array([[1.0, 10.0], [3.0, 7.0], [5.0, 13.0]])
VAR = np.array([8 / 3, 6.0])
# What comes back: the gradient of Σ dy · y.
DY = np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])


def engine(net, X, y, batch_size, **arguments):
    class Capture(lw.Callback):
        def on_fit_begin(self, run):
            self.engine = run.engine
            run.stop("captured")

    capture = Capture()
    net.fit(X, y, batch_size=batch_size, callbacks=[capture], engine="numpy", verbose=False, **arguments)
    return capture.engine


class TestBatchNorm:
    def test_a_batch_by_hand(self):
        net = lw.Network([lw.BatchNorm(epsilon=1e-12)], dtype="float64").build(2)
        net.set_parameters([[2.0, 1.0], [0.0, 5.0], [0.0, 0.0], [1.0, 1.0]])  # gamma, beta, mean, var
        # x̂: (-2, 0, 2) / √(8/3) and (0, -3, 3) / √6;  y = 2 x̂ and x̂ + 5
        np.testing.assert_allclose(
            net.forward(X, training=True),
            np.array([[-4.0, 0.0], [0.0, -3.0], [4.0, 3.0]]) / np.sqrt(VAR) + [0.0, 5.0],
            atol=1e-9,
        )
        # ∂γ = Σ dy x̂ = -2 / √(8/3) and 2 · -3 / √6;  ∂β = 1 and 2
        # dx = γ / σ (dy - ∂β / 3 - x̂ ∂γ / 3), x̂ ∂γ / 3: (-2, 0, 2) · -2 / (3 · 8/3) = (1/2, 0, -1/2)
        # and (0, -3, 3) · -6 / (3 · 6) = (0, 1, -1)
        # so 2 / √(8/3) · (1 - 1/3 - 1/2, -1/3, -1/3 + 1/2) and 1 / √6 · (-2/3, 2 - 2/3 - 1, -2/3 + 1)
        expected = np.array([[2 / 6, -2 / 3], [-2 / 3, 1 / 3], [2 / 6, 1 / 3]]) / np.sqrt(VAR)
        np.testing.assert_allclose(net.backward(DY), expected, atol=1e-9)
        np.testing.assert_allclose(net.grad, [-2 / np.sqrt(8 / 3), -6 / np.sqrt(6), 1, 2, 0, 0, 0, 0], atol=1e-9)

    def test_the_running_means_follow_each_step(self):
        net = lw.Network([lw.BatchNorm(momentum=0.8)], dtype="float64")
        net.fit(X, X, optimizer=lw.SGD(0.1, weight_decay=0.5), epochs=1, batch_size=3, verbose=False)
        *_, mean, var = net.get_parameters()
        np.testing.assert_allclose(mean, 0.2 * np.array([3.0, 10.0]))  # 0.8 · 0 + 0.2 · μ
        np.testing.assert_allclose(var, 0.8 + 0.2 * VAR * 3 / 2)  # 0.8 · 1 + 0.2 σ² · 3 / (3 - 1)

    def test_prediction_uses_them(self):
        net = lw.Network([lw.BatchNorm(epsilon=1.0)], dtype="float64").build(2)
        net.set_parameters([[2.0, 1.0], [0.5, 0.0], [1.0, 4.0], [3.0, 8.0]])
        # (1 - 1) / √4 · 2 + 0.5 and (10 - 4) / √9
        for found in (net.forward(X[0]), net.outputs(X)[0], net.activations(X)[0][0]):
            np.testing.assert_allclose(found, [0.5, 2.0])

    def test_a_batch_of_one_is_beta_and_teaches_beta_alone(self):
        net = lw.Network([lw.BatchNorm()], dtype="float64").build(2)
        net.set_parameters([[2.0, 1.0], [0.5, 7.0], [1.0, 4.0], [3.0, 8.0]])
        np.testing.assert_array_equal(net.forward(X[:1], training=True), [[0.5, 7.0]])
        np.testing.assert_array_equal(net.backward([[3.0, 4.0]]), [[0.0, 0.0]])
        np.testing.assert_array_equal(net.grad, [0, 0, 3, 4, 0, 0, 0, 0])
        net.fit(X, X, optimizer=lw.SGD(0.1), epochs=1, batch_size=1, verbose=False)
        np.testing.assert_array_equal(net.theta[4:], [1, 4, 3, 8])

    def test_a_frozen_one_stays_as_it_is(self):
        net = lw.Network([lw.BatchNorm(), lw.Dense(2)], random_state=0)
        run = engine(net, X, X, 3, optimizer=lw.Adam())
        before = net.theta.copy()
        run.frozen = {0}
        run.run(0, 1, 0)
        np.testing.assert_array_equal(net.theta[:8], before[:8])
        assert (net.theta[8:12] != before[8:12]).all()

    def test_large_means_cost_no_digits_of_the_variance(self):
        x = np.float32(1e4) + np.arange(8, dtype=np.float32)[:, None]
        y = lw.Network([lw.BatchNorm(epsilon=1e-12)]).forward(x, training=True)
        np.testing.assert_allclose(y[:, 0], (np.arange(8) - 3.5) / np.sqrt(5.25), rtol=1e-5)

    def test_training_brings_outputs_of_another_scale_to_order(self, rng):
        """Prediction after training is that of the whole set as a batch."""
        X = rng.standard_normal((512, 3)) * [1, 100, 1e-3] + [0, 1e3, 5]
        net = lw.Network([lw.BatchNorm()], dtype="float64", random_state=0)
        net.fit(X, X * 0, optimizer=lw.SGD(1e-9), epochs=60, batch_size=64, verbose=False)
        y = net.outputs(X)
        np.testing.assert_allclose(y.mean(axis=0), 0, atol=0.05)
        np.testing.assert_allclose(y.std(axis=0)[:2], 1, atol=0.05)  # ε is no less than the third variance

    def test_it_survives_saving_and_goes_on(self, tmp_path, rng):
        X, y = rng.standard_normal((50, 4)), np.arange(50) % 3
        net = lw.Network([lw.Dense(5), lw.BatchNorm(), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
        net.fit(X, y, epochs=2, verbose=False)
        net.save(tmp_path / "net.safetensors", optimizer=True)
        loaded = lw.load(tmp_path / "net.safetensors")
        np.testing.assert_array_equal(loaded.outputs(X), net.outputs(X))
        for one in (net, loaded):
            one.fit(X, y, epochs=2, verbose=False)
        np.testing.assert_array_equal(loaded.theta, net.theta)

    @pytest.mark.parametrize("value", [0.1, 3.0, 1e6])
    @pytest.mark.parametrize("n", [3, 83, 500])
    def test_a_constant_input_is_beta(self, value, n):
        y = lw.Network([lw.BatchNorm()]).forward(np.full((n, 2), value), training=True)
        np.testing.assert_allclose(y, 0, atol=0 if value >= 1 else 1e-3)  # 0.1 has no end in binary; its sum is rounded


class TestLayerNorm:
    def test_by_hand(self):
        net = lw.Network([lw.LayerNorm(epsilon=1e-12)], dtype="float64").build(3)
        net.set_parameters([[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]])
        # of (1, 3, 8): mean 4, variance (9 + 1 + 16) / 3 = 26/3;  x̂ = (-3, -1, 4) / √(26/3)
        s = np.sqrt(26 / 3)
        np.testing.assert_allclose(net.forward([1.0, 3.0, 8.0]), [-3 / s, -2 / s, 12 / s + 1])
        # dy = (1, 0, 0), d = dy γ = (1, 0, 0): mean 1/3, mean of d x̂ = -1 / s
        # dx = (d - 1/3 + x̂ / s) / s, x̂ / s = (-3, -1, 4) · 3/26
        expected = (np.array([1.0, 0, 0]) - 1 / 3 + np.array([-3.0, -1, 4]) * 3 / 26) / s
        np.testing.assert_allclose(net.backward([1.0, 0.0, 0.0]), expected, atol=1e-11)
        np.testing.assert_allclose(net.grad, [-3 / s, 0, 0, 1, 0, 0])

    def test_shift_and_factor_of_a_sample_change_nothing(self, rng):
        net = lw.Network([lw.LayerNorm(epsilon=1e-12)], dtype="float64")
        x = rng.standard_normal((5, 7))
        np.testing.assert_allclose(net.forward(3 * x + 100), net.forward(x), atol=1e-9)

    def test_equal_inputs_are_beta(self):
        net = lw.Network([lw.LayerNorm()], dtype="float64").build(3)
        net.set_parameters([[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]])
        np.testing.assert_array_equal(net.forward([4.0, 4.0, 4.0]), [1, 2, 3])


class TestScale:
    def test_by_hand(self):
        net = lw.Network([lw.Scale()], dtype="float64").build(2)
        np.testing.assert_array_equal(net.forward(X), X)  # ones at first
        net.set_parameters([[2.0, -1.0]])
        np.testing.assert_array_equal(net.forward(X), [[2, -10], [6, -7], [10, -13]])
        np.testing.assert_array_equal(net.backward(DY), [[2, 0], [0, -2], [0, 0]])
        np.testing.assert_array_equal(net.grad, [1.0, 14.0])  # Σ dy x: 1 · 1 and 2 · 7

    def test_its_rate_is_its_share_of_the_steps(self):
        def stepped(rate):
            net = lw.Network([lw.Scale(rate=rate), lw.Dense(2)], random_state=0, dtype="float64")
            net.fit(X, X[:, ::-1], optimizer=lw.SGD(0.01), epochs=1, batch_size=3, verbose=False)
            return net.theta[:2] - 1

        np.testing.assert_allclose(stepped(6.0), 6 * stepped(1.0), rtol=1e-12)


@pytest.mark.parametrize("layer", [lw.BatchNorm, lw.LayerNorm, lw.Scale])
def test_the_networks_penalty_passes_it_over_unless_it_is_asked_for(layer):
    def penalty(layer):
        net = lw.Network([layer, lw.Dense(1, weights="zeros")], random_state=0)
        history = net.fit(X, X[:, 0], penalty=lw.L2(1.0, 10.0), epochs=1, batch_size=3, verbose=False)
        return history["penalty"][0]

    assert penalty(layer()) == 0
    assert penalty(layer(penalty=None)) == 2  # γ or s: two ones; not the statistics
    assert penalty(layer(penalty=lw.L1(0.5))) == 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: lw.BatchNorm(momentum=1.0), "BatchNorm: momentum must be below 1"),
        (lambda: lw.BatchNorm(epsilon=0.0), "BatchNorm: epsilon must be above 0"),
        (lambda: lw.LayerNorm(epsilon=-1e-5), "LayerNorm: epsilon must be above 0"),
        (lambda: lw.Scale(rate=-1.0), "Scale: rate must be at least 0"),
    ],
)
def test_arguments_out_of_range(make, words):
    with pytest.raises(ValueError, match=words):
        make()
