"""One training step on some rows, made on copies of weights and optimizer, and what it shows of each layer.

    forward ─► outputs: how large, how many units are dead or saturated
    backward ─► gradients: by a layer's outputs and by its weights
    optimizer ─► how far the weights would go, beside how large they are

The NumPy executor makes the step as it makes any other; here are only the eyes that look at its arrays.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Set
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from layerwise.data.rows import Rows
from layerwise.data.targets import Targets
from layerwise.engine.numpy_engine import NumpyEngine
from layerwise.engine.plan import Plan, Stage
from layerwise.engine.workspace import Workspace
from layerwise.parts.layers import Layer, ReLU, Sigmoid, Softmax, Tanh
from layerwise.parts.layers.activation import Activation
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.parameters import Parameters, View
from layerwise.training.health.remedy import Remedy
from layerwise.typing import Array

# An output is saturated where the derivative of sigmoid, y (1 - y), or of tanh, 1 - y², is about a hundredth of 1: a
# twenty-fifth of the sigmoid's greatest, a hundredth of the tanh's. What is left of a gradient no longer moves weights.
SATURATED_SIGMOID, SATURATED_TANH = 0.01, 0.995


def some_rows(n: int, most: int) -> Array:
    """Which of n rows are looked at: all, or so many that lie at random, the same ones each time."""
    return np.arange(n) if n <= most else np.sort(np.random.default_rng(0).choice(n, most, replace=False))


@dataclass(frozen=True)
class LayerHealth:
    """What was seen of one layer.

    Attributes
    ----------
    index : int
        Its place, from 0.
    name : str
        The layer as it is written.
    units : int
        How many outputs it has.
    mixes : bool
        An output depends on several inputs, by weights.
    mean, std, largest : float
        Of its outputs; `largest` is the greatest absolute value.
    dead : float, optional
        Of a ReLU: the share of its units that are 0 for every row.
    saturated : float, optional
        Of a hidden sigmoid or tanh: the share of its outputs where hardly any gradient passes.
    spread : float, optional
        Of a softmax: how far a row's greatest score lies above its least, as the median over the rows.
    delta : float, optional
        The root mean square of the gradient by its outputs, of a sample's loss.
    weight_norm, gradient_norm : float, optional
        The lengths of its weights (biases left out) and of their gradient.
    update_ratio : float, optional
        The length of the optimizer's next step beside that of the weights.
    frozen : bool
        It does not learn.
    """

    index: int
    name: str
    units: int
    mean: float
    std: float
    largest: float
    mixes: bool = False
    dead: float | None = None
    saturated: float | None = None
    spread: float | None = None
    delta: float | None = None
    weight_norm: float | None = None
    gradient_norm: float | None = None
    update_ratio: float | None = None
    frozen: bool = False

    def __str__(self) -> str:
        return f"layer {self.index} ({self.name})"

    def to_dict(self) -> dict[str, Any]:
        """It as plain data, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Look:
    """What one look saw.

    Attributes
    ----------
    layers : tuple of LayerHealth
        First to last.
    loss : float
        The mean data loss of the rows; NaN or infinity where the network gives no number.
    constant_loss : float
        That of the best answer which is the same for all rows: the mean of their targets.
    bad_layer : str
        The first layer whose output is not finite; empty if all are.
    target_size, error_size : float
        The root mean square of the targets, and of what the outputs miss them by.
    kind : str
        Of the task.
    target_deviation : float
        The root mean square of what the best constant answer misses the targets by.
    targets, reach : (float, float)
        The least and the greatest target; what the last layer can give.
    beyond : float
        The least that can be missed, squared, as a share of the targets' variance.
    ending : str
        The last layer, as it is written.
    outputs : int
        How many there are.
    optimizer : str
        The optimizer's class.
    rate : float
        Its learning rate.
    least_loss : float
        The loss of the targets as outputs: 0 for most losses, for Poisson t - t log t.
    """

    layers: tuple[LayerHealth, ...]
    loss: float
    constant_loss: float
    bad_layer: str
    target_size: float
    error_size: float
    kind: str = "classification"
    target_deviation: float = 0.0
    targets: tuple[float, float] = (0.0, 0.0)
    reach: tuple[float, float] = (-math.inf, math.inf)
    beyond: float = 0.0
    ending: str = ""
    outputs: int = 1
    optimizer: str = "SGD"
    rate: float = 0.1
    least_loss: float = 0.0

    def rates(self, *factors: float) -> tuple[Remedy, ...]:
        """Other learning rates as remedies: this one times each factor, in one digit."""
        return tuple(Remedy("learning_rate", float(f"{self.rate * factor:.0e}"), self.optimizer) for factor in factors)

    @property
    def level(self) -> float:
        """The loss as a share of the constant answer's, above the least: 1 where nothing was learned. May be NaN."""
        whole = self.constant_loss - self.least_loss
        return (self.loss - self.least_loss) / whole if whole > 0 else math.nan


