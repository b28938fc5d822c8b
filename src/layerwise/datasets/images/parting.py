"""Which parts of a picture's ink make a digit each: rows, the digits in a row, and cuts through digits that touch.

What a digit is, the shapes of its parts do not tell for certain: a 5 may have its bar apart, and two 0s may touch.
So parts are put together only where nothing else is likely, and `Piece`s are given to choose among: neighbours that
may be one digit, and seams along which one piece may be several [1]_.

References
----------
.. [1] R. G. Casey, E. Lecolinet, "A survey of methods and strategies in character segmentation", IEEE Transactions on
   Pattern Analysis and Machine Intelligence 18 (1996), 690–706.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from layerwise.datasets.images.ink import Ink
from layerwise.datasets.images.pixels import block_max, bounds, frame
from layerwise.typing import Array

SPECK = 0.08  # a part with less ink than this share of the largest one's, and low, is no digit
LOW = 0.4  # of the highest part
LEAST_INSIDE = 0.1  # parts that run off the picture are left out if one that does not has this share of the ink
OVERLAP = 0.5  # of the narrower one: parts that overlap so far from side to side are one above the other
GAP = 0.2  # of a part's height: between the parts of one digit
MOST = 150  # parts; more are a page of text, or no writing at all
ALIKE = 0.6  # of the other's height: digits of one number are so high at least
SEAMS = 7  # at most, through one piece


@dataclass(frozen=True)
class Piece:
    """Some parts of the ink that are one digit, or several that touch.

    Attributes
    ----------
    number : int
        What its pixels have in the array of pieces.
    top, bottom, left, right : int
        On the grid; bottom and right are behind the last pixels.
    weight : float
        How much ink it has.
    """

    number: int
    top: int
    bottom: int
    left: int
    right: int
    weight: float

    @property
    def height(self) -> int:
        """Rows of the grid."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns of the grid."""
        return self.right - self.left


def pieces_of(ink: Ink, keep_edges: bool = False) -> tuple[Array, list[list[Piece]]]:
    """Return an array of pieces' numbers on the grid, and the pieces row by row, from left to right.

    Parts that run off the picture are left out if there are others, unless `keep_edges`.
    """
    numbers, parts = ink.parts, _measured(ink, ink.parts)
    outer = set() if keep_edges else set(frame(numbers).tolist())
    inner = [part for part in parts if part.number not in outer]
    most = max((part.weight for part in parts), default=0)
    if max((part.weight for part in inner), default=0) > LEAST_INSIDE * most:
        parts = [part for part in parts if part in inner or any(_are_alike(part, other) for other in inner)]
    most, tall = max(part.weight for part in parts), max(part.height for part in parts)
    parts = [part for part in parts if part.weight > SPECK * most or part.height > LOW * tall]
    if len(parts) > MOST:
        return numbers, [parts]
    renumbered = np.zeros(numbers.max() + 1, np.intp)
    for i, group in enumerate(_groups(parts, _are_one), 1):
        renumbered[[part.number for part in group]] = i
    pieces = renumbered[numbers]
    rows = _groups(_measured(ink, pieces), _are_in_a_row)
    rows.sort(key=lambda row: np.mean([piece.top + piece.bottom for piece in row]))
    return pieces, [sorted(row, key=lambda piece: piece.left + piece.right) for row in rows]


def _measured(ink: Ink, numbers: Array) -> list[Piece]:
    """Return the numbered parts with their places."""
    strong = block_max(ink.values > 0.6, ink.factor).ravel()
    first, after = bounds(numbers)
    count = first.shape[1]
    weight = np.bincount(numbers.ravel(), strong, count)
    edges = np.stack([first[0], after[0], first[1], after[1]], axis=1).tolist()
    return [
        Piece(n, top, bottom, left, right, float(weight[n]))
        for n, (top, bottom, left, right) in enumerate(edges[1:], start=1)
    ]


def _groups(pieces: list[Piece], together: Callable[[Piece, Piece], bool]) -> list[list[Piece]]:
    """Return the pieces in groups: any two that belong together are in the same one."""
    group = list(range(len(pieces)))
    for i, a in enumerate(pieces):
        for j in range(i):
            if group[i] != group[j] and together(a, pieces[j]):
                group = [group[j] if g == group[i] else g for g in group]
    return [[piece for piece, g in zip(pieces, group) if g == number] for number in sorted(set(group))]


def _overlap(a0: int, a1: int, b0: int, b1: int) -> int:
    return min(a1, b1) - max(a0, b0)


def _are_one(a: Piece, b: Piece) -> bool:
    """Return whether two parts are one digit: one above the other and next to it, or within it."""
    across = _overlap(a.left, a.right, b.left, b.right)
    upright = _overlap(a.top, a.bottom, b.top, b.bottom)
    high = max(a.height, b.height)
    if across < OVERLAP * min(a.width, b.width):
        return False
    return upright > 0 or (-upright <= GAP * high and min(a.height, b.height) < 0.6 * high)


def _are_alike(a: Piece, b: Piece) -> bool:
    """Return whether two parts are beside each other and about as high: digits of a number that was cut out closely."""
    return _are_in_a_row(a, b) and ALIKE * max(a.height, b.height) <= min(a.height, b.height)


def _are_in_a_row(a: Piece, b: Piece) -> bool:
    """Return whether two digits are beside each other, at about the same height."""
    upright = _overlap(a.top, a.bottom, b.top, b.bottom)
    gap = -_overlap(a.left, a.right, b.left, b.right)
    return upright >= 0.5 * min(a.height, b.height) and gap <= 4 * max(a.height, b.height)


def seams_of(pieces: Array, piece: Piece, height: float) -> list[Array]:
    """Return seams along which a piece may be cut, from left to right: the column in each row of the piece.

    A seam runs from top to bottom by at most a column a row, through as little ink as it can.
    """
    mask = pieces[piece.top : piece.bottom, piece.left : piece.right] == piece.number
    tall, wide = mask.shape
    cost = mask.astype(np.float32) + 0.01
    total = cost.copy()
    for row in range(1, tall):
        above = np.pad(total[row - 1], 1, constant_values=np.inf)
        total[row] += np.minimum(np.minimum(above[:-2] + 0.02, above[1:-1]), above[2:] + 0.02)
    least = max(2, round(0.15 * height))
    order = [int(column) for column in np.argsort(total[-1], kind="stable") if least <= column < wide - least]
    ends: list[int] = []
    for column in order:
        if all(abs(column - other) >= max(2, round(0.12 * height)) for other in ends):
            ends.append(column)
        if len(ends) == SEAMS:
            break
    seams = []
    for column in sorted(ends):
        seam = np.empty(tall, np.intp)
        for row in range(tall - 1, -1, -1):
            seam[row] = column
            if row:
                near = [c for c in (column, column - 1, column + 1) if 0 <= c < wide]
                column = min(near, key=lambda c: total[row - 1, c] + 0.02 * (c != seam[row]))
        seams.append(seam + piece.left)
    return seams


def cut_along(pieces: Array, piece: Piece, seams: list[Array]) -> list[int]:
    """Number a piece anew, part by part between the seams, in `pieces`, and return the numbers from left to right."""
    window = pieces[piece.top : piece.bottom, piece.left : piece.right]
    mask = window == piece.number
    column = np.arange(piece.left, piece.right)
    part = np.sum([column >= seam[:, None] for seam in seams], axis=0)
    first = int(pieces.max()) + 1
    window[mask] = (first + part)[mask]
    return [first + i for i in sorted(set(part[mask].tolist()))]
