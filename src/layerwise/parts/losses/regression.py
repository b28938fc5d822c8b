"""The losses of numbers: squared and absolute errors, those between the two, quantiles and counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from layerwise.parts.description import number
from layerwise.parts.losses.base import EPSILON, Loss


class MeanSquaredError(Loss):
    """Mean squared error: (y - t)², averaged over the outputs.

    It is the usual loss of regression. Large errors count much; `Huber` and `MeanAbsoluteError` limit that.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.MeanSquaredError()([[1.0, 3.0]], [[1.0, 1.0]])
    2.0
    """

    def f(self, y: Any, t: Any) -> Any:
        """Compute (y - t)²."""
        return (y - t) ** 2


class QuadraticCost(Loss):
    """Quadratic cost: ½ (y - t)², summed over the outputs.

    It is the cost of Nielsen (2015), equation 6. Where `MeanSquaredError` takes the mean over the m outputs, this
    takes half the sum, which is m / 2 times as large.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.QuadraticCost()([[1.0, 3.0]], [[1.0, 1.0]])
    2.0
    """

    reduction = "sum"

    def f(self, y: Any, t: Any) -> Any:
        """Compute ½ (y - t)²."""
        return (y - t) ** 2 / 2

    def derivative(self, y: Any, t: Any) -> Any:
        """Compute y - t."""
        return y - t


class MeanAbsoluteError(Loss):
    """Mean absolute error: abs(y - t), averaged over the outputs.

    The best constant prediction is the median of the targets, so outliers move it little.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.MeanAbsoluteError()([[1.0, 3.0]], [[1.0, 1.0]])
    1.0
    """

    def f(self, y: Any, t: Any) -> Any:
        """Compute abs(y - t)."""
        return np.abs(y - t)


class Huber(Loss):
    """Huber's loss: quadratic for small errors, linear for large ones.

    With the error e = y - t, it is ½ e² for errors up to `delta`, and delta · (abs(e) - delta / 2) beyond, averaged
    over the outputs (Huber 1964).

    Parameters
    ----------
    delta : float, default=1.0
        The error beyond which the loss is linear. In the unit of the targets.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.Huber(delta=1.0)([[0.5], [10.0]], [[0.0], [0.0]])
    4.8125
    """

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = number(self, "delta", delta, above=0)

    def f(self, y: Any, t: Any) -> Any:
        """Compute c (e - c/2), with e = abs(y - t) and c = min(e, δ)."""
        e = np.abs(y - t)
        c = np.minimum(e, self.delta)
        return c * (e - c / 2)

    def derivative(self, y: Any, t: Any) -> Any:
        """Compute e, cut to [-δ, δ]."""
        return np.clip(y - t, -self.delta, self.delta)


class Quantile(Loss):
    """Quantile loss: the network learns a quantile of the targets instead of their mean.

    It is q (t - y) where the target is larger than the output, else (1 - q) (y - t), averaged over the outputs. It is
    smallest where y is the q-quantile of the targets (Koenker and Bassett 1978). Also known as pinball loss.

    Parameters
    ----------
    q : float, default=0.5
        The quantile, between 0 and 1. 0.5 is the median.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.Quantile(0.75)([[1.0]], [[3.0]]), lw.Quantile(0.75)([[3.0]], [[1.0]])
    (1.5, 0.5)
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
    """Poisson loss: y - t log y, averaged over the outputs, for targets that are counts.

    It is the negative log-likelihood of counts t under a Poisson distribution with mean y, without the terms that do
    not depend on y. The outputs must be positive: let the network end with `Exp` or `Softplus`.

    Examples
    --------
    >>> import layerwise as lw
    >>> round(lw.Poisson()([[2.0]], [[3.0]]), 4)
    -0.0794
    """

    def f(self, y: Any, t: Any) -> Any:
        """Compute y - t log y."""
        return y - t * np.log(np.maximum(y, EPSILON))

    def derivative(self, y: Any, t: Any) -> Any:
        """Compute 1 - t / y."""
        return 1 - t / np.maximum(y, EPSILON)