class Probe:
    """Looks at a network through some rows, as often as asked; the network stays as it is.

    Parameters
    ----------
    plan : Plan
        With loss and penalties.
    parameters : Parameters
        The network's: only read.
    rows, targets : Rows, Targets
        What it is looked at with, all of them at once.
    seed : int
        The key of the dropout draws.

    Attributes
    ----------
    newest : Look
        What the last look saw.
    """

    newest: Look

    def __init__(self, plan: Plan, parameters: Parameters, rows: Rows, targets: Targets, seed: int) -> None:
        self.plan, self.parameters, self.rows, self.targets = plan, parameters, rows, targets
        own = Parameters(parameters.shapes, parameters.theta.dtype)
        self._engine = engine = NumpyEngine(plan, own, rows, targets, len(rows), seed)
        engine.workspace = Workspace(
            plan, own, len(rows), training=True, gradients="parameters", fused=plan.fused, keep=True
        )
        self._batch = batch = engine.workspace.batch(len(rows))
        self._deltas: dict[int, float] = {}
        batch.observer = self

    def forward(self, stage: Stage, p: View, x: Array, y: Array) -> None:
        """Look at nothing: the outputs are there until the next step."""

    def before_backward(self, stage: Stage, dy: Array) -> None:
        """Note the size of the gradient that a layer is given."""
        self._deltas[stage.index] = _rms(dy) * len(dy)  # the loss is a mean: its gradient is that of a sample / n

    def backward(self, stage: Stage, g: View, dx: Array | None) -> None:
        """Look at nothing: the gradients are there until the next step."""

    def look(
        self, step: int, optimizer: Optimizer, frozen: Set[int] = frozenset(), clip_norm: float | None = None
    ) -> Look:
        """Make the step of that number on copies, and say what it showed.

        Parameters
        ----------
        step : int
            The key of the dropout draws.
        optimizer : Optimizer
            Whose next step it is; only a copy makes it.
        frozen : set of int
            Layers that do not learn.
        clip_norm : float, optional
            The length that gradients are cut to.
        """
        engine, n = self._engine, len(self._engine.rows)
        own = engine.parameters
        np.copyto(own.theta, self.parameters.theta)
        own.grad.fill(0)
        self._deltas.clear()
        engine.optimizer, engine.frozen, engine.clip_norm = copy.deepcopy(optimizer), frozen, clip_norm
        with np.errstate(all="ignore"):
            finite = engine.train_step(0, n, step)
            layers = self._layers(frozen, finite)
            loss = float(engine.epoch.losses.mean(dtype=np.float64))
            bad = "" if finite else engine.first_bad_layer(0, n, step)
            self.newest = Look(
                layers, loss, self._constant_loss(), bad,
                kind=engine.targets.task.kind,
                optimizer=type(optimizer).__name__,
                rate=float(optimizer.learning_rate),
                least_loss=self.least_loss(),
                **self._targets(),
            )  # fmt: skip
            return self.newest

    def _targets(self) -> dict[str, Any]:
        """The targets beside the outputs, and beside what the last layer can give."""
        t, y, last = self._batch.t, self._batch.y, self._engine.plan.ending.layer
        low, high = reach(last)
        deviation = _rms(t - t.mean(axis=0, dtype=np.float64))
        missed = _rms(t - np.clip(t, low, high)) if low > -math.inf or high < math.inf else 0.0
        return {
            "target_size": _rms(t),
            "error_size": _rms(y - t),
            "target_deviation": deviation,
            "targets": (float(t.min()), float(t.max())),
            "reach": (low, high),
            "beyond": (missed / deviation) ** 2 if deviation else math.inf if missed else 0.0,
            "ending": repr(last),
            "outputs": t.shape[1],
        }

    def _layers(self, frozen: Set[int], finite: bool) -> tuple[LayerHealth, ...]:
        found = []
        x, _ = self._engine.gather(self._batch, 0, self._batch.n)
        last = self._engine.plan.ending.index
        for each in self._batch.forward:
            stage, y = each.stage, each.y
            health = LayerHealth(
                stage.index, short_name(stage.layer), stage.n_out,
                float(y.mean(dtype=np.float64)), float(y.std(dtype=np.float64)), float(np.abs(y).max()),
                mixes=stage.mixes,
                delta=self._deltas.get(stage.index),
                frozen=stage.index in frozen,
                **_state(stage, x, y, hidden=stage.index != last),
            )  # fmt: skip
            found.append(self._weights(health, stage.layer) if finite else health)
            x = y
        return tuple(found)

    def _weights(self, health: LayerHealth, layer: Layer) -> LayerHealth:
        """With what is known of its weights."""
        index, own = health.index, self._engine.parameters
        left_out = (*layer.bias_names, *layer.statistics)

        def flat(view: View) -> Array:
            arrays = [array.ravel() for name, array in vars(view).items() if name not in left_out]
            return np.concatenate(arrays) if arrays else np.empty(0)

        before, gradient, after = flat(self.parameters.p[index]), flat(own.g[index]), flat(own.p[index])
        if not before.size:
            return health
        size = _length(before)
        moved = _length(after - before)
        ratio = moved / size if size else None
        return replace(health, weight_norm=size, gradient_norm=_length(gradient), update_ratio=ratio)

    def _constant_loss(self) -> float:
        """The mean loss of the targets' mean, given for every row."""
        t = self._batch.t
        return self._mean_loss(np.broadcast_to(t.mean(axis=0, dtype=np.float64).astype(t.dtype), t.shape).copy())

    def least_loss(self) -> float:
        """Return the mean loss of the targets as outputs, which no network is below; 0 where that is no number."""
        self._engine.gather(self._batch, 0, self._batch.n)
        with np.errstate(all="ignore"):
            least = self._mean_loss(self._batch.t.copy())
        return least if math.isfinite(least) and least <= self._constant_loss() else 0.0

    def _mean_loss(self, answer: Array) -> float:
        t = self._batch.t
        losses = np.empty(len(t), t.dtype)
        self._engine.loss.forward(answer, t, losses, self._batch.tmp)
        return float(losses.mean(dtype=np.float64))


