import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.datasets import draw_strokes, load_pendigits
from layerwise.errors import DataError, ShapeError

NAN = [np.nan, np.nan]


def test_vertical_line_of_two_pixels():
    image = draw_strokes([[[7, -3], [7, 5]]], pen=2)[0].reshape(28, 28)
    # From row 1 to 19 of the box, in its middle: the columns 9 and 10, half a pixel off the line, are covered.
    # The first row's centres are at (0.5, 0.5) from the end: 1 + 0.5 - √0.5 = 0.793 of a pixel, 202.
    line = np.zeros((28, 28), int)
    line[4:24, 13:15] = 255
    line[[4, 23], 13:15] = 202
    np.testing.assert_array_equal(image, line)


def test_line_of_three_pixels_lies_on_one_column_and_its_neighbours():
    image = draw_strokes([[[0, 0], [1, 0]]], pen=3, side=11, box=11)[0].reshape(11, 11)
    # y = 5.5: the centres of row 5 are on it, those of rows 4 and 6 a pixel off (1.5 + 0.5 - 1 = 1), 3 and 7 two (0).
    assert (image[4:7, 2:9] == 255).all()
    assert not image[:4].any()
    assert not image[7:].any()


def test_softer_edge():
    image = draw_strokes([[[0, 0], [0, 1]]], pen=2, soft=2, side=20)[0].reshape(20, 20)
    # Centres at 0.5, 1.5 and 2.5 from the line: (1 - d) / 2 + 1/2.
    assert image[10, 7:13].tolist() == [0, 64, 191, 191, 64, 0]


def test_y_is_upwards():
    tick = draw_strokes([[[0, 1], [1, 0], [3, 3]]])[0].reshape(28, 28)
    rows, columns = np.nonzero(tick > 200)
    assert columns[rows.argmin()] > columns[rows.argmax()] > columns.min()


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=9),
    st.floats(1, 5),
    st.floats(0.5, 3),
)
def test_ink_fills_the_box_with_its_centre_of_mass_in_the_middle(points, pen, soft):
    image = draw_strokes([points], pen=pen, soft=soft)[0].reshape(28, 28).astype(float)
    places = np.arange(28) + 0.5
    for other in (1, 0):
        lines = image.sum(axis=other)
        used = np.flatnonzero(lines)
        assert np.ptp(used) < 20
        off = abs((lines * places).sum() / lines.sum() - 14)
        assert off <= 0.51 or used[0] < 5 or used[-1] > 22  # or the box is at the edge
    extent = np.ptp(np.array(points), axis=0)
    if extent.max() and soft <= 1:
        longer = [np.ptp(np.flatnonzero(image.any(axis=other))) + 1 for other in (0, 1)]
        assert max(longer) >= 18


def test_digits_are_centred():
    (strokes, _), _ = load_pendigits()
    images = draw_strokes(strokes[:500]).reshape(-1, 28, 28).astype(float)
    places = np.arange(28) + 0.5
    for other in (2, 1):
        lines = images.sum(axis=other)
        assert abs(lines @ places / lines.sum(axis=1) - 14).max() <= 0.51


def test_nan_lifts_the_pen():
    two = draw_strokes([[[0, 0], [0, 4], NAN, [4, 0], [4, 4]]], pen=2)[0].reshape(28, 28)
    ends = two[14] > 0
    assert ends.sum() == 4  # two lines of two pixels, and nothing between
    assert ends[ends.argmax() : 28 - ends[::-1].argmax()].sum() == 4
    one = draw_strokes([[[0, 0], [0, 4], [4, 0], [4, 4]]], pen=2)[0].reshape(28, 28)
    assert (one[14] > 0).sum() > 4


def test_one_coordinate_that_is_nan_lifts_the_pen_too():
    points = np.array([[[0, 0], [0, 4], [np.nan, 9], [4, 0], [4, 4]]])
    np.testing.assert_array_equal(draw_strokes(points), draw_strokes([[[0, 0], [0, 4], NAN, [4, 0], [4, 4]]]))


def test_shorter_paths_are_filled_up_with_nan():
    long = [[0, 0], [3, 1], [2, 4], [0, 2]]
    short = [[0, 0], [1, 3]]
    together = draw_strokes([long, [*short, NAN, NAN], [NAN, *short, NAN]])
    np.testing.assert_array_equal(together[0], draw_strokes([long])[0])
    np.testing.assert_array_equal(together[1], draw_strokes([short])[0])
    np.testing.assert_array_equal(together[2], together[1])


def test_point_between_lifts_is_a_dot():
    image = draw_strokes([[[0, 0], [0, 3], NAN, [0, 4]]], pen=2)[0].reshape(28, 28)
    rows = np.flatnonzero(image.any(axis=1))
    assert len(rows) < np.ptp(rows) + 1  # a gap
    single = draw_strokes([[[5, 5]]], pen=4)[0].reshape(28, 28)
    assert single.sum() / 255 == pytest.approx(np.pi * 2**2, rel=0.03)  # the area of a disc


def test_one_pen_a_row():
    path = [[0, 0], [3, 1], [2, 4]]
    images = draw_strokes([path] * 3, pen=[1, 2, 4.5])
    for image, pen in zip(images, [1, 2, 4.5]):
        np.testing.assert_array_equal(image, draw_strokes([path], pen=pen)[0])
    assert (np.diff(images.sum(axis=1, dtype=int)) > 0).all()


def test_rows_of_several_chunks_are_drawn_as_alone():
    (strokes, _), _ = load_pendigits()
    images = draw_strokes(strokes[:300])
    assert images.shape == (300, 784)
    for i in (0, 127, 128, 299):
        np.testing.assert_array_equal(images[i], draw_strokes(strokes[i : i + 1])[0])
    assert draw_strokes(np.empty((0, 8, 2))).shape == (0, 784)


@pytest.mark.parametrize(
    ("strokes", "settings", "error", "words"),
    [
        ([[0, 0], [1, 1]], {}, ShapeError, r"\(n, points, 2\); got \(2, 2\)"),
        ([[[0, 0]], [[0, 0], [1, 1]]], {}, ShapeError, "NaN after the end of shorter paths"),
        ([[[0, 0]], [NAN]], {}, DataError, r"strokes\[1\] has no point"),
        ([[[0, np.inf]]], {}, DataError, r"strokes\[0\] has an infinite point"),
        ([[[0, 0]]], {"pen": 0}, DataError, "above 0 and below the box, 20 pixels; got 0"),
        ([[[0, 0]]], {"pen": [1, 2]}, ShapeError, "one for each of the 1 paths"),
        ([[[0, 0]]], {"pen": 20}, DataError, "got 20"),
        ([[[0, 0]]], {"box": 29}, DataError, "at most the side of the image, 28; got 29"),
        ([[[0, 0]]], {"side": 2.5}, DataError, "side must be a whole number"),
        ([[[0, 0]]], {"soft": 0}, DataError, "soft must be a positive number of pixels; got 0"),
    ],
)
def test_errors(strokes, settings, error, words):
    with pytest.raises(error, match=words):
        draw_strokes(strokes, **settings)
