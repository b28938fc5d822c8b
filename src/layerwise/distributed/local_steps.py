"""Less talk: each rank trains by itself, and every so many steps the weights are averaged.

    H steps of each rank on its own rows ─► mean of the weights ─► a step of the momentum along what they have moved

For connections so slow that a sum of gradients takes longer than the step it is made for. What it gives depends on the
number of ranks, and is not quite what `fit` gives: the ranks' weights drift apart between two averages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from layerwise.data.philox import SHARD_ORDER, generator
from layerwise.data.rows import Rows
from layerwise.distributed.communicator import Communicator
from layerwise.distributed.executor import KEY, KEYS, LEAVING, LeavesTogether, RankError
from layerwise.engine.executor import Executor
from layerwise.engine.halves import BAD, SUMS
from layerwise.errors import DataError
from layerwise.parts.description import Description, flag, number, whole_number
from layerwise.training.callbacks import Callback
from layerwise.typing import Array

_LOSS, _ACCURACY, _PENALTY = range(3)  # of the sums that an average is made with


class LocalSteps(Description):
    """Let each rank train by itself, and average the weights every few steps.

    With Δ the mean over the ranks of the change of the weights since the last average, v ← momentum · v + Δ. The
    weights then change by learning_rate · v, or with `nesterov` by learning_rate · (Δ + momentum · v). Known as local
    SGD (Stich 2019) and federated averaging (McMahan et al. 2017).

    Parameters
    ----------
    every : int, default=16
        The number of steps between two averages. At least 1.
    momentum : float, default=0.0
        The momentum of the averages (Wang, Tantia, Ballas, Rabbat 2020). At least 0, below 1. With 0 the weights become
        their mean.
    learning_rate : float, default=1.0
        The factor of the change. Above 0.
    nesterov : bool, default=False
        Use Nesterov's form, as DiLoCo does (Douillard et al. 2023) with momentum 0.9 and learning rate 0.7.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.distributed.LocalSteps(64, momentum=0.9, learning_rate=0.7, nesterov=True)
    LocalSteps(every=64, momentum=0.9, learning_rate=0.7, nesterov=True)
    """

    def __init__(
        self, every: int = 16, *, momentum: float = 0.0, learning_rate: float = 1.0, nesterov: bool = False
    ) -> None:
        self.every = whole_number(self, "every", every, least=1)
        self.momentum = number(self, "momentum", momentum, least=0, below=1)
        self.learning_rate = number(self, "learning_rate", learning_rate, above=0)
        self.nesterov = flag(self, "nesterov", nesterov)


class OuterMomentum(Callback):
    """Keeps the momentum of the averages for checkpoints.

    Attributes
    ----------
    velocity : array
        As theta; empty before the first average.
    """

    state_names = ("velocity",)
    only_looks = True

    def __init__(self) -> None:
        self.velocity = np.empty(0)


class _Part:
    """What the training asks of the rows: as many as all ranks learn from, and a new order of those that are here."""

    def __init__(self, executor: LocalExecutor, rows: Rows, seed: int | None) -> None:
        self._executor, self._rows, self._seed = executor, rows, seed

    def __len__(self) -> int:
        return self._executor.samples

    def span(self, start: int, stop: int) -> Array:
        """Some of the rows that are here."""
        return self._rows.span(0, min(stop - start, len(self._rows)))

    def begin_epoch(self, step: int) -> None:
        """An epoch begins at that step of the network's."""
        self._rows.begin_epoch(step)
        if self._seed is not None:
            rank = self._executor.communicator.rank
            order = generator(self._seed, SHARD_ORDER, step * 2**12 + rank).permutation(len(self._rows))
            self._executor.take_order(order)


