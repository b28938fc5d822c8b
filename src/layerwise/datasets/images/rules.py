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
MOST = 40  # lines in a direction
THICKEST = 0.05  # of the picture's longer side


def rules(ink: Array, span: float = 0.8, upright: bool = True) -> Array:
    """Return a mask of the straight lines in a mask of ink that span the picture, without the strokes across them.

    A line spans it from this share of a side on. Upright lines are left where `upright` is False.
    """
    lines, bands = _horizontal(ink, span)
    if not upright:
        return lines
    standing, standing_bands = (found.T for found in _horizontal(ink.T, span))
    return np.asarray(lines | standing | (ink & bands & standing_bands))


def _horizontal(ink: Array, span: float) -> tuple[Array, Array]:
    """Return the pixels of lines, and those of the bands that they lie in."""
    height, width = ink.shape
    found, bands = np.zeros_like(ink), np.zeros_like(ink)
    y, x = np.nonzero(ink)
    if len(y) < span * width or len(y) > 0.5 * ink.size:
        return found, bands
    drops = np.rint(SLOPES[:, None] * (x - width / 2)).astype(np.intp)
    reach = int(np.abs(drops).max()) + 3
    bins = height + 2 * reach
    place = y - drops + reach + bins * np.arange(len(SLOPES))[:, None]  # of each pixel, at each slope
    thick = run_lengths(ink.T).T[y, x]  # of the ink from above to below
    left = np.ones(len(y), bool)
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
    return found, bands


def _while_high(count: Array, at: int, step: int, least: float) -> int:
    """Return the last place from `at` on, up or down, until which the counts are above `least`."""
    while 0 <= at + step < len(count) and count[at + step] > least:
        at += step
    return at
