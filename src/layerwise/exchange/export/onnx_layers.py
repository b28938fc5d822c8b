"""The layers as ONNX operators.

In float32 a layer is its own operator wherever there is one. In float64 onnxruntime has no body for some of them, and a
normalization's ε would be float32 all the same: these are made of simpler ones.

Normalizations are centred first: runtimes find a variance as the mean of the squares less the square of the mean, and
fold a running mean into one bias, which both lose digits where the mean is large.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from layerwise.exchange.export.onnx_graph import Graph
from layerwise.formula import Tree, replace
from layerwise.formula.tree import COMPARISONS
from layerwise.parts.layers import (
    ELU,
    GELU,
    SELU,
    Activation,
    BatchNorm,
    Dense,
    Exp,
    Identity,
    Layer,
    LayerNorm,
    LeakyReLU,
    Mish,
    PiecewiseLinear,
    ReLU,
    Scale,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from layerwise.parts.layers.activations import SELU_ALPHA, SELU_LAMBDA
from layerwise.parts.parameters import View

Writer = Callable[[Graph, Any, View, str], str]


def _operator(op: str, **attributes: Any) -> Writer:
    """Return a layer that is one operator, as it is."""
    return lambda graph, layer, p, x: graph.node(op, [x], **attributes)


def _dense(graph: Graph, layer: Dense, p: View, x: str) -> str:
    W, b = graph.array("W", p.W), graph.array("b", p.b)
    return graph.node("Gemm", [x, W, b]) if layer.groups == 1 else _grouped(graph, layer, x, W, b)


def _grouped(graph: Graph, layer: Dense, x: str, W: str, b: str) -> str:
    """Multiply the groups (groups, N, inputs) by their weights (groups, inputs, units), all in one operator."""

    def groups_first(part: str, values: str) -> str:
        shape = graph.array(f"{part}_shape", [0, layer.groups, -1], np.int64)  # 0: as it is
        parted = graph.node("Reshape", [values, shape], f"{part}_parted")
        return graph.node("Transpose", [parted], f"{part}_by_group", perm=[1, 0, 2])

    product = graph.node("MatMul", [groups_first("x", x), groups_first("W", W)], "product")
    by_sample = graph.node("Transpose", [product], "product_by_sample", perm=[1, 0, 2])
    joined = graph.node("Reshape", [by_sample, graph.array("shape", [0, layer.units], np.int64)], "joined")
    return graph.node("Add", [joined, b])


def _piecewise_linear(graph: Graph, layer: PiecewiseLinear, p: View, x: str) -> str:
    column, low, factor = layer.pieces()
    if not column.size:
        return graph.node("Identity", [x])
    of_interval = graph.node("Gather", [x, graph.array("column", column, np.int64)], "of_interval", axis=1)
    beyond = graph.node("Sub", [of_interval, graph.array("low", low)], "beyond")
    share = graph.node("Mul", [beyond, graph.array("factor", factor)], "share")
    clipped = graph.node("Clip", [share, graph.array("0", 0), graph.array("1", 1)], "clipped")
    return graph.node("Concat", [x, clipped], axis=1)


def _scale(graph: Graph, layer: Scale, p: View, x: str) -> str:
    return graph.node("Mul", [x, graph.array("s", p.s)])


def _batch_norm(graph: Graph, layer: BatchNorm, p: View, x: str) -> str:
    centered = graph.node("Sub", [x, graph.array("mean", p.mean)], "centered")
    var = graph.array("var", p.var)
    if graph.double:
        return _normalized_of_parts(graph, centered, var, p, layer.epsilon)
    zeros = graph.array("zeros", np.zeros_like(p.mean))
    arrays = [graph.array("gamma", p.gamma), graph.array("beta", p.beta), zeros, var]
    return graph.node("BatchNormalization", [centered, *arrays], epsilon=layer.epsilon, momentum=layer.momentum)


def _layer_norm(graph: Graph, layer: LayerNorm, p: View, x: str) -> str:
    columns = graph.array("columns", [1], np.int64)
    centered = graph.node("Sub", [x, graph.node("ReduceMean", [x, columns], "mean", keepdims=1)], "centered")
    if graph.double:
        square = graph.node("Mul", [centered, centered], "square")
        var = graph.node("ReduceMean", [square, columns], "var", keepdims=1)
        return _normalized_of_parts(graph, centered, var, p, layer.epsilon)
    arrays = [graph.array("gamma", p.gamma), graph.array("beta", p.beta)]
    return graph.node("LayerNormalization", [centered, *arrays], axis=-1, epsilon=layer.epsilon)


def _normalized_of_parts(graph: Graph, centered: str, var: str, p: View, epsilon: float) -> str:
    """Compute y = γ (x - μ) / √(σ² + ε) + β."""
    root = graph.node("Sqrt", [graph.node("Add", [var, graph.array("epsilon", epsilon)], "var_and_epsilon")], "root")
    normal = graph.node("Div", [centered, root], "normal")
    return graph.node(
        "Add", [graph.node("Mul", [normal, graph.array("gamma", p.gamma)], "wide"), graph.array("beta", p.beta)]
    )


def _relu(graph: Graph, layer: ReLU, p: View, x: str) -> str:
    return graph.node("Relu", [x]) if layer.slope == 1 else _of_formula(graph, layer, p, x)


def _leaky_relu(graph: Graph, layer: LeakyReLU, p: View, x: str) -> str:
    if layer.slope == 1 and not graph.double:
        return graph.node("LeakyRelu", [x], alpha=layer.negative_slope)
    return _of_formula(graph, layer, p, x)


def _elu(graph: Graph, layer: ELU, p: View, x: str) -> str:
    return _of_formula(graph, layer, p, x) if graph.double else graph.node("Elu", [x], alpha=layer.alpha)


def _silu(graph: Graph, layer: SiLU, p: View, x: str) -> str:
    return graph.node("Mul", [x, graph.node("Sigmoid", [x], "sigmoid")])


def _in_float32(op: str, **attributes: Any) -> Writer:
    """Return an operator that runtimes have in float32 alone; in float64 it is made of simpler ones."""

    def write(graph: Graph, layer: Activation, p: View, x: str) -> str:
        return _of_formula(graph, layer, p, x) if graph.double else graph.node(op, [x], **attributes)

    return write


_OPERATORS = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "power": "Pow", "negative": "Neg",
    "exp": "Exp", "log": "Log", "tanh": "Tanh", "sqrt": "Sqrt", "absolute": "Abs", "sign": "Sign",
    "maximum": "Max", "minimum": "Min", "greater": "Greater", "greater_equal": "GreaterOrEqual", "sin": "Sin",
    "cos": "Cos", "arctan": "Atan", "floor": "Floor",
}  # fmt: skip


_IN_FLOAT32_ALONE = {"arctan"}  # onnxruntime has no body for these in float64, and none of their like to make them of


def not_in_float64(layer: Layer) -> list[str]:
    """Return the operations of a layer's formula that runtimes have in float32 alone."""
    if writer_of(layer) is not _of_formula:
        return []
    assert isinstance(layer, Activation)
    return sorted({part.op for part in layer.formulas().f.parts()} & _IN_FLOAT32_ALONE)


