"""Initializers: their moments against theory, within what samples of that size allow."""

import math

import numpy as np
import pytest

import layerwise as lw
from layerwise.parts import initializers
from layerwise.parts.initializers import INITIALIZERS, Given, Initializer

N_IN, N_OUT = 300, 200
SIZE = N_IN * N_OUT
# Variances as the papers give them, for n_in = 300, n_out = 200; the bound of the uniform ones.
THEORY = [
    (initializers.Zeros(), 0.0, 0.0),
    (initializers.Normal(), 1e-4, None),
    (initializers.Normal(scale=2.0), 4.0, None),
    (initializers.Uniform(), 0.05**2 / 3, 0.05),
    (initializers.Uniform(limit=3.0), 3.0, 3.0),
    (initializers.LecunNormal(), 1 / 300, None),
    (initializers.LecunUniform(), 1 / 300, 0.1),
    (initializers.GlorotNormal(), 2 / 500, None),
    (initializers.GlorotUniform(), 2 / 500, math.sqrt(0.012)),
    (initializers.HeNormal(), 2 / 300, None),
    (initializers.HeUniform(), 2 / 300, math.sqrt(0.02)),
    (initializers.Orthogonal(), 1 / 300, None),
]
every_initializer = pytest.mark.parametrize("initializer", [case[0] for case in THEORY], ids=repr)


def subclasses(kind):
    for child in kind.__subclasses__():
        if child.__module__.startswith("layerwise."):
            yield child
            yield from subclasses(child)


def test_every_initializer_is_listed_and_covered():
    assert set(INITIALIZERS) == set(subclasses(Initializer)) - {Given} == {type(case[0]) for case in THEORY}


@pytest.mark.parametrize(("initializer", "variance", "bound"), THEORY, ids=[repr(case[0]) for case in THEORY])
def test_mean_and_variance(initializer, variance, bound):
    w = initializer.draw((N_IN, N_OUT), np.random.default_rng(0))
    assert w.shape == (N_IN, N_OUT)
    # of 60,000 draws: the mean is known to σ/√n, the variance to σ²√(2/n) at most; five of each
    assert abs(w.mean()) <= 5 * math.sqrt(variance / SIZE)
    assert w.var() == pytest.approx(variance, abs=5 * variance * math.sqrt(2 / SIZE))
    if bound is not None:
        assert np.abs(w).max() <= bound
        assert np.abs(w).max() >= 0.999 * bound
    elif variance:  # normal: about 0.27% beyond three standard deviations
        assert 0.0015 < np.mean(np.abs(w) > 3 * math.sqrt(variance)) < 0.0045


@every_initializer
def test_the_seed_decides(initializer):
    first, again, other = (initializer.draw((20, 10), np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.array_equal(first, other) == isinstance(initializer, initializers.Zeros)


@every_initializer
def test_float32_and_float64_start_from_the_same_draws(initializer):
    nets = [
        lw.Network([lw.Dense(6, weights=initializer), lw.Tanh(), lw.Dense(2)], random_state=7, dtype=dtype).build(5)
        for dtype in ("float32", "float64")
    ]
    assert nets[0].theta.dtype == np.float32
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta.astype(np.float32))


@every_initializer
def test_biases_can_be_drawn_too(initializer):
    net = lw.Network([lw.Dense(9, weights="zeros", biases=initializer)], random_state=0).build(4)
    weights, biases = net.get_parameters()
    assert not weights.any()
    assert biases.shape == (9,)
    assert np.isfinite(biases).all()
    assert biases.any() != isinstance(initializer, initializers.Zeros)


class TestOrthogonal:
    @pytest.mark.parametrize("shape", [(8, 8), (20, 5), (5, 20), (1, 4), (4, 1)])
    @pytest.mark.parametrize("gain", [1.0, 2.5])
    def test_orthonormal_rows_or_columns(self, shape, gain):
        w = initializers.Orthogonal(gain).draw(shape, np.random.default_rng(0))
        assert w.shape == shape
        square = w.T @ w if shape[0] >= shape[1] else w @ w.T
        np.testing.assert_allclose(square, gain**2 * np.eye(min(shape)), atol=1e-13)

    def test_uniform_over_all_rotations(self):
        # without the correction of signs, the diagonal's would lean to one side
        draws = [initializers.Orthogonal().draw((2, 2), np.random.default_rng(seed)) for seed in range(400)]
        assert abs(np.mean([w[0, 0] > 0 for w in draws]) - 0.5) < 0.1
        assert abs(np.mean([np.linalg.det(w) > 0 for w in draws]) - 0.5) < 0.1


class TestDefaults:
    def test_dense_draws_weights_after_glorot_and_begins_with_zero_biases(self):
        net = lw.Network([lw.Dense(N_OUT)], random_state=0).build(N_IN)
        weights, biases = net.get_parameters()
        assert weights.var() == pytest.approx(2 / 500, rel=0.05)
        assert not biases.any()

    def test_layers_draw_one_after_the_other(self):
        weights = lw.Network([lw.Dense(5), lw.Dense(5)], random_state=0).build(5).get_parameters()
        assert not np.array_equal(weights[0], weights[2])

    def test_without_a_seed_every_network_is_another(self):
        a, b = (lw.Network([lw.Dense(3)]).build(3).theta for _ in range(2))
        assert not np.array_equal(a, b)


class TestNames:
    @pytest.mark.parametrize("name", ["he_normal", "HeNormal", "henormal", "HE_NORMAL"])
    def test_any_way_of_writing(self, name):
        assert isinstance(lw.Dense(3, weights=name).weights, initializers.HeNormal)

    def test_an_unknown_one(self):
        with pytest.raises(lw.UnknownNameError, match=r"Dense: biases='zeroes' is not known; did you mean 'Zeros'"):
            lw.Dense(3, biases="zeroes")


class TestGiven:
    def test_arrays_lists_and_tuples(self):
        for weights in (np.ones((2, 1)), [[1], [1]], ((1, 1), (1, 1))):
            layer = lw.Dense(np.shape(weights)[1], weights=weights)
            assert lw.Network([layer]).forward([1.0, 2.0])[0] == 3

    def test_the_wrong_shape_names_the_layer_and_both_shapes(self):
        net = lw.Network([lw.Dense(4), lw.Dense(2, weights=np.ones((3, 2)))], random_state=0)
        with pytest.raises(lw.ShapeError, match=r"layer 1 \(Dense\(2.*for 3 inputs.*layer 0 \(Dense\(4\)\) gives 4"):
            net.build(3)

    def test_weights_that_are_no_table(self):
        with pytest.raises(ValueError, match=r"inhomogeneous|one length"):
            lw.Dense(2, weights=[[1.0, 2.0], [3.0]])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: initializers.Normal(-1), "Normal: scale must be at least 0; got -1"),
        (lambda: initializers.Uniform(np.inf), "Uniform: limit must be a finite number"),
        (lambda: initializers.Orthogonal(None), "Orthogonal: gain must be a finite number; got None"),
    ],
)
def test_arguments_out_of_range(make, words):
    with pytest.raises(ValueError, match=words):
        make()
