"""The losses of numbers: squared and absolute errors, those between the two, quantiles and counts."""

from __future__ import annotations

import numpy as np

from layerwise.parts.description import number
from layerwise.parts.losses.base import EPSILON, Loss, Pair
from layerwise.typing import Array


class MeanSquaredError(Loss):
    """(1/m) Σ_j (y_j - t_j)²: the mean over the m outputs."""

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute (1/m) Σ_j (y_j - t_j)²."""
        np.subtract(y, t, out=tmp[0])
        np.vecdot(tmp[0], tmp[0], out=out)
        np.multiply(out, 1 / y.shape[1], out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute (2/m) (y - t)."""
        np.subtract(y, t, out=dy)
        np.multiply(dy, 2 / y.shape[1], out=dy)


class QuadraticCost(Loss):
    """½ Σ_j (y_j - t_j)²: the sum over the outputs (Nielsen, eq. 6)."""

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute ½ Σ_j (y_j - t_j)²."""
        np.subtract(y, t, out=tmp[0])
        np.vecdot(tmp[0], tmp[0], out=out)
        np.multiply(out, 0.5, out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute y - t."""
        np.subtract(y, t, out=dy)


class MeanAbsoluteError(Loss):
    """(1/m) Σ_j |y_j - t_j|: the median's loss, little moved by outliers."""

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute (1/m) Σ_j |y_j - t_j|."""
        np.subtract(y, t, out=tmp[0])
        np.abs(tmp[0], out=tmp[0])
        np.add.reduce(tmp[0], axis=1, out=out)
        np.multiply(out, 1 / y.shape[1], out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute (1/m) sign(y - t)."""
        np.subtract(y, t, out=dy)
        np.sign(dy, out=dy)
        np.multiply(dy, 1 / y.shape[1], out=dy)


class Huber(Loss):
    """½ e² where |e| <= δ, else δ (|e| - δ/2), with e = y - t; the mean over the outputs (Huber 1964).

    Parameters
    ----------
    delta : float
        From where the loss grows like |e| instead of e².
    """

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = number(self, "delta", delta, above=0)

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute (1/m) Σ_j c (|e| - c/2), with c = min(|e|, δ)."""
        e, c = tmp
        np.subtract(y, t, out=e)
        np.abs(e, out=e)
        np.minimum(e, self.delta, out=c)
        np.multiply(e, 2, out=e)
        np.subtract(e, c, out=e)
        np.vecdot(e, c, out=out)
        np.multiply(out, 0.5 / y.shape[1], out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute (1/m) e, cut to [-δ, δ]."""
        np.subtract(y, t, out=dy)
        np.minimum(dy, self.delta, out=dy)
        np.maximum(dy, -self.delta, out=dy)
        np.multiply(dy, 1 / y.shape[1], out=dy)


class Quantile(Loss):
    """q (t - y) where t > y, else (1 - q) (y - t): its least is at the q-quantile (Koenker and Bassett 1978).

    Parameters
    ----------
    q : float
        Which quantile, between 0 and 1; 0.5 is the median.
    """

    def __init__(self, q: float = 0.5) -> None:
        self.q = number(self, "q", q, above=0, below=1)

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute (1/m) Σ_j max(q e, (q - 1) e), with e = t - y."""
        e, other = tmp
        np.subtract(t, y, out=e)
        np.multiply(e, self.q - 1, out=other)
        np.multiply(e, self.q, out=e)
        np.maximum(e, other, out=e)
        np.add.reduce(e, axis=1, out=out)
        np.multiply(out, 1 / y.shape[1], out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute (1/m) (1 - q where y > t, -q where y < t), half-way where they are equal."""
        np.subtract(y, t, out=dy)
        np.sign(dy, out=dy)
        np.multiply(dy, 0.5, out=dy)
        np.add(dy, 0.5 - self.q, out=dy)
        np.multiply(dy, 1 / y.shape[1], out=dy)


class Poisson(Loss):
    """y - t log y, the mean over the outputs: for counts t, with y the rate, above 0 (end with Exp or Softplus)."""

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute (1/m) Σ_j (y_j - t_j log max(y_j, 1e-7))."""
        logarithm = tmp[0]
        np.maximum(y, EPSILON, out=logarithm)
        np.log(logarithm, out=logarithm)
        np.multiply(logarithm, t, out=logarithm)
        np.subtract(y, logarithm, out=logarithm)
        np.add.reduce(logarithm, axis=1, out=out)
        np.multiply(out, 1 / y.shape[1], out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute (1/m) (1 - t / max(y, 1e-7))."""
        np.maximum(y, EPSILON, out=dy)
        np.divide(t, dy, out=dy)
        np.subtract(1, dy, out=dy)
        np.multiply(dy, 1 / y.shape[1], out=dy)
