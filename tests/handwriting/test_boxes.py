"""Boxes, grids and ruled lines: what is in them is read, and they are not."""

import numpy as np
import pytest

pytest.importorskip("PIL")

from PIL import Image, ImageDraw

import layerwise as lw
from layerwise.datasets.images.pixels import connected_parts
from layerwise.datasets.images.rules import frames, rules

X, Y = lw.datasets.load_mnist()[2]
DIGITS = [0, 1, 2, 3, 4, 7]  # rows of the test images that are clear: 7 2 1 0 4 9


def form(side, gap, width, digits=DIGITS, margin=30, ink=True):
    """A row of boxes with a digit in each, on white paper."""
    page = Image.new("L", (2 * margin + len(digits) * (side + gap), 2 * margin + side), 255)
    draw = ImageDraw.Draw(page)
    for i, row in enumerate(digits):
        left = margin + i * (side + gap)
        draw.rectangle((left, margin, left + side, margin + side), outline=60, width=width)
        if ink:
            size = side - 2 * width - 12
            digit = Image.fromarray(255 - X[row].reshape(28, 28)).resize((size, size))
            page.paste(digit, (left + (side - size) // 2, margin + (side - size) // 2))
    return np.asarray(page)


@pytest.mark.parametrize(("side", "gap", "width"), [(60, 0, 2), (60, 12, 2), (60, 12, 4), (110, 20, 3), (150, -3, 3)])
def test_digits_in_boxes(side, gap, width):
    reading = lw.read_digits(form(side, gap, width))
    assert reading.answer == "".join(map(str, Y[DIGITS]))


@pytest.mark.parametrize(("side", "gap"), [(60, 0), (60, 15), (100, 10)])
def test_empty_boxes_are_no_ones(side, gap):
    reading = lw.read_digits(form(side, gap, 2, ink=False))
    assert reading.answer is None
    assert "boxes" in reading.reason


def test_a_box_is_found_and_a_boxy_zero_alone_is_kept():
    page = np.zeros((60, 100), bool)
    page[10:50, 10:12] = page[10:50, 48:50] = page[10:12, 10:50] = page[48:50, 10:50] = True
    lines, certain = frames(connected_parts(page))
    np.testing.assert_array_equal(lines, page)
    assert not certain
    page[25:35, 28:32] = True  # ink within
    lines, certain = frames(connected_parts(page))
    assert certain
    assert not lines[25:35, 28:32].any()


def test_a_stroke_across_a_line_stays():
    page = np.zeros((80, 120), bool)
    page[40:42] = True
    page[20:60, 50:54] = True
    lines = rules(page)
    assert lines[40:42, :49].all()
    assert not lines[20:60, 50:54].any()


def test_a_page_of_text_is_refused_quickly():
    """Thousands of marks: one look at them is enough."""
    rng = np.random.default_rng(0)
    page = Image.new("L", (900, 900), 255)
    draw = ImageDraw.Draw(page)
    for y in range(20, 880, 14):
        for x in range(20, 880, 9):
            if rng.random() < 0.85:
                draw.line([(x + int(dx), y + int(dy)) for dx, dy in rng.integers(0, 7, (4, 2))], 0, 1)
    calls = []
    net = lw.Network([lw.Dense(10), lw.Softmax()], random_state=0)
    net.fit(X[:50], Y[:50], epochs=1, verbose=False)
    net.notes["least_confidence"] = 0.99
    original = type(net).predict_proba
    net.predict_proba = lambda rows: (calls.append(len(rows)), original(net, rows))[1]
    assert lw.read_digits(np.asarray(page), net).answer is None
    assert sum(calls) < 3000
