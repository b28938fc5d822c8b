"""Cures followed: a training described from its beginning, changed as a finding advises, and tried for some steps.

Setup (layers, data, arguments of fit) ── apply(remedy) ──► Setup ── train ──► Network ── loss
"""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from layerwise.errors import DivergenceError
from layerwise.network.network import Network
from layerwise.parts import layers as kinds
from layerwise.parts.initializers import Initializer
from layerwise.parts.layers import BatchNorm, Dense, Dropout, Layer, LayerNorm, ReLU
from layerwise.parts.layers.activation import Activation
from layerwise.parts.losses import Loss, as_loss
from layerwise.parts.optimizers import Adam, as_optimizer
from layerwise.parts.penalties import as_penalties
from layerwise.parts.scaling import Scaler, as_scaler
from layerwise.training import interrupts
from layerwise.training.health import Remedy
from layerwise.training.health.settings import weaker
from layerwise.typing import Array


@dataclass(frozen=True)
class Setup:
    """A training from its beginning.

    Attributes
    ----------
    layers : tuple of Layer
        First to last.
    X, y : array
        The training data.
    arguments : mapping
        Those of `Network.fit`.
    scaling : Scaler or str, optional
        The network's.
    random_state : int
        Its seed.
    dtype : str
        What it computes in.
    offset, scale : array or float
        What was taken away from the targets, and what they were then divided by.
    """

    layers: tuple[Layer, ...]
    X: Any
    y: Array
    arguments: Mapping[str, Any]
    scaling: Scaler | str | None = None
    random_state: int = 0
    dtype: str = "float32"
    offset: Any = 0.0
    scale: Any = 1.0

    def network(self) -> Network:
        """Return a new network."""
        scaling = as_scaler(self.scaling)
        if scaling is not None and scaling.learns:
            scaling = type(scaling)(**scaling.config())
        layers = copy.deepcopy(self.layers)
        return Network(layers, random_state=self.random_state, dtype=self.dtype, scaling=scaling)

    def train(self) -> Network:
        """Return the network after its training; its history says whether that diverged."""
        network = self.network()
        with interrupts.trial(), contextlib.suppress(DivergenceError):
            network.fit(self.X, self.y, **{**self.arguments, "verbose": False})
        return network

    def loss(self, network: Network, X: Any = None, y: Array | None = None) -> float:
        """Return the mean loss, in the units that the targets came in; infinity for a network that diverged.

        Parameters
        ----------
        network : Network
            As `train` gives it.
        X, y : array, optional
            Other data than the training's, y in this setup's units.
        """
        if network.history is not None and network.history.stopped_by == "divergence":
            return np.inf
        X, y = (self.X, self.y) if X is None or y is None else (X, y)
        with np.errstate(all="ignore"):
            if np.ndim(self.scale) == 0 and self.scale == 1.0:
                found = network.evaluate(X, y)["loss"]
            else:
                found = _mean(network.choose_loss(), network.outputs(X), y, self)
        return float(found) if np.isfinite(found) else np.inf

    def held_out(self, network: Network) -> Array:
        """Return the loss of the `validation_data` after each epoch, in the units that the targets came in.

        Parameters
        ----------
        network : Network
            As `train` gives it.
        """
        assert network.history is not None
        losses = np.array(network.history.get("val_loss", ()), np.float64)
        if len(losses) and (np.ndim(self.scale) or self.scale != 1.0):
            with np.errstate(all="ignore"):  # of a training that has overflowed
                losses *= np.float64(self.loss(network, *self.arguments["validation_data"])) / losses[-1]
        return np.where(np.isfinite(losses), losses, np.inf)


def _mean(loss: Loss, outputs: Array, y: Array, setup: Setup) -> float:
    """Return the mean loss of standardized outputs, in the units of the data."""
    wide = (np.asarray(part, np.float64).reshape(len(y), -1) for part in (outputs, y))
    values, targets = (setup.offset + setup.scale * part for part in wide)
    losses, tmp = np.empty(len(values)), (np.empty_like(values), np.empty_like(values))
    loss.forward(values, targets, losses, tmp)
    return float(losses.mean())


