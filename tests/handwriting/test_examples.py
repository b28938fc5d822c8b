"""The images that the recipes for people's digits learn from."""

import numpy as np
import pytest

pytest.importorskip("PIL")

import layerwise as lw
from layerwise.handwriting import examples
from layerwise.handwriting.glyphs import DIGITS, SIGNS


@pytest.fixture(scope="module")
def made():
    X, y = (array[:500] for array in lw.datasets.load_mnist()[0])
    return X, y, *examples.digits_of_people(X, y, random_state=3)


def test_targets_are_a_digit_or_none(made):
    X, y, images, targets = made
    assert images.dtype == np.uint8
    assert images.shape == (len(targets), 784)
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    labelled = targets.max(axis=1) == 1
    np.testing.assert_array_equal(targets[:500].argmax(axis=1), y)
    assert set(np.unique(targets[labelled])) == {0, 1}
    np.testing.assert_allclose(targets[~labelled], 0.1, rtol=1e-6)
    assert np.bincount(targets[labelled].argmax(axis=1)).min() > 800
    unchanged = (images[:500] == X).all(axis=1).mean()
    assert 0.5 < unchanged < 0.8  # half, and of the others those that no change was drawn for


@pytest.mark.slow
def test_the_same_seed_gives_the_same_images(made):
    X, y, images, targets = made
    again, same = examples.digits_of_people(X, y, random_state=3)
    np.testing.assert_array_equal(again, images)
    np.testing.assert_array_equal(same, targets)


def test_every_image_has_ink_within_the_frame(made):
    images = made[2].reshape(-1, 28, 28)
    assert (images.max(axis=(1, 2)) > 60).mean() > 0.995
    drawn = images[500:]
    assert (drawn[:, [0, 1, -2, -1]] > 0).mean() < 0.02


def test_strangers_are_not_among_the_writers():
    X, y = examples.digits_of_strangers(0)
    assert X.shape == (3498, 784)
    np.testing.assert_array_equal(y, lw.datasets.load_pendigits()[1][1])


def test_a_smoothed_path_goes_through_its_points_and_keeps_a_line_straight():
    path = np.array([[[0, 0], [1, 1], [2, 2], [3, 3], [5, 5]], [[0, 0], [2, 1], [4, 0], [6, 3], [9, 1]]], np.float32)
    smooth = examples.smoothed(path)
    np.testing.assert_allclose(smooth[:, :: examples.TURNS], path, atol=1e-6)
    np.testing.assert_allclose(smooth[0, :, 0], smooth[0, :, 1], atol=1e-6)


def test_pens_make_strokes_thinner_or_thicker():
    line = np.zeros((1, 28, 28), np.uint8)
    line[0, 5:23, 12:16] = 255
    line = np.repeat(line.reshape(1, 784), 50, axis=0)
    rng = np.random.default_rng(0)
    thin, thick = (examples.with_other_pens(line, rng, thin=t, thick=1 - t, coarse=0) for t in (1.0, 0.0))
    ink = [int(images.sum()) for images in (thin, line, thick)]
    assert ink[0] < ink[1] < ink[2]
    coarse = examples.with_other_pens(line, rng, thin=0, thick=0, coarse=1)
    assert (coarse.max(axis=1) > 150).all()
    np.testing.assert_allclose(examples._coarsely(14).sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("glyph", [*(glyph for glyphs in DIGITS.values() for glyph in glyphs), *SIGNS])
def test_glyphs_are_strokes_of_two_points_or_more(glyph):
    for stroke in glyph.split("|"):
        points = stroke.split()
        assert len(points) > 1
        assert all(len(point) == 2 and point.isdigit() for point in points)


@pytest.mark.slow
def test_mnist_recipes_are_unsure_of_what_is_no_digit():
    X, y = (array[:3000] for array in lw.datasets.load_mnist()[0])
    net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    images, targets = examples.digits_of_people(X, y, random_state=0)
    net.fit(images, targets, loss=lw.CategoricalCrossEntropy(), optimizer=lw.Adam(0.003), epochs=6, verbose=False)
    test, labels = (array[:2000] for array in lw.datasets.load_mnist()[2])
    assert (net.predict(test) == labels).mean() > 0.85
    others = examples.digits_of_people(X, y, random_state=1)[0][-3000:]
    sure, unsure = (net.predict_proba(rows).max(axis=1) for rows in (test, others))
    assert np.median(unsure) < 0.5 < 0.9 < np.median(sure)
