"""From an estimator's parameters to the parts of a network: layers, loss, optimizer and penalty.

hidden_layer_sizes, activation, dropout, … ──► [Dense, BatchNorm, ReLU, Dropout, …, Dense, Softmax]
loss, label_smoothing                      ──► CategoricalCrossEntropy(…)
solver, learning_rate_init, …              ──► Adam(…)
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from numbers import Real
from types import SimpleNamespace
from typing import Any

import numpy as np

from layerwise.parts.description import resolve, way_of_function
from layerwise.parts.layers import (
    ACTIVATIONS,
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    Identity,
    Layer,
    LayerNorm,
    ReLU,
    Sigmoid,
    Tanh,
)
from layerwise.parts.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Huber,
    Loss,
    MeanAbsoluteError,
    Poisson,
    QuadraticCost,
    Quantile,
    as_loss,
)
from layerwise.parts.optimizers import SGD, Adam, AdamW, Optimizer

_ACTIVATIONS: dict[str, type[Activation]] = {
    "identity": Identity,
    "logistic": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
}
_LOSSES: dict[str, type[Loss]] = {
    "squared_error": QuadraticCost,
    "poisson": Poisson,
    "absolute_error": MeanAbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
}


def as_activation(value: object, owner: str) -> Activation:
    """Return an activation from scikit-learn's name for it, from ours, or from an instance.

    Raises
    ------
    UnknownNameError, TypeError
        Says which names there are.
    """
    if isinstance(value, str) and value in _ACTIVATIONS:
        return _ACTIVATIONS[value]()
    return copy.deepcopy(resolve(f"{owner}: activation", value, Activation, ACTIVATIONS))


def name_of(last: Layer) -> str:
    """Return scikit-learn's name for the last layer: "softmax", "logistic", "identity" or "exp"."""
    name = type(last).__name__.lower()
    return {"sigmoid": "logistic", "linear": "identity"}.get(name, name)


def hidden_sizes(value: Any) -> list[int]:
    """Return the hidden layers' sizes from a number or a sequence; whole floats, as searches give them, are taken.

    Raises
    ------
    ValueError
        One of them is not a whole number, or not above 0.
    """
    sizes = np.asarray(value).tolist() if isinstance(value, np.ndarray) else value
    sizes = list(sizes) if isinstance(sizes, Iterable) else [sizes]
    for n in sizes:
        if not isinstance(n, Real) or isinstance(n, bool) or not float(n).is_integer():
            raise ValueError(f"hidden_layer_sizes must be whole numbers, such as (100, 50); got {n!r} in {value!r}")
    if any(n <= 0 for n in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(n) for n in sizes]


def hidden_layers(settings: SimpleNamespace) -> list[Layer]:
    """Return all layers before the last dense one: `layers`, or what sizes, norms and dropout describe."""
    if settings.layers is not None:
        layers = [copy.deepcopy(layer) for layer in settings.layers]
        for layer in layers:
            if not isinstance(layer, Layer):
                way = way_of_function(layer, Layer)
                raise TypeError(
                    f"{settings.name}: layers must be layers, such as [Dense(64), ReLU()]; got {layer!r}{way}"
                )
        return layers
    return sized_layers(settings)


def sized_layers(settings: SimpleNamespace) -> list[Layer]:
    """Return the hidden layers that sizes, activations, norms and dropout describe."""
    name = settings.name
    sizes = hidden_sizes(settings.hidden_layer_sizes)
    activations = _for_each(settings.activation, len(sizes), f"{name}: activation")
    rates = _for_each(settings.dropout, len(sizes), f"{name}: dropout")
    layers: list[Layer] = []
    for size, activation, rate in zip(sizes, activations, rates, strict=True):
        layers.append(Dense(size))
        if settings.batch_norm:
            layers.append(BatchNorm())
        if settings.layer_norm:
            layers.append(LayerNorm())
        layers.append(as_activation(activation, name))
        if rate:
            layers.append(Dropout(rate))
    return layers


def _for_each(value: Any, n: int, owner: str) -> Sequence[Any]:
    """Return one value for each of n layers, from one for all or a sequence of them."""
    value = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(value, (list, tuple)):
        return [value] * n
    if len(value) != n:
        raise ValueError(f"{owner} has {len(value)} entries for {n} hidden layers: give one for each, or one for all")
    return value


def classifier_loss(settings: SimpleNamespace, outputs: int, exclusive: bool, dtype: np.dtype[np.floating]) -> Loss:
    """Return the loss of a classifier; `exclusive`: one class of several, and not several yes/no answers."""
    if settings.loss != "log_loss":
        return copy.deepcopy(as_loss(settings.loss))
    epsilon, smoothing = float(np.finfo(dtype).eps), settings.label_smoothing
    if exclusive and outputs > 1:
        return CategoricalCrossEntropy(label_smoothing=smoothing, epsilon=epsilon)
    return BinaryCrossEntropy(label_smoothing=smoothing, reduction="sum", epsilon=epsilon)


def needs_output_per_class(value: Any) -> bool:
    """Return whether two classes need two outputs with this loss, not one, the second's probability."""
    return value != "log_loss" and isinstance(as_loss(value), CategoricalCrossEntropy)


def regressor_loss(value: Any) -> Loss:
    """Return the loss of a regressor, from scikit-learn's names and ours."""
    if isinstance(value, str) and value in _LOSSES:
        return _LOSSES[value]()
    return copy.deepcopy(as_loss(value))


def optimizer(settings: SimpleNamespace) -> Optimizer:
    """Return the optimizer that the solver's parameters describe."""
    rate, decay = float(settings.learning_rate_init), float(settings.weight_decay)
    if settings.solver == "sgd":
        momentum, nesterov = float(settings.momentum), bool(settings.nesterovs_momentum)
        return SGD(rate, momentum=momentum, nesterov=nesterov, weight_decay=decay)
    betas = {"beta_1": float(settings.beta_1), "beta_2": float(settings.beta_2), "epsilon": float(settings.epsilon)}
    if decay:
        return AdamW(rate, weight_decay=decay, epsilon_hat=settings.epsilon_hat, **betas)
    return Adam(rate, epsilon_hat=settings.epsilon_hat, **betas)
