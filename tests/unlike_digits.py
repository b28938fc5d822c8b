"""Images of the form of MNIST's that are no digits: what a network that reads digits should not answer.

Noise, digits whose pixels are shuffled, inverted digits, letters, drawn shapes, textures. Letters and shapes are drawn
large and pass the preparation that pictures of digits pass, so that only what they show tells them from digits.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from layerwise.datasets.images import to_mnist

FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSerif-Italic",
         "DejaVuSerif-Bold", "DejaVuSansMono", "DejaVuSansMono-Oblique")  # fmt: skip
OTHER_FONTS = ("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10", "cmss10", "cmtt10")
SIZE = 160  # of the pictures that are drawn, in pixels
TWINS = "OoQDIilJjSsZzBbGgqy"  # letters that a reader would take for 0, 1, 5, 2, 8, 6 or 9 (or 4, for y) in some font


@cache
def _font(name: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"), SIZE * 6 // 10)


def letter(character: str, font: str) -> np.ndarray:
    """A letter as a row of 784 bytes."""
    picture = Image.new("L", (SIZE, SIZE), 255)
    ImageDraw.Draw(picture).text((SIZE / 2, SIZE / 2), character, fill=0, font=_font(font), anchor="mm")
    return to_mnist(np.asarray(picture))


def letters(fonts: tuple[str, ...] = FONTS) -> np.ndarray:
    """All letters of the English alphabet in all fonts."""
    return np.stack([letter(character, font) for font in fonts for character in string.ascii_letters])


def is_twin(fonts: tuple[str, ...] = FONTS) -> np.ndarray:
    """Which of `letters(fonts)` look like a digit."""
    return np.array([character in TWINS for _ in fonts for character in string.ascii_letters])


def _polygon(corners: int, turn: float, inner: float = 1.0) -> list[tuple[float, float]]:
    """Corners on a circle, every second one nearer to the middle for a star."""
    points = 2 * corners if inner < 1 else corners
    angles = turn + 2 * np.pi * np.arange(points) / points
    radii = np.where(np.arange(points) % 2, inner, 1.0) if inner < 1 else np.ones(points)
    return [(float(r * np.cos(a)), float(r * np.sin(a))) for r, a in zip(radii, angles)]


def _strokes(rng: np.random.Generator) -> Iterator[tuple[list[tuple[float, float]], bool, bool]]:
    """Shapes in a square from -1 to 1: points, whether they are closed, whether filled; several make one picture."""
    turn = rng.uniform(0, 2 * np.pi)
    kind = int(rng.integers(12))
    if kind < 3:
        yield _polygon(3 + kind, turn), True, False
    elif kind < 6:
        yield _polygon(kind, turn), True, True
    elif kind < 8:
        yield _polygon(5 + kind % 2, turn, 0.45), True, kind == 7
    elif kind == 8:
        for a in (turn, turn + np.pi / 2):
            yield [(np.cos(a), np.sin(a)), (-np.cos(a), -np.sin(a))], False, False
    elif kind == 9:
        for a in turn + np.pi / 3 * np.arange(3):
            yield [(np.cos(a), np.sin(a)), (-np.cos(a), -np.sin(a))], False, False
    elif kind == 10:
        t = np.linspace(0, 6 * np.pi, 120)
        yield [(float(r * np.cos(a + turn)), float(r * np.sin(a + turn))) for r, a in zip(t / t[-1], t)], False, False
    else:
        x = np.linspace(-1, 1, 60)
        yield [(float(a), float(0.4 * np.sin(2.5 * np.pi * a + turn))) for a in x], False, False


def shapes(count: int, rng: np.random.Generator) -> np.ndarray:
    """Triangles, squares, pentagons, stars, crosses, asterisks, spirals and waves, some of them filled."""
    rows = []
    for _ in range(count):
        picture = Image.new("L", (SIZE, SIZE), 255)
        draw, width = ImageDraw.Draw(picture), int(rng.integers(8, 14))
        for points, closed, filled in _strokes(rng):
            placed = [(SIZE / 2 + 0.32 * SIZE * x, SIZE / 2 + 0.32 * SIZE * y) for x, y in points]
            if filled:
                draw.polygon(placed, fill=0)
            else:
                draw.line([*placed, *placed[:2]] if closed else placed, fill=0, width=width, joint="curve")
        rows.append(to_mnist(np.asarray(picture)))
    return np.stack(rows)


def textures(count: int, rng: np.random.Generator) -> np.ndarray:
    """Stripes, checks, slopes, dots and clouds, over the whole image."""
    y, x = np.mgrid[0:28, 0:28]
    rows = []
    for _ in range(count):
        angle, wave, phase = rng.uniform(0, np.pi), rng.uniform(3, 10), rng.uniform(0, 2 * np.pi)
        u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        kind = int(rng.integers(5))
        if kind == 0:
            values = np.sin(2 * np.pi * u / wave + phase)
        elif kind == 1:
            values = np.sign(np.sin(2 * np.pi * u / wave + phase) * np.sin(2 * np.pi * v / wave))
        elif kind == 2:
            values = u
        elif kind == 3:
            values = np.cos(2 * np.pi * u / wave + phase) + np.cos(2 * np.pi * v / wave) > 0.8
        else:
            waves = np.fft.fftfreq(28)
            falling = 1 / np.maximum(np.hypot(*np.meshgrid(waves, waves)), 1 / 28) ** 1.5
            values = np.fft.ifft2(falling * np.fft.fft2(rng.normal(size=(28, 28)))).real
        values = np.asarray(values, float)
        rows.append((255 * (values - values.min()) / np.ptp(values)).round().astype(np.uint8).ravel())
    return np.stack(rows)


def inverted(digits: np.ndarray) -> np.ndarray:
    """Dark digits on light paper."""
    return 255 - digits


def shuffled(digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The pixels of each digit in an order of its own: as much ink, and no form."""
    return rng.permuted(digits, axis=1)


def noise(count: int, rng: np.random.Generator) -> np.ndarray:
    """Every pixel anything from 0 to 255."""
    return rng.integers(0, 256, (count, 784), dtype=np.uint8)


def kinds(digits: np.ndarray, count: int = 1000, seed: int = 0) -> dict[str, np.ndarray]:
    """Images of each kind by its name; some are made of `digits`."""
    rng = np.random.default_rng(seed)
    makers: dict[str, Callable[[], np.ndarray]] = {
        "uniform noise": lambda: noise(count, rng),
        "digits with shuffled pixels": lambda: shuffled(digits[:count], rng),
        "inverted digits": lambda: inverted(digits[:count]),
        "textures": lambda: textures(count, rng),
        "drawn shapes": lambda: shapes(min(count, 400), rng),
        "letters": letters,
    }
    return {name: make() for name, make in makers.items()}
