"""Drawings brought to their standard form, wherever the ink is, and told from photographs."""

import numpy as np
import pytest

pytest.importorskip("PIL")

from PIL import Image

from layerwise.datasets import draw_strokes, load_semeion, read_folder
from layerwise.datasets.pictures import PictureForm
from layerwise.datasets.pictures.drawn import Ink, standard_drawing
from layerwise.errors import DataError

NAN = [np.nan, np.nan]
LETTER_I = [[0.5, 0], [0.5, 0.65], NAN, [0.5, 0.95]]
LETTER_A = [[0, 0], [0.5, 1], [1, 0], NAN, [0.2, 0.4], [0.8, 0.4]]


def page(strokes, size=80, at=(20, 60), pen=5.0, side=200):
    """A sheet of white paper with a drawing of that size somewhere on it."""
    ink = draw_strokes([strokes], pen=pen, side=size, box=size)[0].reshape(size, size)
    paper = np.full((side, side), 255, np.uint8)
    paper[at[0] : at[0] + size, at[1] : at[1] + size] -= ink
    return paper


def difference(a, b):
    return abs(a.astype(float) - b).sum() / b.sum()


def test_place_and_size_do_not_matter():
    first = standard_drawing(page(LETTER_A), 28, 28)
    for size, at, pen in ((80, (100, 3), 5), (160, (30, 10), 10), (40, (0, 150), 2.5)):
        assert difference(standard_drawing(page(LETTER_A, size, at, pen), 28, 28), first) < 0.15


def test_ink_fills_its_box_around_the_centre_of_mass():
    for height, width in ((28, 28), (56, 56), (28, 40)):
        found = standard_drawing(page(LETTER_A), height, width).astype(float)
        assert found.shape == (height, width)
        rows, columns = (np.flatnonzero(found.any(axis=other)) for other in (1, 0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == round(20 / 28 * min(height, width))
        for axis, size in enumerate((height, width)):
            mass = found.sum(axis=1 - axis)
            assert abs(mass @ (np.arange(size) + 0.5) / mass.sum() - size / 2) <= 0.51
        assert found.max() == 255


def test_light_ink_on_dark_paper_is_the_same():
    picture = page(LETTER_A)
    np.testing.assert_array_equal(standard_drawing(255 - picture, 28, 28), standard_drawing(picture, 28, 28))


def test_dot_of_an_i_is_kept_and_a_speck_is_not():
    found = standard_drawing(page(LETTER_I, size=100), 28, 28)
    lines = found.max(axis=1) > 60
    assert np.diff(lines.astype(int)).tolist().count(1) == 2  # the dot, a gap, the line
    clean = page(LETTER_A)
    speckled = clean.copy()
    speckled[190, 5] = speckled[5, 190] = 0
    np.testing.assert_array_equal(standard_drawing(speckled, 28, 28), standard_drawing(clean, 28, 28))


def test_shadow_on_the_paper_is_taken_away():
    picture = page(LETTER_A)
    shadow = np.linspace(1, 0.5, 200)[None, :]
    shaded = (picture * shadow + np.random.default_rng(0).normal(0, 2, picture.shape)).clip(0, 255).astype(np.uint8)
    assert difference(standard_drawing(shaded, 28, 28), standard_drawing(picture, 28, 28)) < 0.15


def test_thin_pen_is_widened():
    thin, wide = (standard_drawing(page(LETTER_A, 150, (0, 0), pen), 28, 28).astype(float) for pen in (2, 16))
    assert thin.sum() > 0.7 * wide.sum()  # where 2 / 16 of the ink were on the page


@pytest.mark.parametrize("picture", [np.full((50, 50), 255), np.zeros((3, 3)), np.full((90, 90), 128)])
def test_blank_paper_is_an_error(tmp_path, picture):
    Image.fromarray(picture.astype(np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a\.png: expected ink on paper, but it shows none"):
        PictureForm(28, 28, drawing=True).read(tmp_path / "a.png")


def test_single_pixel_is_a_drawing_too():
    picture = np.full((30, 30), 255, np.uint8)
    picture[3, 4] = 0
    assert standard_drawing(picture, 28, 28)[14, 14] > 0


def photograph(rng, side=150):
    """Clouds of grey at all scales."""
    waves = sum(np.kron(rng.normal(0, 1, (n, n)), np.ones((side // n, side // n))) / n**0.5 for n in (3, 5, 10, 25, 50))
    return np.clip(128 + 60 * waves, 0, 255).astype(np.uint8)


def test_drawings_are_told_from_photographs():
    rng = np.random.default_rng(0)
    assert all(Ink.of(page(letter, size)).is_drawing() for letter in (LETTER_A, LETTER_I) for size in (30, 80, 130))
    assert np.mean([Ink.of(photograph(rng)).is_drawing() for _ in range(30)]) < 0.2
    X, _ = load_semeion()
    assert np.mean([Ink.of(row.reshape(16, 16)).is_drawing() for row in X[:200]]) > 0.9


def save_pages(folder, colour_of):
    for name, letter in (("A", LETTER_A), ("i", LETTER_I)):
        (folder / name).mkdir(parents=True)
        for i in range(4):
            share = (255 - page(letter, 60 + 20 * i)[..., None]) / 255
            ink = np.array(colour_of(name, i))
            Image.fromarray((255 + share * (ink - 255)).astype(np.uint8)).save(folder / name / f"{i}.png")


def test_one_pen_makes_a_drawing_and_colours_that_differ_do_not(tmp_path):
    save_pages(tmp_path / "black", lambda name, i: (0, 0, 0))
    save_pages(tmp_path / "blue", lambda name, i: (20, 40, 160))
    save_pages(tmp_path / "signs", lambda name, i: (200, 0, 0) if name == "A" else (0, 0, 200))
    assert read_folder(tmp_path / "black").form == PictureForm(28, 28, drawing=True)
    assert read_folder(tmp_path / "blue").form == PictureForm(28, 28, drawing=True)
    assert read_folder(tmp_path / "signs").form == PictureForm(32, 32, color=True)
    assert read_folder(tmp_path / "signs", drawing=True).form == PictureForm(28, 28, drawing=True)
    assert read_folder(tmp_path / "blue", drawing=False).form == PictureForm(32, 32, color=True)
    with pytest.raises(DataError, match="drawings are read in grey"):
        read_folder(tmp_path / "blue", drawing=True, color=True)
