"""What a first pass learns: merged from blocks it is what all rows give, and small enough to be sent."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layerwise as lw
from layerwise.data.streams.survey import Moments, Survey
from layerwise.data.streams.target_survey import MOST_LABELS, TargetSurvey
from layerwise.data.targets import encode
from layerwise.errors import LayerwiseError
from layerwise.parts.losses import LOSSES
from layerwise.parts.scaling import MinMaxScaler, StandardScaler

cuts = st.lists(st.integers(1, 59), min_size=0, max_size=6, unique=True).map(sorted)


def merged(arrays, places, **more):
    found = None
    for start, stop in zip([0, *places], [*places, len(arrays[0])]):
        one = Survey.of(*(None if a is None else a[start:stop] for a in arrays), **more)
        found = one if found is None else found.merge(one)
    return found


@given(places=cuts, seed=st.integers(0, 99), scale=st.sampled_from([1e-3, 1.0, 1e6]))
def test_blocks_give_what_the_whole_gives(places, seed, scale):
    rng = np.random.default_rng(seed)
    X, y, w = rng.normal(3, scale, (60, 4)), rng.integers(0, 4, 60), rng.uniform(size=60)
    X[:, 2] = 7
    found, whole = merged((X, y, w), places, moments=True), Survey.of(X, y, w, moments=True)
    assert (found.rows, found.blocks, found.range) == (60, len(places) + 1, whole.range)
    assert found.weight == pytest.approx(whole.weight)
    np.testing.assert_allclose(found.moments.mean, X.mean(axis=0), rtol=1e-12, atol=1e-12 * scale)
    np.testing.assert_allclose(found.moments.square, ((X - X.mean(axis=0)) ** 2).sum(axis=0), rtol=1e-9, atol=1e-12)
    counts = {label: entry[0] for label, entry in found.targets.labels.items()}
    assert counts == {label: int((y == label).sum()) for label in np.unique(y).tolist()}
    for label, (_, weight, (block, row)) in found.targets.labels.items():
        assert weight == pytest.approx(w[y == label].sum())
        assert y[[0, *places][block] + row] == label
    for kind in (StandardScaler, MinMaxScaler):
        by_moments, by_rows = kind(), kind()
        by_moments.fit_moments(found.moments)
        by_rows.fit(X)
        np.testing.assert_allclose(by_moments.offset, by_rows.offset, rtol=1e-9, atol=1e-12 * scale)
        np.testing.assert_allclose(by_moments.factor, by_rows.factor, rtol=1e-9)


def numbers(draw_from):
    return st.lists(st.sampled_from(draw_from), min_size=60, max_size=60).map(np.array)


Y = st.one_of(
    numbers([0, 1]), numbers([0, 1, 2]), numbers([0.0, 1.0]), numbers([0.0, 0.25, 1.0]), numbers([0.5, -3.0, 7.0]),
    numbers(["a", "b"]), numbers([True, False]), numbers([-1, 1]), numbers([5]),
    st.lists(st.sampled_from([(0, 1), (1, 0)]), min_size=60, max_size=60).map(np.array),
    st.lists(st.sampled_from([(0, 1), (1, 1), (0, 0)]), min_size=60, max_size=60).map(np.array),
    st.lists(st.sampled_from([(0.3, 0.7), (1.0, 0.0), (0.5, 2.5)]), min_size=60, max_size=60).map(np.array),
)  # fmt: skip


@settings(max_examples=150)
@given(y=Y, places=cuts, loss=st.sampled_from(list(LOSSES)), n_out=st.sampled_from([1, 2, 3]))
def test_a_few_rows_decide_as_all_rows_do(y, places, loss, n_out):
    """`encode` of the sample refuses what it refuses of all rows, and else finds the same task."""
    parts = [TargetSurvey.of(y[a:b]) for a, b in zip([0, *places], [*places, 60])]
    found = parts[0]
    for i, part in enumerate(parts[1:], 1):
        found = found.merge(part, i)
    values, seen = found.sample()
    for value, (block, row) in zip(values, seen):
        assert np.array_equal(value, y[[0, *places][block] + row])

    def outcome(targets):
        try:
            return repr(encode(targets, n_out, loss(), np.dtype("f4")).task)
        except LayerwiseError as error:
            return type(error)

    assert outcome(values) == outcome(y)


def test_many_numbers_are_a_few_rows():
    y = np.random.default_rng(0).normal(size=3 * MOST_LABELS)
    parts = [TargetSurvey.of(part) for part in np.array_split(y, 3)]
    found = parts[0].merge(parts[1], 1).merge(parts[2], 2)
    assert found.labels is None
    values, _ = found.sample()
    assert len(values) < 12
    assert (values.min(), values.max()) == (y.min(), y.max()) == (found.low, found.high)
    text = np.arange(2 * MOST_LABELS).astype(str)
    with pytest.raises(lw.DataError, match="more than 10,000 labels"):
        TargetSurvey.of(text)


def test_it_is_small_and_the_same_bits_after_being_sent():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20_000, 50)).astype(np.float32), rng.integers(0, 10, 20_000)
    found = Survey.of(X, y, moments=True)
    sent = pickle.dumps(found)
    assert len(sent) < 5000
    again = pickle.loads(sent)
    assert again.facts() == found.facts()
    assert (again.moments.square == found.moments.square).all()


def test_means_of_many_rows_are_exact():
    X = np.full((50_000, 2), 1e8) + np.arange(50_000)[:, None] % 2
    found = Moments.of(X)
    np.testing.assert_allclose(found.mean, 1e8 + 0.5, rtol=1e-15)
    np.testing.assert_allclose(found.square, 50_000 * 0.25, rtol=1e-9)


def test_a_custom_scaler_says_what_a_stream_needs():
    class Halved(lw.Scaler):
        def fit(self, X):
            self.offset, self.factor = np.zeros(()), np.array(0.5)

    net = lw.Network([lw.Dense(2), lw.Softmax()], scaling=Halved())
    X = np.random.default_rng(0).normal(size=(100, 3))
    blocks = [(X[:50], np.arange(50) % 2), (X[50:], np.arange(50) % 2)]
    with pytest.raises(lw.DataError, match=r"Halved learns from an array.*define fit_moments"):
        net.fit(blocks, window=64, verbose=False)
    net.fit(blocks, epochs=1, verbose=False)
