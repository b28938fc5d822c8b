"""The layers: a file for each idea, each layer a description and two formulas."""

from layerwise.layers.activations import (
    ELU,
    GELU,
    SELU,
    Activation,
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

ACTIVATIONS: tuple[type[Activation], ...] = (
    Step, Linear, Identity, Sigmoid, Tanh, ReLU, LeakyReLU, Softmax, ELU, SELU, GELU, SiLU, Mish, Softplus, Exp,
)  # fmt: skip
LAYERS: tuple[type[Layer], ...] = (Dense, Dropout, *ACTIVATIONS)

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "LAYERS",
    "SELU",
    "Activation",
    "Dense",
    "Dropout",
    "Exp",
    "Identity",
    "Layer",
    "LeakyReLU",
    "Linear",
    "Mish",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Step",
    "Tanh",
]
