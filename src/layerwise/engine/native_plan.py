"""The plan as `layerwise._native` takes it; custom formulas as code."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from layerwise.engine.plan import Plan
from layerwise.formula import replace
from layerwise.formula.lowering import Code, code
from layerwise.parts.layers import LAYERS, Activation, Layer, PiecewiseLinear
from layerwise.parts.losses import LOSSES, Loss
from layerwise.parts.parameters import Parameters
from layerwise.parts.penalties import PENALTIES, Penalty

_native: Any = None
WHY_NOT = ""
try:
    _native = import_module("layerwise._native")
except ImportError as error:
    WHY_NOT = str(error)


def custom_code(layer: Layer) -> tuple[Code, Code, bool, bool] | None:
    """Return a custom activation as the native executor runs it: f, its derivative and what that reads."""
    if type(layer) in LAYERS or not isinstance(layer, Activation) or not layer.has_formula:
        return None
    formulas, numbers = layer.formulas(), layer.numbers()
    f = code(replace(formulas.f, numbers), ["x"])
    slope = code(replace(formulas.slope, numbers), formulas.reads or ["x"])
    if f is None or slope is None:
        return None
    return f, slope, "x" in formulas.reads, "y" in formulas.reads


def custom_loss(loss: object, fused: bool = False) -> tuple[Code, Code] | None:
    """Return a custom loss as the native executor runs it: f, and its gradient, the joint one where it is fused."""
    if type(loss) in LOSSES or not isinstance(loss, Loss) or not loss.has_formula:
        return None
    f, slope = loss.formulas()
    gradient = loss.joint() if fused else slope
    codes = [None if tree is None else code(tree, ["y", "t"]) for tree in (f, gradient)]
    return None if codes[0] is None or codes[1] is None else (codes[0], codes[1])


def _settings(loss: Loss, dtype: np.dtype[np.floating]) -> dict[str, Any]:
    """Return the reduction and the numbers of a loss: each a number, or a tuple of one for each output."""
    numbers = {} if type(loss) not in LOSSES else loss.numbers_in(dtype)
    each = {name: n if isinstance(n, float) else tuple(n.tolist()) for name, n in numbers.items()}
    return {"reduction": loss.reduction, **each}


def custom_penalty(penalty: Penalty) -> tuple[Code, Code] | None:
    """Return a custom penalty as the native executor runs it: f and its derivative."""
    if type(penalty) in PENALTIES or not penalty.has_formula:
        return None
    f, slope = (code(tree, ["w"]) for tree in penalty.trees())
    return None if f is None or slope is None else (f, slope)


def arguments(plan: Plan, parameters: Parameters) -> dict[str, Any]:
    """Return the arguments of `_native.Native`, by name."""
    layers, theta = [], parameters.theta
    for stage, slices in zip(plan.stages, parameters.slices, strict=True):
        parts = [
            _native.Part(begin=part.start, rate=_rate(plan, part), terms=_terms(plan, part)) for part in slices.values()
        ]
        layer = _native.Layer(
            name=type(stage.layer).__name__,
            settings=numbers_of(stage.layer),
            n_in=stage.n_in,
            n_out=stage.n_out,
            parts=parts,
            formula=custom_code(stage.layer),
            intervals=_intervals(stage.layer),
        )
        layers.append(layer)
    loss = None
    if plan.loss is not None:
        loss = _native.Loss(
            name=type(plan.loss).__name__,
            settings=_settings(plan.loss, theta.dtype),
            fused=plan.fused,
            formulas=custom_loss(plan.loss, plan.fused),
        )
    penalties = [
        _native.Penalty(name=type(penalty).__name__, settings=penalty.numbers(), formulas=custom_penalty(penalty))
        for penalty in _penalties(plan)
    ]
    sizes = {"n_theta": theta.size, "dtype": theta.dtype.name}
    return {"layers": layers, "loss": loss, "penalties": penalties, **sizes}


def _intervals(layer: Layer) -> tuple[list[int], list[float], list[float]] | None:
    if type(layer) is not PiecewiseLinear:
        return None
    column, low, factor = layer.pieces()
    return column.tolist(), low.tolist(), factor.tolist()


def numbers_of(layer: Any) -> dict[str, Any]:
    """Return the arguments of a layer that are numbers."""
    return {name: value for name, value in layer.config().items() if isinstance(value, (int, float))}


def _penalties(plan: Plan) -> list[Penalty]:
    """Return the penalties, each once."""
    return list({id(term.penalty): term.penalty for term in plan.penalties}.values())


def _terms(plan: Plan, part: slice) -> list[tuple[int, float, bool]]:
    """Return the penalties of an array: which, their strengths, and whether these are divided by the batch."""
    places = {id(penalty): i for i, penalty in enumerate(_penalties(plan))}
    return [
        (places[id(term.penalty)], term.strength, term.penalty.per_batch)
        for term in plan.penalties
        if term.part == part
    ]


def _rate(plan: Plan, part: slice) -> float:
    return next((term.factor for term in plan.rates if term.part == part), 1.0)
