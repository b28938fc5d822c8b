"""All weights and biases as one flat vector `theta`, their gradients as another, `grad`; layers get views.

    theta  [ W1 .......... b1 .. | W2 ..... b2 . ]        one array, allocated once
    grad   [ ∂W1 ......... ∂b1 . | ∂W2 .... ∂b2  ]

Saving, snapshots, clipping, averaging and the gradient check are each a line on one vector.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import ShapeError
from layerwise.parts.masked import refuse_masked
from layerwise.typing import Array, ArrayLike


def read_values(values: Iterable[ArrayLike], dtype: np.dtype[Any]) -> list[Array]:
    """The arrays that weights and biases are set from.

    Raises
    ------
    ShapeError
        They are no arrays of numbers.
    DataError
        Some of their values are masked.
    """
    try:
        given = list(values)
        with np.errstate(over="ignore"):  # what is too large becomes infinity, and is refused as such
            arrays = [np.asarray(value, dtype=dtype) for value in given]
    except (TypeError, ValueError) as error:
        raise ShapeError(f"set_parameters needs arrays of numbers: W1, b1, W2, b2, …: {error}") from None
    for i, value in enumerate(given):
        refuse_masked(value, f"set_parameters: array {i}")
    return arrays


def assign(vector: Array, values: ArrayLike, name: str) -> None:
    """Write values into theta or its gradient.

    Raises
    ------
    ShapeError, DataError
        Another shape, or masked values.
    """
    if np.shape(values) != vector.shape:
        raise ShapeError(f"{name} has shape {vector.shape}; got {np.shape(values)}")
    refuse_masked(values, name)
    vector[...] = values


Shapes = dict[str, tuple[int, ...]]


class View:
    """The arrays of one layer by name: `p.W`, `p.b`. Assignment writes through, or raises."""

    def __init__(self, arrays: dict[str, Array]) -> None:
        self.__dict__.update(arrays)

    if TYPE_CHECKING:  # a real __getattr__ would slow down every p.W

        def __getattr__(self, name: str) -> Array: ...

    def __setattr__(self, name: str, value: Array) -> None:
        array = self.__dict__.get(name)
        if array is None:
            raise AttributeError(f"this layer has no array {name!r}; it has {', '.join(self.__dict__) or 'none'}")
        if value is not array:
            if np.shape(value) != array.shape:
                raise ValueError(f"{name} has shape {array.shape}; got an array of shape {np.shape(value)}")
            array[...] = value

    def __repr__(self) -> str:
        return f"View({', '.join(f'{name} {array.shape}' for name, array in self.__dict__.items())})"


class Parameters:
    """The flat vectors, and one view a layer on each.

    Parameters
    ----------
    shapes : sequence of dict
        For each layer, its arrays' names and shapes, as `Layer.parameter_shapes` gives them.
    dtype : dtype
        float32 or float64.

    Attributes
    ----------
    theta, grad : array (n,)
        Parameters and gradients.
    p, g : list of View
        The same numbers, by layer and name, in the same memory.
    """

    # The views are kept in slots: a copy that is made of `__dict__` alone, array by array, makes them anew.
    __slots__ = ("__dict__", "__weakref__", "_g", "_p", "_slices")
    _p: list[View]
    _g: list[View]
    _slices: list[dict[str, slice]]

    def __init__(self, shapes: Sequence[Shapes], dtype: np.dtype[np.floating]) -> None:
        self.shapes = list(shapes)
        size = sum(math.prod(shape) for layer in self.shapes for shape in layer.values())
        self.theta = np.zeros(size, dtype)
        self.grad = np.zeros(size, dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {"shapes": self.shapes, "theta": self.theta, "grad": self.grad}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.shapes = state["shapes"]
        self.theta, self.grad = writable(state["theta"]), writable(state["grad"])

    @property
    def p(self) -> list[View]:
        """Views of `theta`, by layer and name."""
        try:
            return self._p
        except AttributeError:
            self._p = self.views(self.theta)
            return self._p

    @property
    def g(self) -> list[View]:
        """Views of `grad`, by layer and name."""
        try:
            return self._g
        except AttributeError:
            self._g = self.views(self.grad)
            return self._g

    @property
    def slices(self) -> list[dict[str, slice]]:
        """Where in the flat vectors each array is, by layer and name."""
        try:
            return self._slices
        except AttributeError:
            self._slices = _slices(self.shapes)
            return self._slices

    def views(self, flat: Array) -> list[View]:
        """Any vector as long as theta (a gradient, an optimizer's state), by layer and name."""
        return [
            View({name: flat[slices[name]].reshape(shape) for name, shape in layer.items()})
            for layer, slices in zip(self.shapes, self.slices, strict=True)
        ]

    def locate(self, index: int) -> tuple[int, str, tuple[int, ...]]:
        """The layer, array name and index in that array of entry `index` of the flat vector."""
        for layer, slices in enumerate(self.slices):
            for name, part in slices.items():
                if part.start <= index < part.stop:
                    where = np.unravel_index(index - part.start, self.shapes[layer][name])
                    return layer, name, tuple(int(i) for i in where)
        raise IndexError(f"theta has {self.theta.size} entries; got index {index}")


def _slices(shapes: Sequence[Shapes]) -> list[dict[str, slice]]:
    found, end = [], 0
    for layer in shapes:
        slices = {}
        for name, shape in layer.items():
            start, end = end, end + math.prod(shape)
            slices[name] = slice(start, end)
        found.append(slices)
    return found


def writable(array: Array) -> Array:
    """The array, or a copy of one that cannot be trained: read-only, as joblib's memory maps are, or not contiguous."""
    return array if type(array) is np.ndarray and array.flags.carray else np.array(array, order="C")
