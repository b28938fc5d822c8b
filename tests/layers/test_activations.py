"""Activations against SciPy's functions, at their extremes, and their slopes against central differences."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

import layerwise as lw
from layerwise.parts.layers import ACTIVATIONS

pytestmark = pytest.mark.usefixtures("each_engine")

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # as printed by Klambauer et al. 2017

# Each activation by functions that the library does not use.
REFERENCE = {
    lw.Sigmoid(): special.expit,
    lw.Tanh(): lambda x: np.where(np.abs(x) < 0.3, np.sinh(x.clip(-1, 1)) / np.cosh(x.clip(-1, 1)), _tanh_far(x)),
    lw.ReLU(): lambda x: np.where(x > 0, x, 0),
    lw.ReLU(slope=0.7): lambda x: np.where(x > 0, 0.7 * x, 0),
    lw.LeakyReLU(): lambda x: np.where(x > 0, x, 0.01 * x),
    lw.LeakyReLU(negative_slope=0.2, slope=1.5): lambda x: np.where(x > 0, 1.5 * x, 0.2 * x),
    lw.ELU(): lambda x: special.boxcox1p(np.exp(np.minimum(x, 0)) - 1, 1) + x.clip(0),
    lw.SELU(): lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * (np.exp(np.minimum(x, 0)) - 1)),
    lw.GELU(): lambda x: x * special.expit(math.sqrt(8 / math.pi) * (x + 0.044715 * x**3)),
    lw.SiLU(): lambda x: x * special.expit(x),
    lw.Mish(): lambda x: x * np.tanh(-special.log_expit(-x)),
    lw.Softplus(): lambda x: -special.log_expit(-x),
    lw.Exp(): lambda x: special.exp2(x / math.log(2)),
    lw.Linear(slope=2.0): lambda x: x + x,
    lw.Identity(): lambda x: x,
    lw.Step(): lambda x: np.heaviside(x, 0),
}
every_activation = pytest.mark.parametrize("activation", REFERENCE, ids=repr)
# The slopes that they tend to on the left and on the right.
LIMITS = {
    "Sigmoid": (0, 0), "Tanh": (0, 0), "ReLU": (0, 1), "LeakyReLU": (0.01, 1), "ELU": (0, 1), "SELU": (0, SELU_SCALE),
    "GELU": (0, 1), "SiLU": (0, 1), "Mish": (0, 1), "Softplus": (0, 1), "Linear": (1, 1), "Identity": (1, 1),
    "Step": (0, 0), "Exp": (0, None),
}  # fmt: skip


def _tanh_far(x):
    return 2 * special.expit(2 * x) - 1


def slope(activation, x, dtype=np.float64):
    net = lw.Network([activation], dtype=dtype)
    net.forward(np.reshape(x, (-1, 1)))
    return net.backward(np.ones((np.size(x), 1)))[:, 0]


def test_every_activation_is_covered():
    assert {type(a) for a in REFERENCE} | {lw.Softmax} == set(ACTIVATIONS)
    assert {*LIMITS, "Softmax"} == {kind.__name__ for kind in ACTIVATIONS}


@every_activation
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-11), (np.float32, 2e-5)])
def test_values_over_a_wide_range(activation, dtype, rtol):
    x = np.concatenate([np.linspace(-30, 30, 2001), np.linspace(-1, 1, 501), [-1e4, -800, -104, 104, 800, 1e4]])
    with np.errstate(over="ignore"):
        expected = REFERENCE[activation](x.astype(dtype).astype(np.float64)).astype(dtype)
    found = activation(x.astype(dtype))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-15 if dtype == np.float64 else 3e-7)


@every_activation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tiny_inputs(activation, dtype):
    tiny = np.finfo(dtype)
    x = np.array([tiny.smallest_subnormal, tiny.tiny, 1e-30, -1e-30, -tiny.tiny, -tiny.smallest_subnormal, 0], dtype)
    found = activation(x)
    assert np.isfinite(found).all()
    # near 0 each of them is f(0) + f′(0±) x, far below the last digit of f(0)
    np.testing.assert_allclose(found, REFERENCE[activation](x.astype(np.float64)), rtol=1e-6, atol=2e-30)


@every_activation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_finite_input_gives_nan(activation, dtype):
    largest = np.finfo(dtype).max / 4
    x = np.array([-largest, -1e15, -1e4, 1e4, 1e15, largest], dtype)
    found = activation(x)
    assert not np.isnan(found).any()
    assert np.isfinite(found).all() or isinstance(activation, lw.Exp)


@every_activation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_slope_far_out(activation, dtype):
    variant = type(activation)()
    left, right = LIMITS[type(variant).__name__]
    np.testing.assert_allclose(slope(variant, [-1e4, -200.0], dtype), left, atol=1e-6)
    if right is not None:
        np.testing.assert_allclose(slope(variant, [200.0, 1e4], dtype), right, atol=1e-6)


@every_activation
@settings(deadline=None, max_examples=15)
@given(x=st.floats(1e-3, 25), sign=st.sampled_from([-1, 1]))
def test_the_slope_is_the_central_difference(activation, x, sign):
    x, h = sign * x, 1e-5
    reference = REFERENCE[activation]
    above, below = reference(np.array([x + h])), reference(np.array([x - h]))
    assert slope(activation, [x])[0] == pytest.approx((above - below)[0] / (2 * h), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("activation", [lw.Sigmoid(), lw.Tanh(), lw.Softplus(), lw.ReLU(), lw.ELU()], ids=repr)
@settings(deadline=None, max_examples=40)
@given(a=st.floats(-700, 700), b=st.floats(-700, 700))
def test_increasing(activation, a, b):
    low, high = activation([min(a, b), max(a, b)])
    assert low <= high


def test_sigmoid_at_infinity():
    np.testing.assert_array_equal(lw.Sigmoid()([-np.inf, np.inf]), [0, 1])


@settings(deadline=None, max_examples=50)
@given(x=st.floats(-300, 300))
def test_sigmoid_is_symmetric(x):
    assert lw.Sigmoid()(x) + lw.Sigmoid()(-x) == pytest.approx(1, rel=1e-15)


def test_gelu_is_close_to_its_exact_form():
    x = np.linspace(-8, 8, 1001)
    np.testing.assert_allclose(lw.GELU()(x), x * stats.norm.cdf(x), atol=5e-4)


def test_selu_keeps_mean_0_and_variance_1():
    def moment(power):
        return integrate.quad(
            lambda x: float(lw.SELU()(x)) ** power * stats.norm.pdf(x), -12, 12, points=[0], epsabs=1e-12
        )[0]

    assert moment(1) == pytest.approx(0, abs=1e-9)
    assert moment(2) == pytest.approx(1, abs=1e-9)


def test_elu_near_zero_keeps_its_digits():
    assert lw.ELU()(-1e-12) == pytest.approx(-1e-12, rel=1e-11)  # e^x - 1 would have lost four of them


def test_softplus_keeps_its_digits_far_left():
    assert lw.Softplus()(-100.0) == pytest.approx(math.exp(-100), rel=1e-13)


class TestSoftmax:
    @pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-13), (np.float32, 1e-5)])
    @pytest.mark.parametrize("scale", [1e-3, 1, 30, 1e4])
    @pytest.mark.parametrize("shape", [(1, 1), (1, 10), (7, 3), (40, 200)])
    def test_values(self, dtype, rtol, scale, shape):
        x = (scale * np.random.default_rng(1).standard_normal(shape)).astype(dtype)
        found = lw.Softmax()(x)
        expected = special.softmax(x.astype(np.float64), axis=1)
        np.testing.assert_allclose(found, expected, rtol=rtol * max(1, scale / 100), atol=1e-30)
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5 if dtype == np.float32 else 1e-13)

    def test_the_full_jacobian(self):
        x = np.random.default_rng(2).standard_normal((4, 5))
        net = lw.Network([lw.Softmax()], dtype="float64")
        y = net.forward(x)
        for k in range(5):  # row k of each sample's Jacobian
            dy = np.zeros((4, 5))
            dy[:, k] = 1
            found = net.backward(dy)
            for i in range(4):
                jacobian = np.diag(y[i]) - np.outer(y[i], y[i])
                np.testing.assert_allclose(found[i], jacobian[k], atol=1e-15)

    def test_certain_answers_have_no_slope_and_no_nan(self):
        net = lw.Network([lw.Softmax()])
        net.forward([[1e4, -1e4, 0.0]])
        np.testing.assert_array_equal(net.backward([[1.0, 2.0, 3.0]]), [[0, 0, 0]])

    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=6), st.floats(-1e4, 1e4))
    def test_shifting_all_scores_changes_nothing(self, scores, shift):
        x = np.array(scores)
        np.testing.assert_allclose(lw.Softmax()(x + shift), lw.Softmax()(x), rtol=1e-9, atol=1e-15)


class TestCall:
    def test_a_number_a_vector_and_a_batch(self):
        assert lw.ReLU()(-2) == 0
        assert np.shape(lw.ReLU()(3.0)) == ()
        assert lw.ReLU()([-1, 2]).tolist() == [0, 2]
        assert lw.ReLU()([[-1, 2], [3, -4]]).tolist() == [[0, 2], [3, 0]]

    def test_integers_become_floats_and_float32_stays(self):
        assert lw.Tanh()(1).dtype == np.float64
        assert lw.Tanh()(np.float32([1, 2])).dtype == np.float32

    @pytest.mark.parametrize("activation", [*REFERENCE, lw.Softmax()], ids=repr)
    def test_it_does_not_change_what_it_is_given(self, activation):
        x = np.array([[-1.0, 0.5, 2.0]])
        activation(x)
        assert x.tolist() == [[-1.0, 0.5, 2.0]]

    @pytest.mark.parametrize("activation", [*REFERENCE, lw.Softmax()], ids=repr)
    def test_it_is_what_a_network_computes(self, activation):
        x = np.random.default_rng(0).normal(size=(6, 4))
        np.testing.assert_array_equal(activation(x), lw.Network([activation], dtype="float64").forward(x))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: lw.ReLU(slope=0), "ReLU: slope must be above 0; got 0"),
        (lambda: lw.ELU(alpha=-1), "ELU: alpha must be at least 0"),
        (lambda: lw.Step(threshold=np.nan), "Step: threshold must be a finite number"),
        (lambda: lw.LeakyReLU(negative_slope="0.1"), "LeakyReLU: negative_slope must be a finite number"),
        (lambda: lw.Linear(slope=np.inf), "Linear: slope must be a finite number"),
    ],
)
def test_arguments_out_of_range(make, words):
    with pytest.raises(ValueError, match=words):
        make()
