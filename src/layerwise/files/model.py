"""What a model file says of a network, as an object: a description in JSON, and arrays.

    description = {"kind": "network", "layers": [{"type": "Dense", "units": 30, …}, …], "loss": …, …}
    arrays      = layers.0.W, layers.0.b, …, scaling.offset, scaling.factor, history.loss, …, optimizer.m, …,
                  novelty.mean, …

A `Network` is such a `State`; an ensemble's or an estimator's file holds several, each with a prefix to its names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from layerwise.data.augmentation import Augmentation
from layerwise.data.intervals import Intervals
from layerwise.data.novelty import Novelty
from layerwise.data.targets import Task
from layerwise.data.units import Range, as_range
from layerwise.engine.plan import compile_layers
from layerwise.errors import FormatError, NotBuiltError, UnknownNameError
from layerwise.files.arrays import check, check_not_negative, factors_shape, shorten, widen
from layerwise.files.parts import decode, encode
from layerwise.parts.description import Description
from layerwise.parts.layers import BatchNorm, Dense, Layer
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import OPTIMIZERS, Optimizer
from layerwise.parts.parameters import Parameters, assign
from layerwise.parts.penalties import Penalty
from layerwise.parts.quantization import WEIGHTS
from layerwise.parts.scaling import Scaler
from layerwise.parts.schedules import Schedule
from layerwise.training.callbacks.history import History
from layerwise.typing import Array, ArrayLike

Custom = Mapping[str, type[Description]]
ROUNDED = "weights rounded to 8 bits after it"


@dataclass(repr=False, eq=False)
class State:
    """All that a network is: what `save` writes and `load` gives. A `Network` is one, with methods.

    Attributes
    ----------
    layers : tuple of Layer
        First to last.
    dtype : dtype
        What it computes in.
    seed : int
        The key of everything that is drawn.
    random_state : int, optional
        The seed, where the user gave it.
    parameters : Parameters, optional
        Weights and biases, once the number of inputs is known.
    n_in : int, optional
        How many inputs a sample has.
    scaling, loss, optimizer, penalties, task
        What it was trained with and for; the optimizer with its state, where that is kept.
    steps : int
        How many steps were made.
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
    intervals : Intervals, optional
        How far off its numbers are.
    novelty : Novelty, optional
        What the training data look like.
    input_range : (float, float), optional
        Their least and greatest value, before scaling.
    """

    layers: tuple[Layer, ...]
    dtype: np.dtype[Any]
    seed: int
    random_state: int | None = None
    parameters: Parameters | None = None
    n_in: int | None = None
    scaling: Scaler | None = None
    loss: Loss | None = None
    optimizer: Optimizer | None = None
    penalties: tuple[Penalty, ...] = ()
    task: Task | None = None
    steps: int = 0
    frozen: frozenset[int] = frozenset()
    columns: list[dict[str, Any]] | None = None
    history: History | None = None
    last_fit: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    novelty: Novelty | None = None
    input_range: Range | None = None
    intervals: Intervals | None = None

    @property
    def theta(self) -> Array:
        """All weights and biases, as one vector. Writing to it changes the network."""
        return self.known_parameters().theta

    @theta.setter
    def theta(self, values: ArrayLike) -> None:
        assign(self.known_parameters().theta, values, "theta")

    def known_parameters(self) -> Parameters:
        """Return the weights and biases.

        Raises
        ------
        NotBuiltError
            The sizes are not known yet.
        """
        if self.parameters is None:
            raise NotBuiltError(
                "the network's sizes are not known yet: call fit or forward with data, or build(n_in), first"
            )
        return self.parameters

    def kept(self) -> dict[str, Any]:
        """Return all of it, by name."""
        return {each.name: getattr(self, each.name) for each in fields(State)}

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
            "dtype": self.dtype.name,
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
            "frozen": sorted(self.frozen),
            "columns": encode(self.columns),
            "history": None if history is None else _of_history(history),
            "last_fit": encode(self.last_fit),
            "notes": encode(self.notes),
            **({} if self.intervals is None else {"intervals": self.intervals.to_dict()}),
        }

    def arrays(self, with_optimizer: bool, prefix: str = "") -> dict[str, Array]:
        """Every array by its name in the file.

        Raises
        ------
        FormatError
            One of them holds NaN.
        """
        named = self._weights() | ({} if self.novelty is None else self.novelty.arrays())
        if self.optimizer is not None and with_optimizer:
            named |= {f"optimizer.{name}": array for name, array in self.optimizer.state.items()}
        bad = [name for name, array in named.items() if not np.isfinite(array).all()]
        if bad:
            raise FormatError(f"{bad[0]} holds NaN or infinity: such a network could not be loaded, and is not saved")
        for name, values in ({} if self.history is None else self.history).items():
            named[f"history.{name}"] = np.array(values, np.float64)
        return {prefix + name: array for name, array in named.items()}

    def written(
        self, with_optimizer: bool, weights: str = "float32", prefix: str = ""
    ) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return `description` and `arrays`; those of dense layers and of the novelty in int8 where that is asked.

        Raises
        ------
        UnknownNameError
            `weights` is no type that weights are kept in.
        ValueError
            The optimizer's state is asked for with int8: it belongs to weights that are not rounded.
        FormatError
            As those two.
        """
        if weights not in WEIGHTS:
            raise UnknownNameError(f"save: weights must be one of {', '.join(WEIGHTS)}; got {weights!r}")
        if weights == "float32":
            return self.description(with_optimizer), self.arrays(with_optimizer, prefix)
        if with_optimizer:
            raise ValueError(
                'save: the state of the optimizer is not kept with weights="int8", for it belongs to weights that are '
                "not rounded; leave optimizer=True out, or weights"
            )
        description, arrays = self.description(False), self.arrays(False)
        names = [f"layers.{i}.W" for i, layer in enumerate(self.layers) if isinstance(layer, Dense)]
        names += [] if self.novelty is None else self.novelty.large_arrays()
        stored = shorten(arrays, names)
        if self.last_fit and ROUNDED not in (others := self.last_fit.get("others", [])):
            description["last_fit"]["others"] = [*others, ROUNDED]  # a script that repeats the fit has other weights
        return description | {"stored": stored}, {prefix + name: array for name, array in arrays.items()}

    def _weights(self) -> dict[str, Array]:
        named = {
            f"layers.{i}.{name}": array
            for i, p in enumerate(self.known_parameters().p)
            for name, array in vars(p).items()
        }
        scaling = self.scaling
        if scaling is not None and scaling.offset is not None and scaling.factor is not None:
            named["scaling.offset"] = np.asarray(scaling.offset, np.float64)
            named["scaling.factor"] = np.asarray(scaling.factor, np.float64)
        return named

    @classmethod
    def read(cls, description: dict[str, Any], arrays: dict[str, Array], custom: Custom, prefix: str = "") -> State:
        """What `description`, which agrees with the schema, and `arrays` gave; its arrays are taken out of them.

        Raises
        ------
        FormatError
            They do not belong together, or are not those of a network.
        """
        own = [name for name in arrays if name.startswith(prefix) and not name.startswith("training.")]
        arrays = {name.removeprefix(prefix): arrays.pop(name) for name in own}  # so that each is let go once it is used

        def part(name: str, kind: type[Description]) -> Any:
            return _part(name, decode(description[name], custom), kind)

        dtype = np.dtype(description["dtype"])
        widen(arrays, description.get("stored", {}), dtype)
        layers = tuple(
            _part(f"layers[{i}]", decode(layer, custom), Layer) for i, layer in enumerate(description["layers"])
        )
        plan = compile_layers(layers, description["n_in"])
        shapes = [stage.layer.parameter_shapes(stage.n_in) for stage in plan.stages]
        wanted = {f"layers.{i}.{name}": shape for i, own in enumerate(shapes) for name, shape in own.items()}
        for name, shape in wanted.items():  # before room is made for them
            check(name, arrays, shape, dtype)
        scaling, optimizer, task = part("scaling", Scaler), part("optimizer", Optimizer), description["task"]
        if scaling is not None and "scaling.offset" in arrays:  # one that learns has none before the first fit
            scaling.offset, scaling.factor = (
                check(full, arrays, factors_shape(full, arrays, plan.n_in), np.dtype(np.float64)).copy()
                for full in ("scaling.offset", "scaling.factor")
            )
        state = cls(
            layers=layers,
            dtype=dtype,
            n_in=plan.n_in,
            parameters=Parameters(shapes, dtype),
            scaling=scaling,
            loss=part("loss", Loss),
            penalties=tuple(
                _part(f"penalties[{i}]", decode(penalty, custom), Penalty)
                for i, penalty in enumerate(description["penalties"])
            ),
            optimizer=optimizer,
            task=None if task is None else _task(task),
            random_state=description["random_state"],
            seed=description["seed"],
            steps=description["steps"],
            frozen=frozenset(description["frozen"]),
            columns=decode(description["columns"], custom),
            history=_history(description["history"], arrays),
            last_fit=_last_fit(decode(description["last_fit"], custom)),
            notes=decode(description["notes"], custom),
            novelty=Novelty.read(arrays, plan.n_in),
            input_range=_range(description.get("input_range")),
            intervals=Intervals.read(description.get("intervals"), plan.n_out),
        )
        state._check_task(plan.n_out)
        if not all(0 <= i < len(layers) for i in state.frozen):
            raise FormatError(f"there are no layers {sorted(state.frozen)} to be frozen")
        if state.optimizer is not None:
            state._fill_optimizer(state.optimizer, description["iterations"], arrays)
        elsewhere = ("optimizer.", "history.", "novelty.", "familiarity.")
        state._fill({name: array for name, array in arrays.items() if not name.startswith(elsewhere)})
        return state

    def _check_task(self, n_out: int) -> None:
        """See that as many answers are named as there are outputs."""
        task = self.task
        if task is None:
            return
        if task.kind == "classification" and task.classes is not None and len(task.classes) != max(n_out, 2):
            raise FormatError(f"{len(task.classes)} classes do not belong to {n_out} outputs")
        if task.columns is not None and len(task.columns) != n_out:
            raise FormatError(f"task: {len(task.columns)} columns do not belong to {n_out} outputs")

    def _fill_optimizer(self, optimizer: Optimizer, iterations: int, arrays: dict[str, Array]) -> None:
        """Give the optimizer its state."""
        states = {name.removeprefix("optimizer."): name for name in arrays if name.startswith("optimizer.")}
        optimizer.iterations = iterations
        optimizer.state = {name: check(full, arrays, self.theta.shape, self.dtype) for name, full in states.items()}
        ours = type(optimizer) in OPTIMIZERS
        for name in {"v", "cache"} & states.keys() if ours else ():  # of which a root is taken
            check_not_negative(f"optimizer.{name}", optimizer.state[name])

    def _fill(self, arrays: dict[str, Array]) -> None:
        """Copy each array into its place; none may be left over."""
        own = self._weights()
        extra = [name for name in arrays if name not in own]
        if extra:
            raise FormatError(f"nobody asked for {', '.join(extra)}; its layers and its arrays do not belong together")
        for name, array in own.items():
            array[...] = check(name, arrays, array.shape, array.dtype)
            del arrays[name]
        for i, (layer, p) in enumerate(zip(self.layers, self.known_parameters().p, strict=True)):
            if isinstance(layer, BatchNorm):
                check_not_negative(f"layers.{i}.var", p.var)


