"""Scalers against scikit-learn's, and as part of a network."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import preprocessing

import layerwise as lw
from layerwise.parts.scaling import SCALERS, Scaler

pytestmark = pytest.mark.usefixtures("each_engine")

PAIRS = [
    (lw.StandardScaler, preprocessing.StandardScaler),
    (lw.MinMaxScaler, preprocessing.MinMaxScaler),
    (lambda: lw.MinMaxScaler(-1, 3), lambda: preprocessing.MinMaxScaler((-1, 3))),
]
either = pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=["standard", "min-max", "min-max -1 to 3"])


def fitted(scaler, X):
    scaler.fit(X)
    return scaler


def test_every_scaler_is_listed():
    assert set(SCALERS) == {kind for kind in Scaler.__subclasses__() if kind.__module__.startswith("layerwise.")}


class TestAgainstScikitLearn:
    @either
    @settings(deadline=None, max_examples=25)
    @given(seed=st.integers(0, 2**32 - 1), size=st.floats(1e-6, 1e6), far=st.floats(-1e6, 1e6))
    def test_transform(self, ours, theirs, seed, size, far):
        rng = np.random.default_rng(seed)
        X, other = (far + size * rng.normal(size=(30, 3)) for _ in range(2))
        expected = theirs().fit(X).transform(other)
        # (x - offset) loses |far| / size digits of 16, in either library
        np.testing.assert_allclose(fitted(ours(), X).transform(other), expected, rtol=1e-9, atol=1e-15 * 1e3 * max(
            1, abs(far) / size))  # fmt: skip

    @either
    def test_a_constant_column(self, ours, theirs):
        X = np.column_stack([np.full(20, 7.3), np.arange(20.0), np.full(20, -1e9 / 3)])
        # at -1e9 / 3 their mean is rounded, and the column becomes -6e-8 instead of 0
        np.testing.assert_allclose(fitted(ours(), X).transform(X), theirs().fit(X).transform(X), atol=1e-7)

    @either
    @pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.float32, np.float64, bool, ">f8", "<i2"])
    def test_any_real_type(self, ours, theirs, dtype):
        X = np.random.default_rng(0).integers(0, 2 if dtype is bool else 100, size=(50, 3)).astype(dtype)
        expected = theirs().fit(X.astype(float)).transform(X.astype(float))
        np.testing.assert_allclose(fitted(ours(), X).transform(X), expected, rtol=1e-6, atol=1e-6)

    def test_more_rows_than_are_looked_at_together(self):
        X = np.random.default_rng(0).normal(3, 2, size=(9001, 2))
        expected = preprocessing.StandardScaler().fit_transform(X)
        np.testing.assert_allclose(fitted(lw.StandardScaler(), X).transform(X), expected, rtol=1e-10, atol=1e-13)

    def test_one_row(self):
        assert fitted(lw.StandardScaler(), np.array([[3.0, -1.0]])).transform([[3.0, -1.0]]).tolist() == [[0, 0]]
        assert fitted(lw.MinMaxScaler(), np.array([[3.0, -1.0]])).transform([[3.0, -1.0]]).tolist() == [[0, 0]]


class TestRangeScaler:
    def test_pixels(self):
        assert lw.RangeScaler().transform(np.array([[0, 51, 255]], np.uint8)).tolist() == [[0, 0.2, 1]]

    def test_any_range(self):
        scaler = lw.RangeScaler(low=-10, high=30, to_low=-1, to_high=1)
        np.testing.assert_allclose(scaler.transform([[-10.0, 10.0, 30.0, 70.0]]), [[-1, 0, 1, 3]], atol=1e-15)

    def test_it_need_not_see_data(self):
        assert not lw.RangeScaler.learns
        assert lw.StandardScaler.learns

    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda: lw.RangeScaler(5, 5), "RangeScaler: high must be above 5"),
            (lambda: lw.RangeScaler(to_low=1), "RangeScaler: to_high must be above 1"),
            (lambda: lw.MinMaxScaler(2, 1), "MinMaxScaler: to_high must be above 2"),
        ],
    )
    def test_ranges_that_are_none(self, make, words):
        with pytest.raises(ValueError, match=words):
            make()


class TestErrors:
    def test_not_fitted(self):
        with pytest.raises(RuntimeError, match=r"StandardScaler\(\) has not seen any data yet: call fit\(X\)"):
            lw.StandardScaler().transform(np.ones((2, 2)))

    def test_another_number_of_columns(self):
        scaler = fitted(lw.StandardScaler(), np.eye(3))
        with pytest.raises(lw.ShapeError, match=r"fitted on 3 columns; got 2"):
            scaler.transform(np.ones((4, 2)))

    def test_an_unknown_name(self):
        with pytest.raises(lw.UnknownNameError, match="did you mean 'standard'"):
            lw.Network([lw.Dense(1)], scaling="standart")


class TestInANetwork:
    def seen(self, net, X):
        """What the first layer is given."""
        return net.activations(X)[0]

    def test_float64_columns_far_from_zero_keep_their_digits_in_a_float32_network(self):
        rng = np.random.default_rng(0)
        noise = rng.normal(size=(500, 2))
        X, y = np.array([1e9, -5e8]) + noise, noise[:, 0] - noise[:, 1]
        net = lw.Network([lw.Identity(), lw.Dense(1)], random_state=0, scaling="standard")
        net.fit(X, y, optimizer=lw.Adam(0.05), epochs=60, batch_size=50, verbose=False)
        # rounded to float32 first, 1e9 + noise would come in steps of 64
        np.testing.assert_allclose(self.seen(net, X), (noise - noise.mean(axis=0)) / noise.std(axis=0), atol=2e-6)
        assert net.evaluate(X, y, metrics="r2_score")["r2_score"] > 0.999

    def test_uint8_is_scaled_without_being_asked_and_all_else_is_not(self):
        raw = np.array([[0, 51, 255]], np.uint8)
        np.testing.assert_allclose(lw.Network([lw.Identity()]).forward(raw), [[0, 0.2, 1]], rtol=1e-6)
        np.testing.assert_array_equal(lw.Network([lw.Identity()]).forward(raw.astype(np.int64)), [[0, 51, 255]])

    def test_a_scaler_of_ones_own_takes_the_place_of_the_usual(self):
        raw = np.array([[0, 51, 255]], np.uint8)
        net = lw.Network([lw.Identity()], scaling=lw.RangeScaler(0, 255, -1, 1))
        np.testing.assert_allclose(net.forward(raw), [[-1, -0.6, 1]], rtol=1e-6)

    def test_pixels_already_scaled_are_refused_after_training_on_raw_ones(self):
        X, y = np.random.default_rng(0).integers(0, 256, size=(20, 4)).astype(np.uint8), np.arange(20) % 2
        net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
        net.fit(X, y, epochs=1, verbose=False)
        with pytest.raises(lw.DataError, match=r"values from 0 to 255, which it scales itself.*0 to 1.*same units"):
            net.predict(X / 255)

    def test_it_is_fitted_on_the_training_data_alone_and_once(self):
        X = np.random.default_rng(0).normal(5, 2, size=(30, 2))
        given = lw.StandardScaler()
        net = lw.Network([lw.Identity(), lw.Dense(1)], random_state=0, scaling=given)
        net.fit(X, X[:, 0], validation_data=(X + 100, X[:, 0]), epochs=1, verbose=False)
        np.testing.assert_allclose(net.scaling.offset, X.mean(axis=0))
        net.fit(X + 50, X[:, 0], epochs=1, verbose=False)
        np.testing.assert_allclose(net.scaling.offset, X.mean(axis=0))
        assert given.offset is None  # the network has a copy of its own

    @pytest.mark.parametrize("scaling", ["standard", "min_max", lw.RangeScaler(-5, 5), lw.MinMaxScaler(-1, 1)])
    def test_it_travels_with_the_model(self, scaling, tmp_path):
        X = np.random.default_rng(0).normal(size=(30, 3)) * [1, 10, 100]
        net = lw.Network([lw.Dense(4), lw.Tanh(), lw.Dense(1)], random_state=0, scaling=scaling)
        net.fit(X, X[:, 0], epochs=2, verbose=False)
        net.save(tmp_path / "net.safetensors")
        for twin in (lw.load(tmp_path / "net.safetensors"), net.copy()):
            np.testing.assert_array_equal(twin.predict(X), net.predict(X))
            np.testing.assert_array_equal(twin.scaling.offset, net.scaling.offset)
            assert repr(twin.scaling) == repr(net.scaling)
            assert not np.shares_memory(twin.scaling.factor, net.scaling.factor)

    def test_gradcheck_sees_the_scaled_data(self):
        X = np.array([[1000.0, 0.001], [3000.0, 0.004], [2000.0, 0.002]])
        net = lw.Network([lw.Dense(3), lw.Tanh(), lw.Dense(1)], random_state=0, scaling="standard")
        assert lw.gradcheck(net, X, [1.0, 2.0, 3.0]).error < 1e-6


@pytest.mark.parametrize("n", [2, 1000, 20_000])
@pytest.mark.parametrize("value", [0.1, -7.3, 1e9 / 3])
def test_a_long_constant_column_becomes_0(n, value, rng):
    """The mean of n equal numbers is not exact, and a deviation of 1e-14 must not be divided by."""
    X = np.column_stack([np.full(n, value), rng.normal(size=n)])
    scaler = fitted(lw.StandardScaler(), X)
    assert not scaler.transform(X)[:, 0].any()
    assert scaler.factor[0] == 1


def test_a_scaler_is_the_network_s_own(rng):
    X, y = rng.normal(size=(30, 2)), rng.integers(0, 2, 30)
    scaler = lw.StandardScaler()
    net = lw.Network([lw.Dense(2), lw.Softmax()], scaling=scaler, random_state=0)
    net.fit(X, y, epochs=1, verbose=False)
    before = net.outputs(X)
    scaler.fit(X * 100 + 50)
    np.testing.assert_array_equal(net.outputs(X), before)
