"""A picture of a digit becomes what MNIST holds, whatever it was drawn with; what is no such picture says why."""

from __future__ import annotations

import contextlib
import itertools
import sys
import warnings
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("PIL")

from PIL import Image

from drawn_digits import draw_digit
from layerwise.datasets.images import pixels, read_digit, render, to_mnist
from layerwise.errors import DataError, MissingDependencyError, ShapeError

DIGITS = [*(2, 7), *(pytest.param(digit, marks=pytest.mark.slow) for digit in (0, 1, 3, 4, 5, 6, 8, 9))]


@cache
def mnist_form(digit: int) -> np.ndarray:
    return to_mnist(np.asarray(draw_digit(digit)))


def off(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference, of 255, over the pixels where either has ink."""
    a, b = a.astype(float), b.astype(float)
    return float(np.abs(a - b).sum() / ((a > 0) | (b > 0)).sum())


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two images, within the one pixel that whole-pixel centring may part them by."""
    shifts = itertools.product((-1, 0, 1), repeat=2)
    moved = (np.roll(a.reshape(28, 28), shift, (0, 1)).ravel() for shift in shifts)
    return max(float(np.corrcoef(m, b)[0, 1]) for m in moved)


@pytest.mark.parametrize("digit", DIGITS)
def test_the_form_is_that_of_mnist(digit: int) -> None:
    image = mnist_form(digit)
    assert image.shape == (784,)
    assert image.dtype == np.uint8
    assert image.max() == 255
    page = image.reshape(28, 28).astype(float)
    rows, columns = np.flatnonzero(page.any(axis=1)), np.flatnonzero(page.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
    assert abs(page.sum(axis=1) @ np.arange(28) / page.sum() - 14) <= 0.5
    assert abs(page.sum(axis=0) @ np.arange(28) / page.sum() - 14) <= 0.5
    assert 0.05 < (page > 127).mean() < 0.25  # MNIST's own: from 0.04 for a 1 to 0.2 for a fat 0


@pytest.mark.parametrize("digit", DIGITS)
def test_an_image_of_that_form_stays_as_it_is(digit: int) -> None:
    image = mnist_form(digit)
    assert off(to_mnist(image.reshape(28, 28)), image) < 2
    assert off(to_mnist(255 - image.reshape(28, 28)), image) < 2


@given(
    digit=st.integers(0, 9),
    size=st.integers(80, 400),
    height=st.floats(0.4, 0.8),
    where=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    shades=st.sampled_from([(0, 255), (255, 0), (60, 200), (180, 40), (120, 160)]),
)
@settings(max_examples=25, deadline=None)
def test_size_place_and_shade_do_not_matter(
    digit: int, size: int, height: float, where: tuple[float, float], shades: tuple[int, int]
) -> None:
    room = size * (1 - height) / 2 - size * height / 8  # so that the digit stays on the picture
    offset = (int(where[0] * max(room, 0)), int(where[1] * max(room, 0)))
    ink, paper = shades
    picture = draw_digit(digit, size, ink=ink, paper=paper, offset=offset, height=height)
    assert likeness(to_mnist(np.asarray(picture)), mnist_form(digit)) > 0.85


@pytest.mark.parametrize("digit", DIGITS)
def test_dark_on_light_and_light_on_dark_are_one(digit: int) -> None:
    grey = np.asarray(draw_digit(digit, 150, ink=30, paper=220))
    assert off(to_mnist(grey), to_mnist(255 - grey)) < 1


@pytest.mark.parametrize(("size", "pen"), [(64, 1), (300, 1), (2000, 1), (1000, 5), (200, 30), (64, 10)])
@pytest.mark.parametrize("digit", [0, 4, 8])
def test_a_fine_pen_does_not_fade_nor_a_broad_one_fill(digit: int, size: int, pen: int) -> None:
    image = to_mnist(np.asarray(draw_digit(digit, size, pen)))
    assert 0.06 < (image > 127).mean() < 0.25
    assert likeness(image, mnist_form(digit)) > 0.7


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("digit", DIGITS)
def test_light_noise_and_specks_of_a_photograph_vanish(digit: int, dark: bool) -> None:
    rng = np.random.default_rng(digit)
    grey = np.asarray(draw_digit(digit, 400, ink=40, paper=230, offset=(30, -40), height=0.5)).astype(float)
    for row, column in rng.integers(0, 396, (10, 2)):
        grey[row : row + 3, column : column + 3] = 60
    y, x = np.mgrid[-1:1:400j, -1:1:400j]
    grey *= 0.8 + 0.15 * x - 0.1 * y - 0.08 * x * x  # a lamp on one side
    grey[x + 0.3 * y > 0.85] *= 0.8  # a shadow over the edge
    grey = np.clip(grey + rng.normal(0, 6, grey.shape), 0, 255).astype(np.uint8)
    image = to_mnist(grey if dark else 255 - grey)
    assert likeness(image, mnist_form(digit)) > 0.9


@pytest.mark.parametrize("margin", [0, 2])
@pytest.mark.parametrize("pen", [20, 36])
@pytest.mark.parametrize("digit", DIGITS)
def test_next_to_no_paper_around_the_digit(digit: int, pen: int, margin: int) -> None:
    grey = np.asarray(draw_digit(digit, 200, pen, ink=40, paper=230))
    rows, columns = (np.flatnonzero((grey < 135).any(axis=other)) for other in (1, 0))
    tight = grey[rows[0] - margin : rows[-1] + 1 + margin, columns[0] - margin : columns[-1] + 1 + margin]
    assert likeness(to_mnist(tight), to_mnist(grey)) > 0.95
    assert likeness(to_mnist(255 - tight), to_mnist(grey)) > 0.95


@pytest.mark.parametrize("sides", ["left", "left top", "left top right bottom"])
@pytest.mark.parametrize("digit", DIGITS)
def test_a_desk_around_the_sheet_is_not_ink(digit: int, sides: str) -> None:
    rng = np.random.default_rng(digit)
    wide = [[60 * (side in sides) for side in pair] for pair in (("top", "bottom"), ("left", "right"))]
    grey = np.pad(np.asarray(draw_digit(digit, 300, ink=30, paper=225)), wide, constant_values=60).astype(float)
    grey *= np.linspace(1, 0.85, grey.shape[1])
    grey = np.clip(grey + rng.normal(0, 4, grey.shape), 0, 255).astype(np.uint8)
    assert likeness(to_mnist(grey), mnist_form(digit)) > 0.9
    assert likeness(to_mnist(255 - grey), mnist_form(digit)) > 0.9


@pytest.mark.parametrize("turn", [-12, 5, 20])
@pytest.mark.parametrize("digit", DIGITS)
def test_a_sheet_that_lies_at_an_angle(digit: int, turn: int) -> None:
    sheet = draw_digit(digit, 300, ink=30, paper=225)
    turned = sheet.rotate(turn, Image.Resampling.BILINEAR, expand=True, fillcolor=70)
    upright = sheet.rotate(turn, Image.Resampling.BILINEAR, expand=True, fillcolor=225)
    assert likeness(to_mnist(np.asarray(turned)), to_mnist(np.asarray(upright))) > 0.95


@pytest.mark.parametrize("kind", [bool, np.uint8, np.uint16, np.int64, np.float32, np.float64])
def test_every_kind_of_number_is_taken(kind: type) -> None:
    bilevel = np.asarray(draw_digit(3)) > 127
    full = {bool: 1, np.uint16: 65535, np.float32: 1}.get(kind, 255)
    np.testing.assert_array_equal(to_mnist((bilevel * full).astype(kind)), to_mnist(bilevel * np.uint8(255)))


def test_the_array_given_is_not_changed() -> None:
    grey = np.asarray(draw_digit(5)).astype(np.float32)
    before = grey.copy()
    to_mnist(grey)
    np.testing.assert_array_equal(grey, before)


# --- files ---


def save(picture: Image.Image, path: Path, **options: object) -> Path:
    picture.save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "webp"])
