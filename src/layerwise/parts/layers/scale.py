"""A learned factor for each input.

y = x ⊙ s              x (n, n_in)   s (n_in,)   y (n, n_in)
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from layerwise.parts.description import number
from layerwise.parts.layers.base import Layer
from layerwise.parts.parameters import Shapes, View
from layerwise.parts.penalties import Penalties, as_penalties
from layerwise.typing import Array


class Scale(Layer):
    """Multiply each input by a learned factor.

    The factors start at 1. Before the first dense layer they weigh the features, and may learn faster than the
    weights do (Holzmüller, Grinsztajn, Steinwart 2024, section 3.2).

    Parameters
    ----------
    rate : float, default=1.0
        A factor of the learning rate for this layer. At least 0.
    penalty : Penalty or sequence of Penalty, default=()
        The penalties of this layer. By default none; with None those given to `Network.fit`.

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Scale(), lw.Dense(8), lw.ReLU(), lw.Dense(1)])
    """

    reads: ClassVar[tuple[str, ...]] = ("x",)
    in_place: ClassVar[bool] = True
    gives: ClassVar[str] = "values"

    def __init__(self, rate: float = 1.0, penalty: Penalties = ()) -> None:
        self.rate = number(self, "rate", rate, least=0)
        self.penalty = as_penalties("Scale: penalty", penalty)

    def parameter_shapes(self, n_in: int) -> Shapes:
        """Return the shape of s, (n_in,)."""
        return {"s": (n_in,)}

    def rates(self, n_in: int) -> dict[str, float]:
        """Return `rate`."""
        return {"s": self.rate}

    def buffers(self, n_in: int) -> Shapes:
        """Return the shapes of an array to work in and of a vector of ones."""
        return {"tmp": (n_in,), "ones": ()}

    def initialize(self, p: View, rng: np.random.Generator) -> None:
        """Set all factors to 1."""
        p.s.fill(1)

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = x s."""
        np.multiply(x, p.s, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute ∂s = the sum of dy x over the samples, dx = dy s."""
        np.multiply(dy, x, out=p.tmp)
        p.ones.dot(p.tmp, out=g.s)
        if dx is not None:
            np.multiply(dy, p.s, out=dx)
