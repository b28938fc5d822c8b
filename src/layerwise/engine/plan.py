"""The plan: the layers with their sizes and places in theta, the loss, the penalties and the optimizer.

    forward    x → stage 0 → stage 1 → … → y → loss
    backward   dx ← stage 0 ← stage 1 ← … ← dy ← loss         with softmax or sigmoid fused into its loss

Order, sizes and the chain rule exist here once. An executor walks the plan: the NumPy one in Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from layerwise.errors import GradientError, ShapeError, UnknownNameError
from layerwise.parts.description import way_of_function
from layerwise.parts.layers import LAYERS, Dense, Layer, PiecewiseLinear
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.parameters import Parameters
from layerwise.parts.penalties import Penalty


@dataclass(frozen=True)
class Stage:
    """One layer at its place: how many numbers go in and come out."""

    index: int
    layer: Layer
    n_in: int
    n_out: int

    @property
    def mixes(self) -> bool:
        """Whether an output depends on several inputs by weights; else it is made from one unit each."""
        shapes = self.layer.parameter_shapes(self.n_in).values()
        return self.n_out != self.n_in or any(len(shape) > 1 for shape in shapes)

    def __str__(self) -> str:
        return f"layer {self.index} ({self.layer!r})"


@dataclass(frozen=True)
class PenaltyTerm:
    """One penalty on one array: λ and where the array lies in theta."""

    penalty: Penalty
    strength: float
    part: slice

    def factor(self, share: float) -> float:
        """λ for a batch of which each sample is this share."""
        return self.strength * share if self.penalty.per_batch else self.strength


@dataclass(frozen=True)
class RateTerm:
    """An array that makes a share of each of the optimizer's steps, or more than all of it."""

    factor: float
    part: slice


@dataclass(frozen=True)
class Plan:
    """What an executor walks.

    Attributes
    ----------
    stages : tuple of Stage
        The layers, first to last.
    loss, optimizer : optional
        Known once the network is trained.
    penalties : tuple of PenaltyTerm
        All that is added to the data loss.
    rates : tuple of RateTerm
        What does not make the optimizer's steps as they are.
    fused : bool
        The last stage's backward is part of the loss's `backward_fused`.
    """

    stages: tuple[Stage, ...]
    loss: Loss | None = None
    penalties: tuple[PenaltyTerm, ...] = ()
    optimizer: Optimizer | None = None
    rates: tuple[RateTerm, ...] = ()
    fused: bool = False

    @property
    def n_in(self) -> int:
        """How many inputs a sample has."""
        return self.stages[0].n_in

    @property
    def n_out(self) -> int:
        """How many outputs a sample has."""
        return self.stages[-1].n_out

    @property
    def takes_sparse(self) -> bool:
        """Whether the first layer computes with sparse rows; its own class must say so, not one it derives from."""
        layer = self.stages[0].layer
        in_groups = isinstance(layer, Dense) and layer.groups > 1
        return bool(vars(type(layer)).get("takes_sparse", False)) and not in_groups

    @property
    def ending(self) -> Stage:
        """The last stage that takes part in prediction: what the outputs are."""
        return next(stage for stage in reversed(self.stages) if not stage.layer.draws)

    @property
    def groups(self) -> tuple[tuple[Stage, ...], ...]:
        """The stages as people count layers: one that mixes its inputs, with all that follow it unit by unit."""
        groups: list[list[Stage]] = []
        for stage in self.stages:
            if stage.mixes or not groups:
                groups.append([])
            groups[-1].append(stage)
        return tuple(map(tuple, groups))


_KINDS = ("values", "probabilities", "distribution")  # each is one of those before it too
_WORDS = {"values": "any number", "probabilities": "numbers from 0 to 1", "distribution": "probabilities that sum to 1"}


