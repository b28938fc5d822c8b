"""Numbers in pieces: figures worked by hand, NumPy's interpolation, and what the knots may be."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layerwise as lw

pytestmark = pytest.mark.usefixtures("each_engine")


def test_outputs_and_gradient_by_hand():
    net = lw.Network([lw.PiecewiseLinear([[0, 1, 5], [], [-2, 2]])], dtype="float64")
    y = net.forward([[0.25, 7.0, 1.0, 9.0], [3.0, -7.0, -4.0, 0.0], [8.0, 0.0, 2.0, -1.0]])
    # of input 0 the intervals 0 to 1 and 1 to 5; of input 2 that from -2 to 2
    assert y.tolist() == [
        [0.25, 7, 1, 9, 0.25, 0, 0.75],
        [3, -7, -4, 0, 1, 0.5, 0],
        [8, 0, 2, -1, 1, 1, 1],  # a number at an end is in no interval
    ]
    dx = net.backward([[1, 2, 3, 4, 10, 20, 40], [1, 2, 3, 4, 10, 20, 40], [1, 2, 3, 4, 10, 20, 40]])
    # dy of the input itself, and dy / length of the interval that it is in: 1 + 10 / 1, 3 + 40 / 4; then 1 + 20 / 4
    assert dx.tolist() == [[11, 2, 13, 4], [6, 2, 3, 4], [1, 2, 3, 4]]


def test_shapes():
    layer = lw.PiecewiseLinear([[0, 1, 2], [1], []])
    assert layer.n_out(3) == 5
    assert layer.n_out(10) == 12  # inputs beyond the knots are passed on
    assert layer.parameter_shapes(3) == {}
    assert lw.Network([lw.PiecewiseLinear([])], dtype="float64").forward([[1.0, 2.0]]).tolist() == [[1, 2]]
    with pytest.raises(lw.ShapeError, match=r"has knots for 3 inputs, but 2 come in"):
        lw.Network([layer]).build(2)


@pytest.mark.parametrize(
    ("knots", "message"),
    [
        ([[0, 0]], r"knots\[0\] must be finite and ascend by 1e-38 or more; got \[0.0, 0.0\]"),
        ([[], [2, 1]], r"knots\[1\] must be finite and ascend"),
        ([[0, np.nan]], r"knots\[0\] must be finite"),
        ([[0, np.inf]], r"knots\[0\] must be finite"),
        ([[0, 1e-39]], r"knots\[0\] must be finite and ascend by 1e-38"),
        ([0, 1], r"knots must be a list of numbers for each input; got \[0, 1\]"),
        ([["a", "b"]], "knots must be a list of numbers for each input"),
        (3, "knots must be a list of numbers for each input; got 3"),
    ],
)
def test_knots_that_cannot_be(knots, message):
    with pytest.raises(ValueError, match=f"PiecewiseLinear: {message}"):
        lw.PiecewiseLinear(knots)


def test_a_network_shows_how_many_intervals_there_are():
    assert repr(lw.PiecewiseLinear([[0, 1], []])) == "PiecewiseLinear([[0.0, 1.0], []])"
    assert repr(lw.PiecewiseLinear([np.arange(9), [1.0], [0, 1]])) == "PiecewiseLinear(<9 intervals of 2 inputs>)"


EIGHTHS = st.lists(st.integers(-60, 60), max_size=12, unique=True)
ASCENDING = EIGHTHS.map(lambda numbers: [n / 8 for n in sorted(numbers)])


@settings(max_examples=40)
@given(st.lists(ASCENDING, max_size=7), st.integers(0, 20), st.integers(1, 40), st.sampled_from(["float32", "float64"]))
def test_any_knots_are_interpolation(knots, more, rows, dtype):
    """Eighths, in which both precisions are exact: each interval is `np.interp`, and together they are the number."""
    n_in = max(1, len(knots) + more)
    X = np.random.default_rng(rows).integers(-80, 80, (rows, n_in)) / 8
    y = lw.Network([lw.PiecewiseLinear(knots)], dtype=dtype).outputs(X)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y[:, :n_in], X)
    at = n_in
    for column, ends in zip(X.T, knots):
        intervals = list(pairwise(ends))
        for low, high in intervals:
            np.testing.assert_allclose(y[:, at], np.interp(column, [low, high], [0, 1]), rtol=1e-6, atol=1e-7)
            at += 1
        if intervals:
            lengths, shares = np.diff(ends), y[:, at - len(intervals) : at].astype(np.float64)
            np.testing.assert_allclose(shares @ lengths, np.clip(column, ends[0], ends[-1]) - ends[0], atol=1e-5)
    assert at == y.shape[1]


def test_a_network_learns_what_changes_at_a_threshold(rng):
    """With intervals, one layer is enough for steps, which a line cannot follow."""
    X = rng.uniform(-1, 1, (400, 2))
    y = (X[:, 0] > 0.2) * 1.0 - (X[:, 1] < -0.4) * 2.0
    losses = []
    for before in ([], [lw.PiecewiseLinear([[-1, 0.15, 0.25, 1], [-1, -0.45, -0.35, 1]])]):
        net = lw.Network([*before, lw.Dense(1)], random_state=0)
        net.fit(X, y, loss="mse", optimizer=lw.Adam(0.05), epochs=30, verbose=False)
        losses.append(net.evaluate(X, y)["loss"])
    assert losses[0] > 10 * losses[1]
