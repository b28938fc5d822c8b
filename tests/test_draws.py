"""What is drawn from a seed is fixed: these numbers are those of every machine, version and resume."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.philox import HELD_OUT, ORDER, WEIGHTS, generator
from layerwise.data.shuffling import draw_order


def test_the_generators_numbers():
    normal = [0.15929546600623282, -1.7741885208017214, 1.3265118818830892, 1.2048090979493156]
    assert generator(0, WEIGHTS, 0).standard_normal(4).tolist() == normal
    uniform = [-0.03574279624776899, 0.44827114524968814, -0.8994919210274568, -0.3677462552833901]
    assert generator(7, WEIGHTS, 3).uniform(-1, 1, 4).tolist() == uniform
    assert draw_order(7, 12, 1200).tolist() == [0, 1, 5, 9, 2, 6, 3, 8, 4, 10, 11, 7]
    assert generator(3, HELD_OUT).permutation(12).tolist() == [4, 5, 6, 0, 10, 9, 7, 1, 2, 3, 11, 8]


def test_the_key_is_what_the_documentation_says():
    """The cipher's first block of four words, for the counter 1, by NumPy's own Philox4x64."""
    raw = np.random.Philox(counter=0, key=[5, 2**60 + 40]).random_raw(4)
    assert generator(5, ORDER, 40).bit_generator.random_raw(4).tolist() == raw.tolist()


def test_first_weights():
    """Glorot's: the layer's number is part of the key, so layers do not repeat each other."""
    net = lw.Network([lw.Dense(3), lw.ReLU(), lw.Dense(2)], random_state=1, dtype="float64").build(2)
    first, second = (generator(1, WEIGHTS, i) for i in (0, 2))
    W1, _, W2, _ = net.get_parameters()
    limits = np.sqrt(6 / (2 + 3)), np.sqrt(6 / (3 + 2))
    np.testing.assert_array_equal(W1, first.uniform(-limits[0], limits[0], (2, 3)))
    np.testing.assert_array_equal(W2, second.uniform(-limits[1], limits[1], (3, 2)))


def test_draws_differ_by_seed_purpose_and_index():
    keys = [(1, WEIGHTS, 0), (2, WEIGHTS, 0), (1, ORDER, 0), (1, WEIGHTS, 1), (1, HELD_OUT, 0)]
    draws = [generator(*key).standard_normal(20_000) for key in keys]
    correlations = np.corrcoef(draws)[np.triu_indices(len(keys), 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(20_000)


@pytest.mark.usefixtures("each_engine")
def test_an_epoch_is_drawn_by_where_it_begins(spiral):
    """So a training in parts, on whatever machine each is, has the orders of the whole one; nothing need be kept."""
    X, y = spiral
    fit = {"optimizer": lw.SGD(0.1), "batch_size": 64, "verbose": False}
    whole = lw.Network([lw.Dense(4), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=3)
    whole.fit(X, y, epochs=2, **fit)
    parts = lw.Network([lw.Dense(4), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=3)
    parts.fit(X, y, epochs=1, **fit)
    other = lw.Network([lw.Dense(4), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=3)
    other.set_parameters(parts.get_parameters())
    other.steps = parts.steps
    other.fit(X, y, epochs=1, **fit)
    np.testing.assert_array_equal(other.theta, whole.theta)
