"""Read the digits in a picture: where they are, what they say, how sure that is, and why there may be no answer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from layerwise.datasets.images.form import check_grey, cut, digit_of, require_pillow, standard
from layerwise.datasets.images.ink import Ink, inks
from layerwise.datasets.images.parting import pieces_of
from layerwise.errors import DataError
from layerwise.handwriting.segments import Probabilities, read_row
from layerwise.typing import Array, ArrayLike

if TYPE_CHECKING:
    from layerwise.network.network import Network

MOST_PIECES = 150  # of a picture; more are a page of text, or no writing at all
SURE = 0.8  # no other way is tried once all digits are read so surely


@dataclass(frozen=True)
class Digit:
    """A digit of a picture.

    Attributes
    ----------
    answer : str or None
        What it is; None if it is refused.
    confidence : float
        The probability of the likeliest answer, 0 to 1.
    place : (left, top, width, height)
        The rectangle around its ink, in pixels of the picture.
    image : ndarray of uint8, shape (784,)
        As the network saw it.
    probabilities : ndarray, shape (n_classes,)
        Of each answer.
    """

    answer: str | None
    confidence: float
    place: tuple[int, int, int, int]
    image: Array
    probabilities: Array


def find_digits(grey: Array, probabilities: Probabilities, scale: float = 1.0, single: bool = False) -> list[list]:
    best, best_score = None, -np.inf
    problem = None
    for rank, (ink, rows) in enumerate(_readings(grey, probabilities, scale, single)):
        p = [s.probabilities.max() for row in rows for s in row]
        if not p:
            continue
        score = float(np.mean(np.log(p))) - 0.15 * rank
        if score > best_score:
            best, best_score = (ink, rows), score
        if min(p) >= SURE:
            break
    return best


def _readings(grey, probabilities, scale, single) -> Iterator:
    for ink in inks(grey, scale):
        for keep in (False, True):
            pieces, rows = pieces_of(ink, keep)
            n = sum(map(len, rows))
            if n > MOST_PIECES or not n:
                continue
            if single:
                pieces = (pieces > 0).astype(int)
                image = standard(cut(ink, pieces > 0))
                from layerwise.handwriting.segments import Segment
                yield ink, [[Segment(0, 1, (1,), image, probabilities(image[None])[0], 1.0)]]
            else:
                yield ink, [read_row(ink, pieces, row, probabilities) for row in rows]
