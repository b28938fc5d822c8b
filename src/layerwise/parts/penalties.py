"""Penalties on large parameters, added to the data loss and reported apart from it.

    L2 = λ Σ w²         ∂ = 2 λ w            L1 = λ Σ |w|        ∂ = λ sign w

λ is as in Keras and in Kinsley and Kukiela. Nielsen's λ / (2n) Σ w² is ``L2(lambda_ / (2 * n))``; a weight
decay of PyTorch's SGD, which is the factor of w in the gradient, is ``L2(weight_decay / 2)``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layerwise.parts.description import Description, number
from layerwise.typing import Array


class Penalty(Description):
    """Base of the penalties; one of your own defines `value` and `gradient`, both for λ = 1.

    Parameters
    ----------
    weights, biases : float
        λ for weights and for biases.
    per_batch : bool
        λ is divided by the batch's rows, or by the sum of their weights: so scikit-learn divides its alpha, with
        λ = alpha / 2. In evaluation all rows are one batch.
    """

    per_batch: bool = False

    def __init__(self, weights: float, biases: float = 0.0, per_batch: bool = False) -> None:
        self.weights = number(self, "weights", weights, least=0)
        self.biases = number(self, "biases", biases, least=0)
        self.per_batch = bool(per_batch)

    def value(self, w: Array, tmp: Array) -> float:
        """The penalty of the flat array w; `tmp` is an array like it to work in."""
        raise NotImplementedError(f"{type(self).__name__} must define value(w, tmp)")

    def gradient(self, w: Array, out: Array) -> None:
        """Write the penalty's gradient by w into `out`."""
        raise NotImplementedError(f"{type(self).__name__} must define gradient(w, out)")


class L2(Penalty):
    """λ Σ w²: prefers many small weights (ridge, weight decay)."""

    def value(self, w: Array, tmp: Array) -> float:
        """Compute Σ w²."""
        return float(np.dot(w, w))

    def gradient(self, w: Array, out: Array) -> None:
        """Compute 2 w."""
        np.multiply(w, 2, out=out)


class L1(Penalty):
    """λ Σ |w|: prefers weights that are exactly 0 (lasso)."""

    def value(self, w: Array, tmp: Array) -> float:
        """Compute Σ |w|."""
        np.abs(w, out=tmp)
        return float(np.add.reduce(tmp))

    def gradient(self, w: Array, out: Array) -> None:
        """Compute sign w."""
        np.sign(w, out=out)


PENALTIES: tuple[type[Penalty], ...] = (L1, L2)
Penalties = Penalty | Sequence[Penalty] | None


def as_penalties(argument: str, value: Penalties) -> tuple[Penalty, ...] | None:
    """None, or a tuple of penalties from one or several."""
    if value is None:
        return None
    items = value if isinstance(value, (list, tuple)) else [value]
    for item in items:
        if not isinstance(item, Penalty):
            raise TypeError(f"{argument} must be a penalty with its strength, such as L2(0.001); got {item!r}")
    return tuple(items)
