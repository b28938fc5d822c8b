"""What a layer is: a description and two formulas. It owns no arrays.

    forward    y  = f(x; p)
    backward   dx = dy · ∂f/∂x,   g = dy · ∂f/∂p        (dy, dx, g: gradients of the loss by y, x and p)

Rows are samples. Arrays are made once, by the workspace, and given; results are written into them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np

from layerwise.parts.description import Description
from layerwise.parts.parameters import Shapes, View
from layerwise.typing import Array


class Layer(Description):
    """Base of all layers and activations. A layer of your own needs `forward` and `backward`.

    Attributes
    ----------
    reads : tuple of str
        Which of ``"x"`` and ``"y"`` `backward` reads. What is not read need not be kept.
    in_place : bool
        `forward` is right even when `out` is the same memory as `x`.
    bias_names : tuple of str
        The parameters that are biases; all others are weights. Penalties treat the two apart.
    statistics : tuple of str
        The parameters that no gradient teaches, such as running means: `adapt` changes them after each step.
    flags : tuple of str
        Those of `buffers` that hold true or false; the others hold numbers.
    draws : bool
        `p.mask`, which `buffers` must name, holds uniform random numbers on [0, 1) when `forward` is called
        in training; in prediction the layer is passed over.
    gives : str
        What the outputs are: ``"values"``, ``"probabilities"`` (each in [0, 1]), ``"distribution"`` (and their
        sum is 1) or ``"unknown"``.
    takes_sparse : bool
        As the first layer, `forward` and `backward` take x as a sparse matrix too, as SciPy has it.
    differentiable : bool
        False where the gradient is zero everywhere, so that nothing before the layer could learn.
    """

    of_function = "lw.Activation(f)"
    reads: ClassVar[tuple[str, ...]] = ("x", "y")
    in_place: ClassVar[bool] = False
    bias_names: ClassVar[tuple[str, ...]] = ("b",)
    statistics: ClassVar[tuple[str, ...]] = ()
    flags: ClassVar[tuple[str, ...]] = ()
    draws: ClassVar[bool] = False
    gives: ClassVar[str] = "unknown"
    takes_sparse: ClassVar[bool] = False
    differentiable: ClassVar[bool] = True

    def n_out(self, n_in: int) -> int:
        """Return the number of outputs of a sample.

        Parameters
        ----------
        n_in : int
            The number of inputs of a sample.

        Returns
        -------
        int
            The number of outputs; by default n_in.
        """
        return n_in

    def parameter_shapes(self, n_in: int) -> Shapes:
        """Return the names and shapes of the arrays that are learned.

        Parameters
        ----------
        n_in : int
            The number of inputs of a sample.

        Returns
        -------
        dict of tuple
            The shapes by name.
        """
        return {}

    def buffers(self, n_in: int) -> Shapes:
        """Return the names and shapes of the arrays to work in, for one sample.

        ``{"mask": (n_in,)}`` makes `p.mask` (n, n_in). They are not learned. They hold ones at first; what `forward`
        leaves in them is there when `backward` is called.

        Parameters
        ----------
        n_in : int
            The number of inputs of a sample.

        Returns
        -------
        dict of tuple
            The shapes by name.
        """
        return {}

    def batch_buffers(self, n_in: int) -> Shapes:
        """Return the shapes of arrays that the whole batch shares: ``{"sum": (n_in,)}`` makes `p.sum` (n_in,)."""
        return {}

    def make_buffers(self, n: int, n_in: int, dtype: np.dtype[np.floating]) -> dict[str, Array]:
        """Return the arrays of `buffers` for n samples and those of `batch_buffers`, full of ones."""
        shapes = {name: (n, *shape) for name, shape in self.buffers(n_in).items()} | self.batch_buffers(n_in)
        return {name: np.ones(shape, bool if name in self.flags else dtype) for name, shape in shapes.items()}

    def rates(self, n_in: int) -> dict[str, float]:
        """Return the factor of the learning rate for each parameter, by name, where it is not 1."""
        return {}

    def initialize(self, p: View, rng: np.random.Generator) -> None:
        """Fill the parameters with their first values."""

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Write the outputs (n, n_out) for the inputs x (n, n_in) into `out`."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(p, x, out)")

    def predict(self, p: View, x: Array, out: Array) -> None:
        """Write the outputs in prediction, where they differ from those in training."""
        self.forward(p, x, out)

    def bound_forward(self, p: View, x: Array, out: Array, training: bool = True) -> list[Callable[[], Any]]:
        """Return the calls, without arguments, that compute the outputs in `out` from these arrays."""
        return [partial(self.forward if training else self.predict, p, x, out)]

    def bound_backward(
        self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None
    ) -> list[Callable[[], Any]]:
        """Return the calls, without arguments, that compute the gradients in `g` and `dx` from these arrays."""
        return [partial(self.backward, p, x, y, dy, g, dx)]

    def adapt(self, p: View) -> None:
        """Change the `statistics` after a step, from what `forward` left in the buffers; not while it is frozen."""

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Write the gradients: parameters' into `g`, inputs' into `dx` unless it is None.

        `dy` is the gradient by the outputs; `dy`, `x` and `y` are only read.
        """
        raise NotImplementedError(f"{type(self).__name__} must define backward(p, x, y, dy, g, dx)")
