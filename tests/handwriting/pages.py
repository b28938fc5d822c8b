"""Pages of digits put together from MNIST's test images, with where each digit is."""

from __future__ import annotations

from functools import cache

import numpy as np

import layerwise as lw
from layerwise.handwriting.shipped import shipped_network

SIDE = 28


@cache
def clear_digits() -> dict[int, np.ndarray]:
    """Test images of each digit that the network is sure of, so that a page is wrong by its reading alone."""
    X, y = lw.datasets.load_mnist()[2]
    X, y = X[:1000], y[:1000]
    sure = shipped_network().predict_proba(X)[np.arange(len(y)), y] > 0.99
    return {digit: X[sure & (y == digit)] for digit in range(10)}


def line(text: str, seed: int = 0, scale: int = 3, gap: int = 4) -> tuple[np.ndarray, list[tuple[int, int, int, int]]]:
    """A row of digits, 0 where there is paper, and (left, top, width, height) of each; `gap` is between their ink."""
    rng = np.random.default_rng(seed)
    images = [clear_digits()[int(digit)] for digit in text]
    chosen = [choices[rng.integers(len(choices))].reshape(SIDE, SIDE) for choices in images]
    boxes = [(np.flatnonzero(image.max(0) > 60), np.flatnonzero(image.max(1) > 60)) for image in chosen]
    widths = [columns[-1] + 1 - columns[0] for columns, _ in boxes]
    row = np.zeros((SIDE, 2 * SIDE + sum(widths) + gap * (len(text) - 1)), np.uint8)
    at, places = SIDE, []
    for image, (columns, rows), width in zip(chosen, boxes, widths, strict=True):
        window = row[:, at : at + width]
        np.maximum(window, image[:, columns[0] : columns[-1] + 1], out=window)
        places.append((at, int(rows[0]), int(width), int(rows[-1] + 1 - rows[0])))
        at += width + gap
    return larger(row, scale), [tuple(int(scale * value) for value in place) for place in places]


def larger(image: np.ndarray, scale: int) -> np.ndarray:
    """The image with smooth edges at so many times its size."""
    from PIL import Image

    height, width = image.shape
    return np.asarray(Image.fromarray(image).resize((scale * width, scale * height), Image.Resampling.BICUBIC))


def page(rows: list[str], seed: int = 0, scale: int = 3, margin: int = 40) -> tuple[np.ndarray, list[list[tuple]]]:
    """Dark digits on light paper, row below row, and where each is."""
    lines = [line(text, seed + i, scale) for i, text in enumerate(rows)]
    width = max(ink.shape[1] for ink, _ in lines) + 2 * margin
    height = sum(ink.shape[0] for ink, _ in lines) + 2 * margin + 20 * (len(rows) - 1)
    paper, top, places = np.full((height, width), 245, np.float64), margin, []
    for ink, found in lines:
        paper[top : top + ink.shape[0], margin : margin + ink.shape[1]] -= ink * (220 / 255)
        places.append([(x + margin, y + top, w, h) for x, y, w, h in found])
        top += ink.shape[0] + 20
    return np.clip(paper, 0, 255).astype(np.uint8), places
