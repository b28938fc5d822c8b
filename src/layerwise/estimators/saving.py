"""An estimator's model file: its parameters, what `fit` found, and its network's own description and arrays."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_classifier

import layerwise
from layerwise import files as storage
from layerwise.data.augmentation import Augmentation
from layerwise.data.tabular import TableEncoder
from layerwise.errors import FormatError, warn
from layerwise.estimators import building, continuing
from layerwise.network.network import Network
from layerwise.parts.description import Description, is_function
from layerwise.parts.losses import Loss, as_loss
from layerwise.parts.scaling import as_scaler
from layerwise.parts.schedules import as_schedule
from layerwise.training.callbacks import as_callbacks
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.estimators.base import BaseMLP

PREFIX = "network."
# What is not among the attributes of a file:
_ELSEWHERE = ("network_", "history_", "encoder_", "_optimizer_config", "_optimizer_left_out", "_settled")


def write(estimator: BaseMLP, path: str | os.PathLike[str], optimizer: bool, weights: str) -> None:
    """Write a fitted estimator to a model file."""
    parameters = estimator.get_params(deep=False)
    found = {k: v for k, v in vars(estimator).items() if k not in parameters and k not in _ELSEWHERE}
    if is_function(parameters["loss"]):  # kept as it was given, as clone wants it; a file has its formula
        parameters["loss"] = as_loss(parameters["loss"])
    network, arrays = estimator.network_.written(optimizer, weights, PREFIX)
    encoder = getattr(estimator, "encoder_", None)
    description = {
        "format_version": storage.FORMAT_VERSION,
        "library": layerwise.__version__,
        "kind": "estimator",
        "estimator": type(estimator).__name__,
        "parameters": _each(parameters, f"parameter of {type(estimator).__name__}"),
        "attributes": _each(found, f"attribute of {type(estimator).__name__}"),
        "encoder": None if encoder is None else encoder.to_dict(),
        "network": network,
    }
    storage.write(path, description, arrays)


def _each(values: Mapping[str, Any], what: str) -> dict[str, Any]:
    encoded = {}
    for name, value in values.items():
        try:
            encoded[name] = storage.encode(value)
        except FormatError as error:
            raise FormatError(f"the {what} {name!r} cannot be written to a file: {error}; pickle can") from None
    return encoded


def read(description: dict[str, Any], arrays: dict[str, Array], custom: Mapping[str, type[Description]]) -> BaseMLP:
    """Return the estimator that was written, without callbacks that are told paths.

    Raises
    ------
    FormatError
        It is none that is known, or has attributes that no estimator has.
    """
    from layerwise.estimators import MLPClassifier, MLPRegressor

    known: dict[Any, type[BaseMLP]] = {kind.__name__: kind for kind in (MLPClassifier, MLPRegressor)}
    name = description["estimator"]
    if not all(array.startswith(PREFIX) for array in arrays):
        raise FormatError("it has arrays that are not its network's")
    given = {**description["parameters"]}
    given["callbacks"] = _without_paths(given.get("callbacks"), custom)
    unknown = given.keys() - known[name]().get_params(deep=False).keys()
    if unknown:
        raise FormatError(f"{name} has no parameter {min(unknown)[:40]!r}")
    estimator = known[name](**{key: _decoded(f"parameters.{key}", value, custom) for key, value in given.items()})
    _check_parameters(estimator)
    for key, value in description["attributes"].items():
        if not _may_be_set(estimator, key):
            raise FormatError(f"{name} has no attribute {str(key)[:40]!r}")
        setattr(estimator, key, _decoded(f"attributes.{key}", value, custom))
    if description["encoder"] is not None:
        estimator.encoder_ = TableEncoder.from_dict(description["encoder"])
    estimator.network_ = Network.from_state(storage.State.read(description["network"], arrays, custom, PREFIX))
    if estimator.network_.history is not None:
        estimator.history_ = estimator.network_.history
    continuing.remember_optimizer(estimator)
    _check_sizes(estimator)
    return estimator


def _decoded(name: str, value: Any, custom: Mapping[str, type[Description]]) -> Any:
    try:
        return storage.decode(value, custom)
    except FormatError as error:
        raise FormatError(f"{name}: {error}") from None


def _without_paths(value: Any, custom: Mapping[str, type[Description]]) -> Any:
    """Return the callbacks, as they are in the file, that may be made from it; a warning names the others."""
    if value is None:
        return None
    listed = value.get("items") if isinstance(value, dict) and value["type"] == "tuple" else value
    callbacks = listed if isinstance(listed, list) else [listed]
    left_out = [callback for callback in callbacks if not storage.may_be_made(callback, custom)]
    if not left_out:
        return value
    names = ", ".join(str(callback["type"]) for callback in left_out if callback is not None)
    warn(
        f"the estimator was saved with callbacks that are told where to write: {names}. No path in a file is used, so "
        "they are left out: give them anew, estimator.set_params(callbacks=[...])",
        UserWarning,
    )
    return [callback for callback in callbacks if callback not in left_out] or None


def _check_parameters(estimator: BaseMLP) -> None:
    """Refuse all that `fit` would refuse."""
    try:
        estimator._validate_params()
        settings = estimator._settings(False)
        building.hidden_layers(settings)
        as_schedule(settings.schedule)
        as_callbacks(() if settings.callbacks is None else settings.callbacks)
        as_scaler(settings.scaling)
        estimator._scorer()
    except (TypeError, ValueError) as error:
        raise FormatError(f"parameters: {error}") from None
    if not isinstance(settings.augmentation, (Augmentation, type(None))):
        raise FormatError(f"parameters.augmentation must be an Augmentation; got {settings.augmentation!r}")
    if not isinstance(settings.loss, (str, Loss)):
        raise FormatError(f"parameters.loss must be a loss; got {settings.loss!r}")


def _check_sizes(estimator: BaseMLP) -> None:
    """Check that what `fit` found is of the network's sizes, which answers are put together by."""
    plan, _ = estimator.network_.built()
    encoder: TableEncoder | None = getattr(estimator, "encoder_", None)
    if estimator.preset is not None and encoder is None:
        raise FormatError("encoder must be there for the preset 'tabular'")
    inputs = estimator.n_features_in_ if encoder is None else len(encoder.output_names)
    found: list[tuple[str, Any, Any]] = [
        ("n_outputs_", estimator.n_outputs_, plan.n_out),
        ("the inputs", inputs, plan.n_in),
    ]
    if encoder is not None:
        found.append(("n_features_in_", estimator.n_features_in_, len(encoder.columns)))
    if (names := getattr(estimator, "feature_names_in_", None)) is not None:
        found.append(("feature_names_in_", np.shape(names), (estimator.n_features_in_,)))
    for name in ("target_mean_", "target_scale_"):
        if (array := getattr(estimator, name, None)) is not None and np.ndim(array):
            found.append((name, np.shape(array), (plan.n_out,)))
    for name, value, expected in found:
        if value != expected:
            raise FormatError(f"{name} must be {expected}, as the network has it; got {value}")
    if is_classifier(estimator):
        _check_classes(estimator, plan.n_out)
    elif encoder is not None and not (hasattr(estimator, "target_mean_") and hasattr(estimator, "target_scale_")):
        raise FormatError("attributes.target_mean_ and target_scale_ must be there for the preset 'tabular'")


def _check_classes(estimator: Any, n_out: int) -> None:
    classes, several = getattr(estimator, "classes_", None), getattr(estimator, "_multilabel", None)
    if not isinstance(classes, np.ndarray) or not isinstance(several, bool):
        raise FormatError("attributes.classes_ and _multilabel must be there for a classifier")
    least, most = (n_out, n_out) if several or n_out > 2 else (1, 2)
    if classes.ndim != 1 or not least <= len(classes) <= most:
        raise FormatError(
            f"attributes.classes_ must be {most} labels for {n_out} outputs; got the shape {classes.shape}"
        )


def _may_be_set(estimator: BaseMLP, name: str) -> bool:
    """Return whether it is data that `fit` sets, not a parameter, a method or a property."""
    fitted = name.endswith("_") and not name.startswith("_") and not hasattr(type(estimator), name)
    return (fitted or name in _PRIVATE) and name not in _ELSEWHERE


_PRIVATE = ("_multilabel", "_sparse_labels", "_random_state", "_no_improvement_count", "_least_loss")