def _state(stage: Stage, x: Array, y: Array, hidden: bool) -> dict[str, float]:
    """What can be said of an activation of this kind."""
    kind = type(stage.layer)
    if kind is ReLU:
        return {"dead": float((y.max(axis=0) <= 0).mean())}
    if kind is Sigmoid and hidden:
        return {"saturated": float((y * (1 - y) < SATURATED_SIGMOID).mean())}
    if kind is Tanh and hidden:
        return {"saturated": float((np.abs(y) > SATURATED_TANH).mean())}
    if kind is Softmax:
        return {"spread": float(np.median(x.max(axis=1) - x.min(axis=1)))}
    return {}


def reach(layer: Layer) -> tuple[float, float]:
    """The least and the greatest output of an activation, found by trying; infinite where it has no bound.

    Examples
    --------
    >>> reach(Tanh())
    (-1.0, 1.0)
    """
    if not isinstance(layer, Activation):
        return -math.inf, math.inf
    wide = np.concatenate([np.linspace(-30, 30, 6001), np.geomspace(30, 1e6, 100), -np.geomspace(30, 1e6, 100)])
    with np.errstate(all="ignore"):
        y = np.asarray(layer(wide[:, None].astype(np.float64)))
    if isinstance(layer, Softmax):
        return 0.0, 1.0
    low, high = float(np.nanmin(y)), float(np.nanmax(y))
    return (-math.inf if low < -1e3 else low), (math.inf if high > 1e3 else high)


def _length(values: Array) -> float:
    """√Σ v², not by a product: BLAS would wake its threads, while those of the training want the cores."""
    return math.sqrt(float(np.add.reduce(np.square(values, dtype=np.float64), axis=None)))


def _rms(values: Array) -> float:
    return _length(values) / math.sqrt(values.size)


def short_name(layer: Layer) -> str:
    """The layer without how its weights are drawn."""
    units = getattr(layer, "units", None)
    return repr(layer) if units is None else f"{type(layer).__name__}({units})"