class LocalExecutor(LeavesTogether):
    """The `Executor` of a rank that trains by itself between two averages.

    Parameters
    ----------
    communicator : Communicator
        The ranks.
    inner : Executor
        With this rank's rows and its share of a batch.
    settings : LocalSteps
        When averages are made, and how.
    momentum : OuterMomentum
        Its velocity.
    rows : int
        How many the rank with the fewest has.
    seed : int, optional
        Of the orders; None: rows are taken as they lie.
    """

    def __init__(
        self,
        communicator: Communicator,
        inner: Executor,
        settings: LocalSteps,
        momentum: OuterMomentum,
        rows: int,
        seed: int | None,
    ) -> None:
        super().__init__(communicator, inner, np.zeros(SUMS, inner.parameters.theta.dtype))
        self._inner, self._settings, self._momentum = inner, settings, momentum
        self.samples, self.batch_size = rows * communicator.size, inner.batch_size * communicator.size
        self.rows: Any = _Part(self, inner.rows, seed)
        self._steps = -(-rows // inner.batch_size)
        self._anchor = inner.parameters.theta.copy()
        self._results: dict[str, float] = {}

    def begin_epoch(self) -> None:
        """Forget the sums of the epoch before."""
        self._inner.begin_epoch()
        np.copyto(self._anchor, self.parameters.theta)  # callbacks may have changed it, on all ranks alike
        self._results = {}

    def reorder(self, order: Array) -> None:
        """Not in the order of a fit on one machine: each rank has its own."""

    def take_order(self, order: Array) -> None:
        """Read the rows that are here in this order from now on."""
        self._inner.reorder(order)

    def run(
        self,
        first: int,
        last: int,
        step: int,
        poll: Callable[[], bool] | None = None,
        rates: Sequence[float] | Array | None = None,
    ) -> int:
        """Make steps `first` to `last` - 1 of an epoch, as `Executor.run` says."""
        inner, made = self._inner, 0
        inner.clip_norm, inner.frozen = self.clip_norm, self.frozen
        while made < last - first:
            i, done = first + made, step + made
            count = min(last - i, self._settings.every - done % self._settings.every)
            inner.run(i, i + count, done, None, None if rates is None else rates[made : made + count])
            end = i + count == self._steps
            due = (done + count) % self._settings.every == 0 or end or not inner.finite
            if due and not self._average(done + count, end):
                break
            made += count
            if poll is not None and poll():
                break
        return made

    def _average(self, number: int, end: bool) -> bool:
        """Bring the ranks' weights together; False if a loss was not finite or a rank leaves."""
        shared, size = self.shared, self.communicator.size
        here = min(self._inner.batch_size * self._steps, len(self._inner.rows))
        results = self._inner.results(here) if end else {}
        shared[:] = 0
        shared[_LOSS], shared[_PENALTY] = results.get("loss", 0), results.get("penalty", 0)
        shared[_ACCURACY] = results.get("accuracy", 0)
        shared[BAD], shared[KEY] = not self._inner.finite, number % KEYS
        self._sum(shared)
        if shared[LEAVING]:
            self._others_left()
            return False
        if shared[KEY] != number % KEYS * size and not shared[BAD]:
            self._together = False
            raise RankError(f"distributed.fit: the ranks are not at the same step as rank {self.communicator.rank}")
        self.finite = not shared[BAD]
        if not self.finite:
            return False
        if end:
            for name, at in (("loss", _LOSS), ("accuracy", _ACCURACY), ("penalty", _PENALTY)):
                if name in results:
                    self._results[name] = float(shared[at]) / size
        self._move()
        if end:  # so that every rank, and a checkpoint, has the same
            for state in self.optimizer.state.values():
                self._sum(state)
                np.divide(state, size, out=state)
        return True

    def _move(self) -> None:
        theta, anchor, settings, held = self.parameters.theta, self._anchor, self._settings, self._momentum
        self._sum(theta)
        np.divide(theta, self.communicator.size, out=theta)
        if settings.momentum or settings.learning_rate != 1:
            if not len(held.velocity):
                held.velocity = np.zeros_like(theta)
            statistics = [(part, theta[part].copy()) for part in self._statistics()]
            moved, v = theta - anchor, held.velocity
            np.multiply(v, settings.momentum, out=v)
            np.add(v, moved, out=v)
            step = moved + settings.momentum * v if settings.nesterov else v
            np.add(anchor, theta.dtype.type(settings.learning_rate) * step, out=theta)
            for part, mean in statistics:
                theta[part] = mean
        np.copyto(anchor, theta)

    def _part(self) -> None:
        """End with the mean of the ranks' weights, where they stop between two averages."""
        theta = self.parameters.theta
        self._sum(theta)
        np.divide(theta, self.communicator.size, out=theta)

    def _statistics(self) -> list[slice]:
        """Where theta has running means, which no gradient moves."""
        slices = self.parameters.slices
        return [slices[s.index][name] for s in self.plan.stages for name in s.layer.statistics]

    def results(self, samples: int) -> dict[str, float]:
        """Loss, penalty and accuracy of all ranks over the epoch; before its end, those of this rank."""
        return self._results or self._inner.results(samples // self.communicator.size)

    def last_loss(self) -> float:
        """The mean data loss of this rank's newest step."""
        return self._inner.last_loss()

    def state(self, samples: int) -> dict[str, Array]:
        """Not within an epoch, where ranks have other weights: refused when the fit begins."""
        return {}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on at the beginning of an epoch."""

    def first_bad_layer(self, start: int, stop: int, step: int) -> str:
        """The first layer whose output on this rank's rows of that step is not finite."""
        size = self._inner.batch_size
        begin = start // self.batch_size * size
        return self._inner.first_bad_layer(begin, min(begin + size, len(self._inner.rows)), step)


def own_rows(rows: Rows, rank: int, size: int) -> Array:
    """Every size-th row: each rank has its share of data that lie in the order of their classes."""
    if len(rows) < size:
        raise DataError(f"distributed.fit: {len(rows)} rows are too few for {size} ranks")
    return np.arange(rank, len(rows), size)
