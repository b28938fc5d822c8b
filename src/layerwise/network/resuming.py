"""Going on from a checkpoint: which file it is, and whether the call that goes on is the one that was cut off."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise import files as storage
from layerwise.data.names import check_names, names_of
from layerwise.data.shuffling import CustomOrder
from layerwise.data.tasks import Task
from layerwise.errors import ChangedError, DataError, FormatError, warn
from layerwise.network.settings import (
    Difference,
    Settings,
    differences,
    full_name,
    known_names,
    labels,
    plain,
    short_name,
    unchecked,
)
from layerwise.parts.description import Description
from layerwise.parts.optimizers import Optimizer
from layerwise.training.callbacks import Callback, Checkpoint, ExponentialMovingAverage
from layerwise.training.callbacks.identity import Identity, identity_of
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.network.network import Network

_MEASURES = "history and best values so far are measured with it"
_NEVER = {
    "layers": "the weights in the file are theirs",
    "dtype": "the weights in the file have it",
    "scaling": "the weights in the file have learned from inputs that are scaled so",
    "random_state": "its random numbers have been drawn from",
    **dict.fromkeys(("task", "classes"), "the outputs have learned to stand for it"),
    **dict.fromkeys(("X", "y", "validation_data", "sample_weight", "class_weight", "loss"), _MEASURES),
}
_AT_EPOCHS = ("batch_size", "shuffle", "penalty", "augmentation", "frozen", "optimizer", "callbacks")
_AT_ANY_TIME = ("epochs", "metrics", "train_metrics", "schedule", "clip_norm", "ema", "patience", "monitor")


@dataclass
class Found:
    """A checkpoint: the network in it, and the state of its training."""

    path: Path
    model: storage.State
    training: tuple[dict[str, Any], Mapping[str, Array]]
    run: str
    settings: Settings
    known: list[str] = field(default_factory=list)

    @property
    def optimizer(self) -> Optimizer:
        """Its optimizer, with its state."""
        assert self.model.optimizer is not None
        return self.model.optimizer

    def check(self, network: Network, now: Settings, allowed: Sequence[str]) -> list[Difference]:
        """See that a call of `fit` is the one that this is a checkpoint of, but for the settings that may differ.

        Returns
        -------
        list of Difference
            Those that were allowed.

        Raises
        ------
        DataError
            Names all that differ and were not allowed, or that cannot be changed.
        UnknownNameError
            A name that is allowed is none of a setting.
        """
        then = self.settings
        if network.random_state is None:  # the seed is the file's
            now = {**now, "random_state": then["random_state"]}
        with storage.reading(self.path):
            known = self.known = known_names(now, then)
            found = differences(then, now)
            lines = {other.name: str(replace(other, name=short_name(other.name, known))) for other in found}
        free = [full_name(name, known) for name in allowed]
        changed = {re.split(r"[.\[]", other.name)[0] for other in found}
        for name, what in unchecked(then, now).items():  # the orders that shuffle gives are compared themselves
            if name != "shuffle" and name not in changed:
                warn(f"resume: {name} cannot be compared with that of {self.path}: {what}", RuntimeWarning)
        refused = [other for other in found if not any(_covers(name, other.name) for name in free)]
        if refused:
            listed = "; ".join(lines[other.name] for other in refused)
            names = [short_name(other.name, known) for other in refused if self._obstacle(other) is None]
            raise ChangedError(f"{self.path} is a checkpoint of another fit; {listed}", names)
        for other in found:
            if (reason := self._obstacle(other)) is not None:
                name = short_name(other.name, known)
                raise DataError(
                    f"resume: {name} cannot be changed: {reason}. Begin a new fit with the network in the file, "
                    f"layerwise.load({str(self.path)!r}), or go on with {name} as it was"
                )
        return found

    def keep_names(self, network: Network, X: Any, task: Task) -> Task:
        """See that frames have the columns of the training that is gone on with; the task with their names.

        Raises
        ------
        DataError
            Columns of X or y are called otherwise, or are in another order.
        """
        names, known = names_of(X), [column["name"] for column in self.model.columns or ()]
        if known and names is not None and network.columns is None:
            check_names(names, known)
        columns = None if self.model.task is None else self.model.task.columns
        return task if columns is None else replace(task, columns=columns).named(task.columns)

    def _obstacle(self, change: Difference) -> str | None:
        """Why a setting cannot be changed; None if it can."""
        root = re.split(r"[.\[]", change.name)[0]
        if change.name == "callbacks" or (root == "ema" and change.now is None):
            gone = [change.then] if root == "ema" else [name for name in change.then if name not in change.now]
            if any(root == "ema" or name.startswith(ExponentialMovingAverage.__name__) for name in gone):
                return "the weights in the file are the moving average"
        if change.name in _AT_EPOCHS or (root in _AT_EPOCHS and root != "optimizer"):
            done = self.training[0]["done"]
            return f"the file is from within an epoch, {done} steps into it" if done else None
        if root not in _NEVER and (root in _AT_ANY_TIME or "." in change.name):
            return None
        return _NEVER.get(root, "all epochs so far were made with it")

    def change(self, changes: Sequence[Difference], optimizer: Optimizer) -> None:
        """Give the optimizer the parameters that it is to have now, with the state that it has."""
        if not changes:
            return
        names = {other.name.removeprefix("optimizer.") for other in changes if other.name.startswith("optimizer.")}
        old, now = self.optimizer, optimizer.config()
        if type(optimizer) is type(old) and type(old) is not Optimizer:
            kept = {name: value for name, value in old.config().items() if name not in names}
            new = type(optimizer)(**{**now, **kept})
            new.iterations = old.iterations
            new.state = {name: old.state[name] for name in new.state_names if name in old.state}
        else:
            new = copy.deepcopy(optimizer)
            if type(old) is Optimizer and set(old.state_names) == set(new.state_names):  # its class was not there
                new.iterations, new.state = old.iterations, old.state
        self.model.optimizer = new
        self.training[0]["stopping"] = ""  # what stopped it has another chance
        if type(new) is not type(old) or "learning_rate" in names:
            self.training[0]["rate"] = new.learning_rate

    def record(self, changes: Sequence[Difference], last_fit: dict[str, Any]) -> None:
        """Write the changes into the history that is gone on with; a script cannot repeat such a fit."""
        if changes or (self.model.history is not None and self.model.history.changes):
            last_fit["others"] = [*last_fit["others"], "settings that were changed on the way"]
        if self.model.history is not None:
            where = {"epoch": self.training[0]["epoch"] + 1, "step": self.model.steps}
            self.model.history.changes += [
                {
                    **where,
                    "name": short_name(other.name, self.known),
                    "then": plain(other.then),
                    "now": plain(other.now),
                }
                for other in changes
            ]

    def replay(self, order: object, changes: Sequence[Difference], n: int) -> None:
        """Bring a custom order of the n rows to where it was, unless it is another one on purpose."""
        state = self.training[0].get("orders")  # none in files of earlier versions
        if state is not None and isinstance(order, CustomOrder) and not any(c.name == "shuffle" for c in changes):
            order.replay(state, n)

    def check_engine(self, native: bool) -> None:
        """See that an epoch that was begun is ended by the executor that began it.

        Raises
        ------
        DataError
            It would be the other one.
        """
        was = self.training[0].get("native", native)
        if was != native:
            names = {True: "native", False: "numpy"}
            raise DataError(
                f"resume: {self.path} is from within an epoch of the {names[was]} executor, which sums up in another "
                f"order than the {names[native]} one: give engine={names[was]!r}"
            )


def newest_checkpoint(callbacks: Sequence[Callback], parts: Iterable[Any]) -> Found | None:
    """The newest whole file of the checkpoints among the callbacks; None if there is none yet.

    Raises
    ------
    DataError
        There is no `Checkpoint` among them, or the file is an earlier version's.
    """
    checkpoints = [callback for callback in callbacks if isinstance(callback, Checkpoint)]
    if not checkpoints:
        raise DataError("fit: resume=True needs to know where from: callbacks=[Checkpoint(path), …]")
    for path in _newest_first({path for callback in checkpoints for path in callback.files()}):
        try:
            return read_checkpoint(path, parts)
        except FormatError as error:
            warn(f"resume: {error}; an older checkpoint is looked for", RuntimeWarning)
    return None


def kinds_of(values: Iterable[Any]) -> set[type[Description]]:
    """The classes of all parts among some values, and of the parts that those are made of."""
    found: set[type[Description]] = set()
    for value in values:
        if isinstance(value, Description):
            found |= {type(value), *kinds_of(value.config().values())}
        elif isinstance(value, (list, tuple)):
            found |= kinds_of(value)
    return found


def _newest_first(paths: Iterable[Path]) -> list[Path]:
    """The run that was written to last, its files by their steps; then the run before."""
    times = {path: path.stat().st_mtime_ns for path in paths}
    found = {path: identity_of(path) or Identity("", str(path), "") for path in times}
    newest: dict[str, int] = {}
    for path, own in found.items():
        newest[own.run] = max(newest.get(own.run, 0), times[path])
    return sorted(
        found, key=lambda path: (newest[found[path].run], found[path].steps, times[path], path.name), reverse=True
    )


def read_checkpoint(path: Path, parts: Iterable[Any]) -> Found:
    """What a file holds, whose custom classes are among these parts.

    Raises
    ------
    DataError, FormatError
        The file is an earlier version's, or is no whole checkpoint.
    """
    custom = storage.known_by_name(kinds_of(parts))
    description, arrays = storage.read(path)
    if description["format_version"] < storage.FORMAT_VERSION and "training" in description:
        raise DataError(
            f"resume: {path} was written in the middle of a training by an earlier version of layerwise, which drew "
            f"other random numbers. Begin a new fit with the network in it, layerwise.load({str(path)!r}), or end the "
            "training with that version"
        )
    with storage.reading(path):
        if "training" not in description or "checkpoint" not in description:
            raise FormatError("a model, but no checkpoint: it does not say where its training was")
        model = storage.State.read(description, arrays, custom)
        held = {name.removeprefix("training."): array for name, array in arrays.items()}
        own = description["checkpoint"]
        training = storage.decode(description["training"], custom)
        storage.check_training(training, held, model)
        return Found(path, model, (training, held), own["run"], own["settings"])


def as_allowed(resume: bool | str | Sequence[str]) -> tuple[str, ...] | None:
    """The settings that may differ from those of the checkpoint; None if no checkpoint is gone on from.

    Raises
    ------
    TypeError
        It is neither True or False nor names.
    """
    if isinstance(resume, (bool, np.bool_)):
        return () if resume else None
    names = (resume,) if isinstance(resume, str) else tuple(resume) if isinstance(resume, Iterable) else (resume,)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"fit: resume must be True, False or names of settings that may differ; got {resume!r}")
    return names


def begin_anew(
    changes: Sequence[Difference], callbacks: Sequence[Callback], short: Sequence[Callback]
) -> list[Callback]:
    """The callbacks whose best value is of another column now: of the call, and of arguments that stand for one."""
    changed = {other.name.rpartition(".")[0]: other.name for other in changes if _names_column(other.name)}
    found = [callback for label, callback in labels(callbacks).items() if label in changed]
    return found + (list(short) if "" in changed else [])


def _names_column(name: str) -> bool:
    return name.rpartition(".")[2] in ("monitor", "mode")


def _covers(name: str, other: str) -> bool:
    """Whether allowing a name allows another: the same one, or a part of it."""
    return other == name or other.startswith((f"{name}.", f"{name}["))


def _is_same_kind(one: Any, other: Any) -> bool:
    return isinstance(one, dict) and isinstance(other, dict) and one.get("type") == other.get("type")


def _is_function(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "function"
