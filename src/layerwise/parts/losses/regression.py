"""The losses of numbers: squared and absolute errors, those between the two, quantiles and counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from layerwise.parts.description import number
from layerwise.parts.losses.base import EPSILON, Loss


class MeanSquaredError(Loss):
    """(1/m) Σ_j (y_j - t_j)²: the mean over the m outputs."""

    def f(self, y: Any, t: Any) -> Any:
        """Compute (y - t)²."""
        return (y - t) ** 2


class QuadraticCost(Loss):
    """½ Σ_j (y_j - t_j)²: the sum over the outputs (Nielsen, eq. 6)."""

    reduction = "sum"

    def f(self, y: Any, t: Any) -> Any:
        """Compute ½ (y - t)²."""
        return (y - t) ** 2 / 2

    def derivative(self, y: Any, t: Any) -> Any:
        """Compute y - t."""
        return y - t


class MeanAbsoluteError(Loss):
    """(1/m) Σ_j |y_j - t_j|: the median's loss, little moved by outliers."""

    def f(self, y: Any, t: Any) -> Any:
        """Compute |y - t|."""
        return np.abs(y - t)


class Huber(Loss):
    """½ e² where |e| <= δ, else δ (|e| - δ/2), with e = y - t; the mean over the outputs (Huber 1964).

    Parameters
    ----------
    delta : float
        From where the loss grows like |e| instead of e².
    """

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = number(self, "delta", delta, above=0)

    def f(self, y: Any, t: Any) -> Any:
        """Compute c (|e| - c/2), with c = min(|e|, δ)."""
        e = np.abs(y - t)
        c = np.minimum(e, self.delta)
        return c * (e - c / 2)

    def derivative(self, y: Any, t: Any) -> Any:
        """Compute e, cut to [-δ, δ]."""
        return np.clip(y - t, -self.delta, self.delta)


class Quantile(Loss):
    """q (t - y) where t > y, else (1 - q) (y - t): its least is at the q-quantile (Koenker and Bassett 1978).

    Parameters
    ----------
    q : float
        Which quantile, between 0 and 1; 0.5 is the median.
    """

    def __init__(self, q: float = 0.5) -> None:
        self.q = number(self, "q", q, above=0, below=1)

    def f(self, y: Any, t: Any) -> Any:
        """Compute max(q e, (q - 1) e), with e = t - y."""
        return np.maximum(self.q * (t - y), (self.q - 1) * (t - y))

    def derivative(self, y: Any, t: Any) -> Any:
        """Compute 1 - q where y > t, -q where y < t, and half-way where they are equal."""
        return (np.sign(y - t) + 1) / 2 - self.q


class Poisson(Loss):
    """y - t log y, the mean over the outputs: for counts t, with y the rate, above 0 (end with Exp or Softplus)."""

    def f(self, y: Any, t: Any) -> Any:
        """Compute y - t log y."""
        return y - t * np.log(np.maximum(y, EPSILON))

    def derivative(self, y: Any, t: Any) -> Any:
        """Compute 1 - t / y."""
        return 1 - t / np.maximum(y, EPSILON)
