"""Drawings, and what `read_digits` makes of them, for the page's TypeScript to be held to.

python tests/page/golden_drawings.py        makes page/tests/golden/drawings.json.gz anew

Each picture has its grey values; each reading its answer, confidence, reason and digits; and `asked` has every image of
28x28 that the network was asked about on the way, in that order, with its probabilities. So a port needs no network,
and has to come to the same 784 bytes each time. Arrays are bytes in base64.
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent.parent
FILE = ROOT / "page/tests/golden/drawings.json.gz"
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests"))

from PIL import Image, ImageDraw  # noqa: E402

import drawn_digits  # noqa: E402
from layerwise.datasets.images.form import to_mnist  # noqa: E402
from layerwise.datasets.images.reading import picture_of  # noqa: E402
from layerwise.errors import DataError  # noqa: E402
from layerwise.handwriting.reading import LEAST_CONFIDENCE, read_picture  # noqa: E402
from layerwise.handwriting.shipped import shipped_network  # noqa: E402

FINE = 4  # a pen's edge is drawn on so many times the pixels, and averaged


class Asked:
    """The network that comes with the package, and all that it was asked."""

    def __init__(self) -> None:
        self.network = shipped_network()
        self.task, self.novelty, self.notes = self.network.task, self.network.novelty, self.network.notes
        self.images: list[np.ndarray] = []
        self.probabilities: list[np.ndarray] = []

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """As the network's, and kept."""
        found = self.network.predict_proba(X)
        self.images.extend(X)
        self.probabilities.extend(found)
        return found


def pad(width: int = 280, height: int = 280) -> Image.Image:
    """White paper, to be drawn on with `stroke`."""
    return Image.new("L", (width * FINE, height * FINE), 255)


def stroke(picture: Image.Image, points: np.ndarray, pen: float, ink: int = 0) -> None:
    """Draw a line with a round pen through points (n, 2), in pixels of the pad."""
    draw = ImageDraw.Draw(picture)
    path = [tuple(point) for point in np.asarray(points) * FINE]
    r = pen * FINE / 2
    draw.line(path, fill=ink, width=round(2 * r), joint="curve")
    for x, y in path:
        draw.ellipse([x - r, y - r, x + r, y + r], fill=ink)


def digit(picture: Image.Image, which: int, left: float, top: float, size: float, pen: float, rng: Any = None) -> None:
    """Draw a digit of this height; another hand each time if `rng`."""
    turn = 0.0 if rng is None else rng.normal(0, 0.08)
    shake = 0.0 if rng is None else rng.uniform(0, 0.03)
    for points in drawn_digits.STROKES[which]:
        curve = np.array(list(drawn_digits.smooth(points, 12))) - 0.5
        if rng is not None:
            curve = curve + shake * np.sin(np.linspace(0, rng.uniform(3, 9), len(curve)))[:, None]
        turned = curve @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        stroke(picture, (turned + 0.5) * size + [left, top], pen)


