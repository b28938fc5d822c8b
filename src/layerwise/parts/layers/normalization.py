"""Normalization: numbers are brought to mean 0 and variance 1, then to a mean and a spread that are learned.

x̂ = (x - μ) / √(σ² + ε)          y = γ x̂ + β          γ, β (n_in,)

`LayerNorm` takes μ and σ² over the inputs of a sample, `BatchNorm` for each input over the samples of a batch. Both
find the variance from the differences to the mean, which loses no digits where the mean is large.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from layerwise.parts.description import number
from layerwise.parts.layers.base import Layer
from layerwise.parts.parameters import Shapes, View
from layerwise.parts.penalties import Penalties, as_penalties
from layerwise.typing import Array


class LayerNorm(Layer):
    """Layer normalization: bring each sample to mean 0 and variance 1 over its inputs.

    The result is multiplied by a learned γ and shifted by a learned β, one of each for each input (Ba, Kiros, Hinton
    2016).

    Parameters
    ----------
    epsilon : float, default=1e-05
        Added to the variance. Above 0.
    penalty : Penalty or sequence of Penalty, default=()
        The penalties of this layer. By default none; with None those given to `Network.fit`.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.Network([lw.LayerNorm()], dtype="float64").forward([[1.0, 2.0, 3.0]]).round(3)
    array([[-1.225,  0.   ,  1.225]])
    """

    reads: ClassVar[tuple[str, ...]] = ()
    in_place: ClassVar[bool] = True
    bias_names: ClassVar[tuple[str, ...]] = ("beta",)
    gives: ClassVar[str] = "values"

    def __init__(self, epsilon: float = 1e-5, penalty: Penalties = ()) -> None:
        self.epsilon = number(self, "epsilon", epsilon, above=0)
        self.penalty = as_penalties("LayerNorm: penalty", penalty)

    def parameter_shapes(self, n_in: int) -> Shapes:
        """Return the shapes of gamma and beta, (n_in,)."""
        return {"gamma": (n_in,), "beta": (n_in,)}

    def buffers(self, n_in: int) -> Shapes:
        """Return the shapes of the arrays to work in."""
        return {"normal": (n_in,), "inverse": (), "tmp": (n_in,), "row": (), "ones": ()}

    def initialize(self, p: View, rng: np.random.Generator) -> None:
        """Set γ to 1 and β to 0."""
        p.gamma.fill(1)
        p.beta.fill(0)

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = γ x̂ + β, x̂ = (x - μ) / √(σ² + ε), with μ and σ² over the inputs of each sample."""
        np.add.reduce(x, axis=1, out=p.row)
        np.divide(p.row, x.shape[1], out=p.row)
        np.subtract(x, p.row[:, None], out=p.normal)
        np.vecdot(p.normal, p.normal, out=p.inverse)
        np.divide(p.inverse, x.shape[1], out=p.inverse)
        np.add(p.inverse, self.epsilon, out=p.inverse)
        np.sqrt(p.inverse, out=p.inverse)
        np.reciprocal(p.inverse, out=p.inverse)
        np.multiply(p.normal, p.inverse[:, None], out=p.normal)
        np.multiply(p.normal, p.gamma, out=out)
        np.add(out, p.beta, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute the gradients by γ, β and x.

        ∂γ = Σ dy x̂ and ∂β = Σ dy, both over the samples; with d = dy γ and means over a sample's inputs,
        dx = (d - mean d - x̂ mean(d x̂)) / √(σ² + ε).
        """
        np.multiply(dy, p.normal, out=p.tmp)
        p.ones.dot(p.tmp, out=g.gamma)
        p.ones.dot(dy, out=g.beta)
        if dx is not None:
            np.multiply(dy, p.gamma, out=dx)
            np.vecdot(dx, p.normal, out=p.row)
            np.divide(p.row, dx.shape[1], out=p.row)
            np.multiply(p.normal, p.row[:, None], out=p.tmp)
            np.add.reduce(dx, axis=1, out=p.row)
            np.divide(p.row, dx.shape[1], out=p.row)
            np.subtract(dx, p.row[:, None], out=dx)
            np.subtract(dx, p.tmp, out=dx)
            np.multiply(dx, p.inverse[:, None], out=dx)


class BatchNorm(Layer):
    """Batch normalization: bring each input to mean 0 and variance 1 over the batch.

    The result is multiplied by a learned γ and shifted by a learned β, one of each for each input (Ioffe and Szegedy
    2015). In prediction, running means of the mean and of the variance over the training steps are used instead.

    Parameters
    ----------
    momentum : float, default=0.9
        The share of the running means that is kept at each step. At least 0, below 1. PyTorch's momentum is 1 minus
        this.
    epsilon : float, default=1e-05
        Added to the variance. Above 0.
    penalty : Penalty or sequence of Penalty, default=()
        The penalties of this layer. By default none; with None those given to `Network.fit`.

    Notes
    -----
    The running means are stored in `Network.theta`, so they are saved and averaged with the parameters, but no
    gradient changes them. A batch of one sample, and a frozen layer, leave them as they are. The output for a batch
    of one sample is β.

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.BatchNorm()], dtype="float64")
    >>> net.forward([[1.0], [2.0], [3.0]], training=True).round(3)
    array([[-1.225],
           [ 0.   ],
           [ 1.225]])
    """

    reads: ClassVar[tuple[str, ...]] = ()
    in_place: ClassVar[bool] = True
    bias_names: ClassVar[tuple[str, ...]] = ("beta",)
    statistics: ClassVar[tuple[str, ...]] = ("mean", "var")
    gives: ClassVar[str] = "values"

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5, penalty: Penalties = ()) -> None:
        self.momentum = number(self, "momentum", momentum, least=0, below=1)
        self.epsilon = number(self, "epsilon", epsilon, above=0)
        self.penalty = as_penalties("BatchNorm: penalty", penalty)

    def parameter_shapes(self, n_in: int) -> Shapes:
        """Return the shapes of gamma, beta, and the running mean and var: all (n_in,)."""
        return {"gamma": (n_in,), "beta": (n_in,), "mean": (n_in,), "var": (n_in,)}

    def buffers(self, n_in: int) -> Shapes:
        """Return the shapes of the arrays to work in."""
        return {"normal": (n_in,), "tmp": (n_in,), "ones": ()}

    def batch_buffers(self, n_in: int) -> Shapes:
        """Return the shapes of the batch's mean and variance, 1 / √(σ² + ε), and arrays to work in."""
        return {"batch_mean": (n_in,), "batch_var": (n_in,), "inverse": (n_in,), "row": (n_in,), "share": ()}

    def initialize(self, p: View, rng: np.random.Generator) -> None:
        """Set γ and the running variance to 1, β and the running mean to 0."""
        p.gamma.fill(1)
        p.beta.fill(0)
        p.mean.fill(0)
        p.var.fill(1)

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = γ x̂ + β, x̂ = (x - μ) / √(σ² + ε), with μ and σ² over the batch."""
        p.share.fill(1 / len(x))
        p.ones.dot(x, out=p.batch_mean)
        np.divide(p.batch_mean, len(x), out=p.batch_mean)
        np.subtract(x, p.batch_mean, out=p.normal)
        np.square(p.normal, out=p.tmp)
        p.ones.dot(p.tmp, out=p.batch_var)
        np.divide(p.batch_var, len(x), out=p.batch_var)
        self._finish(p, p.batch_var, out)

    def predict(self, p: View, x: Array, out: Array) -> None:
        """Compute y = γ x̂ + β, x̂ = (x - μ) / √(σ² + ε), with the running μ and σ²."""
        p.share.fill(0)
        np.subtract(x, p.mean, out=p.normal)
        self._finish(p, p.var, out)

    def _finish(self, p: View, var: Array, out: Array) -> None:
        np.add(var, self.epsilon, out=p.inverse)
        np.sqrt(p.inverse, out=p.inverse)
        np.reciprocal(p.inverse, out=p.inverse)
        np.multiply(p.normal, p.inverse, out=p.normal)
        np.multiply(p.normal, p.gamma, out=out)
        np.add(out, p.beta, out=out)

    def adapt(self, p: View) -> None:
        """Compute mean ← m mean + (1 - m) μ, var ← m var + (1 - m) σ² n / (n - 1): the unbiased variance."""
        n = len(p.normal)
        if n < 2:
            return
        for running, batch, factor in ((p.mean, p.batch_mean, 1.0), (p.var, p.batch_var, n / (n - 1))):
            np.multiply(batch, (1 - self.momentum) * factor, out=p.row)
            np.multiply(running, self.momentum, out=running)
            np.add(running, p.row, out=running)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute the gradients by γ, β and x.

        ∂γ = Σ dy x̂ and ∂β = Σ dy, over the samples; and, through μ and σ² too,
        dx = γ / √(σ² + ε) · (dy - (∂β + x̂ ∂γ) / n).
        """
        np.multiply(dy, p.normal, out=p.tmp)
        p.ones.dot(p.tmp, out=g.gamma)
        p.ones.dot(dy, out=g.beta)
        g.mean.fill(0)
        g.var.fill(0)
        if dx is not None:
            np.multiply(g.gamma, p.share, out=p.row)
            np.multiply(p.normal, p.row, out=p.tmp)
            np.subtract(dy, p.tmp, out=dx)
            np.multiply(g.beta, p.share, out=p.row)
            np.subtract(dx, p.row, out=dx)
            np.multiply(p.gamma, p.inverse, out=p.row)
            np.multiply(dx, p.row, out=dx)
