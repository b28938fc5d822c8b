"""A trained model from its file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.data.names import named_columns
from layerwise.data.tables.understanding import Understanding
from layerwise.data.tabular import TableEncoder
from layerwise.data.targets import Task
from layerwise.errors import DataError
from layerwise.exchange.loading import load
from layerwise.network.ensemble import Ensemble
from layerwise.network.network import Network
from layerwise.parts.layers import Dense, Identity, Linear
from layerwise.typing import Array


@dataclass(frozen=True)
class Trained:
    """A network, what it answers, and what makes its inputs of a table and numbers of its outputs.

    Attributes
    ----------
    network : Network
        Its inputs are those of the encoder, where there is one.
    task : Task
        With the classes that the user knows.
    encoder : TableEncoder, optional
        Of an estimator for tables.
    units : (scale, mean), optional
        Numbers are the network's outputs times scale plus mean; None where they are the outputs.
    rules : Understanding, optional
        How the cells of a file become the columns that the encoder takes, where the model was trained on a file.
    """

    network: Network
    task: Task
    encoder: TableEncoder | None = None
    units: tuple[Array, Array] | None = None
    rules: Understanding | None = None

    def in_units(self, y: Array) -> Array:
        """Return outputs as the numbers that they stand for."""
        return y if self.units is None else y * self.units[0] + self.units[1]

    def standardized(self, y: Array) -> Array:
        """Return numbers as the network has learned them."""
        return y if self.units is None else (y - self.units[1]) / self.units[0]


def load_trained(path: Path, in_units: bool = True) -> Trained:
    """Return the network in a model file, and what it answers.

    Parameters
    ----------
    path : Path
        The model file.
    in_units : bool
        Whether a network that has learned standardized numbers is made to give them in their own units: its last
        weights are multiplied, and the mean added.

    Raises
    ------
    DataError
        It was saved before any training, or is an ensemble.
    """
    model = load(path)
    if isinstance(model, Ensemble):
        raise DataError(
            f"{path} holds an ensemble, which the commands do not know; use it in Python: layerwise.load({str(path)!r})"
        )
    if not isinstance(model, Network):
        return _of_estimator(model, in_units)
    if model.task is not None and isinstance(model.notes.get("encoder"), dict):  # learned from a table in blocks
        encoder = TableEncoder.from_dict(model.notes["encoder"])
        return Trained(model, model.task, encoder, None, _rules(model, encoder))
    if model.task is None:
        raise DataError(f"{path}: the network was never trained, so nobody knows what its outputs stand for")
    return Trained(model, model.task)


def _of_estimator(model: Any, in_units: bool) -> Trained:
    """Return its network, which answers with the estimator's own classes."""
    network: Network = model.network_
    task = network.task
    assert task is not None
    encoder = getattr(model, "encoder_", None)
    if encoder is None:
        return Trained(network, task)
    if task.kind == "classification":
        n_out = max(network.built()[0].n_out, 2)
        task = replace(task, classes=model.classes_[np.minimum(np.arange(n_out), len(model.classes_) - 1)])
        network.task = task
    network.columns = named_columns(encoder.output_names)
    scale, mean = getattr(model, "target_scale_", np.ones(())), getattr(model, "target_mean_", np.zeros(()))
    units = None if (scale == 1).all() and (mean == 0).all() else (scale, mean)
    if in_units and units is not None and fold_units(network, *units):
        units = None
    return Trained(network, task, encoder, units, _rules(network, encoder))


def _rules(network: Network, encoder: TableEncoder) -> Understanding | None:
    """Return how a file is read for the encoder, if the model file says so."""
    if "table" not in network.notes:
        return None
    rules = Understanding.from_dict(network.notes["table"])
    names, known = [column.name for column in rules.inputs], [str(name) for name in encoder.columns]
    if names != known:
        raise DataError(f"the model's rules are for the columns {names}, its encoder takes {known}")
    return rules


def fold_units(network: Network, scale: Array, mean: Array) -> bool:
    """Multiply the last dense layer by scale and add mean; False where something bends its outputs."""
    places = [i for i, layer in enumerate(network.layers) if not isinstance(layer, (Linear, Identity))]
    if not isinstance(network.layers[places[-1]], Dense):
        return False
    p = vars(network.built()[1].p[places[-1]])
    p["W"] *= scale
    p["b"] *= scale
    p["b"] += mean
    if (learned := network.intervals) is not None:
        network.intervals = replace(learned, scores=learned.scores * np.abs(scale))
    return True
