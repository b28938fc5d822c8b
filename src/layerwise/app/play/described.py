"""Networks, trainings and data as the page describes them (page/src/engine/engine.ts), and back.

What the page sends is believed in nothing: its form is checked here, and its values by the classes that take them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from layerwise import files as storage
from layerwise.errors import DataError, FormatError
from layerwise.exchange.loading import load
from layerwise.network.network import Network
from layerwise.typing import Array

MOST_VALUES = 2**28  # of the inputs of a training
SETTINGS = ("epochs", "batch_size", "shuffle", "clip_norm")


@dataclass(frozen=True)
class Samples:
    """Rows, with their targets if they have any, as `fit` takes them."""

    X: Array
    y: Array | None = None
    classes: Array | None = None
    task: str | None = None


@dataclass(frozen=True)
class Settings:
    """A network's description and the arguments of its `fit`."""

    layers: tuple[Any, ...]
    random_state: int
    scaling: Any
    arguments: dict[str, Any]

    def network(self, random_state: int | None = None) -> Network:
        """Return the network, untrained."""
        seed = self.random_state if random_state is None else random_state
        layers = [part_of(storage.encode(layer)) for layer in self.layers]
        return Network(layers, random_state=seed, scaling=part_of(storage.encode(self.scaling)))


def field(message: Any, name: str, kinds: type | tuple[type, ...], what: str) -> Any:
    """Return a field of a message.

    Raises
    ------
    DataError
        It is missing, or something else.
    """
    value = message.get(name) if isinstance(message, Mapping) else None
    wanted = kinds if isinstance(kinds, tuple) else (kinds,)
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise DataError(f"{what}: {name} must be {' or '.join(_KINDS.get(kind, kind.__name__) for kind in wanted)}")
    return value


_KINDS = {
    dict: "an object", list: "a list", int: "a whole number", float: "a number", str: "text", bool: "true or false",
    type(None): "null", np.ndarray: "an array",
}  # fmt: skip


def part_of(value: Any) -> Any:
    """Return a layer, loss, … of its description; None of null."""
    return None if value is None else storage.decode(value, {})


def settings_of(message: Any) -> Settings:
    """Return the `Training` of a message."""
    layers = tuple(part_of(layer) for layer in field(message, "layers", list, "training"))
    arguments = {name: part_of(message.get(name)) for name in ("loss", "optimizer", "schedule")}
    arguments["penalty"] = [part_of(part) for part in message.get("penalties") or ()]
    arguments |= {name: message[name] for name in SETTINGS if message.get(name) is not None}
    return Settings(layers, field(message, "random_state", int, "training"), part_of(message.get("scaling")), arguments)


def rows_of(message: Any, what: str = "data") -> Array:
    """Return the `Rows` of a message, (n, n_in)."""
    n, n_in = field(message, "n", int, what), field(message, "n_in", int, what)
    X: Array = field(message, "X", np.ndarray, what)
    if n < 1 or n_in < 1 or X.size != n * n_in or X.size > MOST_VALUES:
        raise DataError(f"{what}: X must have n·n_in values, at most {MOST_VALUES:,}; got {X.size:,} for {n} rows")
    return X.reshape(n, n_in)


def samples_of(message: Any, what: str = "data") -> Samples:
    """Return the `Data` of a message."""
    X, task = rows_of(message, what), field(message, "task", str, what)
    if task == "regression":
        targets = field(message, "targets", np.ndarray, what)
        n_out = message.get("n_out") or 1
        if type(n_out) is not int or targets.size != len(X) * n_out:
            raise DataError(f"{what}: targets must have {len(X)} rows of n_out numbers; got {targets.size}")
        return Samples(X, targets.reshape(-1, n_out) if n_out > 1 else targets, task=task)
    if task != "classification":
        raise DataError(f"{what}: task must be classification or regression; got {task!r:.40}")
    labels = field(message, "labels", np.ndarray, what)
    if labels.dtype.kind not in "iu" or labels.shape != (len(X),):
        raise DataError(f"{what}: labels must be {len(X)} whole numbers, one a row; got {labels.size}")
    classes = _classes(message.get("classes"), what)
    if classes is None:
        return Samples(X, labels, task=task)
    if labels.min() < 0 or labels.max() >= len(classes):
        raise DataError(f"{what}: labels must be the places of {len(classes)} classes, from 0; got {labels.max()}")
    return Samples(X, classes[labels], classes, task)


