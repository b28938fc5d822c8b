"""Several networks of one form as one network, whose scores are the mean of theirs.

    member 1   x ─► dense ─► act ─► dense ─► act ─┐
    member 2   x ─► dense ─► act ─► dense ─► act ─┴─► dense (weights / 2, bias mean) ─► softmax

The first dense layers lie side by side in one; those after it are groups of one (`Dense(groups=)`); the last ones are
one, with the weights over the number of members. So an ensemble is saved, exported, traced and asked as one network is.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np

from layerwise.errors import ShapeError
from layerwise.network.network import Network
from layerwise.parts.initializers import Given, Initializer
from layerwise.parts.layers import Activation, BatchNorm, Dense, Layer, PiecewiseLinear, Scale
from layerwise.typing import Array

Arrays = dict[str, Array]


def merged(networks: Sequence[Network]) -> Network:
    """Return one network whose last scores are the mean of those of networks of the same layers.

    Parameters
    ----------
    networks : sequence of Network
        Built; with two dense layers or more. A `PiecewiseLinear` may come first in some of them, and `Scale` before
        the first dense layer. Between dense layers there may be activations that act on each unit alone, `BatchNorm`,
        `Scale` and `Dropout`.

    Raises
    ------
    ShapeError
        They have other layers, or not the same ones; or they scale their inputs.
    """
    stacks = [_Stack(network) for network in networks]
    first = stacks[0]
    _check_alike(networks, stacks)
    dense = [i for i, layer in enumerate(first.layers) if type(layer) is Dense]
    if len(dense) < 2:
        raise ShapeError("merged: the networks need a hidden layer")
    knots = next((stack.knots for stack in stacks if stack.knots is not None), None)
    layers: list[Layer] = [] if knots is None else [copy.deepcopy(knots)]
    values: list[Arrays] = [{} for _ in layers]
    n_in = networks[0].built()[0].n_in
    inputs = n_in if knots is None else knots.n_out(n_in)
    for i, layer in enumerate(first.layers):
        if i < dense[0]:
            continue  # a scale, which the first weights take up
        parts = [stack.values[i] for stack in stacks]
        if i == dense[0]:
            parts = [{**part, "W": stack.first_weights(inputs)} for stack, part in zip(stacks, parts)]
        last = i == dense[-1]
        made, arrays = _last(layer, parts) if last else _side_by_side(layer, parts, i == dense[0], i > dense[-1])
        layers.append(made)
        values.append(arrays)
    whole = Network(layers, random_state=networks[0].random_state, dtype=networks[0].dtype)
    whole.build(n_in)
    for view, arrays in zip(whole.built()[1].p, values, strict=True):
        for name, array in arrays.items():
            vars(view)[name][...] = array
    one = networks[0]
    whole.task, whole.loss, whole.columns = one.task, one.loss, one.columns
    ranges = [network.input_range for network in networks if network.input_range is not None]
    whole.input_range = (min(low for low, _ in ranges), max(high for _, high in ranges)) if ranges else None
    whole.engine = one.engine
    return whole


def _check_alike(networks: Sequence[Network], stacks: Sequence[_Stack]) -> None:
    if any(network.scaling is not None for network in networks):
        raise ShapeError("merged: the networks must take the same inputs: scale the data before, not in each network")
    if len({(network.built()[0].n_in, network.dtype) for network in networks}) > 1:
        raise ShapeError("merged: the networks must have the same inputs and dtype")
    if len({str([_form(layer) for layer in stack.layers]) for stack in stacks}) > 1:
        raise ShapeError("merged: the networks must have the same layers")
    if len({str(stack.knots.knots) for stack in stacks if stack.knots is not None}) > 1:
        raise ShapeError("merged: the networks must have the same knots, or none")


def _form(layer: Layer) -> str:
    """Return what decides how a layer computes, besides its arrays."""
    return f"Dense({layer.units}, groups={layer.groups})" if type(layer) is Dense else repr(layer)


class _Stack:
    """A member's layers and arrays, without what comes before the first weights: knots and scales."""

    def __init__(self, network: Network) -> None:
        plan, parameters = network.built()
        self.layers: list[Layer] = []
        self.values: list[Arrays] = []
        self.knots: PiecewiseLinear | None = None
        for stage, view in zip(plan.stages, parameters.p, strict=True):
            if isinstance(stage.layer, PiecewiseLinear) and not self.layers:
                self.knots = stage.layer
                continue
            self.layers.append(stage.layer)
            self.values.append({name: vars(view)[name].copy() for name in stage.layer.parameter_shapes(stage.n_in)})

    def first_weights(self, inputs: int) -> Array:
        """Return the first dense layer's weights for so many inputs, times the scales before it."""
        at, first = next((i, layer) for i, layer in enumerate(self.layers) if type(layer) is Dense)
        W = first.joined(self.values[at]["W"])
        for layer, arrays in zip(self.layers[:at], self.values):
            if not isinstance(layer, Scale):
                raise ShapeError(f"merged: {layer!r} cannot come before the first dense layer")
            W = W * arrays["s"][:, np.newaxis]
        return np.concatenate([W, np.zeros((inputs - len(W), W.shape[1]), W.dtype)])


def _side_by_side(layer: Layer, parts: list[Arrays], is_first: bool, is_ending: bool) -> tuple[Layer, Arrays]:
    if is_ending and not parts[0]:
        return copy.deepcopy(layer), {}
    if is_ending:
        raise ShapeError(f"merged: {layer!r} cannot come after the last dense layer, whose scores are averaged")
    k = len(parts)
    if type(layer) is Dense:
        made = _dense(layer, k * layer.units, 1 if is_first else k * layer.groups)
        return made, {name: np.concatenate([part[name] for part in parts], axis=-1) for name in ("W", "b")}
    if (isinstance(layer, Activation) and layer.has_formula) or layer.draws:
        return copy.deepcopy(layer), {}
    if isinstance(layer, (BatchNorm, Scale)):
        return copy.deepcopy(layer), {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    raise ShapeError(f"merged: {layer!r} looks at several units at once, and cannot be shared by several networks")


def _last(layer: Layer, parts: list[Arrays]) -> tuple[Layer, Arrays]:
    assert isinstance(layer, Dense)
    W = np.concatenate([layer.joined(part["W"]) for part in parts]) / len(parts)
    return _dense(layer, layer.units, 1), {"W": W, "b": np.mean([part["b"] for part in parts], axis=0)}


def _dense(layer: Dense, units: int, groups: int) -> Dense:
    """Return a layer of other units and groups, without the values that one network was given."""
    return Dense(
        units, _as_drawn(layer.weights), _as_drawn(layer.biases), layer.penalty, layer.weight_rate, layer.bias_rate,
        groups,
    )  # fmt: skip


def _as_drawn(value: Initializer) -> str | Initializer:
    """Return how weights are drawn; not the values that one network was given."""
    return "zeros" if isinstance(value, Given) else value