def _part(name: str, value: Any, kind: type[Description]) -> Any:
    """A part of that kind, or None; what a file may lack, its schema says."""
    if value is not None and not isinstance(value, kind):
        raise FormatError(f"{name} must be a {kind.__name__}; got {type(value).__name__}")
    return value


def _task(description: dict[str, Any]) -> Task:
    try:
        return Task.from_dict(description)
    except ValueError as error:
        raise FormatError(f"task: {error}") from None


def _range(value: list[float] | None) -> Range | None:
    try:
        return as_range(value)
    except ValueError as error:
        raise FormatError(str(error)) from None


def _last_fit(value: dict[str, Any]) -> dict[str, Any]:
    if value:  # what was added since the first files of this version
        lacking: dict[str, Any] = dict.fromkeys(("schedule", "clip_norm", "augmentation", "start"))
        lacking |= {"metrics": [], "others": []}
        value |= {name: default for name, default in lacking.items() if name not in value}
    for name, kind in (("schedule", Schedule), ("augmentation", Augmentation)):
        _part(f"last_fit.{name}", value.get(name), kind)
    return value


def _of_history(history: History) -> dict[str, Any]:
    """Its names and words; the numbers are arrays."""
    more: dict[str, Any] = {"changes": encode(history.changes)} if history.changes else {}
    more |= {"kept_epoch": history.kept_epoch} if history.kept_epoch else {}
    return {"columns": list(history), "stopped_by": history.stopped_by, **more}


def _history(description: dict[str, Any] | None, arrays: Mapping[str, Array]) -> History | None:
    if description is None:
        return None
    history = History()
    history.stopped_by = description["stopped_by"]
    history.kept_epoch = description.get("kept_epoch", 0)
    history.changes = decode(description.get("changes", []), {})
    lengths = set()
    for name in description["columns"]:
        column = arrays.get(f"history.{name}")
        if column is None:
            raise FormatError(f"there is no array history.{name}, a column of the history")
        if column.ndim != 1 or column.dtype != np.float64:
            raise FormatError(f"history.{name} is no column of numbers: {column.shape}, {column.dtype}")
        history.columns[name] = column.tolist()
        lengths.add(len(column))
    if len(lengths) > 1:
        raise FormatError("the columns of its history are not of one length")
    if history.kept_epoch > history.epochs:
        raise FormatError(f"history: kept_epoch is {history.kept_epoch}, of {history.epochs} epochs")
    return history
