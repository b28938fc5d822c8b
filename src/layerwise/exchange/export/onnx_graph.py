"""An ONNX graph as it is put together: nodes, arrays, inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from layerwise.errors import missing


class Graph:
    """Nodes, arrays, inputs and outputs, as they come. Each node's output has the node's name.

    Parameters
    ----------
    dtype : dtype
        What the network computes in.

    Attributes
    ----------
    scope : str
        The layer at work: its nodes and arrays have its name before their own.
    doc : str
        What its nodes say of themselves.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        try:
            from onnx import TensorProto, helper, numpy_helper
        except ImportError:
            raise missing("onnx", "onnx", "export to ONNX") from None
        self._helper, self._from_array = helper, numpy_helper.from_array
        self.dtype, self.double = dtype, dtype == np.float64
        self.float = TensorProto.DOUBLE if self.double else TensorProto.FLOAT
        self.float32, self.float64, self.int64 = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64
        self.text, self.bool = TensorProto.STRING, TensorProto.BOOL
        self.nodes: list[Any] = []
        self.arrays: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.scope, self.doc = "", ""

    def input(self, name: str, kind: int, columns: int) -> str:
        """Return an input (N, columns)."""
        self.inputs.append(self._helper.make_tensor_value_info(name, kind, ["N", columns]))
        return name

    def output(self, name: str, value: str, kind: int, *columns: int) -> None:
        """Give a value out, (N,) or (N, columns), under this name."""
        for node in self.nodes:
            node.input[:] = [name if other == value else other for other in node.input]
            node.output[:] = [name if other == value else other for other in node.output]
        self.outputs.append(self._helper.make_tensor_value_info(name, kind, ["N", *columns]))

    def node(self, op: str, inputs: Sequence[str], part: str = "", **attributes: Any) -> str:
        """Return an operator; returns its output's name."""
        name = self._named(part)
        self.nodes.append(self._helper.make_node(op, inputs, [name], name, self.doc, **attributes))
        return name

    def array(self, part: str, values: Any, dtype: Any = None) -> str:
        """Return a constant, in the network's type where no other is given; text is kept as such."""
        values, name = np.asarray(values), self._named(part)
        if values.dtype.kind in "UO":
            values = values.astype(str).astype(object)
        else:
            values = np.ascontiguousarray(values, dtype or self.dtype)
        if name not in {array.name for array in self.arrays}:
            self.arrays.append(self._from_array(values, name))
        return name

    def _named(self, part: str) -> str:
        return "/".join(filter(None, (self.scope, part)))
