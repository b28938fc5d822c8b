"""A fit that goes on from the present weights, with parameters that may have changed since.

sizes, norms, layers with weights, preset, scaling, dtype ──► an error that names the parameter
activations, dropout, the ending that the loss needs      ──► take effect, around the same weights
the optimizer's numbers in partial_fit                    ──► take effect, around the same state
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from layerwise.engine.plan import compile_layers
from layerwise.errors import warn
from layerwise.estimators import building, presets
from layerwise.files import State
from layerwise.network.network import Network
from layerwise.parts.layers import BatchNorm, Dense, Layer, LayerNorm
from layerwise.parts.optimizers import SGD, Optimizer
from layerwise.parts.parameters import Parameters
from layerwise.parts.scaling import as_scaler


def go_on(network: Network, settings: SimpleNamespace, layers: Sequence[Layer], preset: bool) -> Network:
    """Return the network with these layers and the weights that it has; itself where nothing has changed.

    Raises
    ------
    ValueError
        A parameter was changed that needs other weights; it is named.
    """
    _check_data_parameters(network, settings, preset)
    plan = network.built()[0]
    try:
        new = compile_layers(layers, plan.n_in)
    except ValueError as error:
        raise changed(settings, "layers", str(error)) from None
    shapes = [stage.layer.parameter_shapes(stage.n_in) for stage in new.stages]
    learned, before = (_learned(part, plan.n_in) for part in (layers, network.layers))
    if learned != before:
        if (members := _members(network.layers)) != _members(layers):
            raise ValueError(
                f"{settings.name}: the weights are those of {members} networks that answer together; partial_fit and "
                "warm_start go on with one: fit with ensemble=1"
            )
        raise changed(settings, _name_of_change(settings, layers, network.layers))
    if [repr(layer) for layer in layers] == [repr(layer) for layer in network.layers]:
        return network
    parameters = Parameters(shapes, network.dtype)
    np.copyto(parameters.theta, network.theta)
    places = [[i for i, layer in enumerate(part) if layer.parameter_shapes(1)] for part in (network.layers, layers)]
    frozen = frozenset(new for old, new in zip(*places, strict=True) if old in network.frozen)
    kept = network.kept() | {"layers": tuple(layers), "parameters": parameters, "frozen": frozen}
    return Network.from_state(State(**kept))


def _members(layers: Sequence[Layer]) -> int:
    return max((layer.groups for layer in layers if isinstance(layer, Dense)), default=1)


def _learned(layers: Sequence[Layer], n_in: int) -> list[tuple[str, dict[str, tuple[int, ...]]]]:
    """Return the layers that have weights, by kind and shapes."""
    stages = compile_layers(layers, n_in).stages
    shapes = [(type(s.layer).__name__, dict(s.layer.parameter_shapes(s.n_in))) for s in stages]
    return [(kind, found) for kind, found in shapes if found]


def _name_of_change(settings: SimpleNamespace, layers: Sequence[Layer], before: Sequence[Layer]) -> str:
    if settings.layers is not None and settings.preset is None:
        return "layers"
    hidden = [[layer.units for layer in part if isinstance(layer, Dense)][:-1] for part in (layers, before)]
    if hidden[0] != hidden[1]:
        return "hidden_layer_sizes"
    for kind, name in ((BatchNorm, "batch_norm"), (LayerNorm, "layer_norm")):
        if len({sum(isinstance(layer, kind) for layer in part) for part in (layers, before)}) > 1:
            return name
    return "activation"


def _check_data_parameters(network: Network, settings: SimpleNamespace, preset: bool) -> None:
    """Check the parameters that say how data come to the weights."""
    if preset != (settings.preset is not None):
        raise changed(settings, "preset")
    if settings.dtype is not None and np.dtype(settings.dtype) != network.dtype:
        raise changed(settings, "dtype", f"the network computes in {network.dtype}")
    wanted = as_scaler(settings.scaling)
    if repr(wanted) != repr(network.scaling):
        raise changed(settings, "scaling", f"the weights were learned with scaling={network.scaling!r}")


def changed(settings: SimpleNamespace, name: str, why: str = "") -> ValueError:
    """Return the error of a parameter that the present weights do not allow to change."""
    reason = f": {why}" if why else ""
    return ValueError(
        f"{settings.name}: {name} was changed since the weights were learned, and does not fit them{reason}. Set it "
        "back, or begin anew: fit with warm_start=False"
    )


def optimizer(estimator: Any, settings: SimpleNamespace, incremental: bool) -> Optimizer:
    """Return the optimizer of a fit: a new one, or in `partial_fit` the one at work, brought up to date."""
    new, present = building.optimizer(settings), estimator.network_.optimizer
    config = new.config()
    built, estimator._optimizer_config = getattr(estimator, "_optimizer_config", config), config
    left_out = vars(estimator).pop("_optimizer_left_out", False)
    if not incremental or type(present) is not type(new):
        return new
    if left_out:
        warn(
            f"this {settings.name} was loaded from a file without the state of {type(new).__name__}: partial_fit "
            "begins with a new one, and differs from going on without the file. save(path, optimizer=True) keeps it",
            UserWarning,
        )
    for name, value in config.items():
        if value != built.get(name):
            setattr(present, name, value)
    return present


def remember_optimizer(estimator: Any) -> None:
    """Note that the optimizer at work is the one that the present parameters describe: those of a file just read.

    And whether its state was left out of the file; plain gradient descent has none that the next step depends on.
    """
    settings = SimpleNamespace(**estimator.get_params(deep=False), name=type(estimator).__name__)
    presets.resolve(settings)
    estimator._optimizer_config = building.optimizer(settings).config()
    present = estimator.network_.optimizer
    stateless = isinstance(present, SGD) and not present.momentum
    estimator._optimizer_left_out = present is not None and present.iterations == 0 and not stateless
