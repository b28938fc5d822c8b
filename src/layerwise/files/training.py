"""The state of a training in a checkpoint, and that it can be one: no number of it may lead outside of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layerwise.errors import FormatError
from layerwise.files.model import State
from layerwise.typing import Array

_OF_WEIGHTS = ("EarlyStopping", "ExponentialMovingAverage")  # callbacks whose arrays are weights


def check_training(training: Mapping[str, Any], arrays: Mapping[str, Array], model: State) -> None:
    """See that the state belongs to the network beside it.

    Parameters
    ----------
    training, arrays
        What `Training.state` gave.
    model : State
        The network, and how its fit was called.

    Raises
    ------
    FormatError
        Names the field, what was expected and what it is.
    """
    rows, size = model.last_fit.get("rows", 1), model.last_fit.get("batch_size", 1)
    steps = -(-rows // size)
    if training["done"] > steps:
        raise FormatError(f"training.done must be at most {steps}, the steps of an epoch; got {training['done']}")
    for name in ("elapsed", "frozen", "native") if training["done"] else ():
        if name not in training:
            raise FormatError(f"there is no field training.{name}, of a checkpoint within an epoch")
    if (count := training.get("orders", {}).get("count", 0)) > training["epoch"] + 1:
        raise FormatError(f"training.orders.count must be at most one more than training.epoch; got {count}")
    if not all(i < len(model.layers) for i in training.get("frozen", ())):
        raise FormatError(f"training.frozen must be layers below {len(model.layers)}; got {training['frozen']}")
    theta = model.theta
    weights = ["good", "last"]
    for i, entry in enumerate(training["callbacks"]):
        named = isinstance(entry, dict) and isinstance(entry.get("type"), str) and isinstance(entry.get("state"), dict)
        if not named:
            raise FormatError(f"training.callbacks[{i}] must be a callback's type and state; got {str(entry)[:80]}")
        if entry["type"] in _OF_WEIGHTS:
            weights += [name for name in arrays if name.startswith(f"callbacks.{i}.")]
    for name in weights:
        if name in arrays and (arrays[name].shape != theta.shape or arrays[name].dtype != theta.dtype):
            raise FormatError(
                f"training.{name} must be weights of shape {theta.shape} and type {theta.dtype}; it has shape "
                f"{arrays[name].shape} and type {arrays[name].dtype}"
            )
    if "order" in arrays:
        _check_order(arrays["order"], rows)


def _check_order(order: Array, rows: int) -> None:
    """The native executor reads the rows that it names."""
    if order.dtype != np.int64 or order.shape != (rows,):
        raise FormatError(f"training.order must be {rows} rows in int64; it has shape {order.shape}, {order.dtype}")
    if order.min() < 0 or order.max() >= rows:
        raise FormatError(f"training.order must name rows from 0 to {rows - 1}; got {order.min()} to {order.max()}")
