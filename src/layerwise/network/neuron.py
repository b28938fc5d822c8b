"""One neuron, for the first lesson: a weighted sum of the inputs, plus a bias, through an activation."""

from __future__ import annotations

import numpy as np

from layerwise.network.network import Network
from layerwise.parts.layers import Dense, Identity, Layer
from layerwise.parts.masked import unmasked
from layerwise.typing import Array, ArrayLike


class Neuron:
    """A network of a single unit.

    Call it with a sample of shape (n_in,) for its output, a number; or with samples of shape (n, n_in) for an array of
    shape (n,).

    Parameters
    ----------
    weights : array-like of shape (n_in,)
        The weight of each input.
    bias : float, default=0.0
        The bias, added to the weighted sum.
    activation : Layer, optional
        The activation. By default `Identity`.

    Examples
    --------
    >>> import layerwise as lw
    >>> neuron = lw.Neuron([0.2, 0.8, -0.5, 1.0], bias=2.0)
    >>> round(neuron([1.0, 2.0, 3.0, 2.5]), 6)
    4.8
    >>> lw.Neuron([19, 23], bias=7, activation=lw.Sigmoid())([12, 24])
    1.0
    """

    def __init__(self, weights: ArrayLike, bias: float = 0.0, activation: Layer | None = None) -> None:
        column = unmasked(weights, "Neuron: weights", np.float64).reshape(-1, 1)
        self.activation = activation or Identity()
        self.network = Network([Dense(1, weights=column, biases=[bias]), self.activation], dtype=np.float64)

    @property
    def weights(self) -> Array:
        """A copy of the weights, of shape (n_in,)."""
        return self.network.get_parameters()[0][:, 0]

    @property
    def bias(self) -> float:
        """The bias."""
        return float(self.network.get_parameters()[1][0])

    def __call__(self, x: ArrayLike) -> float | Array:
        """Return the output of the neuron.

        Parameters
        ----------
        x : array-like of shape (n_in,) or (n, n_in)
            A sample, or several.

        Returns
        -------
        float or array of shape (n,)
            The output for the sample, or for each of several.
        """
        y = self.network.forward(unmasked(x, "x", np.float64))
        return float(y[0]) if y.ndim == 1 else y[:, 0]

    def __repr__(self) -> str:
        return f"Neuron({self.weights.tolist()}, bias={self.bias}, activation={self.activation!r})"
