"""The formulas of initializers and scalers, whose code works on arrays; tests hold them against what it does.

an initializer ─► the distribution of a weight, with its standard deviation or limit as a tree
a scaler ───────► what x becomes, as a tree
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.formula import Tree, trace

_SPREADS: dict[str, tuple[str, Callable[..., Any]]] = {  # a distribution, and its parameter from the sizes of the layer
    "LecunNormal": ("normal", lambda n_in: np.sqrt(1 / n_in)),
    "LecunUniform": ("uniform", lambda n_in: np.sqrt(3 / n_in)),
    "GlorotNormal": ("normal", lambda n_in, n_out: np.sqrt(2 / (n_in + n_out))),
    "GlorotUniform": ("uniform", lambda n_in, n_out: np.sqrt(6 / (n_in + n_out))),
    "HeNormal": ("normal", lambda n_in: np.sqrt(2 / n_in)),
    "HeUniform": ("uniform", lambda n_in: np.sqrt(6 / n_in)),
    "Normal": ("normal", lambda scale: scale),
    "Uniform": ("uniform", lambda limit: limit),
}
LAWS = {"normal": (r"w \sim \mathcal{N}(0, \sigma^2)", r"\sigma = "), "uniform": (r"w \sim \mathcal{U}(-a, a)", "a = ")}
OF_LAYER = {"n_in": r"n_{\text{in}}", "n_out": r"n_{\text{out}}"}
WRITTEN = {
    "Zeros": r"w = 0",
    "Orthogonal": r"W^\top W = \text{gain}^2 \, I \quad \text{or} \quad W W^\top = \text{gain}^2 \, I",
}
_SCALED: dict[str, Callable[..., Any]] = {
    "RangeScaler": lambda x, low, high, to_low, to_high: to_low + (to_high - to_low) * ((x - low) / (high - low)),
    "MinMaxScaler": lambda x, m, M, to_low, to_high: to_low + (to_high - to_low) * ((x - m) / (M - m)),
    "StandardScaler": lambda x, mean, deviation: (x - mean) / deviation,
}
OF_COLUMN = {"mean": r"\mu", "deviation": r"\sigma"}
OF_SIZES = r"The layer has $n_{\text{in}}$ inputs and $n_{\text{out}}$ units."
NOTES = {
    "Dense": r"$x$ is the row of the inputs; $W$ has a row for each input and a column for each output.",
    "Scale": r"$s$ has a factor for each input, and $\odot$ is the product of their elements.",
    "Dropout": r"In training $\text{mask}$ is 0 with probability $\text{rate}$, else $1 / (1 - \text{rate})$.",
    "LayerNorm": r"$\mu$ and $\sigma^2$ are the mean and the variance of the inputs of a sample.",
    "BatchNorm": r"In training $\mu$ and $\sigma^2$ are the mean and the variance of an input over the batch, in "
    "prediction their running means.",
    "PiecewiseLinear": "$k_j$ and $k_{j+1}$ are the ends of interval $j$ of an input.",
    "Softmax": "The sum is over all outputs of a sample.",
    "Orthogonal": "The first holds with at least as many inputs as units, the second with at least as many units.",
    "MinMaxScaler": "$m$ and $M$ are the minimum and the maximum of the column in the training data.",
    "StandardScaler": r"$\mu$ and $\sigma$ are the mean and the standard deviation of the column in the training data.",
}


@dataclass(frozen=True)
class Spread:
    """How an initializer draws a weight: the distribution, and the tree of its parameter."""

    law: str
    tree: Tree


def spread_of(name: str) -> Spread | None:
    """Return how an initializer draws; None where each weight has no distribution of its own."""
    if name not in _SPREADS:
        return None
    law, function = _SPREADS[name]
    return Spread(law, trace(function, *function.__code__.co_varnames, name=name))


def scaled(name: str) -> Tree | None:
    """Return what a scaler makes of x; None for what is no scaler."""
    if name not in _SCALED:
        return None
    function = _SCALED[name]
    return trace(function, *function.__code__.co_varnames, name=name)
