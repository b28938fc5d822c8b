"""The dense (fully connected) layer: every output is a weighted sum of all inputs plus a bias.

y = x W + b            x (n, n_in)   W (n_in, units)   b (units,)   y (n, units)

In groups, unit j of group q reads the inputs of group q alone: W is (n_in / groups, units), the groups side by side.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from layerwise.errors import ShapeError, UnknownNameError
from layerwise.parts.description import number, whole_number
from layerwise.parts.initializers import Given, Initializer, as_initializer
from layerwise.parts.layers.base import Layer
from layerwise.parts.parameters import Shapes, View
from layerwise.parts.penalties import Penalties, as_penalties
from layerwise.typing import Array, ArrayLike


class Dense(Layer):
    """Dense (fully connected) layer: y = x W + b.

    Each output is a weighted sum of all inputs, plus a bias. W has a row for each input and a column for each output.

    Parameters
    ----------
    units : int
        The number of outputs. At least 1.
    weights : str, Initializer or array-like of shape (n_in / groups, units), default="glorot_uniform"
        The initializer of the weights, such as ``"he_normal"``, or their first values.
    biases : str, Initializer or array-like of shape (units,), default="zeros"
        The initializer of the biases, or their first values.
    penalty : Penalty or sequence of Penalty, optional
        The penalties of this layer. By default those given to `Network.fit` hold.
    weight_rate : float or "ntk", default=1.0
        A factor of the learning rate for the weights. At least 0. ``"ntk"`` is 1 / √n_in (Jacot, Gabriel, Hongler
        2018).
    bias_rate : float, default=1.0
        A factor of the learning rate for the biases. At least 0.
    groups : int, default=1
        Split inputs and units into this many groups of equal size; each unit reads the inputs of its own group only.
        The native engine runs groups of multiples of 16 inputs and units.

    Raises
    ------
    ShapeError
        The units or the inputs cannot be split into the groups, or an array has a wrong shape.

    See Also
    --------
    layerwise.initializers : The ways to draw the first weights.

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
        groups: int = 1,
    ) -> None:
        self.units = whole_number(self, "units", units, least=1)
        self.groups = whole_number(self, "groups", groups, least=1)
        if self.units % self.groups:
            raise ShapeError(f"Dense: units must be a multiple of groups={groups}; got {units}")
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
            of_group = "inputs" if self.groups == 1 else "inputs of a group"
            raise ShapeError(f"Dense: weights must be ({of_group}, units), units {units}; got an array {given.shape}")
        given = getattr(self.biases, "values", None)
        if given is not None and given.shape != (units,):
            raise ShapeError(f"Dense: biases must be one a unit, ({units},); got an array {given.shape}")

    def n_out(self, n_in: int) -> int:
        """Return `units`."""
        if n_in % self.groups:
            raise ShapeError(f"{self!r} needs a multiple of {self.groups} inputs; it has {n_in}")
        return self.units

    def parameter_shapes(self, n_in: int) -> Shapes:
        """Return the shapes of W, (n_in / groups, units), and b, (units,)."""
        return {"W": (n_in // self.groups, self.units), "b": (self.units,)}

    def rates(self, n_in: int) -> dict[str, float]:
        """Return `weight_rate` and `bias_rate`."""
        of_weights = 1 / math.sqrt(n_in // self.groups) if isinstance(self.weight_rate, str) else self.weight_rate
        return {"W": of_weights, "b": self.bias_rate}

    def buffers(self, n_in: int) -> Shapes:
        """Return the shape of a vector of ones, with which sums over the samples are products."""
        return {"ones": ()}

    def initialize(self, p: View, rng: np.random.Generator) -> None:
        """Draw W, group by group, then b."""
        if self.groups == 1 or isinstance(self.weights, Given):
            p.W = self.weights.draw(p.W.shape, rng)
        else:
            for _, units in self.parts(len(p.W) * self.groups):
                p.W[:, units] = self.weights.draw((len(p.W), self.units // self.groups), rng)
        p.b = self.biases.draw(p.b.shape, rng)

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = x W + b."""
        if self.groups > 1:
            for inputs, units in self.parts(x.shape[1]):
                np.matmul(x[:, inputs], p.W[:, units], out=out[:, units])
        elif isinstance(x, np.ndarray):
            x.dot(p.W, out=out)
        else:  # a sparse matrix, whose products cannot be written into an array
            out[...] = x @ p.W
        np.add(out, p.b, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute ∂W = xᵀ dy, ∂b = the sum of dy over the samples, dx = dy Wᵀ."""
        p.ones.dot(dy, out=g.b)
        if self.groups > 1:
            for inputs, units in self.parts(x.shape[1]):
                np.matmul(x[:, inputs].T, dy[:, units], out=g.W[:, units])
                if dx is not None:
                    np.matmul(dy[:, units], p.W[:, units].T, out=dx[:, inputs])
            return
        if isinstance(x, np.ndarray):
            x.T.dot(dy, out=g.W)
        else:
            g.W = x.T @ dy
        if dx is not None:
            dy.dot(p.W.T, out=dx)

    def parts(self, n_in: int) -> Iterator[tuple[slice, slice]]:
        """Yield each group's inputs and its units."""
        inputs, units = n_in // self.groups, self.units // self.groups
        for q in range(self.groups):
            yield slice(q * inputs, (q + 1) * inputs), slice(q * units, (q + 1) * units)

    def joined(self, W: Array) -> Array:
        """Return weights from every input to every unit (n_in, units): those of W, and 0 between groups."""
        n_in = len(W) * self.groups
        found = np.zeros((n_in, self.units), W.dtype)
        for inputs, units in self.parts(n_in):
            found[inputs, units] = W[:, units]
        return found
