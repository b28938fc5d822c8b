import numpy as np
import pytest

import layerwise as lw

pytestmark = pytest.mark.usefixtures("each_engine")


def test_prediction_passes_it_over():
    X = np.random.default_rng(0).normal(size=(9, 4))
    with_it = lw.Network([lw.Dense(5), lw.Dropout(0.5), lw.Tanh(), lw.Dropout(0.3)], random_state=1)
    without = lw.Network([lw.Dense(5), lw.Tanh()], random_state=1)
    np.testing.assert_array_equal(with_it.forward(X), without.forward(X))
    np.testing.assert_array_equal(with_it.outputs(X), without.outputs(X))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_drops_its_share_and_keeps_the_mean(rate, dtype):
    net = lw.Network([lw.Dropout(rate), lw.Identity()], random_state=3, dtype=dtype)
    ones = np.ones((200, 500))
    y = net.forward(ones, training=True)
    dropped = np.mean(y == 0)
    deviation = np.sqrt(rate * (1 - rate) / y.size)
    assert dropped == pytest.approx(rate, abs=5 * deviation)
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate), rtol=1e-6)  # kept ones are scaled up
    assert y.mean() == pytest.approx(1, abs=5 * deviation / (1 - rate))
    # neither rows nor columns go together: each has its share
    assert np.ptp((y == 0).mean(axis=0)) < 12 * np.sqrt(rate * (1 - rate) / 200)
    assert np.ptp((y == 0).mean(axis=1)) < 12 * np.sqrt(rate * (1 - rate) / 500)


def test_backward_uses_the_mask_of_forward():
    net = lw.Network([lw.Dropout(0.5), lw.Identity()], random_state=0, dtype="float64")
    y = net.forward(np.ones((30, 20)), training=True)
    np.testing.assert_array_equal(net.backward(np.ones((30, 20))), y)  # each slope is 0 or 2, as each output


def test_rate_zero_does_nothing():
    X = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    net = lw.Network([lw.Dropout(0.0), lw.Identity()], random_state=0)
    np.testing.assert_array_equal(net.forward(X, training=True), X)


def test_the_draw_depends_on_seed_layer_and_step_alone():
    ones, y = np.ones((4, 50)), np.zeros((4, 1))

    def drawn(seed):
        net = lw.Network([lw.Dropout(0.5), lw.Dropout(0.5), lw.Identity()], random_state=seed)
        return net.forward(ones, training=True)

    np.testing.assert_array_equal(drawn(1), drawn(1))
    assert not np.array_equal(drawn(1), drawn(2))
    # were both layers to draw the same mask, half of the inputs would pass, not a quarter
    assert (drawn(1) != 0).mean() == pytest.approx(0.25, abs=0.15)

    net = lw.Network([lw.Dropout(0.5), lw.Dense(1)], random_state=1)
    twin, first = net.copy(), net.forward(ones, training=True)
    np.testing.assert_array_equal(twin.forward(ones, training=True), first)
    net.fit(ones, y, optimizer=lw.SGD(1e-30), epochs=1, verbose=False)
    assert not np.array_equal(net.forward(ones, training=True), first)


def test_each_forward_in_training_has_new_masks():
    """Half of the inputs pass, doubled: of many calls the mean is the input, the variance the input's square."""
    X = np.arange(1.0, 51)[None]
    net = lw.Network([lw.Dropout(0.5), lw.Identity()], random_state=0)
    drawn = np.concatenate([net.forward(X, training=True) for _ in range(400)])
    assert len(np.unique(drawn, axis=0)) == 400
    np.testing.assert_allclose(drawn.mean(axis=0) / X[0], 1, atol=0.25)
    np.testing.assert_allclose(drawn.var(axis=0) / X[0] ** 2, 1, atol=0.1)
    np.testing.assert_array_equal(net.forward(X), X)


def test_numpys_global_state_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    net = lw.Network([lw.Dropout(0.5), lw.Dense(1)], random_state=1)
    net.fit(np.ones((8, 3)), np.zeros(8), epochs=2, verbose=False)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, np.nan])
def test_rates_that_are_none(rate):
    with pytest.raises(ValueError, match="Dropout: rate must be"):
        lw.Dropout(rate)


def test_it_cannot_be_all_there_is():
    with pytest.raises(lw.ShapeError, match="at least one layer besides dropout"):
        lw.Network([lw.Dropout(0.5)])
