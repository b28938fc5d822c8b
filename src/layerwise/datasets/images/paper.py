"""The paper of a picture, with the light and the shadows on it, taken away: what is left is the ink, and noise."""

from __future__ import annotations

import numpy as np

from layerwise.datasets.images.pixels import frame, quantile, reduce, resize
from layerwise.typing import Array

SURVEY_SIDE = 48  # paper is smooth: a reduction of this size tells its shade
WINDOW_STEP = 4  # medians over wide windows are taken at every so many pixels of it
MOST_SHADE = 3.0  # ink in a shadow counts so much more at most
TRIALS = 12


def contrast(grey: Array) -> Array:
    """Return how far each pixel is from the paper under it, positive on the side that the ink is on.

    Lamps make a quadratic surface, fitted to the paper alone by least squares that trust a pixel less the
    farther it is off (weights of Geman and McClure); shadows make steps, which a median over wide windows keeps.
    """
    small = reduce(grey, SURVEY_SIDE).astype(np.float64)  # so that no processor's order of sums shows in the result
    flat = np.stack([np.multiply.outer(y, x).ravel() for y, x in _terms(small.shape)]).astype(np.float64)
    rest = small - quantile(frame(small), 0.5)
    for _ in range(TRIALS):
        weights = 1 / (1 + (rest.ravel() / max(2.7 * noise(rest), 2)) ** 2) ** 2
        weighted = flat * weights
        surface = np.linalg.lstsq(weighted @ flat.T, weighted @ small.ravel())[0]
        rest = small - (surface @ flat).reshape(small.shape)
    detail = rest - _window_median(rest)
    # Ink is the few pixels far off, paper the many near 0. Shadows mislead the first, very fat pens the second.
    sign = 1 if _skewness(rest) + _skewness(detail) > 0 else -1
    rest, detail = sign * rest, sign * detail
    shadows = _window_median(np.where(rest > 0.4 * detail.max(), 0, rest))
    along_y, along_x = (np.stack(along) for along in zip(*_terms(grey.shape)))
    paper = ((along_y.T * surface) @ along_x).astype(np.float32)
    far = sign * (grey - paper) - resize(shadows, grey.shape)
    if sign < 0:  # dark ink takes a share of the light: where there is little, in a shadow, it is less far from paper
        light = paper - resize(shadows, grey.shape)
        far *= np.clip(quantile(light, 0.9) / np.maximum(light, 1), 1, MOST_SHADE)
    return np.asarray(far)


def local_contrast(grey: Array) -> Array:
    """Return how far each pixel is from the median close around it, for ink much thinner than the shadows are wide."""
    small = reduce(grey, SURVEY_SIDE)
    rest = grey - resize(_window_median(small, 12), grey.shape)
    return rest if _skewness(reduce(np.asarray(rest, np.float32), 400)) > 0 else -rest


def noise(contrast: Array) -> float:
    """Return the standard deviation of the paper, were it Gaussian, from the 30% of all pixels nearest to it."""
    values = abs(contrast).ravel()
    rank = int(0.3 * (len(values) - 1))
    return float(np.partition(values, rank)[rank] / 0.385)


def _skewness(rest: Array) -> float:
    """Return which side of 0 the far outliers are on, and how clearly."""
    return float((rest**3).mean() / max((rest**2).mean(), 1e-9) ** 1.5)


def _terms(shape: tuple[int, ...]) -> list[tuple[Array, Array]]:
    """1, x, x², y, xy, y² on a picture, from -1 to 1: each the outer product of a column and a row."""
    y, x = ((2 * np.arange(n, dtype=np.float32) + 1) / n - 1 for n in shape)
    return [(y**i, x**j) for i in range(3) for j in range(3 - i)]


def _window_median(values: Array, share: int = 4) -> Array:
    """Return the median around each pixel, over this share of the height and of the width to each side."""
    half = [max(1, n // share) for n in values.shape]
    padded = np.pad(values, [(n, n) for n in half], mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, [2 * n + 1 for n in half])
    step = WINDOW_STEP if share == 4 else 1
    windows = windows[::step, ::step]
    flat = windows.reshape(*windows.shape[:2], -1)
    middle = flat.shape[2] // 2  # their number is odd
    return resize(np.partition(flat, middle, axis=2)[..., middle], values.shape)