def _of_formula(graph: Graph, layer: Activation, p: View, x: str) -> str:
    """Return the formula, an operator for each operation."""
    tree = replace(layer.formulas().f, layer.numbers())
    places: dict[Tree, str] = {}
    numbers: dict[Tree, str] = {}  # conditions that are asked for as 1 and 0
    for i, part in enumerate(tree.parts()):
        name = "" if part == tree else f"{part.op}_{i}"
        if not part.is_leaf:
            for operand in part.args[part.op == "where" :]:
                if operand.op in COMPARISONS and operand not in numbers:
                    numbers[operand] = graph.node(
                        "Cast", [places[operand]], f"{operand.op}_as_number_{len(numbers)}", to=graph.float
                    )
        places[part] = _part(graph, part, places, numbers, x, name)
    if "x" not in tree.symbols:
        return graph.node("Add", [graph.node("Sub", [x, x], "zeros"), places[tree]])
    return graph.node("Identity", [x]) if tree.is_leaf else places[tree]


def _part(graph: Graph, part: Tree, places: Mapping[Tree, str], numbers: Mapping[Tree, str], x: str, name: str) -> str:
    """Return one operation of what lies at `places`; conditions lie there as true and false, in `numbers` as 1, 0."""
    if part.op == "symbol":
        return x
    if part.op == "number":
        return graph.array(_number_name(part.args[0]), part.args[0])
    operands = [numbers.get(a, places[a]) for a in part.args]
    if part.op == "where":
        condition = places[part.args[0]]
        if part.args[0].op not in COMPARISONS:
            condition = graph.node("Cast", [condition], f"{name or 'where'}_condition", to=graph.bool)
        return graph.node("Where", [condition, *operands[1:]], name)
    if part.op == "square":
        return graph.node("Mul", operands * 2, name)
    if part.op == "expm1":
        return graph.node("Sub", [graph.node("Exp", operands, f"{name or 'expm1'}_exp"), graph.array("1", 1)], name)
    if part.op == "log1p":
        return graph.node("Log", [graph.node("Add", [*operands, graph.array("1", 1)], f"{name or 'log1p'}_sum")], name)
    if part.op in COMPARISONS and not name:
        return graph.node("Cast", [graph.node(_OPERATORS[part.op], operands, "condition")], to=graph.float)
    return graph.node(_OPERATORS[part.op], operands, name)


def _number_name(value: float) -> str:
    return f"{value:.17g}".replace("/", "_")


WRITERS: dict[type[Layer], Writer] = {
    Dense: _dense,
    PiecewiseLinear: _piecewise_linear,
    Scale: _scale,
    BatchNorm: _batch_norm,
    LayerNorm: _layer_norm,
    Identity: _operator("Identity"),
    Sigmoid: _operator("Sigmoid"),
    Tanh: _operator("Tanh"),
    ReLU: _relu,
    LeakyReLU: _leaky_relu,
    Softmax: _operator("Softmax", axis=-1),
    ELU: _elu,
    SELU: _in_float32("Selu", alpha=SELU_ALPHA, gamma=SELU_LAMBDA),
    GELU: _in_float32("Gelu", approximate="tanh"),
    SiLU: _silu,
    Mish: _in_float32("Mish"),
    Softplus: _in_float32("Softplus"),
    Exp: _operator("Exp"),
}


def writer_of(layer: Layer) -> Writer | None:
    """Return what writes a layer; None where nothing can."""
    if type(layer) in WRITERS:
        return WRITERS[type(layer)]
    return _of_formula if isinstance(layer, Activation) and layer.has_formula else None
