"""What is on a page beside its digits, and around them: boxes, lines, edges, shadows, and marks that are none."""

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


def number(digits=(0, 1, 4, 7), side=60):
    """Digits beside each other on white paper, with a margin."""
    row = [np.asarray(Image.fromarray(255 - X[i].reshape(28, 28)).resize((side, side))) for i in digits]
    return np.pad(np.hstack(row), 40, constant_values=255), "".join(str(Y[i]) for i in digits)


def test_a_number_that_is_cut_out_closely_keeps_all_of_its_digits():
    page, answer = number()
    rows, columns = (np.flatnonzero((page < 128).any(axis=other)) for other in (1, 0))
    tight = page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert lw.read_digits(tight).answer == answer


@pytest.mark.parametrize("light", [0.75, 0.6, 0.45])
def test_digits_in_a_hard_shadow_are_read_too(light):
    page, answer = number()
    shaded = page.astype(float)
    shaded[:, page.shape[1] // 2 :] *= light
    assert lw.read_digits(shaded.astype(np.uint8)).answer == answer


@pytest.mark.parametrize("strokes", ["08 00|04 26 44 40", "06 00|05 26 45 40", "07 02 20 42 47|40 47"], ids="hnu")
def test_one_mark_that_is_no_wider_than_high_is_not_cut(strokes):
    page = Image.new("L", (120, 120), 255)
    draw = ImageDraw.Draw(page)
    for stroke in strokes.split("|"):
        points = [(30 + 8 * int(p[0]), 100 - 9 * int(p[1])) for p in stroke.split()]
        draw.line(points, 0, 7, joint="curve")
    assert len(lw.read_digits(page).digits) == 1


def test_numbers_that_interpolation_left_a_little_off_are_still_from_0_to_1():
    page, answer = number()
    assert lw.read_digits(page / 255 * 1.001).answer == answer


def test_a_camera_of_12_bits():
    page, answer = number()
    assert lw.read_digits((page.astype(np.uint16) + 20) * 12).answer == answer


@pytest.mark.parametrize("least", [-0.1, 1.5, float("nan")])
def test_a_limit_that_is_no_probability(least):
    with pytest.raises(lw.DataError, match="least_confidence: expected a probability"):
        lw.read_digits(number()[0], least_confidence=least)


@pytest.mark.parametrize("kind", ["noise", "gradient"])
def test_noise_is_not_called_blank_paper(kind):
    rng = np.random.default_rng(0)
    page = rng.integers(0, 256, (200, 200)) if kind == "noise" else np.tile(np.linspace(0, 255, 200), (200, 1))
    reading = lw.read_digits(page.astype(np.uint8))
    assert reading.answer is None
    assert "photo" in reading.reason
