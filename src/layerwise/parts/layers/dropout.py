"""Dropout: in training, each input is set to zero with probability `rate`; in prediction nothing happens.

What is kept is divided by 1 - rate (inverted dropout), so the expected value stays the same and prediction
needs no factor. Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from layerwise.parts.description import number
from layerwise.parts.layers.base import Layer
from layerwise.parts.parameters import Shapes, View
from layerwise.typing import Array


class Dropout(Layer):
    """Dropout: set random inputs to 0 during training.

    Each input is set to 0 with probability `rate`; the others are divided by 1 - rate, so that the expected value stays
    the same. In prediction the layer does nothing (Srivastava et al. 2014).

    Parameters
    ----------
    rate : float
        The probability that an input is set to 0. At least 0, below 1.

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dropout(0.2), lw.Dense(10), lw.Softmax()])
    """

    reads: ClassVar[tuple[str, ...]] = ()
    flags: ClassVar[tuple[str, ...]] = ("keep",)
    draws: ClassVar[bool] = True
    in_place: ClassVar[bool] = True

    def __init__(self, rate: float) -> None:
        self.rate = number(self, "rate", rate, least=0, below=1)

    def buffers(self, n_in: int) -> Shapes:
        """Return the shapes of the mask and of what is kept."""
        return {"mask": (n_in,), "keep": (n_in,)}

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = x · mask, where mask is 0 for the dropped and 1 / (1 - rate) for the kept."""
        np.greater_equal(p.mask, self.rate, out=p.keep)
        np.copyto(p.mask, p.keep)
        np.multiply(p.mask, 1 / (1 - self.rate), out=p.mask)
        np.multiply(x, p.mask, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = dy · mask."""
        if dx is not None:
            np.multiply(dy, p.mask, out=dx)
