"""What a value in an ONNX graph is: the layers that it comes from; and a node as its operator reads it.

(x - offset) · factor ── layer 0 ── layer 1 ── …          arithmetic before the first layer is the scaling
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from layerwise.errors import FormatError
from layerwise.parts.layers import Layer
from layerwise.typing import Array


class Unsupported(Exception):
    """What an operator does is none of the layers here; the message goes on after the operator's name."""


@dataclass(frozen=True, eq=False)
class Link:
    """A layer and its parameters, by the names that the layer has for them."""

    layer: Layer
    arrays: dict[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Chain:
    """The layers that a value comes from, and what is done to the input before them.

    Attributes
    ----------
    n_in, width : int, optional
        How many numbers a sample has at first and now, once that is known.
    complement : bool
        It is 1 - y: the other probability of a single output.
    truth : bool
        It is true or false, and not yet 0 or 1.
    """

    n_in: int | None
    width: int | None
    offset: Array = field(default_factory=lambda: np.array(0.0))
    factor: Array = field(default_factory=lambda: np.array(1.0))
    links: tuple[Link, ...] = ()
    complement: bool = False
    truth: bool = False

    def then(self, layer: Layer, **arrays: Array) -> Chain:
        """Return one layer longer; its vectors must be as long as a sample."""
        rows = {len(array) for array in arrays.values()}
        if len(rows) > 1 or (rows and self.width not in (None, *rows)):
            here = " and ".join(map(str, sorted(rows)))
            raise Unsupported(f", whose arrays are for {here} inputs where {self.width or 'as many'} come")
        width = rows.pop() if rows else self.width
        return replace(
            self,
            n_in=width if self.n_in is None else self.n_in,
            width=None if width is None else layer.n_out(width),
            links=(*self.links, Link(layer, arrays)),
        )

    def follows(self, other: Chain) -> bool:
        """Return whether it is made of the other, or is the other."""
        same = self.offset is other.offset and self.factor is other.factor
        return same and self.links[: len(other.links)] == other.links

    def numbers(self) -> Chain:
        """Without the step that makes it true or false."""
        return replace(self, truth=False, links=self.links[:-1]) if self.truth else self


@dataclass(frozen=True)
class Reading:
    """A node as its operator reads it: values are chains, constants, or None where one is left out."""

    op: str
    values: list[Any]
    told: dict[str, Any]
    opset: int

    def get(self, name: str, default: Any) -> Any:
        """Return an attribute."""
        return self.told.get(name, default)

    def chain(self) -> Chain:
        """Return the first value, which must come from the input, and be a number."""
        chain = self.values[0]
        if not isinstance(chain, Chain):
            raise Unsupported(" of a constant and then of the samples")
        return as_numbers(chain)

    def constant(self, place: int, default: Array | None = None) -> Array:
        """Another value, which must be constant."""
        value = self.values[place] if place < len(self.values) else None
        if isinstance(value, Chain):
            raise Unsupported(" of two values that both come from the samples")
        value = default if value is None else value
        if value is None:
            raise Unsupported(f" without its input {place}")
        return as_float(value)

    def two(self) -> tuple[Chain, Array]:
        """Return the value that comes from the input, and the constant, in whatever order."""
        chains = [value for value in self.values if isinstance(value, Chain)]
        constants = [value for value in self.values if isinstance(value, np.ndarray)]
        if len(chains) != 1 or len(constants) != 1:
            raise Unsupported(" of two values that both come from the samples")
        return as_numbers(chains[0]), as_float(constants[0])


def as_numbers(chain: Chain) -> Chain:
    """Return the chain, if it gives numbers."""
    if chain.truth or chain.complement:
        raise Unsupported(" of a truth value or of 1 - y")
    return chain


def as_float(array: Array) -> Array:
    """As float32, or as float64 if it is."""
    if array.dtype.kind not in "fiubV" or array.dtype.names is not None:
        raise Unsupported(f" of constants of type {array.dtype}")
    return array if array.dtype == np.float64 else array.astype(np.float32)


def array_of(tensor: Any) -> Array:
    """Return the array in a tensor of an ONNX model.

    Raises
    ------
    FormatError
        It names a file that holds it: none is opened, whatever its name.
    """
    from onnx import TensorProto, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise FormatError(
            f"the array {tensor.name!r} is in another file, and no file that a model names is opened: read those too, "
            "with onnx.load(path), and give what it returns"
        )
    array: Array = numpy_helper.to_array(tensor)
    return array


def attributes(node: Any) -> dict[str, Any]:
    """Return a node's attributes by name; a tensor is an array.

    Raises
    ------
    Unsupported
        One of them is a graph.
    """
    from onnx import AttributeProto, helper

    found = {}
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        if attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS):
            raise Unsupported(" with a graph inside")
        if attribute.type == AttributeProto.TENSOR:
            value = array_of(value)
        found[attribute.name] = value.decode() if isinstance(value, bytes) else value
    return found
