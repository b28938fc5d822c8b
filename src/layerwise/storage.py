"""The model file: a description in JSON and arrays, in one safetensors file. Opening one runs no code.

    metadata["layerwise"] = {"format_version": 1, "layers": [{"type": "Dense", "units": 30, …}, …], "loss": …}
    tensors               = layers.0.W, layers.0.b, …, scaling.offset, scaling.factor, optimizer.m, …

It deals in descriptions and arrays (`Model`); `Network` is put together from them.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.description import Description, whole_number
from layerwise.errors import FormatError, missing, nearest
from layerwise.files import write_whole
from layerwise.initializers import INITIALIZERS, Given
from layerwise.layers import LAYERS, Layer
from layerwise.losses import LOSSES, Loss, as_loss
from layerwise.optimizers import OPTIMIZERS, Optimizer, as_optimizer
from layerwise.parameters import Parameters
from layerwise.penalties import PENALTIES, Penalty, as_penalties
from layerwise.plan import compile_layers
from layerwise.scaling import SCALERS, Scaler, as_scaler
from layerwise.targets import Task
from layerwise.typing import Array

FORMAT_VERSION = 1
KEY = "layerwise"
KNOWN: dict[str, type[Description]] = {
    kind.__name__: kind for kind in (*LAYERS, *LOSSES, *PENALTIES, *OPTIMIZERS, *INITIALIZERS, *SCALERS)
}


@dataclass
class Model:
    """All that a network is: what `save` writes and `load` gives.

    Attributes
    ----------
    layers, parameters
        The layers, and their weights and biases.
    n_in : int
        How many inputs a sample has.
    scaling, loss, penalties, optimizer, task
        What it was trained with and for; the optimizer with its state.
    random_state : int, optional
        The seed that the user gave.
    seed, steps, shuffle
        The seed in use, how many steps were made, and the state of the shuffling stream.
    notes : dict
        What the user keeps with the network: anything that JSON can hold.
    """

    layers: tuple[Layer, ...]
    n_in: int
    parameters: Parameters
    scaling: Scaler | None
    loss: Loss | None
    penalties: tuple[Penalty, ...]
    optimizer: Optimizer | None
    task: Task | None
    random_state: int | None
    seed: int
    steps: int
    shuffle: dict[str, Any]
    notes: dict[str, Any]

    def arrays(self) -> dict[str, Array]:
        """Every array by its name in the file."""
        named = {
            f"layers.{i}.{name}": array for i, p in enumerate(self.parameters.p) for name, array in vars(p).items()
        }
        scaling = self.scaling
        if scaling is not None and scaling.offset is not None and scaling.factor is not None:
            named["scaling.offset"] = np.asarray(scaling.offset, np.float64)
            named["scaling.factor"] = np.asarray(scaling.factor, np.float64)
        if self.optimizer is not None:
            named |= {f"optimizer.{name}": array for name, array in self.optimizer.state.items()}
        return named


def encode(value: Any) -> Any:
    """A description, or anything in one, as JSON."""
    if isinstance(value, Given):
        return {"type": "Zeros"}  # what was given is in the tensors, trained since
    if isinstance(value, Description):
        return {"type": type(value).__name__, **{name: encode(v) for name, v in value.config().items()}}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {name: encode(item) for name, item in value.items()}
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        raise FormatError(f"{value} cannot be written to a model file: JSON has finite numbers only")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise FormatError(f"a {type(value).__name__} cannot be written to a model file: {value!r}")


def decode(value: Any, custom: Mapping[str, type[Description]]) -> Any:
    """What `encode` was given; names not of layerwise are looked up in `custom`.

    Raises
    ------
    FormatError
        A name is not known, or its arguments are not right.
    """
    if isinstance(value, list):
        return [decode(item, custom) for item in value]
    if not isinstance(value, dict):
        return value
    name = value.get("type")
    known = {**KNOWN, **custom}
    if not isinstance(name, str) or name not in known:
        hint = nearest(name, known) if isinstance(name, str) else "it must be a name"
        raise FormatError(f"the part {name!r} is not known: {hint}. Parts of your own are passed as custom=[...]")
    arguments = {key: decode(item, custom) for key, item in value.items() if key != "type"}
    try:
        return known[name](**arguments)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{name} cannot be made from {arguments}: {error}") from None


def save(path: str | os.PathLike[str], model: Model, library: str) -> None:
    """Write a model file: whole, or not at all.

    Raises
    ------
    OSError
        The path cannot be written to; what was there before is untouched.
    FormatError
        The network holds NaN, or something that no file can hold.
    """
    try:
        from safetensors.numpy import save as to_bytes
    except ImportError:
        raise missing("safetensors", "files", "saving a model") from None
    optimizer = model.optimizer
    description = {
        "format_version": FORMAT_VERSION,
        "library": library,
        "dtype": model.parameters.theta.dtype.name,
        "n_in": model.n_in,
        "layers": encode(model.layers),
        "scaling": encode(model.scaling),
        "loss": encode(model.loss),
        "penalties": encode(model.penalties),
        "optimizer": encode(optimizer),
        "iterations": 0 if optimizer is None else optimizer.iterations,
        "task": None if model.task is None else model.task.to_dict(),
        "random_state": model.random_state,
        "seed": model.seed,
        "steps": model.steps,
        "shuffle": model.shuffle,
        "notes": encode(model.notes),
    }
    tensors = {name: np.asarray(array, order="C") for name, array in model.arrays().items()}
    bad = [name for name, array in tensors.items() if not np.isfinite(array).all()]
    if bad:
        raise FormatError(f"{bad[0]} holds NaN or infinity: such a network could not be loaded, and is not saved")
    write_whole(Path(path), to_bytes(tensors, metadata={KEY: json.dumps(description, allow_nan=False)}))


def load(path: str | os.PathLike[str], custom: Sequence[type[Description]] = ()) -> Model:
    """What `save` wrote.

    Raises
    ------
    FormatError
        Not a model file, damaged, of another format version, or with unknown parts.
    FileNotFoundError
        There is no such file.
    """
    description, tensors = read(path)
    try:
        return _model(description, tensors, {kind.__name__: kind for kind in custom})
    except FormatError as error:
        raise FormatError(f"{os.fspath(path)}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise FormatError(
            f"{os.fspath(path)}: its description is not that of a network ({type(error).__name__}: {error})"
        ) from None


def _model(description: dict[str, Any], tensors: dict[str, Array], custom: dict[str, type[Description]]) -> Model:
    def part(name: str) -> Any:
        return decode(description[name], custom)

    dtype = np.dtype(description["dtype"])
    if dtype not in (np.float32, np.float64):
        raise FormatError(f"dtype must be float32 or float64; {dtype} came")
    layers = tuple(part("layers"))
    plan = compile_layers(layers, whole_number("description", "n_in", description["n_in"], least=1))
    scaling, optimizer = as_scaler(part("scaling")), part("optimizer")
    if scaling is not None and "scaling.offset" in tensors:  # a scaler that learns has none before the first fit
        scaling.offset = np.empty(tensors["scaling.offset"].shape)
        scaling.factor = np.empty(tensors["scaling.factor"].shape)
    shapes = [stage.layer.parameter_shapes(stage.n_in) for stage in plan.stages]
    model = Model(
        layers=layers,
        n_in=plan.n_in,
        parameters=Parameters(shapes, dtype),
        scaling=scaling,
        loss=None if description["loss"] is None else as_loss(part("loss")),
        penalties=as_penalties("penalties", part("penalties")) or (),
        optimizer=None if optimizer is None else as_optimizer(optimizer),
        task=None if description["task"] is None else Task.from_dict(description["task"]),
        random_state=description["random_state"],
        seed=whole_number("description", "seed", description["seed"], least=0),
        steps=whole_number("description", "steps", description["steps"], least=0),
        shuffle=description["shuffle"],
        notes=dict(description["notes"]),
    )
    if model.optimizer is not None:
        model.optimizer.iterations = whole_number("optimizer", "iterations", description["iterations"], least=0)
        names = [name.removeprefix("optimizer.") for name in tensors if name.startswith("optimizer.")]
        model.optimizer.state = {name: np.empty_like(model.parameters.theta) for name in names}
    _fill(model.arrays(), tensors)
    return model


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """The description and the tensors of a model file.

    Raises
    ------
    FormatError
        Not a model file of layerwise, damaged, or of another format version.
    FileNotFoundError
        There is no such file.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise missing("safetensors", "files", "loading a model") from None
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no model file {os.fspath(path)}")
    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            description = _description(path, metadata)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{os.fspath(path)} is not a whole safetensors file: {error}") from None
    return description, tensors


