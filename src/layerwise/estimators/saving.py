"""An estimator's model file: its parameters, what `fit` found, and its network's own description and arrays."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import layerwise
from layerwise import storage
from layerwise.description import Description
from layerwise.errors import FormatError
from layerwise.estimators import continuing
from layerwise.network import Network
from layerwise.tabular import TableEncoder
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.estimators.base import BaseMLP

PREFIX = "network."
_ELSEWHERE = ("network_", "history_", "encoder_", "_optimizer_config")  # are not among the attributes


def write(estimator: BaseMLP, path: str | os.PathLike[str], optimizer: bool) -> None:
    """Write a fitted estimator to a model file."""
    parameters = estimator.get_params(deep=False)
    found = {k: v for k, v in vars(estimator).items() if k not in parameters and k not in _ELSEWHERE}
    model = estimator.network_.to_model()
    encoder = getattr(estimator, "encoder_", None)
    description = {
        "format_version": storage.FORMAT_VERSION,
        "library": layerwise.__version__,
        "kind": "estimator",
        "estimator": type(estimator).__name__,
        "parameters": _each(parameters, f"parameter of {type(estimator).__name__}"),
        "attributes": _each(found, f"attribute of {type(estimator).__name__}"),
        "encoder": None if encoder is None else encoder.to_dict(),
        "network": model.description(optimizer),
    }
    storage.write(path, description, model.arrays(optimizer, PREFIX))


def _each(values: Mapping[str, Any], what: str) -> dict[str, Any]:
    encoded = {}
    for name, value in values.items():
        try:
            encoded[name] = storage.encode(value)
        except FormatError as error:
            raise FormatError(f"the {what} {name!r} cannot be written to a file: {error}; pickle can") from None
    return encoded


def read(description: dict[str, Any], arrays: Mapping[str, Array], custom: Mapping[str, type[Description]]) -> BaseMLP:
    """The estimator that was written.

    Raises
    ------
    FormatError
        It is none that is known, or has attributes that no estimator has.
    """
    from layerwise.estimators import MLPClassifier, MLPRegressor

    known: dict[Any, type[BaseMLP]] = {kind.__name__: kind for kind in (MLPClassifier, MLPRegressor)}
    name = description["estimator"]
    if name not in known:
        raise FormatError(f"the estimator {str(name)[:40]!r} is not known; there are {', '.join(known)}")
    if not all(array.startswith(PREFIX) for array in arrays):
        raise FormatError("it has arrays that are not its network's")
    parameters = {key: storage.decode(value, custom) for key, value in description["parameters"].items()}
    estimator = known[name](**parameters)
    estimator._validate_params()
    for key, value in description["attributes"].items():
        if not _may_be_set(estimator, key):
            raise FormatError(f"{name} has no attribute {str(key)[:40]!r}")
        setattr(estimator, key, storage.decode(value, custom))
    if description["encoder"] is not None:
        estimator.encoder_ = TableEncoder.from_dict(description["encoder"])
    estimator.network_ = Network.from_model(storage.Model.read(description["network"], arrays, custom, PREFIX))
    if estimator.network_.history is not None:
        estimator.history_ = estimator.network_.history
    continuing.remember_optimizer(estimator)
    return estimator


def _may_be_set(estimator: BaseMLP, name: str) -> bool:
    """Whether it is data that `fit` sets, not a parameter, a method or a property."""
    fitted = name.endswith("_") and not name.startswith("_")
    return (fitted or name in _PRIVATE) and not hasattr(type(estimator), name) and name not in _ELSEWHERE


_PRIVATE = ("_multilabel", "_sparse_labels", "_random_state", "_no_improvement_count", "_least_loss")
