"""A training step in two halves, for several processes: gradients of some shards of a batch, then the update.

    gather   the data gradients of some shards, summed up by a binary tree       ─► vector
             (the vectors of all processes are summed up by the same tree)
    apply    penalties, clipping and the optimizer's step, by the sum

A batch is cut into shards, however many processes there are, and each shard's gradient is made by itself. So a tree over
the shards gives the same bits whoever makes which of them. The vector ends with a few sums, whose places are below.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from layerwise.data.sample_weights import without_uncounted
from layerwise.engine.native_engine import NativeEngine, set_data
from layerwise.engine.native_rule import RuleOf
from layerwise.engine.numpy_engine import NumpyEngine, draw, forward
from layerwise.engine.passes import all_finite
from layerwise.engine.threads import share
from layerwise.typing import Array

PLAIN, LOSS, RIGHT, BAD = range(4)  # of the sums: losses, by weight too; right answers; losses that are not finite
SUMS = 8  # those, and as many that others use


@dataclass
class Part:
    """Some shards of a step's batch.

    Attributes
    ----------
    places : array (shards, 3) of int64
        Of each: where it begins in the order of the epoch, its rows, and the place of its first row in the batch.
    step : int
        The number of the step over the whole training.
    rows : int
        Those of the whole batch.
    full : int
        How many of its shards have two rows or more, from which a batch norm can learn.
    """

    places: Array
    step: int
    rows: int
    full: int

    @property
    def scale(self) -> float:
        """What the gradient of a sum over rows is multiplied by."""
        return 1 / self.rows

    @property
    def statistics(self) -> float:
        """How much the statistics of a full shard count."""
        return 1 / self.full if self.full else 0.0


class Halves(Protocol):
    """Makes a step in two halves; between `begin` and `end`, and on the vector that `vector` gives."""

    def vector(self) -> tuple[Array, Array]:
        """A new vector, and the part of it that holds the sums."""

    def begin(self, order: Array | None, clip_norm: float | None, frozen: Set[int]) -> None:
        """Steps on the rows in this order begin."""

    def gather(self, part: Part, vector: Array) -> None:
        """Write the sum over these shards into the vector."""

    def apply(self, part: Part, vector: Array, rate: float) -> float:
        """Make the update by the sum over all shards; returns the penalties."""

    def end(self) -> None:
        """Bring theta and the optimizer's states up to date."""


