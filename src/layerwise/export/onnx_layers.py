"""The layers as ONNX operators.

In float32 a layer is its own operator wherever there is one. In float64 onnxruntime has no body for some of them, and a
normalization's ε would be float32 all the same: these are made of simpler ones.

Normalizations are centred first: runtimes find a variance as the mean of the squares less the square of the mean, and
fold a running mean into one bias, which both lose digits where the mean is large.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from layerwise.export.onnx_graph import Graph
from layerwise.layers import (
    ELU,
    GELU,
    SELU,
    BatchNorm,
    Dense,
    Exp,
    Identity,
    Layer,
    LayerNorm,
    LeakyReLU,
    Linear,
    Mish,
    ReLU,
    Scale,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Step,
    Tanh,
)
from layerwise.layers.activations import SELU_ALPHA, SELU_LAMBDA
from layerwise.parameters import View

Writer = Callable[[Graph, Any, View, str], str]


def _operator(op: str, **attributes: Any) -> Writer:
    """A layer that is one operator, as it is."""
    return lambda graph, layer, p, x: graph.node(op, [x], **attributes)


def _dense(graph: Graph, layer: Dense, p: View, x: str) -> str:
    return graph.node("Gemm", [x, graph.array("W", p.W), graph.array("b", p.b)])


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


def _step(graph: Graph, layer: Step, p: View, x: str) -> str:
    above = graph.node("Greater", [x, graph.array("threshold", layer.threshold)], "above")
    return graph.node("Cast", [above], to=graph.float)


def _linear(graph: Graph, layer: Linear, p: View, x: str) -> str:
    return graph.node("Mul", [x, graph.array("slope", layer.slope)])


def _relu(graph: Graph, layer: ReLU, p: View, x: str) -> str:
    if layer.slope == 1:
        return graph.node("Relu", [x])
    return graph.node("Mul", [graph.node("Relu", [x], "relu"), graph.array("slope", layer.slope)])


def _leaky_relu(graph: Graph, layer: LeakyReLU, p: View, x: str) -> str:
    if layer.slope == 1 and not graph.double:
        return graph.node("LeakyRelu", [x], alpha=layer.negative_slope)
    high = graph.node("Mul", [x, graph.array("slope", layer.slope)], "high")
    low = graph.node("Mul", [x, graph.array("negative_slope", layer.negative_slope)], "low")
    return graph.node("Where", [graph.node("Greater", [x, graph.array("zero", 0)], "above"), high, low])


def _elu(graph: Graph, layer: ELU, p: View, x: str) -> str:
    return _elu_of_parts(graph, x, layer.alpha) if graph.double else graph.node("Elu", [x], alpha=layer.alpha)


def _selu(graph: Graph, layer: SELU, p: View, x: str) -> str:
    if not graph.double:
        return graph.node("Selu", [x], alpha=SELU_ALPHA, gamma=SELU_LAMBDA)
    elu = _elu_of_parts(graph, x, SELU_ALPHA, "elu")
    return graph.node("Mul", [elu, graph.array("lambda", SELU_LAMBDA)])


def _elu_of_parts(graph: Graph, x: str, alpha: float, part: str = "") -> str:
    """Compute y = max(x, 0) + α (e^min(x, 0) - 1)."""
    low = graph.node("Exp", [graph.node("Min", [x, graph.array("zero", 0)], "low")], "exp")
    low = graph.node("Sub", [low, graph.array("one", 1)], "exp_less_1")
    low = graph.node("Mul", [low, graph.array("alpha", alpha)], "alpha_exp_less_1")
    return graph.node("Add", [graph.node("Relu", [x], "high"), low], part)


def _gelu(graph: Graph, layer: GELU, p: View, x: str) -> str:
    """Compute y = x/2 (1 + tanh(x √(2/π) (1 + 0.044715 x²)))."""
    if not graph.double:
        return graph.node("Gelu", [x], approximate="tanh")
    t = graph.node("Mul", [graph.node("Mul", [x, x], "square"), graph.array("cubic", 0.044715)], "cubic_square")
    t = graph.node("Mul", [graph.node("Add", [t, graph.array("one", 1)], "inner"), x], "inner_x")
    t = graph.node("Tanh", [graph.node("Mul", [t, graph.array("root", math.sqrt(2 / math.pi))], "argument")], "tanh")
    half = graph.node("Mul", [x, graph.array("half", 0.5)], "half_x")
    return graph.node("Mul", [half, graph.node("Add", [t, graph.array("one", 1)], "one_and_tanh")])


def _silu(graph: Graph, layer: SiLU, p: View, x: str) -> str:
    return graph.node("Mul", [x, graph.node("Sigmoid", [x], "sigmoid")])


def _mish(graph: Graph, layer: Mish, p: View, x: str) -> str:
    """Compute y = x n / (n + 2), n = e (e + 2), e = e^min(x, 20)."""
    if not graph.double:
        return graph.node("Mish", [x])
    e = graph.node("Exp", [graph.node("Min", [x, graph.array("most", 20)], "low")], "exp")
    n = graph.node("Mul", [e, graph.node("Add", [e, graph.array("two", 2)], "exp_and_2")], "n")
    t = graph.node("Div", [n, graph.node("Add", [n, graph.array("two", 2)], "n_and_2")], "tanh")
    return graph.node("Mul", [x, t])


def _softplus(graph: Graph, layer: Softplus, p: View, x: str) -> str:
    """Compute y = max(x, 0) + log(1 + e^-|x|)."""
    if not graph.double:
        return graph.node("Softplus", [x])
    e = graph.node("Exp", [graph.node("Neg", [graph.node("Abs", [x], "abs")], "low")], "exp")
    log = graph.node("Log", [graph.node("Add", [e, graph.array("one", 1)], "exp_and_1")], "log")
    return graph.node("Add", [graph.node("Relu", [x], "high"), log])


WRITERS: dict[type[Layer], Writer] = {
    Dense: _dense,
    Scale: _scale,
    BatchNorm: _batch_norm,
    LayerNorm: _layer_norm,
    Step: _step,
    Linear: _linear,
    Identity: _operator("Identity"),
    Sigmoid: _operator("Sigmoid"),
    Tanh: _operator("Tanh"),
    ReLU: _relu,
    LeakyReLU: _leaky_relu,
    Softmax: _operator("Softmax", axis=-1),
    ELU: _elu,
    SELU: _selu,
    GELU: _gelu,
    SiLU: _silu,
    Mish: _mish,
    Softplus: _softplus,
    Exp: _operator("Exp"),
}
