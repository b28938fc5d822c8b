"""What a model file says of a network, as an object: a description in JSON, and arrays.

    description = {"kind": "network", "layers": [{"type": "Dense", "units": 30, …}, …], "loss": …, …}
    arrays      = layers.0.W, layers.0.b, …, scaling.offset, scaling.factor, history.loss, …, optimizer.m, …,
                  familiarity.mean, …

`Network` is put together from it; an ensemble's or an estimator's file holds several, each with a prefix to its names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from layerwise.callbacks import History
from layerwise.description import Description, whole_number
from layerwise.errors import FormatError
from layerwise.familiarity import Familiarity
from layerwise.layers import Layer
from layerwise.losses import Loss, as_loss
from layerwise.optimizers import Optimizer, as_optimizer
from layerwise.parameters import Parameters
from layerwise.penalties import Penalty, as_penalties
from layerwise.plan import compile_layers
from layerwise.scaling import Scaler, as_scaler
from layerwise.storage.parts import decode, encode
from layerwise.targets import Task
from layerwise.typing import Array
from layerwise.units import Range, as_range

Custom = Mapping[str, type[Description]]


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
        What it was trained with and for; the optimizer with its state, where that is kept.
    random_state : int, optional
        The seed that the user gave.
    seed, steps, shuffle
        The seed in use, how many steps were made, and the state of the shuffling stream.
    frozen : frozenset of int
        The layers that do not learn.
    columns : list, optional
        Name and kind of each column of the training data.
    history : History, optional
        Of the newest fit.
    last_fit : dict
        How that was called.
    notes : dict
        What the user keeps with the network.
    familiarity : Familiarity, optional
        What the training data look like.
    input_range : (float, float), optional
        Their least and greatest value, before scaling.
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
    frozen: frozenset[int] = frozenset()
    columns: list[dict[str, Any]] | None = None
    history: History | None = None
    last_fit: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    familiarity: Familiarity | None = None
    input_range: Range | None = None

    def description(self, with_optimizer: bool) -> dict[str, Any]:
        """The part of the file that is JSON.

        Raises
        ------
        FormatError
            The network holds something that no file can hold.
        """
        optimizer, history = self.optimizer, self.history
        return {
            "kind": "network",
            "dtype": self.parameters.theta.dtype.name,
            "n_in": self.n_in,
            "layers": encode(list(self.layers)),
            "scaling": encode(self.scaling),
            "loss": encode(self.loss),
            "penalties": encode(list(self.penalties)),
            "optimizer": encode(optimizer),
            "iterations": optimizer.iterations if optimizer is not None and with_optimizer else 0,
            "task": None if self.task is None else self.task.to_dict(),
            "input_range": None if self.input_range is None else list(self.input_range),
            "random_state": self.random_state,
            "seed": self.seed,
            "steps": self.steps,
            "shuffle": self.shuffle,
            "frozen": sorted(self.frozen),
            "columns": encode(self.columns),
            "history": None if history is None else {"columns": list(history), "stopped_by": history.stopped_by},
            "last_fit": encode(self.last_fit),
            "notes": encode(self.notes),
        }

    def arrays(self, with_optimizer: bool, prefix: str = "") -> dict[str, Array]:
        """Every array by its name in the file.

        Raises
        ------
        FormatError
            One of them holds NaN.
        """
        named = self._weights() | ({} if self.familiarity is None else self.familiarity.arrays())
        if self.optimizer is not None and with_optimizer:
            named |= {f"optimizer.{name}": array for name, array in self.optimizer.state.items()}
        bad = [name for name, array in named.items() if not np.isfinite(array).all()]
        if bad:
            raise FormatError(f"{bad[0]} holds NaN or infinity: such a network could not be loaded, and is not saved")
        for name, values in ({} if self.history is None else self.history).items():
            named[f"history.{name}"] = np.array(values, np.float64)
        return {prefix + name: array for name, array in named.items()}

    def _weights(self) -> dict[str, Array]:
        named = {
            f"layers.{i}.{name}": array for i, p in enumerate(self.parameters.p) for name, array in vars(p).items()
        }
        scaling = self.scaling
        if scaling is not None and scaling.offset is not None and scaling.factor is not None:
            named["scaling.offset"] = np.asarray(scaling.offset, np.float64)
            named["scaling.factor"] = np.asarray(scaling.factor, np.float64)
        return named

    @classmethod
    def read(cls, description: dict[str, Any], arrays: Mapping[str, Array], custom: Custom, prefix: str = "") -> Model:
        """What `description` and `arrays` gave.

        Raises
        ------
        FormatError
            They do not belong together, or are not those of a network. What else a description that was not written
            by this module may cause is an error of any kind.
        """
        arrays = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
        if description["kind"] != "network":
            raise FormatError(f"it is the file of a {description['kind']!r}, not of a network")

        def part(name: str) -> Any:
            return decode(description[name], custom)

        dtype = np.dtype(description["dtype"])
        if dtype not in (np.float32, np.float64):
            raise FormatError(f"dtype must be float32 or float64; {dtype} came")
        layers = tuple(part("layers"))
        plan = compile_layers(layers, whole_number("description", "n_in", description["n_in"], least=1))
        shapes = [stage.layer.parameter_shapes(stage.n_in) for stage in plan.stages]
        wanted = {f"layers.{i}.{name}": shape for i, own in enumerate(shapes) for name, shape in own.items()}
        for name, shape in wanted.items():  # before room is made for them
            _check(name, arrays, shape, dtype)
        scaling, optimizer, task = as_scaler(part("scaling")), part("optimizer"), description["task"]
        if scaling is not None and "scaling.offset" in arrays:  # one that learns has none before the first fit
            scaling.offset, scaling.factor = (
                arrays[f"scaling.{name}"].astype(np.float64) for name in ("offset", "factor")
            )
            scaling.constants(plan.n_in, dtype)
        model = cls(
            layers=layers,
            n_in=plan.n_in,
            parameters=Parameters(shapes, dtype),
            scaling=scaling,
            loss=None if description["loss"] is None else as_loss(part("loss")),
            penalties=as_penalties("penalties", part("penalties")) or (),
            optimizer=None if optimizer is None else as_optimizer(optimizer),
            task=None if task is None else Task.from_dict(task),
            random_state=description["random_state"],
            seed=whole_number("description", "seed", description["seed"], least=0),
            steps=whole_number("description", "steps", description["steps"], least=0),
            shuffle=description["shuffle"],
            frozen=frozenset(int(i) for i in description["frozen"]),
            columns=_columns(part("columns")),
            history=_history(description["history"], arrays),
            last_fit=dict(part("last_fit")),
            notes=dict(part("notes") if "type" in description["notes"] else description["notes"]),
            familiarity=Familiarity.read(arrays, plan.n_in),
            input_range=as_range(description.get("input_range")),
        )
        if (
            model.task is not None
            and model.task.kind == "classification"
            and model.task.classes is not None
            and len(model.task.classes) != max(plan.n_out, 2)
        ):
            raise FormatError(f"{len(model.task.classes)} classes do not belong to {plan.n_out} outputs")
        if not all(0 <= i < len(layers) for i in model.frozen):
            raise FormatError(f"there are no layers {sorted(model.frozen)} to be frozen")
        states = {name.removeprefix("optimizer."): name for name in arrays if name.startswith("optimizer.")}
        if model.optimizer is not None:
            least = whole_number("optimizer", "iterations", description["iterations"], least=0)
            model.optimizer.iterations = least
            size = model.parameters.theta.shape
            model.optimizer.state = {name: _check(full, arrays, size, dtype).copy() for name, full in states.items()}
        elsewhere = ("optimizer.", "history.", "familiarity.")
        model._fill({name: array for name, array in arrays.items() if not name.startswith(elsewhere)})
        return model

    def _fill(self, arrays: Mapping[str, Array]) -> None:
        """Copy each array into its place; none may be left over."""
        own = self._weights()
        extra = [name for name in arrays if name not in own and not name.startswith("training.")]
        if extra:
            raise FormatError(f"nobody asked for {', '.join(extra)}; its layers and its arrays do not belong together")
        for name, array in own.items():
            array[...] = _check(name, arrays, array.shape, array.dtype)


def _check(name: str, arrays: Mapping[str, Array], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """The array of that name, which must have this shape and type, and be finite."""
    if name not in arrays:
        raise FormatError(f"there is no array {name}; its layers and its arrays do not belong together")
    array = arrays[name]
    if array.shape != shape or array.dtype != dtype:
        raise FormatError(
            f"{name} has shape {array.shape} and type {array.dtype}; {shape} and {np.dtype(dtype)} were expected"
        )
    if not np.isfinite(array).all():
        raise FormatError(f"{name} holds NaN or infinity")
    return array


def _columns(value: Any) -> list[dict[str, Any]] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(column, dict) and "name" in column for column in value):
        raise FormatError(f"columns must be a list of names and kinds; {str(value)[:80]} came")
    return value


def _history(description: dict[str, Any] | None, arrays: Mapping[str, Array]) -> History | None:
    if description is None:
        return None
    history = History()
    history.stopped_by = str(description["stopped_by"])
    lengths = set()
    for name in description["columns"]:
        column = arrays[f"history.{name}"]
        if column.ndim != 1 or column.dtype != np.float64:
            raise FormatError(f"history.{name} is no column of numbers: {column.shape}, {column.dtype}")
        history.columns[str(name)] = column.tolist()
        lengths.add(len(column))
    if len(lengths) > 1:
        raise FormatError("the columns of its history are not of one length")
    return history
