"""Numbers in pieces: each input, and how far it has come through each of its intervals.

y = [x, t]             t_j = clip((x_c - k_j) / (k_{j+1} - k_j), 0, 1), for each interval j of the knots k of input c
"""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import numpy as np

from layerwise.errors import ShapeError
from layerwise.parts.layers.base import Layer
from layerwise.parts.parameters import Shapes, View
from layerwise.typing import Array

LEAST = 1e-38  # between knots: 1 / it is a number of float32


class PiecewiseLinear(Layer):
    """Piecewise linear encoding of each input.

    The outputs are the inputs, followed by a number from 0 to 1 for each interval between two knots: how far the input
    has passed through the interval. The dense layer that follows can then give each interval its own slope, which helps
    with tables where something changes at a threshold. Nothing is learned. The knots are usually quantiles of the
    training data.

    Parameters
    ----------
    knots : sequence of sequences
        For each input the ends of its intervals, in ascending order. Empty for an input that is passed on unchanged, as
        are inputs for which there are no knots.

    Raises
    ------
    ValueError
        The knots are not numbers, are not finite, or do not ascend.

    References
    ----------
    Y. Gorishniy, I. Rubachev, A. Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning",
    NeurIPS 2022, section 3.2 (piecewise linear encoding).

    Examples
    --------
    >>> import layerwise as lw
    >>> layer = lw.PiecewiseLinear([[0, 1, 10], []])
    >>> lw.Network([layer], dtype="float64").forward([[0.5, 7.0], [5.5, 8.0]])
    array([[0.5, 7. , 0.5, 0. ],
           [5.5, 8. , 1. , 0.5]])
    """

    reads: ClassVar[tuple[str, ...]] = ("y",)
    gives: ClassVar[str] = "values"

    def __init__(self, knots: Sequence[Sequence[float]]) -> None:
        try:
            self.knots = [[float(knot) for knot in each] for each in knots]
        except (TypeError, ValueError):
            shown = reprlib.repr(knots)
            raise ValueError(f"PiecewiseLinear: knots must be a list of numbers for each input; got {shown}") from None
        for i, each in enumerate(self.knots):
            if not (np.isfinite(each).all() and (np.diff(each) >= LEAST).all()):
                shown = reprlib.repr(each)
                raise ValueError(
                    f"PiecewiseLinear: knots[{i}] must be finite and ascend by {LEAST} or more; got {shown}"
                )
        pieces = [(i, low, high) for i, each in enumerate(self.knots) for low, high in pairwise(each)]
        self._column = np.array([i for i, _, _ in pieces], np.int64)
        self._low = np.array([low for _, low, _ in pieces], np.float64)
        self._factor = np.array([1 / (high - low) for _, low, high in pieces], np.float64)

    def __repr__(self) -> str:
        shown = f"{len(self._column)} intervals of {sum(len(each) > 1 for each in self.knots)} inputs"
        return f"PiecewiseLinear(<{shown}>)" if len(self._column) > 6 else f"PiecewiseLinear({self.knots})"

    def n_out(self, n_in: int) -> int:
        """Return the number of inputs plus the number of intervals."""
        if n_in < len(self.knots):
            raise ShapeError(f"{self!r} has knots for {len(self.knots)} inputs, but {n_in} come in")
        return n_in + len(self._column)

    def buffers(self, n_in: int) -> Shapes:
        """Return the shape of t for each interval, or its slope where x is in it."""
        return {"shares": (len(self._column),)}

    def pieces(self) -> tuple[Array, Array, Array]:
        """Return the index of the input, the start, and 1 / length of each interval."""
        return self._column, self._low, self._factor

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute t = clip((x - low) · factor, 0, 1)."""
        n, t = x.shape[1], p.shares
        np.take(x, self._column, axis=1, out=t, mode="clip")  # which needs no array in between
        np.subtract(t, self._low.astype(x.dtype), out=t)
        np.multiply(t, self._factor.astype(x.dtype), out=t)
        np.clip(t, 0, 1, out=t)
        np.copyto(out[:, :n], x)
        np.copyto(out[:, n:], t)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = dy + the sum of dy · factor over the intervals that x is in."""
        if dx is None:
            return
        n, slopes = dx.shape[1], p.shares
        t = y[:, n:]
        np.subtract(1, t, out=slopes)
        np.multiply(slopes, t, out=slopes)
        np.sign(slopes, out=slopes)  # 1 between the ends, where t (1 - t) is above 0
        np.multiply(slopes, dy[:, n:], out=slopes)
        np.multiply(slopes, self._factor.astype(dy.dtype), out=slopes)
        np.copyto(dx, dy[:, :n])
        for j, column in enumerate(self._column):
            np.add(dx[:, column], slopes[:, j], out=dx[:, column])