def test_every_format_is_read(tmp_path: Path, suffix: str) -> None:
    path = save(draw_digit(2, paper=230), tmp_path / f"two.{suffix}")
    assert off(read_digit(path), mnist_form(2)) < 6
    assert off(read_digit(str(path)), mnist_form(2)) < 6


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_png_is_read(tmp_path: Path, mode: str) -> None:
    grey = draw_digit(6, 400)
    sixteen_bits = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    picture = sixteen_bits if mode == "I;16" else grey.convert(mode)
    assert off(read_digit(save(picture, tmp_path / "six.png")), mnist_form(6)) < 12


def test_printing_inks_are_read(tmp_path: Path) -> None:
    path = save(draw_digit(6, 400).convert("CMYK"), tmp_path / "six.jpg")
    assert off(read_digit(path), mnist_form(6)) < 12


@pytest.mark.parametrize("ink", [(0, 0, 0, 255), (255, 255, 255, 255), (200, 30, 30, 255), (250, 220, 0, 255)])
def test_ink_on_a_transparent_ground(tmp_path: Path, ink: tuple[int, ...]) -> None:
    clear = (*ink[:3], 0)
    path = save(draw_digit(9, ink=ink, paper=clear), tmp_path / "nine.png")
    assert off(read_digit(path), mnist_form(9)) < 6
    palette = Image.open(path).quantize(16)
    assert off(read_digit(save(palette, tmp_path / "palette.png")), mnist_form(9)) < 30


