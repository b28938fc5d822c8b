"""The dense (fully connected) layer: every output is a weighted sum of all inputs plus a bias.

y = x W + b            x (n, n_in)   W (n_in, units)   b (units,)   y (n, units)
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from layerwise.errors import ShapeError, UnknownNameError
from layerwise.parts.description import number, whole_number
from layerwise.parts.initializers import Initializer, as_initializer
from layerwise.parts.layers.base import Layer
from layerwise.parts.parameters import Shapes, View
from layerwise.parts.penalties import Penalties, as_penalties
from layerwise.typing import Array, ArrayLike


class Dense(Layer):
    """`units` neurons, each connected to every input.

    Parameters
    ----------
    units : int
        How many outputs.
    weights : str, Initializer or array (n_in, units)
        How the weights are drawn, or their values.
    biases : str, Initializer or array (units,)
        The same for the biases.
    penalty : Penalty or sequence of Penalty, optional
        The penalties of this layer, in place of the network's.
    weight_rate : float or "ntk"
        How much of each of the optimizer's steps the weights make. ``"ntk"`` is 1 / √n_in: with Adam and weights
        drawn from N(0, 1) / √n_in, training is that of y = x w / √n_in + b with w from N(0, 1) (Jacot, Gabriel,
        Hongler 2018).
    bias_rate : float
        The same for the biases.

    Examples
    --------
    >>> import layerwise as lw
    >>> layer = lw.Dense(2, weights=[[1.0, 0.0], [0.0, 2.0]], biases=[0.5, 0.5])
    >>> lw.Network([layer], dtype="float64").forward([[3.0, 4.0]])
    array([[3.5, 8.5]])
    """

    reads: ClassVar[tuple[str, ...]] = ("x",)
    gives: ClassVar[str] = "values"
    takes_sparse: ClassVar[bool] = True

    def __init__(
        self,
        units: int,
        weights: str | Initializer | ArrayLike = "glorot_uniform",
        biases: str | Initializer | ArrayLike = "zeros",
        penalty: Penalties = None,
        weight_rate: float | str = 1.0,
        bias_rate: float = 1.0,
    ) -> None:
        self.units = whole_number(self, "units", units, least=1)
        self.weights = as_initializer("Dense: weights", weights)
        self.biases = as_initializer("Dense: biases", biases)
        self.penalty = as_penalties("Dense: penalty", penalty)
        if isinstance(weight_rate, str) and weight_rate != "ntk":
            raise UnknownNameError(f'Dense: weight_rate must be a number or "ntk"; got {weight_rate!r}')
        self.weight_rate = (
            weight_rate if isinstance(weight_rate, str) else number(self, "weight_rate", weight_rate, least=0)
        )
        self.bias_rate = number(self, "bias_rate", bias_rate, least=0)
        given = getattr(self.weights, "values", None)
        if given is not None and (given.ndim != 2 or given.shape[1] != units):
            raise ShapeError(f"Dense: weights must be (inputs, units), units {units}; got an array {given.shape}")
        given = getattr(self.biases, "values", None)
        if given is not None and given.shape != (units,):
            raise ShapeError(f"Dense: biases must be one a unit, ({units},); got an array {given.shape}")

    def n_out(self, n_in: int) -> int:
        """`units`, whatever comes in."""
        return self.units

    def parameter_shapes(self, n_in: int) -> Shapes:
        """W (n_in, units) and b (units,)."""
        return {"W": (n_in, self.units), "b": (self.units,)}

    def rates(self, n_in: int) -> dict[str, float]:
        """`weight_rate` and `bias_rate`."""
        of_weights = 1 / math.sqrt(n_in) if isinstance(self.weight_rate, str) else self.weight_rate
        return {"W": of_weights, "b": self.bias_rate}

    def buffers(self, n_in: int) -> Shapes:
        """A one for each sample: the sum over them as a product, several times as fast as a reduction."""
        return {"ones": ()}

    def initialize(self, p: View, rng: np.random.Generator) -> None:
        """Draw W, then b."""
        p.W = self.weights.draw(p.W.shape, rng)
        p.b = self.biases.draw(p.b.shape, rng)

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = x W + b."""
        if isinstance(x, np.ndarray):
            x.dot(p.W, out=out)
        else:  # a sparse matrix, whose products cannot be written into an array
            out[...] = x @ p.W
        np.add(out, p.b, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute ∂W = xᵀ dy, ∂b = the sum of dy over the samples, dx = dy Wᵀ."""
        if isinstance(x, np.ndarray):
            x.T.dot(dy, out=g.W)
        else:
            g.W = x.T @ dy
        p.ones.dot(dy, out=g.b)
        if dx is not None:
            dy.dot(p.W.T, out=dx)
