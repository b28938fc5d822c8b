"""Going on from a checkpoint: which file it is, and whether the call that goes on is the one that was cut off."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise import storage
from layerwise.callbacks import Callback, Checkpoint
from layerwise.callbacks.identity import Identity, identity_of
from layerwise.description import Description
from layerwise.errors import DataError, FormatError
from layerwise.losses import Loss
from layerwise.optimizers import Optimizer
from layerwise.penalties import Penalty
from layerwise.targets import Targets
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.network import Network

_ROWS = 1000  # of X that are looked at to know it again


@dataclass
class Found:
    """A checkpoint: the network in it, and the state of its training."""

    path: Path
    model: storage.Model
    training: tuple[dict[str, Any], Mapping[str, Array]]
    run: str

    @property
    def optimizer(self) -> Optimizer:
        """Its optimizer, with its state."""
        assert self.model.optimizer is not None
        return self.model.optimizer

    def check(
        self,
        network: Network,
        loss: Loss,
        penalties: tuple[Penalty, ...],
        optimizer: Optimizer,
        callbacks: Sequence[Callback],
        last_fit: Mapping[str, Any],
    ) -> None:
        """See that a call of `fit` is the one that this is a checkpoint of.

        Raises
        ------
        DataError
            Names all that differs.
        """
        model, was, encode = self.model, self.model.last_fit, storage.encode
        seeds = [] if network.random_state is None else [("random_state", model.seed, network.seed)]
        pairs: list[tuple[str, Any, Any]] = [
            ("layers", list(model.layers), list(network.layers)),
            ("dtype", model.parameters.theta.dtype.name, network.dtype.name),
            *seeds,
            ("loss", model.loss, loss),
            ("penalty", list(model.penalties), list(penalties)),
            ("optimizer", _without_rate(self.optimizer), _without_rate(optimizer)),
            *(
                (name, was.get(name), last_fit[name])
                for name in ("rows", "batch_size", "shuffle", "schedule", "augmentation")
            ),
            *(
                (name, was[name], last_fit[name]) for name in ("task", "classes") if name in was
            ),  # of old files: not known
        ]
        with_state = [entry["type"] for entry in self.training[0]["callbacks"]]
        pairs.append(
            ("callbacks", with_state, [type(callback).__name__ for callback in callbacks if callback.state_names])
        )
        if last_fit["schedule"] is not None:  # which knows how long the fit is
            pairs.append(("epochs", was.get("epochs"), last_fit["epochs"]))
        differences = [f"{name}: {a!r} then, {b!r} now" for name, a, b in pairs if encode(a) != encode(b)]
        if was.get("data") != last_fit["data"] and not differences:
            differences = ["the data: other rows or another order of them"]
        if differences:
            raise DataError(
                f"resume: {self.path} is a checkpoint of another fit; {'; '.join(differences)}. Call fit as then, or "
                "give Checkpoint another path"
            )

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


def newest_checkpoint(callbacks: Sequence[Callback], custom: Iterable[type[Description]]) -> Found | None:
    """The newest whole file of the checkpoints among the callbacks; None if there is none yet.

    Raises
    ------
    DataError
        There is no `Checkpoint` among them.
    """
    checkpoints = [callback for callback in callbacks if isinstance(callback, Checkpoint)]
    if not checkpoints:
        raise DataError("fit: resume=True needs to know where from: callbacks=[Checkpoint(path), …]")
    known = storage.known_by_name(custom)
    for path in _newest_first({path for callback in checkpoints for path in callback.files()}):
        try:
            return _read(path, known)
        except FormatError as error:
            warnings.warn(f"resume: {error}; an older checkpoint is looked for", RuntimeWarning, stacklevel=4)
    return None


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


def _read(path: Path, custom: Mapping[str, type[Description]]) -> Found:
    description, arrays = storage.read(path)
    with storage.reading(path):
        if "training" not in description:
            raise FormatError("a model, but no checkpoint: it does not say where its training was")
        model = storage.Model.read(description, arrays, custom)
        held = {name.removeprefix("training."): array for name, array in arrays.items()}
        run = str(description.get("checkpoint", {}).get("run", ""))
        return Found(path, model, (storage.decode(description["training"], custom), held), run)


def digest(X: Any, targets: Targets) -> str:
    """To know data again: of all targets, and of up to 1,000 rows spread over X."""
    n = X.shape[0]
    some = X[np.unique(np.linspace(0, n - 1, min(n, _ROWS)).astype(np.intp))]
    rows = some if isinstance(some, np.ndarray) else some.toarray()
    found = hashlib.blake2b(f"{X.shape} {X.dtype}".encode(), digest_size=16)
    for array in (rows, targets.labels, targets.dense, targets.weights):
        if array is not None:
            found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def _without_rate(optimizer: Optimizer) -> tuple[str, dict[str, Any]]:
    """The optimizer but for its learning rate, which callbacks may have changed since."""
    return type(optimizer).__name__, {k: v for k, v in optimizer.config().items() if k != "learning_rate"}
