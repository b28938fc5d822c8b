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
    """Base class of all layers and activations.

    A custom layer is a subclass that defines `forward` and `backward`, and `parameter_shapes`, `initialize` and `n_out`
    if it has parameters or another number of outputs than inputs.

    Attributes
    ----------
    reads : tuple of str
        The arrays among ``"x"`` and ``"y"`` that `backward` reads. The others need not be kept.
    in_place : bool
        True if `forward` works when `out` is the same memory as `x`.
    bias_names : tuple of str
        The names of the parameters that are biases. All others are weights. Penalties have separate factors for the
        two.
    statistics : tuple of str
        The names of the parameters without a gradient, such as running means. `adapt` changes them after each step.
    flags : tuple of str
        The names of the `buffers` that hold booleans. The others hold numbers.
    draws : bool
        True if `forward` needs random numbers in training: `p.mask`, which `buffers` must name, then holds uniform
        random numbers on [0, 1). In prediction such a layer is skipped.
    gives : str
        The kind of the outputs: ``"values"``, ``"probabilities"`` (each in [0, 1]), ``"distribution"`` (with the sum 1)
        or ``"unknown"``.
    takes_sparse : bool
        True if `forward` and `backward` of the first layer also take x as a sparse matrix of SciPy.
    differentiable : bool
        False if the gradient is zero everywhere, so that layers before it cannot learn.

    Examples
    --------
    >>> import layerwise as lw
    >>> class Offset(lw.Layer):
    ...     reads = ()
    ...     def parameter_shapes(self, n_in):
    ...         return {"b": (n_in,)}
    ...     def initialize(self, p, rng):
    ...         p.b[...] = 0
    ...     def forward(self, p, x, out):
    ...         out[...] = x + p.b
    ...     def backward(self, p, x, y, dy, g, dx):
    ...         g.b[...] = dy.sum(axis=0)
    ...         if dx is not None:
    ...             dx[...] = dy
    >>> net = lw.Network([lw.Dense(3), Offset(), lw.Tanh(), lw.Dense(1)], random_state=0)
    >>> lw.gradcheck(net, [[1.0, 2.0]], [[3.0]], "mse").error < 1e-6
    True
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
        """Return the names and shapes of the parameters.

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
        """Return the names and shapes of work arrays, for each sample.

        ``{"mask": (n_in,)}`` makes `p.mask` of shape (n, n_in). They hold ones at first, and keep what `forward` writes
        until `backward`. They are not parameters.

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
        """Return the names and shapes of work arrays for the whole batch.

        ``{"sum": (n_in,)}`` makes `p.sum` of shape (n_in,).

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

    def make_buffers(self, n: int, n_in: int, dtype: np.dtype[np.floating]) -> dict[str, Array]:
        """Return the arrays of `buffers` for n samples and those of `batch_buffers`, full of ones."""
        shapes = {name: (n, *shape) for name, shape in self.buffers(n_in).items()} | self.batch_buffers(n_in)
        return {name: np.ones(shape, bool if name in self.flags else dtype) for name, shape in shapes.items()}

    def rates(self, n_in: int) -> dict[str, float]:
        """Return a factor of the learning rate for parameters, if it is not 1.

        Parameters
        ----------
        n_in : int
            The number of inputs of a sample.

        Returns
        -------
        dict of float
            The factors by the name of the parameter.
        """
        return {}

    def initialize(self, p: View, rng: np.random.Generator) -> None:
        """Set the parameters to their first values.

        Parameters
        ----------
        p : View
            The parameters of the layer, by name: `p.W`.
        rng : numpy.random.Generator
            The source of random numbers.
        """

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute the outputs.

        Parameters
        ----------
        p : View
            The parameters and buffers of the layer, by name: `p.W`.
        x : array of shape (n, n_in)
            The inputs, not to be changed.
        out : array of shape (n, n_out)
            The array for the outputs.
        """
        raise NotImplementedError(f"{type(self).__name__} must define forward(p, x, out)")

    def predict(self, p: View, x: Array, out: Array) -> None:
        """Compute the outputs in prediction, if they differ from those in training. By default `forward`.

        Parameters
        ----------
        p : View
            The parameters and buffers of the layer.
        x : array of shape (n, n_in)
            The inputs, not to be changed.
        out : array of shape (n, n_out)
            The array for the outputs.
        """
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
        """Update the `statistics` after a step, from what `forward` left in the buffers. Frozen layers are not updated.

        Parameters
        ----------
        p : View
            The parameters and buffers of the layer.
        """

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute the gradients with respect to the parameters and the inputs.

        Parameters
        ----------
        p : View
            The parameters and buffers of the layer, by name: `p.W`.
        x : array of shape (n, n_in)
            The inputs of `forward`, not to be changed.
        y : array of shape (n, n_out)
            The outputs of `forward`, not to be changed.
        dy : array of shape (n, n_out)
            The gradient with respect to the outputs, not to be changed.
        g : View
            The arrays for the gradients of the parameters, by the same names: `g.W`.
        dx : array of shape (n, n_in) or None
            The array for the gradient with respect to the inputs. None if it is not needed.
        """
        raise NotImplementedError(f"{type(self).__name__} must define backward(p, x, y, dy, g, dx)")