class NativeHalves:
    """The two halves in C++.

    Parameters
    ----------
    engine : NativeEngine
        With the rows that are here.
    shard_size : int
        The most rows of a shard.
    """

    def __init__(self, engine: NativeEngine, shard_size: int) -> None:
        from layerwise.engine.native_plan import _native

        self._engine, self._native, self._core = engine, _native, engine.core
        theta, grad = engine.parameters.theta, engine.parameters.grad
        self._training = _native.Training(theta=theta, grad=grad, batch_size=shard_size, seed=engine.seed)
        self._session: tuple[Array | None, float | None, Set[int]] = (None, None, frozenset())
        self._penalty = 0.0

    def vector(self) -> tuple[Array, Array]:
        """A new vector, and the part of it that holds the sums."""
        length, dtype = self._core.shards_length, self._engine.parameters.theta.dtype
        room = np.zeros(length + 64 // dtype.itemsize, dtype)
        begin = -room.ctypes.data % 64 // dtype.itemsize
        vector = room[begin : begin + length]
        return vector, vector[self._core.shards_sums :][:SUMS]

    def begin(self, order: Array | None, clip_norm: float | None, frozen: Set[int]) -> None:
        """Steps on the rows in this order begin."""
        self._session = order, clip_norm, frozen
        if not self._engine.rows.made:
            self._begin(order)

    def _begin(self, order: Array | None) -> None:
        _, clip_norm, frozen = self._session
        optimizer = self._engine.optimizer
        optimizer.allocate(self._engine.parameters.theta)
        self._rule = RuleOf(optimizer)
        self._core.begin_shards(
            self._training,
            self._native.Optimizer(**self._rule.arguments(optimizer)),
            order=order,
            threads=self._engine.n_threads or share(),
            clip_norm=clip_norm,
            frozen=[int(layer) for layer in frozen],
        )

    def gather(self, part: Part, vector: Array) -> None:
        """Write the sum over these shards into the vector."""
        places = part.places
        if self._engine.rows.made:
            places = self._make_rows(places)
        self._core.shards(
            places, step=part.step, scale=part.scale, statistics=part.statistics, gradient=vector
        )

    def _make_rows(self, places: Array) -> Array:
        """Make the rows of these shards, one after the other; where they then are."""
        engine, order = self._engine, self._session[0]
        positions = np.concatenate([np.arange(start, start + n) for start, n, _ in places.tolist()] or [np.arange(0)])
        rows = positions if order is None else order[positions]
        if not len(rows):  # there must be some; nobody reads them
            rows = np.zeros(1, np.int64)
        set_data(
            self._core, engine.rows.raw(rows, engine.n_threads or share()), engine.rows.scaler,
            engine.targets.part(rows), engine.plan.n_out,
        )  # fmt: skip
        self._begin(None)
        found = places.copy()
        found[:, 0] = np.cumsum(places[:, 1]) - places[:, 1]
        return found

    def apply(self, part: Part, vector: Array, rate: float) -> float:
        """Make the update by the sum over all shards; returns the penalties."""
        penalty: float = self._core.update(
            step=part.step, scale=part.scale, statistics=part.statistics, gradient=vector, rate=rate
        )
        self._engine.optimizer.iterations += 1
        if self._engine.rows.made:
            self._core.end_shards()
        return penalty

    def end(self) -> None:
        """Bring theta and the optimizer's states up to date."""
        self._core.end_shards()


class NumpyHalves:
    """The two halves in NumPy.

    Parameters
    ----------
    engine : NumpyEngine
        With the rows that are here.
    """

    def __init__(self, engine: NumpyEngine) -> None:
        self._engine, self._partial = engine, list[Array]()
        self._statistics = [
            (stage.index, name)
            for stage in engine.plan.stages
            for name in stage.layer.statistics
        ]

    def vector(self) -> tuple[Array, Array]:
        """A new vector, and the part of it that holds the sums."""
        theta = self._engine.parameters.theta
        vector = np.zeros(len(theta) + SUMS, theta.dtype)
        return vector, vector[len(theta) :]

    def begin(self, order: Array | None, clip_norm: float | None, frozen: Set[int]) -> None:
        """Steps on the rows in this order begin."""
        engine = self._engine
        engine.clip_norm, engine.frozen = clip_norm, frozen
        if order is not None:
            engine.reorder(order)

    def gather(self, part: Part, vector: Array) -> None:
        """Write the sum over these shards into the vector."""
        waiting: list[Array] = []  # sums that wait for the other half of their pair
        for i, place in enumerate(part.places.tolist()):
            depth = len(waiting)
            if depth > len(self._partial):
                self._partial.append(np.empty_like(vector))
            waiting.append(self._partial[depth - 1] if depth else vector)
            with np.errstate(all="ignore"):
                self._gather(part, *place, waiting[-1])
            done = i + 1
            while done % 2 == 0 and len(waiting) > 1:
                right = waiting.pop()
                np.add(waiting[-1], right, out=waiting[-1])
                done //= 2

    def _gather(self, part: Part, start: int, rows: int, place: int, out: Array) -> None:
        out.fill(0)
        if not rows:
            return
        engine, parameters = self._engine, self._engine.parameters
        batch, stop = engine.workspace.batch(rows), start + rows
        x, weights = engine.gather(batch, start, stop)
        if batch.masks:
            draw(batch, engine.philox, part.step, place)
        y = forward(batch, x)
        losses, sums = batch.losses, out[len(parameters.theta) :]
        batch.write_losses()
        if not (all_finite(losses) or without_uncounted(losses, y, weights)):
            sums[BAD] = 1
            return
        sums[PLAIN] = losses.sum(dtype=np.float64)
        sums[LOSS] = sums[PLAIN] if weights is None else losses.astype(np.float64).dot(weights.astype(np.float64))
        if engine.epoch.counts:
            engine.epoch.note(start, stop, batch)
            sums[RIGHT] = engine.epoch.right(start, stop)
        batch.write_gradient()
        if weights is not None:
            np.multiply(batch.dy, weights[:, None], out=batch.dy)
            batch.dy[weights == 0] = 0  # where it was infinite, too
        np.multiply(batch.dy, part.scale, out=batch.dy)
        batch.run_backward(x)
        for stage, p in batch.adapting:
            g = parameters.g[stage.index]
            if rows > 1:
                np.multiply(p.batch_mean, part.statistics, out=g.mean)
                np.multiply(p.batch_var, part.statistics * rows / (rows - 1), out=g.var)
        np.copyto(out[: len(parameters.grad)], parameters.grad)

    def apply(self, part: Part, vector: Array, rate: float) -> float:
        """Make the update by the sum over all shards; returns the penalties."""
        engine = self._engine
        theta, grad = engine.parameters.theta, engine.parameters.grad
        np.copyto(grad, vector[: len(grad)])
        learned = {where: getattr(engine.parameters.g[where[0]], where[1]).copy() for where in self._statistics}
        for index, name in self._statistics:
            getattr(engine.parameters.g[index], name).fill(0)
        with np.errstate(all="ignore"):
            penalty = engine.penalties.add(part.scale) if engine.plan.penalties else 0.0
            engine.optimizer.learning_rate = rate
            engine.learn()
            for (index, name), value in learned.items():
                if index in engine.frozen or not part.full:
                    continue
                momentum, running = engine.plan.stages[index].layer.momentum, getattr(engine.parameters.p[index], name)
                np.multiply(running, momentum, out=running)
                np.add(running, np.multiply(value, 1 - momentum), out=running)
        return penalty

    def end(self) -> None:
        """Theta and the optimizer's states are up to date."""