def check_layers(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers of a network as a tuple.

    Raises
    ------
    TypeError, ShapeError
        They are no layers, or none of them takes part in prediction.
    """
    if isinstance(layers, Layer):
        raise TypeError(f"Network takes a list of layers: Network([{layers!r}, ...])")
    if not isinstance(layers, Iterable):
        raise TypeError(f"Network takes a list of layers; got {layers!r}")
    layers = tuple(layers)
    for index, layer in enumerate(layers):
        if isinstance(layer, type):
            raise TypeError(f"layer {index} is the class {layer.__name__}; give an instance: {layer.__name__}(...)")
        if not isinstance(layer, Layer):
            names = ", ".join(kind.__name__ for kind in LAYERS)
            way = way_of_function(layer, Layer)
            raise TypeError(f"layer {index} must be a Layer ({names}, or your own); got {layer!r}{way}")
    if not any(not layer.draws for layer in layers):
        raise ShapeError("Network needs at least one layer besides dropout: Network([Dense(10), Softmax()])")
    return layers


def check_dtype(dtype: Any) -> np.dtype[Any]:
    """What a network computes in.

    Raises
    ------
    UnknownNameError
        Neither float32 nor float64.
    """
    found: np.dtype[Any] = np.dtype(dtype)
    if found not in (np.float32, np.float64):
        raise UnknownNameError(f'Network: dtype must be "float32" or "float64"; got {dtype!r}')
    return found


def compile_layers(layers: Sequence[Layer], n_in: int) -> Plan:
    """The plan of the layers for samples of `n_in` inputs.

    Raises
    ------
    ShapeError
        A layer's given weights do not fit what comes in: names both layers.
    """
    stages: list[Stage] = []
    for index, layer in enumerate(layers):
        given = getattr(getattr(layer, "weights", None), "values", None)
        if given is not None and given.ndim == 2 and (needed := inputs_of([layer], given.shape[0])) != n_in:
            source = f"{stages[-1]} gives {n_in}" if stages else f"the data have {n_in} columns"
            rows = "inputs" if needed == given.shape[0] else "inputs of a group"
            raise ShapeError(
                f"layer {index} ({layer!r}) has weights for {needed} inputs, but {source}; "
                f"weights have the shape ({rows}, units)"
            )
        stages.append(Stage(index, layer, n_in, layer.n_out(n_in)))
        n_in = stages[-1].n_out
    return Plan(tuple(stages))


def inputs_of(layers: Sequence[Layer], rows: int) -> int:
    """Return how many inputs a network has, of whose weights the first have so many rows."""
    more = 0
    for layer in layers:
        if isinstance(layer, PiecewiseLinear):
            more += len(layer.pieces()[0])
        elif layer.parameter_shapes(1):
            return rows * (layer.groups if isinstance(layer, Dense) else 1) - more
    return rows - more


def check_training(plan: Plan, loss: Loss) -> None:
    """Whether the layers can learn from the loss.

    Raises
    ------
    GradientError
        A layer through which nothing can be learned, or a loss that cannot take the outputs.
    """
    learns = False
    for stage in plan.stages:
        if learns and not stage.layer.differentiable:
            raise GradientError(
                f"{stage} has gradient 0 everywhere, so no layer before it can learn; "
                "train with Sigmoid() or another smooth activation in its place"
            )
        learns = learns or bool(stage.layer.parameter_shapes(stage.n_in))
    check_outputs(plan, loss)


def check_outputs(plan: Plan, loss: Loss) -> None:
    """Whether the loss can take what the network gives.

    Raises
    ------
    GradientError
        The loss takes probabilities, and the network gives others or none.
    ShapeError
        The loss has settings for another number of outputs.
    UnknownNameError
        Its reduction is unknown.
    """
    loss.check_reduction()
    loss.check_outputs(plan.n_out)
    last = plan.ending
    gives, takes = last.layer.gives, loss.takes
    if gives != "unknown" and _KINDS.index(gives) < _KINDS.index(takes):
        right = "Softmax()" if takes == "distribution" else "Sigmoid()"
        raise GradientError(
            f"{loss!r} takes {_WORDS[takes]}, but the network ends with {last}, which gives {_WORDS[gives]}: "
            f"end with {right}"
        )
    if plan.n_out == 1 and gives == "distribution":
        raise GradientError(
            f"the network ends with {last}, and the softmax of a single output is always 1: "
            "use Dense(2), or Sigmoid() in its place"
        )


def compile_training(
    plan: Plan,
    parameters: Parameters,
    loss: Loss,
    penalties: Sequence[Penalty],
    optimizer: Optimizer | None = None,
) -> Plan:
    """The plan with its loss and penalties, as evaluation needs it, and with the optimizer for training."""
    last = plan.stages[-1].layer
    return replace(
        plan,
        loss=loss,
        penalties=_penalty_terms(plan, parameters, penalties),
        optimizer=optimizer,
        rates=_rate_terms(plan, parameters),
        fused=loss.fuses_with is not None and type(last) is loss.fuses_with and loss.fuses(),
    )


def _penalty_terms(plan: Plan, parameters: Parameters, penalties: Sequence[Penalty]) -> tuple[PenaltyTerm, ...]:
    """Every penalty on every array: the layer's own where it has any, else the network's."""
    terms = []
    for stage, slices in zip(plan.stages, parameters.slices, strict=True):
        own = getattr(stage.layer, "penalty", None)
        for name, part in slices.items():
            if name in stage.layer.statistics:
                continue
            for penalty in penalties if own is None else own:
                strength = penalty.biases if name in stage.layer.bias_names else penalty.weights
                if strength:
                    terms.append(PenaltyTerm(penalty, strength, part))
    return tuple(terms)


def _rate_terms(plan: Plan, parameters: Parameters) -> tuple[RateTerm, ...]:
    """Every array whose share of a step is not 1; statistics have none."""
    terms = []
    for stage, slices in zip(plan.stages, parameters.slices, strict=True):
        factors = {**stage.layer.rates(stage.n_in), **dict.fromkeys(stage.layer.statistics, 0.0)}
        terms += [RateTerm(factor, slices[name]) for name, factor in factors.items() if factor != 1]
    return tuple(terms)
