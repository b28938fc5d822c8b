"""Curves as text: dots of Braille, eight to a character, or plain characters where a terminal has no others."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from rich.text import Text

from layerwise.typing import Array

COLOURS, MARKS = ("cyan", "yellow"), "*o"  # of the first curve and the second
_LABEL = 7  # characters of the numbers beside the curves
_LOG = 20  # from this ratio of the greatest to the least on, each factor gets the same height
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # of a character: rows, columns


def chart(curves: Sequence[Sequence[float]], length: int, width: int, height: int, plain: bool) -> Text:
    """Return lines of `width` characters with the curves, and the greatest and least value beside them.

    Parameters
    ----------
    curves : sequence of sequence of float
        At most two; NaN is left out.
    length : int
        How many values a curve will have.
    width, height : int
        In characters, the numbers included.
    plain : bool
        ASCII only.
    """
    text = Text(no_wrap=True)
    low, high, log = scale(curves)
    across, down = (1, 1) if plain else (2, 4)
    columns = max(1, width - _LABEL - 1)
    sheets = [_dots(curve, length, columns * across, height * down, low, high, log) for curve in curves]
    for row in range(height):
        end = {0: high, height - 1: low}.get(row, math.nan)
        text.append("\n" * (row > 0) + f"{_number(end):>{_LABEL}} ", style="dim")
        for column in range(columns):
            cells = [s[row * down : (row + 1) * down, column * across : (column + 1) * across] for s in sheets]
            text.append(*_character(cells, plain))
    return text


def _character(cells: Sequence[Array], plain: bool) -> tuple[str, str]:
    """Return the character of a cell, and its style: the colour of the last curve that goes through."""
    last = max((i for i, cell in enumerate(cells) if cell.any()), default=None)
    if last is None:
        return " ", ""
    mark = MARKS[last] if plain else chr(0x2800 + int(_DOTS[np.logical_or.reduce(cells)].sum()))
    return mark, COLOURS[last]


def scale(curves: Sequence[Sequence[float]]) -> tuple[float, float, bool]:
    """Return the least value, the greatest, and whether to draw their logarithms."""
    values = np.concatenate([np.asarray(curve, np.float64) for curve in curves]) if curves else np.empty(0)
    values = values[np.isfinite(values)]
    if not len(values):
        return math.nan, math.nan, False
    low, high = float(values.min()), float(values.max())
    return low, high, low > 0 and high > _LOG * low


def _dots(curve: Sequence[float], length: int, width: int, height: int, low: float, high: float, log: bool) -> Array:
    """Return a sheet (height, width) of which dots are set: the curve, with no gap between two columns."""
    sheet = np.zeros((height, width), bool)
    values = np.asarray(curve, np.float64)
    epochs = np.flatnonzero(np.isfinite(values))
    if not len(epochs):
        return sheet
    values = values[epochs]
    if log:
        values, low, high = np.log(values), math.log(low), math.log(high)
    span = high - low or 1.0
    rows = (height - 1) * (1 - (values - low) / span) if high > low else np.full(len(values), (height - 1) / 2)
    places = epochs / max(1, length - 1) * (width - 1)
    across = np.arange(math.floor(places[0] + 0.5), math.floor(places[-1] + 0.5) + 1)
    down = np.floor(np.interp(across, places, rows) + 0.5).astype(int)
    for i, column in enumerate(across):  # from beside the dot before to its own height
        begin = int(down[max(0, i - 1)])
        begin += np.sign(down[i] - begin)
        sheet[min(begin, down[i]) : max(begin, down[i]) + 1, column] = True
    return sheet


def _number(value: float) -> str:
    """Return a number in at most seven characters; none for NaN."""
    return f"{value:.3g}"[:_LABEL] if math.isfinite(value) else ""