def _classes(names: Any, what: str) -> Array | None:
    if names is None:
        return None
    if not isinstance(names, list) or not (
        all(isinstance(name, str) for name in names) or all(type(name) in (int, float) for name in names)
    ):
        raise DataError(f"{what}: classes must be names or numbers, all of one kind")
    return np.array(names)


# ---------------------------------------------------------------- to the page


def training_of(network: Network) -> dict[str, Any]:
    """Return a network and its newest fit as the page's `Training`."""
    last = network.last_fit
    return {
        "layers": [storage.encode(layer) for layer in network.layers],
        "random_state": network.seed,
        "scaling": storage.encode(network.scaling),
        "loss": storage.encode(network.choose_loss()),
        "optimizer": storage.encode(network.optimizer) or {"type": "Adam"},
        "penalties": [storage.encode(penalty) for penalty in network.penalties],
        "schedule": storage.encode(last.get("schedule")),
        "epochs": last.get("epochs", 10),
        "batch_size": last.get("batch_size", 32),
        "shuffle": last.get("shuffle", True),
        "clip_norm": last.get("clip_norm"),
    }


def plan_of(network: Network, fused: bool) -> dict[str, Any]:
    """Return the layers with their places in theta, as the page's `Plan`."""
    plan, parameters = network.built()
    stages = [
        {
            "index": stage.index,
            "layer": storage.encode(stage.layer),
            "n_in": stage.n_in,
            "n_out": stage.n_out,
            "arrays": [
                {"name": name, "begin": places[name].start, "shape": list(shape)} for name, shape in shapes.items()
            ],
        }
        for stage, shapes, places in zip(plan.stages, parameters.shapes, parameters.slices, strict=True)
    ]
    sizes = {"n_in": plan.n_in, "n_out": plan.n_out, "n_theta": parameters.theta.size}
    return {"stages": stages, **sizes, "fused": fused}


def message_of(data: Samples) -> dict[str, Any]:
    """Return rows and targets as the page's `Data`."""
    assert data.y is not None
    X = data.X if data.X.dtype == np.uint8 else np.asarray(data.X, np.float64)
    about = {"X": X.ravel(), "n": len(X), "n_in": X.shape[1], "task": data.task}
    if data.classes is None:
        y = np.asarray(data.y, np.float64).reshape(len(X), -1)
        return {**about, "targets": y.ravel(), "n_out": y.shape[1]}
    order = np.argsort(data.classes)
    labels = order[np.searchsorted(data.classes, data.y, sorter=order)].astype(np.int32)
    return {**about, "labels": labels, "classes": data.classes.tolist()}


def model_of(network: Network) -> dict[str, Any]:
    """Return a trained network as the page's `Model`."""
    classes = None if network.task is None or network.task.classes is None else network.task.classes.tolist()
    description, _ = network.written(False, "float32")
    return {
        "training": training_of(network),
        "n_in": network.built()[0].n_in,
        "classes": classes,
        "theta": network.theta.astype(np.float32),
        "description": description,
    }


def model_in(file: Any) -> Network:
    """Return the network in the bytes of a model file.

    Raises
    ------
    FormatError
        It is no model file, or one of something else.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "the model"
        path.write_bytes(bytes(file))
        try:
            model = load(path)
        except FormatError as error:
            raise FormatError(str(error).replace(str(path), path.name)) from None
    if not isinstance(model, Network):
        raise FormatError(f"the model: the page opens networks; this file holds a {type(model).__name__}")
    return model


def saved(network: Network) -> Array:
    """Return the bytes of the network's model file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.safetensors"
        network.save(path)
        return np.frombuffer(path.read_bytes(), np.uint8)