def drawings() -> Iterator[tuple[str, Image.Image]]:
    """Pictures on a pad, by their names: those of a hand that is drawn at random, and special cases."""
    rng = np.random.default_rng(20)
    for which in range(10):
        picture = pad()
        size = rng.uniform(90, 220)
        digit(picture, which, rng.uniform(20, 250 - size), rng.uniform(20, 250 - size), size, rng.uniform(8, 26), rng)
        yield f"digit {which}", picture
    for name, which, left, top, size, pen in [
        ("thin", 3, 90, 60, 150, 2), ("thick", 5, 70, 50, 140, 46), ("small", 8, 120, 130, 26, 4),
        ("large", 2, 4, 4, 270, 20), ("off the left", 6, -60, 60, 150, 16), ("off the bottom", 9, 80, 180, 150, 14),
        ("in a corner", 4, 200, 5, 70, 9), ("very thick", 0, 60, 40, 160, 70), ("hair", 7, 60, 40, 190, 1),
    ]:  # fmt: skip
        picture = pad()
        digit(picture, which, left, top, size, pen)
        yield name, picture
    for text, step, pen in [("42", 110, 14), ("2025", 88, 10), ("80", 62, 12), ("77", 50, 9), ("1951", 60, 8)]:
        picture = pad(440, 200)
        for i, letter in enumerate(text):
            digit(picture, int(letter), 20 + i * step, 40 + rng.uniform(-8, 8), 110, pen, rng)
        yield f"number {text} {step}", picture
    picture = pad(300, 300)
    for i, letter in enumerate("3164"):
        digit(picture, int(letter), 30 + i % 2 * 110, 15 + i // 2 * 150, 100, 10)
    yield "two rows", picture
    yield "empty", pad()
    picture = pad()
    stroke(picture, np.array([[140, 140], [141, 140]]), 10)
    yield "dot", picture
    for i, pen in enumerate((6, 18)):
        picture = pad()
        stroke(picture, rng.uniform(20, 260, (40, 2)), pen)
        yield f"scribble {i}", picture
    picture = pad()
    stroke(picture, np.array([[140, 40], [240, 220], [40, 220], [140, 40]]), 14)
    yield "triangle", picture
    picture = pad()
    for x in (60, 120, 180):
        stroke(picture, np.array([[x, 50], [x, 230]]), 12)
    yield "three lines", picture
    picture = pad()
    stroke(picture, np.array([[30, 140], [250, 140]]), 12)
    yield "one line", picture


def cells() -> Iterator[tuple[str, np.ndarray]]:
    """Pictures of 28x28 whose cells are black or white, as somebody sets them one by one."""
    for name, which, pen in [("cells 2", 2, 2.2), ("cells 7", 7, 1), ("cells 4", 4, 3.5)]:
        picture = pad(28, 28)
        digit(picture, which, 5, 4, 19, pen)
        yield name, np.where(np.asarray(picture.resize((28, 28), Image.Resampling.BOX)) < 128, 0, 255).astype(np.uint8)


def greys() -> Iterator[tuple[str, np.ndarray]]:
    """Every picture as grey values (height, width) of uint8."""
    for name, picture in drawings():
        yield name, np.asarray(picture.reduce(FINE))
    yield from cells()
    for file in sorted((ROOT / "tests/handwriting/golden").glob("*.png")):
        yield f"paper {file.stem}", np.asarray(Image.open(file).convert("L"))


def colours() -> Iterator[tuple[str, np.ndarray]]:
    """Pictures of red, green, blue and opacity (height, width, 4) of uint8, as a canvas gives them."""
    rng = np.random.default_rng(7)
    yield "opaque", np.dstack([rng.integers(0, 256, (9, 14, 3)), np.full((9, 14), 255)]).astype(np.uint8)
    yield "large", np.dstack([rng.integers(0, 6, (8, 651, 3)) * 51, np.full((8, 651), 255)]).astype(np.uint8)
    for name, bands, alpha in [
        ("dark ink alone", rng.integers(0, 90, (9, 14, 3)), rng.integers(0, 256, (9, 14)) // 200 * 255),
        ("light ink alone", rng.integers(170, 256, (9, 14, 3)), rng.integers(0, 256, (9, 14)) // 200 * 255),
        ("paper with clear margins", rng.integers(180, 240, (9, 14, 3)), rng.integers(100, 256, (9, 14))),
        ("large and clear", rng.integers(0, 6, (8, 645, 3)) * 51, rng.integers(0, 4, (8, 645)) * 85),
    ]:
        yield name, np.dstack([bands, alpha]).astype(np.uint8)


def packed(values: Any, dtype: type) -> str:
    """The bytes of an array in base64."""
    return base64.b64encode(np.ascontiguousarray(values, dtype).tobytes()).decode()


def golden() -> dict[str, Any]:
    """All that the file holds."""
    found = []
    for name, grey in greys():
        try:
            alone = packed(to_mnist(grey), np.uint8)
        except DataError as problem:
            alone = str(problem)
        readings = []
        for single in (False, True):
            asked = Asked()
            least = float(asked.notes.get("least_confidence", LEAST_CONFIDENCE))
            reading = read_picture(picture_of(grey), asked, single, least)  # type: ignore[arg-type]
            readings.append(
                {
                    "single": single, "answer": reading.answer, "confidence": reading.confidence,
                    "reason": reading.reason, "asked": packed(asked.images, np.uint8),
                    "probabilities": packed(asked.probabilities, np.float32),
                    "rows": [
                        [
                            {
                                "answer": one.answer, "guess": one.guess, "confidence": one.confidence,
                                "place": list(one.place), "image": packed(one.image, np.uint8),
                            }
                            for one in row
                        ]
                        for row in reading.rows
                    ],
                }
            )  # fmt: skip
        height, width = grey.shape
        found.append({"name": name, "height": height, "width": width, "grey": packed(grey, np.uint8),
                      "mnist": alone, "readings": readings})  # fmt: skip
    pixels = [
        {"name": name, "height": len(one), "width": one.shape[1], "data": packed(one, np.uint8),
         "grey": packed(picture_of(Image.fromarray(one, "RGBA")).grey, np.float32)}
        for name, one in colours()
    ]  # fmt: skip
    return {"least_confidence": least, "pictures": found, "colours": pixels}


if __name__ == "__main__":
    made = golden()
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_bytes(gzip.compress(json.dumps(made).encode(), 9, mtime=0))
    for picture in made["pictures"]:
        print(picture["name"], [one["answer"] or one["reason"] for one in picture["readings"]])
    print(FILE.stat().st_size, "bytes")
