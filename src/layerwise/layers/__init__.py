"""The layers: a file for each idea, each layer a description and two formulas."""

from layerwise.layers.activation import Activation
from layerwise.layers.activations import (
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
from layerwise.layers.base import Layer
from layerwise.layers.dense import Dense
from layerwise.layers.dropout import Dropout
from layerwise.layers.normalization import BatchNorm, LayerNorm
from layerwise.layers.scale import Scale

ACTIVATIONS: tuple[type[Activation], ...] = (
    Step, Linear, Identity, Sigmoid, Tanh, ReLU, LeakyReLU, Softmax, ELU, SELU, GELU, SiLU, Mish, Softplus, Exp,
)  # fmt: skip
LAYERS: tuple[type[Layer], ...] = (Dense, Dropout, Scale, LayerNorm, BatchNorm, *ACTIVATIONS)

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
    "ReLU",
    "Scale",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Step",
    "Tanh",
]