def _description(path: str | os.PathLike[str], metadata: Mapping[str, str]) -> dict[str, Any]:
    name = os.fspath(path)
    if KEY not in metadata:
        raise FormatError(f"{name} is a safetensors file, but not a model of layerwise: its header has no {KEY!r}")
    try:
        description = json.loads(metadata[KEY])
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{name}: its description is not JSON: {error}") from None
    version = description.get("format_version") if isinstance(description, dict) else None
    if version != FORMAT_VERSION:
        raise FormatError(
            f"{name} has the format version {version!r}; this layerwise reads {FORMAT_VERSION}: "
            "it was written by another version of layerwise, install that or a newer one"
        )
    return dict(description)


def _fill(arrays: Mapping[str, Array], tensors: Mapping[str, Array]) -> None:
    """Copy each tensor into the array of its name; none may be missing, left over, misshapen or not finite."""
    absent = [name for name in arrays if name not in tensors]
    extra = [name for name in tensors if name not in arrays]
    if absent or extra:
        problem = f"there is no tensor {', '.join(absent)}" if absent else f"nobody asked for {', '.join(extra)}"
        raise FormatError(f"{problem}; its layers and its tensors do not belong together")
    for name, array in arrays.items():
        tensor = tensors[name]
        if tensor.shape != array.shape or tensor.dtype != array.dtype:
            raise FormatError(
                f"tensor {name} has shape {tensor.shape} and type {tensor.dtype}; "
                f"{array.shape} and {array.dtype} were expected"
            )
        if not np.isfinite(tensor).all():
            raise FormatError(f"tensor {name} holds NaN or infinity")
        array[...] = tensor
