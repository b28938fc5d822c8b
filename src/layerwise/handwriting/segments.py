"""The digits of one row: which pieces to join and where to cut, so that the network is surest of all of them.

A segment is a stretch of the row that may be one digit. The best row is the path of segments from its left end to its
right with the highest product of probabilities, found by dynamic programming (as in [1]_); joining pieces and cutting
one costs a factor, for most digits are one piece.

References
----------
.. [1] Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
   Proceedings of the IEEE 86 (1998), 2278–2324, section V.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from layerwise.datasets.images.form import cut, standard
from layerwise.datasets.images.ink import Ink
from layerwise.datasets.images.parting import Piece, cut_along, seams_of
from layerwise.datasets.images.pixels import quantile
from layerwise.typing import Array

Probabilities = Callable[[Array], Array]

SURE = 0.9
WIDEST = 1.6  # of the row's height: a digit
JOIN, CUT, SKIP = 0.9, 0.5, 0.3
NARROW = 1.1  # of the row's height: a piece that is no wider is not two digits that touch
SMALL = 0.2  # of the usual piece: ink that may be left out
FEW, HOPELESS = 3, 0.5  # a row of more pieces, half of which are less likely digits, is not cut: it is no number
MOST_JOINED, MOST_CUT = 3, 5  # pieces, and parts of a piece, that may be one digit


@dataclass(frozen=True)
class Segment:
    """Numbers of pieces, or of parts of one, that are taken for one digit."""

    first: int
    after: int
    numbers: tuple[int, ...]
    image: Array
    probabilities: Array
    factor: float

    @property
    def score(self) -> float:
        """Logarithm of the probability, with what joining and cutting cost."""
        return math.log(max(float(self.probabilities.max()), 1e-6) * self.factor)


def read_row(ink: Ink, pieces: Array, row: Sequence[Piece], probabilities: Probabilities) -> list[Segment]:
    """Return the digits of one row of pieces, from left to right; `pieces` is changed where one is cut."""
    height = quantile(np.array([piece.height for piece in row]), 0.5)
    known: dict[tuple[int, ...], tuple[Array, Array]] = {}
    _read(ink, pieces, [(piece.number,) for piece in row], probabilities, known)
    alone = np.array([known[piece.number,][1].max() for piece in row])
    hopeless = len(row) > FEW and float(np.median(alone)) < HOPELESS
    stretches: list[list[int]] = []  # from left to right, the numbers of a piece's parts
    for piece, sure in zip(row, alone):
        seams = (
            []
            if sure >= SURE or hopeless or piece.width < NARROW * height
            else seams_of(pieces, piece, min(height, piece.height))
        )
        stretches.append(cut_along(pieces, piece, seams) if seams else [piece.number])
    atoms = [(i, number) for i, numbers in enumerate(stretches) for number in numbers]
    wanted = _candidates(row, stretches, atoms, alone, height)
    _read(ink, pieces, [numbers for _, _, numbers, _ in wanted], probabilities, known)
    found = [Segment(first, after, numbers, *known[numbers], factor) for first, after, numbers, factor in wanted]
    return _best_path(found, _skips(row, stretches, atoms), len(atoms))


def _candidates(
    row: Sequence[Piece], stretches: list[list[int]], atoms: list[tuple[int, int]], alone: Array, height: float
) -> list[tuple[int, int, tuple[int, ...], float]]:
    """Return the segments to be tried: first atom, atom after the last, numbers, and the factor that they cost."""
    wanted = []
    for first in range(len(atoms)):
        for after in range(first + 1, len(atoms) + 1):
            taken = atoms[first:after]
            touched = sorted({i for i, _ in taken})
            whole = all(sum(i == j for i, _ in taken) == len(stretches[j]) for j in touched)
            if len(touched) > 1 and (not whole or not _may_join([row[i] for i in touched], alone[touched], height)):
                continue
            if not whole and after - first > MOST_CUT + 2:
                continue
            inside = 0  # ends of the segment that lie within a piece
            if not whole:
                inside = (first > 0 and atoms[first - 1][0] == atoms[first][0]) + (
                    after < len(atoms) and atoms[after][0] == atoms[after - 1][0]
                )
            factor = JOIN ** (len(touched) - 1) * CUT ** (inside / 2)
            wanted.append((first, after, tuple(number for _, number in taken), factor))
    return wanted


def _may_join(pieces: Sequence[Piece], alone: Array, height: float) -> bool:
    """Return whether neighbouring pieces may be parts of one digit."""
    gaps = [b.left - a.right for a, b in pairwise(pieces)]
    wide = max(piece.right for piece in pieces) - min(piece.left for piece in pieces)
    unsure = min(alone) < SURE or min(piece.height for piece in pieces) < 0.6 * height
    return len(pieces) <= MOST_JOINED and max(gaps) <= 0.25 * height and wide <= WIDEST * height and bool(unsure)


def _skips(row: Sequence[Piece], stretches: list[list[int]], atoms: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the stretches of atoms that may be left out: pieces with little ink beside others."""
    usual = quantile(np.array([piece.weight for piece in row]), 0.5)
    skips, at = [], 0
    for piece, numbers in zip(row, stretches):
        if len(row) > 1 and piece.weight < SMALL * usual:
            skips.append((at, at + len(numbers)))
        at += len(numbers)
    return skips


def _best_path(segments: Sequence[Segment], skips: Sequence[tuple[int, int]], end: int) -> list[Segment]:
    best: list[tuple[float, list[Segment]]] = [(0.0, []), *((-math.inf, []) for _ in range(end))]
    for at in range(end):
        score, path = best[at]
        for segment in segments:
            if segment.first == at and score + segment.score > best[segment.after][0]:
                best[segment.after] = (score + segment.score, [*path, segment])
        for first, after in skips:
            if first == at and score + math.log(SKIP) > best[after][0]:
                best[after] = (score + math.log(SKIP), path)
    return best[end][1]


def _read(
    ink: Ink,
    pieces: Array,
    wanted: Sequence[tuple[int, ...]],
    probabilities: Probabilities,
    known: dict[tuple[int, ...], tuple[Array, Array]],
) -> None:
    """Add to `known` the image of each group of pieces, and what the network says of it."""
    new = [numbers for numbers in dict.fromkeys(wanted) if numbers not in known]
    if new:
        masks = (pieces == numbers[0] if len(numbers) == 1 else np.isin(pieces, numbers) for numbers in new)
        images = np.stack([standard(cut(ink, mask)) for mask in masks])
        known.update(zip(new, zip(images, probabilities(images))))
