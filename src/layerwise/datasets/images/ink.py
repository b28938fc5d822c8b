"""The ink of a picture: which pixels a pen has drawn, and which of them hang together.

    grey ── surroundings ──► contrast (paper) ── rules ──► values from 0 to 1 and connected parts

What is not certain is tried in several ways: `inks` yields the likeliest reading first, and then others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from layerwise.datasets.images.paper import contrast, local_contrast, noise
from layerwise.datasets.images.pixels import (
    block_max,
    bounds,
    connected_parts,
    enlarge,
    joined_parts,
    quantile,
    reduce,
    reduction,
    thicken,
)
from layerwise.datasets.images.rules import frames, rules
from layerwise.datasets.images.surroundings import complete_margin, drop_desk
from layerwise.errors import DataError
from layerwise.typing import Array

WORK_SIDE = 640  # a larger picture is reduced to this before anything else
PARTS_SIDE = 256  # connected parts are told apart on a grid of this size
SMALL = 64  # a picture of this size is drawn with a pen of one or two pixels
LONGER = 2.0  # than the ink is high: a line of ruled paper that does not span the picture
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
    thin : bool
        Found by what is close around each pixel: fat strokes have gaps where they meet.
    cropped : bool
        What is around was taken for a desk, and left out; it may be paper in a shadow.
    """

    values: Array
    parts: Array
    factor: int
    origin: tuple[float, float]
    scale: float
    noise: float
    thin: bool = False
    cropped: bool = False


def inks(grey: Array, scale: float = 1.0) -> Iterator[Ink]:
    """Yield the ink of a picture (values from 0 to 255) in several readings, the likeliest first.

    Raises
    ------
    DataError
        There is no ink that stands out, in any reading.
    """
    picture = reduce(grey, WORK_SIDE)
    scale *= reduction(grey.shape, WORK_SIDE)
    sheet, top, left = drop_desk(picture)
    sheets = [(sheet, top, left)] if sheet is picture else [(sheet, top, left), (picture, 0, 0)]
    if max(picture.shape) <= SMALL:
        sheets.reverse()
    problem: DataError | None = None
    found = False
    for light in (contrast, local_contrast):
        for part, y, x in sheets:
            whole, margin = complete_margin(part)
            origin = ((y - margin) * scale, (x - margin) * scale)
            try:
                for ink in _of_contrast(light(whole), margin, origin, scale):
                    found = True
                    yield replace(ink, thin=light is local_contrast, cropped=part is not picture)
            except DataError as error:
                problem = problem or error
    if problem is not None and not found:
        raise problem


def _of_contrast(contrast: Array, margin: int, origin: tuple[float, float], scale: float) -> Iterator[Ink]:
    """Yield the ink without the lines that span the picture, with them, and with its parts joined across gaps."""
    level, sigma = _level(contrast)
    factor = reduction(contrast.shape, PARTS_SIDE)
    certain = block_max(contrast > level * _certainty(sigma / level), factor)
    edge = margin // factor
    framed, are_boxes = frames(connected_parts(certain))
    within = tuple(slice(edge, side - edge) for side in certain.shape)
    inner = (certain & ~framed)[within]

    def without(span: float, upright: bool = True) -> Ink | None:
        lines = np.zeros_like(certain)
        lines[within] = rules(inner, span, upright)
        if not upright and not _are_long(lines, certain):
            return None
        if are_boxes:
            lines |= framed
        if not lines.any():
            return None
        rest = contrast.copy()
        rest[enlarge(_around(lines, certain), factor, contrast.shape)] = 0
        try:
            return _ink(rest, *_level(rest), factor, origin, scale, lines)
        except DataError:
            return None

    plain = _ink(contrast, level, sigma, factor, origin, scale)
    clear = without(0.8)
    if are_boxes and clear is None:
        raise DataError("there are boxes, and no ink in them that stands out; write a digit into each")
    first = plain if clear is None else clear
    yield first
    if (joined := _joined(first)) is not None:
        yield joined
    if max(contrast.shape) > SMALL and (shorter := without(0.45, upright=False)) is not None:
        yield shorter
    if clear is not None:
        yield plain


def _are_long(lines: Array, ink: Array) -> bool:
    """Return whether lines are longer than what they leave is high, as those of ruled paper are: no plus sign's."""
    rest = connected_parts(ink & ~lines)
    if not rest.any():
        return False
    first, after = bounds(rest)
    return bool(lines.any(axis=0).sum() > LONGER * (after - first)[0, 1:].max())


def _joined(ink: Ink) -> Ink | None:
    """Return the ink with its parts joined across gaps of a pixel of the grid; None if that changes nothing."""
    parts = joined_parts(ink.parts > 0)
    return replace(ink, parts=parts) if parts.max() < ink.parts.max() else None


def _around(lines: Array, ink: Array) -> Array:
    """Return the lines and the paper next to them, which is grey from antialiasing, without other ink."""
    return np.asarray(thicken(lines, 1) & (lines | ~ink))


def _certainty(noise: float) -> float:
    return float(np.clip(5 * noise, 0.4, 0.6))


def _level(contrast: Array) -> tuple[float, float]:
    """Return how far ink is from paper, and the standard deviation of the paper."""
    sigma = noise(contrast)
    rank = contrast.size // 50_000  # a few stray pixels do not count as the darkest ink
    peak = -np.partition(-contrast.ravel(), rank)[rank]
    level = quantile(contrast[contrast >= peak / 2], 0.75) if peak > 0 else 0.0
    if level < LEAST_CONTRAST or level < LEAST_SIGNAL * sigma:
        raise DataError(
            "the picture is blank: expected ink that stands out, found none; "
            "draw darker and larger, with paper on all sides"
        )
    return level, sigma


def _ink(
    contrast: Array,
    level: float,
    sigma: float,
    factor: int,
    origin: tuple[float, float],
    scale: float,
    gone: Array | None = None,
) -> Ink:
    noise, ink = sigma / level, contrast / level
    mask = block_max(ink > _certainty(noise), factor)
    if gone is not None:
        mask &= ~gone
    edge = min(3 * noise, 0.5)
    values = np.clip((ink - edge) / (1 - edge), 0, 1).astype(np.float32)
    small = max(contrast.shape) <= SMALL  # a stroke may be dotted
    parts = joined_parts(mask) if small else connected_parts(mask)
    return Ink(values, parts, factor, origin, scale, noise)