def test_clear_corners_are_not_ink(tmp_path: Path) -> None:
    picture = draw_digit(9, ink=(0, 0, 0, 255), paper=(250, 250, 240, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 12, 12))
    picture.paste((0, 0, 0, 0), (185, 190, 200, 200))
    assert off(read_digit(save(picture, tmp_path / "nine.png")), mnist_form(9)) < 6


@pytest.mark.parametrize("ink", [(20, 40, 160), (190, 20, 30), (10, 110, 40), (230, 120, 0)])
def test_coloured_inks(tmp_path: Path, ink: tuple[int, ...]) -> None:
    path = save(draw_digit(4, ink=ink, paper=(250, 245, 225)), tmp_path / "four.jpg")
    assert off(read_digit(path), mnist_form(4)) < 10


@pytest.mark.parametrize(("orientation", "turn"), [(3, 180), (6, 90), (8, 270)])
def test_a_camera_held_sideways(tmp_path: Path, orientation: int, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(draw_digit(7).rotate(turn), tmp_path / "seven.jpg", exif=exif, quality=95)
    assert off(read_digit(path), mnist_form(7)) < 6


def test_a_large_photograph(tmp_path: Path) -> None:
    path = save(draw_digit(3, 3000, pen=60, height=0.3), tmp_path / "three.jpg")
    assert likeness(read_digit(path), mnist_form(3)) > 0.9


# --- what is no picture of a digit ---


def fails(path: Path, *words: str) -> None:
    with pytest.raises(DataError) as caught:
        read_digit(path)
    for word in (path.name, *words):
        assert word in str(caught.value)


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_blank_paper(tmp_path: Path, shade: int) -> None:
    fails(save(Image.new("L", (90, 60), shade), tmp_path / "paper.png"), "blank", "draw")


def test_blank_paper_in_a_photograph() -> None:
    y, x = np.mgrid[-1:1:300j, -1:1:300j]
    noise = np.random.default_rng(0).normal(0, 5, x.shape)
    for grey in (noise + 128, 200 + 40 * x - 20 * y * y + noise, np.full((300, 300), 3.0)):
        with pytest.raises(DataError, match="blank"):
            to_mnist(grey)


def test_faint_ink_and_nothing_but_transparency(tmp_path: Path) -> None:
    fails(save(draw_digit(3, ink=245), tmp_path / "faint.png"), "blank")
    fails(save(Image.new("RGBA", (50, 50)), tmp_path / "clear.png"), "blank")


def test_missing_directory_and_empty(tmp_path: Path) -> None:
    fails(tmp_path / "nowhere.png", "does not exist", "check the path")
    fails(tmp_path, "directory")
    (tmp_path / "empty.png").touch()
    fails(tmp_path / "empty.png", "empty file")


def test_files_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("seven\n" * 50)
    fails(tmp_path / "text.png", "another kind", "save it as PNG or JPEG")
    (tmp_path / "drawing.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    fails(tmp_path / "drawing.eps", "another kind")


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "webp"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_truncated_files(tmp_path: Path, suffix: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (80, 80), np.uint8)
    whole = save(Image.fromarray(noise), tmp_path / f"whole.{suffix}").read_bytes()
    path = tmp_path / f"part.{suffix}"
    path.write_bytes(whole[: int(share * len(whole))])
    fails(path)


@given(st.sampled_from(["png", "gif", "bmp", "jpg", "webp"]), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_damaged_files_are_read_or_refused(suffix: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    path = Path(DAMAGED[suffix])
    damaged = bytearray(path.read_bytes())
    for place in rng.integers(0, len(damaged), 6):
        damaged[place] = rng.integers(256)
    broken = path.with_name(f"broken.{suffix}")
    broken.write_bytes(damaged)
    with contextlib.suppress(DataError):  # any other error fails the test, and so does a warning
        assert read_digit(broken).shape == (784,)


DAMAGED: dict[str, Path] = {}


@pytest.fixture(scope="module", autouse=True)
def _sound_files(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("sound")
    for suffix in ("png", "gif", "bmp", "jpg", "webp"):
        DAMAGED[suffix] = save(draw_digit(5, 60), folder / f"sound.{suffix}")


@pytest.mark.parametrize("side", [10_000, 30_000, 2**31 - 1])
def test_decompression_bombs(tmp_path: Path, side: int) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4)
        return len(data).to_bytes(4) + kind + data + check

    header = side.to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b""))
    fails(path, "pixels", "crop")


@pytest.mark.parametrize("shape", [(784,), (28, 28, 3), ()])
def test_arrays_that_are_no_grey_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="height, width"):
        to_mnist(np.zeros(shape))


def test_arrays_that_hold_no_grey_values() -> None:
    grey = np.asarray(draw_digit(1)).astype(float)
    grey[3, 3] = np.nan
    with pytest.raises(DataError, match="finite"):
        to_mnist(grey)
    with pytest.raises(DataError, match="finite"):
        to_mnist(np.full((20, 20), "x"))
    with pytest.raises(DataError, match="3x8"):
        to_mnist(np.zeros((0, 20)))
    with pytest.raises(DataError, match="blank"):
        to_mnist(np.full((20, 20), -1e300))


@given(st.integers(8, 60), st.integers(8, 60), st.integers(0, 2**32 - 1), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_any_array_is_brought_to_the_form_or_called_blank(h: int, w: int, seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    grey = np.where(rng.random((h, w)) < share, rng.integers(0, 256, (h, w)), 255).astype(np.uint8)
    with contextlib.suppress(DataError):
        assert to_mnist(grey).max() == 255


def test_pillow_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingDependencyError, match=r"layerwise\[images\]"):
        read_digit("seven.png")
    with pytest.raises(MissingDependencyError, match=r"layerwise\[images\]"):
        to_mnist(np.zeros((28, 28)))


def test_the_filters_of_warnings_are_left_as_they_were(tmp_path: Path) -> None:
    before = list(warnings.filters)
    read_digit(save(draw_digit(1), tmp_path / "one.png"))
    assert list(warnings.filters) == before


# --- text ---


def test_a_digit_as_text() -> None:
    lines = render(mnist_form(0)).split("\n")
    assert len(lines) == 14
    assert max(map(len, lines)) <= 28
    assert set("".join(lines)) == set(" ▀▄█")
    assert set(render(mnist_form(0), ascii=True)) <= set(" .:*#\n")
    assert render(mnist_form(0).reshape(28, 28) / 255) == render(mnist_form(0))


@pytest.mark.parametrize("width", [2, 9, 14, 28, 56])
def test_the_width_of_the_text(width: int) -> None:
    lines = render(np.ones((28, 28)), width).split("\n")
    assert lines == ["█" * width] * (width // 2)


def test_nothing_as_text() -> None:
    assert render(np.zeros(784)) == "\n" * 13


def test_text_of_what_is_no_image() -> None:
    with pytest.raises(ShapeError, match="square"):
        render(np.zeros((28, 27)))
    with pytest.raises(ShapeError, match="width"):
        render(np.zeros(784), width=0)


@pytest.mark.parametrize("radius", [0, 0.5, 1, 1.5, 2.3, 3, 6.7, 30])
def test_thicken_is_the_maximum_over_a_disc(radius):
    values = np.random.default_rng(0).random((21, 16)).astype(np.float32)
    y, x = np.mgrid[:21, :16]
    expected = np.array([
        [values[(y - i) ** 2 + (x - j) ** 2 <= radius**2].max() for j in range(16)] for i in range(21)
    ])  # fmt: skip
    np.testing.assert_array_equal(pixels.thicken(values, radius), expected)
    mask = values > 0.95
    np.testing.assert_array_equal(pixels.thicken(mask, radius), pixels.thicken(mask.astype(np.float32), radius) > 0)


@pytest.mark.parametrize("size", [1, 2, 3, 10, 101])
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.75, 1])
def test_quantile_is_numpys(size, share):
    values = np.random.default_rng(size).normal(size=size)
    assert pixels.quantile(values, share) == pytest.approx(np.quantile(values, share), abs=1e-12)
