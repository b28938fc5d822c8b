"""Straight lines that span a picture: those of ruled paper, of a form's boxes, of a table.

A line is looked for in a mask of ink, at each of a few slopes, in the numbers of ink pixels along parallel lines: one
that spans the picture stands out. It is taken away run by run, as from the staves of printed music [1]_: where ink runs
across the line for no longer than the line is thick, it is the line; where it runs on, a stroke crosses it and stays.

References
----------
.. [1] C. Dalitz, M. Droettboom, B. Pranzas, I. Fujinaga, "A comparative study of staff removal algorithms", IEEE
   Transactions on Pattern Analysis and Machine Intelligence 30 (2008), 753–766.
"""

from __future__ import annotations

import numpy as np

from layerwise.datasets.images.pixels import run_lengths
from layerwise.typing import Array

SLOPES = np.linspace(-0.12, 0.12, 25)
MOST = 40  # lines in a direction, and parts that may be boxes
BOX_SPAN = 0.85  # of a box's side: its lines
MANY_BOXES = 3  # so many are no 0s, even if they are empty
LEAST_INSIDE = 0.1  # of a box's own ink: what is in it
THICKEST = 0.05  # of the picture's longer side


def rules(ink: Array, span: float = 0.8, upright: bool = True) -> Array:
    """Return a mask of the straight lines in a mask of ink that span the picture, without the strokes across them.

    A line spans it from this share of a side on. Upright lines are left where `upright` is False.
    """
    lines, bands, _ = _horizontal(ink, span)
    if not upright:
        return lines
    standing, standing_bands = (found.T for found in _horizontal(ink.T, span)[:2])
    return np.asarray(lines | standing | (ink & bands & standing_bands))


def frames(parts: Array) -> tuple[Array, bool]:
    """Return a mask of the lines of boxes and grids, and whether they are any: a box without ink within may be a 0.

    A box is a part of the ink that has three straight lines, not all in a direction, that span it.
    """
    found = np.zeros(parts.shape, bool)
    boxes, certain = 0, False
    for number in np.argsort(np.bincount(parts.ravel())[1:])[::-1][:MOST] + 1:
        rows, columns = (np.flatnonzero((parts == number).any(axis=other)) for other in (1, 0))
        window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        part = parts[window] == number
        if min(part.shape) < 5:
            continue
        lying, standing = (_horizontal(side, BOX_SPAN) for side in (part, part.T))
        count = lying[2] + standing[2]
        if count < 3 or not lying[2] or not standing[2]:
            continue
        lines = lying[0] | standing[0].T | (part & lying[1] & standing[1].T)
        found[window] |= lines
        boxes += 1
        certain |= min(lying[2], standing[2]) > 1 and count > 4  # several cells
        certain |= bool(((parts[window] > 0) & ~lines).sum() > LEAST_INSIDE * part.sum())
    return found, certain or boxes >= MANY_BOXES


def _horizontal(ink: Array, span: float) -> tuple[Array, Array, int]:
    """Return the pixels of lines, those of the bands that they lie in, and how many lines there are."""
    height, width = ink.shape
    found, bands = np.zeros_like(ink), np.zeros_like(ink)
    y, x = np.nonzero(ink)
    if len(y) < span * width or len(y) > 0.5 * ink.size:
        return found, bands, 0
    drops = np.rint(SLOPES[:, None] * (x - width / 2)).astype(np.intp)
    reach = int(np.abs(drops).max()) + 3
    bins = height + 2 * reach
    place = y - drops + reach + bins * np.arange(len(SLOPES))[:, None]  # of each pixel, at each slope
    thick = run_lengths(ink.T).T[y, x]  # of the ink from above to below
    left = np.ones(len(y), bool)
    lines = 0
    for _ in range(MOST):
        count = np.bincount(place[:, left].ravel(), minlength=bins * len(SLOPES)).reshape(-1, bins)
        peaks = count.max(axis=1)
        sharpness = (count.astype(np.float64) ** 2).sum(axis=1)  # a thick line peaks at several slopes
        slope = int(np.where(peaks > 0.95 * peaks.max(), sharpness, 0).argmax())
        peak, at = peaks[slope], int(count[slope].argmax())
        if peak < span * width:
            break
        top, bottom = (_while_high(count[slope], at, step, 0.4 * peak) for step in (-1, 1))
        distance = place[slope] - bins * slope
        on = left & (distance >= top - 1) & (distance <= bottom + 1)
        left &= ~on
        thickness = bottom - top + 1
        if thickness <= max(3.0, THICKEST * max(ink.shape)):
            line = on & (thick <= thickness + 2)
            found[y[line], x[line]] = True
            bands[y[on], x[on]] = True
            lines += 1
    return found, bands, lines


def _while_high(count: Array, at: int, step: int, least: float) -> int:
    """Return the last place from `at` on, up or down, until which the counts are above `least`."""
    while 0 <= at + step < len(count) and count[at + step] > least:
        at += step
    return at