def class_losses(network: Network, X: Any, y: Array) -> Array:
    """Return the mean cross-entropy of each class, or of each answer to each output, unweighed.

    Parameters
    ----------
    network : Network
        Of classes or of yes/no answers.
    X : array
        Rows.
    y : array
        The number of each row's class, or yes/no answers as 1 and 0.
    """
    p = np.clip(np.asarray(network.outputs(X), np.float64), 1e-7, 1 - 1e-7)
    p = p.reshape(len(y), -1)
    if y.ndim == 1 and p.shape[1] > 1:
        return np.array([-np.log(p[y == j, j]).mean() for j in range(p.shape[1]) if (y == j).any()])
    wide = y.reshape(len(y), -1)
    pairs = [(p[wide[:, j] == t, j], t) for j in range(p.shape[1]) for t in (0, 1)]
    return np.array([-np.log(q if t else 1 - q).mean() for q, t in pairs if len(q)])


def suited(activation: Layer | None) -> str:
    """Return the name of the initializer that an activation needs."""
    if isinstance(activation, kinds.SELU):
        return "lecun_normal"
    bounded = (kinds.Sigmoid, kinds.Tanh, kinds.Softmax, kinds.Identity, kinds.Linear, type(None))
    return "glorot_uniform" if isinstance(activation, bounded) else "he_normal"


def ending(layers: Sequence[Layer]) -> Layer:
    """Return the last layer that takes part in prediction."""
    return next(layer for layer in reversed(layers) if not layer.draws)


def hidden(layers: Sequence[Layer]) -> list[int]:
    """Return the places of the hidden activations."""
    last = ending(layers)
    return [i for i, layer in enumerate(layers) if isinstance(layer, Activation) and layer is not last]


def _learning_rate(setup: Setup, remedy: Remedy) -> Setup:
    optimizer = copy.deepcopy(as_optimizer(setup.arguments.get("optimizer") or Adam()))
    optimizer.learning_rate = float(remedy.value)
    return _with(setup, optimizer=optimizer)


def _targets(setup: Setup, remedy: Remedy) -> Setup:
    y = np.asarray(setup.y, np.float64)
    offset, scale = y.mean(axis=0), y.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)[()]
    arguments = dict(setup.arguments)
    if arguments.get("validation_data") is not None:
        X_val, y_val = arguments["validation_data"]
        arguments["validation_data"] = X_val, (np.asarray(y_val, np.float64) - offset) / scale
    return replace(setup, y=(y - offset) / scale, offset=offset, scale=scale, arguments=arguments)


def _weights(setup: Setup, remedy: Remedy) -> Setup:
    layers = list(setup.layers)
    for i, layer in enumerate(layers):
        if isinstance(layer, Dense):
            following = next((other for other in layers[i + 1 :] if isinstance(other, Activation)), None)
            layers[i] = _drawn(layer, layer.units, suited(following))
    return replace(setup, layers=tuple(layers))


def _drawn(layer: Dense, units: int, weights: str | Initializer) -> Dense:
    """Return a dense layer of other units and weights, with biases 0, and all else as it is."""
    return Dense(
        units, weights, penalty=layer.penalty, weight_rate=layer.weight_rate, bias_rate=layer.bias_rate,
        groups=layer.groups,
    )  # fmt: skip


def _activation(setup: Setup, remedy: Remedy) -> Setup:
    layers = list(setup.layers)
    for i in hidden(layers):
        layers[i] = getattr(kinds, remedy.value)()
    return _weights(replace(setup, layers=tuple(layers)), remedy)


def _ending(setup: Setup, remedy: Remedy) -> Setup:
    last = ending(setup.layers)
    return replace(setup, layers=tuple(layer for layer in setup.layers if layer is not last))


def _ending_alone(setup: Setup, remedy: Remedy) -> Setup:
    return replace(setup, layers=(*setup.layers[: -remedy.value - 1], setup.layers[-1]))


def _penalty(setup: Setup, remedy: Remedy) -> Setup:
    own = as_penalties("penalty", setup.arguments.get("penalty")) or ()
    return _with(setup, penalty=[weaker(one, remedy.value) for one in own] if remedy.value else [])


def _layer_penalty(setup: Setup, remedy: Remedy) -> Setup:
    layers = copy.deepcopy(setup.layers)
    for layer in layers:
        if isinstance(layer, Dense):
            layer.penalty = None
    return replace(setup, layers=layers)


