"""The ink of a picture: which pixels a pen has drawn, and which of them hang together.

    grey ── surroundings ──► contrast (paper) ── rules ──► values from 0 to 1 and connected parts

What is not certain is tried in several ways: `inks` yields the likeliest reading first, and then others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from layerwise.datasets.images.paper import contrast, noise
from layerwise.datasets.images.pixels import block_max, connected_parts, enlarge, frame, reduce, reduction
from layerwise.datasets.images.rules import rules
from layerwise.datasets.images.surroundings import complete_margin, drop_desk
from layerwise.errors import DataError
from layerwise.typing import Array

WORK_SIDE = 800  # a larger picture is reduced to this before anything else
PARTS_SIDE = 256  # connected parts are told apart on a grid of this size
LEAST_CONTRAST = 16.0  # of 255, between ink and paper
LEAST_SIGNAL = 4.0  # ink over noise, in standard deviations of the noise


@dataclass(frozen=True)
class Ink:
    """How much ink there is on each pixel of a picture, and which parts hang together.

    Attributes
    ----------
    values : ndarray of float32, shape (height, width)
        From 0 to 1, with noise taken out.
    parts : ndarray of int, shape (height / factor, width / factor)
        On a coarser grid: 0 where there is no ink for certain, elsewhere the number of the part, from 1.
    factor : int
        The side of that grid's squares, in pixels.
    origin : (top, left)
        Of the first pixel in the picture as it was, in its pixels.
    scale : float
        How many pixels of the picture as it was make one here.
    noise : float
        Standard deviation of the paper, as a share of the ink.
    """

    values: Array
    parts: Array
    factor: int
    origin: tuple[float, float]
    scale: float
    noise: float


def inks(grey: Array, scale: float = 1.0) -> Iterator[Ink]:
    """Yield the ink of a picture (values from 0 to 255), the likeliest reading first.

    Raises
    ------
    DataError
        There is no ink that stands out, in any reading.
    """
    factor = reduction(grey.shape, WORK_SIDE)
    picture = reduce(grey, WORK_SIDE)
    scale *= factor
    sheet, top, left = drop_desk(picture)
    tried: list[tuple[Array, tuple[float, float]]] = [(sheet, (top, left))]
    if sheet is not picture:
        tried.append((picture, (0, 0)))
    found, problem = False, None
    for part, (y, x) in tried:
        whole, margin = complete_margin(part)
        origin = ((y - margin) * scale, (x - margin) * scale)
        try:
            for ink in _of_contrast(contrast(whole), margin, origin, scale):
                found = True
                yield ink
        except DataError as error:
            problem = problem or error
    if not found and problem is not None:
        raise problem


def _of_contrast(contrast: Array, margin: int, origin: tuple[float, float], scale: float) -> Iterator[Ink]:
    level, sigma = _level(contrast)
    factor = reduction(contrast.shape, PARTS_SIDE)
    certain = block_max(contrast > level * _certainty(sigma / level), factor)
    inner = certain[margin // factor : certain.shape[0] - margin // factor or None] if margin else certain
    lines = rules(certain) if inner is certain else np.zeros_like(certain)
    if lines.any():
        rest = contrast.copy()
        rest[enlarge(_around(lines & certain, certain), factor, contrast.shape)] = 0
        try:
            below, sigma_below = _level(rest)
            yield _ink(rest, below, sigma_below, factor, origin, scale, gone=lines)
        except DataError:
            pass
    yield _ink(contrast, level, sigma, factor, origin, scale)


def _around(lines: Array, ink: Array) -> Array:
    """Return the lines and the paper next to them, which is grey from antialiasing, without other ink."""
    wide = lines.copy()
    wide[1:] |= lines[:-1]
    wide[:-1] |= lines[1:]
    wide[:, 1:] |= lines[:, :-1]
    wide[:, :-1] |= lines[:, 1:]
    return wide & (lines | ~ink)


def _certainty(noise: float) -> float:
    return float(np.clip(5 * noise, 0.4, 0.6))


def _level(contrast: Array) -> tuple[float, float]:
    """Return how far ink is from paper, and the standard deviation of the paper."""
    sigma = noise(contrast)
    rank = contrast.size // 50_000  # a few stray pixels do not count as the darkest ink
    peak = -np.partition(-contrast.ravel(), rank)[rank]
    level = float(np.quantile(contrast[contrast >= peak / 2], 0.75)) if peak > 0 else 0.0
    if level < LEAST_CONTRAST or level < LEAST_SIGNAL * sigma:
        raise DataError(
            "the picture is blank: expected ink that stands out, found none; "
            "draw darker and larger, with paper on all sides"
        )
    return level, sigma


def _ink(
    contrast: Array, level: float, sigma: float, factor: int, origin: tuple[float, float], scale: float,
    gone: Array | None = None,
) -> Ink:
    noise, ink = sigma / level, contrast / level
    mask = block_max(ink > _certainty(noise), factor)
    if gone is not None:
        mask &= ~gone
    edge = min(3 * noise, 0.5)
    values = np.clip((ink - edge) / (1 - edge), 0, 1).astype(np.float32)
    return Ink(values, connected_parts(mask), factor, origin, scale, noise)
