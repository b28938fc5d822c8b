"""The layers: a file for each idea, each layer a description and two formulas."""

from layerwise.parts.layers.activation import Activation
from layerwise.parts.layers.activations import (
    ELU,
    GELU,
    SELU,
    Exp,
    Identity,
    LeakyReLU,
    Linear,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Step,
    Tanh,
)
from layerwise.parts.layers.base import Layer
from layerwise.parts.layers.dense import Dense
from layerwise.parts.layers.dropout import Dropout
from layerwise.parts.layers.normalization import BatchNorm, LayerNorm
from layerwise.parts.layers.piecewise import PiecewiseLinear
from layerwise.parts.layers.scale import Scale

ACTIVATIONS: tuple[type[Activation], ...] = (
    Step, Linear, Identity, Sigmoid, Tanh, ReLU, LeakyReLU, Softmax, ELU, SELU, GELU, SiLU, Mish, Softplus, Exp,
)  # fmt: skip
LAYERS: tuple[type[Layer], ...] = (
    Dense, Dropout, Scale, PiecewiseLinear, LayerNorm, BatchNorm, *ACTIVATIONS,
)  # fmt: skip

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "LAYERS",
    "SELU",
    "Activation",
    "BatchNorm",
    "Dense",
    "Dropout",
    "Exp",
    "Identity",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "Mish",
    "PiecewiseLinear",
    "ReLU",
    "Scale",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Step",
    "Tanh",
]
