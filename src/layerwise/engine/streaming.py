"""An executor for rows that come window by window: it hands each to the executor proper, and counts on.

    run(first, last) ──► the window of step `first` ── load ──► NumpyEngine or NativeEngine.run ──► the next window …

Windows hold whole batches, so no step sees two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np

from layerwise.data.rows import Rows, rows_of
from layerwise.data.streams.reader import Window
from layerwise.data.streams.window import StreamRows
from layerwise.data.targets import Targets
from layerwise.engine.choice import evaluator, executor
from layerwise.engine.passes import Score
from layerwise.engine.plan import Plan
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.parameters import Parameters
from layerwise.parts.scaling import Scaler
from layerwise.typing import Array


class StreamEngine:
    """The `Executor` for a stream.

    Parameters
    ----------
    engine, n_threads
        Which executor makes the steps, on how many threads.
    plan, parameters, rows, batch_size, seed
        As for the executor in NumPy; rows are those of a stream.
    """

    epochs_at_once = False

    def __init__(
        self,
        engine: str,
        n_threads: int | None,
        plan: Plan,
        parameters: Parameters,
        rows: StreamRows,
        batch_size: int,
        seed: int,
    ) -> None:
        assert plan.loss is not None
        assert plan.optimizer is not None
        self.plan, self.parameters, self._rows = plan, parameters, rows
        self.rows: Rows = rows
        self.loss: Loss = plan.loss
        self.optimizer: Optimizer = plan.optimizer
        self.batch_size = min(len(rows), batch_size)
        self.targets = rows.targets
        X, some = _at_least(rows.X, rows.targets, self.batch_size)
        first = rows_of(X, rows.scaler, parameters.theta.dtype, self.batch_size)
        self._inner = executor(engine, n_threads, plan, parameters, first, some, self.batch_size, seed)
        self.finite = True
        self.name = self._inner.name
        self._window: Window | None = None

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """An engine at work is not copied with what keeps it: the copy has None in its place."""
        return type(None), ()

    @property
    def clip_norm(self) -> float | None:
        """A gradient that is longer is shortened to this length."""
        return self._inner.clip_norm

    @clip_norm.setter
    def clip_norm(self, value: float | None) -> None:
        self._inner.clip_norm = value

    @property
    def frozen(self) -> Set[int]:
        """The layers whose parameters stay as they are."""
        return self._inner.frozen

    @frozen.setter
    def frozen(self, value: Set[int]) -> None:
        self._inner.frozen = value

    def begin_epoch(self) -> None:
        """Forget the sums of the epoch before."""
        self._inner.begin_epoch()
        self._window = None

    def reorder(self, order: Array) -> None:
        """Refuse: the order is that of the windows."""
        raise NotImplementedError("a stream has an order of its own")

    def run(
        self,
        first: int,
        last: int,
        step: int,
        poll: Callable[[], bool] | None = None,
        rates: Sequence[float] | Array | None = None,
    ) -> int:
        """Make steps `first` to `last` - 1 of an epoch, as `Executor.run` says."""
        done, per_window = first, self._rows.steps_per_window
        while done < last:
            if not self._load(done // per_window, poll):
                break
            start = done // per_window * per_window
            end = min(start + per_window, last)
            part = None if rates is None else rates[done - first : end - first]
            made = self._inner.run(done - start, end - start, step + done - first, poll, part)
            self.finite = self._inner.finite
            done += made
            if done < end or not self.finite:
                break
        return done - first

    def _load(self, number: int, poll: Callable[[], bool] | None = None) -> bool:
        """Bring a window to the executor, unless it is there; False if something else is due before it comes."""
        if self._window is None or self._window.number != number:
            window = self._rows.window(number, poll)
            if window is None:
                return False
            self._window = window
            rows = rows_of(window.X, self.rows.scaler, self.parameters.theta.dtype, self.batch_size)
            self.targets = window.targets
            self._inner.load(rows, window.targets, window.order)
        return True

    def run_epochs(
        self,
        epochs: int,
        step: int,
        poll: Callable[[], bool] | None = None,
        rates: Sequence[float] | Array | None = None,
    ) -> dict[str, list[float]]:
        """Refuse: each epoch has other windows."""
        raise NotImplementedError("a stream's epochs are made one by one")

    def results(self, samples: int) -> dict[str, float]:
        """Loss, penalty and, where answers are right or wrong, accuracy over the epoch's first samples."""
        return self._inner.results(samples)

    def last_loss(self) -> float:
        """The mean data loss of the newest step's samples, not weighted; NaN before the first."""
        return self._inner.last_loss()

    def state(self, samples: int) -> dict[str, Array]:
        """What is known of the epoch after its first `samples` rows, for `restore`."""
        first = 0 if self._window is None else self._window.number * self._rows.size
        return self._inner.state(samples - first) | {"window": np.array(first // self._rows.size)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on with an epoch from what `state` gave."""
        self._load(int(state["window"]))
        self._inner.restore(state)

    def gradient(self, start: int, stop: int, step: int) -> bool:
        """Write the gradient of loss and penalties on these rows, one batch, into `grad`; False if it is not finite."""
        self._load(start // self._rows.size)
        begin = start // self._rows.size * self._rows.size
        self.finite = self._inner.gradient(start - begin, stop - begin, step)
        return self.finite

    def first_bad_layer(self, start: int, stop: int, step: int) -> str:
        """The first layer whose output on these rows is not finite."""
        begin = start // self._rows.size * self._rows.size
        return self._inner.first_bad_layer(start - begin, stop - begin, step)


def _at_least(X: Array, targets: Targets, n: int) -> tuple[Array, Targets]:
    """Return n rows, some again and again if need be: what an executor is made for."""
    rows = np.arange(n) % len(X)
    return X[rows], targets.part(rows)


class Counted:
    """How many rows there are."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n


class StreamEvaluator:
    """The `Evaluator` for rows that come some at a time.

    Parameters
    ----------
    engine, n_threads
        Which executor evaluates, on how many threads.
    plan, parameters, scaler
        The network.
    parts : function
        Returns an iterator over (X, targets) of all rows, in their order.
    targets : Targets
        Of some rows; of all of them after a `run` that collects.
    n : int
        How many rows there are, as far as it is known; set by `run`.
    size : int
        Rows computed together.
    """

    def __init__(
        self,
        engine: str,
        n_threads: int | None,
        plan: Plan,
        parameters: Parameters,
        scaler: Scaler | None,
        parts: Callable[[], Iterable[tuple[Array, Targets]]],
        targets: Targets,
        n: int,
        size: int,
    ) -> None:
        self.plan, self.parameters, self.targets = plan, parameters, targets
        self.rows: Any = Counted(n)
        self._scaler, self._parts, self._how = scaler, parts, (engine, n_threads, size)

    def run(self, collect: Array | None = None) -> Score:
        """One pass over all rows; the outputs too, into `collect` (n, n_out), where it is given."""
        engine, n_threads, size = self._how
        loss = right = weight = 0.0
        n, kept = 0, list[Targets]()
        for X, targets in self._parts():
            rows = rows_of(X, self._scaler, self.parameters.theta.dtype, size)
            made = evaluator(engine, n_threads, self.plan, self.parameters, rows, targets, size)
            score = made.run(None if collect is None else collect[n : n + len(X)])
            share = float(len(X)) if targets.weights is None else float(targets.weights.sum(dtype=np.float64))
            loss, weight = loss + score.loss * share, weight + share
            right += (score.accuracy or 0.0) * share
            n += len(X)
            if collect is not None:
                kept.append(targets)
        if kept:
            self.targets = _joined(kept)
        self.rows.n = n
        counts = self.targets.task.kind != "regression"
        return Score(loss / weight if weight else 0.0, (right / weight if weight else 0.0) if counts else None)


def _joined(parts: Sequence[Targets]) -> Targets:
    """Return the targets of all parts as one."""
    first = parts[0]
    n_out = max((part.dense.shape[1] for part in parts if part.dense is not None), default=0)
    mixed = n_out and any(part.labels is not None for part in parts)

    def whole(arrays: list[Array | None]) -> Array | None:
        there = [array for array in arrays if array is not None]
        return np.concatenate(there) if there else None

    labels = None if mixed else whole([part.labels for part in parts])
    dense = whole([part.values(n_out) for part in parts]) if mixed else whole([part.dense for part in parts])
    weights = whole([part.weights for part in parts])
    return Targets(first.task, labels, first.levels, dense, weights, first.by_rows)
