"""Layers and arrays that came from elsewhere, put together as a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from layerwise.data.targets import Task
from layerwise.engine.plan import compile_layers
from layerwise.errors import FormatError, ShapeError
from layerwise.network.network import Network
from layerwise.parts.layers import Layer, Sigmoid, Softmax
from layerwise.parts.scaling import RangeScaler, Scaler, StandardScaler
from layerwise.typing import Array, ArrayLike


def assemble(
    source: str,
    layers: Sequence[Layer],
    arrays: Sequence[Mapping[str, Array]],
    n_in: int,
    *,
    dtype: np.dtype[Any],
    scaling: Scaler | None = None,
    random_state: int | None = None,
) -> Network:
    """Return a network of these layers with these parameters; one that is not given keeps its first value.

    Raises
    ------
    FormatError
        An array has another shape than its layer needs, or it or the scaling holds NaN or infinity.
    """
    try:
        stages = compile_layers(layers, n_in).stages
    except ShapeError as error:
        raise FormatError(f"{source}: {error}") from None
    for stage, given in zip(stages, arrays, strict=True):  # before anything is made in the size that they have
        shapes = stage.layer.parameter_shapes(stage.n_in)
        for name, array in given.items():
            if array.shape != shapes[name]:
                raise FormatError(f"{source}: {stage} needs {name} of shape {shapes[name]}; got {array.shape}")
    if scaling is not None and not all(np.isfinite(np.asarray(a)).all() for a in (scaling.offset, scaling.factor)):
        raise FormatError(f"{source}: its scaling holds NaN or infinity")
    network = Network(layers, random_state=random_state, dtype=dtype, scaling=scaling)
    _, parameters = network.build(n_in).built()
    for stage, p, given in zip(stages, parameters.p, arrays, strict=True):
        for name, array in given.items():
            own = vars(p)[name]
            with np.errstate(over="ignore"):
                own[...] = array
            if not np.isfinite(own).all():
                raise FormatError(f"{source}: {name} of {stage} holds NaN, infinity or numbers too large")
    return network


def task_of(network: Network, classes: ArrayLike | None) -> Task:
    """Return what a network answers that says nothing of it: by its last layer, unless classes are given.

    Raises
    ------
    ShapeError
        There are not as many classes as outputs.
    """
    last = network.built()[0].ending
    outputs = max(last.n_out, 2)
    if classes is not None:
        given = np.array(classes)
        if given.shape != (outputs,) or len(set(given.tolist())) != outputs:
            raise ShapeError(f"classes must be {outputs} different labels, in the order of the outputs; got {classes}")
        return Task("classification", given, True)
    if isinstance(last.layer, Softmax) or (isinstance(last.layer, Sigmoid) and last.n_out == 1):
        return Task("classification", np.arange(outputs), True)
    return Task("multilabel" if isinstance(last.layer, Sigmoid) else "regression")


def scaler_of(offset: Array, factor: Array) -> Scaler:
    """Return a scaler x ↦ (x - offset) · factor; one of a known range for a single factor and no offset."""
    single = not offset.any() and factor.size == 1 and float(factor.reshape(-1)[0]) > 0
    scaler: Scaler = RangeScaler(0, round(1 / float(factor.reshape(-1)[0]), 6)) if single else StandardScaler()
    scaler.offset, scaler.factor = np.asarray(offset, np.float64), np.asarray(factor, np.float64)
    return scaler