def _dropout(setup: Setup, remedy: Remedy) -> Setup:
    layers = [Dropout(min(layer.rate, remedy.value)) if isinstance(layer, Dropout) else layer for layer in setup.layers]
    return replace(setup, layers=tuple(layers))


def _optimizer(setup: Setup, remedy: Remedy) -> Setup:
    own = as_optimizer(setup.arguments.get("optimizer") or Adam())
    return _with(setup, optimizer=type(own)(**{**own.config(), **remedy.value}))


def _pos_weight(setup: Setup, remedy: Remedy) -> Setup:
    own = as_loss(setup.arguments["loss"])
    return _with(setup, loss=type(own)(**{**own.config(), "pos_weight": remedy.value}))


def _normalize(setup: Setup, remedy: Remedy) -> Setup:
    layers: list[Layer] = []
    places = hidden(setup.layers)
    for i, layer in enumerate(setup.layers):
        if i in places and not isinstance(layers[-1], (BatchNorm, LayerNorm)):
            layers.append(getattr(kinds, remedy.value)())
        layers.append(layer)
    return replace(setup, layers=tuple(layers))


def _units(setup: Setup, remedy: Remedy) -> Setup:
    layers, last = list(setup.layers), max(i for i, layer in enumerate(setup.layers) if isinstance(layer, Dense))
    wider = [i for i in range(last) if isinstance(layers[i], Dense)]
    for i in wider:
        layer = layers[i]
        assert isinstance(layer, Dense)
        weights = "he_normal" if hasattr(layer.weights, "values") else layer.weights
        after = next(other for other in layers[i + 1 :] if isinstance(other, Dense))
        shared = math.lcm(layer.groups, after.groups)  # units are parted into groups of both
        units = -(-max(layer.units, int(remedy.value)) // shared) * shared
        layers[i] = _drawn(layer, units, weights)
    if not wider:
        layers[:0] = [Dense(int(remedy.value), "he_normal"), ReLU()]
    return replace(setup, layers=tuple(layers))


def _columns(setup: Setup, remedy: Remedy) -> Setup:
    arguments = dict(setup.arguments)
    if arguments.get("validation_data") is not None:
        X_val, y_val = arguments["validation_data"]
        arguments["validation_data"] = np.delete(X_val, remedy.value, axis=1), y_val
    return replace(setup, X=np.delete(setup.X, remedy.value, axis=1), arguments=arguments)


def _with(setup: Setup, **arguments: Any) -> Setup:
    return replace(setup, arguments={**setup.arguments, **arguments})


def _argument(setup: Setup, remedy: Remedy) -> Setup:
    return _with(setup, **{remedy.change: remedy.value})


CHANGES: dict[str, Callable[[Setup, Remedy], Setup]] = {
    "learning_rate": _learning_rate,
    "scaling": lambda setup, remedy: replace(setup, scaling=remedy.value),
    "targets": _targets,
    "weights": _weights,
    "activation": _activation,
    "ending": _ending,
    "normalize": _normalize,
    "units": _units,
    "columns": _columns,
    "class_weight": lambda setup, remedy: _with(setup, class_weight=remedy.value, sample_weight=None),
    "ending_alone": _ending_alone,
    "penalty": _penalty,
    "layer_penalty": _layer_penalty,
    "dropout": _dropout,
    "optimizer": _optimizer,
    "pos_weight": _pos_weight,
    "restart": lambda setup, remedy: setup,  # which is a training from its beginning
    **dict.fromkeys(("batch_size", "clip_norm", "patience", "epochs", "schedule"), _argument),
}


def apply(setup: Setup, remedy: Remedy) -> Setup:
    """Return the training as it is with that change.

    Examples
    --------
        >>> import layerwise as lw
        >>> from layerwise.training.health import Remedy
        >>> X, y = lw.datasets.make_spiral()
        >>> setup = Setup((lw.Dense(3), lw.Softmax()), X, y, {"epochs": 3})
        >>> apply(setup, Remedy("scaling", "standard")).network().scaling
        StandardScaler()
    """
    return CHANGES[remedy.change](setup, remedy)
