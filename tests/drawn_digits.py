"""The ten digits drawn with a pen, stroke by stroke, as a hand would: no fonts, so no two systems differ.

A stroke is a few points in a unit square (x to the right, y down) joined by a smooth curve (Catmull-Rom), or by
straight lines where the pen turns sharply. Tests and documentation draw their pictures of digits from here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw

Colour = int | tuple[int, ...]

# A corner is written as the same point twice: the curve comes to rest there and sets off anew.
STROKES: dict[int, list[list[tuple[float, float]]]] = {
    0: [[(0.56, 0.02), (0.30, 0.16), (0.19, 0.50), (0.30, 0.86), (0.52, 0.98), (0.75, 0.82), (0.82, 0.45),
         (0.74, 0.14), (0.56, 0.02), (0.46, 0.05)]],
    1: [[(0.56, 0.00), (0.52, 0.50), (0.47, 1.00)]],
    2: [[(0.22, 0.20), (0.38, 0.03), (0.62, 0.03), (0.73, 0.22), (0.64, 0.47), (0.42, 0.73), (0.18, 0.96),
         (0.18, 0.96), (0.48, 0.94), (0.82, 0.96)]],
    3: [[(0.24, 0.10), (0.45, 0.00), (0.68, 0.08), (0.70, 0.29), (0.56, 0.43), (0.40, 0.47), (0.40, 0.47),
         (0.64, 0.52), (0.76, 0.70), (0.66, 0.92), (0.42, 1.00), (0.20, 0.91)]],
    4: [[(0.30, 0.02), (0.22, 0.28), (0.18, 0.52), (0.18, 0.52), (0.48, 0.54), (0.82, 0.49)],
        [(0.72, 0.06), (0.67, 0.52), (0.62, 1.00)]],
    5: [[(0.78, 0.03), (0.52, 0.04), (0.32, 0.05), (0.32, 0.05), (0.28, 0.25), (0.25, 0.44), (0.25, 0.44),
         (0.47, 0.38), (0.70, 0.48), (0.76, 0.70), (0.62, 0.93), (0.40, 0.99), (0.20, 0.91)]],
    6: [[(0.66, 0.01), (0.42, 0.20), (0.27, 0.50), (0.26, 0.80), (0.43, 0.98), (0.66, 0.93), (0.75, 0.74),
         (0.62, 0.57), (0.42, 0.60), (0.28, 0.76)]],
    7: [[(0.20, 0.06), (0.48, 0.05), (0.78, 0.04), (0.78, 0.04), (0.62, 0.36), (0.50, 0.68), (0.43, 1.00)]],
    8: [[(0.70, 0.11), (0.52, 0.01), (0.32, 0.10), (0.32, 0.29), (0.52, 0.47), (0.71, 0.66), (0.70, 0.89),
         (0.49, 0.99), (0.29, 0.88), (0.31, 0.68), (0.53, 0.46), (0.70, 0.28), (0.70, 0.11)]],
    9: [[(0.73, 0.20), (0.56, 0.03), (0.34, 0.12), (0.28, 0.34), (0.42, 0.48), (0.62, 0.40), (0.73, 0.20),
         (0.73, 0.20), (0.70, 0.50), (0.66, 0.75), (0.61, 1.00)]],
}  # fmt: skip


def smooth(points: list[tuple[float, float]], steps: int = 24) -> Iterator[tuple[float, float]]:
    """Points of the Catmull-Rom curve that passes through `points`."""
    p = np.array([points[0], *points, points[-1]])
    for before, start, end, after in zip(p, p[1:], p[2:], p[3:]):
        for t in np.linspace(0, 1, steps):
            bend = (end - before) * t + (2 * before - 5 * start + 4 * end - after) * t**2
            x, y = start + (bend + (3 * start - before - 3 * end + after) * t**3) / 2
            yield float(x), float(y)


def draw_digit(
    digit: int,
    size: int = 200,
    pen: float | None = None,
    ink: Colour = 0,
    paper: Colour = 255,
    offset: tuple[int, int] = (0, 0),
    height: float = 0.6,
    slant: float = 0.1,
) -> Image.Image:
    """A square picture of one digit; grey if `paper` is a number, RGB or RGBA if it is a tuple.

    Parameters
    ----------
    digit : 0 to 9
    size : side of the picture, in pixels
    pen : width of the stroke, in pixels; by default an eighth of the digit's height, as in MNIST
    ink, paper : colours of the stroke and of what it is drawn on
    offset : pixels to the right and down from the middle of the picture
    height : height of the digit as a share of the picture's side
    slant : how far the top leans to the right, as a share of the digit's height
    """
    finer = max(1, min(4, 2000 // size))  # drawn larger, then reduced: smooth edges
    tall = height * size * finer
    radius = (tall / 8 if pen is None else pen * finer) / 2
    mask = Image.new("L", (size * finer, size * finer))
    draw = ImageDraw.Draw(mask)
    for stroke in STROKES[digit]:
        path = [
            (
                (size / 2 + offset[0]) * finer + tall * (x - 0.5 + slant * (0.5 - y)),
                (size / 2 + offset[1]) * finer + tall * (y - 0.5),
            )
            for x, y in smooth(stroke)
        ]
        draw.line(path, fill=255, width=max(1, round(2 * radius)), joint="curve")
        for x, y in path if radius >= 1 else ():
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    mask = mask.reduce(finer)
    mode = "L" if isinstance(paper, int) else {3: "RGB", 4: "RGBA"}[len(paper)]
    return Image.composite(Image.new(mode, mask.size, ink), Image.new(mode, mask.size, paper), mask)
